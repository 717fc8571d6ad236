"""The year 2016 of quarter hours on the clocks of other years, zones and steps."""

from datetime import date, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sims.clock import Clock
from sims.feeder.reference_year import YearProfiles, same_weekday, year_slots

BERLIN = "Europe/Berlin"
QUARTER_HOURS = 366 * 96


def clock(start: datetime, days: int, step_s: int = 900, zone: str = BERLIN) -> Clock:
    return Clock.from_local(start, days, step_s, zone)


def shown(slot: int) -> datetime:
    """What the wall clock in Berlin shows at a quarter hour of 2016."""
    year = clock(datetime(2016, 1, 1), 366)
    return year.local_time(year.start_s + 900 * slot).replace(tzinfo=None)


def test_the_year_itself_is_laid_on_itself():
    slots = year_slots(clock(datetime(2016, 1, 1), 366), 2016, BERLIN)
    np.testing.assert_array_equal(slots[:, 0], np.arange(QUARTER_HOURS))


def test_june_2019_is_156_weeks_later_as_in_the_data_of_the_office():
    slots = year_slots(clock(datetime(2019, 6, 3), 1), 2016, BERLIN)
    assert shown(slots[0, 0]) == datetime(2016, 6, 6)
    assert shown(slots[50, 0]) == datetime(2016, 6, 6, 12, 30)


@given(st.dates(date(1990, 1, 1), date(2080, 12, 31)))
def test_a_day_keeps_its_weekday_and_nearly_its_date(day):
    there = same_weekday(day, 2016)
    assert there.year == 2016
    assert there.weekday() == day.weekday()
    of_year = day.timetuple().tm_yday
    assert abs(there.timetuple().tm_yday - of_year) <= 7


@given(st.integers(1990, 2080))
def test_days_of_a_year_stay_in_order_but_for_its_ends(year):
    days = [date(year, 1, 8) + timedelta(days=i) for i in range(350)]
    there = [same_weekday(day, 2016) for day in days]
    assert {(b - a).days for a, b in pairwise(there)} == {1}


def test_more_than_a_year_goes_on_into_the_next():
    slots = year_slots(clock(datetime(2018, 12, 1), 800), 2016, BERLIN)[:, 0]
    assert slots.min() >= 0
    assert slots.max() < QUARTER_HOURS
    later = clock(datetime(2020, 3, 3), 1)
    offset = (later.start_s - clock(datetime(2018, 12, 1), 1).start_s) // 900
    np.testing.assert_array_equal(slots[offset : offset + 96], year_slots(later, 2016, BERLIN)[:, 0])


@pytest.mark.parametrize("zone", [BERLIN, "America/Los_Angeles", "Asia/Kolkata"])
@pytest.mark.parametrize("day", [datetime(2019, 1, 15), datetime(2019, 7, 16), datetime(2019, 10, 27)])
def test_the_wall_clock_counts_in_winter_and_summer(zone, day):
    there = clock(day, 1, zone=zone)
    slots = year_slots(there, 2016, BERLIN)[:, 0]
    for k in (0, 29, 70, there.n_steps - 1):
        local = there.local_time(there.start_s + 900 * k)
        then = shown(slots[k])
        assert (then.hour, then.minute, then.weekday()) == (local.hour, local.minute, local.weekday())


def profiles() -> YearProfiles:
    p = np.column_stack([np.ones(QUARTER_HOURS), np.arange(QUARTER_HOURS, dtype=float)])
    return YearProfiles(2016, BERLIN, p, -p, np.array([1, 0, 1]))


@pytest.mark.parametrize(
    ("step_s", "expected"),
    [
        (60, [0.0] * 15 + [1.0] * 15 + [2.0]),
        (600, [0.0, 0.5, 1.0, 2.0, 2.5, 3.0]),
        (900, [0.0, 1.0, 2.0, 3.0]),
        (1800, [0.5, 2.5, 4.5]),
        (3600, [1.5, 5.5]),
    ],
)
def test_a_step_gets_the_mean_over_it(step_s, expected):
    p, q = profiles().on_clock(clock(datetime(2016, 1, 1), 1, step_s))
    assert p.shape == (86_400 // step_s, 3)
    np.testing.assert_allclose(p[: len(expected), 0], expected)
    np.testing.assert_array_equal(p[:, 1], 1.0)
    np.testing.assert_array_equal(p[:, 2], p[:, 0])
    np.testing.assert_array_equal(q, -p)
