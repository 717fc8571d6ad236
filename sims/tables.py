"""Time series from our CSV tables: read strictly, checked whole, then laid on the clock of a run."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from sims.cells import Floats, Ints, TableFaults, display, numbers, times
from sims.clock import Clock
from sims.csvfile import Columns, read_blocks
from sims.faults import DataError, Fault, nearest

# column ending -> lowest and highest value that can be meant, and what a value outside looks like
PLAUSIBLE: dict[str, tuple[float, float, str]] = {
    "kw": (-100_000.0, 100_000.0, "kW; W given? divide by 1000"),
    "price_per_kwh": (-10.0, 10.0, "money per kWh; per MWh or in cents given?"),
    "co2_g_per_kwh": (0.0, 5000.0, "g/kWh"),
    "temperature_c": (-80.0, 70.0, "degC; kelvin or fahrenheit given?"),
    "precipitation_mm": (0.0, 500.0, "mm"),
}
# the dirtiest grid emits some 1200 g/kWh, so a whole series up to 1.2 is in kg
LARGEST_KG_PER_KWH = 1.2


@dataclass(frozen=True, slots=True)
class Series:
    """Equidistant time series of one file.

    Parameters
    ----------
    path : Path
        The file.
    time_s : ints, shape (n,)
        Start of every interval, seconds since the epoch [s].
    step_s : int
        Length of an interval [s].
    values : dict of column name to floats, shape (n,)
        Mean over the interval, in the unit the column's name ends in.
    """

    path: Path
    time_s: Ints
    step_s: int
    values: dict[str, Floats]

    @property
    def end_s(self) -> int:
        """End of the last interval, seconds since the epoch [s]."""
        return int(self.time_s[-1]) + self.step_s


def read_series(path: Path, columns: tuple[str, ...] | None, zone: str) -> Series:
    """Time series of a CSV file with the columns `time` and `columns`.

    Parameters
    ----------
    path : Path
        CSV file with a header.
    columns : tuple of str or None
        Columns besides `time`, all required; None: `kw`, or any number of `<name>_kw`.
    zone : str
        IANA time zone of times that have no offset.

    Raises
    ------
    DataError
        Everything that is wrong with the file.
    """
    spec = Columns(("time", *(columns or ())), power_series=columns is None)
    faults = TableFaults(path)
    rows: list[Ints] = []
    time_s: list[Ints] = []
    parts: dict[str, list[Floats]] = {}
    for block in read_blocks(path, spec, faults):
        rows.append(block.rows)
        time_s.append(times(block, "time", zone, faults))
        for name in block.columns:
            if name != "time":
                parts.setdefault(name, []).append(numbers(block, name, faults))
    values = {name: np.concatenate(part) for name, part in parts.items()}
    if not rows:
        raise DataError([*faults.listed(), Fault("D03", f"{display(path)}:2", "no rows below the header")])
    values = {name: np.concatenate(part) for name, part in parts.items()}
    for name, value in values.items():
        check_plausible(name, value, np.concatenate(rows), faults)
    step_s = even_step(np.concatenate(time_s), np.concatenate(rows), zone, faults)
    if faults:
        raise DataError(faults.listed())
    return Series(path, np.concatenate(time_s), step_s, values)


def check_plausible(name: str, value: Floats, rows: Ints, faults: TableFaults) -> None:
    """Refuse values that only a wrong unit explains."""
    unit = next((ending for ending in PLAUSIBLE if name == ending or name.endswith(f"_{ending}")), None)
    if unit is None:
        return
    low, high, hint = PLAUSIBLE[unit]
    outside = np.flatnonzero((value < low) | (value > high))
    if outside.size:
        what = f"outside {low:g} .. {high:g} {hint}"
        faults.add("D19", name, rows[outside], what, f"{value[outside[0]]:g}")
    if unit == "co2_g_per_kwh" and 0.0 < np.nanmax(value, initial=0.0) <= LARGEST_KG_PER_KWH:
        faults.add("D19", name, rows[:1], "no value above 1.2 g/kWh: kg/kWh given? multiply by 1000")


def even_step(time_s: Ints, rows: Ints, zone: str, faults: TableFaults) -> int:
    """Step all rows share [s]; what disturbs it goes to `faults`."""
    # with a row or a time lost, gaps and jumps would be of our own making
    if faults.codes & {"D39", "D48", "D49", "D53"}:
        return 0
    if len(rows) < 2:
        faults.add("D03", "time", rows, "at least two rows are needed to know the step")
        return 0
    steps = np.diff(time_s)
    usual, counts = np.unique(steps[steps > 0], return_counts=True)
    step_s = int(usual[np.argmax(counts)]) if usual.size else 1
    hole = (steps > step_s) & (steps % step_s == 0)
    missing = int((steps[hole] // step_s - 1).sum())
    for code, bad, what in (
        ("D43", steps == 0, "same time as the row before; each interval stands once"),
        ("D44", steps < 0, "earlier than the row before; rows must be sorted by time"),
        ("D42", hole, f"rows are missing before this time: {missing} intervals of {step_s} s in all"),
        ("D44", (steps > 0) & (steps != step_s) & ~hole, f"step changes here; elsewhere it is {step_s} s"),
    ):
        at = np.flatnonzero(bad) + 1
        if at.size:
            faults.add(code, "time", rows[at], what, _local(int(time_s[at[0]]), zone))
    return step_s


def _local(epoch_s: int, zone: str) -> str:
    """Local time with offset, as messages show it."""
    return datetime.fromtimestamp(epoch_s, ZoneInfo(zone)).isoformat()


def on_clock(series: Series, name: str, clock: Clock) -> Floats:
    """Values of one column at the steps of a run, shape (n_steps,).

    A coarser file is held, a finer one averaged: the sum of value times duration stays the same.

    Raises
    ------
    DataError
        The file has no such column, does not cover the run, or its intervals and the steps do not nest.
    """
    where = f"{display(series.path)}:{name}"
    if name not in series.values:
        raise DataError([Fault("D07", where, f"no such column; {nearest(name, series.values)}")])
    first_s = int(series.time_s[0])
    if first_s > clock.start_s or series.end_s < clock.end_s:
        covered = f"{_local(first_s, clock.zone)} .. {_local(series.end_s, clock.zone)}"
        needed = f"{_local(clock.start_s, clock.zone)} .. {_local(clock.end_s, clock.zone)}"
        raise DataError([Fault("D45", where, f"file covers {covered}; the run needs {needed}")])
    fine_s, coarse_s = sorted((series.step_s, clock.step_s))
    if coarse_s % fine_s or (clock.start_s - first_s) % fine_s:
        what = (
            f"intervals of {series.step_s} s from {_local(first_s, clock.zone)} do not nest with "
            f"steps of {clock.step_s} s from {_local(clock.start_s, clock.zone)}"
        )
        raise DataError([Fault("D46", where, what)])
    value, start = series.values[name], (clock.start_s - first_s) // series.step_s
    if series.step_s >= clock.step_s:
        return value[(clock.epoch_s() - first_s) // series.step_s]
    per_step = clock.step_s // series.step_s
    return value[start : start + per_step * clock.n_steps].reshape(clock.n_steps, per_step).mean(axis=1)
