"""Every shipped scenario and script does what its first lines say."""

import importlib.util
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from scenario_runs import SCENARIOS, ScenarioRuns

import cosim
from cosim import Run
from cosim.scenario.inputs import read_inputs
from sims.faults import ScenarioError
from sims.feeder.ageing import ageing_rate

FILES = sorted(
    path.relative_to(SCENARIOS).as_posix()
    for path in SCENARIOS.rglob("*.toml")
    if path.parent.name not in {"data", "studies"}
)
WHOLE_MONTHS = (
    *("office_heat.toml", "office_33_ports.toml", "office_crowded.toml", "office_v2b.toml"),
    "office_elrp.toml",
)
LIMITS_ARE_THE_POINT = ("charging_hub.toml",)


def run(scenario_runs: ScenarioRuns, file: str) -> Run:
    """A scenario as shipped, or two days of it."""
    return scenario_runs.run(file, *([] if file in WHOLE_MONTHS else ["days=2"]))


@pytest.fixture
def imported(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """Import a script of `scenarios/`, without running its main; it can be found by its name."""

    def find(name: str) -> ModuleType:
        module = _imported(name)
        monkeypatch.setitem(sys.modules, name, module)
        return module

    return find


def _imported(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, SCENARIOS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_there_is_something_to_try():
    assert set(FILES) >= {*WHOLE_MONTHS, "benchmarks/kerber.toml"}


@pytest.mark.parametrize("file", FILES)
def test_a_shipped_scenario_has_no_faults(file):
    inputs = read_inputs(cosim.load_scenario(SCENARIOS / file))
    assert inputs.sites
    assert inputs.scenario.name == Path(file).stem
    known = ("tariff", "transformers", "placeholder", "without any charging", "rules are stated")
    assert all(any(word in warning for word in known) for warning in inputs.warnings)


@pytest.mark.parametrize("file", FILES)
def test_a_shipped_scenario_runs_whole(scenario_runs, file):
    done = run(scenario_runs, file)
    for name in done.sites:
        site, figures = done.site(name), dict[str, Any](done.kpis["sites"][name])
        assert figures["ev_charged_kwh"] > 0.0
        if "benchmarks" not in file:  # whose generated sessions ask for what they will
            assert figures["unavoidable_kwh"] == pytest.approx(0.0, abs=1e-6)
        np.testing.assert_allclose(site.site_kw, site.building_kw + site.evse_kw.sum(axis=1), atol=1e-9)
    clamped = [why for why in done.degraded if "clamped" in why]
    assert done.degraded == (clamped if file in LIMITS_ARE_THE_POINT else [])
    assert np.isfinite(done.feeder.vm_pu).all()


def test_office_v2b_never_adds_to_the_peak_of_the_building(scenario_runs):
    done = run(scenario_runs, "office_v2b.toml")
    office, transformer = done.kpis["sites"]["office"], done.kpis["transformers"]["transformer"]
    assert office["billed_peak_kw"] == pytest.approx(210.0)
    assert office["peak_increase_kw"] == pytest.approx(0.0, abs=1e-9)
    assert transformer["overload_minutes"] == 0
    assert (office["sessions"], office["sessions_connected"], office["max_occupied_ports"]) == (520, 520, 14)


def test_office_elrp_is_paid_for_what_its_cars_leave_and_give(scenario_runs):
    """Baseline, load, payment and service with and without an answer, as its first lines say."""
    unanswered = ("sites.office.policy.answer_events=false",)
    runs = [scenario_runs.run("office_elrp.toml", *options) for options in ((), unanswered)]
    shown = []
    for done in runs:
        (event,), office = done.events("office").to_dict("records"), done.kpis["sites"]["office"]
        figures = [event[name] for name in ("baseline_kwh", "load_kwh", "reduction_kwh", "payment")]
        shown.append([*figures, office["missing_kwh"], office["sessions_short"]])
    assert shown[0] == pytest.approx([492.9, 388.9, 104.0, 207.99, 271.1, 98], abs=0.05)
    assert shown[1] == pytest.approx([491.1, 481.2, 21.4, 42.83, 259.5, 97], abs=0.05)
    # who lacks more for it left before the declared departure
    before, after = (done.sessions("office") for done in runs[::-1])
    worse = after[after["missing_kwh"] > before["missing_kwh"] + 1e-6]
    assert (worse["departure"] < worse["window_start"]).all()
    # nobody feeds back, nothing is clamped, no new peak
    assert [done.kpis["sites"]["office"]["billed_peak_kw"] for done in runs] == pytest.approx([210.0] * 2)
    assert runs[0].site("office").site_kw.min() > 0.0


def test_office_heat_is_an_overload_the_paper_hardly_feels(scenario_runs):
    """Loading, minutes above rating, hot spot and life used, as its first lines say."""
    llf = ("sites.office.policy.name=llf", "sites.office.policy.peak_threshold_kw=210")
    runs = [run(scenario_runs, "office_heat.toml"), scenario_runs.run("office_heat.toml", *llf)]
    names = ("max_loading_percent", "overload_minutes", "max_hotspot_c", "loss_of_life_h")
    shown = [[done.kpis["transformers"]["transformer"][name] for name in names] for done in runs]
    assert shown[0] == pytest.approx([136.3, 855, 99.9, 21.8], abs=0.05)
    assert shown[1] == pytest.approx([92.3, 0, 91.6, 17.9], abs=0.05)
    upgraded = [ageing_rate(done.feeder.theta_hotspot_c, "upgraded").sum() / 4.0 for done in runs]
    assert upgraded == pytest.approx([6.0, 4.9], rel=0.03)  # from the ends of the steps alone
    assert [done.alarms for done in runs] == [[], []]


def test_office_33_ports_turns_nobody_away(scenario_runs):
    done = run(scenario_runs, "office_33_ports.toml")
    office, transformer = done.kpis["sites"]["office"], done.kpis["transformers"]["transformer"]
    assert (office["sessions"], office["sessions_connected"]) == (960, 960)
    assert (office["sessions_never_connected"], office["max_occupied_ports"]) == (0, 33)
    assert transformer["overload_minutes"] == 0


def test_office_crowded_counts_and_lists_who_found_no_port(scenario_runs):
    """786 of 1,384 sessions, whose cars lack 12,026 kWh; the order inside a step moves that by 0.1 %."""
    done = run(scenario_runs, "office_crowded.toml")
    office, sessions = done.kpis["sites"]["office"], done.sessions("office")
    assert (office["sessions"], office["sessions_never_connected"]) == (1384, 786)
    assert office["never_connected_kwh"] == pytest.approx(12_026, rel=1e-3)
    lost = sessions[sessions["evse_index"] < 0]
    assert len(lost) == 786
    assert lost["missing_kwh"].sum() == pytest.approx(office["never_connected_kwh"])
    assert (lost["energy_grid_kwh"] == 0.0).all()


def test_the_charging_hub_holds_its_limits_and_only_offers_its_steps(scenario_runs):
    done = scenario_runs.run("charging_hub.toml")
    office, transformer = done.kpis["sites"]["office"], done.kpis["transformers"]["transformer"]
    hub = cosim.load_scenario(SCENARIOS / "charging_hub.toml").sites[0].chargers[0]
    p_kw = done.site("office").evse_kw[:, : hub.count]
    assert p_kw.reshape(len(p_kw), -1, 2).sum(axis=2).max() == pytest.approx(22.08)
    assert 59.0 < p_kw.sum(axis=1).max() <= 60.0 + 1e-9
    set_to = np.isclose(p_kw[p_kw > 0.0][:, None], hub.steps_kw).any(axis=1)
    assert 0.8 < set_to.mean() < 1.0  # else a car took less, or was full or gone before the step was over
    assert office["billed_peak_kw"] == pytest.approx(247.5, abs=0.1)
    assert transformer["max_loading_percent"] == pytest.approx(64.1, abs=0.1)
    missing_kwh = done.sessions("office")["missing_kwh"]
    assert ((missing_kwh > 1e-6).sum(), office["sessions"]) == (14, 147)
    assert missing_kwh.sum() == pytest.approx(14.9, abs=0.1)


def test_the_car_park_saves_by_waiting_for_cheap_hours(scenario_runs):
    """Two rows of the table in its first lines."""
    waiting = scenario_runs.run("parking_day_ahead.toml")
    at_once = scenario_runs.run("parking_day_ahead.toml", "sites.car_park.policy.name=required")
    names = ("bill_total", "peak_kw", "import_co2_kg", "co2_cost", "ev_charged_kwh", "missing_kwh")
    shown = [[done.kpis["sites"]["car_park"][name] for name in names] for done in (at_once, waiting)]
    assert shown[0] == pytest.approx([2109.16, 324.9, 3529, 225.87, 11_157, 0.0], rel=2e-4, abs=0.05)
    assert shown[1] == pytest.approx([1852.83, 524.3, 3038, 194.46, 10_915, 229.7], rel=2e-4, abs=0.05)
    figures = waiting.kpis["sites"]["car_park"]
    assert (figures["sessions"], figures["sessions_short"]) == (750, 36)
    market = waiting.signals("day_ahead").market_price_per_kwh
    assert [market.min(), market.max(), market.mean()] == pytest.approx([0.038, 0.228, 0.113], abs=5e-4)


def test_office_script_shows_the_contrast(tmp_path, capsys, imported):
    script = imported("office_script")
    script.main(tmp_path)
    printed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in printed[1:]] == list(script.POLICIES)
    shown = {line.split()[0]: line.split()[3:5] for line in printed[1:]}
    assert shown == {"uncontrolled": ["136.3", "855"], "required": ["111.0", "135"], "llf": ["92.3", "0"]}
    for policy in script.POLICIES:
        assert cosim.open_run(tmp_path / f"office_{policy}.h5").header.name == f"office_{policy}"


def test_office_script_describes_the_scenario_of_the_file(imported):
    script = imported("office_script")
    written = script.office("llf", script.POLICIES["llf"])
    read = cosim.load_scenario(SCENARIOS / "office_v2b.toml")
    changed = {"name": written.name, "description": written.description}
    sites = [
        site.model_copy(update={"policy": site.policy.model_copy(update={"every_minutes": None})})
        for site in read.sites
    ]
    assert read.model_copy(update={**changed, "sites": sites}) == written
    assert written.folder == SCENARIOS


def test_a_scenario_written_in_python_has_all_its_faults_said_at_once():
    site = {"name": "office", "connection": "main_board", "tarif": "flat", "policy": {"name": "llf"}}
    described = {
        "name": "x",
        "start": datetime(2019, 6, 1),
        "days": 0,
        "timezone": "CET",
        "feeder": {"network": "office_site"},
        "sites": [site],
    }
    with pytest.raises(ScenarioError) as caught:
        cosim.Scenario.in_folder(SCENARIOS, described)
    said = [str(fault).partition(":")[0] for fault in caught.value.faults]
    assert sorted(said) == [
        'S06 sites.office.tarif = "flat"',
        "S07 sites.office.tariff",
        "S24 days = 0",
        'S25 timezone = "CET"',
    ]


def test_mixed_mosaik_moves_energy_and_the_voltage_follows(capsys, imported):
    """Four cars of 60 kWh from 40 to 80 %: 96 kWh into the batteries, 101.05 from the grid."""
    readings = imported("mixed_mosaik").main()
    assert len(readings) == 96
    power_kw = np.array([sum(step["p_kw"].values()) for step in readings])
    lowest_pu = np.array([min(step["Vm[pu]"].values()) for step in readings])
    assert power_kw.sum() / 4.0 == pytest.approx(4 * 60 * 0.4 / 0.95, abs=0.01)
    assert lowest_pu[power_kw.argmax()] == lowest_pu.min()
    idle, busy = power_kw < 1e-9, power_kw > 0.9 * power_kw.max()
    assert idle.any()
    assert lowest_pu[busy].max() < lowest_pu[idle].min()
    assert "charged 101.1 kWh" in capsys.readouterr().out
