"""Where buses are drawn."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cosim.results.figures.network_layout import is_map, positions, tree


def edges(*pairs: tuple[int, int]) -> np.ndarray:
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def test_a_bus_stands_above_the_middle_of_what_it_feeds():
    #      0
    #      1
    #   2     3
    # 4   5
    x, y = tree(6, edges((0, 1), (1, 2), (1, 3), (2, 4), (2, 5)), np.array([1, 0, 0, 0, 0, 0]))
    assert y.tolist() == [0, -1, -2, -2, -3, -3]
    assert sorted(x[[3, 4, 5]]) == [0, 1, 2]
    assert x[2] == (x[4] + x[5]) / 2
    assert x[0] == x[1] == (x[2] + x[3]) / 2


def test_in_a_mesh_the_shortest_way_counts():
    _, y = tree(4, edges((0, 1), (1, 2), (2, 3), (3, 0)), np.array([1, 0, 0, 0]))
    assert y.tolist() == [0, -1, -2, -1]


def test_what_no_grid_reaches_stands_beside():
    x, y = tree(4, edges((0, 1), (2, 3)), np.array([0, 1, 0, 0]))
    assert y.tolist() == [-1, 0, 0, -1]
    assert x[0] == x[1] != x[2] == x[3]


@given(st.integers(1, 60), st.randoms(use_true_random=False))
def test_no_two_buses_of_a_tree_share_a_place(n, random):
    pairs = [(random.randrange(bus), bus) for bus in range(1, n)]
    slack = np.zeros(n)
    slack[random.randrange(n)] = 1
    x, y = tree(n, edges(*pairs), slack)
    assert len(set(zip(x.tolist(), y.tolist(), strict=True))) == n
    for a, b in pairs:
        assert abs(y[a] - y[b]) == 1


def test_positions_of_the_network_go_before_a_tree():
    x, y = np.array([7.88, 7.89]), np.array([48.4, 48.5])
    slack = np.array([1, 0])
    for given_xy, found in zip((x, y), positions(x, y, edges((0, 1)), slack), strict=True):
        np.testing.assert_array_equal(given_xy, found)
    assert is_map(x, y)
    assert positions(np.array([7.88, np.nan]), y, edges((0, 1)), slack)[1].tolist() == [0, -1]


def test_a_drawing_is_no_map():
    assert not is_map(np.array([0.0, 20.0]), np.array([0.0, 1.0]))
    assert not is_map(np.array([1.0, 2.0]), np.array([100.0, 101.0]))
    assert not is_map(np.array([]), np.array([]))
