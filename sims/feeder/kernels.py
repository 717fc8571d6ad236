"""The compiled inner loops of the bus-impedance fixed point; complex power in pu, load-positive."""

from typing import NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Complexes = npt.NDArray[np.complex128]
Ints = npt.NDArray[np.int64]

TOLERANCE_PU = 1e-12
MAX_ITERATIONS = 200
DIVERGED_PU = 10.0


class Factors(NamedTuple):
    """Sparse LU factors of Y_LL, P_r Y_LL P_c = L U, by rows; the unit diagonal of L is left out.

    `u_inverse` is one over the diagonal of U. Row `i` of Y_LL is row `row_order[i]` of the factors,
    unknown `i` is entry `column_order[i]` of what they give.
    """

    l_start: Ints
    l_column: Ints
    l_value: Complexes
    u_start: Ints
    u_column: Ints
    u_value: Complexes
    u_inverse: Complexes
    row_order: Ints
    column_order: Ints


class Branches(NamedTuple):
    """Two-ports in service: currents at both ends from both voltages, and where their loading is reported.

    `percent_from`, `percent_to` are % loading per pu of current; `place` is the entry of the loading
    array, lines first, then transformers, -1 for a branch that has no rating.
    """

    from_node: Ints
    to_node: Ints
    y_ff: Complexes
    y_ft: Complexes
    y_tf: Complexes
    y_tt: Complexes
    percent_from: Floats
    percent_to: Floats
    place: Ints


class Slacks(NamedTuple):
    """Rows of Ybus at the slack nodes, compressed by rows."""

    node: Ints
    start: Ints
    column: Ints
    value: Complexes


class Model(NamedTuple):
    """All a step needs besides its injections; shapes by node (electrical), not by bus (table)."""

    load_node: Ints  # node of each unknown voltage, shape (n_unknown,)
    no_load: Complexes  # w = -Y_LL^-1 Y_Lr V_r, shape (n_unknown,) [pu]
    factors: Factors
    branches: Branches
    slacks: Slacks
    connection_node: Ints  # shape (n_connections,)
    bus_node: Ints  # node of each bus of the table, -1 without supply, shape (n_bus,)
    base_kva: float


@nb.njit(cache=True, error_model="numpy")
def apply_inverse(factors: Factors, x: Complexes) -> None:
    """Solve L U x = x in place."""
    for i in range(x.size):
        total = x[i]
        for k in range(factors.l_start[i], factors.l_start[i + 1]):
            total -= factors.l_value[k] * x[factors.l_column[k]]
        x[i] = total
    for i in range(x.size - 1, -1, -1):
        total = x[i]
        for k in range(factors.u_start[i], factors.u_start[i + 1]):
            total -= factors.u_value[k] * x[factors.u_column[k]]
        x[i] = total * factors.u_inverse[i]


@nb.njit(cache=True, error_model="numpy")
def sweep(v: Complexes, demand: Complexes, model: Model, x: Complexes) -> float:
    """One iteration of the fixed point in place; square of the largest change, NaN if there is one [pu^2].

    `x` is scratch, shape (n_unknown,).
    """
    factors, node, no_load = model.factors, model.load_node, model.no_load
    for i in range(node.size):
        at = v[node[i]]
        square = at.real * at.real + at.imag * at.imag
        x[factors.row_order[i]] = -demand[node[i]].conjugate() * at / square
    apply_inverse(factors, x)
    change = 0.0
    for i in range(node.size):
        new = no_load[i] + x[factors.column_order[i]]
        step = new - v[node[i]]
        v[node[i]] = new
        # written so that a NaN counts as the largest change
        square = step.real * step.real + step.imag * step.imag
        if not square <= change:
            change = square
    return change


@nb.njit(cache=True, error_model="numpy")
def fixed_point(v: Complexes, demand: Complexes, model: Model) -> int:
    """Iterate v = w - Y_LL^-1 conj(s / v) in place; iterations used, or 0 if it does not contract.

    Parameters
    ----------
    v : Complexes
        Node voltages, shape (n_node,), slack nodes set, the others a start [pu].
    demand : Complexes
        Constant power drawn at every node, shape (n_node,) [pu].
    model : Model
        Matrices of the network.

    Notes
    -----
    Bazrafshan and Gatsis, "Convergence of the Z-Bus method for three-phase distribution load-flow with ZIP
    loads", IEEE Trans. Power Systems 33(1), 2018, arXiv:1605.08511. Y_LL^-1 is applied by its sparse factors:
    a feeder fills in next to nothing, so a sweep costs O(n) where the dense inverse costs O(n^2).
    """
    x = np.empty(model.load_node.size, dtype=np.complex128)
    for iteration in range(1, MAX_ITERATIONS + 1):
        change = sweep(v, demand, model, x)
        if change <= TOLERANCE_PU * TOLERANCE_PU:
            return iteration
        if not change < DIVERGED_PU * DIVERGED_PU:
            return 0
    return 0


@nb.njit(cache=True, error_model="numpy")
def branch_flows(v: Complexes, branches: Branches, loading: Floats) -> float:
    """Write the loading of rated branches [%] and return the active losses of all branches [pu]."""
    losses = 0.0
    for b in range(branches.place.size):
        v_f, v_t = v[branches.from_node[b]], v[branches.to_node[b]]
        i_f = branches.y_ff[b] * v_f + branches.y_ft[b] * v_t
        i_t = branches.y_tf[b] * v_f + branches.y_tt[b] * v_t
        losses += v_f.real * i_f.real + v_f.imag * i_f.imag + v_t.real * i_t.real + v_t.imag * i_t.imag
        if branches.place[b] >= 0:
            f = branches.percent_from[b] ** 2 * (i_f.real * i_f.real + i_f.imag * i_f.imag)
            t = branches.percent_to[b] ** 2 * (i_t.real * i_t.real + i_t.imag * i_t.imag)
            loading[branches.place[b]] = np.sqrt(max(f, t))
    return losses


@nb.njit(cache=True, error_model="numpy")
def slack_power(v: Complexes, demand: Complexes, slacks: Slacks) -> complex:
    """Power the slack nodes give: into the branches and to the demand beside them [pu]."""
    total = 0j
    for i in range(slacks.node.size):
        current = 0j
        for k in range(slacks.start[i], slacks.start[i + 1]):
            current += slacks.value[k] * v[slacks.column[k]]
        total += complex(v[slacks.node[i]] * current.conjugate() + demand[slacks.node[i]])
    return total


@nb.njit(cache=True, error_model="numpy")
def solve_step(
    p_kw: Floats, q_kvar: Floats, demand: Complexes, v: Complexes, model: Model, vm: Floats, loading: Floats
) -> tuple[int, float, float, float]:
    """One power flow: connections added to `demand`, then voltages, loadings and totals.

    Parameters
    ----------
    p_kw, q_kvar : Floats
        Power drawn by the connections, shape (n_connections,) [kW], [kvar].
    demand : Complexes
        What draws power besides, shape (n_node,); overwritten with the whole [pu].
    v : Complexes
        Start and result, shape (n_node,) [pu].
    model : Model
        Matrices of the network.
    vm : Floats
        Result: voltage magnitudes, shape (n_bus,) [pu].
    loading : Floats
        Result: loadings of lines, then transformers; entries out of service are left [%].

    Returns
    -------
    tuple[int, float, float, float]
        Iterations (0: no solution, the results are void), import [kW], [kvar], losses [kW].
    """
    add_connections(demand, p_kw, q_kvar, model)
    iterations = fixed_point(v, demand, model)
    if iterations == 0:
        return 0, 0.0, 0.0, 0.0
    return (iterations, *read_state(v, demand, model, vm, loading))


@nb.njit(cache=True, error_model="numpy")
def add_connections(demand: Complexes, p_kw: Floats, q_kvar: Floats, model: Model) -> None:
    """Add what the connections draw, shape (n_connections,), to `demand`."""
    for i in range(p_kw.size):
        demand[model.connection_node[i]] += complex(p_kw[i], q_kvar[i]) / model.base_kva


@nb.njit(cache=True, error_model="numpy")
def read_state(
    v: Complexes, demand: Complexes, model: Model, vm: Floats, loading: Floats
) -> tuple[float, float, float]:
    """Import [kW], [kvar] and losses [kW] of a solved state; `vm` and `loading` are written."""
    for b in range(vm.size):
        node = model.bus_node[b]
        if node >= 0:
            vm[b] = np.sqrt(v[node].real * v[node].real + v[node].imag * v[node].imag)
        else:
            vm[b] = np.nan
    losses = branch_flows(v, model.branches, loading)
    imported = slack_power(v, demand, model.slacks)
    base = model.base_kva
    return imported.real * base, imported.imag * base, losses * base
