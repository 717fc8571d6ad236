"""Where the buses of a feeder are drawn: on the map when the network knows, else as a tree from the grid."""

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
    near: list[list[int]] = [[] for _ in range(n_bus)]
    for one, other in edges.tolist():
        near[one].append(other)
        near[other].append(one)
    x, y, columns = np.zeros(n_bus), np.zeros(n_bus), 0
    done: set[int] = set()
    for root in (*np.flatnonzero(slack).tolist(), *range(n_bus)):
        if root in done:
            continue
        fed = _fed_from(root, near, done)
        for bus, below in fed.items():
            y[below] = y[bus] - 1.0
        for bus in _leaves_first(root, fed):
            if below := fed[bus]:
                x[bus] = (x[below[0]] + x[below[-1]]) / 2.0
            else:
                x[bus], columns = columns, columns + 1
    return x, y


def _fed_from(root: int, near: list[list[int]], done: set[int]) -> dict[int, list[int]]:
    """What each bus feeds when all go the shortest way, nearest buses first; they are added to `done`."""
    done.add(root)
    fed: dict[int, list[int]] = {}
    waiting = [root]
    for bus in waiting:  # grows while it is read
        fed[bus] = [other for other in dict.fromkeys(near[bus]) if other not in done]
        done.update(fed[bus])
        waiting += fed[bus]
    return fed


def _leaves_first(root: int, fed: dict[int, list[int]]) -> list[int]:
    """Every bus after all that it feeds, branch by branch."""
    stack, found = [root], []
    while stack:
        found.append(stack.pop())
        stack += fed[found[-1]]
    return found[::-1]
