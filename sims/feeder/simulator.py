"""The feeder as a mosaik simulator: one `Feeder` entity, with `Bus`, `Line` and `Transformer` children."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from sims.faults import SimulationError
from sims.feeder.heat import Heat
from sims.feeder.names import element_names
from sims.feeder.network import find_bus, load_network
from sims.feeder.places import Places, make_places
from sims.feeder.powerflow import UNBALANCED, Engine, Solution, make_engine
from sims.feeder.site_limits import SiteLimits
from sims.feeder.zero_sequence import add_zero_sequence
from sims.vector import Child, Model, Port, VectorSimulator, child_values

FED_BACK = ("transformer_loading_max_percent", "vm_min_pu", "limits")

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Background:
    """Power of the network's own static loads in every step, shape (n_steps, n_load) [kW], [kvar]."""

    p_kw: Floats
    q_kvar: Floats


@dataclass(frozen=True, slots=True)
class Feeder:
    """A network with its engine, and where each source draws its power."""

    engine: Engine
    places: Places
    n_connections: int
    background: Background | None
    pv_kw: Floats
    names: Mapping[str, tuple[str, ...]]
    stop_on_divergence: bool
    heat: Heat | None
    limits: Mapping[str, SiteLimits]


class FeederSimulator(VectorSimulator):
    """Draws what buildings and ports take from their buses and solves the power flow of the step."""

    MODELS: ClassVar[Mapping[str, Model]] = {
        "Feeder": Model(
            params=[
                "network",
                "options",
                "folder",
                "engine",
                "zero_sequence",
                "sites",
                "open_buses",
                "background",
                "pv",
                "stop_on_divergence",
                "thermal",
                "limits_for",
            ],
            inputs={
                "building_kw": Port("active power of each site's building [kW]", many=True, optional=True),
                "building_kvar": Port("reactive power of each building [kvar]", many=True, optional=True),
                "evse_kw": Port("power of each site's ports [kW]", many=True, optional=True),
                "evse_phases": Port("phases in use at each site's ports [-]", many=True, optional=True),
                "bus_kw": Port("active power drawn at open buses, by row [kW]", optional=True),
                "bus_kvar": Port("reactive power drawn at open buses, by row [kvar]", optional=True),
            },
            outputs={
                "vm_pu": Port("voltage of each bus, NaN when not converged [pu]", nan=True),
                "line_loading_percent": Port("by current, NaN when not converged [%]", nan=True),
                "transformer_loading_percent": Port("by current, NaN when not converged [%]", nan=True),
                "transformer_loading_max_percent": Port("highest of all transformers [%]", nan=True),
                "vm_min_pu": Port("lowest of all buses and, where solved by phases, phases [pu]", nan=True),
                "import_kw": Port("power drawn from the grid above [kW]"),
                "losses_kw": Port("losses of lines and transformers [kW]"),
                "converged": Port("1 when the power flow has a solution, else 0 [-]"),
                "vm_phase_pu": Port(
                    "voltage of L1, L2, L3 of each bus, by `power-grid-model` [pu]", nan=True
                ),
                "unbalance_percent": Port("negative over positive sequence of each bus [%]", nan=True),
                "ambient_c": Port("air around the transformers [degC]"),
                "theta_topoil_c": Port("top oil at the step's end, NaN out of service [degC]", nan=True),
                "theta_hotspot_c": Port("hot spot at the step's end, NaN out of service [degC]", nan=True),
                "ageing_rate": Port("relative ageing of the paper, mean, NaN out of service [-]", nan=True),
                "limits": Port("of each site: the feeder around it, if in `limits_for`", nan=True),
            },
            children={
                "Site": Child(outputs={"limits": "limits"}),
                "Bus": Child(outputs={"vm_pu": "vm_pu"}, inputs={"p_kw": "bus_kw", "q_kvar": "bus_kvar"}),
                "Line": Child(outputs={"loading_percent": "line_loading_percent"}),
                "Transformer": Child(
                    outputs={
                        "loading_percent": "transformer_loading_percent",
                        "theta_topoil_c": "theta_topoil_c",
                        "theta_hotspot_c": "theta_hotspot_c",
                    }
                ),
            },
        )
    }

    def make(self, eid: str, model: str, **params: Any) -> Feeder:
        """Feeder of a network.

        Parameters are `network` (a pandapower net, or what `load_network` takes together with `options`
        and `folder`), `engine`, `zero_sequence` ("typical" completes a network loaded here), `sites` (by site
        name: `building_bus` and `evse_bus`, bus indices; `places.py` has what a flow by phases asks besides),
        `open_buses` (names of buses other simulators may load through `Bus` children), `background`
        (`p_kw` and `q_kvar` of the network's own loads, one row a step), `pv` (`bus` indices of plants and
        their generation `p_kw`, one row a step), `stop_on_divergence`, `thermal` (`parameters`, `paper`
        and `ambient_c` of the transformers' `Heat`; without it none is published) and `limits_for` (names of
        the sites whose `Site` child tells limits and sensitivities).
        """
        net = params["network"]
        if isinstance(net, str):
            net = load_network(net, params.get("options", {}), Path(params.get("folder", ".")))
            if params.get("zero_sequence", "network") == "typical":
                add_zero_sequence(net)
        rows = {bus: row for row, bus in enumerate(net.bus.index)}
        named = [find_bus(net, bus, "open_buses") for bus in params.get("open_buses", ())]
        open_bus = {rows[bus]: bus for bus in named}
        sites, pv = params.get("sites", {}), params.get("pv") or {"bus": [], "p_kw": None}
        engine, background = params.get("engine", "zbus"), params.get("background")
        thermal = params.get("thermal")
        in_service = net.trafo.in_service.to_numpy(dtype=np.bool_)
        buses, phases, places = make_places(sites, open_bus, pv["bus"], by_phase=engine == UNBALANCED)
        place_of = {bus: place for place, bus in enumerate(buses)}
        return Feeder(
            engine=make_engine(engine, net, buses, phases),
            places=places,
            n_connections=len(buses),
            background=None if background is None else Background(*(np.asarray(b) for b in background)),
            pv_kw=np.zeros((0, 0)) if pv["p_kw"] is None else np.asarray(pv["p_kw"], dtype=np.float64),
            names={kind: element_names(net, kind) for kind in ("bus", "line", "trafo")},
            stop_on_divergence=params.get("stop_on_divergence", False),
            heat=None if thermal is None else Heat(**thermal, in_service=in_service, dt_min=self.step_s / 60),
            limits={
                name: SiteLimits(net, sites[name]["building_bus"], sites[name]["evse_bus"], place_of)
                for name in params.get("limits_for", ())
            },
        )

    EXTRA_METHODS = ("fed_back",)

    def fed_back(self, eid: str) -> dict[str, Any]:
        """What controllers get one step later; before the first step NaN and nothing, as `initial_data`."""
        nothing = dict.fromkeys(FED_BACK, float("nan")) | {"limits": [{} for _ in self._sites(eid)]}
        return {port: self._published.get(eid, nothing)[port] for port in FED_BACK}

    def get_state(self) -> dict[str, Any]:
        return {
            eid: {"fed_back": self.fed_back(eid), "heat": feeder.heat.get_state() if feeder.heat else None}
            for eid, feeder in self.entities.items()
        }

    def set_state(self, state: Mapping[str, Any]) -> None:
        for eid, known in state.items():
            self._published[eid] = dict(known["fed_back"])
            if heat := self.entities[eid].heat:
                heat.set_state(known["heat"])

    def children(self, eid: str) -> Mapping[str, Sequence[str]]:
        names = self.entities[eid].names
        return {
            "Site": [f"site/{name}" for name in self._sites(eid)],
            "Bus": [f"bus/{name}" for name in names["bus"]],
            "Line": [f"line/{name}" for name in names["line"]],
            "Transformer": [f"transformer/{name}" for name in names["trafo"]],
        }

    def advance(self, eid: str, k: int, received: dict[str, Any]) -> dict[str, Any]:
        feeder: Feeder = self.entities[eid]
        if feeder.background is not None:
            feeder.engine.set_background(feeder.background.p_kw[k], feeder.background.q_kvar[k])
        drawn = _drawn(feeder, k, received)
        solution = feeder.engine.solve(*drawn)
        if feeder.stop_on_divergence and not solution.converged:
            raise SimulationError("the power flow has no solution (feeder.on_divergence is stop)")
        published = _published(solution)
        if feeder.heat is not None:
            published |= feeder.heat.advance(k, solution.transformer_loading_percent)
        limits = [_limits(feeder, name, solution, drawn, received) for name in self._sites(eid)]
        return published | {"limits": limits}

    def _sites(self, eid: str) -> list[str]:
        return list(self.entities[eid].places.building)


def _drawn(feeder: Feeder, k: int, received: Mapping[str, Any]) -> tuple[Floats, Floats]:
    """Power drawn at each connection in step `k`, both of shape (n_connections,) [kW], [kvar]."""
    p_kw, q_kvar = np.zeros(feeder.n_connections), np.zeros(feeder.n_connections)
    for name, power in received.get("building_kw", {}).items():
        p_kw[feeder.places.building[name]] += power
    for name, power in received.get("building_kvar", {}).items():
        q_kvar[feeder.places.building[name]] += power
    in_use = received.get("evse_phases", {})
    for name, powers in received.get("evse_kw", {}).items():
        places = feeder.places.of_ports(name, in_use.get(name))
        p_kw += np.bincount(places, child_values(powers, len(places)), feeder.n_connections)
    if len(feeder.places.pv):
        p_kw -= np.bincount(feeder.places.pv, feeder.pv_kw[k], feeder.n_connections)
    for port, total in (("bus_kw", p_kw), ("bus_kvar", q_kvar)):
        for row, power in received.get(port, {}).items():
            if row not in feeder.places.open_bus:
                raise SimulationError(f"{port}: bus {feeder.names['bus'][row]} is not among open_buses")
            total[feeder.places.open_bus[row]] += power
    return p_kw, q_kvar


def _limits(
    feeder: Feeder, site: str, solution: Solution, drawn: tuple[Floats, Floats], received: Mapping[str, Any]
) -> dict[str, Any]:
    """What the controller of a site is told, if it asks."""
    if site not in feeder.limits:
        return {}
    p_kw, q_kvar = (received.get(port, {}).get(site, 0.0) for port in ("building_kw", "building_kvar"))
    evse_kw = child_values(received.get("evse_kw", {}).get(site, {}), len(feeder.places.evse[site]))
    return feeder.limits[site].at(feeder.engine, solution, drawn, complex(p_kw, q_kvar), evse_kw)


def _published(solution: Solution) -> dict[str, Any]:
    loading, phases = solution.transformer_loading_percent, solution.phases
    lowest = solution.vm_pu if phases is None else phases.vm_phase_pu
    by_phase: dict[str, Any] = {}
    if phases is not None:
        by_phase["vm_phase_pu"] = phases.vm_phase_pu.tolist()
        by_phase["unbalance_percent"] = phases.unbalance_percent.tolist()
    return {
        **by_phase,
        "vm_pu": solution.vm_pu.tolist(),
        "line_loading_percent": solution.line_loading_percent.tolist(),
        "transformer_loading_percent": loading.tolist(),
        "transformer_loading_max_percent": float(np.fmax.reduce(loading, initial=np.nan)),
        "vm_min_pu": float(np.fmin.reduce(lowest, axis=None, initial=np.nan)),
        "import_kw": solution.import_kw,
        "losses_kw": solution.losses_kw,
        "converged": int(solution.converged),
    }
