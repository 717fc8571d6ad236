"""From a network pandapower has just solved to the arrays of the fast engine.

Switches, taps, shifts, shunts and islands are in `net._ppc["internal"]` as pandapower sees them; nothing of
that is modelled a second time here. A "node" is an electrical one: buses joined by closed switches share it.
"""

import numpy as np
from pandapower.auxiliary import pandapowerNet
from pandapower.pypower.idx_brch import F_BUS, T_BUS
from pandapower.pypower.idx_bus import BASE_KV, PD, QD
from scipy.sparse import csc_matrix, csr_matrix, tril, triu
from scipy.sparse.linalg import SuperLU, splu

from sims.feeder.kernels import Branches, Complexes, Factors, Floats, Ints, Model, Slacks

FACTS_TABLES = ("svc", "tcsc", "ssc", "vsc", "vsc_stacked", "vsc_bipolar")


def obstacle(net: pandapowerNet) -> str | None:
    """Why the fixed point cannot take this solved network; None if it can."""
    options, tables = net._options, [table for table in FACTS_TABLES if len(net.get(table, ()))]
    reasons = {
        "three-winding transformers": len(net.trafo3w) > 0,
        f"power electronics in {', '.join(tables)}": bool(tables),
        "voltage-dependent loads (const_z, const_i)": options["voltage_depend_loads"],
        "a distributed slack": options["distributed_slack"],
        "temperature-dependent lines": options["tdpf"],
        "no bus besides the slack": "Ybus" not in net["_ppc"]["internal"],
        "voltage-controlled generators": np.size(net["_ppc"]["internal"].get("pv", ())) > 0,
    }
    return next((reason for reason, applies in reasons.items() if applies), None)


def node_of(net: pandapowerNet, buses: Ints) -> Ints:
    """Node of each bus index, -1 for a bus without supply; shapes (n,)."""
    nodes = net._pd2ppc_lookups["bus"][buses]
    dead = (nodes >= len(net["_ppc"]["internal"]["bus"])) | ~net.bus.loc[buses, "in_service"].to_numpy(bool)
    return np.where(dead, -1, nodes).astype(np.int64)


def constant_demand(net: pandapowerNet) -> Complexes:
    """Power every node drew in the solved state, shape (n_node,) [pu]."""
    internal = net["_ppc"]["internal"]
    return (internal["bus"][:, PD] + 1j * internal["bus"][:, QD]) / internal["baseMVA"]


def build_model(net: pandapowerNet, connections: Ints) -> tuple[Model, Complexes]:
    """Matrices of a solved network, and its no-load voltages.

    Parameters
    ----------
    net : pandapowerNet
        Solved by `runpp` without recycling.
    connections : Ints
        Bus index of each connection, shape (n_connections,).

    Returns
    -------
    tuple[Model, Complexes]
        The model, and the voltages without any demand, shape (n_node,) [pu].
    """
    internal = net["_ppc"]["internal"]
    ybus, slack, unknown = csr_matrix(internal["Ybus"]), internal["ref"], internal["pq"].astype(np.int64)
    # symmetric ordering keeps the fill-in of a radial feeder at zero; plain COLAMD does not
    lu = splu(
        csc_matrix(ybus[unknown][:, unknown]), permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True}
    )
    v = internal["V"].astype(np.complex128)
    v[unknown] = -lu.solve(ybus[unknown][:, slack] @ v[slack])
    model = Model(
        load_node=unknown,
        no_load=v[unknown],
        factors=_factors(lu),
        branches=_branches(net),
        slacks=_slacks(ybus, slack),
        connection_node=node_of(net, connections),
        bus_node=node_of(net, net.bus.index.to_numpy()),
        base_kva=1e3 * float(internal["baseMVA"]),
    )
    return model, v


def _rows(matrix: csr_matrix) -> tuple[Ints, Ints, Complexes]:
    """Row starts, columns and values of a compressed matrix."""
    start, column = matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64)
    return start, column, np.asarray(matrix.data, dtype=np.complex128)


def _factors(lu: SuperLU) -> Factors:
    return Factors(
        *_rows(csr_matrix(tril(lu.L, -1))),
        *_rows(csr_matrix(triu(lu.U, 1))),
        u_inverse=1.0 / lu.U.diagonal(),
        row_order=lu.perm_r.astype(np.int64),
        column_order=lu.perm_c.astype(np.int64),
    )


def _slacks(ybus: csr_matrix, slack: Ints) -> Slacks:
    return Slacks(slack.astype(np.int64), *_rows(csr_matrix(ybus[slack])))


def _branches(net: pandapowerNet) -> Branches:
    internal = net["_ppc"]["internal"]
    ends = internal["branch"][:, [F_BUS, T_BUS]].real.astype(np.int64)
    from_node, to_node = ends[:, 0].copy(), ends[:, 1].copy()
    row, in_service = np.arange(len(ends)), internal["branch_is"]
    yf, yt = csr_matrix(internal["Yf"]), csr_matrix(internal["Yt"])
    looped = from_node == to_node  # both ends on one node: the matrix holds the sum of both entries
    percent, place = _ratings(net)
    return Branches(
        from_node=from_node,
        to_node=to_node,
        y_ff=np.asarray(yf[row, from_node]).ravel(),
        y_ft=np.where(looped, 0.0, np.asarray(yf[row, to_node]).ravel()),
        y_tf=np.where(looped, 0.0, np.asarray(yt[row, from_node]).ravel()),
        y_tt=np.asarray(yt[row, to_node]).ravel(),
        percent_from=percent[in_service, 0],
        percent_to=percent[in_service, 1],
        place=place[in_service],
    )


def _ratings(net: pandapowerNet) -> tuple[Floats, Ints]:
    """Loading per pu of current at both ends [%], and place in the loading array, of all ppc branches."""
    ppc, lookup = net["_ppc"], net._pd2ppc_lookups["branch"]
    nodes = ppc["branch"][:, [F_BUS, T_BUS]].real.astype(np.int64)
    base_ka = ppc["baseMVA"] / (np.sqrt(3.0) * ppc["bus"][nodes, BASE_KV])
    percent, place = np.zeros(nodes.shape), np.full(len(nodes), -1, dtype=np.int64)
    if "line" in lookup:
        line, (first, end) = net.line, lookup["line"]
        rated_ka = (line["max_i_ka"] * line["df"] * line["parallel"]).to_numpy(float)
        percent[first:end] = 100.0 * base_ka[first:end] / rated_ka[:, None]
        place[first:end] = np.arange(end - first)
    if "trafo" in lookup:
        trafo, (first, end) = net.trafo, lookup["trafo"]
        rated_mva = (trafo["sn_mva"] * trafo["df"] * trafo["parallel"]).to_numpy(float)
        rated_ka = rated_mva[:, None] / (np.sqrt(3.0) * trafo[["vn_hv_kv", "vn_lv_kv"]].to_numpy(float))
        percent[first:end] = 100.0 * base_ka[first:end] / rated_ka
        place[first:end] = len(net.line) + np.arange(end - first)
    return percent, place
