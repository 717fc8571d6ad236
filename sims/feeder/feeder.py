"""A feeder through a run: who draws what, the power flow of the step, and all that is said of it.

drawn -> power flow (with Q(V) of the ports) -> voltages, loadings
                                             -> heat, limits for controllers, tap changers (for k+1)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pandapower.auxiliary import pandapowerNet

from sims.faults import SimulationError
from sims.feeder.charger_reactive import ChargerReactive
from sims.feeder.heat import Heat
from sims.feeder.names import element_names
from sims.feeder.places import Places, make_places
from sims.feeder.powerflow import UNBALANCED, Engine, Solution, make_engine
from sims.feeder.reactive import Answer
from sims.feeder.regulator import TapRegulator
from sims.feeder.site_limits import SiteLimits
from sims.vector import child_values

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Drawn = tuple[Floats, Floats]
Received = Mapping[str, Any]

NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Background:
    """Power of the network's own static loads in every step, shape (n_steps, n_load) [kW], [kvar]."""

    p_kw: Floats
    q_kvar: Floats


@dataclass(frozen=True, slots=True)
class Feeder:
    """A network with its engine, where each source draws its power, and what it was asked to follow."""

    fixed_engine: Engine
    taps: TapRegulator | None
    places: Places
    bus_rows: Ints
    reactive: ChargerReactive | None
    tell_voltages: bool
    background: Background | None
    pv_kw: Floats
    heat: Heat | None
    limits: Mapping[str, SiteLimits]
    names: Mapping[str, tuple[str, ...]]
    stop_on_divergence: bool

    @property
    def engine(self) -> Engine:
        """The engine at work: taps that move bring their own."""
        return self.fixed_engine if self.taps is None else self.taps.engine

    @property
    def sites(self) -> list[str]:
        """Names of the sites, in the order of every list that has an entry a site."""
        return list(self.places.building)

    def step(self, k: int, received: Received) -> dict[str, Any]:
        """Solve step `k` with what was received; give all that is published of it.

        Raises
        ------
        SimulationError
            Power at a bus nobody may load, or no solution where that is to stop the run.
        """
        if self.background is not None:
            self.engine.set_background(self.background.p_kw[k], self.background.q_kvar[k])
        drawn = self._drawn(k, received)
        answer = self._solved(drawn, received)
        solution = answer.solution
        if self.stop_on_divergence and not solution.converged:
            raise SimulationError("the power flow has no solution (feeder.on_divergence is stop)")
        said = _published(solution)
        said["limits"] = [self._limits(name, drawn, solution, received) for name in self.sites]
        if self.tell_voltages:
            at_connections = solution.vm_pu[self.bus_rows]
            said["vm_evse_pu"] = [at_connections[evse].tolist() for evse in self.places.evse.values()]
        if self.reactive is not None:
            said["evse_kvar"] = self.reactive.by_site(answer.q_kvar)
            said["volt_var_settled"] = int(answer.settled)
        if self.heat is not None:
            said |= self.heat.advance(k, solution.transformer_loading_percent)
        if self.taps is not None:
            said["tap_pos"] = self.taps.position.tolist()
            self.taps.see(solution.vm_pu)
        return said

    def unknown(self) -> dict[str, Any]:
        """What is fed back of a step that was not: NaN, and nothing."""
        return {
            "transformer_loading_max_percent": NAN,
            "vm_min_pu": NAN,
            "limits": [{} for _ in self.sites],
            "vm_evse_pu": [[NAN] * len(evse) for evse in self.places.evse.values()],
        }

    def get_state(self) -> dict[str, Any]:
        """JSON-able state of what remembers."""
        return {
            "heat": self.heat.get_state() if self.heat else None,
            "taps": self.taps.get_state() if self.taps else None,
        }

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Continue from a state of `get_state`."""
        if self.heat:
            self.heat.set_state(state["heat"])
        if self.taps:
            self.taps.set_state(state["taps"])

    def _drawn(self, k: int, received: Received) -> Drawn:
        """Power drawn at each connection in step `k`, both of shape (n_connections,) [kW], [kvar]."""
        n, places = len(self.bus_rows), self.places
        p_kw, q_kvar = np.zeros(n), np.zeros(n)
        for name, power in received.get("building_kw", {}).items():
            p_kw[places.building[name]] += power
        for name, power in received.get("building_kvar", {}).items():
            q_kvar[places.building[name]] += power
        in_use = received.get("evse_phases", {})
        for name, powers in received.get("evse_kw", {}).items():
            at = places.of_ports(name, in_use.get(name))
            p_kw += np.bincount(at, child_values(powers, len(at)), n)
        if len(places.pv):
            p_kw -= np.bincount(places.pv, self.pv_kw[k], n)
        for port, total in (("bus_kw", p_kw), ("bus_kvar", q_kvar)):
            for row, power in received.get(port, {}).items():
                if row not in places.open_bus:
                    raise SimulationError(f"{port}: bus {self.names['bus'][row]} is not among open_buses")
                total[places.open_bus[row]] += power
        return p_kw, q_kvar

    def _solved(self, drawn: Drawn, received: Received) -> Answer:
        """The power flow of what everybody draws, reactive power of the ports included."""
        if self.reactive is None:
            return Answer(self.engine.solve(*drawn), np.zeros(0), settled=True)
        sent = received.get("evse_kw", {})
        evse_kw = [child_values(sent.get(name, {}), len(evse)) for name, evse in self.places.evse.items()]
        return self.reactive.solve(self.engine, *drawn, np.concatenate(evse_kw))

    def _limits(self, site: str, drawn: Drawn, solution: Solution, received: Received) -> dict[str, Any]:
        """What the controller of a site is told, if it asks."""
        if site not in self.limits:
            return {}
        p_kw, q_kvar = (received.get(port, {}).get(site, 0.0) for port in ("building_kw", "building_kvar"))
        evse_kw = child_values(received.get("evse_kw", {}).get(site, {}), len(self.places.evse[site]))
        return self.limits[site].at(self.engine, solution, drawn, complex(p_kw, q_kvar), evse_kw)


def make_feeder(
    net: pandapowerNet,
    engine: str,
    *,
    step_s: int,
    sites: Mapping[str, Mapping[str, Any]],
    open_bus: Mapping[int, int],
    background: Sequence[Sequence[Sequence[float]]] | None = None,
    pv: Mapping[str, Any] | None = None,
    thermal: Mapping[str, Any] | None = None,
    limits_for: Sequence[str] = (),
    tap_changers: Sequence[Mapping[str, Any]] = (),
    stop_on_divergence: bool = False,
) -> Feeder:
    """Feeder of a checked network; `FeederSimulator.make` describes the parameters."""
    plants = pv or {"bus": [], "p_kw": np.zeros((0, 0))}
    buses, phases, places = make_places(sites, open_bus, plants["bus"], by_phase=engine == UNBALANCED)
    place_of = {bus: place for place, bus in enumerate(buses)}
    bus_rows = net.bus.index.get_indexer(buses).astype(np.int64)
    taps = TapRegulator(engine, net, buses, tap_changers, step_s) if tap_changers else None
    fixed = make_engine(engine, net, buses, phases) if taps is None else taps.engine
    reactive = any("reactive" in site for site in sites.values())
    in_service = net.trafo.in_service.to_numpy(dtype=np.bool_)
    return Feeder(
        fixed_engine=fixed,
        taps=taps,
        places=places,
        bus_rows=bus_rows,
        reactive=ChargerReactive.of_sites(fixed, sites, places.evse, bus_rows) if reactive else None,
        tell_voltages=any(site.get("volt_watt") for site in sites.values()),
        background=None if background is None else Background(*(np.asarray(part) for part in background)),
        pv_kw=np.asarray(plants["p_kw"], dtype=np.float64),
        heat=None if thermal is None else Heat(**thermal, in_service=in_service, dt_min=step_s / 60),
        limits={
            name: SiteLimits(net, sites[name]["building_bus"], sites[name]["evse_bus"], place_of)
            for name in limits_for
        },
        names={kind: element_names(net, kind) for kind in ("bus", "line", "trafo")},
        stop_on_divergence=stop_on_divergence,
    )


def _published(solution: Solution) -> dict[str, Any]:
    loading, phases = solution.transformer_loading_percent, solution.phases
    said = {
        "vm_pu": solution.vm_pu.tolist(),
        "line_loading_percent": solution.line_loading_percent.tolist(),
        "transformer_loading_percent": loading.tolist(),
        "transformer_loading_max_percent": float(np.fmax.reduce(loading, initial=np.nan)),
        "import_kw": solution.import_kw,
        "losses_kw": solution.losses_kw,
        "converged": int(solution.converged),
    }
    lowest = solution.vm_pu
    if phases is not None:
        lowest = phases.vm_phase_pu
        said["vm_phase_pu"] = phases.vm_phase_pu.tolist()
        said["unbalance_percent"] = phases.unbalance_percent.tolist()
    return said | {"vm_min_pu": float(np.fmin.reduce(lowest, axis=None, initial=np.nan))}
