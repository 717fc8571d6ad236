"""Every fault is made from a sound network by one change, and no sound network has any."""

import copy
from pathlib import Path

import numpy as np
import pandapower as pp
import pytest

from sims.feeder.network import load_network
from sims.feeder.precheck import check_network

SOUND = [
    "office_site",
    "pandapower:create_kerber_dorfnetz",
    "pandapower:create_kerber_landnetz_freileitung_1",
    "pandapower:kb_extrem_landnetz_kabel_trafo",
    "pandapower:create_cigre_network_lv",  # ratings are placeholders: no fault
    "pandapower:create_cigre_network_mv",
    "pandapower:create_dickert_lv_network",
    "pandapower:create_synthetic_voltage_control_lv_network",
    "pandapower:example_simple",
    "pandapower:example_multivoltage",
    "pandapower:ieee_european_lv_asymmetric",
    "pandapower:lv_schutterwald",
    "pandapower:mv_oberrhein",
    "pandapower:case9",
]


@pytest.mark.filterwarnings("ignore:tap_dependency_table is missing:DeprecationWarning")
@pytest.mark.parametrize("name", SOUND)
def test_sound_networks_have_no_faults(name):
    assert check_network(load_network(name, {}, Path())) == []


@pytest.fixture
def net(office):
    """The office with a load, a generator, a storage and a switch."""
    pp.create_load(office, 2, p_mw=0.1, q_mvar=0.02, name="building")
    pp.create_sgen(office, 3, p_mw=0.03)
    pp.create_storage(office, 4, p_mw=0.02, max_e_mwh=0.1)
    pp.create_switch(office, 1, 0, et="l", closed=True)
    pp.create_asymmetric_load(office, 3, p_a_mw=0.002, q_a_mvar=0.001)
    pp.create_shunt(office, 3, q_mvar=0.01)
    pp.create_ward(office, 4, ps_mw=0.001, qs_mvar=0.0, pz_mw=0.001, qz_mvar=0.0)
    pp.create_impedance(office, 3, 4, rft_pu=0.02, xft_pu=0.01, sn_mva=1.0)
    assert check_network(office) == []
    return office


def put(table, field, value, index=0):
    def change(net):
        net[table].loc[index, field] = value

    return change


def no_grid(net):
    net.ext_grid["in_service"] = False


def no_impedance(net):
    net.line.loc[1, ["r_ohm_per_km", "x_ohm_per_km"]] = 0.0


def impedance_of_nothing(net):
    net.impedance[["rft_pu", "xft_pu"]] = 0.0


def switch_across(net):
    pp.create_switch(net, 0, 2, et="b")


def reversed_transformer(net):
    net.trafo[["hv_bus", "lv_bus"]] = net.trafo[["lv_bus", "hv_bus"]].to_numpy()


def tap_without_changer(net):
    net.trafo["tap_changer_type"] = None
    net.trafo["tap_pos"] = 1


def island(net):
    net.line.loc[0, "in_service"] = False


def island_by_switch(net):
    net.switch["closed"] = False


# change -> code, element, field
MUTATIONS = [
    (no_grid, "N10", "network.ext_grid", "none in service"),
    (put("load", "bus", 77), "N11", 'network.load[0] "building"', "bus = 77"),
    (put("line", "from_bus", 77), "N11", 'network.line[0] "building_cable"', "from_bus = 77"),
    (put("line", "to_bus", 99), "N11", 'network.line[0] "building_cable"', "to_bus = 99"),
    (put("trafo", "lv_bus", 77), "N11", 'network.trafo[0] "transformer"', "lv_bus = 77"),
    (put("ext_grid", "bus", 77), "N11", "network.ext_grid[0]", "bus = 77"),
    (put("switch", "bus", 77), "N11", "network.switch[0]", "bus = 77"),
    (put("switch", "element", 77), "N11", "network.switch[0]", "element = 77: no such line index"),
    (put("bus", "vn_kv", 0.0, 3), "N12", "network.bus[3]", "vn_kv = 0.0: allowed > 0 kV"),
    (put("bus", "vn_kv", np.nan, 3), "N12", "network.bus[3]", "vn_kv = nan"),
    (put("ext_grid", "vm_pu", 0.0), "N12", "network.ext_grid[0]", "vm_pu = 0.0: allowed 0.5 .. 1.5 pu"),
    (put("line", "length_km", 0.0), "N12", "network.line[0]", "length_km = 0.0: allowed > 0 km"),
    (put("line", "length_km", -0.1), "N12", "network.line[0]", "length_km = -0.1"),
    (put("line", "length_km", np.nan), "N12", "network.line[0]", "length_km = nan"),
    (put("line", "r_ohm_per_km", -0.1), "N12", "network.line[0]", "r_ohm_per_km = -0.1: allowed >= 0 ohm/km"),
    (put("line", "x_ohm_per_km", np.inf), "N12", "network.line[0]", "x_ohm_per_km = inf"),
    (put("line", "c_nf_per_km", np.nan), "N12", "network.line[0]", "c_nf_per_km = nan"),
    (put("line", "max_i_ka", 0.0), "N12", "network.line[0]", "max_i_ka = 0.0: allowed > 0 kA"),
    (put("line", "max_i_ka", np.nan), "N12", "network.line[0]", "max_i_ka = nan"),
    (put("line", "parallel", 0), "N12", "network.line[0]", "parallel = 0: allowed > 0"),
    (put("line", "df", 0.0), "N12", "network.line[0]", "df = 0.0: allowed > 0"),
    (put("trafo", "sn_mva", 0.0), "N12", "network.trafo[0]", "sn_mva = 0.0: allowed > 0 MVA"),
    (put("trafo", "vk_percent", 0.0), "N12", "network.trafo[0]", "vk_percent = 0.0: allowed > 0 %"),
    (put("trafo", "vkr_percent", -1.0), "N12", "network.trafo[0]", "vkr_percent = -1.0: allowed >= 0 %"),
    (put("trafo", "vn_hv_kv", 0.0), "N12", "network.trafo[0]", "vn_hv_kv = 0.0: allowed > 0 kV"),
    (put("trafo", "vn_lv_kv", np.nan), "N12", "network.trafo[0]", "vn_lv_kv = nan"),
    (put("trafo", "pfe_kw", -1.0), "N12", "network.trafo[0]", "pfe_kw = -1.0"),
    (put("trafo", "i0_percent", np.nan), "N12", "network.trafo[0]", "i0_percent = nan"),
    (put("trafo", "df", -1.0), "N12", "network.trafo[0]", "df = -1.0"),
    (put("load", "p_mw", np.nan), "N12", "network.load[0]", "p_mw = nan: allowed a finite number of MW"),
    (put("load", "q_mvar", np.inf), "N12", "network.load[0]", "q_mvar = inf"),
    (put("load", "scaling", -1.0), "N12", "network.load[0]", "scaling = -1.0: allowed >= 0"),
    (put("sgen", "p_mw", np.nan), "N12", "network.sgen[0]", "p_mw = nan"),
    (put("storage", "p_mw", np.nan), "N12", "network.storage[0]", "p_mw = nan"),
    (
        no_impedance,
        "N13",
        'network.line[1] "unidirectional_cable"',
        "r_ohm_per_km = 0.0: x_ohm_per_km is 0 too",
    ),
    (put("trafo", "vkr_percent", 7.0), "N14", "network.trafo[0]", "vkr_percent = 7.0: allowed <= vk_percent"),
    (tap_without_changer, "N15", "network.trafo[0]", "tap_pos = 1: has no effect"),
    (put("load", "p_mw", 20.0), "N16", "network.load[0]", "p_mw = 20.0: allowed <= 1.25 MVA"),
    (put("sgen", "p_mw", 20.0), "N16", "network.sgen[0]", "is this kW?"),
    (put("load", "q_mvar", -20.0), "N16", "network.load[0]", "q_mvar = -20.0: allowed <= 1.25 MVA"),
    (put("asymmetric_load", "p_b_mw", 5.0), "N16", "network.asymmetric_load[0]", "p_b_mw = 5.0: allowed"),
    (put("asymmetric_load", "q_c_mvar", np.nan), "N12", "network.asymmetric_load[0]", "q_c_mvar = nan"),
    (put("asymmetric_load", "scaling", -1.0), "N12", "network.asymmetric_load[0]", "scaling = -1.0: allowed"),
    (put("ext_grid", "vm_pu", 20.0), "N12", "network.ext_grid[0]", "vm_pu = 20.0: allowed 0.5 .. 1.5 pu"),
    (put("ext_grid", "vm_pu", np.nan), "N12", "network.ext_grid[0]", "vm_pu = nan: allowed 0.5 .. 1.5 pu"),
    (put("ext_grid", "va_degree", np.nan), "N12", "network.ext_grid[0]", "va_degree = nan"),
    (put("line", "c_nf_per_km", -5.0), "N12", "network.line[0]", "c_nf_per_km = -5.0: allowed >= 0 nF/km"),
    (put("line", "g_us_per_km", np.nan), "N12", "network.line[0]", "g_us_per_km = nan: allowed >= 0 uS/km"),
    (put("trafo", "i0_percent", -1.0), "N12", "network.trafo[0]", "i0_percent = -1.0: allowed >= 0 %"),
    (put("trafo", "shift_degree", np.nan), "N12", "network.trafo[0]", "shift_degree = nan"),
    (put("trafo", "parallel", 0), "N12", "network.trafo[0]", "parallel = 0: allowed > 0"),
    (put("shunt", "q_mvar", np.nan), "N12", "network.shunt[0]", "q_mvar = nan"),
    (put("ward", "pz_mw", np.nan), "N12", "network.ward[0]", "pz_mw = nan"),
    (put("impedance", "sn_mva", 0.0), "N12", "network.impedance[0]", "sn_mva = 0.0: allowed > 0 MVA"),
    (impedance_of_nothing, "N13", "network.impedance[0]", "rft_pu = 0.0: xft_pu is 0 too"),
    (put("line", "from_bus", 0), "N20", 'network.line[0] "building_cable"', "different voltage levels"),
    (switch_across, "N20", "network.switch[1]", "bus = 0: bus and element are at different voltage levels"),
    (
        put("trafo", "vn_hv_kv", 10.0),
        "N20",
        "network.trafo[0]",
        "vn_hv_kv = 10.0: allowed within a factor",
    ),
    (put("trafo", "vn_lv_kv", 0.23), "N20", "network.trafo[0]", "vn_lv_kv = 0.23: allowed within a factor"),
    (reversed_transformer, "N17", 'network.trafo[0] "transformer"', "hv_bus = 1"),
    (
        put("bus", "in_service", False, 2),
        "N18",
        'network.load[0] "building"',
        "bus = 2: that bus is out of service",
    ),
    (island, "N19", 'network.load[0] "building"', "bus = 2: not connected to a grid"),
    (island_by_switch, "N19", 'network.load[0] "building"', "bus = 2: not connected to a grid"),
]


@pytest.mark.parametrize(("change", "code", "where", "what"), MUTATIONS)
def test_each_fault_names_element_field_and_range(net, change, code, where, what):
    change(net)
    faults = check_network(net)
    (found, *_) = [fault for fault in faults if fault.code == code]
    assert found.where.startswith(where)
    assert what in found.what
    if code != "N10":  # without a grid every load is an island
        assert {fault.where for fault in faults} == {found.where}


def test_all_faults_at_once(net):
    for change in (put("line", "length_km", 0.0), put("load", "p_mw", np.nan), put("trafo", "sn_mva", 0.0)):
        change(net)
    assert [fault.where.split("[")[0] for fault in check_network(net)] == [
        "network.line",
        "network.trafo",
        "network.load",
    ]


def test_values_out_of_service_do_not_count(net):
    put("line", "length_km", 0.0)(net)
    put("load", "p_mw", np.nan)(net)
    net.line.loc[0, "in_service"] = False
    net.load["in_service"] = False
    assert check_network(net) == []


def test_an_island_without_power_is_no_fault(net):
    net.load["p_mw"], net.load["q_mvar"] = 0.0, 0.0
    island(net)
    assert check_network(net) == []


def test_a_slack_generator_is_a_grid(net):
    pp.create_gen(net, 0, p_mw=0.0, vm_pu=1.0, slack=True)
    no_grid(net)
    assert check_network(net) == []


def test_the_network_is_not_changed(net):
    before = copy.deepcopy(net)
    check_network(net)
    assert pp.toolbox.nets_equal(before, net)
