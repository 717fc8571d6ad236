"""The fast engine: the fixed point of the bus impedance matrix, checked against pandapower when made."""

import numpy as np

from sims.faults import SimulationError
from sims.feeder.admittance import build_model, constant_demand, node_of
from sims.feeder.kernels import Complexes, apply_inverse, solve_step
from sims.feeder.reactive import Answer, VoltVar, by_solving, loop_gain, solve_volt_var
from sims.feeder.runpp import RunppEngine
from sims.feeder.sensitivity import Sensitivities, Watch
from sims.feeder.sensitivity_kernel import derivatives
from sims.feeder.solution import Floats, Solution, checked

AGREEMENT_PU = 1e-6
PROBE_PU = 0.01


class ZbusEngine:
    """Fixed point of the bus impedance matrix; `runpp` takes over the steps that do not contract.

    Taps and switches are frozen at construction: after a change of taps see `TappedEngine`.

    Parameters
    ----------
    reference : RunppEngine
        pandapower's engine on the same network and connections, as just made: its last solved state has
        neither connections nor own static loads.

    Raises
    ------
    SimulationError
        The two engines differ by more than 1e-6 pu in voltage or 1e-4 % in loading at a probe of all loads.
    """

    name = "zbus"

    def __init__(self, reference: RunppEngine) -> None:
        net = reference.net
        self.reference = reference
        self._model, self._v = build_model(net, np.array(reference.buses, dtype=np.int64))
        self._constant = constant_demand(net)
        own = net.load.iloc[: reference.n_own]
        self._own_node = node_of(net, own["bus"].to_numpy(np.int64))
        self._own_served = own["in_service"].to_numpy(bool) & (self._own_node >= 0)
        self._own_node = self._own_node[self._own_served]
        no_load = reference.no_load
        self._rated_lines = len(no_load.line_loading_percent)
        self._loading = no_load.loading_percent
        place = self._model.branches.place
        self._branch_of = np.full(self._loading.size, -1, dtype=np.int64)
        self._branch_of[place[place >= 0]] = np.flatnonzero(place >= 0)
        self._agree(reference.own_p_kw, reference.own_q_kvar)

    def set_background(self, p_kw: Floats, q_kvar: Floats) -> None:
        """Consumption of the network's own static loads from now on; see `Engine.set_background`."""
        self.reference.set_background(p_kw, q_kvar)
        own = self.reference.own_p_kw + 1j * self.reference.own_q_kvar
        self._demand = self._constant.copy()
        np.add.at(self._demand, self._own_node, own[self._own_served] / self._model.base_kva)

    def solve(self, p_kw: Floats, q_kvar: Floats) -> Solution:
        """Power flow with the connections drawing `p_kw` and `q_kvar`; see `Engine.solve`."""
        n = len(self.reference.buses)
        p_kw, q_kvar = checked(p_kw, n, "connection p_kw"), checked(q_kvar, n, "connection q_kvar")
        solution, _, _ = self._solved(p_kw, q_kvar)
        return self.reference.solve(p_kw, q_kvar) if solution is None else solution

    def sensitivities(self, p_kw: Floats, q_kvar: Floats, watch: Watch) -> Sensitivities | None:
        """Derivative of the fixed point; see `Engine.sensitivities`."""
        model = self._model
        solution, v, demand = self._solved(p_kw, q_kvar)
        vm = np.empty((len(watch.buses), len(watch.connections)))
        current = np.empty(len(watch.elements), dtype=np.complex128)
        dcurrent = np.empty((len(watch.elements), len(watch.connections)), dtype=np.complex128)
        if solution is not None and derivatives(
            v,
            demand,
            model.connection_node[watch.connections],
            watch.kvar_per_kw,
            model.bus_node[watch.buses],
            self._branch_of[watch.elements],
            model,
            vm,
            current,
            dcurrent,
        ):
            return Sensitivities(vm, current, dcurrent)
        return self.reference.sensitivities(p_kw, q_kvar, watch)

    def _solved(self, p_kw: Floats, q_kvar: Floats) -> tuple[Solution | None, Complexes, Complexes]:
        """The state, None if the fixed point does not contract; node voltages and demand in it [pu]."""
        # from no load: a warm start saves an iteration, but its last digits tell of the step before
        v, vm, loading = self._v.copy(), np.empty(self._model.bus_node.size), self._loading.copy()
        demand = self._demand.copy()
        iterations, *totals = solve_step(p_kw, q_kvar, demand, v, self._model, vm, loading)
        if iterations == 0:
            return None, v, demand
        return self._solution(vm, loading, iterations, *totals), v, demand

    def solve_volt_var(self, p_kw: Floats, q_kvar: Floats, port_kw: Floats, ports: VoltVar) -> Answer:
        """The same with ports that follow a Q(V) curve; see `by_solving`, which takes over like `runpp`."""
        n, model = len(self.reference.buses), self._model
        p_kw, q_kvar = checked(p_kw, n, "connection p_kw"), checked(q_kvar, n, "connection q_kvar")
        v, vm, loading = self._v.copy(), np.empty(model.bus_node.size), self._loading.copy()
        own_kvar = np.zeros(port_kw.size)
        sweeps, settled, *totals = solve_volt_var(
            p_kw, q_kvar, port_kw, self._demand.copy(), v, model, ports, vm, loading, own_kvar
        )
        if sweeps == 0:
            return by_solving(self.reference, p_kw, q_kvar, port_kw, ports)
        return Answer(self._solution(vm, loading, sweeps, *totals), own_kvar, settled)

    def damped(self, ports: VoltVar) -> VoltVar:
        """The ports with the damping under which their fixed point contracts in this network."""
        return ports._replace(damping=2.0 / (2.0 + loop_gain(self._model, self._v, ports)))

    def _solution(
        self,
        vm: Floats,
        loading: Floats,
        iterations: int,
        import_kw: float,
        import_kvar: float,
        losses_kw: float,
    ) -> Solution:
        lines = self._rated_lines
        return Solution(
            vm_pu=vm,
            line_loading_percent=loading[:lines],
            transformer_loading_percent=loading[lines:],
            import_kw=import_kw,
            import_kvar=import_kvar,
            losses_kw=losses_kw,
            converged=True,
            iterations=iterations,
            solver=self.name,
        )

    def _agree(self, own_p_kw: Floats, own_q_kvar: Floats) -> None:
        """Compare with pandapower while every load and connection draws the same small power."""
        probe_kw = self._probe_kw()
        connections, own = np.full(len(self.reference.buses), probe_kw), np.full(own_p_kw.size, probe_kw)
        self.set_background(own, 0.5 * own)
        ours = self.solve(connections, 0.5 * connections)
        theirs = self.reference.solve(connections, 0.5 * connections)
        self.set_background(own_p_kw, own_q_kvar)
        apart = max(
            _distance(ours.vm_pu, theirs.vm_pu),
            _distance(ours.line_loading_percent, theirs.line_loading_percent) / 100.0,
            _distance(ours.transformer_loading_percent, theirs.transformer_loading_percent) / 100.0,
        )
        if not (ours.solver == self.name and theirs.converged and apart <= AGREEMENT_PU):
            raise SimulationError(
                f"zbus and pandapower differ by {apart:.1e} at a probe of {probe_kw:.3g} kW a load "
                f"(allowed {AGREEMENT_PU} pu): use the pandapower engine"
            )

    def _probe_kw(self) -> float:
        """Power which, drawn by every load and connection at once, moves the worst voltage by about 1 %."""
        model = self._model
        drawn = np.zeros(self._v.size)
        np.add.at(drawn, model.connection_node, 1.0)
        np.add.at(drawn, self._own_node, 1.0)
        moved = np.empty(model.load_node.size, dtype=np.complex128)
        moved[model.factors.row_order] = drawn[model.load_node]
        apply_inverse(model.factors, moved)
        worst = float(np.abs(moved).max())
        return PROBE_PU / worst * model.base_kva if worst > 0.0 else 1.0


def _distance(ours: Floats, theirs: Floats) -> float:
    """Largest difference; infinite if the two are not NaN at the same places."""
    known = ~np.isnan(ours)
    if not np.array_equal(known, ~np.isnan(theirs)):
        return float("inf")
    return float(np.abs(ours[known] - theirs[known]).max(initial=0.0))
