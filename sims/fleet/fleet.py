"""The ports of one site and the cars at them, as arrays that move from step to step."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sims.faults import SimulationError
from sims.fleet.battery import NO_TAPER, advance_ports
from sims.fleet.evse import UNCONTROLLED, Ports
from sims.fleet.outcome import session_outcome
from sims.fleet.parked import EMPTY, Parked, car_table
from sims.fleet.sessions import Sessions
from sims.fleet.stays import Stays
from sims.fleet.volt_watt import VoltWatt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SiteRules:
    """What the site enforces whatever the policy asks.

    Parameters
    ----------
    site_cap_kw : float
        Main-breaker limit on building plus chargers, inf for none [kW].
    export_limit_kw : float
        What the site may feed back, 0 for no export, inf for no limit [kW].
    taper_soc : float
        SoC where the two-stage charging curve starts, 1 for no taper [-].
    """

    site_cap_kw: float = float("inf")
    export_limit_kw: float = 0.0
    taper_soc: float = NO_TAPER


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
    volt_watt : VoltWatt, optional
        What low and high voltage leave of the ports' power.
    """

    def __init__(
        self,
        sessions: Sessions,
        stays: Stays,
        ports: Ports,
        rules: SiteRules,
        *,
        start_s: int,
        step_s: int,
        volt_watt: VoltWatt | None = None,
    ) -> None:
        self.sessions, self.stays, self.ports, self.rules = sessions, stays, ports, rules
        self.dt_h, self.step_s, self.volt_watt = step_s / 3600.0, step_s, volt_watt
        self._cars = car_table(sessions, stays, ports, start_s)
        connected = np.flatnonzero(stays.connected)
        self._arriving = _by_step(connected, stays.first_step)
        self._leaving = _by_step(connected, stays.end_step)
        self._uncontrolled = ports.kind == UNCONTROLLED
        self._whole_step = np.ones(len(ports))
        self.k = 0
        self.parked = Parked.nobody(len(ports))
        self.energy_kwh = np.zeros(len(ports))
        self.p_kw = np.zeros(len(ports))
        self.site_kw = 0.0
        self.clamped_requests = np.zeros(len(ports), dtype=np.int64)
        self.soc_departure = np.full(len(sessions), np.nan)
        self._metered_kwh = np.zeros(len(ports))
        self._departed_kwh = np.zeros(len(sessions))
        self._arrive()

    @property
    def soc(self) -> Floats:
        """State of charge at the start of the step, NaN at free ports, shape (n,) [-]."""
        soc = np.full(len(self.ports), np.nan)
        np.divide(self.energy_kwh, self.parked.capacity_kwh, out=soc, where=self.parked.session >= 0)
        return soc

    @property
    def energy_grid_kwh(self) -> Floats:
        """Net metered energy of each session so far, shape (m,) [kWh]."""
        energy = self._departed_kwh.copy()
        occupied = self.parked.session >= 0
        energy[self.parked.session[occupied]] = self._metered_kwh[occupied]
        return energy

    def step(self, setpoint_kw: Floats, building_kw: float) -> None:
        """Run the step, then apply the departures and arrivals of the next one.

        Parameters
        ----------
        setpoint_kw : floats, shape (n,)
            Requested grid-side power of each port [kW].
        building_kw : float
            Load of the building in this step, less PV [kW].
        """
        if len(setpoint_kw) != len(self.ports):
            raise SimulationError(f"{len(setpoint_kw)} setpoints for {len(self.ports)} ports")
        parked, ports, rules = self.parked, self.ports, self.rules
        leaving = self._leaving.get(self.k + 1)
        setpoint_kw, charge_max_kw = self._within_voltage(setpoint_kw)
        advance_ports(
            self.energy_kwh,
            self.p_kw,
            self.clamped_requests,
            setpoint_kw,
            parked.capacity_kwh,
            parked.floor_kwh,
            parked.ceiling_kwh,
            charge_max_kw,
            parked.discharge_max_kw,
            self._whole_step if leaving is None else self._plugged_share(leaving),
            self._uncontrolled,
            ports.eta_charge,
            ports.eta_discharge,
            building_kw,
            rules.site_cap_kw,
            rules.export_limit_kw,
            self.dt_h,
            rules.taper_soc,
        )
        self.site_kw = building_kw + float(self.p_kw.sum())
        self._metered_kwh += self.p_kw * self.dt_h
        if leaving is not None:
            self._depart(leaving)
        self.k += 1
        self._arrive()

    def outcome(self) -> dict[str, Any]:
        """What became of every session so far, and of the batteries still parked, as plain lists."""
        columns = session_outcome(
            self.sessions, self.stays, self.ports, self.soc_departure, self.energy_grid_kwh, self.dt_h
        )
        return {
            "sessions": columns,
            "soc_end": self.soc.tolist(),
            "clamped_requests": self.clamped_requests.tolist(),
            "volt_watt_steps": (
                self.volt_watt.limited_steps
                if self.volt_watt
                else np.zeros_like(self._uncontrolled, dtype=np.int64)
            ).tolist(),
        }

    def get_state(self) -> dict[str, Any]:
        """JSON-able state at the start of step `k`."""
        return {
            "k": self.k,
            "session": self.parked.session.tolist(),
            "energy_kwh": self.energy_kwh.tolist(),
            "p_kw": self.p_kw.tolist(),
            "site_kw": self.site_kw,
            "clamped_requests": self.clamped_requests.tolist(),
            "soc_departure": self.soc_departure.tolist(),
            "metered_kwh": self._metered_kwh.tolist(),
            "departed_kwh": self._departed_kwh.tolist(),
            "volt_watt": None if self.volt_watt is None else self.volt_watt.get_state(),
        }

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Continue from a state of `get_state`."""
        self.k = int(state["k"])
        self.site_kw = float(state["site_kw"])
        self.clamped_requests = np.asarray(state["clamped_requests"], dtype=np.int64)
        session = np.asarray(state["session"], dtype=np.int64)
        evse = np.flatnonzero(session >= 0)
        cars = self._cars[1:, session[evse]]
        self.parked = Parked.nobody(len(self.ports)).changed(evse, session[evse], cars)
        self.energy_kwh = np.asarray(state["energy_kwh"], dtype=np.float64)
        self.p_kw = np.asarray(state["p_kw"], dtype=np.float64)
        self.soc_departure = np.asarray(state["soc_departure"], dtype=np.float64)
        self._metered_kwh = np.asarray(state["metered_kwh"], dtype=np.float64)
        self._departed_kwh = np.asarray(state["departed_kwh"], dtype=np.float64)
        if self.volt_watt is not None:
            self.volt_watt.set_state(state["volt_watt"])

    def _within_voltage(self, setpoint_kw: Floats) -> tuple[Floats, Floats]:
        """Requests and charging limits that the voltage leaves, both of shape (n,) [kW]."""
        parked = self.parked
        if self.volt_watt is None:
            return setpoint_kw, parked.charge_max_kw
        return self.volt_watt.cut(
            setpoint_kw,
            parked.charge_max_kw,
            parked.discharge_max_kw,
            self._uncontrolled,
            self.energy_kwh < parked.ceiling_kwh,
            self.energy_kwh > parked.floor_kwh,
        )

    def _plugged_share(self, leaving: Ints) -> Floats:
        share = np.ones(len(self.ports))
        share[self.stays.evse[leaving]] = self.stays.last_share[leaving]
        return share

    def _depart(self, leaving: Ints) -> None:
        evse = self.stays.evse[leaving]
        self.soc_departure[leaving] = self.energy_kwh[evse] / self.parked.capacity_kwh[evse]
        self._departed_kwh[leaving] = self._metered_kwh[evse]
        self.energy_kwh[evse] = 0.0
        self._metered_kwh[evse] = 0.0
        self.parked = self.parked.changed(evse, EMPTY, 0.0)

    def _arrive(self) -> None:
        arriving = self._arriving.get(self.k)
        if arriving is not None:
            evse = self.stays.evse[arriving]
            self.energy_kwh[evse] = self._cars[0, arriving]
            self.parked = self.parked.changed(evse, arriving, self._cars[1:, arriving])


def _by_step(connected: Ints, steps: Ints) -> dict[int, Ints]:
    """Which of the `connected` sessions have their `steps` entry at a step, by step."""
    order = connected[np.argsort(steps[connected], kind="stable")]
    at, starts = np.unique(steps[order], return_index=True)
    return dict(zip(at.tolist(), np.split(order, starts)[1:], strict=True))
