"""What became of each session: what it got, what it lacked, and what nobody could have given it."""

from typing import Any

import numpy as np
import numpy.typing as npt

from sims.fleet.evse import Ports
from sims.fleet.sessions import Sessions
from sims.fleet.stays import Stays

Floats = npt.NDArray[np.float64]


def session_outcome(
    sessions: Sessions,
    stays: Stays,
    ports: Ports,
    soc_arrival: Floats,
    soc_departure: Floats,
    energy_grid_kwh: Floats,
    dt_h: float,
) -> dict[str, list[Any]]:
    """Columns of the sessions table that only a run can fill.

    Parameters
    ----------
    sessions, stays, ports
        Who came, where each stood, and at what.
    soc_arrival : floats, shape (n,)
        State of charge each car really arrived with [-].
    soc_departure : floats, shape (n,)
        State of charge at departure; NaN for cars that never were connected or are still parked [-].
    energy_grid_kwh : floats, shape (n,)
        Net metered energy of each session [kWh].
    dt_h : float
        Length of a step [h].

    Returns
    -------
    dict of lists, length n
        `evse_index`, `soc_arrival`, `soc_departure`, `energy_grid_kwh`, `missing_kwh` (short of the
        requirement at departure; 0 for cars still parked), `unavoidable_kwh` (the part of the need that
        full power over the whole stay could not meet: all of it without a port), `connected`,
        `too_short`, `censored`.
    """
    need_kwh = np.maximum(sessions.soc_required - soc_arrival, 0.0) * sessions.capacity_kwh
    departed = ~np.isnan(soc_departure)
    reached = np.where(departed, soc_departure, sessions.soc_required)
    missing = np.maximum(sessions.soc_required - reached, 0.0) * sessions.capacity_kwh
    missing = np.where(stays.connected, missing, need_kwh)
    unavoidable = np.maximum(need_kwh - _reachable_kwh(sessions, stays, ports, dt_h), 0.0)
    unavoidable = np.where(stays.connected & ~departed, 0.0, unavoidable)
    return {
        "evse_index": stays.evse.tolist(),
        "soc_arrival": soc_arrival.tolist(),
        "soc_departure": soc_departure.tolist(),
        "energy_grid_kwh": energy_grid_kwh.tolist(),
        "missing_kwh": missing.tolist(),
        "unavoidable_kwh": unavoidable.tolist(),
        "connected": stays.connected.astype(np.int64).tolist(),
        "too_short": stays.too_short.astype(np.int64).tolist(),
        "censored": stays.censored.astype(np.int64).tolist(),
    }


def _reachable_kwh(sessions: Sessions, stays: Stays, ports: Ports, dt_h: float) -> Floats:
    """Battery energy that full power over the whole stay adds, taper aside, shape (n,) [kWh]."""
    reachable = np.zeros(len(sessions))
    here = np.flatnonzero(stays.connected)
    evse = stays.evse[here]
    hours = (stays.end_step[here] - stays.first_step[here] - 1 + stays.last_share[here]) * dt_h
    power = np.minimum(ports.p_max_kw[evse], sessions.p_charge_max_kw[here])
    reachable[here] = ports.eta_charge[evse] * power * hours
    return reachable
