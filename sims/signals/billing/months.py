"""The calendar months a run covers, whole or in part."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from sims.clock import Calendar, Clock

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Months:
    """Calendar months in which a run has steps.

    Parameters
    ----------
    year, month : ints, shape (n_months,)
        Which month each is, 1..12 [-].
    first_day, last_day : tuple of date, length n_months
        First and last local day with a step.
    days_covered : floats, shape (n_months,)
        Days the run covers; a day that it starts or ends in counts its share [d].
    days_of_month, days_of_year : ints, shape (n_months,)
        Length of the month and of its year [d].
    """

    year: Ints
    month: Ints
    first_day: tuple[date, ...]
    last_day: tuple[date, ...]
    days_covered: Floats
    days_of_month: Ints
    days_of_year: Ints

    def __len__(self) -> int:
        """Number of months."""
        return len(self.year)

    @classmethod
    def of(cls, clock: Clock, calendar: Calendar) -> "Months":
        """Months of a run."""
        n_months = int(calendar.billing_month.max()) + 1
        first = date.fromordinal(int(calendar.ordinal[0])).replace(day=1)
        number = 12 * first.year + first.month - 1 + np.arange(n_months + 1)
        year, month = number // 12, number % 12 + 1
        starts = np.array([date(y, m, 1).toordinal() for y, m in zip(year, month, strict=True)])
        run_first, run_last = int(calendar.ordinal[0]), int(calendar.ordinal.max())
        first_day = np.maximum(starts[:-1], run_first)
        last_day = np.minimum(starts[1:] - 1, run_last)
        covered = (last_day - first_day + 1).astype(np.float64)
        for day, place in {run_first: 0, run_last: n_months - 1}.items():
            covered[place] += _share_of_day(clock, calendar, day) - 1.0
        return cls(
            year=year[:-1],
            month=month[:-1],
            first_day=tuple(date.fromordinal(int(day)) for day in first_day),
            last_day=tuple(date.fromordinal(int(day)) for day in last_day),
            days_covered=covered,
            days_of_month=np.diff(starts),
            days_of_year=np.array([date(int(y), 12, 31).timetuple().tm_yday for y in year[:-1]]),
        )

    def name(self, number: int) -> str:
        """ "2019-06" of a month of the run, counted from 0; negative ones lie before it."""
        years, month = divmod(12 * int(self.year[0]) + int(self.month[0]) - 1 + number, 12)
        return f"{years:04d}-{month + 1:02d}"


def _share_of_day(clock: Clock, calendar: Calendar, ordinal: int) -> float:
    """Share of a local day the run covers, days of 23 and 25 hours included, 0..1 [-]."""
    day, zone = datetime.fromordinal(ordinal), ZoneInfo(clock.zone)
    midnights = (instant.replace(tzinfo=zone).timestamp() for instant in (day, day + timedelta(days=1)))
    start_s, end_s = midnights
    covered_s = np.count_nonzero(calendar.ordinal == ordinal) * clock.step_s
    return covered_s / (end_s - start_s)
