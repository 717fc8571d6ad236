"""Steps laid out by local day and clock time, so that "the same time of other days" is a column."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from sims.clock import ORDINAL_OF_1970, SECONDS_PER_DAY, THURSDAY, Clock
from sims.signals.response.events import Event
from sims.signals.tariffs.holidays import holiday_dates
from sims.signals.tariffs.periods import DAY_TYPES

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class LocalDays:
    """Steps of a clock by local day (row) and clock time (column of a step's length).

    The day of the change to summer time lacks the columns of an hour; on the day back an hour of columns
    holds two steps each.

    Parameters
    ----------
    clock : Clock
        Time axis.
    ordinal : ints, shape (n_days,)
        Its local days, as `date.toordinal` counts [d].
    day_type : ints, shape (n_days,)
        Kind of every day, place in `DAY_TYPES`.
    row, slot : ints, shape (n_steps,)
        Where every step lies.
    count : ints, shape (n_days, n_slots)
        Steps in every cell [-].
    """

    clock: Clock
    ordinal: Ints
    day_type: Ints
    row: Ints
    slot: Ints
    count: Ints

    @classmethod
    def of(cls, clock: Clock, holidays: str | None) -> "LocalDays":
        """Lay out the steps of a clock; public holidays of `holidays` are days of their own kind."""
        local_s = clock.local_s()
        day = local_s // SECONDS_PER_DAY
        row, slot = day - day[0], local_s % SECONDS_PER_DAY // clock.step_s
        days = np.arange(day[0], day[-1] + 1)
        shape = (len(days), -(-SECONDS_PER_DAY // clock.step_s))
        count = np.bincount(row * shape[1] + slot, minlength=shape[0] * shape[1]).reshape(shape)
        ordinal = days + ORDINAL_OF_1970
        return cls(clock, ordinal, _day_types(ordinal, holidays), row, slot, count)

    def mean(self, load_kw: Floats) -> Floats:
        """Mean load of every cell, shape (n_days, n_slots), NaN where there is no step [kW]."""
        n_slots = self.count.shape[1]
        total = np.bincount(self.row * n_slots + self.slot, weights=load_kw, minlength=self.count.size)
        out = np.full(self.count.shape, np.nan)
        return np.divide(total.reshape(self.count.shape), self.count, out=out, where=self.count > 0)

    def date(self, row: int) -> date:
        """Date of a row."""
        return date.fromordinal(int(self.ordinal[row]))


def event_steps(event: Event, clock: Clock) -> Ints:
    """Steps of a clock in which an event holds, shape (n_event_steps,)."""
    first, last = ((at - clock.start_s) // clock.step_s for at in (event.start_s, event.end_s - 1))
    return np.arange(max(first, 0), min(last + 1, clock.n_steps), dtype=np.int64)


def _day_types(ordinal: Ints, holidays: str | None) -> Ints:
    weekday = (ordinal - ORDINAL_OF_1970 + THURSDAY) % 7
    if holidays is None:
        return weekday
    years = range(date.fromordinal(int(ordinal[0])).year, date.fromordinal(int(ordinal[-1])).year + 1)
    free = holiday_dates(holidays, tuple(years))
    return np.where(np.isin(ordinal, free), DAY_TYPES.index("holiday"), weekday)
