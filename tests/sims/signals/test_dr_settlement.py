"""Settlements by hand to the cent, and once more by plain loops over local datetimes."""

import numpy as np
import pytest
from dr_cases import ELRP, FIRM, at, changed, event, load_by, run_of, settled_again
from hypothesis import given, settings
from hypothesis import strategies as st

from sims.signals.response.settlement import event_lines, incentive_lines, settle

CLOCK = run_of("2019-06-01", 17)
EVENT = event("2019-06-17T16:00", "2019-06-17T18:00")


def with_cap(cap, programme=ELRP):
    rule = programme.baseline.model_dump()
    rule["adjustment"]["cap_percent"] = cap
    return changed(programme, baseline=rule)


# Working days 3-7 and 10-14 June draw 80 kW from 12 to 15 h, 111 kW at 16 h and 95.5 kW at 17 h; 17 June is
# the event's day with `before` from 12 to 15 h and `during` at 16 and 17 h. Prices: 2 $/kWh, steps of 1 h.
def june(before, during):
    def kw(now):
        if now.day == 17:
            return dict(zip(range(12, 18), (*before, 300.0, *during), strict=True)).get(now.hour, 200.0)
        return {12: 80.0, 13: 80.0, 14: 80.0, 16: 111.0, 17: 95.5}.get(now.hour, 500.0)

    return load_by(CLOCK, kw)


def one(programme, site_kw, of=EVENT, clock=CLOCK, history=None):
    return settle(programme, [of], clock, site_kw, history=history)[0]


class TestByHand:
    @pytest.mark.parametrize(
        ("before", "during", "cap", "kwh", "money"),
        [
            # 264 / 240 = 1.1: 122.1 and 105.05; below by 22.1 and not at all: 22.1 * 2
            ((88, 92, 84), (100, 110), 40, 22.1, 44.20),
            # 1.5 held at 1.4: 155.4 and 133.7; below by 55.4 and 23.7: 79.1 * 2
            ((120, 120, 120), (100, 110), 40, 79.1, 158.20),
            # 0.5 held at 0.6: 66.6 and 57.3; below by 6.6 and 7.3: 13.9 * 2
            ((40, 40, 40), (60, 50), 40, 13.9, 27.80),
            # no adjustment: 111 and 95.5; below by 11 and not at all
            ((88, 92, 84), (100, 110), 0, 11.0, 22.00),
            # a step above the baseline takes nothing from the other: 122.1 - 0 = 122.1, whatever 17 h draws
            ((88, 92, 84), (0, 900), 40, 122.1, 244.20),
        ],
    )
    def test_elrp(self, before, during, cap, kwh, money):
        found = one(with_cap(cap), june(before, during))
        assert found.reduction_kwh == pytest.approx(kwh, abs=1e-9)
        assert found.payment == pytest.approx(money, abs=1e-9)
        assert (found.penalty, found.reason, len(found.days)) == (0.0, "", 10)

    def test_quarter_hours(self):
        # every quarter hour of an hour alike: the energy, and the payment, of the hours above
        clock = run_of("2019-06-01", 17, 900)
        found = one(ELRP, np.repeat(june((88, 92, 84), (100, 110)), 4), clock=clock)
        assert found.payment == pytest.approx(44.20, abs=1e-9)
        assert found.baseline_kw.shape == found.load_kw.shape == (8,)

    def test_a_quarter_hour_stands_for_itself(self):
        # the load of 16 h is 100 and 144.2 in turns, in the mean the baseline; two quarters lie 22.1 below
        load_kw = np.repeat(june((88, 92, 84), (100, 110)), 4)
        clock = run_of("2019-06-01", 17, 900)
        load_kw[[16 * 96 + 65, 16 * 96 + 67]] = 144.2
        assert one(ELRP, load_kw, clock=clock).payment == pytest.approx(2 * 11.05, abs=1e-9)

    def test_firm_service_level(self):
        # above 150 kW by 20 for a quarter hour and by 4 for another: 6 kWh * 6 $/kWh
        clock = run_of("2019-06-17", 1, 900)
        load_kw = np.full(clock.n_steps, 400.0)
        load_kw[64:72] = (150, 170, 154, 10, -30, 149, 150, 0)
        held = event("2019-06-17T16:00", "2019-06-17T18:00", programme=FIRM)
        found = one(FIRM, load_kw, held, clock)
        assert (found.excess_kwh, found.penalty, found.payment) == (6.0, 36.0, 0.0)
        assert found.reason == ""
        # the event's own cap of 160 kW: 10 kW for a quarter hour
        capped = event("2019-06-17T16:00", "2019-06-17T18:00", programme=FIRM, value=160.0)
        assert one(FIRM, load_kw, capped, clock).penalty == 15.0

    def test_lines(self):
        found = (one(ELRP, june((88, 92, 84), (100, 110))), one(ELRP, june((88, 92, 84), (900, 900))))
        (line,) = event_lines(found, CLOCK)
        assert (line.month, line.kind, line.unit, line.rate) == ("2019-06", "event", "kWh", 2.0)
        assert line.amount == pytest.approx(-44.20, abs=1e-9)
        assert line.amount == pytest.approx(-line.quantity * line.rate, abs=1e-9)

    def test_a_fine_is_a_positive_line_of_the_local_month(self):
        # 30 June 22:00 in California is 1 July in UTC
        clock = run_of("2019-06-30", 2, 900)
        held = event("2019-06-30T22:00", "2019-06-30T23:00", programme=FIRM)
        (line,) = event_lines([one(FIRM, np.full(clock.n_steps, 151.0), held, clock)], clock)
        assert (line.month, line.quantity, line.amount) == ("2019-06", 1.0, 6.0)

    def test_standing_by(self):
        # 60 kW at 8 $: June has 12 of 30 days, July 31 of 31, August is no month of the season
        clock = run_of("2019-06-19", 12 + 31 + 5)
        lines = incentive_lines(changed(FIRM, months=[6, 7]), clock)
        assert [(line.month, round(line.amount, 9)) for line in lines] == [
            ("2019-06", -192.0),
            ("2019-07", -480.0),
        ]
        assert incentive_lines(ELRP, clock) == []


class TestNothingIsPaid:
    def test_without_an_event(self):
        assert settle(ELRP, [], CLOCK, june((88, 92, 84), (0, 0))) == ()
        assert event_lines((), CLOCK) == []

    @pytest.mark.parametrize("kw", [100.0, 0.0, 1e-3, 333.3, 5e4 / 3])
    def test_for_a_flat_load(self, kw):
        found = one(changed(ELRP, minimum_kw=0.0), np.full(CLOCK.n_steps, kw))
        assert found.payment == 0.0
        assert found.reason == "the load was nowhere below the baseline"

    def test_when_days_are_missing(self):
        early = event("2019-06-05T16:00", "2019-06-05T18:00")
        found = one(ELRP, june((1, 1, 1), (0, 0)), early)
        assert found.payment == 0.0
        assert found.reason == "baseline days missing: 2 of 10 similar days before"

    def test_history_brings_the_days(self):
        # before 4 June: 3 June, 28-31, 20-24 May; 27 May is Memorial Day. 90 - 40 for two hours
        early = event("2019-06-04T16:00", "2019-06-04T18:00")
        history, load_kw = np.full(24 * 14, 90.0), np.full(CLOCK.n_steps, 90.0)
        load_kw[3 * 24 + 16 : 3 * 24 + 18] = 40.0
        found = one(ELRP, load_kw, early, history=history)
        assert found.payment == pytest.approx(200.00, abs=1e-9)
        assert [day.isoformat()[5:] for day in found.days] == [
            *("05-20", "05-21", "05-22", "05-23", "05-24", "05-28", "05-29", "05-30", "05-31"),
            "06-03",
        ]

    @pytest.mark.parametrize(("kw", "paid"), [(110.1, False), (110.0, True)])
    def test_below_the_least_kw(self, kw, paid):
        # (111 - 110.1 + 95.5 - 94.5) / 2 = 0.95 kW; with 110.0 it is 1 kW, the least
        found = one(with_cap(0), june((80, 80, 80), (kw, 94.5)))
        assert found.reduction_kwh == pytest.approx(111 - kw + 1.0, abs=1e-9)
        assert (found.payment > 0.0) is paid
        assert (found.reason == "mean reduction of 0.95 kW below the minimum of 1 kW") is not paid

    def test_the_least_kw_is_for_direct_customers(self):
        found = one(changed(with_cap(0), subgroup="aggregator"), june((80, 80, 80), (110.1, 94.5)))
        assert found.payment == pytest.approx(3.80, abs=1e-9)

    def test_outside_the_run(self):
        later = event("2019-06-18T16:00", "2019-06-18T18:00")
        for programme in (ELRP, FIRM):
            found = one(programme, np.full(CLOCK.n_steps, 400.0), later)
            assert (found.payment, found.penalty) == (0.0, 0.0)
            assert found.reason == "the run does not cover the event"


class TestExport:
    def test_with_a_permit_what_is_fed_back_counts(self):
        # 111 + 40 and 95.5 + 10 below the baseline without adjustment: 256.5 * 2
        found = one(changed(with_cap(0), export_permit=True), june((80, 80, 80), (-40, -10)))
        assert found.payment == pytest.approx(513.00, abs=1e-9)

    def test_without_it_the_load_stops_at_zero(self):
        # 111 + 95.5 = 206.5 * 2
        found = one(with_cap(0), june((80, 80, 80), (-40, -10)))
        assert found.payment == pytest.approx(413.00, abs=1e-9)
        assert found.load_kw.tolist() == [0.0, 0.0]

    def test_a_site_that_always_feeds_back_needs_the_permit(self):
        load_kw = np.full(CLOCK.n_steps, -20.0)
        load_kw[16 * 24 + 16 : 16 * 24 + 18] = -50.0
        assert one(ELRP, load_kw).reason == "no export permit: load below zero counts as zero"
        assert one(changed(ELRP, export_permit=True), load_kw).payment == pytest.approx(120.0, abs=1e-9)


MAY_TO_JULY = run_of("2019-05-01", 75, 1800)


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_the_payment_by_separate_code(data):
    clock, rng = MAY_TO_JULY, np.random.default_rng(data.draw(st.integers(0, 2**32)))
    programme = changed(
        with_cap(data.draw(st.sampled_from([0, 5, 40]))),
        export_permit=data.draw(st.booleans()),
        subgroup=data.draw(st.sampled_from(["direct", "aggregator"])),
        minimum_kw=data.draw(st.sampled_from([0.0, 1.0, 15.0])),
    )
    chosen = sorted(data.draw(st.sets(st.integers(5, 74), min_size=1, max_size=6)))
    events = []
    for number, day in enumerate(chosen):
        start_s = at("2019-05-01T00:00") + 86_400 * day + 3600 * data.draw(st.integers(16, 19))
        length_s = 1800 * data.draw(st.integers(1, 4))
        whole = event("2019-05-08T16:00", "2019-05-08T17:00", str(number))
        events.append(type(whole)(str(number), "elrp", "reduce", start_s, start_s, start_s + length_s))
    site_kw = rng.normal(40, 40, clock.n_steps)
    for found, again in zip(
        settle(programme, events, clock, site_kw),
        settled_again(programme, events, clock, site_kw),
        strict=True,
    ):
        factor, kwh, money = again
        assert (factor is None) == found.reason.startswith("baseline days missing")
        assert found.adjustment == pytest.approx(1.0 if factor is None else factor, abs=1e-12)
        assert found.reduction_kwh == pytest.approx(kwh, abs=1e-9)
        assert found.payment == pytest.approx(money, abs=1e-9)
        # I20: what is stored is enough to settle again
        below = np.maximum(0.0, found.baseline_kw - found.load_kw).sum() * clock.dt_h * 2.0
        assert found.payment == pytest.approx(0.0 if found.reason else below, abs=1e-9)
