"""What is broken before any car charges is said before step 0, with element, time and value."""

from pathlib import Path

import numpy as np
import pandapower as pp
import pytest

from cosim.scenario import zero_charging
from cosim.scenario.inputs import read_inputs
from cosim.scenario.load import load_scenario
from networks.office_site import build
from sims.faults import ScenarioError

FILE = ('network = "office_site"\n\n[feeder.options]\ntransformer_kva = 250', 'network = "net.json"')


def said(path: Path, *overrides: str) -> list[str]:
    """Warnings of the feeder at zero charging."""
    found = read_inputs(load_scenario(path, overrides)).warnings
    return [warning for warning in found if warning.startswith("without any charging")]


def test_a_feeder_that_carries_its_buildings_is_no_warning(office) -> None:
    assert said(office()) == []


def test_an_overloaded_transformer_is_named_with_time_and_value(office) -> None:
    path = office(("peak_kw = 210", "peak_kw = 260"))
    (warning,) = said(path)
    net = build()
    p_mw = 0.26  # the highest quarter hour, at the power factor a building has unless told
    pp.create_load(net, 1, p_mw=p_mw, q_mvar=p_mw * np.tan(np.arccos(0.95)))  # the main board
    pp.runpp(net)
    percent = net.res_trafo["loading_percent"].max()
    assert warning.startswith(
        f"without any charging: transformer transformer is loaded {percent:.1f} % at 2019-06-03T23:45-07:00"
    )
    building_kw = read_inputs(load_scenario(path)).sites[0].building_kw
    # 100 % is reached at 260 / 114.1 % or so of the load, less the droop of the voltage
    assert warning.endswith(f"above it in {int((building_kw > 229.0).sum())} steps")


def test_pv_can_overload_and_lift_the_voltage(office) -> None:
    building = ("peak_kw = 210", 'peak_kw = 10\nconnection = "bidirectional_board"')
    path = office(building, ("transformer_kva = 250", "transformer_kva = 630\nbidirectional_m = 240"))
    rows = (path.parent / "data" / "load.csv").read_text()
    (path.parent / "data" / "pv.csv").write_text(rows)
    text = path.read_text().replace(
        "[sites.building]", '[sites.pv]\nprofile = "data/pv.csv"\npeak_kw = 400\n\n[sites.building]'
    )
    path.write_text(text)
    warnings = said(path)
    assert any("line bidirectional_cable is loaded" in warning for warning in warnings)
    assert any("bidirectional_board rises to 1." in warning for warning in warnings)
    assert any("EN 50160: 0.9 .. 1.1 pu), 1 buses beyond in" in warning for warning in warnings)


def test_low_voltage_and_no_solution_are_told(office) -> None:
    far = ("transformer_kva = 250", "transformer_kva = 630\nbuilding_m = 300\nbuilding_cables = 1")
    board = ("peak_kw = 210", 'peak_kw = 210\nconnection = "building_board"')
    warnings = said(office(far, board))
    assert any("building_board falls to 0.8" in warning for warning in warnings)
    assert any("no solution at 2019-06-0" in warning for warning in said(office(far, board, ("210", "3000"))))


def test_a_long_run_is_told_by_its_worst_steps(office, monkeypatch) -> None:
    path = office(("peak_kw = 210", "peak_kw = 260"))
    (whole,) = said(path)
    monkeypatch.setattr(zero_charging, "MOST_BUS_STEPS", 5 * 20)
    (sampled,) = said(path)
    assert sampled.partition(" (rating")[0] == whole.partition(" (rating")[0]
    assert sampled.endswith(" steps of 8 tried")


def test_background_counts(office) -> None:
    path = office(
        ('network = "office_site"\n\n[feeder.options]\ntransformer_kva = 250', 'network = "net.json"')
    )
    net = build()
    pp.create_load(net, 3, p_mw=0.2, name="shop")
    pp.to_json(net, str(path.parent / "net.json"))
    assert len(said(path)) == 1
    assert said(path, "feeder.background.loads=none") == []


def test_a_connection_without_supply_is_a_fault_before_step_0(office) -> None:
    path = office(
        ('network = "office_site"\n\n[feeder.options]\ntransformer_kva = 250', 'network = "net.json"')
    )
    net = build()
    pp.create_switch(net, 1, 2, et="l", closed=False)  # cuts off the bidirectional board
    pp.to_json(net, str(path.parent / "net.json"))
    with pytest.raises(ScenarioError, match=r"network.bus\[4\].*not connected to a grid in service"):
        read_inputs(load_scenario(path))


def test_the_steps_tried_hold_the_extremes_of_all_and_of_each() -> None:
    class Engine:
        name = "pandapower"

    p_kw = np.zeros((100, 2))
    p_kw[[10, 20], 0], p_kw[[30, 40], 1] = (50.0, -50.0), (30.0, -30.0)
    steps = zero_charging._telling_steps(Engine(), build(), p_kw, None)
    assert {10, 20, 30, 40} <= set(steps.tolist())
    assert len(steps) <= zero_charging.MOST_PANDAPOWER_STEPS
