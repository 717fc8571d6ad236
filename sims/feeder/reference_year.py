"""A year of profiles laid on the clock of any run: same weekday, same time of day, same season."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import gcd
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from sims.clock import Clock

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SLOT_S = 900


@dataclass(frozen=True, slots=True)
class YearProfiles:
    """A calendar year of quarter hours, shares of each load's own power.

    Parameters
    ----------
    year : int
        The calendar year the profiles are of.
    zone : str
        IANA time zone in which it begins and ends, and people lived.
    p, q : floats, shape (n_quarter_hours of the year, n_profiles)
        Active and reactive power as a share of the load's own [-].
    of_load : ints, shape (n_load,)
        Profile each load follows [-].
    """

    year: int
    zone: str
    p: Floats
    q: Floats
    of_load: Ints

    def on_clock(self, clock: Clock) -> tuple[Floats, Floats]:
        """Shares of every load in every step, p and q, each of shape (n_steps, n_load) [-].

        A step longer than a quarter hour gets the mean over it, a shorter one what its quarter hour has.
        """
        slots = year_slots(clock, self.year, self.zone)
        p, q = (shares[slots].mean(axis=1)[:, self.of_load] for shares in (self.p, self.q))
        return p, q


def year_slots(clock: Clock, year: int, zone: str) -> Ints:
    """Quarter hours of a year that a run falls on.

    Parameters
    ----------
    clock : Clock
        The run, in any year and zone, over any number of years.
    year, zone : int, str
        Calendar year of the profiles and their IANA time zone.

    Returns
    -------
    ints, shape (n_steps, n_parts)
        For each of the equal parts a step is cut into, so that none lies in two quarter hours, the number of
        the quarter hour of the profile year, from 0 [-].

    Notes
    -----
    Each local date takes the date a whole number of weeks away, the number that brings 1 July nearest to
    the 1 July of the profile year: so Mondays stay Mondays, a date moves by no more than six days, and the
    days of a calendar year stay in order. The few days at a year's end that would leave the profile year take
    the same weekday of the week before (or after). The wall clock there shows what it shows in the run:
    quarter past seven stays quarter past seven, summer time or not.
    """
    part_s = gcd(clock.step_s, SLOT_S)
    parts = clock.step_s // part_s
    here, there = ZoneInfo(clock.zone), ZoneInfo(zone)
    first_s = datetime(year, 1, 1, tzinfo=there).timestamp()
    dates: dict[date, date] = {}
    slots = np.empty(clock.n_steps * parts, dtype=np.int64)
    for i in range(len(slots)):
        local = datetime.fromtimestamp(clock.start_s + i * part_s, here)
        day = local.date()
        if day not in dates:
            dates[day] = same_weekday(day, year)
        then = datetime.combine(dates[day], local.time(), there)
        slots[i] = (then.timestamp() - first_s) // SLOT_S
    return slots.reshape(clock.n_steps, parts)


def same_weekday(day: date, year: int) -> date:
    """Date of `year` that stands for `day`: the same weekday of the same season; see `year_slots`."""
    weeks = round((date(day.year, 7, 1) - date(year, 7, 1)) / timedelta(weeks=1))
    there = day - timedelta(weeks=weeks)
    if there.year > year:
        return there - timedelta(weeks=1)
    if there.year < year:
        return there + timedelta(weeks=1)
    return there
