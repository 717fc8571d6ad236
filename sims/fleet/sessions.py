"""Charging sessions as arrays: who comes when, with which battery and which need."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from sims.clock import Clock

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

TEXT_COLUMNS = ("session_id", "vehicle_id", "station")
WHOLE_COLUMNS = ("arrival_s", "departure_s", "window_start_s", "window_end_s", "phases")


@dataclass(frozen=True, slots=True)
class Sessions:
    """A table of n sessions, one array a column.

    Parameters
    ----------
    session_id, vehicle_id, station : tuple of str, length n
        Names; `station` is where the car really stood, "" when unknown.
    arrival_s, departure_s : ints, shape (n,)
        True stay, half-open, seconds since the epoch [s].
    window_start_s, window_end_s : ints, shape (n,)
        Departure window the driver declared; all a policy may know of the departure [s].
    capacity_kwh : floats, shape (n,)
        Usable battery energy [kWh].
    soc_arrival, soc_required, soc_min, soc_max : floats, shape (n,)
        State of charge on arrival, wanted at departure, floor and ceiling, 0..1 [-].
    p_charge_max_kw, p_discharge_max_kw : floats, shape (n,)
        Limits of the car itself, inf when only the port limits [kW].
    phases : ints, shape (n,)
        Phases the car charges on, 1 or 3 [-].
    """

    session_id: tuple[str, ...]
    vehicle_id: tuple[str, ...]
    station: tuple[str, ...]
    arrival_s: Ints
    departure_s: Ints
    window_start_s: Ints
    window_end_s: Ints
    capacity_kwh: Floats
    soc_arrival: Floats
    soc_required: Floats
    soc_min: Floats
    soc_max: Floats
    p_charge_max_kw: Floats
    p_discharge_max_kw: Floats
    phases: Ints

    def __len__(self) -> int:
        return len(self.session_id)

    def take(self, rows: Ints) -> "Sessions":
        """The sessions of `rows`, in that order."""
        chosen = rows.tolist()

        def taken(name: str) -> Any:
            column: Any = getattr(self, name)
            return tuple(column[row] for row in chosen) if name in TEXT_COLUMNS else column[rows]

        return Sessions(**{entry.name: taken(entry.name) for entry in fields(self)})

    def within(self, start_s: int, end_s: int) -> "Sessions":
        """Sessions of which some part lies in `[start_s, end_s)`, by arrival and then by id."""
        inside = np.flatnonzero((self.departure_s > start_s) & (self.arrival_s < end_s))
        ids = np.asarray(self.session_id, dtype=np.str_)[inside]
        return self.take(inside[np.lexsort((ids, self.arrival_s[inside]))])

    def arrivals(self, clock: Clock) -> Floats:
        """Cars that come within each step and are seen from the next one on, shape (n_steps,) [-]."""
        step = -(-(self.arrival_s - clock.start_s) // clock.step_s) - 1
        inside = step[(step >= 0) & (step < clock.n_steps)]
        return np.bincount(inside, minlength=clock.n_steps).astype(np.float64)
