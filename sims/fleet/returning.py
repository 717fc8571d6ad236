"""Cars that come back: what a car brings depends on how it left.

The file says how full a car arrives and how full its driver wants it at departure. Between two visits the
state of charge so changes by what the file implies: from the required one of the last visit to the one on
arrival of the next, down by driving, up by charging elsewhere. A car that left short comes back as much
emptier, one that left fuller as much fuller, within what its driver lets happen: never full beyond 1, and
who would fall below the floor charges on the way (a floor below which the file itself has the car arrive
is lowered to that).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sims.fleet.sessions import Sessions
from sims.fleet.stays import Stays

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Returns:
    """How the arrival of each of m sessions follows from an earlier departure.

    Parameters
    ----------
    source : ints, shape (m,)
        Last session before at which the same car was connected, -1 when there is none.
    change : floats, shape (m,)
        Change of state of charge since that departure; without a source the state of charge itself [-].
    least : floats, shape (m,)
        Lowest state of charge a car arrives with [-].
    """

    source: Ints
    change: Floats
    least: Floats

    def soc_arrival(self, rows: Ints, soc_departure: Floats) -> Floats:
        """State of charge on arrival of the sessions `rows`, shape (k,), NaN while the car is not back.

        Parameters
        ----------
        rows : ints, shape (k,)
            Sessions.
        soc_departure : floats, shape (m,)
            State of charge at the departures so far, NaN for those to come [-].
        """
        source = self.source[rows]
        left = np.where(source >= 0, soc_departure[source], 0.0)
        return np.clip(left + self.change[rows], self.least[rows], 1.0)


def plan_returns(sessions: Sessions, stays: Stays) -> Returns:
    """Link the visits of each car (`vehicle_id`), whose battery must be the same at all of them.

    A visit without a port changes nothing but the sum of what was driven.

    Raises
    ------
    ValueError
        A car comes before it left.
    """
    n = len(sessions)
    source, change = np.full(n, -1), sessions.soc_arrival.copy()
    last: dict[str, int] = {}
    order: list[int] = np.argsort(sessions.arrival_s, kind="stable").tolist()
    for row in order:
        before = last.get(sessions.vehicle_id[row])
        if before is not None:
            if sessions.arrival_s[row] < sessions.departure_s[before]:
                raise ValueError(f'vehicle "{sessions.vehicle_id[row]}" comes back before it left')
            change[row] -= sessions.soc_required[before]
            if stays.connected[before]:
                source[row] = before
            else:
                source[row] = source[before]
                change[row] += change[before]
        last[sessions.vehicle_id[row]] = row
    return Returns(source, change, np.minimum(sessions.soc_min, sessions.soc_arrival))
