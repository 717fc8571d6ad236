"""From sessions to stays: in which steps a car stands at which port.

An arriving car takes the first free port and keeps it; one that finds none is never connected. This
depends on arrivals and departures alone, never on a policy, so it is known before the first step.
"""

from dataclasses import dataclass

import numba as nb
import numpy as np
import numpy.typing as npt

from sims.fleet.evse import Assignment, Ports
from sims.fleet.sessions import Sessions

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Stays:
    """Where and when each of n sessions is plugged in, on a grid of steps.

    Parameters
    ----------
    evse : ints, shape (n,)
        Port, -1 for a session that never gets one [-].
    first_step, end_step : ints, shape (n,)
        Half-open range of steps the car is seen in; `end_step` may lie beyond the run [-].
    last_share : floats, shape (n,)
        Share of its last step the car is plugged in, 0..1 [-].
    too_short : bools, shape (n,)
        The stay covers no start of a step of the run: the car is never seen.
    censored : bools, shape (n,)
        The stay began before the run or ends after it.
    """

    evse: Ints
    first_step: Ints
    end_step: Ints
    last_share: Floats
    too_short: Bools
    censored: Bools

    @property
    def connected(self) -> Bools:
        """Sessions that get a port, shape (n,)."""
        return self.evse >= 0


def plan_stays(
    sessions: Sessions, ports: Ports, assignment: Assignment, *, start_s: int, step_s: int, n_steps: int
) -> Stays:
    """Give every session its steps and its port.

    A car is seen from the first step that starts at or after its arrival. Departures of a step
    free their port before its arrivals look for one; arrivals of one step look in the order of
    declared departure, then session id. Cars that stand there when the run starts came in the order
    of their steps before it.

    Parameters
    ----------
    sessions : Sessions
        All of them have some part inside the run (`Sessions.within`).
    ports : Ports
        Ports of the site.
    assignment : callable
        Order in which a car tries the ports.
    start_s, step_s, n_steps : int
        Run start (epoch seconds), length of a step and number of steps [s, s, -].
    """
    arrival, departure = sessions.arrival_s - start_s, sessions.departure_s - start_s
    seen, end = -(-arrival // step_s), -(-departure // step_s)
    first = np.maximum(seen, 0)
    too_short = (end <= first) | (first >= n_steps)
    queue = np.lexsort((np.asarray(sessions.session_id), sessions.window_start_s, seen))
    return Stays(
        evse=_first_free(queue[~too_short[queue]], first, end, assignment(ports)),
        first_step=first,
        end_step=end,
        last_share=(departure - (end - 1) * step_s) / step_s,
        too_short=too_short,
        censored=(arrival < 0) | (end > n_steps),
    )


@nb.njit(cache=True)
def _first_free(queue: Ints, first: Ints, end: Ints, order: Ints) -> Ints:
    evse = np.full(len(first), -1, dtype=np.int64)
    free_from = np.zeros(len(order), dtype=np.int64)
    for session in queue:
        for port in order:
            if free_from[port] <= first[session]:
                evse[session] = port
                free_from[port] = end[session]
                break
    return evse
