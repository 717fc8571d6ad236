"""Compiled loops over the results of a three-phase flow: what the report wants of each bus and branch."""

import numba as nb
import numpy as np

from sims.feeder.kernels import Floats, Ints

TURN = complex(-0.5, 0.8660254037844386)  # a = exp(j 120 degrees)


@nb.njit(cache=True, error_model="numpy")
def node_results(u_pu: Floats, angle: Floats, bus_node: Ints) -> tuple[tuple[Floats, Floats], Floats]:
    """Voltages of each bus from those of the nodes.

    Parameters
    ----------
    u_pu, angle : Floats
        Phase-to-neutral voltage of the nodes, shape (n_node, 3) [pu], [rad].
    bus_node : Ints
        Node of each bus, -1 without supply, shape (n_bus,).

    Returns
    -------
    tuple[tuple[Floats, Floats], Floats]
        Voltage of each phase, shape (n_bus, 3) [pu], and unbalance factor, shape (n_bus,) [%]; magnitude of
        the positive-sequence voltage, shape (n_bus,) [pu]; NaN without supply.

    Notes
    -----
    Symmetrical components of Fortescue: V1 = (Va + a Vb + a^2 Vc) / 3, V2 = (Va + a^2 Vb + a Vc) / 3. The
    unbalance factor is |V2| / |V1|, the definition EN 50160 and IEC 61000-4-30 go by.
    """
    vm_phase, unbalance = np.full((bus_node.size, 3), np.nan), np.full(bus_node.size, np.nan)
    vm = np.full(bus_node.size, np.nan)
    for bus in range(bus_node.size):
        node = bus_node[bus]
        if node < 0:
            continue
        v = u_pu[node] * np.exp(1j * angle[node])
        positive = abs(v[0] + TURN * v[1] + TURN * TURN * v[2]) / 3.0
        negative = abs(v[0] + TURN * TURN * v[1] + TURN * v[2]) / 3.0
        vm_phase[bus] = u_pu[node]
        vm[bus], unbalance[bus] = positive, 100.0 * negative / positive
    return (vm_phase, unbalance), vm


@nb.njit(cache=True, error_model="numpy")
def worst_loading(
    i_from: Floats,
    i_to: Floats,
    p_from: Floats,
    p_to: Floats,
    place: Ints,
    percent_from: Floats,
    percent_to: Floats,
    loading: Floats,
) -> float:
    """Write the loading of branches by the current of their worst phase and end; give their losses [W].

    Parameters
    ----------
    i_from, i_to : Floats
        Current of each phase at both ends, shape (n, 3) [A].
    p_from, p_to : Floats
        Power of each phase into both ends, shape (n, 3) [W].
    place : Ints
        Entry of `loading` of each branch, shape (n,).
    percent_from, percent_to : Floats
        Loading per ampere at both ends, shape (n,) [%/A].
    loading : Floats
        Result; entries of other elements are left [%].
    """
    losses = 0.0
    for b in range(place.size):
        worst = max(i_from[b].max() * percent_from[b], i_to[b].max() * percent_to[b])
        loading[place[b]] = worst
        losses += p_from[b].sum() + p_to[b].sum()
    return losses
