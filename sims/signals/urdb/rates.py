"""URDB's structures of periods and tiers: price = rate + adj, and where a tier ends."""

from typing import NamedTuple

from sims.faults import nearest
from sims.signals.urdb.file import Rate, shown

# exports write "no upper end" as null, 1e38 or a power of two; more than this no site takes in a month
ENDLESS = 1e8
LARGEST_END = 1e99
LEAST_POWER_OF_TWO = 2**15
PRICE_DECIMALS = 10  # rate + adj without the last bits of binary fractions


class Kind(NamedTuple):
    """What a structure may hold: keys of a tier, units of its ends, range of its price."""

    keys: tuple[str, ...]
    units: tuple[str, ...]
    lowest: float
    highest: float
    price_unit: str


class Tier(NamedTuple):
    """A step of a price: money per kWh or kW, upper end, what a kWh fed back earns, unit of the end."""

    price: float
    up_to: float | None
    sell: float
    unit: str


ENERGY = Kind(("rate", "adj", "sell", "max", "unit"), ("kWh", "kWh daily"), -10.0, 10.0, "$/kWh")
DEMAND = Kind(("rate", "adj", "max", "unit"), ("kW",), 0.0, 1000.0, "$/kW")


def read_structure(rate: Rate, key: str, kind: Kind) -> list[tuple[Tier, ...]]:
    """Tiers of each period of a structure; a period with faults is empty."""
    periods = rate.keys[key]
    if not isinstance(periods, list) or not all(isinstance(tiers, list) for tiers in periods):
        rate.fault("D58", key, f"{shown(periods)}: a list of periods, each a list of tiers, is needed")
        return []
    return [_read_period(rate, f"{key}[{i}]", tiers, kind) for i, tiers in enumerate(periods)]


def _read_period(rate: Rate, where: str, tiers: list[object], kind: Kind) -> tuple[Tier, ...]:
    before = len(rate.faults)
    if not tiers:
        rate.fault("D58", where, "no tier; a period needs at least one with a rate")
    read: list[Tier] = []
    for number, given in enumerate(tiers):
        tier = _read_tier(rate, f"{where}[{number}]", given, kind, is_last=number == len(tiers) - 1)
        if tier is not None:
            read.append(tier)
    if len(rate.faults) == before:
        _check_rising(rate, where, read)
        _check_same(rate, where, read)
    return tuple(read) if len(rate.faults) == before else ()


def _read_tier(rate: Rate, where: str, tier: object, kind: Kind, *, is_last: bool) -> Tier | None:
    """One tier, or None after its faults."""
    if not isinstance(tier, dict):
        rate.fault("D58", where, f"{shown(tier)}: an object with `rate` is needed")
        return None
    before = len(rate.faults)
    for key in tier:
        if key not in kind.keys:
            what = f"{shown(tier[key])}: unknown key; {nearest(str(key), kind.keys)}"
            rate.fault("D06", f"{where}.{key}", what)
    price = _read_price(rate, where, tier, kind)
    sell = 0.0
    if tier.get("sell") is not None:
        sell = rate.number(f"{where}.sell", tier["sell"], -10.0, 10.0, "$/kWh")
    unit = _read_unit(rate, where, tier, kind)
    up_to = _read_end(rate, where, tier, kind, is_last=is_last)
    if len(rate.faults) > before or price is None or sell is None or unit is None:
        return None
    return Tier(price, up_to, sell, unit)


def _read_price(rate: Rate, where: str, tier: dict[str, object], kind: Kind) -> float | None:
    """Rate plus adjustment, or None after a fault."""
    parts = [name for name in ("rate", "adj") if tier.get(name) is not None]
    if not parts:
        rate.fault("D07", f"{where}.rate", "missing, and no adj either; write 0 where nothing is paid")
        return None
    values = [rate.number(f"{where}.{name}", tier[name], -1e6, 1e6, kind.price_unit) for name in parts]
    known = [value for value in values if value is not None]
    if len(known) < len(parts):
        return None
    price = round(sum(known), PRICE_DECIMALS)
    if not kind.lowest <= price <= kind.highest:
        in_cents = f"; in cents? write {price / 100:g}" if price > kind.highest else ""
        allowed = f"allowed: {kind.lowest:g} to {kind.highest:g} {kind.price_unit}"
        rate.fault(
            "D57", f"{where}.rate", f"{' + '.join(parts)} = {price:g}: out of range{in_cents}; {allowed}"
        )
        return None
    return price


def _read_unit(rate: Rate, where: str, tier: dict[str, object], kind: Kind) -> str | None:
    """Unit of the tier's upper end, or None after a fault."""
    given = tier.get("unit")
    if given is None:
        return kind.units[0]
    for unit in kind.units:
        if str(given).strip().lower() == unit.lower():
            return unit
    what = f"{shown(given)}: tiers in this unit are not billed; allowed: {', '.join(kind.units)}"
    rate.fault("D38", f"{where}.unit", what)
    return None


def _read_end(rate: Rate, where: str, tier: dict[str, object], kind: Kind, *, is_last: bool) -> float | None:
    """Upper end of the tier; None for the last, which has none, and after a fault."""
    place, unit, given = f"{where}.max", kind.units[0], tier.get("max")
    if given is None:
        if not is_last:
            rate.fault("D07", place, "missing; only the last tier has no upper end")
        return None
    end = rate.number(place, given, 0.0, LARGEST_END, unit)
    if end is None:
        return None
    if not is_last and end >= ENDLESS:
        what = f"only the last tier is without end; allowed: above 0 and below {ENDLESS:g} {unit}"
        rate.fault("D58", place, f"{shown(given)}: {what}")
    elif is_last and not _is_endless(end):
        what = "the last tier has no upper end: what is above it needs a price"
        rate.fault("D58", place, f"{shown(given)}: {what}")
    return None if is_last else end


def _is_endless(end: float) -> bool:
    """Whether an upper end stands for none: larger than any site, or a power of two or one less."""
    if end >= ENDLESS:
        return True
    whole = int(end)
    return (
        whole == end and whole >= LEAST_POWER_OF_TWO - 1 and 0 in (whole & (whole - 1), whole & (whole + 1))
    )


def _check_rising(rate: Rate, where: str, tiers: list[Tier]) -> None:
    below = 0.0
    for number, tier in enumerate(tiers[:-1]):
        end = 0.0 if tier.up_to is None else tier.up_to
        if end <= below:
            what = f"{end:g}: tiers rise, it must be above {below:g}"
            rate.fault("D58", f"{where}[{number}].max", what)
        below = end


def _check_same(rate: Rate, where: str, tiers: list[Tier]) -> None:
    """Refuse what our form has once a period and the rate states differently tier by tier."""
    for number, tier in enumerate(tiers[1:], 1):
        if tier.sell != tiers[0].sell:
            what = f"{tier.sell:g}: is {tiers[0].sell:g} in the first tier; one `sell` a period is billed"
            rate.fault("D38", f"{where}[{number}].sell", what)
    ends = [tier for tier in tiers if tier.up_to is not None]
    for number, tier in enumerate(ends[1:], 1):
        if tier.unit != ends[0].unit:
            what = f'"{tier.unit}": is "{ends[0].unit}" in the first tier; one unit a period is billed'
            rate.fault("D38", f"{where}[{number}].unit", what)
