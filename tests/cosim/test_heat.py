"""Transformer heat in a run: what is stored is what the equations say of the loading stored beside it.

t            0            900          1800
loading      K(0)         K(900)       ...           of the power flow of the step
air          a(0)         a(900)       ...
temperature  steady in K(0), a(0) -> stored at 0     -> stored at 900 ...      at the end of each step
"""

import json
from math import exp
from pathlib import Path
from typing import Any

import numpy as np
import pandapower as pp
import pytest
from small_sites import Small, fingerprint, site, utc, write
from typer.testing import CliRunner

from cosim import Run, load_scenario, run
from cosim.cli import app
from cosim.scenario.inputs import read_inputs
from sims.faults import ScenarioError
from sims.feeder.simulator import FeederSimulator

ODD = {"preset": "onaf_power", "paper": "upgraded", "loss_ratio": 7.0}
USUAL = {"preset": "onan_distribution", "paper": "kraft"}
ABSURD = 30

pytestmark = pytest.mark.usefixtures("one_network")


def scenario_file(
    folder: Path, load_kw: Any, when: Small, thermal: dict | None = USUAL, air_c: Any = 25.0
) -> Path:
    """A scenario with one building and the air of every step."""
    feeder = dict(when.feeder) | ({} if thermal is None else {"thermal": thermal})
    path = write(folder, site(load_kw), when=Small(when.start, when.days, when.step_minutes, feeder=feeder))
    if air_c is not None:
        at = [utc(second) for second in when.clock.epoch_s().tolist()]
        degrees = np.broadcast_to(np.asarray(air_c, dtype=float), when.n_steps).tolist()
        rows = [f"{time},{value!r}" for time, value in zip(at, degrees, strict=True)]
        (folder / "air.csv").write_text("\n".join(["time,temperature_c", *rows, ""]))
        path.write_text(path.read_text() + '\n[weather]\nfile = "air.csv"\n')
    return path


def heated(folder: Path, load_kw: Any, when: Small, thermal=USUAL, air_c: Any = 25.0, **how) -> Run:
    """Run of such a scenario."""
    scenario = load_scenario(scenario_file(folder, load_kw, when, thermal, air_c))
    return run(scenario, folder / "result.h5", overwrite=True, **how)


THREE_DAYS = Small(days=3)
JAGGED_KW = np.random.default_rng(3).uniform(20.0, 330.0, THREE_DAYS.n_steps).round(3)
AIR_C = np.round(20.0 + 8.0 * np.sin(np.arange(THREE_DAYS.n_steps) / 15), 3)


@pytest.fixture(scope="module")
def jagged(folder, one_network) -> Run:
    """Three days of a jagged load under waving air, one transformer of other numbers than the usual."""
    return heated(folder / "jagged", JAGGED_KW, THREE_DAYS, ODD, AIR_C)


def by_hand(loading_percent, air_c, dt_min: float) -> tuple[list[float], list[float]]:
    """Top oil and hot spot of `ODD` at the end of every step, written out with plain numbers."""
    oil, fast, slow, topoil, hotspot = None, 0.0, 0.0, [], []
    for percent, air in zip(loading_percent, air_c, strict=True):
        load = percent / 100.0
        end_oil = air + 52.0 * ((1.0 + 7.0 * load**2) / 8.0) ** 0.8
        end_fast, end_slow = 2.0 * 26.0 * load**1.3, 26.0 * load**1.3
        if oil is None:
            oil, fast, slow = end_oil, end_fast, end_slow
        oil += (end_oil - oil) * (1.0 - exp(-dt_min / (0.5 * 150.0)))
        fast += (end_fast - fast) * (1.0 - exp(-dt_min / (2.0 * 7.0)))
        slow += (end_slow - slow) * (1.0 - exp(-dt_min / (150.0 / 2.0)))
        topoil.append(oil)
        hotspot.append(oil + fast - slow)
    return topoil, hotspot


def test_stored_temperatures_are_those_worked_out_from_the_stored_loading(jagged):
    feeder = jagged.feeder
    np.testing.assert_array_equal(feeder.ambient_c, AIR_C)
    topoil, hotspot = by_hand(feeder.transformer_loading_percent[:, 0], AIR_C, 15.0)
    np.testing.assert_allclose(feeder.theta_topoil_c[:, 0], topoil, rtol=0, atol=1e-9)
    np.testing.assert_allclose(feeder.theta_hotspot_c[:, 0], hotspot, rtol=0, atol=1e-9)
    assert np.ptp(hotspot) > 40.0


def test_the_life_used_is_the_integral_over_finer_steps(jagged):
    """The same loading in steps of 3 s, each with the ageing rate of its end."""
    loading = np.repeat(jagged.feeder.transformer_loading_percent[:, 0], 300)
    _, hotspot = by_hand(loading, np.repeat(AIR_C, 300), 0.05)
    rate = np.exp(15_000 / 383 - 15_000 / (np.array(hotspot) + 273)).reshape(-1, 300).mean(axis=1)
    np.testing.assert_allclose(jagged.feeder.ageing_rate[:, 0], rate, rtol=0.02)
    used_h = jagged.kpis["transformers"]["transformer"]["loss_of_life_h"]
    assert used_h == pytest.approx(rate.sum() * 0.25, rel=1e-3)


@pytest.mark.parametrize("window_days", [1, 2])
def test_the_file_does_not_show_where_it_was_cut(jagged, folder, monkeypatch, window_days):
    original = FeederSimulator.get_state
    monkeypatch.setattr(FeederSimulator, "get_state", lambda self: json.loads(json.dumps(original(self))))
    cut = heated(folder / f"cut_{window_days}", JAGGED_KW, THREE_DAYS, ODD, AIR_C, window_days=window_days)
    assert fingerprint(cut.path) == fingerprint(jagged.path)


def test_without_the_feature_nothing_of_it_is_there(folder):
    cold = heated(folder / "cold", 50.0, Small(step_minutes=60), None)
    assert cold.header.features == ()
    assert not hasattr(cold.feeder, "theta_hotspot_c")
    assert cold.kpis["transformers"]["transformer"]["max_hotspot_c"] is None
    assert not [row for row in cold.kpi_rows() if "hot spot" in row.label.lower()]


def test_a_constant_load_is_steady_from_the_first_step(folder):
    steady = heated(folder / "steady", 150.0, Small(step_minutes=60)).feeder
    load = steady.transformer_loading_percent[0, 0] / 100.0
    rise = 55.0 * ((1 + 5.0 * load**2) / 6.0) ** 0.8 + 23.0 * load**1.6
    np.testing.assert_allclose(steady.theta_hotspot_c, 25.0 + rise, rtol=0, atol=1e-9)


@pytest.fixture(scope="module")
def absurd(folder, one_network) -> Run:
    """A step no feeder could carry, 5 MW, after hours at 300 kW; a quiet building after it."""
    load_kw = np.where(np.arange(96) < ABSURD, 300.0, 60.0)
    load_kw[ABSURD] = 5000.0
    return heated(folder / "absurd", load_kw, Small())


def test_a_step_without_a_solution_holds_the_last_loading(absurd):
    feeder = absurd.feeder
    assert not feeder.converged[ABSURD]
    assert np.isnan(feeder.transformer_loading_percent[ABSURD, 0])
    np.testing.assert_allclose(feeder.theta_hotspot_c[ABSURD], feeder.theta_hotspot_c[ABSURD - 1], atol=1e-9)
    assert feeder.theta_hotspot_c[ABSURD + 1, 0] < feeder.theta_hotspot_c[ABSURD, 0] - 5.0
    assert np.isfinite(feeder.ageing_rate).all()
    assert absurd.degraded == [
        "1 of 96 steps have no power-flow solution; transformers were heated by the last known loading"
    ]


def test_a_first_step_without_a_solution_starts_idle(folder):
    load_kw = np.where(np.arange(24) == 0, 5000.0, 60.0)
    feeder = heated(folder / "first", load_kw, Small(step_minutes=60)).feeder
    assert feeder.theta_hotspot_c[0, 0] == pytest.approx(25.0 + 55.0 * (1 / 6) ** 0.8)


def test_a_hot_spot_above_its_limits_is_an_alarm(absurd):
    """300 kW at 0.95 on 250 kVA: 126 % and more, for hours."""
    figures = absurd.kpis["transformers"]["transformer"]
    above = absurd.feeder.theta_hotspot_c[:, 0]
    assert figures["hotspot_above_120_minutes"] == 15.0 * (above > 120.0).sum() > 0
    assert figures["hotspot_above_140_minutes"] == 15.0 * (above > 140.0).sum()
    assert len(absurd.alarms) == 1
    minutes = 15 * (above > 120.0).sum()
    assert f"transformer transformer: hot spot above 120 degC for {minutes} min" in absurd.alarms[0]
    assert absurd.warnings[-1] == absurd.alarms[0]


def test_the_command_line_tells_heat_and_alarms(absurd):
    told = CliRunner().invoke(app, ["kpis", str(absurd.path)])
    assert "Highest hot spot: end of the step" not in told.stdout
    assert "Highest hot spot, 2019-06-03" in told.stdout
    assert "Life used, of 180,000 h" in told.stdout
    assert "warning: transformer transformer: hot spot above 120 degC" in told.stderr


def test_report_and_figure_have_the_heat(jagged, tmp_path):
    figure = jagged.plot_heat()
    drawn = {trace.name: trace for trace in figure.data if trace.showlegend is None}
    assert set(drawn) == {"loading", "hot spot", "top oil", "air"}
    np.testing.assert_array_equal(drawn["hot spot"].y, jagged.feeder.theta_hotspot_c[:, 0])
    assert drawn["hot spot"].x[0] == drawn["loading"].x[1]  # at the end of the first step
    assert 'id="heat"' in jagged.report(tmp_path / "report.html").read_text("utf-8")


SAID = [
    (None, USUAL, ["S07", "feeder.thermal", "needs [weather]"]),
    (25.0, {"preset": "onan_distribution"}, ["S07", "feeder.thermal.paper", "kraft"]),
    (25.0, {"paper": "kraft"}, ["S07", "feeder.thermal.preset"]),
    (25.0, USUAL | {"preset": "onan"}, ["S26", 'feeder.thermal.preset = "onan"', "no such preset"]),
    (25.0, USUAL | {"paper": "craft"}, ["feeder.thermal.paper", 'nearest: "kraft"']),
    (25.0, USUAL | {"tau_oil_min": 0.5}, ["feeder.thermal.tau_oil_min = 0.5: below 1 min"]),
    (25.0, USUAL | {"k21": 0.5}, ["feeder.thermal.k21 = 0.5: below 1"]),
    (25.0, USUAL | {"tau_oil": 3.0}, ["S06", "feeder.thermal.tau_oil", 'nearest: "tau_oil_min"']),
]


@pytest.mark.parametrize(("air_c", "thermal", "said"), SAID)
def test_a_fault_of_the_section_is_said_before_the_run(folder, air_c, thermal, said):
    path = scenario_file(folder / "fault", 50.0, Small(step_minutes=60), thermal, air_c)
    with pytest.raises(ScenarioError) as caught:
        read_inputs(load_scenario(path))
    for words in said:
        assert words in str(caught.value)


def test_a_feeder_without_transformers_is_refused(folder):
    """grid = main_board ---- end"""
    net = pp.create_empty_network()
    for name in ("main_board", "end"):
        pp.create_bus(net, 0.4, name=name)
    pp.create_ext_grid(net, 0)
    pp.create_line(net, 0, 1, 0.1, "NAYY 4x150 SE")
    path = scenario_file(folder / "bare", 50.0, Small(step_minutes=60, feeder={"network": "bare.json"}))
    pp.to_json(net, str(folder / "bare" / "bare.json"))
    with pytest.raises(ScenarioError, match=r"S38 .*feeder\.thermal.*no transformer in service"):
        read_inputs(load_scenario(path))
