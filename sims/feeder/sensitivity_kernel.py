"""The compiled derivative of the bus-impedance fixed point; complex power in pu, load-positive."""

import numba as nb
import numpy as np

from sims.feeder.kernels import Branches, Complexes, Floats, Ints, Model, apply_inverse

RELATIVE_TOLERANCE = 1e-7
MAX_SWEEPS = 200


@nb.njit(cache=True, error_model="numpy")
def voltage_derivative(
    v: Complexes, curvature: Complexes, source: int, ds: complex, model: Model, dv: Complexes
) -> bool:
    """Write how every voltage moves with the power of node `source`; False if it does not contract.

    Parameters
    ----------
    v : Complexes
        Solved node voltages, shape (n_node,) [pu].
    curvature : Complexes
        conj(s / v^2) of every node, shape (n_node,) [pu].
    source : int
        Node that draws the power.
    ds : complex
        Complex power drawn per unit of what is varied [pu].
    model : Model
        Matrices of the network.
    dv : Complexes
        Result, shape (n_node,), 0 at slack nodes [pu voltage per unit of what is varied].

    Notes
    -----
    The solved state is v = w - Y_LL^-1 conj(s / v). Its derivative by a real power at one node,
    dv = Y_LL^-1 (conj(s / v^2) conj(dv) - e_source conj(ds / v)), is linear in the real and imaginary part
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
                drawn -= (ds / v[at]).conjugate()
            x[factors.row_order[i]] = drawn
        apply_inverse(factors, x)
        change = size = 0.0
        for i in range(node.size):
            new = x[factors.column_order[i]]
            step = new - dv[node[i]]
            dv[node[i]] = new
            change = max(change, step.real * step.real + step.imag * step.imag)
            size = max(size, new.real * new.real + new.imag * new.imag)
        # written so that a NaN counts as no convergence
        if change <= RELATIVE_TOLERANCE * RELATIVE_TOLERANCE * size < np.inf:
            return True
    return False


@nb.njit(cache=True, error_model="numpy")
def loading_phasor(v: Complexes, branches: Branches, b: int, at_from: bool) -> complex:
    """Current at an end of branch `b` in per cent of its rating, linear in the voltages `v` [%]."""
    v_f, v_t = v[branches.from_node[b]], v[branches.to_node[b]]
    if at_from:
        return branches.percent_from[b] * (branches.y_ff[b] * v_f + branches.y_ft[b] * v_t)
    return branches.percent_to[b] * (branches.y_tf[b] * v_f + branches.y_tt[b] * v_t)


@nb.njit(cache=True, error_model="numpy")
def derivatives(
    v: Complexes,
    demand: Complexes,
    source_node: Ints,
    kvar_per_kw: Floats,
    bus_node: Ints,
    branch: Ints,
    model: Model,
    dvm_pu_per_kw: Floats,
    current_percent: Complexes,
    dcurrent_percent_per_kw: Complexes,
) -> bool:
    """Derivatives of voltages and branch currents by the active power drawn at some nodes.

    Parameters
    ----------
    v, demand : Complexes
        Solved voltages and the power drawn in that state, shape (n_node,) [pu].
    source_node : Ints
        Nodes whose power is varied, shape (n_source,).
    kvar_per_kw : Floats
        Reactive power each draws with a kW, shape (n_source,) [kvar/kW].
    bus_node : Ints
        Nodes whose voltage is watched, shape (n_bus,).
    branch : Ints
        Branches of the model whose current is watched, shape (n_element,).
    model : Model
        Matrices of the network.
    dvm_pu_per_kw : Floats
        Result: of voltage magnitudes, shape (n_bus, n_source) [pu/kW].
    current_percent : Complexes
        Result: current at the more loaded end over the rating, shape (n_element,) [%].
    dcurrent_percent_per_kw : Complexes
        Result: its derivatives, shape (n_element, n_source) [%/kW].

    Returns
    -------
    bool
        Whether the iteration contracts; if not the results are void.
    """
    at_from = np.empty(branch.size, dtype=np.bool_)
    for row in range(branch.size):
        f = loading_phasor(v, model.branches, branch[row], True)
        t = loading_phasor(v, model.branches, branch[row], False)
        at_from[row] = abs(f) >= abs(t)
        current_percent[row] = f if at_from[row] else t
    curvature = (demand / (v * v)).conjugate()
    dv = np.empty_like(v)
    for column in range(source_node.size):
        ds = complex(1.0, kvar_per_kw[column]) / model.base_kva
        if not voltage_derivative(v, curvature, source_node[column], ds, model, dv):
            return False
        for row in range(bus_node.size):
            at, moved = v[bus_node[row]], dv[bus_node[row]]
            dvm_pu_per_kw[row, column] = (at.real * moved.real + at.imag * moved.imag) / abs(at)
        for row in range(branch.size):
            dcurrent_percent_per_kw[row, column] = loading_phasor(
                dv, model.branches, branch[row], at_from[row]
            )
    return True
