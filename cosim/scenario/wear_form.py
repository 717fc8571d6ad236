"""`[sites.fleet.degradation]`: how the wear of the batteries is reckoned, and what it costs."""

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from cosim.scenario.positions import Finding, Loc
from cosim.scenario.section import Section
from sims.fleet.degradation import cycling_price_per_kwh

# keys that only one of the models knows
OWN_KEYS = {
    "schmalstieg": ("battery_age_days", "full_cycles_before", "battery_price_per_kwh"),
    "throughput": ("throughput_price_per_kwh",),
}


class Degradation(Section):
    """Battery wear of every stay: equivalent full cycles, capacity lost, and a price for policies."""

    model: Literal["schmalstieg", "throughput"] = Field(
        description="`schmalstieg`: calendar and cyclic loss of capacity; `throughput`: a price per kWh only",
        examples=["schmalstieg"],
    )
    battery_age_days: float = Field(
        default=730, ge=0, le=20_000, description="age of every battery when the run starts [d]"
    )
    full_cycles_before: float = Field(
        default=70,
        ge=0,
        le=20_000,
        description="equivalent full cycles of every battery when the run starts; the default is two years "
        "of 15,000 km at 0.186 kWh/km from 80 kWh [-]",
    )
    battery_price_per_kwh: float | None = Field(
        default=None, ge=0, le=10_000, description="what a kWh of lost capacity is worth [currency/kWh]"
    )
    throughput_price_per_kwh: float | None = Field(
        default=None,
        ge=0,
        le=100,
        description="wear per kWh that goes into or comes out of a battery [currency/kWh]",
        examples=[0.05],
    )

    @property
    def wear_price_per_kwh(self) -> float:
        """Wear per kWh of throughput that policies are told, 0 without a price [currency/kWh]."""
        if self.model == "throughput":
            return self.throughput_price_per_kwh or 0.0
        return cycling_price_per_kwh(self.battery_price_per_kwh or 0.0, self.full_cycles_before)


def check_degradation(section: Degradation | None, loc: Loc) -> Iterator[Finding]:
    """Keys that belong to the other model, and the price the throughput model is made of."""
    if section is None:
        return
    if section.model == "throughput" and section.throughput_price_per_kwh is None:
        what = 'model = "throughput" is nothing but a price; for example `throughput_price_per_kwh = 0.05`'
        yield Finding("S07", (*loc, "throughput_price_per_kwh"), what, uses=((*loc, "model"),))
    for model, names in OWN_KEYS.items():
        for name in names if model != section.model else ():
            if section.differs(name):
                what = f'belongs to model = "{model}"; this model is "{section.model}"'
                yield Finding("S38", (*loc, name), what, getattr(section, name), uses=((*loc, "model"),))
