"""What a network must have to be solved by phases, the typical data, and its own single-phase loads."""

import copy
from pathlib import Path

import numpy as np
import pandapower as pp
import pytest

from sims.faults import DataError
from sims.feeder.network import load_network
from sims.feeder.powerflow import UNBALANCED, make_engine
from sims.feeder.precheck import check_network
from sims.feeder.static_loads import static_loads
from sims.feeder.zero_sequence import add_zero_sequence, check_phases


@pytest.fixture(scope="module")
def built_european():
    return load_network("ieee_european_lv", {}, Path())


@pytest.fixture
def european(built_european):
    return copy.deepcopy(built_european)


def said(net) -> list[str]:
    return [str(fault) for fault in check_phases(net)]


def test_a_balanced_network_names_the_columns_it_lacks(office):
    lines, trafo = said(office)
    assert "network.line: no r0_ohm_per_km, x0_ohm_per_km, c0_nf_per_km" in lines
    assert "network.trafo: no vk0_percent, vkr0_percent" in trafo
    assert 'zero_sequence = "typical"' in lines
    with pytest.raises(DataError, match="r0_ohm_per_km"):
        make_engine(UNBALANCED, office, [2])


def test_typical_data_fill_what_is_missing_and_nothing_else(office):
    office.line["r0_ohm_per_km"] = [1.0, np.nan, np.nan]
    add_zero_sequence(office)
    assert said(office) == []
    assert office.line["r0_ohm_per_km"].tolist() == [1.0, *(4 * office.line["r_ohm_per_km"][1:])]
    assert office.line["x0_ohm_per_km"].tolist() == (4 * office.line["x_ohm_per_km"]).tolist()
    # Yzn5: R0 = 0.4 R1, X0 = 0.1 X1
    r, x = 1.44, np.sqrt(6.0**2 - 1.44**2)
    assert office.trafo.at[0, "vkr0_percent"] == pytest.approx(0.4 * r)
    assert office.trafo.at[0, "vk0_percent"] == pytest.approx(np.hypot(0.4 * r, 0.1 * x))
    before = copy.deepcopy(office)
    add_zero_sequence(office)
    assert pp.toolbox.nets_equal(before, office)


def test_one_empty_cell_names_its_row(european):
    european.line.loc[7, "x0_ohm_per_km"] = np.nan
    assert len(said(european)) == 1
    assert "network.line[7]: x0_ohm_per_km is empty" in said(european)[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vector_group": "Yyn0"}, "vector_group = Yyn0: allowed Dyn, Yzn"),
        ({"shift_degree": 0.0}, "shift_degree = 0: allowed odd multiples of 30 for Dyn"),
    ],
)
def test_windings_without_a_model_are_refused(european, change, message):
    for column, value in change.items():
        european.trafo[column] = value
    assert message in said(european)[0]


def test_other_elements_without_a_model_are_refused(european):
    pp.create_asymmetric_sgen(european, 34, p_a_mw=0.001)
    european.asymmetric_load.loc[3, "type"] = "delta"
    assert ["asymmetric_sgen" in said(european)[0], "asymmetric_load[3]" in said(european)[1]] == [True, True]


def test_the_european_feeder_is_sound_and_its_reactive_power_put_right(european):
    assert check_network(european) == []
    assert said(european) == []
    loads = european.asymmetric_load
    for phase in "abc":
        p, q = loads[f"p_{phase}_mw"], loads[f"q_{phase}_mvar"]
        np.testing.assert_allclose(p, 0.95 * np.hypot(p, q), rtol=1e-12)
    # published sum of the 55 houses at minute 566 [kW]
    assert 1e3 * loads[["p_a_mw", "p_b_mw", "p_c_mw"]].sum().sum() == pytest.approx(57.358, abs=1e-3)
    assert ((loads[["p_a_mw", "p_b_mw", "p_c_mw"]] > 0).sum(axis=1) == 1).all()


def test_a_moment_that_is_not_there(european):
    from networks import builder

    with pytest.raises(ValueError, match="valid: on_peak_566, off_peak_1, off_peak_1440"):
        builder("ieee_european_lv")("noon")


# load 0: 9 kW, 3 kvar, balanced, scaling 0.5;  asymmetric 0: 4, 2, 0 kW, 1, 0, 0 kvar;  1: out of service
def test_static_loads_are_the_balanced_then_the_single_phase_ones():
    net = pp.create_empty_network()
    pp.create_buses(net, 3, 0.4)
    pp.create_load(net, 2, p_mw=0.009, q_mvar=0.003, scaling=0.5, name="shop")
    pp.create_asymmetric_load(net, 1, p_a_mw=0.004, p_b_mw=0.002, q_a_mvar=0.001, name="house")
    pp.create_asymmetric_load(net, 0, name="house", in_service=False)
    loads = static_loads(net)
    assert loads.names == ("shop", "asymmetric_load_0", "asymmetric_load_1")
    assert loads.bus.tolist() == [2, 1, 0]
    assert loads.p_kw.tolist() == pytest.approx([4.5, 6.0, 0.0])
    assert loads.q_kvar.tolist() == pytest.approx([1.5, 1.0, 0.0])
    np.testing.assert_allclose(loads.p_share, [[1 / 3] * 3, [2 / 3, 1 / 3, 0], [1 / 3] * 3])
    np.testing.assert_allclose(loads.q_share, [[1 / 3] * 3, [1, 0, 0], [1 / 3] * 3])
    assert loads.in_service.tolist() == [True, True, False]


def test_balanced_engines_draw_single_phase_loads_as_background(office):
    pp.create_asymmetric_load(office, 2, p_a_mw=0.03, p_c_mw=0.06, q_a_mvar=0.01)
    solver = make_engine("zbus", office, [3])
    nothing = np.zeros(1)
    assert solver.solve(nothing, nothing).import_kw == pytest.approx(90.0, abs=3.0)
    pp.runpp(office, tolerance_mva=1e-10, lightsim2grid=False)
    np.testing.assert_allclose(solver.solve(nothing, nothing).vm_pu, office.res_bus["vm_pu"], atol=1e-9)
    solver.set_background(nothing, nothing)
    assert solver.solve(nothing, nothing).import_kw < 1.0
