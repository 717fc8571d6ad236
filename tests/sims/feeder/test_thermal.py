"""Transformer heat and life: the published example, closed forms, refinement, and what must always hold.

load   ____|~~~~~~~~~~~|____        K held over a step
oil    ______,--~~~~~~~~--,_        slow: hours
spot   ____|~~~~~~~~~~~~|,__        oil + gradient, quick: minutes
"""

import csv
import subprocess
import sys
import tomllib
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sims.faults import ScenarioError
from sims.feeder.ageing import PAPERS, ageing_rate, step_with_ageing
from sims.feeder.thermal import ThermalParameters, ThermalState, steady_state, step
from sims.feeder.thermal_presets import NAMES, list_thermal_presets, thermal_preset, thermal_sources

CASE = Path(__file__).parents[2] / "reference" / "iec_60076_7"
DISTRIBUTION = thermal_preset("onan_distribution")
PRESETS = list_thermal_presets()
FIELDS = [field.name for field in fields(ThermalState)]


def rows(name: str) -> list[dict[str, float]]:
    """A table of the reference case."""
    with (CASE / name).open() as file:
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]


def at_ends(step_min: float) -> dict[float, ThermalState]:
    """The reference example in steps of at most `step_min`, its state at the end of each load."""
    case = tomllib.loads((CASE / "case.toml").read_text())
    parameters = ThermalParameters(**case["parameters"])
    state = ThermalState(np.array([case["start"]["theta_topoil_c"]]), np.zeros(1), np.zeros(1))
    now, seen = 0.0, {}
    for row in rows("load.csv"):
        while now < row["until_min"]:
            dt_min = min(step_min, row["until_min"] - now)
            state = step(parameters, state, row["load_factor"], row["ambient_c"], dt_min)
            now += dt_min
        seen[now] = state
    return seen


@pytest.mark.parametrize("step_min", [1.0, 5.0, 15.0, 240.0])
def test_the_example_of_the_standard(step_min):
    tolerance_k = tomllib.loads((CASE / "case.toml").read_text())["tolerance_k"]
    seen = at_ends(step_min)
    for row in rows("expected.csv"):
        state = seen[row["minute"]]
        assert state.theta_topoil_c[0] == pytest.approx(row["theta_topoil_c"], abs=tolerance_k)
        assert state.theta_hotspot_c[0] == pytest.approx(row["theta_hotspot_c"], abs=tolerance_k)


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("step_min", [1.0, 5.0])
def test_a_constant_load_does_not_show_the_step(preset, step_min):
    parameters = thermal_preset(preset)
    whole = fine = steady_state(parameters, np.array([0.2, 1.4]), 10.0)
    loads = np.array([1.3, 0.0])
    for _ in range(24):
        whole = step(parameters, whole, loads, 35.0, 15.0)
        for _ in range(round(15.0 / step_min)):
            fine = step(parameters, fine, loads, 35.0, step_min)
        for name in FIELDS:
            np.testing.assert_allclose(getattr(fine, name), getattr(whole, name), rtol=0, atol=1e-9)


@pytest.mark.parametrize("preset", PRESETS)
def test_steady_state_is_the_closed_form_and_stays(preset):
    p, load, ambient_c = thermal_preset(preset), 0.8, 31.0
    rise_k = p.topoil_rise_k * ((1 + p.loss_ratio * load**2) / (1 + p.loss_ratio)) ** p.oil_exponent
    gradient_k = p.hotspot_factor * p.gradient_k * load**p.winding_exponent
    steady = steady_state(p, np.array([load]), ambient_c)
    assert steady.theta_topoil_c == pytest.approx(ambient_c + rise_k)
    assert steady.theta_hotspot_c == pytest.approx(ambient_c + rise_k + gradient_k)
    cold = ThermalState(np.array([ambient_c]), np.zeros(1), np.zeros(1))
    after_a_week = step(p, cold, load, ambient_c, 7 * 1440.0)
    stayed = step(p, steady, load, ambient_c, 15.0)
    for name in FIELDS:
        assert getattr(after_a_week, name) == pytest.approx(getattr(steady, name), abs=1e-9)
        np.testing.assert_array_equal(getattr(stayed, name), getattr(steady, name))


def test_a_step_by_hand():
    """55 K at rated load, 180 min: from a steady idle at 20 degC one hour of rated load."""
    idle = steady_state(DISTRIBUTION, np.zeros(1), 20.0)
    oil_idle_c = 20.0 + 55.0 * (1 / 6) ** 0.8
    assert idle.theta_hotspot_c == pytest.approx(oil_idle_c)
    loaded = step(DISTRIBUTION, idle, 1.0, 20.0, 60.0)
    oil_c = 75.0 + (oil_idle_c - 75.0) * np.exp(-60 / 180)
    assert loaded.theta_topoil_c == pytest.approx(oil_c)
    assert loaded.theta_hotspot_c == pytest.approx(oil_c + 23.0 * (1 - np.exp(-60 / 8)))


def test_the_oil_follows_the_air_with_its_own_time_constant():
    """The differential equation is that of the top-oil temperature: a warm front takes hours to arrive."""
    steady = steady_state(DISTRIBUTION, np.array([0.5]), 10.0)
    warmer = step(DISTRIBUTION, steady, 0.5, 30.0, 180.0)
    assert warmer.theta_hotspot_c - steady.theta_hotspot_c == pytest.approx(20.0 * (1 - np.exp(-1)))


def test_ageing_at_the_reference_temperatures():
    assert ageing_rate(98.0, "kraft") == 1.0
    assert ageing_rate(110.0, "upgraded") == pytest.approx(1.0, abs=1e-15)
    np.testing.assert_allclose(ageing_rate([92.0, 104.0, 140.0], "kraft"), [0.5, 2.0, 128.0])
    # IEEE C57.91: 120 degC ages 2.71, 140 degC 17.2 times as fast
    np.testing.assert_allclose(ageing_rate([120.0, 140.0], "upgraded"), [2.71, 17.2], rtol=2e-3)
    rated = steady_state(DISTRIBUTION, np.ones(1), 20.0)
    assert ageing_rate(rated.theta_hotspot_c, "kraft") == pytest.approx(1.0)


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize("dt_min", [1, 5, 15, 30, 60])
def test_ageing_over_a_step_is_the_integral(preset, paper, dt_min):
    """Against 2,000 midpoints, for every pair of loads; the rate at the end alone is several times wrong."""
    parameters, loads = thermal_preset(preset), np.arange(0.0, 1.6, 0.25)
    before, after = (array.ravel() for array in np.meshgrid(loads, loads))
    start = steady_state(parameters, before, 20.0)
    end, mean = step_with_ageing(parameters, start, after, 20.0, dt_min, paper)
    times_min = dt_min * (np.arange(2000)[:, None] + 0.5) / 2000
    inside = step(parameters, start, after, 20.0, times_min)
    true = ageing_rate(inside.theta_hotspot_c, paper).mean(axis=0)
    np.testing.assert_allclose(mean, true, rtol=6e-5)
    np.testing.assert_array_equal(
        end.theta_hotspot_c, step(parameters, start, after, 20.0, dt_min).theta_hotspot_c
    )


def life_used_h(step_min: int, paper: str) -> float:
    """Two days of a jagged load in steps of `step_min`, the load and the air held over 15 min each."""
    rng = np.random.default_rng(7)
    loads, air_c = rng.uniform(0.1, 1.4, 192), 20.0 + rng.uniform(-5.0, 10.0, 192)
    state, used_h = steady_state(DISTRIBUTION, loads[:1], air_c[0]), 0.0
    for minute in range(0, 2 * 1440, step_min):
        k = minute // 15
        state, rate = step_with_ageing(DISTRIBUTION, state, loads[[k]], air_c[k], step_min, paper)
        used_h += rate[0] * step_min / 60.0
    return used_h


@pytest.mark.parametrize("paper", PAPERS)
def test_refining_the_step_does_not_change_the_life_used(paper):
    used = {step_min: life_used_h(step_min, paper) for step_min in (15, 5, 1)}
    assert used[15] == pytest.approx(used[1], rel=1e-5)
    assert used[5] == pytest.approx(used[1], rel=1e-5)


loads_ = st.floats(0.0, 2.0)
airs = st.floats(-30.0, 45.0)


@given(st.sampled_from(PRESETS), loads_, loads_, loads_, airs, st.floats(0.1, 600.0))
def test_more_load_is_never_cooler_oil_and_both_stay_between_old_and_new(preset, before, low, more, air, dt):
    parameters = thermal_preset(preset)
    low, high = sorted((low, more))
    start = steady_state(parameters, np.array([before]), air)
    less, least = (step(parameters, start, load, air, dt) for load in (high, low))
    assert less.theta_topoil_c >= least.theta_topoil_c - 1e-9
    ultimate = steady_state(parameters, np.array([high]), air)
    for name in FIELDS:
        old, new, seen = (getattr(state, name)[0] for state in (start, ultimate, less))
        assert min(old, new) - 1e-9 <= seen <= max(old, new) + 1e-9


@given(loads_, loads_, airs, st.floats(0.0, 20.0), st.floats(0.1, 600.0))
def test_more_load_or_warmer_air_is_never_a_cooler_hot_spot(low, more, air, warmer, dt):
    """Of distribution units (k21 = 1); power units dip when their oil pump of convection starts."""
    low, high = sorted((low, more))
    start = steady_state(DISTRIBUTION, np.array([0.3]), air)
    cool, hot = step(DISTRIBUTION, start, low, air, dt), step(DISTRIBUTION, start, high, air + warmer, dt)
    assert hot.theta_hotspot_c >= cool.theta_hotspot_c - 1e-9
    for paper in PAPERS:
        assert ageing_rate(hot.theta_hotspot_c, paper) >= ageing_rate(cool.theta_hotspot_c, paper) - 1e-12


@given(st.sampled_from(PRESETS), loads_, loads_, airs, st.floats(1.0, 120.0))
def test_two_half_steps_are_one(preset, before, load, air, dt):
    parameters = thermal_preset(preset)
    start = steady_state(parameters, np.array([before]), air)
    whole = step(parameters, start, load, air, dt)
    halves = step(parameters, step(parameters, start, load, air, dt / 2), load, air, dt / 2)
    assert halves.theta_hotspot_c == pytest.approx(whole.theta_hotspot_c, abs=1e-9)


def test_transformers_do_not_see_each_other():
    loads = np.array([0.0, 0.4, 1.2])
    together = step(DISTRIBUTION, steady_state(DISTRIBUTION, loads, 20.0), loads[::-1], 25.0, 15.0)
    for i, load in enumerate(loads):
        alone = step(DISTRIBUTION, steady_state(DISTRIBUTION, loads[[i]], 20.0), loads[::-1][[i]], 25.0, 15.0)
        assert alone.theta_hotspot_c[0] == together.theta_hotspot_c[i], load


def test_every_number_of_a_preset_has_a_source_and_rated_load_ages_at_the_reference_rate():
    assert "onan_distribution" in PRESETS
    for preset in PRESETS:
        assert set(thermal_sources(preset)) == set(NAMES)
        rated = steady_state(thermal_preset(preset), np.ones(1), 20.0)
        assert rated.theta_hotspot_c == pytest.approx(98.0)


def test_a_parameter_can_be_replaced_and_a_wrong_preset_has_a_neighbour():
    assert thermal_preset("onan_distribution", {"loss_ratio": 8.0}).loss_ratio == 8.0
    with pytest.raises(ScenarioError, match="onan_distribution"):
        thermal_preset("onan_distribtion")


def test_the_model_is_usable_alone():
    """No pandapower, no mosaik, no pandas come with it."""
    code = "import sys, sims.feeder.ageing; print(*{'pandapower', 'mosaik', 'pandas'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == ""
