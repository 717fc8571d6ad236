"""A feeder solved phase by phase, through whole runs.

main_board --- building_board         site "office": 20 kW, uncontrolled ports, cars of one phase and of three
     |-------- unidirectional_board
     '-------- bidirectional_board
"""

from dataclasses import replace

import numpy as np
import pytest
from small_sites import Small, car, fingerprint, ports, ran, read, site, write

from cosim import load_scenario
from cosim.scenario.inputs import read_inputs
from sims.faults import DataError

BY_PHASE = Small(
    days=2,
    step_minutes=60,
    feeder={"network": "office_site", "engine": "power-grid-model", "zero_sequence": "typical"},
)
BALANCED = replace(BY_PHASE, feeder={"network": "office_site"})
PHASES = ["L1", "L2", "L3"]


def office(phase="rotating", wired=1, cars_on=1, building=None, name="office", n=6):
    cars = [car(f"{name}{i}", 2, 46, soc_arrival=0.1, phases=cars_on) for i in range(n)]
    group = ports(n, "uncontrolled", 6.9, phases=wired, phase=phase, connection="bidirectional_board")
    return site(
        20.0, cars, [group], "uncontrolled", building=building, name=name, fleet={"assignment": "fcfs"}
    )


@pytest.fixture(scope="module")
def one_phase(tmp_path_factory):
    return ran(tmp_path_factory.mktemp("one"), office("L1"), when=BY_PHASE)


@pytest.fixture(scope="module")
def rotating(tmp_path_factory):
    return ran(tmp_path_factory.mktemp("three"), office(), when=BY_PHASE)


def board(done):
    return done.header.buses.index("bidirectional_board")


def test_the_file_holds_every_phase_of_every_bus(one_phase):
    feeder, header = one_phase.feeder, one_phase.header
    assert header.features == ("unbalanced",)
    assert feeder.vm_phase_pu.shape == (48, len(header.buses), 3)
    assert feeder.unbalance_percent.shape == (48, len(header.buses))
    assert list(one_phase._file["feeder/phase"]) == PHASES
    frame = feeder.frame()
    np.testing.assert_array_equal(frame["vm_phase_pu"]["main_board L2"], feeder.vm_phase_pu[:, 1, 1])
    np.testing.assert_array_equal(frame["unbalance_percent"]["main_board"], feeder.unbalance_percent[:, 1])
    import_kw = one_phase.site("office").site_kw + feeder.losses_kw
    np.testing.assert_allclose(feeder.import_kw, import_kw, atol=2.0)  # no-load losses are demand of no site


def test_before_the_cars_come_all_phases_are_alike(one_phase):
    assert np.ptp(one_phase.feeder.vm_phase_pu[:2], axis=2).max() < 1e-9
    assert one_phase.feeder.unbalance_percent[:2].max() < 1e-6


def test_ports_on_one_phase_pull_that_phase_down(one_phase):
    vm_pu = one_phase.feeder.vm_phase_pu[2, board(one_phase)]
    assert vm_pu.argmin() == 0
    assert vm_pu[0] < vm_pu[1:].min() - 0.02


def test_rotating_ports_are_even(one_phase, rotating):
    np.testing.assert_array_equal(one_phase.site("office").evse_kw, rotating.site("office").evse_kw)
    assert rotating.feeder.unbalance_percent.max() < 1e-6 < one_phase.feeder.unbalance_percent.max()
    assert rotating.feeder.losses_kw[2] < one_phase.feeder.losses_kw[2]
    loading = (done.feeder.transformer_loading_percent[2, 0] for done in (one_phase, rotating))
    assert next(loading) > 1.5 * next(loading)


def test_rotation_goes_on_over_sites(tmp_path):
    streets = [office(name=f"house_{i}", n=1) for i in range(3)]
    done = ran(tmp_path, *streets, when=replace(BY_PHASE, days=1))
    assert done.feeder.unbalance_percent.max() < 1e-6


def test_key_figures_name_phase_bus_and_time(one_phase, rotating):
    figures, feeder = one_phase.kpis["feeder"], one_phase.feeder
    assert figures["unbalance_max_percent"] == feeder.unbalance_percent.max()
    assert figures["unbalance_max_bus"] == "bidirectional_board"
    assert figures["unbalance_minutes"] == 60 * (feeder.unbalance_percent > 2.0).any(axis=1).sum()
    assert figures["vm_phase_min_pu"] == feeder.vm_phase_pu.min()
    assert (figures["vm_phase_min_bus"], figures["vm_phase_min_phase"]) == ("bidirectional_board", "L1")
    assert figures["vm_phase_min_at"] == "2019-06-03T02:00-07:00"
    assert figures["vm_phase_max_pu"] == feeder.vm_phase_pu.max()
    assert rotating.kpis["feeder"]["unbalance_minutes"] == 0.0


def test_a_one_phase_car_at_a_three_phase_port_uses_its_first_conductor(tmp_path):
    done = ran(tmp_path, office("L2", wired=3), when=replace(BY_PHASE, days=1))
    assert done.site("office").evse_kw[2] == pytest.approx(np.full(6, 2.3))
    vm_pu = done.feeder.vm_phase_pu[2, board(done)]
    assert vm_pu.argmin() == 1
    full = ran(tmp_path, office("L2", wired=3, cars_on=3), when=replace(BY_PHASE, days=1))
    assert full.site("office").evse_kw[2] == pytest.approx(np.full(6, 6.9))
    assert full.feeder.unbalance_percent.max() < 1e-6


def test_a_building_on_one_phase(tmp_path):
    alone = office(building={"phase": "L3"}, n=0)
    done = ran(tmp_path, alone, when=replace(BY_PHASE, days=1))
    assert done.feeder.vm_phase_pu[0, 1].argmin() == 2


def test_balanced_engines_ignore_phases(tmp_path):
    when = replace(BALANCED, days=1)
    wired = ran(tmp_path, office("L1"), when=when).feeder.vm_pu
    np.testing.assert_array_equal(wired, ran(tmp_path, office("L3"), when=when).feeder.vm_pu)


def test_windows_and_processes_change_no_byte(one_phase, tmp_path):
    cut = ran(tmp_path / "cut", office("L1"), when=BY_PHASE, window_days=1)
    assert fingerprint(cut.path) == fingerprint(one_phase.path)
    remote = ran(tmp_path / "far", office("L1"), when=BY_PHASE, out_of_process=["feeder"])
    assert fingerprint(remote.path) == fingerprint(one_phase.path)


def test_a_step_without_a_solution_is_marked(tmp_path):
    load_kw = np.full(24, 20.0)
    load_kw[5] = 9000.0
    when = replace(BY_PHASE, days=1)
    done = ran(tmp_path, site(load_kw, name="office"), when=when)
    assert done.feeder.converged.tolist() == [1] * 5 + [0] + [1] * 18
    assert np.isnan(done.feeder.vm_phase_pu[5]).all()
    assert np.isfinite(np.delete(done.feeder.vm_phase_pu, 5, axis=0)).all()
    assert done.kpis["feeder"]["non_converged_steps"] == 1
    assert done.kpis["feeder"]["unbalance_max_percent"] < 1e-6


def test_a_network_without_zero_sequence_names_the_columns(tmp_path):
    when = replace(BY_PHASE, feeder={"network": "office_site", "engine": "power-grid-model"})
    with pytest.raises(DataError) as caught:
        read(tmp_path, office(), when=when)
    assert [fault.code for fault in caught.value.faults] == ["N20", "N20"]
    assert "r0_ohm_per_km" in str(caught.value)


def test_background_of_single_phase_houses_can_be_switched_off(tmp_path):
    feeder = {"network": "ieee_european_lv", "background": {"loads": "none"}}
    path = write(tmp_path, site(None, name="office", connection="34"), when=Small(feeder=feeder))
    inputs = read_inputs(load_scenario(path))
    assert inputs.background.p_kw.shape == (96, 55)
    assert not inputs.background.p_kw.any()
    assert any("55 single-phase loads are spread" in warning for warning in inputs.warnings)
