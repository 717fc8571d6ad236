"""EVs and chargers as a mosaik simulator: one `Fleet` entity a site, with an `Evse` child for each port."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, ClassVar

import numpy as np

from sims.clock import Clock
from sims.fleet.evse import ASSIGNMENTS, Ports
from sims.fleet.fleet import Fleet
from sims.fleet.parked import Parked
from sims.fleet.phases import shared_phases
from sims.fleet.rules import SiteRules
from sims.fleet.sessions import TEXT_COLUMNS, WHOLE_COLUMNS, Sessions
from sims.fleet.stays import plan_stays
from sims.fleet.volt_watt import VoltWatt, VoltWattCurves
from sims.forecaster import Forecasters
from sims.portcheck import PortError
from sims.vector import Child, Model, Port, VectorSimulator, child_values


class FleetSimulator(VectorSimulator):
    """Clamps setpoints to what ports, cars and site allow, moves energy, and lets cars come and go."""

    MODELS: ClassVar[Mapping[str, Model]] = {
        "Fleet": Model(
            params=[
                "sessions",
                "ports",
                "assignment",
                "rules",
                "n_steps",
                "power_share",
                "persistent_vehicles",
                "tell_phases",
                "volt_watt",
                "forecasts",
            ],
            inputs={
                "setpoint_kw": Port("requested power of each port [kW]"),
                "vm_evse_pu": Port("voltage at each port in the last step [pu]", nan=True, optional=True),
                "building_kw": Port("building load less PV of this step [kW]", optional=True),
                "pv_kw": Port("PV generation of this step, given on [kW]", optional=True),
            },
            outputs={
                "evse_kw": Port("mean grid-side power of each port [kW]"),
                "evse_phases": Port(
                    "phases in use at each port, 0 at free ones; only with `tell_phases` [-]"
                ),
                "soc": Port("state of charge at the start of the step, NaN at free ports [-]", nan=True),
                "session": Port("session at each port at the start of the step, -1 at free ones [-]"),
                "site_kw": Port("building plus ports [kW]"),
                "building_kw": Port("building load less PV of the step, as received [kW]"),
                "pv_kw": Port("PV generation of the step, as received [kW]"),
                "setpoint_kw": Port("requested power of each port, as received [kW]"),
                "state_next": Port("what holds at the start of the next step, for controllers", nan=True),
            },
            children={
                "Evse": Child(
                    outputs={"p_kw": "evse_kw", "soc": "soc", "session": "session"},
                    inputs={"setpoint_kw": "setpoint_kw"},
                )
            },
        )
    }

    EXTRA_METHODS = ("fed_back", "outcome")

    def __init__(self) -> None:
        super().__init__()
        self._tables: dict[str, tuple[Parked, dict[str, Any]]] = {}
        self._phases: dict[str, tuple[list[int], list[int]]] = {}
        self._forecasters: dict[str, Forecasters] = {}

    def make(self, eid: str, model: str, **params: Any) -> Fleet:
        """Fleet of a site.

        Parameters are `sessions` (columns of `Sessions`), `ports` (columns of `Ports`), `assignment`
        (a name), `rules` (fields of `SiteRules`), `n_steps` of the run, `power_share` (one a step, where
        the cars' power depends on the weather), `persistent_vehicles`, `tell_phases` (whether `evse_phases`
        is published, for feeders that are solved by phases), `volt_watt` (fields of `VoltWattCurves`) and
        `forecasts` (fields of a `ForecastRequest` as `arrivals`).
        """
        sessions = Sessions(**_arrays(params["sessions"]))
        ports = Ports(**_arrays(params["ports"]))
        stays = plan_stays(
            sessions,
            ports,
            ASSIGNMENTS[params.get("assignment", "bidirectional_first")],
            start_s=self.start_s,
            step_s=self.step_s,
            n_steps=params["n_steps"],
        )
        rules = SiteRules(**params.get("rules", {}))
        if params.get("tell_phases", False):
            self._phases[eid] = ([], [])
        if asked := params.get("forecasts"):
            clock = Clock(self.start_s, self.step_s, params["n_steps"], self.zone)
            self._forecasters[eid] = Forecasters(asked, {"arrivals": sessions.arrivals(clock)}, clock)
        share, curves = params.get("power_share"), params.get("volt_watt")
        return Fleet(
            sessions,
            stays,
            ports,
            rules,
            start_s=self.start_s,
            step_s=self.step_s,
            power_share=None if share is None else np.asarray(share, dtype=np.float64),
            persistent_vehicles=params.get("persistent_vehicles", False),
            volt_watt=None if curves is None else VoltWatt(VoltWattCurves.of(curves), len(ports)),
        )

    def children(self, eid: str) -> Mapping[str, Sequence[str]]:
        return {"Evse": self.entities[eid].ports.names}

    def advance(self, eid: str, k: int, received: dict[str, Any]) -> dict[str, Any]:
        fleet: Fleet = self.entities[eid]
        building_kw = received.get("building_kw", 0.0)
        soc, session = fleet.soc.tolist(), self._table(eid, fleet.parked)["session"]
        phases = {"evse_phases": self._phases_in_use(eid, session)} if eid in self._phases else {}
        setpoint_kw = np.array(child_values(received["setpoint_kw"], len(fleet.ports)), dtype=np.float64)
        if setpoint_kw.size != len(fleet.ports):
            raise PortError("setpoint_kw", f"got {setpoint_kw.size} values for {len(fleet.ports)} ports")
        if fleet.volt_watt is not None and "vm_evse_pu" in received:
            fleet.volt_watt.see(np.array(received["vm_evse_pu"], dtype=np.float64))
        fleet.step(setpoint_kw, building_kw)
        return {
            "evse_kw": fleet.p_kw.tolist(),
            **phases,
            "soc": soc,
            "session": session,
            "site_kw": fleet.site_kw,
            "building_kw": building_kw,
            "pv_kw": received.get("pv_kw", 0.0),
            "setpoint_kw": setpoint_kw.tolist(),
            **self.fed_back(eid),
        }

    def fed_back(self, eid: str) -> dict[str, Any]:
        """What controllers get one step later; before the first step their `initial_data`."""
        fleet: Fleet = self.entities[eid]
        state = {
            "parked": self._table(eid, fleet.parked),
            "energy_kwh": fleet.energy_kwh.tolist(),
            "site_kw": fleet.site_kw,
            "power_share": fleet.power_share,
        }
        if eid in self._forecasters:
            state["forecasts"] = self._forecasters[eid].issue(fleet.k)
        return {"state_next": state}

    def outcome(self, eid: str) -> dict[str, Any]:
        """What became of every session, and the batteries still parked: plain lists."""
        return self.entities[eid].outcome()

    def get_state(self) -> dict[str, Any]:
        return {eid: fleet.get_state() for eid, fleet in self.entities.items()}

    def set_state(self, state: Mapping[str, Any]) -> None:
        for eid, fleet in self.entities.items():
            fleet.set_state(state[eid])

    def _phases_in_use(self, eid: str, session: list[int]) -> list[int]:
        """Phases each parked car shares with its port; made anew only when a car came or went."""
        known = self._phases[eid]
        if known[0] is not session:
            fleet: Fleet = self.entities[eid]
            known = (session, shared_phases(fleet.sessions.phases, fleet.ports.phases, session))
            self._phases[eid] = known
        return known[1]

    def _table(self, eid: str, parked: Parked) -> dict[str, Any]:
        """The parked cars as lists; made anew only when a car came or went."""
        known = self._tables.get(eid)
        if known is None or known[0] is not parked:
            known = (parked, {f.name: getattr(parked, f.name).tolist() for f in fields(parked)})
            self._tables[eid] = known
        return known[1]


def _arrays(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Columns as arrays; text stays a tuple."""
    return {name: _column(name, values) for name, values in columns.items()}


def _column(name: str, values: Any) -> Any:
    if name in TEXT_COLUMNS:
        return tuple(values)
    return np.asarray(
        values, dtype=np.int64 if name in (*WHOLE_COLUMNS, "kind", "station_index") else np.float64
    )
