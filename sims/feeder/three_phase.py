"""The unbalanced engine: power-grid-model solves all three phases, currents and voltages of each are read."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from pandapower.auxiliary import pandapowerNet
from power_grid_model import CalculationMethod, PowerGridModel, initialize_array
from power_grid_model.errors import PowerGridError  # pyright: ignore[reportPrivateImportUsage]

from sims.faults import DataError, Fault, SimulationError
from sims.feeder.admittance import build_model, constant_demand, node_of, obstacle
from sims.feeder.kernels import Complexes, Floats, Ints
from sims.feeder.pgm_input import pgm_input
from sims.feeder.phase_kernels import node_results, worst_loading
from sims.feeder.runpp import RunppEngine
from sims.feeder.sensitivity import Sensitivities, Watch, by_differences
from sims.feeder.solution import PhaseSolution, Solution, checked
from sims.feeder.static_loads import static_loads
from sims.feeder.zero_sequence import check_phases

NAME = "power-grid-model"
THREE = 0
# how each attempt solves; iterative current keeps its factors from step to step
ATTEMPTS = ((CalculationMethod.iterative_current, 60), (CalculationMethod.newton_raphson, 30))
TOLERANCE_PU = 1e-10
AGREEMENT_PU = 1e-6
PROBE_KW = 0.1
FLOWS = ["p_from", "p_to", "i_from", "i_to"]
OUTPUT: Any = {"node": ["u_pu", "u_angle"], "line": FLOWS, "transformer": FLOWS, "source": ["p", "q"]}


class ThreePhaseEngine:
    """Power flow of each phase; every load lies between its phase and the neutral.

    Parameters
    ----------
    net : pandapowerNet
        A network without faults of `check_network`; it is copied.
    buses : Sequence[int]
        Bus index of each connection, shape (n_connections,); a bus may occur more than once.
    phases : Sequence[int]
        What each connection draws on, shape (n_connections,): 0 all three phases alike, 1, 2, 3 that one.

    Raises
    ------
    DataError
        The network has faults of `check_phases`, elements that are not solved by phases, or no solution even
        without its loads.
    SimulationError
        power-grid-model and pandapower do not agree on this network under a balanced load.

    Notes
    -----
    Every step starts flat: the answer does not depend on what was solved before.
    """

    name = NAME

    def __init__(self, net: pandapowerNet, buses: Sequence[int], phases: Sequence[int]) -> None:
        if faults := check_phases(net):
            raise DataError(faults)
        self._reference = RunppEngine(net, buses)
        solved = self._reference.net
        if (reason := obstacle(solved)) is not None:
            raise DataError([Fault("N21", "network", f"{reason}: {NAME} cannot take this network")])
        self._own = static_loads(net)
        self._model, voltage = build_model(solved, np.array(self._reference.buses, dtype=np.int64))
        own_node = node_of(solved, self._own.bus)
        self._own_served = self._own.in_service & (own_node >= 0)
        constant = constant_demand(solved) * self._model.base_kva
        drawing = [self._model.connection_node, own_node[self._own_served], np.flatnonzero(constant)]
        load_node = np.unique(np.concatenate(drawing))
        self._load_of_connection = np.searchsorted(load_node, self._model.connection_node)
        self._load_of_own = np.searchsorted(load_node, own_node[self._own_served])
        self._share = np.where(np.array(phases)[:, None] == THREE, 1.0 / 3.0, np.eye(4)[list(phases), 1:])
        self._constant_kva = constant[load_node, None] / np.full(3, 3.0)
        self._start(solved, voltage, load_node)
        self._agree()

    def set_background(self, p_kw: Floats, q_kvar: Floats) -> None:
        """Consumption of the network's own static loads from now on; see `Engine.set_background`."""
        self._reference.set_background(p_kw, q_kvar)
        served, own, reference = self._own_served, self._own, self._reference
        drawn = reference.own_p_kw[:, None] * own.p_share + 1j * reference.own_q_kvar[:, None] * own.q_share
        self._background_kva = self._constant_kva.copy()
        np.add.at(self._background_kva, self._load_of_own, drawn[served])

    def sensitivities(self, p_kw: Floats, q_kvar: Floats, watch: Watch) -> Sensitivities | None:
        """Central differences: two power flows a connection; see `Engine.sensitivities`."""
        return by_differences(self, p_kw, q_kvar, watch)

    def solve(self, p_kw: Floats, q_kvar: Floats) -> Solution:
        """Power flow with the connections drawing `p_kw` and `q_kvar`; see `Engine.solve`."""
        n = len(self._reference.buses)
        p_kw, q_kvar = checked(p_kw, n, "connection p_kw"), checked(q_kvar, n, "connection q_kvar")
        demand = self._background_kva.copy()
        np.add.at(demand, self._load_of_connection, (p_kw + 1j * q_kvar)[:, None] * self._share)
        self._update["p_specified"], self._update["q_specified"] = 1e3 * demand.real, 1e3 * demand.imag
        self._pgm.update(update_data={"asym_load": self._update})
        for method, iterations in ATTEMPTS:
            try:
                found = self._pgm.calculate_power_flow(
                    symmetric=False,
                    calculation_method=method,
                    max_iterations=iterations,
                    error_tolerance=TOLERANCE_PU,
                    output_component_types=OUTPUT,
                )
            except PowerGridError:
                continue
            return self._read(found)
        return self._unserved(p_kw, q_kvar)

    def _start(self, solved: pandapowerNet, voltage: Complexes, load_node: Ints) -> None:
        """The model of power-grid-model, and what its results are multiplied with."""
        branches = self._model.branches
        given = pgm_input(solved, branches, voltage, load_node)
        self._pgm = PowerGridModel(given.tables)
        self._update = initialize_array("update", "asym_load", len(load_node))
        self._update["id"] = given.tables["asym_load"]["id"]
        no_load = self._reference.no_load
        self._rated_lines = len(no_load.line_loading_percent)
        # elements out of service keep what runpp says of them
        self._loading = np.concatenate([no_load.line_loading_percent, no_load.transformer_loading_percent])
        base_kv = given.tables["node"]["u_rated"] / 1e3
        base_a = self._model.base_kva / np.sqrt(3.0) / base_kv
        self._rated = {
            kind: (
                branches.place[rows],
                branches.percent_from[rows] / base_a[branches.from_node[rows]],
                branches.percent_to[rows] / base_a[branches.to_node[rows]],
            )
            for kind, rows in (("line", given.line_branch), ("transformer", given.trafo_branch))
        }

    def _read(self, found: Any) -> Solution:
        node, source = found["node"], found["source"]
        phases, vm_pu = node_results(node["u_pu"], node["u_angle"], self._model.bus_node)
        loading, losses_w = self._loading.copy(), 0.0
        for kind, rated in self._rated.items():
            flow = found[kind]
            losses_w += worst_loading(
                flow["i_from"], flow["i_to"], flow["p_from"], flow["p_to"], *rated, loading
            )
        return Solution(
            vm_pu=vm_pu,
            line_loading_percent=loading[: self._rated_lines],
            transformer_loading_percent=loading[self._rated_lines :],
            import_kw=float(source["p"].sum()) / 1e3,
            import_kvar=float(source["q"].sum()) / 1e3,
            losses_kw=losses_w / 1e3,
            converged=True,
            iterations=1,
            solver=self.name,
            phases=PhaseSolution(*phases),
        )

    def _unserved(self, p_kw: Floats, q_kvar: Floats) -> Solution:
        n_bus = self._model.bus_node.size
        nothing = PhaseSolution(np.full((n_bus, 3), np.nan), np.full(n_bus, np.nan))
        return replace(self._reference.unserved(p_kw, q_kvar), solver=self.name, phases=nothing)

    def _agree(self) -> None:
        """Compare with pandapower while all draw the same small power, even on all phases."""
        share, own, reference = self._share, self._own, self._reference
        self._share, thirds = np.full_like(share, 1.0 / 3.0), np.full((len(own), 3), 1.0 / 3.0)
        self._own = replace(own, p_share=thirds, q_share=thirds)
        connections, loads = np.full(len(reference.buses), PROBE_KW), np.full(len(own), PROBE_KW)
        self.set_background(loads, 0.5 * loads)
        ours, theirs = (engine.solve(connections, 0.5 * connections) for engine in (self, reference))
        self._share, self._own = share, own
        self.set_background(own.p_kw, own.q_kvar)
        known = ~np.isnan(theirs.vm_pu)
        apart = float(np.abs(ours.vm_pu - theirs.vm_pu)[known].max(initial=0.0))
        if not (ours.converged and theirs.converged and apart <= AGREEMENT_PU):
            raise SimulationError(
                f"{NAME} and pandapower differ by {apart:.1e} pu at a balanced probe of {PROBE_KW} kW a load "
                f"(allowed {AGREEMENT_PU} pu): use a balanced engine"
            )
