"""The time axis: seconds inside, the local clock at the edge, and two days a year that are no 24 h."""

from datetime import datetime

import numpy as np
import pytest

from sims.clock import Clock

LA = "America/Los_Angeles"


def clock(start, days, step_min=15, zone=LA):
    return Clock.from_local(start, days, 60 * step_min, zone)


class TestLength:
    @pytest.mark.parametrize(
        ("start", "days", "steps"),
        [
            (datetime(2019, 3, 1), 30, 2876),  # change to summer time on the 10th
            (datetime(2019, 3, 1), 31, 2972),
            (datetime(2019, 11, 1), 30, 2884),  # and back on the 3rd
            (datetime(2019, 6, 1), 30, 2880),
            (datetime(2019, 3, 10), 1, 92),
            (datetime(2019, 11, 3), 1, 100),
            (datetime(2019, 3, 9, 12), 1, 92),
            (datetime(2019, 1, 1), 365, 365 * 96),
            (datetime(2020, 1, 1), 366, 366 * 96),
        ],
    )
    def test_days_are_days_of_the_local_calendar(self, start, days, steps):
        assert clock(start, days).n_steps == steps

    @pytest.mark.parametrize("zone", ["Europe/Berlin", "UTC", "Asia/Kolkata"])
    def test_each_zone_has_its_own_changes(self, zone):
        assert clock(datetime(2019, 3, 1), 31, zone=zone).n_steps == (
            2972 if zone == "Europe/Berlin" else 2976
        )

    @pytest.mark.parametrize("step_min", [1, 5, 10, 15, 30, 60])
    def test_every_step_length_fills_the_same_time(self, step_min):
        one = clock(datetime(2019, 3, 10), 1, step_min)
        assert one.n_steps * one.step_s == 23 * 3600
        assert one.end_s - one.start_s == 23 * 3600
        assert one.dt_h == pytest.approx(step_min / 60)

    def test_start_is_the_local_midnight(self):
        assert clock(datetime(2019, 6, 1), 1).start_s == 1559372400  # 07:00Z

    def test_steps_are_equidistant_in_utc(self):
        assert set(np.diff(clock(datetime(2019, 3, 9), 3).epoch_s())) == {900}


def hours(one):
    """How many steps start in each clock hour."""
    return np.bincount(one.calendar().hour, minlength=24)


# local clock   0  1     3  4       summer time: 02:00 is skipped
#               0  1  1  2  3       winter time: 01:00 comes twice
class TestCalendar:
    def test_in_spring_an_hour_is_missing(self):
        assert hours(clock(datetime(2019, 3, 10), 1)).tolist() == [4, 4, 0] + [4] * 21

    def test_in_autumn_an_hour_comes_twice(self):
        assert hours(clock(datetime(2019, 11, 3), 1)).tolist() == [4, 8] + [4] * 22

    def test_fields_of_a_known_step(self):
        # Monday 2019-06-03 06:15
        fields = clock(datetime(2019, 6, 1), 30).calendar()
        k = 2 * 96 + 25
        assert (fields.month[k], fields.weekday[k], fields.hour[k], fields.billing_month[k]) == (6, 0, 6, 0)

    def test_every_day_of_a_week_is_a_day_long(self):
        assert np.bincount(clock(datetime(2019, 6, 1), 7).calendar().weekday).tolist() == [96] * 7

    def test_days_stay_whole_over_the_changes(self):
        weekdays = clock(datetime(2019, 3, 9), 3).calendar().weekday
        assert [int((weekdays == day).sum()) for day in (5, 6, 0)] == [96, 92, 96]

    def test_billing_months_of_a_year_count_up_from_the_first(self):
        fields = clock(datetime(2018, 10, 15), 365, 60).calendar()
        assert fields.billing_month[0] == 0
        assert fields.billing_month[-1] == 12
        assert set(np.diff(fields.billing_month)) == {0, 1}
        starts = np.flatnonzero(np.diff(fields.billing_month)) + 1
        assert fields.month[starts].tolist() == [11, 12, *range(1, 11)]
        assert (fields.hour[starts] == 0).all()

    def test_a_month_of_one_zone_is_not_that_of_another(self):
        # half past four in Los Angeles on 30 June is July in Berlin
        local = clock(datetime(2019, 6, 30, 16, 30), 1)
        abroad = Clock(local.start_s, local.step_s, local.n_steps, "Europe/Berlin")
        assert (local.calendar().month[0], abroad.calendar().month[0]) == (6, 7)
        np.testing.assert_array_equal(local.epoch_s(), abroad.epoch_s())


def test_local_time_is_aware_on_both_sides_of_a_change():
    one = clock(datetime(2019, 11, 3), 1)
    twice = [one.local_time(one.start_s + second).isoformat() for second in (3600, 7200)]
    assert twice == ["2019-11-03T01:00:00-07:00", "2019-11-03T01:00:00-08:00"]
