"""What a URDB rate takes besides energy: demand, fixed and minimum charges."""

from collections.abc import Sequence
from typing import Literal, cast

import numpy as np

from sims.signals.tariffs.tariff import DemandPeriod, DemandTier, FixedCharge, MinimumCharge, Ratchet
from sims.signals.urdb.file import Rate, shown
from sims.signals.urdb.ratchet import read_ratchet
from sims.signals.urdb.rates import DEMAND, Tier, read_structure
from sims.signals.urdb.schedule import Bools, read_periods, read_schedules, times_of

Per = Literal["day", "month", "year"]

UNITS = ("$/month", "$/day", "$/year")
WINDOWS_MINUTES = (15, 30, 60)
LARGEST = 100_000.0


def read_demand(rate: Rate) -> tuple[DemandPeriod, ...]:
    """Any-time demand by month, and demand by time of use: one peak a month and period."""
    ratchet = read_ratchet(rate)
    found = [*_read_flat(rate, ratchet), *_read_time_of_use(rate, ratchet)]
    if ratchet is not None and not found:
        rate.fault("D60", "lookbackpercent", "a ratchet, but no demand charge it could raise")
    return tuple(found)


def read_window(rate: Rate, *, has_demand: bool) -> Literal[15, 30, 60]:
    """Averaging window of demand [min]."""
    if "demandwindow" not in rate.keys:
        if has_demand:
            rate.derived.append("demand_window_minutes = 15: the rate states no window")
        return 15
    value = rate.keys["demandwindow"]
    if isinstance(value, bool) or value not in WINDOWS_MINUTES:
        rate.fault("D38", "demandwindow", f"{shown(value)}: allowed: 15, 30, 60 minutes")
        return 15
    return cast("Literal[15, 30, 60]", int(value))


def read_fixed(rate: Rate) -> tuple[FixedCharge, ...]:
    """The customer charge: one, though the database has had two names for it."""
    charge = _amount_with_unit(rate, "fixedchargefirstmeter", "fixedchargeunits", -LARGEST)
    monthly = rate.amount("fixedmonthlycharge", -LARGEST, LARGEST, "$/month")
    if charge is not None and monthly is not None and charge != (monthly, "month"):
        what = f"{monthly:g} $/month: fixedchargefirstmeter says {charge[0]:g} $/{charge[1]}; take one out"
        rate.fault("D38", "fixedmonthlycharge", what)
    if charge is None and monthly is not None:
        charge = (monthly, "month")
    if charge is None or charge[0] == 0.0:
        return ()
    return (FixedCharge(name="fixed charge", amount=charge[0], per=charge[1]),)


def read_minimum(rate: Rate) -> tuple[MinimumCharge, ...]:
    """Least bills of a month and of a year; each is stated once."""
    stated: dict[Per, tuple[str, float]] = {}
    found = [("mincharge", _amount_with_unit(rate, "mincharge", "minchargeunits", 0.0))]
    pers: tuple[tuple[str, Per], ...] = (("minmonthlycharge", "month"), ("annualmincharge", "year"))
    for key, per in pers:
        amount = rate.amount(key, 0.0, LARGEST, f"$/{per}")
        found.append((key, None if amount is None else (amount, per)))
    for key, charge in found:
        if charge is None or charge[0] == 0.0:
            continue
        amount, per = charge
        if per in stated and stated[per][1] != amount:
            what = f"{amount:g} $/{per}: {stated[per][0]} says {stated[per][1]:g}; take one out"
            rate.fault("D38", key, what)
        stated.setdefault(per, (key, amount))
    return tuple(MinimumCharge(amount=amount, per=per) for per, (_, amount) in stated.items())


def _amount_with_unit(rate: Rate, key: str, unit_key: str, lowest: float) -> tuple[float, Per] | None:
    """An amount and what it is paid for, or None without it or after a fault."""
    amount = rate.amount(key, lowest, LARGEST, "$")
    unit = rate.choice(unit_key, UNITS)
    if amount is None:
        return None
    if unit_key not in rate.keys:
        if amount != 0.0:
            rate.fault("D07", unit_key, f"missing; {key} = {amount:g} needs one of {', '.join(UNITS)}")
        return None
    return None if unit is None else (amount, cast("Per", unit.removeprefix("$/")))


def _read_flat(rate: Rate, ratchet: Ratchet | None) -> list[DemandPeriod]:
    """Monthly charges on the highest power at any time."""
    key, months_key = "flatdemandstructure", "flatdemandmonths"
    if key not in rate.keys:
        return []
    _check_unit(rate, "flatdemandunit")
    periods = read_structure(rate, key, DEMAND)
    months = rate.keys.get(months_key)
    if months is None and len(periods) == 1:
        months = [0] * 12
        rate.derived.append("the only period of flatdemandstructure holds in every month: none are stated")
    if not isinstance(months, list) or len(months) != 12:
        rate.fault("D58", months_key, f"{shown(months)}: 12 months are needed")
        return []
    held = read_periods(rate, months_key, months, len(periods)) if periods else None
    if held is None:
        return []
    all_hours = np.ones((1, 2, 24), dtype=np.bool_)
    chosen = [(held == number)[:, None, None] & all_hours for number in range(len(periods))]
    # one name for all seasons: a ratchet looks back at the highest power of any month
    return _periods(rate, key, ["flat demand"] * len(periods), periods, chosen, ratchet)


def _read_time_of_use(rate: Rate, ratchet: Ratchet | None) -> list[DemandPeriod]:
    """Monthly charges on the highest power within the hours of a period."""
    key = "demandratestructure"
    if key not in rate.keys:
        return []
    _check_unit(rate, "demandrateunit")
    periods = read_structure(rate, key, DEMAND)
    held = read_schedules(rate, "demand", len(periods)) if periods else None
    if held is None:
        return []
    chosen = [held == number for number in range(len(periods))]
    names = [f"TOU demand period {number + 1}" for number in range(len(periods))]
    if ratchet is not None:
        rate.derived.append("the ratchet of TOU demand looks back at its own period: the rate does not say")
    return _periods(rate, key, names, periods, chosen, ratchet)


def _periods(
    rate: Rate,
    key: str,
    names: Sequence[str],
    periods: Sequence[tuple[Tier, ...]],
    chosen: Sequence[Bools],
    ratchet: Ratchet | None,
) -> list[DemandPeriod]:
    """Our periods of one structure, those of a name and price are one charge; what costs nothing has none."""
    found: list[DemandPeriod] = []
    for number, (tiers, holds) in enumerate(zip(periods, chosen, strict=True)):
        if not holds.any():
            rate.notes.append(f"{key}[{number}] is in no schedule: it is never charged")
        elif any(tier.price for tier in tiers):
            same = {"name": names[number], **_price(tiers), "ratchet": ratchet}
            found += [DemandPeriod.model_validate(same | times) for times in times_of(holds)]
    return found


def _price(tiers: Sequence[Tier]) -> dict[str, object]:
    if len(tiers) == 1:
        return {"price_per_kw": tiers[0].price}
    return {"tiers": tuple(DemandTier(price_per_kw=tier.price, up_to_kw=tier.up_to) for tier in tiers)}


def _check_unit(rate: Rate, key: str) -> None:
    if key in rate.keys and rate.text(key).lower() != "kw":
        what = f"{shown(rate.keys[key])}: only demand in kW, once a month, is billed; allowed: kW"
        rate.fault("D38", key, what)
