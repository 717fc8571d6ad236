"""Which lines and transformers stand between a bus and the grid: those whose loading its power moves."""

from collections.abc import Iterable

import networkx as nx
import numpy as np
import numpy.typing as npt
from pandapower.auxiliary import pandapowerNet
from pandapower.topology import create_nxgraph

Ints = npt.NDArray[np.int64]

GRID = "grid"


def elements_upstream(net: pandapowerNet, buses: Iterable[int]) -> Ints:
    """Lines and transformers on any way from one of the buses to a grid, switches as they stand.

    Parameters
    ----------
    net : pandapowerNet
        A network without faults.
    buses : iterable of int
        Bus indices.

    Returns
    -------
    Ints
        Rows of `net.line`, then of `net.trafo` counted on from the last line, in this order, shape (n,).

    Notes
    -----
    An element lies on a simple way between two nodes exactly if it shares their block (biconnected
    component) once an edge joins the two: in a radial feeder the one way up, in a ring both sides of it.
    """
    graph = create_nxgraph(net, multi=True)
    plain = nx.Graph(graph)
    for table in ("ext_grid", "gen"):
        slack = net[table]["in_service"].astype(bool)
        if table == "gen":
            slack &= net[table]["slack"].astype(bool)
        plain.add_edges_from((int(bus), GRID) for bus in net[table].loc[slack, "bus"])
    ways: set[frozenset[object]] = set()
    for bus in {int(bus) for bus in buses}:
        ways |= _ways(plain, bus)
    found = {key for start, end, key in graph.edges(keys=True) if frozenset((start, end)) in ways}
    every = [("line", index) for index in net.line.index] + [("trafo", index) for index in net.trafo.index]
    return np.array([row for row, key in enumerate(every) if key in found], dtype=np.int64)


def _ways(plain: nx.Graph, bus: int) -> set[frozenset[object]]:
    """Pairs of neighbours on any simple way from the bus to the grid."""
    beside = plain.has_edge(bus, GRID)
    plain.add_edge(bus, GRID)
    joined = frozenset((bus, GRID))
    blocks = ({frozenset(edge) for edge in block} for block in nx.biconnected_component_edges(plain))
    block = next(block for block in blocks if joined in block)
    if not beside:
        plain.remove_edge(bus, GRID)
    return block
