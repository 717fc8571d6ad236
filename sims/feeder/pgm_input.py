"""From a network pandapower has just solved to the input of power-grid-model.

Positive sequence, taps, switches and islands are those of pandapower's own matrices, as for the fast engine;
only what a balanced flow does not know, zero sequence and connection of the windings, comes from the tables.
Nodes are electrical ones: buses joined by closed switches share one. Powers are W, voltages V, currents A.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pandapower.auxiliary import pandapowerNet
from pandapower.pypower.idx_brch import BR_B, BR_G, BR_R, BR_X, TAP
from pandapower.pypower.idx_bus import BASE_KV, BS, GS
from power_grid_model import LoadGenType, WindingType, initialize_array

from sims.feeder.kernels import Branches, Complexes, Floats, Ints

# the grid holds its voltage: behind this short-circuit power 1 MW moves it by 1e-9 pu
SOURCE_VA = 1e15
SYSTEM_HZ = 50.0  # lines give susceptances, so any frequency does that is used throughout

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class PgmInput:
    """A network as power-grid-model takes it, and where its results belong.

    Parameters
    ----------
    tables : dict of str to structured array
        Input data by component type; lines and transformers in the order of `line_branch`, `trafo_branch`.
    load_node : ints, shape (n_loads,)
        Node of each three-phase load, the ones power may be drawn at.
    line_branch, trafo_branch : ints
        Row of pandapower's branch table of each line and transformer.
    """

    tables: dict[str, Array]
    load_node: Ints
    line_branch: Ints
    trafo_branch: Ints


def pgm_input(net: pandapowerNet, branches: Branches, voltage: Complexes, load_node: Ints) -> PgmInput:
    """Input data of a solved network without faults of `check_phases`.

    Parameters
    ----------
    net : pandapowerNet
        Solved by `runpp` without recycling.
    branches : Branches
        Its branches in service (`admittance.build_model`).
    voltage : Complexes
        Node voltages, of which those at the slack nodes are held, shape (n_node,) [pu].
    load_node : ints, shape (n_loads,)
        Nodes power may be drawn at, each once.
    """
    internal = net["_ppc"]["internal"]
    is_trafo = branches.place >= len(net.line)
    if (branches.place < 0).any():
        raise ValueError("a branch is neither line nor transformer")  # check_phases refuses them
    # a line between buses that a switch joins is a shunt: its charging is all it carries
    looped = branches.from_node == branches.to_node
    line_branch, trafo_branch = np.flatnonzero(~is_trafo & ~looped), np.flatnonzero(is_trafo)
    slack = internal["ref"].astype(np.int64)
    shunt_mva = internal["bus"][:, GS] + 1j * internal["bus"][:, BS]
    charging = (branches.y_ff + branches.y_tt)[looped] * internal["baseMVA"]
    np.add.at(shunt_mva, branches.from_node[looped], charging)
    tables = {
        "node": _nodes(internal),
        "line": _lines(net, branches, line_branch),
        "transformer": _transformers(net, branches, trafo_branch),
        "source": _sources(slack, voltage),
        "shunt": _shunts(internal, shunt_mva),
        "asym_load": _loads(load_node),
    }
    first = 0
    for table in tables.values():  # one number for every component of the network
        table["id"] = first + np.arange(len(table))
        first += len(table)
    return PgmInput(tables, load_node, line_branch, trafo_branch)


def _nodes(internal: Any) -> Array:
    nodes = initialize_array("input", "node", len(internal["bus"]))
    nodes["u_rated"] = 1e3 * internal["bus"][:, BASE_KV]
    return nodes


def _base_ohm(internal: Any, nodes: Ints) -> Floats:
    return internal["bus"][nodes, BASE_KV] ** 2 / internal["baseMVA"]


def _joined(table: Array, branches: Branches, rows: Ints) -> None:
    table["from_node"], table["to_node"] = branches.from_node[rows], branches.to_node[rows]
    table["from_status"] = table["to_status"] = 1


def _lines(net: pandapowerNet, branches: Branches, rows: Ints) -> Array:
    internal, omega = net["_ppc"]["internal"], 2.0 * np.pi * SYSTEM_HZ
    given, data = internal["branch"][rows].real, net.line.iloc[branches.place[rows]]
    length, parallel = (data[name].to_numpy(float) for name in ("length_km", "parallel"))
    ohm = _base_ohm(internal, branches.from_node[rows])
    lines = initialize_array("input", "line", len(rows))
    _joined(lines, branches, rows)
    lines["r1"], lines["x1"] = given[:, BR_R] * ohm, given[:, BR_X] * ohm
    lines["c1"] = given[:, BR_B] / ohm / omega
    lines["tan1"] = np.divide(
        given[:, BR_G], given[:, BR_B], out=np.zeros(len(rows)), where=given[:, BR_B] != 0
    )
    for name, column in (("r0", "r0_ohm_per_km"), ("x0", "x0_ohm_per_km")):
        lines[name] = data[column].to_numpy(float) * length / parallel
    lines["c0"] = 1e-9 * data["c0_nf_per_km"].to_numpy(float) * length * parallel
    lines["c0"] *= 2.0 * np.pi * net.f_hz / omega
    lines["tan0"] = lines["tan1"]
    return lines


def _transformers(net: pandapowerNet, branches: Branches, rows: Ints) -> Array:
    """Transformers whose delta or zigzag side lets no zero sequence pass: on the other it meets Z0 to earth.

    power-grid-model has one impedance for all sequences and one of the neutral: there goes a third of what
    Z0 and Z1 differ by, for the currents of three phases flow through it. The magnetising branch of the
    zero sequence is left out: it lies beside the winding that shorts it.
    """
    internal = net["_ppc"]["internal"]
    given, data = internal["branch"][rows].real, net.trafo.iloc[branches.place[rows] - len(net.line)]
    rated_mva, base_mva = data["sn_mva"].to_numpy(float), float(internal["baseMVA"])
    z1 = given[:, BR_R] + 1j * given[:, BR_X]
    shunt = given[:, BR_G] + 1j * given[:, BR_B]
    trafos = initialize_array("input", "transformer", len(rows))
    _joined(trafos, branches, rows)
    base_kv = internal["bus"][:, BASE_KV]
    trafos["u1"] = 1e3 * base_kv[branches.from_node[rows]] * given[:, TAP]
    trafos["u2"] = 1e3 * base_kv[branches.to_node[rows]]
    trafos["sn"] = 1e6 * rated_mva
    trafos["uk"] = np.copysign(np.abs(z1), z1.imag) * rated_mva / base_mva
    trafos["pk"] = 1e6 * z1.real * rated_mva**2 / base_mva
    trafos["i0"], trafos["p0"] = np.abs(shunt) * base_mva / rated_mva, 1e6 * shunt.real * base_mva
    trafos["i0_zero_sequence"] = trafos["p0_zero_sequence"] = 0.0
    trafos["winding_from"], trafos["winding_to"] = WindingType.delta, WindingType.wye_n
    trafos["clock"] = np.round(data["shift_degree"].to_numpy(float) / 30.0) % 12
    trafos["tap_side"] = 0
    for name in ("tap_pos", "tap_min", "tap_max", "tap_nom", "tap_size"):
        trafos[name] = 0
    neutral = (_zero_sequence_ohm(data) - z1 * _base_ohm(internal, branches.to_node[rows])) / 3.0
    trafos["r_grounding_to"], trafos["x_grounding_to"] = neutral.real, neutral.imag
    return trafos


def _zero_sequence_ohm(data: Any) -> Complexes:
    """Zero-sequence impedance of transformers seen from the low-voltage side [ohm]."""
    z, r = (data[name].to_numpy(float) / 100.0 for name in ("vk0_percent", "vkr0_percent"))
    per_unit = r + 1j * np.sqrt(np.maximum(z**2 - r**2, 0.0))
    parts = (data[name].to_numpy(float) for name in ("vn_lv_kv", "sn_mva", "parallel"))
    vn_lv_kv, sn_mva, parallel = parts
    return per_unit * vn_lv_kv**2 / sn_mva / parallel


def _sources(slack: Ints, voltage: Complexes) -> Array:
    sources = initialize_array("input", "source", len(slack))
    sources["node"], sources["status"] = slack, 1
    sources["u_ref"], sources["u_ref_angle"] = np.abs(voltage[slack]), np.angle(voltage[slack])
    sources["sk"], sources["rx_ratio"], sources["z01_ratio"] = SOURCE_VA, 0.1, 1.0
    return sources


def _shunts(internal: Any, shunt_mva: Complexes) -> Array:
    """Shunts, each phase to earth: the same in all sequences; P and -Q at rated voltage, shape (n_node,)."""
    nodes = np.flatnonzero(shunt_mva)
    shunts = initialize_array("input", "shunt", len(nodes))
    siemens = shunt_mva[nodes] / internal["bus"][nodes, BASE_KV] ** 2
    shunts["node"], shunts["status"] = nodes, 1
    shunts["g1"] = shunts["g0"] = siemens.real
    shunts["b1"] = shunts["b0"] = siemens.imag
    return shunts


def _loads(nodes: Ints) -> Array:
    loads = initialize_array("input", "asym_load", len(nodes))
    loads["node"], loads["status"], loads["type"] = nodes, 1, LoadGenType.const_power
    loads["p_specified"] = loads["q_specified"] = 0.0
    return loads
