"""pandapower's own power flow: the reference, and the way out when the fast engine has none."""

import warnings
from collections.abc import Sequence
from copy import deepcopy

import numpy as np
import pandapower as pp
from pandapower.auxiliary import pandapowerNet
from pandapower.pypower.idx_brch import PF, PT
from pandapower.pypower.idx_bus import PD, QD
from scipy.sparse.linalg import MatrixRankWarning

from sims.faults import DataError, Fault, ScenarioError
from sims.feeder.sensitivity import Sensitivities, Watch, by_differences
from sims.feeder.solution import Floats, Ints, Solution, checked
from sims.feeder.static_loads import static_loads

# Iterations and tolerance [MVA] of each attempt, all from a cold start; the second has pandapower's default
# tolerance and carries loads up to 1e-9 from the last one that has a solution. No third: up to that end, on
# five networks, neither flat angles (they fail wherever a transformer shifts phases) nor iwamoto_nr (flat
# angles too, prints every step) nor bfsw (gives up at 1e-6 from the end) found what these two had not.
ATTEMPTS = ((10, 1e-10), (50, 1e-8))
# `user_pf_options` of a network may say how to model it, never how to solve it
SOLVER_OPTIONS = (
    *("algorithm", "init", "init_vm_pu", "init_va_degree", "max_iteration", "tolerance_mva", "recycle"),
    *("trafo_loading", "lightsim2grid", "only_v_results"),
)
ZIP_COLUMNS = ("const_z_p_percent", "const_i_p_percent", "const_z_q_percent", "const_i_q_percent")


class RunppEngine:
    """Newton-Raphson of pandapower on a private copy of the network, always from a cold start.

    Never from the last results: beside a bus that is out of service (NaN in `res_bus`) `init="results"` of
    pandapower 3.5 converges, without a word, to a second solution of the power flow at 0.6 pu.

    Parameters
    ----------
    net : pandapowerNet
        A network without pre-check faults; it is copied.
    buses : Sequence[int]
        Bus index of each connection, shape (n_connections,); a bus may occur more than once.

    Attributes
    ----------
    compiled : bool
        Whether pandapower compiles its inner loops: seconds once, a sixth less for every solve after.
    """

    name = "pandapower"

    def __init__(self, net: pandapowerNet, buses: Sequence[int]) -> None:
        self.compiled = False
        self.net = deepcopy(net)
        self.buses = tuple(int(bus) for bus in buses)
        for option in SOLVER_OPTIONS:
            self.net.user_pf_options.pop(option, None)
        own = static_loads(self.net)
        self._balance_asymmetric_loads()
        for bus in self.buses:
            pp.create_load(self.net, bus, p_mw=0.0)
        self.net.load["scaling"] = 1.0
        self.n_own = len(own)
        self._demand_kva = 0j
        self._served = np.zeros(self.n_own, dtype=bool)
        self.set_background(np.zeros(self.n_own), np.zeros(self.n_own))
        self.no_load = self._start()
        self.set_background(own.p_kw, own.q_kvar)

    def set_background(self, p_kw: Floats, q_kvar: Floats) -> None:
        """Consumption of the network's own static loads from now on; see `Engine.set_background`."""
        self.own_p_kw = checked(p_kw, self.n_own, "background p_kw")
        self.own_q_kvar = checked(q_kvar, self.n_own, "background q_kvar")

    def put_taps(self, rows: Ints, tap: Ints) -> None:
        """Put transformers (rows of `net.trafo`) into tap positions [-]."""
        self.net.trafo.loc[self.net.trafo.index[rows], "tap_pos"] = tap

    def restart(self) -> None:
        """Solve without own loads and connections again: `no_load` and the net's matrices are of now."""
        own_p_kw, own_q_kvar = self.own_p_kw, self.own_q_kvar
        self.set_background(np.zeros(self.n_own), np.zeros(self.n_own))
        self.no_load = self._start()
        self.set_background(own_p_kw, own_q_kvar)

    def solve(self, p_kw: Floats, q_kvar: Floats) -> Solution:
        """Power flow with the connections drawing `p_kw` and `q_kvar`; see `Engine.solve`."""
        p_kw = checked(p_kw, len(self.buses), "connection p_kw")
        q_kvar = checked(q_kvar, len(self.buses), "connection q_kvar")
        self.net.load["p_mw"] = np.concatenate([self.own_p_kw, p_kw]) / 1e3
        self.net.load["q_mvar"] = np.concatenate([self.own_q_kvar, q_kvar]) / 1e3
        if any(self._runpp(*attempt) for attempt in ATTEMPTS):
            return self._read()
        return self.unserved(p_kw, q_kvar)

    def _balance_asymmetric_loads(self) -> None:
        """Move single-phase loads among the balanced ones: a balanced flow knows their sum only."""
        single = self.net.asymmetric_load
        for bus, in_service in zip(single["bus"], single["in_service"], strict=True):
            pp.create_load(self.net, int(bus), p_mw=0.0, in_service=bool(in_service))
        self.net.asymmetric_load = single.iloc[:0]

    def sensitivities(self, p_kw: Floats, q_kvar: Floats, watch: Watch) -> Sensitivities | None:
        """Central differences: two power flows a connection; see `Engine.sensitivities`."""
        return by_differences(self, p_kw, q_kvar, watch)

    def _runpp(self, max_iteration: int, tolerance_mva: float) -> bool:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            # a diverging Newton iteration overflows and meets singular matrices on its way: expected here
            warnings.simplefilter("ignore", RuntimeWarning)
            warnings.simplefilter("ignore", MatrixRankWarning)
            try:
                pp.runpp(
                    self.net,
                    init="auto",
                    max_iteration=max_iteration,  # pyright: ignore[reportArgumentType]
                    tolerance_mva=tolerance_mva,
                    trafo_loading="current",
                    lightsim2grid=False,
                    numba=self.compiled,
                )
            except pp.LoadflowNotConverged:
                return False
        return True

    def _start(self) -> Solution:
        """Solution without own loads and connections: tells who is supplied and what draws power always."""
        zero = np.zeros(len(self.buses))
        solution = self.solve(zero, zero)
        if not solution.converged:
            what = "the power flow does not converge even without its loads: check generators and set points"
            raise DataError([Fault("N07", "network", what)])
        supplied = ~np.isnan(solution.vm_pu)
        bus_row = self.net.bus.index.get_indexer
        self._refuse_dead_connections(supplied[bus_row(list(self.buses))])
        self._refuse_mixed_connections()
        own = self.net.load.iloc[: self.n_own]
        self._served = own["in_service"].to_numpy(bool) & supplied[bus_row(own["bus"])]
        constant_mva = self.net["_ppc"]["bus"][:, PD].sum() + 1j * self.net["_ppc"]["bus"][:, QD].sum()
        controlled_mw = self.net.res_gen.loc[~self.net.gen["slack"].astype(bool), "p_mw"].sum()
        self._demand_kva = 1e3 * complex(constant_mva - controlled_mw)
        return solution

    def _refuse_dead_connections(self, supplied: np.ndarray) -> None:
        dead = sorted({bus for bus, alive in zip(self.buses, supplied, strict=True) if not alive})
        if dead:
            what = "out of service or not connected to a grid in service"
            raise ScenarioError([Fault("N05", f"network.bus[{bus}]", what) for bus in dead])

    def _refuse_mixed_connections(self) -> None:
        """pandapower applies the mean z/i share of the loads at a node to all of it, connections included."""
        own = self.net.load.iloc[: self.n_own]
        node = self.net._pd2ppc_lookups["bus"]
        varying = own.loc[own["in_service"].astype(bool) & (own[list(ZIP_COLUMNS)] != 0).any(axis=1), "bus"]
        mixed = sorted(set(node[varying]) & set(node[list(self.buses)]))
        if mixed:
            buses = sorted({bus for bus in self.buses if node[bus] in mixed})
            what = (
                "a connection shares the bus with a voltage-dependent load (const_z, const_i): separate them"
            )
            raise DataError([Fault("N08", f"network.bus[{bus}]", what) for bus in buses])

    def _read(self) -> Solution:
        net = self.net
        grids = net.res_ext_grid.loc[net.ext_grid["in_service"].astype(bool)]
        slacks = net.res_gen.loc[net.gen["slack"].astype(bool) & net.gen["in_service"].astype(bool)]
        return Solution(
            vm_pu=net.res_bus["vm_pu"].to_numpy(float, copy=True),
            line_loading_percent=net.res_line["loading_percent"].to_numpy(float, copy=True),
            transformer_loading_percent=net.res_trafo["loading_percent"].to_numpy(float, copy=True),
            import_kw=1e3 * float(grids["p_mw"].sum() + slacks["p_mw"].sum()),
            import_kvar=1e3 * float(grids["q_mvar"].sum() + slacks["q_mvar"].sum()),
            losses_kw=1e3 * float(net["_ppc"]["branch"][:, [PF, PT]].real.sum()),
            converged=True,
            iterations=int(net["_ppc"]["iterations"]),
            solver=self.name,
        )

    def unserved(self, p_kw: Floats, q_kvar: Floats) -> Solution:
        """What is said of a step without a solution; see `Solution`."""
        served = self._served
        return Solution(
            vm_pu=np.full(len(self.net.bus), np.nan),
            line_loading_percent=np.full(len(self.net.line), np.nan),
            transformer_loading_percent=np.full(len(self.net.trafo), np.nan),
            import_kw=float(self._demand_kva.real + self.own_p_kw[served].sum() + p_kw.sum()),
            import_kvar=float(self._demand_kva.imag + self.own_q_kvar[served].sum() + q_kvar.sum()),
            losses_kw=0.0,
            converged=False,
            iterations=0,
            solver=self.name,
        )
