"""Market prices and CO2 intensities of a site in every step: from a file, a mean day or drawn days."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from cosim.scenario.positions import Finding, Loc
from cosim.scenario.prices_form import Emissions, EmissionsSeries, PriceGenerator, Prices
from cosim.scenario.schema import Scenario
from sims.cells import display
from sims.clock import Clock
from sims.faults import DataError, Fault, ScenarioError
from sims.seeds import component_rng
from sims.signals.market.day_profiles import load_profile, on_steps
from sims.signals.market.ember import is_ember, read_ember
from sims.signals.market.italian_prices import italian_gaussian, italian_level_shape
from sims.signals.market.price_scenarios import DayModel, LevelShape, draw_days
from sims.signals.tariffs.tariff import Tariff
from sims.tables import Series, on_clock, read_series

Floats = npt.NDArray[np.float64]


def check_market(scenario: Scenario, tariff: Tariff, prices: Prices | None, loc: Loc) -> None:
    """Refuse a tariff that buys at the market without prices, and prices nobody buys at.

    Raises
    ------
    ScenarioError
        The one without the other; `loc` is the place of the site.
    """
    if tariff.real_time is not None and prices is None:
        what = f'the tariff "{tariff.name}" buys at the market: add [sites.prices], '
        what += 'for example `profile = "italy_2023"`'
        finding = Finding("S07", (*loc, "prices"), what, uses=((*loc, "tariff"),))
    elif tariff.real_time is None and prices is not None:
        what = (
            f'the tariff "{tariff.name}" does not buy at the market (it has no `real_time`): leave them out'
        )
        finding = Finding("S38", (*loc, "prices"), what, uses=((*loc, "tariff"),))
    else:
        return
    raise ScenarioError([finding.fault(scenario.places)])


def read_prices(scenario: Scenario, prices: Prices | None, clock: Clock) -> Floats | None:
    """Market price of every step, shape (n_steps,) [currency/kWh]; None where the site names none.

    Raises
    ------
    DataError
        The file is wrong.
    """
    if prices is None:
        return None
    if prices.file is not None:
        return on_clock(_price_file(scenario.folder / prices.file, prices, clock), "price_per_kwh", clock)
    if prices.generator is not None:
        days = _drawn_prices(scenario, prices.generator, clock)
    else:
        days = _every_day(load_profile(str(prices.profile), "price").per_kwh, clock)
    return on_steps(days, clock, prices.resample)


def read_average(scenario: Scenario, emissions: Emissions | None, clock: Clock) -> Floats:
    """Average intensity of every step, shape (n_steps,), zeros where none is given [g/kWh].

    Raises
    ------
    DataError
        The file is wrong.
    """
    series = None if emissions is None else emissions.average
    return np.zeros(clock.n_steps) if series is None else _intensity(scenario, series, "average", clock)


def read_marginal(scenario: Scenario, emissions: Emissions | None, clock: Clock) -> Floats | None:
    """Marginal intensity of every step, shape (n_steps,), None where none is given [g/kWh].

    Raises
    ------
    DataError
        The file is wrong.
    """
    series = None if emissions is None else emissions.marginal
    return None if series is None else _intensity(scenario, series, "marginal", clock)


def _price_file(path: Path, prices: Prices, clock: Clock) -> Series:
    if prices.layout == "ember":
        return read_ember(path, prices.country, clock.zone)
    try:
        return read_series(path, ("price_per_kwh",), clock.zone)
    except DataError as error:
        if not is_ember(path):
            raise
        what = 'the header is not `time,price_per_kwh`; it looks like Ember\'s: write layout = "ember"'
        raise DataError([Fault("D06", f"{display(path)}:1", what)]) from error


def _drawn_prices(scenario: Scenario, generator: PriceGenerator, clock: Clock) -> Floats:
    """Days of the market, shape (n_days, 24): all sites of a run that trade on it see the same."""
    gaussian = generator.method == "gaussian"
    model: DayModel = italian_gaussian() if gaussian else italian_level_shape(generator.year)
    rng = component_rng(scenario.seed, f"prices {generator.year} {generator.method}")
    return draw_days(model, _n_days(clock), rng, floor=generator.floor_per_kwh)


def _intensity(scenario: Scenario, series: EmissionsSeries, role: str, clock: Clock) -> Floats:
    if series.file is not None:
        table = read_series(scenario.folder / series.file, ("co2_g_per_kwh",), clock.zone)
        return on_clock(table, "co2_g_per_kwh", clock)
    if series.generator is not None:
        drawn = series.generator
        hours = load_profile(drawn.profile, "co2").per_kwh
        rng = component_rng(scenario.seed, f"co2 {role} {drawn.profile}")
        days = draw_days(LevelShape.around(hours, drawn.level_sd, drawn.level_lag1), _n_days(clock), rng)
    else:
        days = _every_day(load_profile(str(series.profile), "co2").per_kwh, clock)
    return on_steps(days, clock, series.resample)


def _every_day(hours: Floats, clock: Clock) -> Floats:
    return np.tile(hours, (_n_days(clock), 1))


def _n_days(clock: Clock) -> int:
    return int(clock.calendar().day[-1]) + 1
