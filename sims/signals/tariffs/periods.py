"""When a price holds: months or dates, kinds of day, clock hours; looked up on a local calendar."""

from datetime import date
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, model_validator

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_TYPES = (*WEEKDAYS, "holiday")
ALL_MONTHS = tuple(range(1, 13))
DAYS_OF_YEAR = 366
LEAP_YEAR = 2000

DayType = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday"]
Month = Annotated[int, Field(ge=1, le=12)]
Hour = Annotated[int, Field(ge=0, le=24)]
MonthDay = Annotated[str, Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")]


class Period(BaseModel):
    """Months or dates, kinds of day and clock hours; by default all of them.

    Hours that end before they start go over midnight and mean the late and the early hours of the same kind
    of day: a `sat` with `[22, 6]` is Saturday before 6:00 and after 22:00. Dates that end before they start
    go over New Year; both ends belong to the period.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    name: str = Field(min_length=1)
    months: tuple[Month, ...] = ALL_MONTHS
    dates: tuple[tuple[MonthDay, MonthDay], ...] = Field(
        default=(), description='seasons by date, both ends inclusive, for example [["11-15", "03-14"]]'
    )
    days: tuple[DayType, ...] = DAY_TYPES
    hours: tuple[tuple[Hour, Hour], ...] = ((0, 24),)

    @model_validator(mode="after")
    def _says_when_in_one_way(self) -> "Period":
        if self.dates and self.months != ALL_MONTHS:
            raise ValueError("months and dates both say when in the year: give one of them")
        for start, end in self.hours:
            if start == end:
                raise ValueError(f"hours [{start}, {end}] are empty; the whole day is [0, 24]")
        for span in self.dates:
            for day in span:
                _day_of_year(day)
        return self

    def table(self) -> Bools:
        """Which day of the year, kind of day and hour belong to the period, shape (366, 8, 24)."""
        days = np.isin(DAY_TYPES, self.days)
        hours = np.zeros(24, dtype=np.bool_)
        for start, end in self.hours:
            hours |= _between(24, start, end - 1)
        return self._days_of_year()[:, None, None] & days[None, :, None] & hours[None, None, :]

    def _days_of_year(self) -> Bools:
        """Days of a leap year that belong to the period, shape (366,)."""
        if not self.dates:
            return np.isin(MONTH_OF_DAY, self.months)
        inside = np.zeros(DAYS_OF_YEAR, dtype=np.bool_)
        for first, last in self.dates:
            inside |= _between(DAYS_OF_YEAR, _day_of_year(first), _day_of_year(last))
        return inside


def _between(n: int, first: int, last: int) -> Bools:
    """Places first..last of n, both inclusive, going over the end when last lies before first."""
    place = np.arange(n)
    return (place >= first) & (place <= last) if first <= last else (place >= first) | (place <= last)


def _day_of_year(day: str) -> int:
    """Place 0..365 of "month-day" in a leap year."""
    month, mday = map(int, day.split("-"))
    try:
        return date(LEAP_YEAR, month, mday).timetuple().tm_yday - 1
    except ValueError:
        raise ValueError(f'"{day}" is no day of the year') from None


def named(day_of_year: int, day_type: int, hour: int) -> str:
    """A place of a table as text: "06-21, mon, 14:00"."""
    day = date.fromordinal(date(LEAP_YEAR, 1, 1).toordinal() + day_of_year)
    return f"{day:%m-%d}, {DAY_TYPES[day_type]}, {hour:02d}:00"


MONTH_OF_DAY: Ints = np.array(
    [date.fromordinal(date(LEAP_YEAR, 1, 1).toordinal() + i).month for i in range(DAYS_OF_YEAR)]
)
