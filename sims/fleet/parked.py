"""The cars at the ports: what is known of each while it stands there."""

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from sims.fleet.evse import Ports
from sims.fleet.phases import power_on_shared_phases
from sims.fleet.sessions import Sessions
from sims.fleet.stays import Stays

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

EMPTY = -1


@dataclass(frozen=True, slots=True)
class Parked:
    """What is known of the car at each of n ports while it stands there; 0 where there is none.

    Arrays of shape (n,): `session` (index into the sessions, -1 when empty), energies in kWh, limits
    in kW (the smaller of port and car), times in seconds since the start of the run. Never the true
    departure: `window_start_s` and `window_end_s` are what the driver declared.
    """

    session: Ints
    capacity_kwh: Floats
    required_kwh: Floats
    floor_kwh: Floats
    ceiling_kwh: Floats
    charge_max_kw: Floats
    discharge_max_kw: Floats
    arrival_s: Floats
    window_start_s: Floats
    window_end_s: Floats

    @classmethod
    def nobody(cls, n: int) -> "Parked":
        """A site of `n` free ports."""
        return cls(np.full(n, EMPTY), *np.zeros((len(CAR_COLUMNS), n)))

    def changed(self, evse: Ints, session: Ints | int, cars: Floats | float) -> "Parked":
        """The same with `session` at the ports `evse`, shape (k,); `cars` are its columns, shape (9, k).

        Made anew, so that whoever holds the old one can tell by identity that somebody came or went.
        """
        standing = self.session.copy()
        columns = np.array([getattr(self, name) for name in CAR_COLUMNS])
        standing[evse], columns[:, evse] = session, cars
        return Parked(standing, *columns)


CAR_COLUMNS = tuple(column.name for column in fields(Parked))[1:]


def car_table(sessions: Sessions, stays: Stays, ports: Ports, start_s: int) -> Floats:
    """Energy on arrival, then the `CAR_COLUMNS`, one column a session; limits are those at its port."""
    capacity = sessions.capacity_kwh
    table = np.array(
        [
            sessions.soc_arrival * capacity,
            capacity,
            sessions.soc_required * capacity,
            sessions.soc_min * capacity,
            sessions.soc_max * capacity,
            sessions.p_charge_max_kw,
            sessions.p_discharge_max_kw,
            sessions.arrival_s - start_s,
            sessions.window_start_s - start_s,
            sessions.window_end_s - start_s,
        ],
        dtype=np.float64,
    )
    here = np.flatnonzero(stays.connected)
    evse = stays.evse[here]
    n_car, n_port = sessions.phases[here], ports.phases[evse]
    for row, port_kw in ((5, ports.p_max_kw), (6, ports.p_discharge_max_kw)):
        table[row, here] = power_on_shared_phases(table[row, here], n_car, port_kw[evse], n_port)
    return table
