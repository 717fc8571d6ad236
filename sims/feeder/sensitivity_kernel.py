"""The compiled derivative of the bus-impedance fixed point; complex power in pu, load-positive."""

import numba as nb
import numpy as np

from sims.feeder.kernels import Branches, Complexes, Floats, Ints, Model, apply_inverse

RELATIVE_TOLERANCE = 1e-7
MAX_SWEEPS = 200


@nb.njit(cache=True, error_model="numpy")
def voltage_derivative(v: Complexes, curvature: Complexes, source: int, model: Model, dv: Complexes) -> bool:
    """Write how every voltage moves when node `source` draws one pu more; False if it does not contract.

    Parameters
    ----------
    v : Complexes
        Solved node voltages, shape (n_node,) [pu].
    curvature : Complexes
        conj(s / v^2) of every node, shape (n_node,) [pu].
    source : int
        Node that draws the power.
    model : Model
        Matrices of the network.
    dv : Complexes
        Result, shape (n_node,), 0 at slack nodes [pu voltage per pu power].

    Notes
    -----
    The solved state is v = w - Y_LL^-1 conj(s / v). Its derivative by a real power at one node,
    dv = Y_LL^-1 (conj(s / v^2) conj(dv) - e_source conj(1 / v)), is linear in the real and imaginary part
    of dv and is iterated like the power flow itself, with the same factors and the same contraction.
    """
    factors, node = model.factors, model.load_node
    x = np.empty(node.size, dtype=np.complex128)
    dv[:] = 0.0
    for _ in range(MAX_SWEEPS):
        for i in range(node.size):
            at = node[i]
            drawn = curvature[at] * dv[at].conjugate()
            if at == source:
                drawn -= 1.0 / v[at].conjugate()
            x[factors.row_order[i]] = drawn
        apply_inverse(factors, x)
        change = size = 0.0
        for i in range(node.size):
            new = x[factors.column_order[i]]
            step = new - dv[node[i]]
            dv[node[i]] = new
            change = max(change, step.real * step.real + step.imag * step.imag)
            size = max(size, new.real * new.real + new.imag * new.imag)
        if not change > RELATIVE_TOLERANCE * RELATIVE_TOLERANCE * size:
            return np.isfinite(size)
    return False


@nb.njit(cache=True, error_model="numpy")
def loading_derivative(v: Complexes, dv: Complexes, branches: Branches, b: int) -> float:
    """How the loading of branch `b` moves along `dv`, at its more loaded end [% per unit of `dv`].

    A branch without current gains loading whichever way the power goes: it is told the gain.
    """
    v_f, v_t = v[branches.from_node[b]], v[branches.to_node[b]]
    dv_f, dv_t = dv[branches.from_node[b]], dv[branches.to_node[b]]
    i_f = branches.y_ff[b] * v_f + branches.y_ft[b] * v_t
    i_t = branches.y_tf[b] * v_f + branches.y_tt[b] * v_t
    if branches.percent_from[b] * abs(i_f) >= branches.percent_to[b] * abs(i_t):
        percent, i, di = branches.percent_from[b], i_f, branches.y_ff[b] * dv_f + branches.y_ft[b] * dv_t
    else:
        percent, i, di = branches.percent_to[b], i_t, branches.y_tf[b] * dv_f + branches.y_tt[b] * dv_t
    if abs(i) == 0.0:
        return percent * abs(di)
    return percent * (i.real * di.real + i.imag * di.imag) / abs(i)


@nb.njit(cache=True, error_model="numpy")
def derivatives(
    v: Complexes,
    demand: Complexes,
    source_node: Ints,
    bus_node: Ints,
    branch: Ints,
    model: Model,
    dvm_pu_per_kw: Floats,
    dloading_percent_per_kw: Floats,
) -> bool:
    """Derivatives of voltages and loadings by the active power drawn at some nodes.

    Parameters
    ----------
    v, demand : Complexes
        Solved voltages and the power drawn in that state, shape (n_node,) [pu].
    source_node : Ints
        Nodes whose power is varied, shape (n_source,).
    bus_node : Ints
        Nodes whose voltage is watched, shape (n_bus,).
    branch : Ints
        Branches of the model whose loading is watched, shape (n_element,).
    model : Model
        Matrices of the network.
    dvm_pu_per_kw : Floats
        Result, shape (n_bus, n_source) [pu/kW].
    dloading_percent_per_kw : Floats
        Result, shape (n_element, n_source) [%/kW].

    Returns
    -------
    bool
        Whether the iteration contracts; if not the results are void.
    """
    curvature = (demand / (v * v)).conjugate()
    dv = np.empty_like(v)
    for column in range(source_node.size):
        if not voltage_derivative(v, curvature, source_node[column], model, dv):
            return False
        for row in range(bus_node.size):
            at, moved = v[bus_node[row]], dv[bus_node[row]]
            along = (at.real * moved.real + at.imag * moved.imag) / abs(at)
            dvm_pu_per_kw[row, column] = along / model.base_kva
        for row in range(branch.size):
            moved_percent = loading_derivative(v, dv, model.branches, branch[row])
            dloading_percent_per_kw[row, column] = moved_percent / model.base_kva
    return True
