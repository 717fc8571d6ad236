"""`[sites.forecasts]`: what the policy of a site is told of the hours to come, and how that is made."""

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from cosim.scenario.positions import Finding, Loc
from cosim.scenario.section import Section
from sims.forecast import ORACLES, QUANTITIES

NOISE_KEYS = ("noise_percent", "noise_most_percent")
Guess = Literal["persistence", "historical_mean", "perfect", "noisy"]


class Forecasts(Section):
    """Forecasts for the policy; a policy that looks at none gets none."""

    horizon_hours: int = Field(default=24, ge=1, le=168, description="how far each forecast reaches [h]")
    load: Guess = Field(
        default="persistence",
        description="building load less PV: as on the last day of the same kind (working day or weekend), as "
        "the mean of all of them, the truth (an oracle), or the truth with errors (made from it: an oracle)",
    )
    price: Literal["published", "persistence", "historical_mean", "perfect", "noisy"] = Field(
        default="published",
        description="energy price; `published`: a tariff's always, a market's from 13:00 of the day before",
    )
    co2: Guess = Field(default="persistence", description="intensity of the grid")
    arrivals: Literal["historical_mean", "persistence", "perfect"] = Field(
        default="historical_mean", description="cars that come within each step, with or without a free port"
    )
    history_days: int = Field(
        default=0,
        ge=0,
        le=366,
        description="days before the run that the forecast of the load looks back on; its file has them [d]",
    )
    noise_percent: float = Field(
        default=5.0,
        gt=0,
        le=100,
        description="standard deviation of `noisy` one hour ahead, of the mean size of the series [%]",
    )
    noise_most_percent: float = Field(
        default=15.0, gt=0, le=200, description="what it grows to with lead time [%]"
    )

    def model_of(self, quantity: str) -> str:
        """How the forecast of a quantity is made."""
        return str(getattr(self, quantity))

    def oracles(self, quantities: tuple[str, ...]) -> tuple[str, ...]:
        """Those of the quantities whose forecast is made from the future."""
        return tuple(name for name in quantities if self.model_of(name) in ORACLES)


def check_forecasts(section: Forecasts | None, loc: Loc) -> Iterator[Finding]:
    """Noise that shrinks with lead time, and noise that nobody asked for."""
    if section is None:
        return
    least, most = section.noise_percent, section.noise_most_percent
    if most <= least:
        what = f"must be above noise_percent = {least:g} %, which it grows from"
        yield Finding("S22", (*loc, "noise_most_percent"), what, most, uses=((*loc, "noise_percent"),))
    if not any(section.model_of(quantity) == "noisy" for quantity in QUANTITIES):
        for key in NOISE_KEYS:
            if section.differs(key):
                what = 'no forecast is "noisy"; for example `load = "noisy"`, or leave it out'
                uses = tuple((*loc, quantity) for quantity in QUANTITIES)
                yield Finding("S38", (*loc, key), what, getattr(section, key), uses=uses)
