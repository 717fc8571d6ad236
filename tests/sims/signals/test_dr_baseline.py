"""Baselines by hand, by the local clock, and blind to everything they must not see."""

import numpy as np
import pytest
from dr_cases import ELRP, at, changed, event, load_by, run_of
from hypothesis import given, settings
from hypothesis import strategies as st

from sims.signals.response.baseline import baseline
from sims.signals.response.local_days import LocalDays, event_steps


def of(programme, clock, one, load_kw, events=None):
    days = LocalDays.of(clock, programme.holidays)
    return baseline(programme.baseline, days, one, events or [one], load_kw)


def with_baseline(programme=ELRP, cap=40, **other):
    rule = programme.baseline.model_dump()
    rule["adjustment"]["cap_percent"] = cap
    return changed(programme, baseline={**rule, **other})


# Mondays to Fridays 3-7 and 10-14 June 2019 are days i = 1..10 before the event of Monday 17 June, 16-18 h.
# hour        12  13  14   15     16        17       else
# day i       80  80  80   500    100+2i    90+i     500
# 17 June     88  92  84   300    ...
# mean of 16 h: 100 + 2 * 5.5 = 111; of 17 h: 90 + 5.5 = 95.5; of 12-15 h: 80
JUNE = run_of("2019-06-01", 17)
EVENT = event("2019-06-17T16:00", "2019-06-17T18:00")


def by_hand(before=(88.0, 92.0, 84.0)):
    def kw(now):
        i = now.day - 2 if now.day <= 7 else now.day - 4
        if now.day == 17:
            return dict(zip((12, 13, 14), before, strict=True)).get(now.hour, 300.0)
        if now.weekday() >= 5:
            return 500.0
        return {12: 80.0, 13: 80.0, 14: 80.0, 16: 100.0 + 2 * i, 17: 90.0 + i}.get(now.hour, 500.0)

    return load_by(JUNE, kw)


class TestByHand:
    @pytest.mark.parametrize(
        ("before", "cap", "factor", "kw"),
        [
            ((88, 92, 84), 40, 1.1, (122.1, 105.05)),  # 88 / 80
            ((120, 120, 120), 40, 1.4, (155.4, 133.7)),  # 1.5, held at 1.4
            ((40, 40, 40), 40, 0.6, (66.6, 57.3)),  # 0.5, held at 0.6
            ((112, 112, 112), 40, 1.4, (155.4, 133.7)),  # 1.4, exactly the cap
            ((120, 120, 120), 20, 1.2, (133.2, 114.6)),
            ((88, 92, 84), 0, 1.0, (111.0, 95.5)),  # off
        ],
    )
    def test_mean_and_adjustment(self, before, cap, factor, kw):
        found = of(with_baseline(cap=cap), JUNE, EVENT, by_hand(before))
        assert found.adjustment == pytest.approx(factor, abs=1e-12)
        np.testing.assert_allclose(found.kw, kw, rtol=0, atol=1e-9)

    def test_days(self):
        days = of(ELRP, JUNE, EVENT, by_hand()).days
        assert [day.day for day in days] == [3, 4, 5, 6, 7, 10, 11, 12, 13, 14]

    def test_highest_five_of_ten(self):
        # the highest five are i = 6..10: 100 + 2 * 8 = 116 and 90 + 8 = 98
        found = of(with_baseline(cap=0, n_days=5), JUNE, EVENT, by_hand())
        assert [day.day for day in found.days] == [10, 11, 12, 13, 14]
        np.testing.assert_allclose(found.kw, (116.0, 98.0), atol=1e-12)

    def test_a_dead_load_before_the_event_leaves_the_days_as_they_are(self):
        load_kw = np.where([10 < clock_time < 16 for clock_time in hours(JUNE)], 0.0, 50.0)
        assert of(ELRP, JUNE, EVENT, load_kw).adjustment == 1.0


def hours(clock):
    return clock.calendar().hour.tolist()


class TestWhichDays:
    def test_a_weekend_has_weekends_and_holidays(self):
        # Independence Day, a Thursday, is like the weekends before Sunday 7 July 2019
        clock = run_of("2019-06-01", 37)
        one = event("2019-07-07T16:00", "2019-07-07T17:00")
        days = of(ELRP, clock, one, np.ones(clock.n_steps)).days
        assert [day.isoformat()[5:] for day in days] == [
            *("06-08", "06-09", "06-15", "06-16", "06-22", "06-23", "06-29", "06-30"),
            *("07-04", "07-06"),
        ]

    def test_days_with_events_do_not_count(self):
        clock = run_of("2019-06-01", 18)
        first, second = (event(f"2019-06-{day}T16:00", f"2019-06-{day}T18:00") for day in (17, 18))
        days = of(ELRP, clock, second, np.ones(clock.n_steps), [first, second]).days
        assert [day.day for day in days] == [3, 4, 5, 6, 7, 10, 11, 12, 13, 14]

    def test_the_events_own_day_never_counts(self):
        days = LocalDays.of(JUNE, ELRP.holidays)
        found = baseline(ELRP.baseline, days, EVENT, [], by_hand())
        assert [day.day for day in found.days] == [3, 4, 5, 6, 7, 10, 11, 12, 13, 14]

    def test_hours_of_an_earlier_event_do_not_adjust(self):
        # 16-17 h was an event (10 kW), 17-19 h not (90 kW); before 20 h, 17-19 h alone adjusts: 90 / 60
        clock = run_of("2019-06-01", 17)
        load_kw = load_by(
            clock, lambda now: {16: 10.0, 17: 90.0, 18: 90.0}.get(now.hour, 60.0) if now.day == 17 else 60.0
        )
        early, late = (event(f"2019-06-17T{a}:00", f"2019-06-17T{a + 1}:00", str(a)) for a in (16, 20))
        assert of(with_baseline(cap=100), clock, late, load_kw, [early, late]).adjustment == 1.5

    def test_missing_days_are_nan_and_those_found_are_named(self):
        one = event("2019-06-05T16:00", "2019-06-05T18:00")
        found = of(ELRP, JUNE, one, by_hand())
        assert np.isnan(found.kw).all()
        assert [day.day for day in found.days] == [3, 4]


class TestClockChanges:
    """2019: summer time from 10 March 2:00 to 3 November 2:00, both Sundays."""

    @pytest.mark.parametrize("day", ["2019-03-10", "2019-11-03"])
    def test_same_clock_time_on_the_day_of_the_change(self, day):
        clock = run_of("2019-01-20" if day < "2019-06" else "2019-09-15", 50, 900)
        load_kw = load_by(clock, lambda now: now.hour + now.minute / 60)
        one = event(f"{day}T16:00", f"{day}T18:00")
        found = of(ELRP, clock, one, load_kw)
        np.testing.assert_allclose(found.kw, np.arange(16.0, 18.0, 0.25), atol=1e-12)
        assert len(found.days) == 10

    def test_same_clock_time_from_days_before_the_change(self):
        clock = run_of("2019-02-20", 21, 900)
        load_kw = load_by(clock, lambda now: now.hour)
        found = of(ELRP, clock, event("2019-03-12T16:00", "2019-03-12T17:00"), load_kw)
        np.testing.assert_allclose(found.kw, 16.0, atol=1e-12)

    def test_a_day_that_skips_the_hour_is_not_similar(self):
        clock = run_of("2019-02-01", 45)
        one = event("2019-03-16T02:00", "2019-03-16T03:00")
        days = of(ELRP, clock, one, np.ones(clock.n_steps)).days
        assert "2019-03-10" not in [day.isoformat() for day in days]
        assert "2019-03-09" in [day.isoformat() for day in days]

    def test_an_hour_that_comes_twice(self):
        # 1-2 h comes twice on 3 November: three hours from 1:00 to 3:00, the first two with one baseline
        clock = run_of("2019-09-15", 50)
        one = event("2019-11-03T01:00", "2019-11-03T03:00")
        found = of(with_baseline(cap=0), clock, one, load_by(clock, lambda now: now.hour))
        np.testing.assert_allclose(found.kw, (1.0, 1.0, 2.0), atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_nothing_of_the_events_day_or_later_but_the_adjustment(data):
    clock = run_of("2019-06-01", 30, 1800)
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    day = data.draw(st.sampled_from([18, 19, 20, 21, 24, 26, 28]))
    hour, length = data.draw(st.integers(0, 20)), data.draw(st.integers(1, 3))
    start_s = at(f"2019-06-{day}T{hour:02d}:00")
    one = event(f"2019-06-{day}T{hour:02d}:00", f"2019-06-{day}T{hour + length:02d}:00")
    load_kw = rng.normal(50, 40, clock.n_steps)
    midnight_s = at(f"2019-06-{day}T00:00")
    instants = clock.epoch_s()
    adjusts = (instants >= start_s - 4 * 3600) & (instants < start_s - 3600)
    hidden = (instants >= midnight_s) & ~adjusts
    other_kw = np.where(hidden, rng.normal(-500, 900, clock.n_steps), load_kw)
    first, second = of(ELRP, clock, one, load_kw), of(ELRP, clock, one, other_kw)
    assert first.kw.tobytes() == second.kw.tobytes()
    assert (first.days, first.adjustment) == (second.days, second.adjustment)
    assert 0.6 <= first.adjustment <= 1.4
    assert max(first.days).isoformat() < f"2019-06-{day}"


def test_steps_of_an_event():
    clock = run_of("2019-06-01", 30, 900)
    steps = event_steps(event("2019-06-02T16:00", "2019-06-02T17:00"), clock)
    assert steps.tolist() == [160, 161, 162, 163]
