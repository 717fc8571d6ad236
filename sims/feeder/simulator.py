"""The feeder as a mosaik simulator: one `Feeder` entity, with `Bus`, `Line` and `Transformer` children."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from sims.faults import SimulationError
from sims.feeder.charger_reactive import ChargerReactive
from sims.feeder.names import element_names
from sims.feeder.network import find_bus, load_network
from sims.feeder.powerflow import Engine, Solution, make_engine
from sims.feeder.reactive import Answer
from sims.feeder.regulator import TapRegulator
from sims.vector import Child, Model, Port, VectorSimulator, child_values

FED_BACK = ("transformer_loading_max_percent", "vm_min_pu", "vm_evse_pu")

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Places:
    """Where power is drawn: index into the engine's connections, for each source.

    Parameters
    ----------
    building : mapping of str to int
        Connection of each site's building.
    evse : mapping of str to ints, shape (n_evse,)
        Connection of each port of each site.
    open_bus : mapping of int to int
        Connection of each bus (by its row) that other simulators may load.
    pv : ints, shape (n_pv,)
        Connection of each PV plant on the feeder.
    """

    building: Mapping[str, int]
    evse: Mapping[str, Ints]
    open_bus: Mapping[int, int]
    pv: Ints


@dataclass(frozen=True, slots=True)
class Background:
    """Power of the network's own static loads in every step, shape (n_steps, n_load) [kW], [kvar]."""

    p_kw: Floats
    q_kvar: Floats


@dataclass(frozen=True, slots=True)
class Feeder:
    """A network with its engine, and where each source draws its power."""

    fixed_engine: Engine
    taps: TapRegulator | None
    places: Places
    bus_rows: Ints
    reactive: ChargerReactive | None
    tell_voltages: bool
    background: Background | None
    pv_kw: Floats
    names: Mapping[str, tuple[str, ...]]
    stop_on_divergence: bool

    @property
    def engine(self) -> Engine:
        """The engine at work: taps that move bring their own."""
        return self.fixed_engine if self.taps is None else self.taps.engine

    @property
    def n_connections(self) -> int:
        """Number of buses that draw power."""
        return len(self.bus_rows)


class FeederSimulator(VectorSimulator):
    """Draws what buildings and ports take from their buses and solves the power flow of the step."""

    MODELS: ClassVar[Mapping[str, Model]] = {
        "Feeder": Model(
            params=[
                "network",
                "options",
                "folder",
                "engine",
                "sites",
                "open_buses",
                "background",
                "pv",
                "stop_on_divergence",
                "tap_changers",
            ],
            inputs={
                "building_kw": Port("active power of each site's building [kW]", many=True, optional=True),
                "building_kvar": Port("reactive power of each building [kvar]", many=True, optional=True),
                "evse_kw": Port("power of each site's ports [kW]", many=True, optional=True),
                "bus_kw": Port("active power drawn at open buses, by row [kW]", optional=True),
                "bus_kvar": Port("reactive power drawn at open buses, by row [kvar]", optional=True),
            },
            outputs={
                "vm_pu": Port("voltage of each bus, NaN when not converged [pu]", nan=True),
                "line_loading_percent": Port("by current, NaN when not converged [%]", nan=True),
                "transformer_loading_percent": Port("by current, NaN when not converged [%]", nan=True),
                "transformer_loading_max_percent": Port("highest of all transformers [%]", nan=True),
                "vm_min_pu": Port("lowest of all buses [pu]", nan=True),
                "import_kw": Port("power drawn from the grid above [kW]"),
                "losses_kw": Port("losses of lines and transformers [kW]"),
                "converged": Port("1 when the power flow has a solution, else 0 [-]"),
                "vm_evse_pu": Port("voltage at each port, a list a site, NaN when unknown [pu]", nan=True),
                "evse_kvar": Port("reactive power of each port, a list a site [kvar]"),
                "volt_var_settled": Port("1 when every port is on its Q(V) curve, else 0 [-]"),
                "tap_pos": Port("tap position of each transformer, NaN without taps [-]", nan=True),
            },
            children={
                "Site": Child(outputs={"vm_evse_pu": "vm_evse_pu", "evse_kvar": "evse_kvar"}),
                "Bus": Child(outputs={"vm_pu": "vm_pu"}, inputs={"p_kw": "bus_kw", "q_kvar": "bus_kvar"}),
                "Line": Child(outputs={"loading_percent": "line_loading_percent"}),
                "Transformer": Child(outputs={"loading_percent": "transformer_loading_percent"}),
            },
        )
    }

    def make(self, eid: str, model: str, **params: Any) -> Feeder:
        """Feeder of a network.

        Parameters are `network` (a pandapower net, or what `load_network` takes together with `options`
        and `folder`), `engine`, `sites` (by site name: `building_bus` and `evse_bus`, bus indices),
        `open_buses` (names of buses other simulators may load through `Bus` children), `background`
        (`p_kw` and `q_kvar` of the network's own loads, one row a step), `pv` (`bus` indices of plants and
        their generation `p_kw`, one row a step), `stop_on_divergence` and `tap_changers` (see
        `TapRegulator`). A site may have `reactive` (see `ChargerReactive`) and `volt_watt`, whether its
        fleet is told the voltage at its ports.
        """
        net = params["network"]
        if isinstance(net, str):
            net = load_network(net, params.get("options", {}), Path(params.get("folder", ".")))
        rows = {bus: row for row, bus in enumerate(net.bus.index)}
        named = [find_bus(net, bus, "open_buses") for bus in params.get("open_buses", ())]
        open_bus = {rows[bus]: bus for bus in named}
        sites, pv = params.get("sites", {}), params.get("pv") or {"bus": [], "p_kw": None}
        buses, places = _places(sites, open_bus, pv["bus"])
        bus_rows = np.array([rows[bus] for bus in buses], dtype=np.int64)
        background, changers = params.get("background"), params.get("tap_changers", ())
        engine = params.get("engine", "zbus")
        taps = TapRegulator(engine, net, buses, changers, self.step_s) if changers else None
        fixed = make_engine(engine, net, buses) if taps is None else taps.engine
        return Feeder(
            fixed_engine=fixed,
            taps=taps,
            places=places,
            bus_rows=bus_rows,
            reactive=ChargerReactive.of_sites(fixed, sites, places.evse, bus_rows)
            if any("reactive" in site for site in sites.values())
            else None,
            tell_voltages=any(site.get("volt_watt") for site in sites.values()),
            background=None if background is None else Background(*(np.asarray(b) for b in background)),
            pv_kw=np.zeros((0, 0)) if pv["p_kw"] is None else np.asarray(pv["p_kw"], dtype=np.float64),
            names={kind: element_names(net, kind) for kind in ("bus", "line", "trafo")},
            stop_on_divergence=params.get("stop_on_divergence", False),
        )

    EXTRA_METHODS = ("fed_back",)

    def fed_back(self, eid: str) -> dict[str, Any]:
        """What controllers and fleets get one step later; before the first step NaN, as `initial_data`."""
        evse = self.entities[eid].places.evse.values()
        unknown: dict[str, Any] = dict.fromkeys(FED_BACK, float("nan"))
        unknown["vm_evse_pu"] = [[float("nan")] * len(places) for places in evse]
        last = self._published.get(eid, unknown)
        return {port: last.get(port, unknown[port]) for port in FED_BACK}

    def get_state(self) -> dict[str, Any]:
        return {
            eid: {"fed_back": self.fed_back(eid), "taps": feeder.taps.get_state() if feeder.taps else None}
            for eid, feeder in self.entities.items()
        }

    def set_state(self, state: Mapping[str, Any]) -> None:
        for eid, known in state.items():
            self._published[eid] = dict(known["fed_back"])
            if taps := self.entities[eid].taps:
                taps.set_state(known["taps"])

    def children(self, eid: str) -> Mapping[str, Sequence[str]]:
        names = self.entities[eid].names
        return {
            "Site": [f"site/{name}" for name in self.entities[eid].places.evse],
            "Bus": [f"bus/{name}" for name in names["bus"]],
            "Line": [f"line/{name}" for name in names["line"]],
            "Transformer": [f"transformer/{name}" for name in names["trafo"]],
        }

    def advance(self, eid: str, k: int, received: dict[str, Any]) -> dict[str, Any]:
        feeder: Feeder = self.entities[eid]
        if feeder.background is not None:
            feeder.engine.set_background(feeder.background.p_kw[k], feeder.background.q_kvar[k])
        answer = _solved(feeder, k, received)
        solution = answer.solution
        if feeder.stop_on_divergence and not solution.converged:
            raise SimulationError("the power flow has no solution (feeder.on_divergence is stop)")
        published = _published(solution)
        if feeder.tell_voltages:
            at_connections = solution.vm_pu[feeder.bus_rows]
            published["vm_evse_pu"] = [at_connections[evse].tolist() for evse in feeder.places.evse.values()]
        if feeder.reactive is not None:
            published["evse_kvar"] = feeder.reactive.by_site(answer.q_kvar)
            published["volt_var_settled"] = int(answer.settled)
        if feeder.taps is not None:
            published["tap_pos"] = feeder.taps.position.tolist()
            feeder.taps.see(solution.vm_pu)
        return published


def _places(
    sites: Mapping[str, Any], open_bus: Mapping[int, int], pv_bus: Sequence[int]
) -> tuple[list[int], Places]:
    """Each bus that draws power once, and the place of every source among them."""
    every = [[site["building_bus"], *site["evse_bus"]] for site in sites.values()]
    buses = sorted({int(bus) for group in [*every, open_bus.values(), pv_bus] for bus in group})
    place = {bus: index for index, bus in enumerate(buses)}
    return buses, Places(
        building={name: place[int(site["building_bus"])] for name, site in sites.items()},
        evse={
            name: np.array([place[int(bus)] for bus in site["evse_bus"]], dtype=np.int64)
            for name, site in sites.items()
        },
        open_bus={row: place[int(bus)] for row, bus in open_bus.items()},
        pv=np.array([place[int(bus)] for bus in pv_bus], dtype=np.int64),
    )


def _drawn(feeder: Feeder, k: int, received: Mapping[str, Any]) -> tuple[Floats, Floats]:
    """Power drawn at each connection in step `k`, both of shape (n_connections,) [kW], [kvar]."""
    p_kw, q_kvar = np.zeros(feeder.n_connections), np.zeros(feeder.n_connections)
    for name, power in received.get("building_kw", {}).items():
        p_kw[feeder.places.building[name]] += power
    for name, power in received.get("building_kvar", {}).items():
        q_kvar[feeder.places.building[name]] += power
    for name, powers in received.get("evse_kw", {}).items():
        places = feeder.places.evse[name]
        p_kw += np.bincount(places, child_values(powers, len(places)), feeder.n_connections)
    if len(feeder.places.pv):
        p_kw -= np.bincount(feeder.places.pv, feeder.pv_kw[k], feeder.n_connections)
    for port, total in (("bus_kw", p_kw), ("bus_kvar", q_kvar)):
        for row, power in received.get(port, {}).items():
            if row not in feeder.places.open_bus:
                raise SimulationError(f"{port}: bus {feeder.names['bus'][row]} is not among open_buses")
            total[feeder.places.open_bus[row]] += power
    return p_kw, q_kvar


def _solved(feeder: Feeder, k: int, received: Mapping[str, Any]) -> Answer:
    """The power flow of what everybody draws in step `k`, reactive power of the ports included."""
    drawn = _drawn(feeder, k, received)
    if feeder.reactive is None:
        return Answer(feeder.engine.solve(*drawn), np.zeros(0), settled=True)
    sent = received.get("evse_kw", {})
    evse_kw = [child_values(sent.get(name, {}), len(evse)) for name, evse in feeder.places.evse.items()]
    return feeder.reactive.solve(feeder.engine, *drawn, np.concatenate(evse_kw))


def _published(solution: Solution) -> dict[str, Any]:
    loading = solution.transformer_loading_percent
    return {
        "vm_pu": solution.vm_pu.tolist(),
        "line_loading_percent": solution.line_loading_percent.tolist(),
        "transformer_loading_percent": loading.tolist(),
        "transformer_loading_max_percent": float(np.fmax.reduce(loading, initial=np.nan)),
        "vm_min_pu": float(np.fmin.reduce(solution.vm_pu, initial=np.nan)),
        "import_kw": solution.import_kw,
        "losses_kw": solution.losses_kw,
        "converged": int(solution.converged),
    }
