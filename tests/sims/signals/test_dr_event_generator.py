"""Generated events keep every rule, come likelier on hot and dear days, and follow from the seed."""

import numpy as np
import pytest
from dr_cases import ELRP, FIRM, at, changed, run_of
from hypothesis import given, settings
from hypothesis import strategies as st

from sims.clock import Clock
from sims.seeds import component_rng
from sims.signals.response.event_checks import check_events
from sims.signals.response.event_generator import event_chance, generate_events
from sims.signals.response.local_days import LocalDays

SUMMER = run_of("2019-05-01", 184, 3600)


def rng(seed=1):
    return component_rng(seed, "events.office")


def by_day(clock, values):
    """Series whose highest value of each local day is given, with lower ones around it."""
    row = LocalDays.of(clock, None).row
    return np.asarray(values, dtype=float)[row] - 5.0 * (clock.calendar().hour != 17)


def days_of(events, clock):
    return {clock.local_time(event.start_s).date() for event in events}


programmes = st.builds(
    lambda firm, subgroup, hours, months, budget, notice, longest: changed(
        FIRM if firm else ELRP,
        hours=hours,
        months=months,
        budget_h=budget,
        notice=notice,
        **(
            {"event_length": {"min_h": 1, "max_h": longest}}
            if firm
            else {"subgroup": subgroup, "baseline": {"n_days": 3, "of_days": 4}}
        ),
    ),
    firm=st.booleans(),
    subgroup=st.sampled_from(["direct", "aggregator"]),
    hours=st.sampled_from([[[16, 21]], [[0, 24]], [[22, 6]], [[7, 9], [16, 19]]]),
    months=st.sampled_from([[5, 6, 7, 8, 9, 10], [3, 4], [10, 11], list(range(1, 13))]),
    budget=st.sampled_from([1.0, 7.5, 60.0]),
    notice=st.sampled_from(
        [
            {"day_ahead_by_h": 17},
            {"day_of_lead_minutes": 30},
            {"day_ahead_by_h": 12, "day_of_lead_minutes": 60},
        ]
    ),
    longest=st.sampled_from([1.0, 2.5, 6.0]),
)


@settings(max_examples=25, deadline=None)
@given(
    programme=programmes,
    seed=st.integers(0, 10_000),
    start=st.sampled_from(["2019-03-01T00:00", "2019-10-10T13:30", "2019-12-20T00:00"]),
    zone=st.sampled_from(["America/Los_Angeles", "Europe/Rome", "Asia/Kolkata"]),
    expected=st.sampled_from([5.0, 80.0, 1000.0]),
    day_of_share=st.sampled_from([0.0, 0.5]),
    history_days=st.integers(0, 20),
)
def test_every_set_passes_the_checks(programme, seed, start, zone, expected, day_of_share, history_days):
    clock = Clock(at(start, zone), 1800, 48 * 35 + 7, zone)
    since_s = clock.start_s - 86_400 * history_days
    events = generate_events(
        programme,
        clock,
        rng(seed),
        events_per_season=expected,
        day_of_share=day_of_share,
        history_start_s=since_s,
    )
    assert check_events(events, programme, clock, history_start_s=since_s) == []
    assert list(events) == sorted(events, key=lambda event: event.start_s)


class TestChance:
    def test_without_series_it_is_even_over_the_season(self):
        # 9.2 events in the 184 days of May to October: 5 % a day
        np.testing.assert_allclose(event_chance(ELRP, 9.2, np.zeros(3)), 0.05, atol=1e-15)
        # on workdays alone: 9.2 in 184 * 5 / 7 days
        workdays = changed(ELRP, days=["mon", "tue", "wed", "thu", "fri"])
        np.testing.assert_allclose(event_chance(workdays, 9.2, np.zeros(1)), 0.07, atol=1e-15)

    def test_odds_by_hand(self):
        # p0 = 0.05: odds 1/19; 10 K at log(2)/5 per K quadruple them: 4/23
        np.testing.assert_allclose(event_chance(ELRP, 9.2, np.array([2 * np.log(2)])), 4 / 23, atol=1e-15)

    @settings(max_examples=50, deadline=None)
    @given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=20), st.floats(0, 400))
    def test_rises_with_the_odds_and_is_a_probability(self, log_odds, expected):
        chance = event_chance(ELRP, expected, np.sort(log_odds))
        assert (np.diff(chance) >= -1e-15).all()
        assert (chance >= 0.0).all()
        assert (chance <= 1.0).all()

    def test_as_many_events_as_expected(self):
        # 8 of 184 days, by their variance 7.7: the mean of 30 seasons lies within 0.5 (1 sigma)
        before_s = SUMMER.start_s - 60 * 86_400
        counts = [
            len(generate_events(ELRP, SUMMER, rng(seed), history_start_s=before_s)) for seed in range(30)
        ]
        assert np.mean(counts) == pytest.approx(8.0, abs=1.3)


class TestSeries:
    CALM, SINCE = np.full(184, 25.0), SUMMER.start_s - 60 * 86_400

    def drawn(self, seed=1, **series):
        wide = changed(ELRP, budget_h=8784)
        return generate_events(
            wide, SUMMER, rng(seed), events_per_season=40, history_start_s=self.SINCE, **series
        )

    def test_hot_days_are_chosen(self):
        hot = self.CALM.copy()
        hot[60:80] = 48.0
        events = self.drawn(temperature_c=by_day(SUMMER, hot))
        june_30, july_20 = 20190630, 20190720
        hits = [int(f"{day:%Y%m%d}") for day in days_of(events, SUMMER)]
        assert sum(june_30 <= hit <= july_20 for hit in hits) >= 15

    def test_dear_days_are_chosen(self):
        dear = np.full(184, 0.2)
        dear[60:80] = 3.0
        events = self.drawn(price_per_kwh=by_day(SUMMER, dear))
        assert (
            sum(
                60 <= (day - SUMMER.local_time(SUMMER.start_s).date()).days < 80
                for day in days_of(events, SUMMER)
            )
            >= 15
        )

    @settings(max_examples=10, deadline=None)
    @given(seed=st.integers(0, 1000), warmer=st.floats(0.5, 15))
    def test_a_hotter_summer_keeps_its_event_days(self, seed, warmer):
        # the same draws: without budget in the way, each day that had an event still has one
        free = changed(
            FIRM, budget_h=8784, months=[5, 6, 7, 8, 9, 10], hours=[[16, 21]], event_length={"max_h": 5}
        )
        mild = by_day(SUMMER, 28 + 6 * np.sin(np.arange(184)))

        def days(temperature_c):
            return days_of(generate_events(free, SUMMER, rng(seed), temperature_c=temperature_c), SUMMER)

        assert days(mild) <= days(mild + warmer)

    def test_negative_prices_are_prices(self):
        assert isinstance(self.drawn(price_per_kwh=np.full(SUMMER.n_steps, -0.3)), tuple)


class TestSeed:
    def test_same_seed_same_events(self):
        assert generate_events(FIRM, SUMMER, rng(7)) == generate_events(FIRM, SUMMER, rng(7))
        assert generate_events(FIRM, SUMMER, rng(7)) != generate_events(FIRM, SUMMER, rng(8))

    def test_a_longer_run_begins_with_the_same_events(self):
        shorter = run_of("2019-05-01", 100, 3600)
        first, longer = generate_events(FIRM, shorter, rng(3)), generate_events(FIRM, SUMMER, rng(3))
        assert first
        assert longer[: len(first)] == first


class TestWhatAnEventSays:
    def test_notice_is_the_latest_the_programme_allows(self):
        events = generate_events(
            ELRP, SUMMER, rng(2), events_per_season=60, history_start_s=SUMMER.start_s - 60 * 86_400
        )
        told = [SUMMER.local_time(event.notice_s) for event in events]
        held = [SUMMER.local_time(event.start_s) for event in events]
        assert len(events) > 5
        assert {now.hour for now in told} == {17}
        assert {(start.date() - now.date()).days for start, now in zip(held, told, strict=True)} == {1}
        on_the_day = generate_events(FIRM, SUMMER, rng(2))
        assert {event.start_s - event.notice_s for event in on_the_day} == {1800}

    def test_some_are_told_on_the_day(self):
        events = generate_events(
            ELRP,
            SUMMER,
            rng(2),
            events_per_season=60,
            history_start_s=SUMMER.start_s - 60 * 86_400,
            day_of_share=0.5,
        )
        on_the_day = sum(event.notice_s == event.start_s for event in events)
        assert 0 < on_the_day < len(events)

    def test_a_limit_carries_the_cap(self):
        events = generate_events(FIRM, SUMMER, rng(2))
        assert {(event.kind, event.value) for event in events} == {("limit", 150.0)}
        with pytest.raises(ValueError, match="has no cap_kw"):
            generate_events(changed(FIRM, cap_kw=None), SUMMER, rng(2))

    def test_nights_do_not_overlap(self):
        nights = changed(FIRM, hours=[[22, 6]], budget_h=8784, event_length={"min_h": 4, "max_h": 6})
        events = generate_events(nights, SUMMER, rng(4), events_per_season=365)
        assert len(events) > 100
        assert check_events(events, nights, SUMMER) == []

    def test_the_budget_shortens_the_last_and_ends_the_rest(self):
        events = generate_events(
            changed(ELRP, budget_h=7),
            SUMMER,
            rng(5),
            events_per_season=150,
            history_start_s=SUMMER.start_s - 60 * 86_400,
        )
        assert sum(event.end_s - event.start_s for event in events) == 7 * 3600
