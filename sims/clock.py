"""The time axis of a run: integer seconds inside, aware local times only at the edge."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
import numpy.typing as npt

SECONDS_PER_HOUR = 3600
SECONDS_PER_DAY = 86_400
THURSDAY = 3
"""Weekday of 1970-01-01."""
ORDINAL_OF_1970 = datetime(1970, 1, 1).toordinal()
DAYS_BEFORE_MONTH = np.array([0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335])


@dataclass(frozen=True, slots=True)
class Clock:
    """Equidistant steps on the UTC axis, with the local zone for tariffs and reports.

    Parameters
    ----------
    start_s : int
        Start of step 0, seconds since 1970-01-01T00:00:00Z [s].
    step_s : int
        Length of a step [s].
    n_steps : int
        Number of steps [-].
    zone : str
        IANA time zone of the site.
    """

    start_s: int
    step_s: int
    n_steps: int
    zone: str

    @classmethod
    def from_local(cls, start: datetime, days: int, step_s: int, zone: str) -> "Clock":
        """Clock over `days` local calendar days from the naive local time `start`.

        Thirty days of a March with the change to summer time have 2,876 quarter hours, not 2,880.
        """
        tz = ZoneInfo(zone)
        first = start.replace(tzinfo=tz).timestamp()
        last = (start + timedelta(days=days)).replace(tzinfo=tz).timestamp()
        return cls(round(first), step_s, round(last - first) // step_s, zone)

    @property
    def dt_h(self) -> float:
        """Length of a step [h]."""
        return self.step_s / 3600.0

    @property
    def end_s(self) -> int:
        """End of the last step, seconds since the epoch [s]."""
        return self.start_s + self.n_steps * self.step_s

    def epoch_s(self) -> npt.NDArray[np.int64]:
        """Start of every step, shape (n_steps,), seconds since the epoch [s]."""
        return self.start_s + self.step_s * np.arange(self.n_steps, dtype=np.int64)

    def local_s(self) -> npt.NDArray[np.int64]:
        """Local clock reading of every step, seconds since 1970-01-01 on that clock, shape (n_steps,) [s]."""
        epoch_s = self.epoch_s()
        return epoch_s + _utc_offset_s(epoch_s, ZoneInfo(self.zone), SECONDS_PER_DAY // self.step_s)

    def local_time(self, epoch_s: float) -> datetime:
        """Aware local time of an instant given in seconds since the epoch."""
        return datetime.fromtimestamp(epoch_s, UTC).astimezone(ZoneInfo(self.zone))

    def local_hour(self) -> npt.NDArray[np.float64]:
        """Local clock time at the middle of every step, shape (n_steps,), 0..24 [h]."""
        epoch_s = self.epoch_s()
        offset_s = _utc_offset_s(epoch_s, ZoneInfo(self.zone), SECONDS_PER_DAY // self.step_s)
        return ((epoch_s + offset_s) % SECONDS_PER_DAY + self.step_s / 2) / SECONDS_PER_HOUR

    def calendar(self) -> "Calendar":
        """Local calendar fields of every step, for tariff look-up."""
        local_s = self.local_s()
        days = local_s // SECONDS_PER_DAY
        second_of_day = local_s - days * SECONDS_PER_DAY
        day = days - days[0]
        # what a day has is worked out once a day and looked up by the steps
        dates = np.arange(int(days[0]), int(days.max()) + 1, dtype=np.int64)
        months = dates.astype("datetime64[D]").astype("datetime64[M]")
        month_number = months.astype(np.int64)
        month = month_number % 12 + 1
        day_of_month = dates - months.astype("datetime64[D]").astype(np.int64)
        return Calendar(
            year=(1970 + month_number // 12)[day],
            month=month[day],
            weekday=((dates + THURSDAY) % 7)[day],
            hour=second_of_day // SECONDS_PER_HOUR,
            second_of_day=second_of_day,
            day_of_year=(DAYS_BEFORE_MONTH[month - 1] + day_of_month)[day],
            ordinal=days + ORDINAL_OF_1970,
            billing_month=(month_number - month_number[0])[day],
            day=day,
        )


def known_zone(zone: str) -> None:
    """Raise ValueError unless `zone` is an IANA time zone."""
    try:
        ZoneInfo(zone)
    except (KeyError, OSError, ValueError):
        near = get_close_matches(zone, available_timezones(), n=1)
        hint = f'nearest: "{near[0]}"' if near else 'for example "America/Los_Angeles"'
        raise ValueError(f'"{zone}": no IANA time zone; {hint}') from None


def _utc_offset_s(epoch_s: npt.NDArray[np.int64], tz: ZoneInfo, stride: int) -> npt.NDArray[np.int64]:
    """Offset of local time from UTC at every instant, shape (n,) [s].

    Looked up every `stride` instants, and at each one only where it changes in between.
    """

    def looked_up(instants: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        local = (datetime.fromtimestamp(instant, tz).utcoffset() for instant in instants.tolist())
        return np.array([0 if offset is None else offset.total_seconds() for offset in local], dtype=np.int64)

    n = len(epoch_s)
    marks = np.append(np.arange(0, n, stride), n - 1)
    at_marks = looked_up(epoch_s[marks])
    offset_s = np.repeat(at_marks[:-1], np.diff(np.append(marks[:-1], n)))
    for i in np.flatnonzero(np.diff(at_marks)):
        between = slice(marks[i], marks[i + 1] + 1)
        offset_s[between] = looked_up(epoch_s[between])
    return offset_s


@dataclass(frozen=True, slots=True)
class Calendar:
    """Local calendar fields, each an int array of shape (n_steps,).

    Parameters
    ----------
    year : ints
        Calendar year [-].
    month : ints
        1..12 [-].
    weekday : ints
        0 is Monday, 6 is Sunday [-].
    hour : ints
        0..23, the local clock hour in which the step starts [h].
    second_of_day : ints
        0..86399, what the local clock shows at the start of the step [s].
    day_of_year : ints
        0..365, the place of month and day in a leap year: 1 March is 60 in every year [-].
    ordinal : ints
        Days since 0001-01-01, which is 1, as `date.toordinal` counts [d].
    billing_month : ints
        0 in the first calendar month of the run, then counted up [-].
    day : ints
        0 on the first local day of the run, then counted up [-].
    """

    year: npt.NDArray[np.int64]
    month: npt.NDArray[np.int64]
    weekday: npt.NDArray[np.int64]
    hour: npt.NDArray[np.int64]
    second_of_day: npt.NDArray[np.int64]
    day_of_year: npt.NDArray[np.int64]
    ordinal: npt.NDArray[np.int64]
    billing_month: npt.NDArray[np.int64]
    day: npt.NDArray[np.int64]
