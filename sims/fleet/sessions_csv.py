"""Charging sessions from a CSV table: every row checked, all faults at once."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sims.cells import Block, Floats, Ints, TableFaults, numbers, times
from sims.csvfile import Columns, read_blocks
from sims.faults import DataError
from sims.fleet.catalogue import filled_in
from sims.fleet.sessions import Sessions
from sims.fleet.sessions_check import check_batteries, check_sessions

COLUMNS = Columns(
    required=(
        *("session_id", "arrival", "departure", "window_start", "window_end"),
        *("capacity_kwh", "soc_arrival", "soc_required"),
    ),
    optional=(
        *("vehicle_id", "soc_min", "soc_max", "p_charge_max_kw", "p_discharge_max_kw"),
        *("phases", "station", "vehicle_model"),
    ),
    instead={"capacity_kwh": "vehicle_model"},
)


def read_sessions(
    path: Path, zone: str, *, drop_zero: bool = False, persistent_vehicles: bool = False
) -> tuple[Sessions, int]:
    """Sessions of a CSV file, in the order of its rows.

    Parameters
    ----------
    path : Path
        CSV file. `vehicle_id` may be left out (the session's), as may `soc_min` (0), `soc_max` (1),
        the limits of the car (none), `phases` (3) and `station` (unknown). Where `vehicle_model` names a
        model of the catalogue, capacity, limits and phases that are left out are those of the model.
    zone : str
        IANA time zone of times that have no offset.
    drop_zero : bool
        Leave out and count sessions that depart at their arrival; otherwise they are faults.
    persistent_vehicles : bool
        A car that comes back has the battery it had: another capacity is a fault.

    Returns
    -------
    sessions : Sessions
        The n sessions that are left; a file without rows has none.
    dropped : int
        Sessions of zero length that were left out [-].

    Raises
    ------
    DataError
        Everything that is wrong with the file, with rows.
    """
    faults = TableFaults(path)
    rows: list[Ints] = [np.zeros(0, dtype=np.int64)]
    parts = [no_sessions()]
    for block in read_blocks(path, COLUMNS, faults):
        rows.append(block.rows)
        parts.append(_parsed(filled_in(block, faults), zone, faults))
    sessions = _joined(parts)
    zero = sessions.departure_s == sessions.arrival_s
    keep = np.flatnonzero(~zero) if drop_zero else np.arange(len(zero))
    kept = sessions if len(keep) == len(zero) else _taken(sessions, keep)
    check_sessions(kept, np.concatenate(rows)[keep], faults)
    if persistent_vehicles:
        check_batteries(kept, np.concatenate(rows)[keep], faults)
    if faults:
        raise DataError(faults.listed())
    return kept, len(zero) - len(keep)


def no_sessions() -> Sessions:
    """A table without rows: nobody comes."""
    empty = Block(np.zeros(0, dtype=np.int64), {name: [] for name in COLUMNS.required})
    return _parsed(empty, "UTC", TableFaults(Path()))


def _parsed(block: Block, zone: str, faults: TableFaults) -> Sessions:
    """Sessions of a block, unchecked; cells that cannot be read go to `faults`."""
    ids = block.columns["session_id"]
    vehicles = block.columns.get("vehicle_id", ids)

    def number(column: str, empty: float | None = None) -> Floats:
        return numbers(block, column, faults, empty)

    return Sessions(
        session_id=tuple(ids),
        vehicle_id=tuple(vehicle or own for vehicle, own in zip(vehicles, ids, strict=True)),
        station=tuple(block.columns.get("station", [""] * len(ids))),
        arrival_s=times(block, "arrival", zone, faults),
        departure_s=times(block, "departure", zone, faults),
        window_start_s=times(block, "window_start", zone, faults),
        window_end_s=times(block, "window_end", zone, faults),
        capacity_kwh=number("capacity_kwh"),
        soc_arrival=number("soc_arrival"),
        soc_required=number("soc_required"),
        soc_min=number("soc_min", 0.0),
        soc_max=number("soc_max", 1.0),
        p_charge_max_kw=number("p_charge_max_kw", np.inf),
        p_discharge_max_kw=number("p_discharge_max_kw", np.inf),
        phases=_phases(block, faults),
    )


def _phases(block: Block, faults: TableFaults) -> Ints:
    """Phases of each car, shape (n,) [-]."""
    values = numbers(block, "phases", faults, 3.0)
    bad = np.flatnonzero(np.isfinite(values) & ~np.isin(values, (1.0, 3.0)))
    if bad.size:
        faults.add("D20", "phases", block.rows[bad], "a car charges on 1 or 3 phases", f"{values[bad[0]]:g}")
    return np.where(values == 1.0, 1, 3).astype(np.int64)


def _joined(parts: list[Sessions]) -> Sessions:
    """All sessions of several tables, one after the other."""

    def join(name: str) -> Any:
        columns = [getattr(part, name) for part in parts]
        if isinstance(columns[0], tuple):
            return tuple(text for column in columns for text in column)
        return np.concatenate(columns)

    return Sessions(**{column.name: join(column.name) for column in fields(Sessions)})


def _taken(sessions: Sessions, positions: npt.NDArray[np.intp]) -> Sessions:
    """The sessions at `positions`, shape (k,)."""

    def take(column: Any) -> Any:
        if isinstance(column, tuple):
            return tuple(column[i] for i in positions.tolist())
        return column[positions]

    return Sessions(**{column.name: take(getattr(sessions, column.name)) for column in fields(Sessions)})
