"""The ports of one site and the cars at them, as arrays that move from step to step."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sims.fleet.battery import NO_TAPER, advance_ports
from sims.fleet.evse import UNCONTROLLED, Ports
from sims.fleet.outcome import session_outcome
from sims.fleet.sessions import Sessions
from sims.fleet.stays import Stays

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

EMPTY = -1


@dataclass(frozen=True, slots=True)
class SiteRules:
    """What the site enforces whatever the policy asks.

    Parameters
    ----------
    site_cap_kw : float
        Main-breaker limit on building plus chargers, inf for none [kW].
    allow_export : bool
        Whether the site may feed back.
    taper_soc : float
        SoC where the two-stage charging curve starts, 1 for no taper [-].
    """

    site_cap_kw: float = float("inf")
    allow_export: bool = False
    taper_soc: float = NO_TAPER


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
    def empty(cls, n: int) -> "Parked":
        """A site of `n` free ports."""
        return cls(np.full(n, EMPTY), *(np.zeros(n) for _ in range(9)))


class Fleet:
    """State of all ports of a site at the start of a step.

    Parameters
    ----------
    sessions : Sessions
        Who comes (m sessions); times in seconds since the epoch.
    stays : Stays
        Port and steps of each session.
    ports : Ports
        The n ports.
    rules : SiteRules
        Limits the site enforces.
    start_s, step_s : int
        Start of the run since the epoch, length of a step [s].
    """

    def __init__(
        self, sessions: Sessions, stays: Stays, ports: Ports, rules: SiteRules, *, start_s: int, step_s: int
    ) -> None:
        self.sessions, self.stays, self.ports, self.rules = sessions, stays, ports, rules
        self.dt_h, self.step_s = step_s / 3600.0, step_s
        self._cars = _car_table(sessions, start_s)
        connected = np.flatnonzero(stays.connected)
        self._arrivals = connected[np.argsort(stays.first_step[connected], kind="stable")]
        self._arrival_steps = stays.first_step[self._arrivals]
        self._uncontrolled = ports.kind == UNCONTROLLED
        self.k = 0
        self.parked = Parked.empty(len(ports))
        self.energy_kwh = np.zeros(len(ports))
        self.p_kw = np.zeros(len(ports))
        self.site_kw = 0.0
        self.clamped_requests = 0
        self.soc_departure = np.full(len(sessions), np.nan)
        self.energy_grid_kwh = np.zeros(len(sessions))
        self._end_step = np.zeros(len(ports), dtype=np.int64)
        self._occupied = np.zeros(len(ports), dtype=np.bool_)
        self._whole_step = np.ones(len(ports))
        self._arrive(0)

    @property
    def soc(self) -> Floats:
        """State of charge at the start of the step, NaN at free ports, shape (n,) [-]."""
        soc = np.full(len(self.ports), np.nan)
        np.divide(self.energy_kwh, self.parked.capacity_kwh, out=soc, where=self._occupied)
        return soc

    def step(self, setpoint_kw: Floats, building_kw: float) -> None:
        """Run the step, then apply the departures and arrivals of the next one.

        Parameters
        ----------
        setpoint_kw : floats, shape (n,)
            Requested grid-side power of each port [kW].
        building_kw : float
            Load of the building in this step [kW].
        """
        parked, ports, rules = self.parked, self.ports, self.rules
        leaving = self._occupied & (self._end_step == self.k + 1)
        any_leaving = bool(leaving.any())
        self.clamped_requests += advance_ports(
            self.energy_kwh,
            self.p_kw,
            setpoint_kw,
            parked.capacity_kwh,
            parked.floor_kwh,
            parked.ceiling_kwh,
            parked.charge_max_kw,
            parked.discharge_max_kw,
            self._plugged_share(leaving) if any_leaving else self._whole_step,
            self._uncontrolled,
            ports.eta_charge,
            ports.eta_discharge,
            building_kw,
            rules.site_cap_kw,
            rules.allow_export,
            self.dt_h,
            rules.taper_soc,
        )
        self.site_kw = building_kw + float(self.p_kw.sum())
        here = parked.session[self._occupied]
        self.energy_grid_kwh[here] += self.p_kw[self._occupied] * self.dt_h
        if any_leaving:
            self._depart(leaving)
        self.k += 1
        self._arrive(self.k)

    def outcome(self) -> dict[str, Any]:
        """What became of every session so far, and of the batteries still parked, as plain lists."""
        columns = session_outcome(
            self.sessions, self.stays, self.ports, self.soc_departure, self.energy_grid_kwh, self.dt_h
        )
        return {
            "sessions": columns,
            "soc_end": self.soc.tolist(),
            "clamped_requests": self.clamped_requests,
        }

    def get_state(self) -> dict[str, Any]:
        """JSON-able state at the start of step `k`."""
        return {
            "k": self.k,
            "session": self.parked.session.tolist(),
            "energy_kwh": self.energy_kwh.tolist(),
            "p_kw": self.p_kw.tolist(),
            "site_kw": self.site_kw,
            "clamped_requests": self.clamped_requests,
            "soc_departure": self.soc_departure.tolist(),
            "energy_grid_kwh": self.energy_grid_kwh.tolist(),
        }

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Continue from a state of `get_state`."""
        self.k = int(state["k"])
        self.site_kw = float(state["site_kw"])
        self.clamped_requests = int(state["clamped_requests"])
        session = np.asarray(state["session"], dtype=np.int64)
        self.parked = Parked.empty(len(self.ports))
        self._occupied[:] = False
        self._park(session[session >= 0], np.flatnonzero(session >= 0))
        self.energy_kwh = np.asarray(state["energy_kwh"], dtype=np.float64)
        self.p_kw = np.asarray(state["p_kw"], dtype=np.float64)
        self.soc_departure = np.asarray(state["soc_departure"], dtype=np.float64)
        self.energy_grid_kwh = np.asarray(state["energy_grid_kwh"], dtype=np.float64)

    def _plugged_share(self, leaving: npt.NDArray[np.bool_]) -> Floats:
        share = np.ones(len(self.ports))
        share[leaving] = self.stays.last_share[self.parked.session[leaving]]
        return share

    def _depart(self, leaving: npt.NDArray[np.bool_]) -> None:
        session = self.parked.session[leaving]
        self.soc_departure[session] = self.energy_kwh[leaving] / self.parked.capacity_kwh[leaving]
        self.parked = _without(self.parked, leaving)
        self.energy_kwh[leaving] = 0.0
        self._occupied[leaving] = False

    def _arrive(self, k: int) -> None:
        first, end = np.searchsorted(self._arrival_steps, (k, k + 1))
        if end > first:
            session = self._arrivals[first:end]
            self._park(session, self.stays.evse[session])

    def _park(self, session: Ints, evse: Ints) -> None:
        columns = [column.copy() for column in _columns(self.parked)]
        columns[0][evse] = session
        for column, table in zip(columns[1:], self._cars[1:], strict=True):
            column[evse] = table[session]
        parked = Parked(*columns)
        np.minimum(parked.charge_max_kw, self.ports.p_max_kw, out=parked.charge_max_kw)
        np.minimum(parked.discharge_max_kw, self.ports.p_discharge_max_kw, out=parked.discharge_max_kw)
        self.parked = parked
        self.energy_kwh[evse] = self._cars[0][session]
        self._occupied[evse] = True
        self._end_step[evse] = self.stays.end_step[session]


def _car_table(sessions: Sessions, start_s: int) -> list[Floats]:
    """Energy on arrival, then the columns of `Parked` after `session`, one row a session."""
    capacity = sessions.capacity_kwh
    return [
        sessions.soc_arrival * capacity,
        capacity,
        sessions.soc_required * capacity,
        sessions.soc_min * capacity,
        sessions.soc_max * capacity,
        sessions.p_charge_max_kw,
        sessions.p_discharge_max_kw,
        (sessions.arrival_s - start_s).astype(np.float64),
        (sessions.window_start_s - start_s).astype(np.float64),
        (sessions.window_end_s - start_s).astype(np.float64),
    ]


def _columns(parked: Parked) -> list[npt.NDArray[Any]]:
    return [
        parked.session,
        parked.capacity_kwh,
        parked.required_kwh,
        parked.floor_kwh,
        parked.ceiling_kwh,
        parked.charge_max_kw,
        parked.discharge_max_kw,
        parked.arrival_s,
        parked.window_start_s,
        parked.window_end_s,
    ]


def _without(parked: Parked, leaving: npt.NDArray[np.bool_]) -> Parked:
    session, *rest = _columns(parked)
    return Parked(np.where(leaving, EMPTY, session), *(np.where(leaving, 0.0, column) for column in rest))
