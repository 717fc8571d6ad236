"""Both engines against pandapower's `runpp` at a tight tolerance: nothing here is expected by our own sum."""

import copy
import logging
from functools import cache
from pathlib import Path

import numpy as np
import pandapower as pp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sims.faults import DataError, ScenarioError, SimulationError
from sims.feeder import zbus
from sims.feeder.network import load_network
from sims.feeder.powerflow import BALANCED as ENGINES
from sims.feeder.powerflow import make_engine
from sims.feeder.precheck import check_network

pytestmark = pytest.mark.filterwarnings("ignore:tap_dependency_table is missing:DeprecationWarning")

N = 12  # connections of a case
# network -> kW a connection may draw or feed in
CASES = {
    "office_site": 40.0,
    "pandapower:create_kerber_dorfnetz": 8.0,
    "pandapower:create_kerber_vorstadtnetz_kabel_1": 25.0,
    "pandapower:create_cigre_network_lv": 15.0,
    "pandapower:create_cigre_network_mv": 1000.0,
    "pandapower:mv_oberrhein": 1000.0,
    "pandapower:example_simple": 1000.0,
    "pandapower:example_multivoltage": 5.0,
    "pandapower:simple_mv_open_ring_net": 100.0,
    "pandapower:create_synthetic_voltage_control_lv_network": 4.0,
}
ZBUS_REFUSES = {"pandapower:example_simple", "pandapower:example_multivoltage"}


def fresh(name):
    return load_network(name, {}, Path())


@cache
def case(name):
    """Network, connected buses and both engines; made once: an engine is used for many steps."""
    net = fresh(name)
    pp.runpp(net, lightsim2grid=False)
    alive = net.bus.index[net.res_bus["vm_pu"].notna()]
    buses = np.random.default_rng(7).choice(alive, N).tolist()
    return net, buses, {engine: make_engine(engine, net, buses) for engine in ENGINES}


def reference(net, buses, p_kw, q_kvar):
    """The network solved by `runpp` with the connections as loads."""
    net = copy.deepcopy(net)
    for bus, p, q in zip(buses, p_kw, q_kvar, strict=True):
        pp.create_load(net, bus, p_mw=p / 1e3, q_mvar=q / 1e3)
    pp.runpp(net, tolerance_mva=1e-10, lightsim2grid=False)
    return net


def check(solution, net):
    """Every array of the solution against the result tables, NaN at the same places."""
    close = np.testing.assert_allclose
    assert solution.converged
    close(solution.vm_pu, net.res_bus["vm_pu"], rtol=0, atol=1e-9)
    close(solution.line_loading_percent, net.res_line["loading_percent"], rtol=0, atol=1e-6)
    close(solution.transformer_loading_percent, net.res_trafo["loading_percent"], rtol=0, atol=1e-6)


def balance(solution, net):
    """Import is what loads draw, less what generators give, plus losses."""
    drawn = net.res_load["p_mw"].sum() + net.res_storage["p_mw"].sum() + net.res_shunt["p_mw"].sum()
    drawn += net.res_asymmetric_load["p_mw"].sum() + net.res_ward["p_mw"].sum() + net.res_xward["p_mw"].sum()
    given_kw = net.res_sgen["p_mw"].sum() + net.res_gen.loc[~net.gen["slack"].astype(bool), "p_mw"].sum()
    return solution.import_kw - 1e3 * (drawn - given_kw) - solution.losses_kw


shares = arrays(np.float64, N, elements=st.floats(-1, 1))


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=3, deadline=None, derandomize=True)
@given(p=shares, q=shares)
def test_both_engines_give_what_runpp_gives(name, p, q):
    net, buses, engines = case(name)
    p_kw, q_kvar = CASES[name] * p, 0.4 * CASES[name] * q
    expected = reference(net, buses, p_kw, q_kvar)
    for engine in engines.values():
        solution = engine.solve(p_kw, q_kvar)
        check(solution, expected)
        assert solution.solver == engine.name
        slack = expected.res_ext_grid[["p_mw", "q_mvar"]].sum() * 1e3
        assert solution.import_kw == pytest.approx(slack["p_mw"], rel=1e-9, abs=1e-5)
        assert solution.import_kvar == pytest.approx(slack["q_mvar"], rel=1e-9, abs=1e-5)


@pytest.mark.parametrize("name", [name for name in CASES if name not in ZBUS_REFUSES])
@settings(max_examples=3, deadline=None, derandomize=True)
@given(p=shares)
def test_import_is_loads_plus_losses(name, p):
    net, buses, engines = case(name)
    p_kw, q_kvar = CASES[name] * p, np.zeros(N)
    assert engines["zbus"].name == "zbus"
    solution = engines["zbus"].solve(p_kw, q_kvar)
    assert balance(solution, reference(net, buses, p_kw, q_kvar)) == pytest.approx(0.0, abs=1e-6)
    assert solution.losses_kw > 0.0


@pytest.mark.parametrize("engine", ENGINES)
def test_one_of_everything(odd, engine):
    buses = [6, 6, 3, 1, 0, 2]  # the same bus twice, and one at the slack
    p_kw, q_kvar = np.array([20.0, -35.0, 60.0, 5.0, 80.0, 12.0]), np.array([4.0, 0.0, -7.0, 1.0, 2.0, 3.0])
    solver = make_engine(engine, odd, buses)
    solution, expected = solver.solve(p_kw, q_kvar), reference(odd, buses, p_kw, q_kvar)
    assert solution.solver == engine
    check(solution, expected)
    np.testing.assert_array_equal(np.isnan(solution.vm_pu), [False] * 5 + [True, False, True])
    assert solution.transformer_loading_percent[1] == 0.0
    assert balance(solution, expected) == pytest.approx(0.0, abs=1e-6)
    assert solution.import_kvar == pytest.approx(1e3 * expected.res_ext_grid["q_mvar"].sum(), abs=1e-6)


@pytest.mark.parametrize("engine", ENGINES)
def test_background_is_consumed_power(odd, engine):
    buses, own_p, own_q = [3], np.array([50.0, 900.0, 11.0, 3.0]), np.array([5.0, 0.0, -2.0, 1.0])
    solver = make_engine(engine, odd, buses)
    solver.set_background(own_p, own_q)
    solution = solver.solve(np.array([9.0]), np.array([0.0]))
    odd.load["p_mw"], odd.load["q_mvar"], odd.load["scaling"] = own_p / 1e3, own_q / 1e3, 1.0
    check(solution, reference(odd, buses, [9.0], [0.0]))


def test_the_network_given_is_left_alone(office):
    before = copy.deepcopy(office)
    solver = make_engine("zbus", office, [2])
    solver.solve(np.array([100.0]), np.array([0.0]))
    assert pp.toolbox.nets_equal(before, office)


def test_office_figures():
    # data findings A4: a 210 kW building at cos phi 0.95 loads 250 kVA to 92.3 % and its board to 0.9616 pu
    solver = make_engine("zbus", fresh("office_site"), [2])
    solution = solver.solve(np.array([210.0]), np.array([210.0 * np.tan(np.arccos(0.95))]))
    assert solution.transformer_loading_percent[0] == pytest.approx(92.3, abs=0.05)
    assert solution.vm_pu.min() == solution.vm_pu[2] == pytest.approx(0.9616, abs=5e-5)


@pytest.mark.parametrize("engine", ENGINES)
@settings(max_examples=2, deadline=None, derandomize=True)
@given(p=shares)
def test_the_answer_does_not_depend_on_what_was_solved_before(engine, p):
    net, buses, engines = case("pandapower:create_kerber_dorfnetz")
    p_kw, q_kvar = 8.0 * p, 2.0 * p
    used = engines[engine].solve(p_kw, q_kvar)
    new = make_engine(engine, net, buses).solve(p_kw, q_kvar)
    np.testing.assert_array_equal(used.vm_pu, new.vm_pu)
    np.testing.assert_array_equal(used.line_loading_percent, new.line_loading_percent)
    assert used.import_kw == new.import_kw


@pytest.mark.parametrize("engine", ENGINES)
def test_absurd_load_is_marked_and_forgotten(odd, engine):
    buses, fair, absurd = [3, 6], np.array([40.0, 10.0]), np.array([9000.0, 10.0])
    solver = make_engine(engine, odd, buses)
    solver.set_background(np.array([10.0, 700.0, 20.0, 5.0]), np.array([1.0, 0.0, 2.0, 0.5]))
    before, failed, after = (solver.solve(p_kw, 0.1 * p_kw) for p_kw in (fair, absurd, fair))
    assert not failed.converged
    assert failed.iterations == 0
    for array, shape in (
        (failed.vm_pu, 8),
        (failed.line_loading_percent, 7),
        (failed.transformer_loading_percent, 2),
    ):
        assert array.shape == (shape,)
        assert np.isnan(array).all()
    # own loads in service, storage, sgen, shunt at no-load voltage left out of kW: 10 + 20 + 5 + 10 - 20
    assert failed.import_kw == pytest.approx(9010.0 + 25.0)
    assert failed.import_kvar == pytest.approx(901.0 + 3.5 - 2.4)
    assert failed.losses_kw == 0.0
    assert after.converged
    np.testing.assert_array_equal(after.vm_pu, before.vm_pu)


def test_a_step_that_does_not_contract_goes_to_runpp(odd, monkeypatch):
    solver = make_engine("zbus", odd, [3, 6])
    monkeypatch.setattr(zbus, "solve_step", lambda *_: (0, 0.0, 0.0, 0.0))
    p_kw = np.array([40.0, -10.0])
    solution = solver.solve(p_kw, 0.1 * p_kw)
    assert solution.solver == "pandapower"
    check(solution, reference(odd, [3, 6], p_kw, 0.1 * p_kw))


@pytest.mark.parametrize(("name", "bus"), [("office_site", 2), ("pandapower:create_kerber_dorfnetz", 60)])
def test_voltage_falls_with_load_at_a_radial_bus(name, bus):
    solver = make_engine("zbus", fresh(name), [bus])
    vm = [solver.solve(np.array([p_kw]), np.array([0.0])).vm_pu[bus] for p_kw in np.linspace(-80, 80, 41)]
    assert (np.diff(vm) < 0).all()


@pytest.mark.parametrize("engine", ENGINES)
def test_not_finite_input_names_the_connection(office, engine):
    solver = make_engine(engine, office, [2, 3, 4])
    fine, zero = np.array([1.0, 2.0, 3.0]), np.zeros(3)
    with pytest.raises(SimulationError, match=r"p_kw\[1\] = nan"):
        solver.solve(np.array([1.0, np.nan, 3.0]), zero)
    with pytest.raises(SimulationError, match=r"q_kvar\[2\] = inf"):
        solver.solve(fine, np.array([0.0, 0.0, np.inf]))
    with pytest.raises(SimulationError, match=r"shape \(2,\), expected \(3,\)"):
        solver.solve(fine[:2], zero)
    with pytest.raises(SimulationError, match="background"):
        solver.set_background(np.array([1.0]), np.array([0.0]))
    assert solver.solve(fine, zero).converged


def controlled_generator(net):
    pp.create_gen(net, 4, p_mw=0.01, vm_pu=1.0)


def voltage_dependent_load(net):
    pp.create_load(net, 4, p_mw=0.05, q_mvar=0.01, const_z_p_percent=40, const_i_p_percent=30)


@pytest.mark.parametrize("add", [controlled_generator, voltage_dependent_load])
def test_what_zbus_cannot_take_goes_to_pandapower(office, add, caplog):
    add(office)
    with caplog.at_level(logging.WARNING):
        solver = make_engine("zbus", office, [2])
    assert solver.name == "pandapower"
    assert "solving with pandapower" in caplog.text
    check(solver.solve(np.array([50.0]), np.array([5.0])), reference(office, [2], [50.0], [5.0]))


def test_three_winding_transformers_go_to_pandapower():
    _, _, engines = case("pandapower:example_multivoltage")
    assert engines["zbus"].name == "pandapower"


def test_connection_beside_a_voltage_dependent_load_is_refused(office):
    voltage_dependent_load(office)
    with pytest.raises(DataError, match=r"network.bus\[4\].*voltage-dependent"):
        make_engine("pandapower", office, [2, 4])


def test_connections_without_supply_are_refused(odd):
    with pytest.raises(ScenarioError) as caught:
        make_engine("zbus", odd, [3, 5, 7])
    assert [fault.where for fault in caught.value.faults] == ["network.bus[5]", "network.bus[7]"]
    with pytest.raises(ScenarioError, match=r"network.bus\[99\].*no such bus"):
        make_engine("zbus", odd, [99])


def test_unknown_engine_names_the_nearest(office):
    with pytest.raises(ScenarioError, match='nearest: "zbus"'):
        make_engine("zbuss", office, [2])


def test_a_network_file_does_not_choose_the_solver(odd):
    odd.user_pf_options = {"init": "results", "max_iteration": 1, "trafo_loading": "power"}
    solution = make_engine("pandapower", odd, [3]).solve(np.array([40.0]), np.array([0.0]))
    odd.user_pf_options = {}
    check(solution, reference(odd, [3], [40.0], [0.0]))


def test_network_that_cannot_be_solved_at_all(office):
    pp.create_storage(office, 4, p_mw=1.2, max_e_mwh=1.0)
    assert not check_network(office)
    with pytest.raises(DataError, match="even without its loads"):
        make_engine("zbus", office, [2])


def test_disagreement_with_runpp_stops_at_construction(office, monkeypatch):
    genuine = zbus.build_model

    def wrong(net, connections):
        model, v = genuine(net, connections)
        return model._replace(no_load=model.no_load * 1.00001), v

    monkeypatch.setattr(zbus, "build_model", wrong)
    with pytest.raises(SimulationError, match="differ"):
        make_engine("zbus", office, [2])
