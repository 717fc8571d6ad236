"""Mean days: what is shipped, how 24 hours become finer steps, and the days clocks change."""

from datetime import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sims.clock import Clock
from sims.faults import ScenarioError
from sims.signals.market.day_profiles import list_profiles, load_profile, on_steps, resample
from sims.signals.market.emissions import co2_kg, co2_price_per_kwh

DAYS = arrays(np.float64, (3, 24), elements=st.floats(-1e3, 1e3, width=32))
# mean of the day, lowest and highest hour and when, EUR/MWh: smart_charging.md 5, rounded there to 0.1
PUBLISHED = {
    "italy_2015_2024": (96.7, 81.8, 3, 123.1, 19),
    "italy_2022": (303.95, 255.4, 3, 379.6, 19),
    "italy_2023": (122.5, 94.6, 13, 166.2, 19),
    "italy_2024": (100.3, 74.3, 13, 139.3, 20),
    "italy_2023_01_2024_03": (116.0, 90.0, 13, 155.9, 19),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_days(name):
    profile = load_profile(name, "price")
    mean, lowest, lowest_h, highest, highest_h = PUBLISHED[name]
    assert 1000.0 * profile.per_kwh.mean() == pytest.approx(mean, abs=0.35)
    assert (1000.0 * profile.per_kwh.min(), profile.per_kwh.argmin()) == (pytest.approx(lowest), lowest_h)
    assert (1000.0 * profile.per_kwh.max(), profile.per_kwh.argmax()) == (pytest.approx(highest), highest_h)
    assert profile.source
    assert not profile.synthetic


def test_the_day_of_ten_years_owns_that_it_is_from_memory():
    assert any("from memory" in doubt for doubt in load_profile("italy_2015_2024", "price").derived)


def test_every_profile_is_listed_by_its_quantity():
    assert list_profiles("price") == sorted(PUBLISHED)
    assert list_profiles("co2") == ["co2_synthetic"]
    co2 = load_profile("co2_synthetic", "co2")
    assert co2.synthetic
    assert (co2.per_kwh[13], co2.per_kwh[19], co2.per_kwh.mean()) == (250.0, 360.0, pytest.approx(315.25))


@pytest.mark.parametrize(("name", "quantity"), [("italy_2032", "price"), ("italy_2023", "co2")])
def test_another_name_or_quantity_is_refused(name, quantity):
    with pytest.raises(ScenarioError, match=f'"{name}": no such profile of'):
        load_profile(name, quantity)


@given(DAYS, st.sampled_from([24, 48, 96, 144, 288, 1440]), st.sampled_from(["step", "linear"]))
def test_finer_steps_keep_the_mean_of_each_day_and_its_bounds(days, per_day, how):
    fine = resample(days, per_day, how)
    assert fine.shape == (3, per_day)
    np.testing.assert_allclose(fine.mean(axis=1), days.mean(axis=1), rtol=1e-9, atol=1e-9)
    assert (fine.max(axis=1) <= days.max(axis=1) + 1e-9).all()
    assert (fine.min(axis=1) >= days.min(axis=1) - 1e-9).all()


def test_step_holds_the_hour_and_linear_goes_from_middle_to_middle():
    day = np.arange(24.0)
    assert resample(day, 96, "step")[:6].tolist() == [0, 0, 0, 0, 1, 1]
    # quarter hours around 01:30, where the hour has its own value; over midnight 23 goes to 0
    assert resample(day, 96, "linear")[4:8].tolist() == [0.625, 0.875, 1.125, 1.375]
    assert resample(day, 96, "linear")[0] == pytest.approx(23 * 0.375)
    assert resample(day, 24, "linear").tolist() == day.tolist()


@pytest.mark.parametrize("per_day", [0, 12, 100])
def test_days_are_cut_into_whole_parts_of_hours(per_day):
    with pytest.raises(ValueError, match="multiple of 24"):
        resample(np.zeros(24), per_day, "step")


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        (datetime(2023, 3, 26), [0, 1, *range(3, 24)]),
        (datetime(2023, 10, 29), [0, 1, 2, 2, *range(3, 24)]),
        (datetime(2023, 6, 1), list(range(24))),
    ],
)
def test_local_clock_hours_on_the_days_clocks_change(day, hours):
    clock = Clock.from_local(day, 1, 900, "Europe/Rome")
    for how in ("step", "linear"):
        laid = on_steps(np.arange(24.0)[None, :], clock, how).reshape(-1, 4)
        np.testing.assert_allclose(laid[1:-1].mean(axis=1), hours[1:-1], atol=1e-12)
    np.testing.assert_array_equal(on_steps(np.arange(24.0)[None, :], clock, "step"), np.repeat(hours, 4))


@given(DAYS, st.sampled_from([60, 300, 600, 900, 1800, 3600]))
def test_a_run_of_plain_days_is_laid_as_each_day_alone(days, step_s):
    clock = Clock.from_local(datetime(2023, 6, 1), 3, step_s, "Europe/Rome")
    per_day = 86_400 // step_s
    np.testing.assert_array_equal(on_steps(days, clock, "step"), resample(days, per_day, "step").ravel())
    joined = on_steps(days, clock, "linear").reshape(3, per_day)
    half_h = max(1, per_day // 48)  # only the half hours around midnight look at the neighbour
    inner = slice(half_h, -half_h)
    np.testing.assert_allclose(joined[:, inner], resample(days, per_day, "linear")[:, inner], atol=1e-9)


def test_linear_days_are_joined_over_midnight():
    clock = Clock.from_local(datetime(2023, 6, 1), 2, 900, "Europe/Rome")
    laid = on_steps(np.stack([np.full(24, 1.0), np.full(24, 2.0)]), clock, "linear")
    np.testing.assert_allclose(laid[94:98], [1.125 + 0.25 * k for k in range(4)])
    assert (laid[:94] == 1.0).all()
    assert (laid[98:] == 2.0).all()


def test_64_eur_a_tonne():
    """smart_charging.md 2: 64 EUR/t are 6.4e-5 EUR/g; some 320 g/kWh then cost 0.02 EUR/kWh."""
    assert co2_price_per_kwh(np.array([1.0]), 64.0)[0] == pytest.approx(6.4e-5)
    assert co2_price_per_kwh(np.array([320.0]), 64.0)[0] == pytest.approx(0.02048)
    assert co2_kg(np.array([320.0, 100.0]), np.array([2.0, -1.0])) == pytest.approx(0.54)
