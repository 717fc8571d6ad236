"""What energy costs in a URDB rate: a price for each period and fuel adjustment, and how tiers count.

A tier ends at the month's kWh, whatever the period: so SAM counts (NREL/SAM issue 1783; since 2024 it
refuses periods of one month whose ends differ) and so does REopt.jl, which takes the ends of the period with
the most tiers. Our form counts the kWh of the periods of one name and gives each its share of every tier.
Periods that share a month and have the same tiers therefore get one name; where the tiers differ, each
counts alone. Either is said in `derived`.
"""

from typing import Any

import numpy as np

from sims.signals.tariffs.tariff import EnergyPeriod, EnergyTier
from sims.signals.urdb.file import Rate, shown
from sims.signals.urdb.rates import ENERGY, PRICE_DECIMALS, Tier, read_structure
from sims.signals.urdb.schedule import Ints, read_schedules, times_of

Tiers = tuple[Tier, ...]
# nobody pays more at every hour; in cents even the cheapest rates stand above it
LARGEST_CHEAPEST_PER_KWH = 1.0


def read_energy(rate: Rate) -> tuple[EnergyPeriod, ...]:
    """Periods of energy; none where the rate has faults."""
    key = "energyratestructure"
    if key not in rate.keys:
        rate.fault("D07", key, "missing; every hour needs an energy price")
        return ()
    periods = read_structure(rate, key, ENERGY)
    held = read_schedules(rate, "energy", len(periods)) if periods else None
    fuel = _read_fuel(rate)
    _check_sums(rate, periods, fuel)
    if held is None or rate.faults:
        return ()
    _tell_of_export(rate, periods)
    names = _names(rate, periods, held)
    found: list[EnergyPeriod] = []
    for number, tiers in enumerate(periods):
        if not (held == number).any():
            rate.notes.append(f"{key}[{number}] is in no schedule: it is never charged")
        for adjustment in dict.fromkeys(fuel):
            in_month = np.array([value == adjustment for value in fuel])[:, None, None]
            price = _price(tiers, adjustment)
            found += [
                EnergyPeriod.model_validate({"name": names[number], **price, **times})
                for times in times_of((held == number) & in_month)
            ]
    _check_not_cents(rate, key, found)
    return tuple(found)


def _read_fuel(rate: Rate) -> list[float]:
    """Fuel adjustment of each month [$/kWh]; zeros where the rate states none."""
    key = "fueladjustmentsmonthly"
    values = rate.keys.get(key, [0.0] * 12)
    if not isinstance(values, list) or len(values) != 12:
        rate.fault("D58", key, f"{shown(values)}: 12 months are needed")
        return [0.0] * 12
    read = [rate.number(f"{key}[{month}]", value, -1.0, 1.0, "$/kWh") for month, value in enumerate(values)]
    fuel = [0.0 if value is None else value for value in read]
    if any(fuel):
        rate.derived.append("prices contain the month's fuel adjustment (fueladjustmentsmonthly)")
    return fuel


def _check_sums(rate: Rate, periods: list[Tiers], fuel: list[float]) -> None:
    """Refuse adjustments that lead beyond the range of a price."""
    prices = [tier.price for tiers in periods for tier in tiers]
    for month, value in enumerate(fuel if prices else []):
        price = max(prices) if value > 0.0 else min(prices)
        if not ENERGY.lowest <= price + value <= ENERGY.highest:
            allowed = f"allowed: {ENERGY.lowest:g} to {ENERGY.highest:g} $/kWh"
            rate.fault(
                "D57", f"fueladjustmentsmonthly[{month}]", f"{value:g}: on top of {price:g}; {allowed}"
            )


def _check_not_cents(rate: Rate, key: str, found: list[EnergyPeriod]) -> None:
    """Refuse prices of which each would be the dearest of the country."""
    cheapest = min(period.first_price_per_kwh for period in found)
    if cheapest > LARGEST_CHEAPEST_PER_KWH:
        rate.fault("D57", key, f"even the cheapest hour costs {cheapest:g} $/kWh: in cents? divide by 100")


def _tell_of_export(rate: Rate, periods: list[Tiers]) -> None:
    if "dgrules" not in rate.keys and any(tier.sell for tiers in periods for tier in tiers):
        rate.derived.append("what is fed back earns `sell` step by step: the rate states no rule (dgrules)")


def _price(tiers: Tiers, fuel: float) -> dict[str, Any]:
    """Fields of an `EnergyPeriod` but for its times."""
    prices = [round(tier.price + fuel, PRICE_DECIMALS) for tier in tiers]
    sell = {"export_price_per_kwh": tiers[0].sell}
    if len(tiers) == 1:
        return sell | {"price_per_kwh": prices[0]}
    steps = zip(prices, tiers, strict=True)
    return sell | {
        "tiers": tuple(EnergyTier(price_per_kwh=price, up_to_kwh=tier.up_to) for price, tier in steps),
        "tiers_per": "day" if tiers[0].unit == "kWh daily" else "month",
    }


def _names(rate: Rate, periods: list[Tiers], held: Ints) -> list[str]:
    """Name of each period; those whose tiers count together share one."""
    names = [f"period {number + 1}" for number in range(len(periods))]
    for together in _sharing(periods, held):
        listed = ", ".join(str(number + 1) for number in together)
        if len({_ends(periods[number]) for number in together}) > 1:
            what = "share months, but not the ends of their tiers (SAM refuses this, REopt takes one's ends)"
            rate.derived.append(f"energy periods {listed} {what}: each counts its own kWh of the month")
            continue
        rate.derived.append(f"tiers count the month's kWh of energy periods {listed} together (SAM, REopt)")
        for number in together:
            names[number] = f"periods {listed}"
    return names


def _sharing(periods: list[Tiers], held: Ints) -> list[list[int]]:
    """Groups of periods that hold in the same months, where any of them has tiers."""
    groups: list[set[int]] = []
    for hours in held:
        here = {int(number) for number in np.unique(hours)}
        if len(here) > 1 and any(len(periods[number]) > 1 for number in here):
            touched = [group for group in groups if group & here]
            groups = [group for group in groups if not group & here] + [here.union(*touched)]
    return [sorted(group) for group in groups]


def _ends(tiers: Tiers) -> tuple[tuple[float | None, str], ...]:
    """Where tiers end; the unit counts where there is an end."""
    return tuple((tier.up_to, "" if tier.up_to is None else tier.unit) for tier in tiers)
