"""Where the buses of a feeder are drawn: on the map when the network knows, else as a tree from the grid."""

import networkx as nx
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# coordinates that span less than this are taken for longitude and latitude [deg]
MAP_SPAN_DEG = 5.0


def positions(x: Floats, y: Floats, edges: Ints, slack: Ints) -> tuple[Floats, Floats]:
    """Position of every bus.

    Parameters
    ----------
    x, y : floats, shape (n_bus,)
        Positions the network has, NaN where it has none.
    edges : ints, shape (n_edges, 2)
        Pairs of buses something closed connects.
    slack : ints, shape (n_bus,)
        1 where a grid above holds the voltage: the roots of the tree.

    Returns
    -------
    x, y : floats, shape (n_bus,)
        Theirs when every bus has one; else a tree, downwards, levels one apart [-].
    """
    if len(x) and np.isfinite(x).all() and np.isfinite(y).all():
        return x, y
    return tree(len(x), edges, slack)


def is_map(x: Floats, y: Floats) -> bool:
    """Whether positions are longitude and latitude of one neighbourhood."""
    return bool(len(x) and max(np.ptp(x), np.ptp(y)) < MAP_SPAN_DEG and np.abs(y).max() <= 90.0)


def tree(n_bus: int, edges: Ints, slack: Ints) -> tuple[Floats, Floats]:
    """Tree drawing: every leaf a column of its own, a bus above the middle of what it feeds.

    Buses that cannot be reached from a slack root trees of their own; in a mesh the shortest way counts.
    """
    graph = nx.Graph()
    graph.add_nodes_from(range(n_bus))
    graph.add_edges_from(map(tuple, edges.tolist()))
    x, y, columns = np.zeros(n_bus), np.zeros(n_bus), 0
    done: set[int] = set()
    for root in (*np.flatnonzero(slack).tolist(), *range(n_bus)):
        if root in done:
            continue
        below = nx.bfs_tree(graph.subgraph(set(graph) - done), root)
        for bus, depth in nx.single_source_shortest_path_length(below, root).items():
            y[bus] = -depth
        for bus in nx.dfs_postorder_nodes(below, root):
            fed = list(below.successors(bus))
            if fed:
                x[bus] = (x[fed[0]] + x[fed[-1]]) / 2.0
            else:
                x[bus], columns = columns, columns + 1
        done |= set(below)
    return x, y
