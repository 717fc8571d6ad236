"""Reactive power of charging ports: a fixed power factor, or an answer Q(V) to the voltage at their bus.

Power is load-positive: q > 0 is drawn (lagging, lowers the voltage), q < 0 is given (leading, raises it).
Q(V) moves no energy, so its fixed point with the power flow is found inside the feeder's step: a port moves
from where it is towards what its curve asks at the voltage that results, by a damped share of the difference.
"""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numba as nb
import numpy as np

from sims.curves import on_curve
from sims.feeder.kernels import (
    DIVERGED_PU,
    Complexes,
    Floats,
    Ints,
    Model,
    add_connections,
    apply_inverse,
    fixed_point,
    read_state,
    sweep,
)
from sims.feeder.solution import Solution

TOLERANCE_KVAR = 1e-6
NEAR_PU = 1e-9
MAX_ROUNDS = 300
MAX_SOLVES = 50
PLAIN_DAMPING = 0.5
LEAST_POWER_SHARE = 0.05


class VoltVar(NamedTuple):
    """Ports with a Q(V) curve, one row a port.

    Parameters
    ----------
    port : ints, shape (n,)
        Which of all ports it is [-].
    connection : ints, shape (n,)
        Connection of the engine it draws power at [-].
    bus_row : ints, shape (n,)
        Row of its bus in the voltages of a `Solution` [-].
    at_pu, q_kvar : floats, shape (n, m)
        Points of the curve: rising voltages, and reactive power that does not fall with them [pu], [kvar].
    rated_kva : floats, shape (n,)
        Apparent power the port can carry; active power goes first [kVA].
    damping : float
        Share of the way to the curve gone in a round [-].
    """

    port: Ints
    connection: Ints
    bus_row: Ints
    at_pu: Floats
    q_kvar: Floats
    rated_kva: Floats
    damping: float


@dataclass(frozen=True, slots=True)
class Answer:
    """A solved step with ports that follow a curve.

    Parameters
    ----------
    solution : Solution
        State of the feeder.
    q_kvar : floats, shape (n,)
        What the ports draw in it; 0 where there is no solution [kvar].
    settled : bool
        Whether every port is on its curve within `TOLERANCE_KVAR`.
    """

    solution: Solution
    q_kvar: Floats
    settled: bool


class Solver(Protocol):
    """What solves a step for given injections."""

    def solve(self, p_kw: Floats, q_kvar: Floats) -> Solution: ...


@nb.njit(cache=True, error_model="numpy")
def asked_kvar(vm_pu: float, p_kw: float, at_pu: Floats, q_kvar: Floats, rated_kva: float) -> float:
    """Reactive power a port should draw at a voltage while it draws `p_kw` [kvar].

    The curve's, within what the active power leaves of the rating; nothing below 5 % of the rating, where the
    converter is off or has no current to shift.

    Notes
    -----
    IEEE Std 1547-2018, 5.2 (no reactive power needed below 5 % of rated active power) and 5.3.3 (the curve).
    """
    if abs(p_kw) < LEAST_POWER_SHARE * rated_kva:
        return 0.0
    room = np.sqrt(max(0.0, rated_kva * rated_kva - p_kw * p_kw))
    return float(min(max(on_curve(vm_pu, at_pu, q_kvar), -room), room))


@nb.njit(cache=True, error_model="numpy")
def approach(
    v: Complexes, p_kw: Floats, demand: Complexes, model: Model, ports: VoltVar, q_kvar: Floats, share: float
) -> float:
    """Move every port by `share` of its distance to the curve; the largest distance there was [kvar]."""
    largest = 0.0
    for i in range(q_kvar.size):
        node = model.connection_node[ports.connection[i]]
        asked = asked_kvar(float(abs(v[node])), p_kw[i], ports.at_pu[i], ports.q_kvar[i], ports.rated_kva[i])
        step = asked - q_kvar[i]
        q_kvar[i] += share * step
        demand[node] += 1j * share * step / model.base_kva
        if not abs(step) <= largest:  # a NaN counts as the largest
            largest = abs(step)
    return largest


@nb.njit(cache=True, error_model="numpy")
def settle(
    v: Complexes, p_kw: Floats, demand: Complexes, model: Model, ports: VoltVar, q_kvar: Floats
) -> tuple[int, bool]:
    """Fixed point of voltages and Q(V) together: each sweep of the voltages also moves the ports.

    Parameters
    ----------
    v : Complexes
        Node voltages, start and result, shape (n_node,) [pu].
    p_kw : floats, shape (n,)
        Active power of the ports, already in `demand` [kW].
    demand : Complexes
        Power drawn at every node, shape (n_node,); the ports' reactive power is added [pu].
    model : Model
        Matrices of the network.
    ports : VoltVar
        The n ports.
    q_kvar : floats, shape (n,)
        Zeros; result: reactive power of the ports [kvar].

    Returns
    -------
    tuple[int, bool]
        Sweeps (0: no solution of the power flow, the results are void), and whether all ports are on their
        curve. If not, the voltages still belong to the reactive power given.
    """
    x = np.empty(model.load_node.size, dtype=np.complex128)
    for sweeps in range(1, MAX_ROUNDS + 1):
        change = sweep(v, demand, model, x)
        if not change < DIVERGED_PU * DIVERGED_PU:
            return 0, False
        rest = approach(v, p_kw, demand, model, ports, q_kvar, ports.damping)
        if rest <= TOLERANCE_KVAR and change <= NEAR_PU * NEAR_PU:
            last = fixed_point(v, demand, model)
            rest = approach(v, p_kw, demand, model, ports, q_kvar, 0.0)
            if last == 0 or rest <= TOLERANCE_KVAR:
                return sweeps + last if last else 0, last > 0
    return fixed_point(v, demand, model), False


@nb.njit(cache=True, error_model="numpy")
def solve_volt_var(
    p_kw: Floats,
    q_kvar: Floats,
    port_kw: Floats,
    demand: Complexes,
    v: Complexes,
    model: Model,
    ports: VoltVar,
    vm: Floats,
    loading: Floats,
    own_kvar: Floats,
) -> tuple[int, bool, float, float, float]:
    """One power flow as `solve_step` does it, with ports that follow their curve as `settle` does it.

    `own_kvar`, shape (n,), holds zeros and receives the reactive power of the ports.

    Returns
    -------
    tuple[int, bool, float, float, float]
        Sweeps (0: no solution), whether the ports are settled, import [kW], [kvar], losses [kW].
    """
    add_connections(demand, p_kw, q_kvar, model)
    sweeps, settled = settle(v, port_kw, demand, model, ports, own_kvar)
    if sweeps == 0:
        return 0, False, 0.0, 0.0, 0.0
    imported_kw, imported_kvar, losses_kw = read_state(v, demand, model, vm, loading)
    return sweeps, settled, imported_kw, imported_kvar, losses_kw


def by_solving(engine: Solver, p_kw: Floats, q_kvar: Floats, port_kw: Floats, ports: VoltVar) -> Answer:
    """The same fixed point for any engine: a whole power flow in every round.

    Parameters
    ----------
    engine : Solver
        Solves a step.
    p_kw, q_kvar : floats, shape (n_connections,)
        Power drawn, all but the reactive power of the ports [kW], [kvar].
    port_kw : floats, shape (n,)
        Active power of the ports, part of `p_kw` [kW].
    ports : VoltVar
        The n ports.
    """
    own_kvar, asked, settled = np.zeros(len(port_kw)), np.zeros(len(port_kw)), False
    solution = engine.solve(p_kw, q_kvar)
    for _ in range(MAX_SOLVES):
        if not solution.converged:
            break
        for i in range(len(port_kw)):
            vm = float(solution.vm_pu[ports.bus_row[i]])
            asked[i] = asked_kvar(vm, port_kw[i], ports.at_pu[i], ports.q_kvar[i], ports.rated_kva[i])
        settled = bool(np.abs(asked - own_kvar).max(initial=0.0) <= TOLERANCE_KVAR)
        if settled:
            break
        own_kvar += ports.damping * (asked - own_kvar)
        total = q_kvar + np.bincount(ports.connection, own_kvar, len(q_kvar))
        solution = engine.solve(p_kw, total)
    return Answer(solution, own_kvar if solution.converged else np.zeros(len(port_kw)), settled)


def loop_gain(model: Model, v: Complexes, ports: VoltVar) -> float:
    """How strongly Q(V) answers itself: bound on the eigenvalues of dq/dV dV/dq at voltages `v` [-].

    The answer opposes the voltage, so the eigenvalues of the undamped loop lie in [-gain, 0], and going
    2 / (2 + gain) of the way contracts by gain / (2 + gain) whatever the curve and the network are.
    """
    nodes = model.connection_node[ports.connection]
    run, rise = np.diff(ports.at_pu, axis=1), np.diff(ports.q_kvar, axis=1)
    slope = np.divide(rise, run, out=np.zeros_like(rise), where=run > 0).max(axis=1, initial=0.0)
    distinct = np.unique(nodes[np.isin(nodes, model.load_node)])
    slope_of = {int(node): float(slope[nodes == node].sum()) for node in distinct}
    total = np.zeros(len(distinct))
    for node in distinct:
        column = _dvm_dq(model, v, int(node))[distinct]
        total += np.abs(column) * slope_of[int(node)] / model.base_kva
    return float(total.max(initial=0.0))


def _dvm_dq(model: Model, v: Complexes, node: int) -> Floats:
    """Change of every voltage magnitude with the reactive power drawn at a node, shape (n_node,) [pu/pu]."""
    x = np.zeros(model.load_node.size, dtype=np.complex128)
    unknown = int(np.flatnonzero(model.load_node == node)[0])
    x[model.factors.row_order[unknown]] = 1j / np.conj(v[node])
    apply_inverse(model.factors, x)
    change = np.zeros(v.size, dtype=np.complex128)
    change[model.load_node] = x[model.factors.column_order]
    return (np.conj(v) * change).real / np.abs(v)
