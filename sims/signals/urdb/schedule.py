"""URDB's 12 x 24 schedules of workdays and weekends as months, kinds of day and clock hours."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from sims.signals.tariffs.periods import ALL_MONTHS, DayType
from sims.signals.urdb.file import Rate, shown

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

WORKDAYS: tuple[DayType, ...] = ("mon", "tue", "wed", "thu", "fri")
WEEKEND: tuple[DayType, ...] = ("sat", "sun")
KINDS = ("weekday", "weekend")


def read_schedules(rate: Rate, prefix: str, n_periods: int) -> Ints | None:
    """Period of every month, kind of day (workday, weekend) and hour, shape (12, 2, 24).

    A structure of one period needs no schedules: it always holds.

    Parameters
    ----------
    rate : Rate
        The rate; its faults get what is wrong.
    prefix : str
        "energy" or "demand".
    n_periods : int
        Periods of the structure [-].
    """
    keys = [f"{prefix}{kind}schedule" for kind in KINDS]
    if n_periods == 1 and not any(key in rate.keys for key in keys):
        rate.derived.append(f"the only period of {prefix}ratestructure holds always: there is no schedule")
        return np.zeros((12, 2, 24), dtype=np.int64)
    tables = [_read_schedule(rate, key, n_periods) for key in keys]
    if tables[0] is None or tables[1] is None:
        return None
    return np.stack((tables[0], tables[1]), axis=1)


def _read_schedule(rate: Rate, key: str, n_periods: int) -> Ints | None:
    """One schedule, shape (12, 24), or None after its faults."""
    if key not in rate.keys:
        rate.fault("D07", key, "missing; 12 months of 24 hours say which period holds")
        return None
    rows = rate.keys[key]
    if not isinstance(rows, list) or len(rows) != 12:
        seen = f"{len(rows)} rows" if isinstance(rows, list) else shown(rows)
        rate.fault("D58", key, f"{seen}: 12 months of 24 hours are needed")
        return None
    before = len(rate.faults)
    for month, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != 24:
            seen = f"{len(row)} values" if isinstance(row, list) else shown(row)
            rate.fault("D58", f"{key}[{month}]", f"{seen}: 24 hours are needed")
    if len(rate.faults) > before:
        return None
    flat = read_periods(rate, key, [value for row in rows for value in row], n_periods, 24)
    return None if flat is None else flat.reshape(12, 24)


def read_periods(
    rate: Rate, key: str, values: Sequence[object], n_periods: int, per_row: int | None = None
) -> Ints | None:
    """Numbers of periods, shape (len(values),), or None after a fault for each number there is not."""
    wrong: dict[str, list[int]] = {}
    for place, value in enumerate(values):
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not (number and value in range(n_periods)):
            wrong.setdefault(shown(value), []).append(place)
    for value, places in wrong.items():
        first = f"[{places[0]}]" if per_row is None else f"[{places[0] // per_row}][{places[0] % per_row}]"
        more = f" ({len(places)} times)" if len(places) > 1 else ""
        what = f"{value}{more}: no such period; allowed: 0 to {n_periods - 1}"
        rate.fault("D58", f"{key}{first}", what)
    return None if wrong else np.array(values, dtype=np.int64)


def times_of(chosen: Bools) -> list[dict[str, Any]]:
    """Months, days and hours of the few `Period`s that together hold exactly at the chosen times.

    Parameters
    ----------
    chosen : bools, shape (12, 2, 24)
        Months, kinds of day (workday, weekend) and hours that belong to the period.
    """
    months: dict[tuple[tuple[DayType, ...], tuple[tuple[int, int], ...]], list[int]] = {}
    for month, (workday, weekend) in enumerate(chosen, 1):
        if np.array_equal(workday, weekend):
            of_month = [((), workday)]
        else:
            of_month = [(WORKDAYS, workday), (WEEKEND, weekend)]
        for days, hours in of_month:
            if hours.any():
                months.setdefault((days, _runs(hours)), []).append(month)
    return [_times(tuple(held), days, hours) for (days, hours), held in months.items()]


def _times(
    months: tuple[int, ...], days: tuple[DayType, ...], hours: tuple[tuple[int, int], ...]
) -> dict[str, Any]:
    """Fields of one product of months, days and hours; what is always so is left to the defaults."""
    fields: dict[str, Any] = {}
    if months != ALL_MONTHS:
        fields["months"] = months
    if days:
        fields["days"] = days
    if hours != ((0, 24),):
        fields["hours"] = hours
    return fields


def _runs(hours: Bools) -> tuple[tuple[int, int], ...]:
    """Start and end of each run of chosen hours; `hours` has shape (24,)."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], hours, [False])).astype(np.int8)))
    return tuple((int(start), int(end)) for start, end in edges.reshape(-1, 2))
