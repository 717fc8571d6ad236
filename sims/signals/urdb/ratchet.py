"""The ratchet of a URDB rate: which months before are looked back at, and what share of them is billed."""

from sims.signals.tariffs.tariff import Ratchet
from sims.signals.urdb.file import Rate, shown


def read_ratchet(rate: Rate) -> Ratchet | None:
    """Billed demand is at least a share of the highest month before; None without one."""
    months, n_before = _read_months(rate), rate.amount("lookbackrange", 0.0, 35.0, "months")
    if n_before is not None and n_before != int(n_before):
        rate.fault("D60", "lookbackrange", f"{n_before:g}: whole months are needed")
        return None
    if not months and not n_before:
        if rate.amount("lookbackpercent", 0.0, 100.0, "%"):
            rate.fault(
                "D60", "lookbackpercent", "a share, but neither lookbackrange nor lookbackmonths says of what"
            )
        return None
    percent = _read_percent(rate)
    if not percent:
        return None
    if not n_before:
        return Ratchet(rule="percent", percent=percent, months=months)
    if months:
        rate.notes.append("lookbackmonths: not used, lookbackrange is given too")
    return Ratchet(rule="percent", percent=percent, lookback_months=int(n_before))


def _read_months(rate: Rate) -> tuple[int, ...]:
    """Calendar months whose demand is looked back at."""
    flags = rate.keys.get("lookbackmonths", [0] * 12)
    if not isinstance(flags, list) or len(flags) != 12 or any(flag not in (0, 1) for flag in flags):
        rate.fault("D60", "lookbackmonths", f"{shown(flags)}: 12 months, each 0 or 1, are needed")
        return ()
    return tuple(month for month, flag in enumerate(flags, 1) if flag)


def _read_percent(rate: Rate) -> float | None:
    """The ratchet's share [%]: stated as fraction, or as percent where it cannot be a fraction."""
    if "lookbackpercent" not in rate.keys:
        rate.fault(
            "D60", "lookbackpercent", "missing; lookbackrange or lookbackmonths needs it; allowed: 0 to 1"
        )
        return None
    value = rate.amount("lookbackpercent", 0.0, 100.0, "%")
    if value is None:
        return None
    if 1.0 < value < 10.0:
        what = f"{value:g}: neither a fraction (0 to 1) nor a usual percentage (10 to 100)"
        rate.fault("D60", "lookbackpercent", what)
        return None
    if value >= 10.0:
        rate.derived.append(f"lookbackpercent = {value:g} is read as percent, not as fraction")
    return value if value >= 10.0 else round(100.0 * value, 10)
