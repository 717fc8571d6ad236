"""The ports of one site and the cars at them, as arrays that move from step to step."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from sims.faults import SimulationError
from sims.fleet.arrays import Standing, StepRules
from sims.fleet.battery import advance_ports
from sims.fleet.evse import Ports
from sims.fleet.outcome import session_outcome
from sims.fleet.parked import EMPTY, Parked, car_table
from sims.fleet.returning import plan_returns
from sims.fleet.rules import SiteRules, shared_limits
from sims.fleet.sessions import Sessions
from sims.fleet.stays import Stays
from sims.fleet.volt_watt import VoltWatt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


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
    power_share : floats, shape (n_steps,), optional
        Share of its power a car can charge and discharge with in every step, 1 by default [-].
    persistent_vehicles : bool
        Whether a car that comes back brings what it left with (`sims.fleet.returning`), or what the
        sessions say.
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
        power_share: Floats | None = None,
        persistent_vehicles: bool = False,
        volt_watt: VoltWatt | None = None,
    ) -> None:
        self.sessions, self.stays, self.ports, self.rules = sessions, stays, ports, rules
        self.dt_h, self.step_s, self.volt_watt = step_s / 3600.0, step_s, volt_watt
        self._cars = car_table(sessions, stays, ports, start_s)
        self._returns = plan_returns(sessions, stays) if persistent_vehicles else None
        connected = np.flatnonzero(stays.connected)
        self._arriving = _by_step(connected, stays.first_step)
        self._leaving = _by_step(connected, stays.end_step)
        self._outlets, self._shared = ports.outlets, shared_limits(ports, rules)
        self._step_rules = StepRules(
            float(rules.site_cap_kw), float(rules.export_limit_kw), self.dt_h, float(rules.taper_soc)
        )
        self._power_share = None if power_share is None else power_share.tolist()
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
    def power_share(self) -> float:
        """Share of its power a car can charge and discharge with in the next step [-]."""
        series = self._power_share
        return 1.0 if series is None or self.k >= len(series) else series[self.k]

    @property
    def soc_arrival(self) -> Floats:
        """State of charge each car arrived with, NaN for returns still to come, shape (m,) [-]."""
        if self._returns is None:
            return self.sessions.soc_arrival
        return self._returns.soc_arrival(np.arange(len(self.sessions)), self.soc_departure)

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
        leaving = self._leaving.get(self.k + 1)
        cars = self._standing(leaving)
        if self.volt_watt is not None:
            setpoint_kw, cars = self._within_voltage(self.volt_watt, setpoint_kw, cars)
        advance_ports(
            self.energy_kwh,
            self.p_kw,
            self.clamped_requests,
            setpoint_kw,
            building_kw,
            cars,
            self._outlets,
            self._shared,
            self._step_rules,
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
            self.sessions,
            self.stays,
            self.ports,
            self.soc_arrival,
            self.soc_departure,
            self.energy_grid_kwh,
            self.dt_h,
        )
        return {
            "sessions": columns,
            "soc_end": self.soc.tolist(),
            "clamped_requests": self.clamped_requests.tolist(),
            "volt_watt_steps": (
                self.volt_watt.limited_steps
                if self.volt_watt
                else np.zeros_like(self._outlets.uncontrolled, dtype=np.int64)
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

    def _within_voltage(
        self, volt_watt: VoltWatt, setpoint_kw: Floats, cars: Standing
    ) -> tuple[Floats, Standing]:
        """Requests, shape (n,) [kW], and cars with what the voltage leaves of them."""
        setpoint_kw, charge_max_kw = volt_watt.cut(
            setpoint_kw,
            cars.charge_max_kw,
            cars.discharge_max_kw,
            self._outlets.uncontrolled,
            self.energy_kwh < cars.ceiling_kwh,
            self.energy_kwh > cars.floor_kwh,
        )
        return setpoint_kw, cars._replace(charge_max_kw=charge_max_kw)

    def _standing(self, leaving: Ints | None) -> Standing:
        """The cars of this step as the kernel reads them."""
        parked, share = self.parked, self.power_share
        charge_max_kw, discharge_max_kw = parked.charge_max_kw, parked.discharge_max_kw
        if share < 1.0:
            charge_max_kw, discharge_max_kw = share * charge_max_kw, share * discharge_max_kw
        return Standing(
            parked.capacity_kwh,
            parked.floor_kwh,
            parked.ceiling_kwh,
            charge_max_kw,
            discharge_max_kw,
            self._whole_step if leaving is None else self._plugged_share(leaving),
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
            if self._returns is None:
                self.energy_kwh[evse] = self._cars[0, arriving]
            else:
                soc = self._returns.soc_arrival(arriving, self.soc_departure)
                self.energy_kwh[evse] = soc * self._cars[1, arriving]
            self.parked = self.parked.changed(evse, arriving, self._cars[1:, arriving])


def _by_step(connected: Ints, steps: Ints) -> dict[int, Ints]:
    """Which of the `connected` sessions have their `steps` entry at a step, by step."""
    order = connected[np.argsort(steps[connected], kind="stable")]
    at, starts = np.unique(steps[order], return_index=True)
    return dict(zip(at.tolist(), np.split(order, starts)[1:], strict=True))
