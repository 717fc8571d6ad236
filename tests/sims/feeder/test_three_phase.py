"""The engine that solves phase by phase: against pandapower, against the line equations, and by hand."""

import cmath
import copy
from functools import cache
from pathlib import Path

import numpy as np
import pandapower as pp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sims.faults import DataError, SimulationError
from sims.feeder.network import load_network
from sims.feeder.powerflow import UNBALANCED, make_engine
from sims.feeder.runpp import RunppEngine
from sims.feeder.zero_sequence import add_zero_sequence, group_of

N = 12  # buses power is drawn at
# network -> kW a bus may draw or feed in on each phase
CASES = {
    "office_site": 14.0,
    "ieee_european_lv": 3.0,
    "pandapower:create_kerber_dorfnetz": 3.0,
    "pandapower:create_cigre_network_lv": 5.0,
}
A = cmath.exp(2j * cmath.pi / 3)
TO_SEQUENCE = np.array([[1, 1, 1], [1, A, A * A], [1, A * A, A]]) / 3
FROM_SEQUENCE = np.linalg.inv(TO_SEQUENCE)
shares = arrays(np.float64, (N, 3), elements=st.floats(-0.3, 1))


@cache
def case(name):
    """Network without loads, N low-voltage buses, an engine with one connection a bus and phase."""
    net = load_network(name, {}, Path())
    add_zero_sequence(net)
    net.load["in_service"] = net.asymmetric_load["in_service"] = False
    low = net.bus.index[net.bus["vn_kv"] < 1.0]
    buses = np.random.default_rng(3).choice(low, N).tolist()
    engine = make_engine(UNBALANCED, net, np.repeat(buses, 3).tolist(), [1, 2, 3] * N)
    return net, buses, engine


def solved(name, p_kw, factor=0.3):
    """Solution with `p_kw`, shape (N, 3), and `factor` times as many kvar."""
    return case(name)[2].solve(p_kw.ravel(), factor * p_kw.ravel())


@pytest.mark.parametrize("name", CASES)
def test_balanced_power_gives_what_runpp_gives(name):
    net, buses, _ = case(name)
    p_kw = 3.0 * CASES[name] * np.random.default_rng(5).uniform(-0.3, 1.0, N)
    expected = RunppEngine(net, buses).solve(p_kw, 0.3 * p_kw)
    solution = solved(name, np.repeat(p_kw[:, None] / 3.0, 3, axis=1))
    np.testing.assert_allclose(solution.vm_pu, expected.vm_pu, rtol=0, atol=1e-8)
    for ours, theirs in (
        (solution.line_loading_percent, expected.line_loading_percent),
        (solution.transformer_loading_percent, expected.transformer_loading_percent),
    ):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5)
    assert solution.import_kw == pytest.approx(expected.import_kw, abs=1e-5)
    assert solution.import_kvar == pytest.approx(expected.import_kvar, abs=1e-5)
    assert solution.losses_kw == pytest.approx(expected.losses_kw, abs=1e-6)
    assert np.ptp(solution.phases.vm_phase_pu, axis=1).max() < 1e-9
    assert solution.phases.unbalance_percent.max() < 1e-7


def comparable(net, buses, p_kw, q_kvar):
    """The network for `runpp_3ph`: no magnetising branch in the zero sequence, a stiff source, no clock."""
    net = copy.deepcopy(net)
    for bus, p, q in zip(buses, p_kw / 1e3, q_kvar / 1e3, strict=True):
        pp.create_asymmetric_load(net, bus, *p, *q)
    net.trafo["vector_group"] = [group_of(group) for group in net.trafo["vector_group"]]
    net.trafo["mag0_percent"], net.trafo["mag0_rx"], net.trafo["si0_hv_partial"] = 1e8, 0.0, 0.9
    for column, value in (("s_sc_max_mva", 1e6), ("rx_max", 0.1), ("x0x_max", 1.0), ("r0x0_max", 0.1)):
        net.ext_grid[column] = net.ext_grid[column.replace("max", "min")] = value
    pp.runpp_3ph(net, tolerance_mva=1e-9, max_iteration=100, numba=False)
    return net


@pytest.mark.parametrize(
    ("name", "vm_pu", "ampere"),
    [
        ("pandapower:create_kerber_dorfnetz", 1e-7, 1e-4),
        # here pandapower's own solution leaves watts at every bus, see the next test
        ("ieee_european_lv", 1e-4, 0.2),
    ],
)
def test_unbalanced_power_gives_what_runpp_3ph_gives(name, vm_pu, ampere):
    net, buses, _ = case(name)
    p_kw = CASES[name] * np.random.default_rng(11).uniform(-0.3, 1.0, (N, 3))
    expected, solution = comparable(net, buses, p_kw, 0.3 * p_kw), solved(name, p_kw)
    theirs = expected.res_bus_3ph[["vm_a_pu", "vm_b_pu", "vm_c_pu"]]
    np.testing.assert_allclose(solution.phases.vm_phase_pu, theirs, rtol=0, atol=vm_pu)
    unbalance = expected.res_bus_3ph["unbalance_percent"]
    np.testing.assert_allclose(
        solution.phases.unbalance_percent, unbalance, rtol=0, atol=2e-2 * unbalance.max()
    )
    worst_a = 1e3 * expected.res_line_3ph[["i_a_ka", "i_b_ka", "i_c_ka"]].max(axis=1)
    rated_a = 1e3 * net.line["max_i_ka"]
    np.testing.assert_allclose(solution.line_loading_percent * rated_a / 100, worst_a, rtol=0, atol=ampere)


def unserved_w(net, buses, p_kw, q_kvar, v_pu):
    """Largest power missing at a bus behind the transformer, by Kirchhoff's law with the line table [W]."""
    v = v_pu * net.bus["vn_kv"].to_numpy()[:, None] * 1e3 / np.sqrt(3)
    missing = np.zeros((len(v), 3), dtype=complex)
    for bus, p, q in zip(buses, p_kw, q_kvar, strict=True):
        missing[bus] -= 1e3 * (p + 1j * q)
    for line in net.line.itertuples():
        z0, z1 = (
            line.length_km * (r + 1j * x)
            for r, x in ((line.r0_ohm_per_km, line.x0_ohm_per_km), (line.r_ohm_per_km, line.x_ohm_per_km))
        )
        current = (
            FROM_SEQUENCE
            @ np.diag([1 / z0, 1 / z1, 1 / z1])
            @ TO_SEQUENCE
            @ (v[line.from_bus] - v[line.to_bus])
        )
        missing[line.from_bus] -= v[line.from_bus] * current.conj()
        missing[line.to_bus] += v[line.to_bus] * current.conj()
    return np.abs(missing[2:]).max()


def test_every_bus_of_the_european_feeder_gets_its_power():
    """The lines have no capacitance: series impedances alone must carry what each bus draws."""
    name = "ieee_european_lv"
    net, buses, engine = case(name)
    p_kw = CASES[name] * np.random.default_rng(11).uniform(-0.3, 1.0, (N, 3))
    seen = {}
    genuine = engine._read
    engine._read = lambda found: genuine(seen.setdefault("found", found))
    solved(name, p_kw)
    engine._read = genuine
    node = seen["found"]["node"]
    ours = (node["u_pu"] * np.exp(1j * node["u_angle"]))[engine._model.bus_node]
    table = comparable(net, buses, p_kw, 0.3 * p_kw).res_bus_3ph
    theirs = np.column_stack(
        [table[f"vm_{x}_pu"] * np.exp(1j * np.deg2rad(table[f"va_{x}_degree"])) for x in "abc"]
    )
    assert unserved_w(net, buses, p_kw, 0.3 * p_kw, ours) < 1e-3
    assert unserved_w(net, buses, p_kw, 0.3 * p_kw, theirs) > 0.1


# 0 ==(Dyn5, 250 kVA)== 1 ---400 m--- 2    6 kW and 2 kvar on one phase of bus 2, nothing else
@pytest.mark.parametrize("phase", [1, 2, 3])
def test_one_load_on_one_phase_by_hand(phase):
    """Its loop has (Z0 + Z1 + Z2)/3 of every element; the other phases get (Z0 - Z1)/3 of its current.

    The two others are turned by 120 degrees, so the sign of the coupled drop is a cosine; they are computed
    as complex numbers here.
    """
    net = pp.create_empty_network()
    for vn_kv in (10.0, 0.4, 0.4):
        pp.create_bus(net, vn_kv)
    pp.create_ext_grid(net, 0, vm_pu=1.0)
    trafo = {"sn_mva": 0.25, "vn_hv_kv": 10.0, "vn_lv_kv": 0.4, "vk_percent": 4.0, "vkr_percent": 1.2}
    pp.create_transformer_from_parameters(
        net, 0, 1, **trafo, pfe_kw=0.0, i0_percent=0.0, shift_degree=150, vector_group="Dyn5",
        vk0_percent=3.8, vkr0_percent=1.0, mag0_percent=100.0, mag0_rx=0.0, si0_hv_partial=0.9,
    )  # fmt: skip
    pp.create_line_from_parameters(
        net, 1, 2, 0.4, r_ohm_per_km=0.2, x_ohm_per_km=0.08, c_nf_per_km=0.0, max_i_ka=0.2,
        r0_ohm_per_km=0.8, x0_ohm_per_km=0.3, c0_nf_per_km=0.0,
    )  # fmt: skip
    solution = make_engine(UNBALANCED, net, [2], [phase]).solve(np.array([6.0]), np.array([2.0]))
    base = 0.4**2 / 0.25
    z1 = base * (0.012 + 1j * np.sqrt(0.04**2 - 0.012**2)) + 0.4 * (0.2 + 0.08j)
    z0 = base * (0.010 + 1j * np.sqrt(0.038**2 - 0.010**2)) + 0.4 * (0.8 + 0.3j)
    e = 400.0 / np.sqrt(3)
    v = e + 0j
    for _ in range(100):
        current = ((6000 + 2000j) / v).conjugate()
        v = e - (z0 + 2 * z1) / 3 * current
    lag, lead = (e * turn - (z0 - z1) / 3 * current for turn in (A.conjugate(), A))
    expected = np.roll([abs(v), abs(lag), abs(lead)], phase - 1) / e
    np.testing.assert_allclose(solution.phases.vm_phase_pu[2], expected, rtol=0, atol=1e-8)
    assert solution.line_loading_percent[0] == pytest.approx(100 * abs(current) / 200.0, abs=1e-6)
    negative, positive = abs(z1 * current / 3), abs(e - z1 * current / 3)
    assert solution.phases.unbalance_percent[2] == pytest.approx(100 * negative / positive, abs=1e-6)
    assert solution.vm_pu[2] == pytest.approx(positive / e, abs=1e-8)


@settings(max_examples=5, deadline=None, derandomize=True)
@given(p=shares)
def test_turning_the_phases_turns_the_answer(p):
    name = "pandapower:create_kerber_dorfnetz"
    straight, turned = solved(name, CASES[name] * p), solved(name, CASES[name] * np.roll(p, 1, axis=1))
    expected = np.roll(straight.phases.vm_phase_pu, 1, axis=1)
    np.testing.assert_allclose(turned.phases.vm_phase_pu, expected, rtol=0, atol=1e-9)
    np.testing.assert_allclose(turned.phases.unbalance_percent, straight.phases.unbalance_percent, atol=1e-7)
    np.testing.assert_allclose(turned.line_loading_percent, straight.line_loading_percent, atol=1e-6)
    assert turned.losses_kw == pytest.approx(straight.losses_kw, abs=1e-6)


@settings(max_examples=5, deadline=None, derandomize=True)
@given(p=shares, name=st.sampled_from(sorted(CASES)))
def test_import_is_what_all_phases_draw_plus_losses(p, name):
    drawn = CASES[name] * p
    solution = solved(name, drawn)
    assert solution.import_kw == pytest.approx(
        drawn.sum() + solution.losses_kw, abs=1e-6 * (1 + np.abs(drawn).sum())
    )
    assert solution.losses_kw >= -1e-9


def test_one_of_everything(odd):
    """Fused and open switches, shunt, sgen, storage, taps, dead buses: under balanced power as `runpp`."""
    add_zero_sequence(odd)
    buses = [6, 6, 3, 1, 0, 2]
    p_kw, q_kvar = np.array([20.0, -35.0, 60.0, 5.0, 80.0, 12.0]), np.array([4.0, 0.0, -7.0, 1.0, 2.0, 3.0])
    solution = make_engine(UNBALANCED, odd, buses).solve(p_kw, q_kvar)
    expected = RunppEngine(odd, buses).solve(p_kw, q_kvar)
    np.testing.assert_allclose(solution.vm_pu, expected.vm_pu, rtol=0, atol=1e-8)
    # L3 between two fused buses carries its own charging alone, which is not reported
    lines = solution.line_loading_percent, expected.line_loading_percent
    np.testing.assert_allclose(*lines, rtol=0, atol=1e-2)
    np.testing.assert_allclose(*(np.delete(line, 3) for line in lines), rtol=0, atol=1e-6)
    trafos = solution.transformer_loading_percent, expected.transformer_loading_percent
    np.testing.assert_allclose(*trafos, rtol=0, atol=1e-6)
    assert solution.import_kw == pytest.approx(expected.import_kw, abs=1e-5)
    assert np.isnan(solution.phases.vm_phase_pu).all(axis=1).tolist() == [False] * 5 + [True, False, True]


def test_the_answer_does_not_depend_on_what_was_solved_before():
    name = "pandapower:create_kerber_dorfnetz"
    net, buses, _ = case(name)
    p_kw = CASES[name] * np.random.default_rng(2).uniform(0, 1, (N, 3))
    solved(name, -2.0 * p_kw)
    used = solved(name, p_kw)
    new = make_engine(UNBALANCED, net, np.repeat(buses, 3).tolist(), [1, 2, 3] * N)
    fresh = new.solve(p_kw.ravel(), 0.3 * p_kw.ravel())
    assert used.phases.vm_phase_pu.tobytes() == fresh.phases.vm_phase_pu.tobytes()
    assert used.line_loading_percent.tobytes() == fresh.line_loading_percent.tobytes()
    assert (used.import_kw, used.losses_kw) == (fresh.import_kw, fresh.losses_kw)


def test_absurd_load_is_marked_and_forgotten(odd):
    add_zero_sequence(odd)
    solver = make_engine(UNBALANCED, odd, [3, 6], [1, 0])
    fair, absurd = np.array([10.0, 10.0]), np.array([9000.0, 10.0])
    before, failed, after = (solver.solve(p_kw, 0.1 * p_kw) for p_kw in (fair, absurd, fair))
    assert (failed.converged, failed.solver, failed.losses_kw) == (False, UNBALANCED, 0.0)
    assert np.isnan(failed.phases.vm_phase_pu).all()
    assert np.isnan(failed.phases.unbalance_percent).all()
    assert np.isnan(failed.vm_pu).all()
    # own loads as they stand, 18 + 20 + 15, storage 10, sgen -20
    assert failed.import_kw == pytest.approx(9010.0 + 43.0)
    np.testing.assert_array_equal(after.phases.vm_phase_pu, before.phases.vm_phase_pu)


def test_what_a_house_draws_of_its_background_stays_on_its_phase():
    net, _, _ = case("ieee_european_lv")
    net = copy.deepcopy(net)
    net.asymmetric_load["in_service"] = True
    solver = make_engine(UNBALANCED, net, [1])
    nothing, own_kw = np.zeros(1), np.zeros(55)
    own_kw[0] = 5.0  # LOAD1: bus 34, phase L1
    solver.set_background(own_kw, np.zeros(55))
    dropped = 1.05 - solver.solve(nothing, nothing).phases.vm_phase_pu[34]
    assert dropped.argmax() == 0
    assert dropped[0] > 3.0 * abs(dropped[1:]).max()


def test_not_finite_input_names_the_connection(office):
    add_zero_sequence(office)
    solver = make_engine(UNBALANCED, office, [2, 3])
    with pytest.raises(SimulationError, match=r"p_kw\[1\] = nan"):
        solver.solve(np.array([1.0, np.nan]), np.zeros(2))


def test_disagreement_with_runpp_stops_at_construction(office, monkeypatch):
    add_zero_sequence(office)
    from sims.feeder import three_phase

    genuine = three_phase.pgm_input

    def wrong(*given):
        made = genuine(*given)
        made.tables["line"]["r1"] *= 1.5
        return made

    monkeypatch.setattr(three_phase, "pgm_input", wrong)
    with pytest.raises(SimulationError, match="differ"):
        make_engine(UNBALANCED, office, [2])


def test_what_it_cannot_take_is_refused(office):
    add_zero_sequence(office)
    pp.create_gen(office, 4, p_mw=0.01, vm_pu=1.0)
    with pytest.raises(DataError, match="voltage-controlled generators"):
        make_engine(UNBALANCED, office, [2])
