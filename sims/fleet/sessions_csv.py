"""Charging sessions from a CSV table: every row checked, all faults at once."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sims.cells import Block, Floats, Ints, TableFaults, numbers, times
from sims.csvfile import Columns, read_blocks
from sims.faults import DataError
from sims.fleet.sessions import Sessions

Mask = npt.NDArray[np.bool_]

COLUMNS = Columns(
    required=(
        "session_id",
        "arrival",
        "departure",
        "window_start",
        "window_end",
        "capacity_kwh",
        "soc_arrival",
        "soc_required",
    ),
    optional=(
        "vehicle_id",
        "soc_min",
        "soc_max",
        "p_charge_max_kw",
        "p_discharge_max_kw",
        "phases",
        "station",
    ),
)
TIMES = ("arrival", "departure", "window_start", "window_end")
# what an empty cell, or a column left out, means
DEFAULTS: dict[str, float | None] = {
    "capacity_kwh": None,
    "soc_arrival": None,
    "soc_required": None,
    "soc_min": 0.0,
    "soc_max": 1.0,
    "p_charge_max_kw": np.inf,
    "p_discharge_max_kw": np.inf,
    "phases": 3.0,
}
SOCS = ("soc_arrival", "soc_required", "soc_min", "soc_max")
CAPACITY_KWH = (1.0, 2000.0)
P_MAX_KW = 1000.0


def read_sessions(path: Path, zone: str, *, drop_zero: bool = False) -> tuple[Sessions, int]:
    """Sessions of a CSV file, in the order of its rows.

    Parameters
    ----------
    path : Path
        CSV file; `vehicle_id` defaults to `session_id`, `soc_min` to 0, `soc_max` to 1, `phases` to 3, car limits
        to none.
    zone : str
        IANA time zone of times that have no offset.
    drop_zero : bool
        Leave out and count sessions that depart at their arrival; otherwise they are faults.

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

    Notes
    -----
    A need the stay or the battery cannot meet is no fault: it is reported as unavoidable shortfall.
    A car may arrive below its floor or above its ceiling.
    """
    faults = TableFaults(path)
    table = _Table()
    for block in read_blocks(path, COLUMNS, faults):
        table.append(block, zone, faults)
    table.close()
    _check(table, drop_zero, faults)
    if faults:
        raise DataError(faults.listed())
    stays = table.seconds["departure"] > table.seconds["arrival"]
    return table.sessions(np.flatnonzero(stays)), int((~stays).sum())


class _Table:
    """Columns of the file, gathered block by block."""

    def __init__(self) -> None:
        self.names: dict[str, list[str]] = {"session_id": [], "vehicle_id": [], "station": []}
        self._parts: dict[str, list[npt.NDArray[np.float64] | Ints]] = {
            name: [] for name in ("row", *TIMES, *DEFAULTS)
        }

    def append(self, block: Block, zone: str, faults: TableFaults) -> None:
        """Take the rows of a block; cells that cannot be read go to `faults`."""
        ids = block.columns["session_id"]
        self.names["session_id"] += ids
        vehicles = block.columns.get("vehicle_id", ids)
        self.names["vehicle_id"] += [vehicle or own for vehicle, own in zip(vehicles, ids, strict=True)]
        self.names["station"] += block.columns.get("station", [""] * len(ids))
        self._parts["row"].append(block.rows)
        for name in TIMES:
            self._parts[name].append(times(block, name, zone, faults))
        for name, empty in DEFAULTS.items():
            self._parts[name].append(numbers(block, name, faults, empty))

    def close(self) -> None:
        """Join the blocks."""
        whole = {name: np.concatenate(part) if part else np.zeros(0) for name, part in self._parts.items()}
        self.rows: Ints = whole["row"].astype(np.int64)
        self.seconds = {name: whole[name].astype(np.int64) for name in TIMES}
        self.values = {name: whole[name].astype(np.float64) for name in DEFAULTS}

    def codes(self, column: str) -> Ints:
        """Number of each name of a column in the order of first appearance, shape (n,) [-]."""
        seen: dict[str, int] = {}
        names = self.names[column]
        return np.fromiter((seen.setdefault(name, len(seen)) for name in names), np.int64, len(names))

    def sessions(self, keep: npt.NDArray[np.intp]) -> Sessions:
        """The sessions at positions `keep`, shape (k,)."""

        def kept(names: Sequence[str]) -> tuple[str, ...]:
            return tuple(names[i] for i in keep.tolist())

        return Sessions(
            **{name: kept(names) for name, names in self.names.items()},
            **{f"{name}_s": seconds[keep] for name, seconds in self.seconds.items()},
            **{name: value[keep] for name, value in self.values.items() if name != "phases"},
            phases=self.values["phases"][keep].astype(np.int64),
        )
