"""Forecasts against hand-worked days, a walk through the calendar, and what must never change."""

import json
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sims.clock import Clock
from sims.faults import SimulationError
from sims.forecast import Forecast, ForecastRequest
from sims.forecaster import Forecaster, Forecasters

ROME, CALIFORNIA = "Europe/Rome", "America/Los_Angeles"
HOUR = 3600
HONEST = ("persistence", "historical_mean")


def clock_of(start, days, zone=ROME, step_s=HOUR):
    return Clock.from_local(start, days, step_s, zone)


def forecaster(clock, series, model="persistence", quantity="load", horizon=24, **request):
    return Forecaster(quantity, ForecastRequest(model, horizon, **request), series, clock)


def issued(made, k):
    return Forecast.received(json.loads(json.dumps(made.issue(k))))


# days of the same kind ------------------------------------------------------------------------------------

WEEK = clock_of(datetime(2024, 6, 5), 9)  # from a Wednesday on
DAY_AND_HOUR = np.repeat(100.0 * np.arange(9), 24) + np.tile(np.arange(24.0), 9)  # 100 d + h


@pytest.mark.parametrize(
    ("day", "as_on"),
    [
        (1, 0),  # Thursday as Wednesday
        (2, 1),  # Friday as Thursday
        (4, 3),  # Sunday as Saturday
        (5, 2),  # Monday as Friday
        (6, 5),  # Tuesday as Monday
        (8, 7),  # Thursday as Wednesday
    ],
)
def test_persistence_is_the_last_day_of_the_same_kind(day, as_on):
    seen = issued(forecaster(WEEK, DAY_AND_HOUR), 24 * day)
    assert seen.values[0] == 100.0 * day  # measured now
    assert seen.values[1:].tolist() == [100.0 * as_on + hour for hour in range(1, 24)]


def test_persistence_takes_this_morning_for_tomorrow_morning():
    seen = issued(forecaster(WEEK, DAY_AND_HOUR), 24 + 10)  # Thursday 10:00, for Friday too
    assert seen.values.tolist() == [110.0, *range(11, 24), *range(100, 110)]


def test_a_weekend_without_one_before_is_like_the_last_day():
    seen = issued(forecaster(WEEK, DAY_AND_HOUR), 72)  # the first Saturday
    assert seen.values[1:].tolist() == [200.0 + hour for hour in range(1, 24)]


def test_the_mean_is_over_all_earlier_days_of_the_kind():
    made = forecaster(WEEK, DAY_AND_HOUR, "historical_mean")
    monday = issued(made, 120).values
    assert monday[1:].tolist() == pytest.approx([100.0 + h for h in range(1, 24)])  # of 0, 1, 2
    tuesday = issued(made, 144).values
    assert tuesday[1:].tolist() == pytest.approx([200.0 + h for h in range(1, 24)])  # of 0, 1, 2, 5


@pytest.mark.parametrize("model", HONEST)
def test_before_any_day_the_value_of_now_is_held(model):
    seen = issued(forecaster(WEEK, 7.0 + DAY_AND_HOUR, model), 3)
    assert seen.values.tolist() == [10.0] * 21 + [7.0, 8.0, 9.0]  # tomorrow's first hours are known today's
    assert seen.n_known == 1


def test_history_before_the_run_is_used_from_the_first_step_on():
    told = forecaster(clock_of(datetime(2024, 6, 6), 8), DAY_AND_HOUR[24:], before=DAY_AND_HOUR[:24])
    whole = forecaster(WEEK, DAY_AND_HOUR)
    for k in (0, 5, 100):
        assert issued(told, k).values.tolist() == issued(whole, 24 + k).values.tolist()


@pytest.mark.parametrize(
    ("start", "zone"),
    [
        (datetime(2024, 3, 29), ROME),  # clocks forward on the 31st
        (datetime(2024, 10, 25), ROME),  # and back on the 27th
        (datetime(2024, 3, 8), CALIFORNIA),
        (datetime(2024, 12, 29), "Asia/Kolkata"),
    ],
)
@pytest.mark.parametrize("step_s", [1800, HOUR])
def test_sources_agree_with_a_walk_back_through_the_calendar(start, zone, step_s):
    clock = clock_of(start, 6, zone, step_s)
    series = np.arange(clock.n_steps, dtype=float)  # each value names its step
    made, tz = forecaster(clock, series, horizon=2 * 86_400 // step_s), ZoneInfo(zone)
    local = [
        datetime.fromtimestamp(clock.start_s + j * step_s, tz)
        for j in range(clock.n_steps + 2 * 86_400 // step_s)
    ]
    for k in range(0, clock.n_steps, 7):
        for lead, value in enumerate(issued(made, k).values):
            assert value == walked_back(local, k, k + lead)


def walked_back(local, k, m):
    """Latest step up to k that is like m: in clock time and kind of day, else in clock time, else k."""
    if m <= k:
        return m
    for same_kind in (True, False):
        for j in range(k, -1, -1):
            alike = not same_kind or (local[j].weekday() < 5) == (local[m].weekday() < 5)
            if alike and local[j].time() == local[m].time():
                return j
    return k


# what is known --------------------------------------------------------------------------------------------


def test_a_day_ahead_price_is_known_from_publication_to_the_end_of_the_next_day():
    clock = clock_of(datetime(2024, 6, 4), 4)  # from a Tuesday on
    price = np.repeat([1.0, 2.0, 3.0, 4.0], 24)
    made = forecaster(clock, price, "published", "price", horizon=48, publication_hour=13)
    for k in range(48):
        until = 48 if k % 24 >= 13 else 24
        seen = issued(made, k)
        assert seen.n_known == (k // 24) * 24 + until - k
        np.testing.assert_array_equal(seen.values[: seen.n_known], price[k : k + seen.n_known])
        # what is not public yet is guessed from the last day that is
        assert set(seen.values[seen.n_known :]) <= {price[k + seen.n_known - 1]}
    assert not seen.oracle


@pytest.mark.parametrize(("day", "hours"), [(datetime(2024, 3, 30), 23), (datetime(2024, 10, 26), 25)])
def test_published_until_local_midnight_on_days_that_clocks_change(day, hours):
    clock = clock_of(day, 3)
    made = forecaster(clock, np.zeros(clock.n_steps), "published", "price", 72, publication_hour=13)
    assert issued(made, 12).n_known == 12
    assert issued(made, 13).n_known == 11 + hours


def test_a_tariff_is_public_beyond_the_end_of_the_run():
    clock = clock_of(datetime(2024, 6, 4), 1)
    made = forecaster(clock, np.arange(24.0), "published", "price", after=np.arange(100.0, 124.0))
    seen = issued(made, 20)
    assert seen.values.tolist() == [20, 21, 22, 23, *range(100, 120)]
    assert (seen.n_known, seen.oracle) == (24, False)


def test_perfect_is_the_truth_and_marked():
    seen = issued(forecaster(WEEK, DAY_AND_HOUR, "perfect"), 30)
    assert seen.values.tolist() == DAY_AND_HOUR[30:54].tolist()
    assert (seen.oracle, seen.model, seen.n_known, seen.issue_s) == (True, "perfect", 24, 30 * 3600.0)


def test_after_the_end_of_the_run_there_is_no_truth_to_read():
    seen = issued(forecaster(WEEK, DAY_AND_HOUR, "perfect"), 9 * 24 - 2)
    assert seen.values.tolist() == [822.0, 823.0, *(800.0 + h for h in range(22))]  # Friday as Thursday
    assert seen.n_known == 2


def test_arrivals_of_the_step_that_starts_now_are_not_known_yet():
    clock = clock_of(datetime(2024, 6, 4), 3)
    cars = np.tile([0.0] * 8 + [3.0, 1.0] + [0.0] * 14, 3)
    made = forecaster(clock, cars, "historical_mean", "arrivals")
    assert issued(made, 8).values.tolist() == [0.0] * 24  # the first day: nobody has ever come
    second = issued(made, 24 + 8)
    assert (second.n_known, second.quantity) == (0, "arrivals")
    assert second.values[:2].tolist() == [3.0, 1.0]


def test_nothing_is_made_in_steps_without_a_decision():
    asked = {"load": {"model": "persistence", "horizon_steps": 2, "every_steps": 4}}
    made = Forecasters(asked, {"load": DAY_AND_HOUR, "co2": DAY_AND_HOUR}, WEEK)
    issues = [True, False, False, False, True, *[False] * 3, True]
    assert [made.issue(k).keys() == {"load"} for k in range(9)] == issues
    assert [made.issue(k) == {} for k in range(9)] == [not issue for issue in issues]


def test_values_are_read_only_and_finite():
    seen = issued(forecaster(WEEK, DAY_AND_HOUR), 0)
    with pytest.raises(ValueError, match="read-only"):
        seen.values[0] = 1.0
    with pytest.raises(SimulationError, match="building_kw: nan"):
        Forecast.received(forecaster(WEEK, np.full(216, np.nan)).issue(0))


# the future -----------------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(
    data=st.data(),
    model=st.sampled_from(HONEST),
    quantity=st.sampled_from(["load", "co2", "arrivals"]),
    days=st.integers(1, 9),
)
def test_no_bit_of_an_honest_forecast_moves_with_the_future(data, model, quantity, days):
    clock = clock_of(datetime(2024, 3, 28), days)
    k = data.draw(st.integers(0, clock.n_steps - 1))
    rng = np.random.default_rng(k)
    series = rng.normal(size=clock.n_steps)
    first_unknown = k if quantity == "arrivals" else k + 1
    other = np.where(np.arange(clock.n_steps) >= first_unknown, 1e6 * rng.normal(size=clock.n_steps), series)
    one, two = (forecaster(clock, truth, model, quantity).issue(k) for truth in (series, other))
    assert json.dumps(one) == json.dumps(two)


@pytest.mark.parametrize("model", ["perfect", "noisy"])
def test_oracles_do_move_with_the_future(model):
    noise = {"share_after_1h": 0.05, "most_share": 0.2, "seed": [1]}
    other = DAY_AND_HOUR + np.where(np.arange(216) > 30, 50.0, 0.0)
    one, two = (forecaster(WEEK, truth, model, noise=noise).issue(30) for truth in (DAY_AND_HOUR, other))
    assert one["values"] != two["values"]
    assert one["oracle"]


# noise ----------------------------------------------------------------------------------------------------

NOISE = {"share_after_1h": 0.05, "most_share": 0.15, "seed": [7, 11]}
LONG = Clock(0, 900, 40_000, "UTC")


def noisy(series, clock=LONG, horizon=96, **changes):
    return forecaster(clock, series, "noisy", horizon=horizon, noise=NOISE | changes)


def errors(every):
    made = noisy(np.full(LONG.n_steps, 200.0))
    return np.array([made.issue(k)["values"] for k in range(0, LONG.n_steps - 96, every)]) - 200.0


def test_errors_grow_like_the_root_of_the_lead_and_level_off():
    spread = errors(48).std(axis=0)
    assert spread[0] == 0.0
    assert spread[4] == pytest.approx(0.05 * 200.0, rel=0.08)  # after an hour
    assert spread[2] / spread[1] == pytest.approx(2**0.5, rel=0.05)
    lead_h = 0.25 * np.arange(96)
    stated = 0.15 * 200.0 * np.sqrt(1.0 - (1.0 - (0.05 / 0.15) ** 2) ** lead_h)
    np.testing.assert_allclose(spread, stated, rtol=0.12)
    assert abs(errors(48).mean(axis=0)).max() < 0.15 * 200.0 / 12


def test_a_later_forecast_differs_only_by_what_became_known():
    made = noisy(np.full(LONG.n_steps, 200.0))
    old, new = (np.array(made.issue(k)["values"]) for k in (100, 101))
    moved = (old[1:] - new[:-1])[1:]
    ratio = moved[1:] / moved[:-1]
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-6)  # one innovation, fading
    assert 0.9 < ratio[0] < 1.0


def test_noise_hangs_on_seed_and_step_alone():
    series = np.linspace(100.0, 300.0, LONG.n_steps)
    whole, short = noisy(series), noisy(series[:500], replace(LONG, n_steps=500))
    scale = series[:500].mean() / series.mean()
    one, two = np.array(whole.issue(77)["values"]), np.array(short.issue(77)["values"])
    np.testing.assert_allclose(two - series[77:173], scale * (one - series[77:173]), rtol=1e-9, atol=1e-9)
    assert whole.issue(77) == noisy(series).issue(77)
    assert whole.issue(77) != noisy(series, seed=[7, 12]).issue(77)
