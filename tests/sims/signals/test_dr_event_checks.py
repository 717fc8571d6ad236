"""Each rule of a programme that an event can break, named (fault 61)."""

from dataclasses import replace

import numpy as np
import pytest
from dr_cases import ELRP, FIRM, at, changed, event, run_of
from hypothesis import given, settings
from hypothesis import strategies as st

from sims.signals.response.event_checks import check_events, event_warnings
from sims.signals.response.event_rules import latest_notice_s
from sims.signals.response.events import Event
from sims.signals.response.settlement import settle

CLOCK = run_of("2019-05-01", 184, 900)
GOOD = event("2019-06-17T16:00", "2019-06-17T18:00")
FIRM_GOOD = event("2019-06-17T10:00", "2019-06-17T12:00", programme=FIRM)


def found(one, programme=ELRP, clock=CLOCK):
    return [sentence for _, sentence in check_events([one], programme, clock)]


def test_events_in_order():
    # lengths and hours at both ends, and a day of the weekend and a holiday
    good = [
        GOOD,
        event("2019-06-18T16:00", "2019-06-18T21:00", "e2"),
        event("2019-06-22T20:00", "2019-06-22T21:00", "e3"),
        event("2019-07-04T17:15", "2019-07-04T18:15", "e4"),
        event("2019-10-31T20:00", "2019-10-31T21:00", "e5"),
    ]
    assert check_events(good, ELRP, CLOCK) == []
    assert check_events([FIRM_GOOD], FIRM, CLOCK) == []


@pytest.mark.parametrize(
    ("one", "sentence"),
    [
        (
            event("2019-06-17T16:00", "2019-06-17T15:00"),
            "ends at 2019-06-17T15:00-07:00, not after its start at 2019-06-17T16:00-07:00",
        ),
        (event("2019-06-17T16:00", "2019-06-17T16:00"), "not after its start"),
        (replace(GOOD, kind="shed"), '"shed": no such kind of event; valid: limit, reduce'),
        (
            replace(GOOD, kind="limit", value=5.0),
            'is of kind "limit", but elrp calls events of kind "reduce"',
        ),
        (replace(GOOD, value=5.0), "has the value 5: only a limit has one"),
        (replace(GOOD, programme="elpr"), 'is called by "elpr", but the programme of the site is "elrp"'),
        (
            event("2019-06-17T15:00", "2019-06-17T17:00"),
            "2019-06-17T15:00-07:00 to 2019-06-17T17:00-07:00 lies outside the hours 16:00-21:00",
        ),
        (event("2019-06-17T20:00", "2019-06-17T21:15"), "lies outside the hours"),
        (
            event("2019-06-17T16:00", "2019-06-17T16:45"),
            "takes 0.75 h, too short: 1 to 5 h of subgroup direct",
        ),
        (
            event("2019-06-17T16:00", "2019-06-17T18:00", notice="2019-06-17T16:15"),
            "is told at 2019-06-17T16:15-07:00, after its start at 2019-06-17T16:00-07:00",
        ),
        (
            event("2019-06-17T16:05", "2019-06-17T18:00"),
            "starts at 2019-06-17T16:05-07:00, inside a step of 15",
        ),
        (
            event("2019-06-17T16:00", "2019-06-17T18:10"),
            "ends at 2019-06-17T18:10-07:00, inside a step of 15",
        ),
    ],
)
def test_one_rule(one, sentence):
    (only,) = found(one)
    assert sentence in only


@pytest.mark.parametrize(("end", "hours"), [("2019-06-17T21:15", "5.25"), ("2019-06-18T16:00", "24")])
def test_an_event_too_long_for_the_hours_too(end, hours):
    outside, long = found(event("2019-06-17T16:00", end))
    assert "lies outside the hours" in outside
    assert f"takes {hours} h, too long" in long


def test_outside_the_run():
    clock = run_of("2019-06-01", 17)
    (sentence,) = found(event("2019-06-18T16:00", "2019-06-18T18:00"), clock=clock)
    assert sentence.endswith("lies outside the run, 2019-06-01T00:00-07:00 to 2019-06-18T00:00-07:00")


def test_season_and_days():
    clock = run_of("2019-03-01", 60)
    (sentence,) = found(event("2019-04-17T16:00", "2019-04-17T18:00"), clock=clock)
    assert "lies outside the season, months 5, 6, 7, 8, 9, 10" in sentence
    workdays = changed(ELRP, days=["mon", "tue", "wed", "thu", "fri"])
    for day, kind in (("2019-06-22", "sat"), ("2019-07-04", "holiday")):
        (sentence,) = found(event(f"{day}T16:00", f"{day}T18:00"), workdays)
        assert f"lies on {kind}; elrp calls events on mon, tue, wed, thu, fri" in sentence


def test_an_aggregator_has_shorter_events():
    one = event("2019-06-17T16:00", "2019-06-17T20:00")
    assert found(one) == []
    (sentence,) = found(one, changed(ELRP, subgroup="aggregator"))
    assert sentence == "takes 4 h, too long: 1 to 3 h of subgroup aggregator"


class TestNotice:
    DAY_AHEAD = changed(ELRP, notice={"day_ahead_by_h": 17})
    BOTH = changed(ELRP, notice={"day_ahead_by_h": 17, "day_of_lead_minutes": 120})

    @pytest.mark.parametrize(
        ("programme", "notice", "late"),
        [
            (DAY_AHEAD, "2019-06-16T17:00", False),
            (DAY_AHEAD, "2019-06-16T17:01", True),
            (BOTH, "2019-06-17T14:00", False),
            (BOTH, "2019-06-17T14:01", True),
            (ELRP, "2019-06-17T16:00", False),
        ],
    )
    def test_by_the_programme(self, programme, notice, late):
        sentences = found(event("2019-06-17T16:00", "2019-06-17T18:00", notice=notice), programme)
        assert len(sentences) == late
        assert all("later than the elrp notice by 2019-06-1" in sentence for sentence in sentences)

    def test_by_the_local_clock_of_the_day_before(self):
        # 17:00 of 9 March is winter time: 23 h before 17:00 of 10 March
        start_s = at("2019-03-10T17:00")
        assert start_s - latest_notice_s(self.DAY_AHEAD.notice, start_s, "America/Los_Angeles") == 23 * 3600


class TestAmongTheOthers:
    def test_overlap(self):
        second = event("2019-06-17T17:00", "2019-06-17T19:00", "e2")
        assert check_events([second, GOOD], ELRP, CLOCK) == [
            ("e2", 'overlaps "e1", which holds until 2019-06-17T18:00-07:00')
        ]
        after = event("2019-06-17T18:00", "2019-06-17T19:00", "e2")
        assert check_events([after, GOOD], ELRP, CLOCK) == []

    def test_overlap_with_a_long_one_before(self):
        events = [
            event("2019-06-17T16:00", "2019-06-17T21:00", "long"),
            event("2019-06-17T17:00", "2019-06-17T18:00", "e2"),
            event("2019-06-17T19:00", "2019-06-17T20:00", "e3"),
        ]
        named = check_events(events, ELRP, CLOCK)
        assert [(name, text[:15]) for name, text in named] == [
            ("e2", 'overlaps "long"'),
            ("e3", 'overlaps "long"'),
        ]

    def test_same_id(self):
        twice = [GOOD, event("2019-06-18T16:00", "2019-06-18T17:00")]
        assert check_events(twice, ELRP, CLOCK) == [("e1", "is the id of 2 events: each has its own")]

    def test_budget_of_a_calendar_year(self):
        # 12 events of 5 h are the 60 h; the next hour of the year is beyond, one of the year after is not
        days = [
            event(f"2019-07-{day:02d}T16:00", f"2019-07-{day:02d}T21:00", f"d{day}") for day in range(9, 21)
        ]
        clock = run_of("2019-05-01", 550)
        thirteenth = event("2019-09-20T16:00", "2019-09-20T17:00", "last")
        next_year = event("2020-07-20T16:00", "2020-07-20T17:00", "2020")
        assert check_events([*days, next_year], ELRP, clock) == []
        assert check_events([thirteenth, *days, next_year], ELRP, clock) == [
            ("last", "brings 2019 to 61 h of events: elrp allows 60 h")
        ]

    def test_baseline_days_missing(self):
        clock = run_of("2019-06-01", 30)
        early = event("2019-06-13T16:00", "2019-06-13T18:00")
        assert check_events([early], ELRP, clock) == [
            (
                "e1",
                "baseline days missing: 8 of 10 similar days without an event lie from 2019-06-01 to before "
                "2019-06-13; give the load before the run or a later event",
            )
        ]
        assert check_events([early], ELRP, clock, history_start_s=at("2019-05-30T00:00")) == []
        assert len(check_events([early], ELRP, clock, history_start_s=at("2019-05-31T00:00"))) == 1

    def test_all_at_once(self):
        events = [
            event("2019-06-17T15:00", "2019-06-17T15:30", "a", notice="2019-06-17T15:15"),
            event("2019-06-17T15:00", "2019-06-17T14:00", "a"),
            event("2019-12-01T16:00", "2019-12-01T17:00", "b"),
        ]
        named = check_events(events, ELRP, CLOCK)
        assert [name for name, _ in named] == ["a"] * 4 + ["b"] * 2 + ["a"]


class TestLimits:
    def test_a_limit_needs_a_cap(self):
        bare = changed(FIRM, cap_kw=None)
        assert found(FIRM_GOOD, bare) == ["is a limit without a value: give the cap in kW"]
        assert found(replace(FIRM_GOOD, value=0.0), bare) == []
        assert found(FIRM_GOOD, changed(FIRM, cap_kw=0.0)) == []

    @pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf")])
    def test_a_cap_is_a_number(self, value):
        (sentence,) = found(replace(FIRM_GOOD, value=value), FIRM)
        assert "it is a number of at least 0" in sentence


class TestClockChanges:
    """Days of 23 and 25 hours, by a programme that calls events the year round and at night."""

    ALWAYS = changed(ELRP, months=list(range(1, 13)), hours=[[0, 24]])
    SPRING, AUTUMN = run_of("2019-01-15", 60, 900), run_of("2019-09-01", 70, 900)

    def test_hours_are_those_of_the_local_clock(self):
        evening = changed(ELRP, months=[3, 11])
        for day, clock in (("2019-03-10", self.SPRING), ("2019-11-03", self.AUTUMN)):
            assert found(event(f"{day}T16:00", f"{day}T21:00"), evening, clock) == []
            (sentence,) = found(event(f"{day}T15:00", f"{day}T20:00"), evening, clock)
            assert "lies outside the hours 16:00-21:00" in sentence

    def test_lengths_are_those_of_the_day(self):
        # 0:00 to 6:00 by the clock is 5 h in spring and 7 h in autumn
        spring = event("2019-03-10T00:00", "2019-03-10T06:00")
        assert (spring.end_s - spring.start_s) / 3600 == 5
        assert not any("too long" in sentence for sentence in found(spring, self.ALWAYS, self.SPRING))
        (sentence,) = found(event("2019-11-03T00:00", "2019-11-03T06:00"), self.ALWAYS, self.AUTUMN)
        assert "takes 7 h, too long" in sentence

    def test_a_day_that_lacks_the_hour_gives_no_baseline(self):
        # before 16 March lie 2, 3, 9 and 10 March; the 10th lacks 2-3 h
        clock = run_of("2019-03-01", 20, 900)
        (sentence,) = found(event("2019-03-16T02:00", "2019-03-16T03:00"), self.ALWAYS, clock)
        assert "baseline days missing: 3 of 10" in sentence

    def test_the_day_is_named(self):
        one = event("2019-03-10T16:00", "2019-03-10T18:00")
        assert (
            "e1",
            "lies on 2019-03-10, a day of 23 hours: its times are by the local clock",
        ) in event_warnings([one], self.ALWAYS, self.SPRING)
        assert event_warnings([event("2019-11-03T16:00", "2019-11-03T18:00")], FIRM, self.AUTUMN) == [
            ("e1", "lies on 2019-11-03, a day of 25 hours: its times are by the local clock")
        ]


def test_rules_of_other_years_are_named():
    stated = "lies on 2019-06-17; the rules are stated for 2022-05-01 to 2027-10-31"
    assert event_warnings([GOOD], ELRP, CLOCK) == [("e1", stated)]
    assert event_warnings([event("2023-06-17T16:00", "2023-06-17T18:00")], ELRP, CLOCK) == []


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.builds(
            Event,
            event_id=st.sampled_from(["a", "b", "c"]),
            programme=st.sampled_from(["elrp", "firm_service_level", ""]),
            kind=st.sampled_from(["reduce", "limit", "shed"]),
            notice_s=st.integers(-(10**10), 10**10),
            start_s=st.integers(CLOCK.start_s - 10**6, CLOCK.end_s + 10**6),
            end_s=st.integers(CLOCK.start_s - 10**6, CLOCK.end_s + 10**6),
            value=st.none() | st.floats(),
        ),
        max_size=4,
    ),
    st.sampled_from([ELRP, FIRM]),
)
def test_whatever_the_events_they_are_named_and_settled(events, programme):
    named = {name for name, _ in check_events(events, programme, CLOCK)}
    assert named <= {event.event_id for event in events}
    assert event_warnings(events, programme, CLOCK) is not None
    settled = settle(programme, events, CLOCK, np.full(CLOCK.n_steps, 100.0))
    assert all(one.payment == 0.0 for one in settled)
