"""`[sites.prices]` and `[sites.emissions]`: what energy costs on the market, and what it emits."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from cosim.scenario.positions import Finding, Loc
from cosim.scenario.section import Section
from sims.faults import nearest
from sims.signals.market.day_profiles import Quantity, Resample, list_profiles
from sims.signals.market.italian_prices import GAUSSIAN_YEAR

if TYPE_CHECKING:
    from cosim.scenario.schema import Site

SOURCES = ("file", "profile", "generator")
# a tonne costs tens of currency units, a kilogram some hundredths: below this it is no price of a tonne
LEAST_PER_T = 1.0
MARKET_CURRENCY = "EUR"


class PriceGenerator(Section):
    """Seeded days of Italian day-ahead prices, the same for all sites that ask for the same."""

    year: Literal[2022, 2023, 2024] = Field(
        description="year whose statistics the days have", examples=[2023]
    )
    method: Literal["level_shape", "gaussian"] = Field(
        default="level_shape",
        description="`level_shape`: a lognormal level that remembers the day before, times a shape; "
        "`gaussian`: each day from the 24 x 24 covariance of 2023",
    )
    floor_per_kwh: float | None = Field(
        default=None, ge=-10, le=10, description="no price below this; default: none [currency/kWh]"
    )


class Prices(Section):
    """Market price of energy, from one source; for a tariff with `real_time`."""

    file: str | None = Field(
        default=None, description="CSV of prices, in `layout` [currency/kWh]", examples=["data/prices.csv"]
    )
    layout: Literal["gridpark", "ember"] = Field(
        default="gridpark",
        description="of the file; `gridpark`: `time, price_per_kwh`; `ember`: hourly EUR/MWh as Ember has it",
    )
    country: str | None = Field(
        default=None, min_length=1, description="which country of an Ember file; default: its only one"
    )
    profile: str | None = Field(
        default=None,
        description="a shipped mean day, every day the same (`cosim list profiles`)",
        examples=["italy_2023"],
    )
    generator: PriceGenerator | None = None
    resample: Resample = Field(
        default="step", description="hours of a profile or generator to steps: held, or joined by lines"
    )


class EmissionsGenerator(Section):
    """Seeded days of one shape at a level that varies, the same for all sites that ask for the same."""

    profile: str = Field(description="a shipped mean day of CO2", examples=["co2_synthetic"])
    level_sd: float = Field(
        ge=0, le=1, description="standard deviation of the logarithm of a day's level [-]", examples=[0.15]
    )
    level_lag1: float = Field(
        default=0.0, ge=-0.999, le=0.999, description="its correlation with that of the day before [-]"
    )


class EmissionsSeries(Section):
    """A CO2 intensity of the grid, from one source."""

    file: str | None = Field(
        default=None, description="CSV `time, co2_g_per_kwh` [g/kWh]", examples=["data/co2.csv"]
    )
    profile: str | None = Field(
        default=None,
        description="a shipped mean day, every day the same (`cosim list profiles`)",
        examples=["co2_synthetic"],
    )
    generator: EmissionsGenerator | None = None
    resample: Resample = Field(
        default="step", description="hours of a profile or generator to steps: held, or joined by lines"
    )


class Emissions(Section):
    """CO2 of the grid: what a kWh is charged with, what one more kWh causes, and what a tonne is worth."""

    average: EmissionsSeries | None = Field(
        default=None, description="intensity every kWh is charged with: accounts, and what policies see"
    )
    marginal: EmissionsSeries | None = Field(
        default=None, description="intensity of the plants that one more kWh calls on"
    )
    cost_per_t: float | None = Field(
        default=None,
        ge=0,
        le=5000,
        description="what a tonne of CO2 costs society; never on the bill [currency/t]",
        examples=[64.0],
    )


def check_prices(site: "Site", here: Loc) -> Iterator[Finding]:
    """What the keys of `[sites.prices]` and `[sites.emissions]` say against each other."""
    if site.prices is not None:
        yield from _check_market(site.prices, site.currency, (*here, "prices"))
    emissions, loc = site.emissions, (*here, "emissions")
    if emissions is None:
        return
    for role in ("average", "marginal"):
        series = getattr(emissions, role)
        if series is not None:
            yield from _check_source(series, "co2", (*loc, role))
            if series.generator is not None:
                named = (*loc, role, "generator", "profile")
                yield from _check_profile(series.generator.profile, "co2", named)
    if emissions.average is None and emissions.marginal is None:
        what = 'needs a series; for example `average.profile = "co2_synthetic"` or `average.file = "co2.csv"`'
        yield Finding("S07", loc, what)
    cost = emissions.cost_per_t
    if cost is not None and emissions.average is None:
        what = "prices the emissions of `average`, and there is none"
        yield Finding("S07", (*loc, "average"), what, uses=((*loc, "cost_per_t"),))
    if cost is not None and 0.0 < cost < LEAST_PER_T:
        meant = cost * (1e3 if cost >= 1e-3 else 1e6)
        what = f"money per tonne; did you mean {meant:g} (per t, not per {'kg' if cost >= 1e-3 else 'g'})?"
        yield Finding("S19", (*loc, "cost_per_t"), what, cost)


def _check_market(prices: Prices, currency: str, loc: Loc) -> Iterator[Finding]:
    yield from _check_source(prices, "price", loc)
    ember = prices.layout == "ember"
    if ember and prices.file is None:
        yield Finding("S38", (*loc, "layout"), "is that of a `file`, and there is none", prices.layout)
    if prices.country is not None and not ember:
        what = 'chooses among the countries of a file with layout = "ember"'
        yield Finding("S38", (*loc, "country"), what, prices.country, uses=((*loc, "layout"),))
    generator = prices.generator
    if generator is not None and generator.method == "gaussian" and generator.year != GAUSSIAN_YEAR:
        what = f'the covariance is that of {GAUSSIAN_YEAR}; use method = "level_shape" for other years'
        where = (*loc, "generator", "year")
        yield Finding("S38", where, what, generator.year, uses=((*loc, "generator", "method"),))
    in_euros = ember or prices.file is None
    if in_euros and currency != MARKET_CURRENCY:
        what = f'these prices are in {MARKET_CURRENCY}, the site pays in {currency}; write currency = "EUR"'
        yield Finding("S38", loc, what, uses=((*loc[:-1], "currency"),))


def _check_source(series: Prices | EmissionsSeries, quantity: Quantity, loc: Loc) -> Iterator[Finding]:
    """Exactly one source, a profile that is known, and `resample` only where there are hours."""
    given = [name for name in SOURCES if getattr(series, name) is not None]
    uses = tuple((*loc, name) for name in given)
    if not given:
        example = f'profile = "{list_profiles(quantity)[0]}"'
        yield Finding("S07", loc, f"needs one of file, profile or generator; for example `{example}`")
    elif len(given) > 1:
        yield Finding("S38", loc, f"{' and '.join(given)} contradict each other: keep one source", uses=uses)
    if series.profile is not None:
        yield from _check_profile(series.profile, quantity, (*loc, "profile"))
    if given == ["file"] and series.resample != "step":
        what = "is for hours of a profile or generator; a file is laid on the steps as it is"
        yield Finding("S38", (*loc, "resample"), what, series.resample, uses=uses)


def _check_profile(name: str, quantity: Quantity, loc: Loc) -> Iterator[Finding]:
    known = list_profiles(quantity)
    if name not in known:
        yield Finding("S26", loc, f"no such profile; {nearest(name, known)}", name)
