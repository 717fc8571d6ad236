"""Sensitivities against central differences of the power flow, and who stands between a bus and the grid."""

from functools import cache
from pathlib import Path

import numpy as np
import pandapower as pp
import pytest

from sims.feeder import zbus
from sims.feeder.network import load_network
from sims.feeder.powerflow import make_engine
from sims.feeder.sensitivity import Watch, by_differences
from sims.feeder.upstream import elements_upstream

VILLAGE = "pandapower:create_kerber_dorfnetz"
# network -> kW a connection may draw or feed in
CASES = {"office_site": 40.0, VILLAGE: 6.0, "pandapower:create_kerber_vorstadtnetz_kabel_1": 10.0}
N = 15
STATES = {"mixed": (-1.0, 1.0), "drawing": (0.2, 1.0), "feeding in": (-1.0, -0.2)}


def watching(n, buses, elements):
    """Watch with `n` connections varied, every second one with reactive power."""
    return Watch(np.arange(n), 0.3 * (np.arange(n) % 2), buses, elements)


@cache
def case(name):
    """Engine with connections all over the network, and a watch on everything."""
    net = load_network(name, {}, Path())
    low = net.bus.index[net.bus["vn_kv"] < 1.0]
    buses = np.random.default_rng(3).choice(low, min(N, len(low)), replace=False).tolist()
    elements = np.arange(len(net.line) + len(net.trafo))
    return make_engine("zbus", net, buses), watching(len(buses), np.arange(len(net.bus)), elements)


def apart(exact, differences):
    """Largest difference of each row relative to the row's largest entry; rows that do not move left out."""
    size = np.abs(differences).max(axis=1)
    moving = size > 1e-9 * size.max()
    return np.abs(exact - differences).max(axis=1)[moving] / size[moving]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("name", CASES)
def test_the_jacobian_is_the_limit_of_differences(name, state):
    engine, watch = case(name)
    rng = np.random.default_rng([len(name), len(state)])
    for _ in range(3):
        p_kw = CASES[name] * rng.uniform(*STATES[state], len(watch.connections))
        q_kvar = 0.4 * CASES[name] * rng.uniform(-1.0, 1.0, len(p_kw))
        exact = engine.sensitivities(p_kw, q_kvar, watch)
        near = by_differences(engine, p_kw, q_kvar, watch, step_kw=0.01)
        assert apart(exact.dvm_pu_per_kw, near.dvm_pu_per_kw).max() < 1e-6
        assert apart(exact.dloading_percent_per_kw, near.dloading_percent_per_kw).max() < 1e-3


@pytest.mark.parametrize("direction", [1.0, -1.0])
def test_pandapowers_engine_gives_the_same_by_differences(office, direction):
    buses = [2, 3, 4]
    fast, slow = (make_engine(name, office, buses) for name in ("zbus", "pandapower"))
    p_kw, q_kvar = direction * np.array([90.0, 30.0, 20.0]), np.array([30.0, 0.0, 0.0])
    watch = watching(3, np.arange(len(office.bus)), np.arange(len(office.line) + 1))
    one, two = (engine.sensitivities(p_kw, q_kvar, watch) for engine in (fast, slow))
    assert apart(one.dvm_pu_per_kw, two.dvm_pu_per_kw).max() < 1e-3
    assert apart(one.dloading_percent_per_kw, two.dloading_percent_per_kw).max() < 1e-3


def test_drawing_lowers_every_voltage_and_loads_what_stands_upstream(office):
    engine = make_engine("zbus", office, [2, 3, 4])
    watch = watching(3, np.array([0, 2, 3, 4]), np.arange(4))
    found = engine.sensitivities(np.array([100.0, 40.0, 30.0]), np.zeros(3), watch)
    assert not found.dvm_pu_per_kw[0].any()  # the grid holds its voltage
    assert (found.dvm_pu_per_kw[1:] < 0.0).all()
    own = found.dloading_percent_per_kw[[0, 1, 2, 3, 3, 3], [0, 1, 2, 0, 1, 2]]
    others = found.dloading_percent_per_kw[[0, 0, 1, 1, 2, 2], [1, 2, 0, 2, 0, 1]]
    assert (own > 0.1).all()
    assert (np.abs(others) < 0.01).all()
    # 100 kW at 250 kVA and nearly nominal voltage
    assert found.dloading_percent_per_kw[3, 0] == pytest.approx(100.0 / 250.0, rel=0.05)


def test_a_feeder_without_current_gains_loading_either_way():
    net = pp.create_empty_network()
    pp.create_buses(net, 2, vn_kv=0.4)
    pp.create_ext_grid(net, 0)
    pp.create_line_from_parameters(
        net, 0, 1, 0.1, r_ohm_per_km=0.2, x_ohm_per_km=0.08, c_nf_per_km=0.0, max_i_ka=0.2
    )
    engine = make_engine("zbus", net, [1, 0])
    watch = watching(2, np.arange(2), np.arange(1))
    found = engine.sensitivities(np.zeros(2), np.zeros(2), watch)
    assert found.dloading_percent_per_kw[0, 0] == pytest.approx(100.0 / (np.sqrt(3) * 0.4 * 0.2 * 1e3))
    assert found.dvm_pu_per_kw[1, 0] == pytest.approx(-0.02 / 160.0, rel=1e-6)  # r / vn^2 of one kW
    assert not found.dvm_pu_per_kw[:, 1].any()
    assert not found.dloading_percent_per_kw[:, 1].any()


def test_a_state_without_solution_has_no_sensitivities(odd):
    engine = make_engine("zbus", odd, [3])
    watch = watching(1, np.arange(5), np.arange(2))
    assert engine.sensitivities(np.array([9000.0]), np.zeros(1), watch) is None


def test_a_derivative_that_does_not_contract_is_left_to_differences(office, monkeypatch):
    engine = make_engine("zbus", office, [2])
    watch, state = watching(1, np.arange(5), np.arange(4)), (np.array([50.0]), np.zeros(1))
    exact = engine.sensitivities(*state, watch)
    monkeypatch.setattr(zbus, "derivatives", lambda *_: False)
    assert apart(engine.sensitivities(*state, watch).dvm_pu_per_kw, exact.dvm_pu_per_kw).max() < 1e-4


# --- upstream


def test_upstream_of_the_office_boards(office):
    transformer = len(office.line)
    assert elements_upstream(office, [4]).tolist() == [2, transformer]
    assert elements_upstream(office, [2, 3]).tolist() == [0, 1, transformer]
    assert elements_upstream(office, [1]).tolist() == [transformer]
    assert elements_upstream(office, [0]).tolist() == []
    assert elements_upstream(office, []).tolist() == []


def test_upstream_in_a_network_with_one_of_everything(odd):
    # L1 is open, L3 lies between fused buses: both ends of it are one node, but switches decide that alone
    lines, transformer = len(odd.line), len(odd.line)
    assert elements_upstream(odd, [6]).tolist() == [0, 3, 4, transformer]
    assert elements_upstream(odd, [3]).tolist() == [2, transformer]
    assert lines + 1 not in elements_upstream(odd, range(5))  # the transformer out of service


def test_both_sides_of_a_ring_are_upstream():
    net = pp.create_empty_network()
    pp.create_buses(net, 5, vn_kv=0.4)
    pp.create_ext_grid(net, 0)
    for start, end in ((0, 1), (1, 2), (2, 3), (3, 1), (3, 4), (3, 4)):
        pp.create_line(net, start, end, 0.1, "NAYY 4x150 SE")
    assert elements_upstream(net, [3]).tolist() == [0, 1, 2, 3]
    assert elements_upstream(net, [4]).tolist() == [0, 1, 2, 3, 4, 5]
    assert elements_upstream(net, [1]).tolist() == [0]


def test_what_is_not_upstream_carries_nothing_more():
    """Every line of the village whose loading 5 kW at a bus moves by a point is found, and no other."""
    net = load_network(VILLAGE, {}, Path())
    for bus in (10, 60, 110):
        engine = make_engine("zbus", net, [bus])
        before, after = (engine.solve(np.array([p_kw]), np.zeros(1)).loading_percent for p_kw in (0.0, 5.0))
        moved = np.flatnonzero(np.abs(after - before) > 0.5)
        assert elements_upstream(net, [bus]).tolist() == moved.tolist()
