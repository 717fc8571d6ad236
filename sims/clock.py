"""The time axis of a run: integer seconds inside, aware local times only at the edge."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt


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

    def local_time(self, epoch_s: float) -> datetime:
        """Aware local time of an instant given in seconds since the epoch."""
        return datetime.fromtimestamp(epoch_s, UTC).astimezone(ZoneInfo(self.zone))

    def calendar(self) -> "Calendar":
        """Local calendar fields of every step, for tariff look-up."""
        tz = ZoneInfo(self.zone)
        local = [datetime.fromtimestamp(second, tz) for second in self.epoch_s().tolist()]
        fields = np.array(
            [(at.month, at.weekday(), at.hour, at.year * 12 + at.month, at.toordinal()) for at in local],
            dtype=np.int64,
        )
        month, weekday, hour, months, days = fields.T
        return Calendar(
            month=month, weekday=weekday, hour=hour, billing_month=months - months[0], day=days - days[0]
        )


@dataclass(frozen=True, slots=True)
class Calendar:
    """Local calendar fields, each an int array of shape (n_steps,).

    Parameters
    ----------
    month : ints
        1..12 [-].
    weekday : ints
        0 is Monday, 6 is Sunday [-].
    hour : ints
        0..23, the local clock hour in which the step starts [h].
    billing_month : ints
        0 in the first calendar month of the run, then counted up [-].
    day : ints
        0 on the first local day of the run, then counted up [-].
    """

    month: npt.NDArray[np.int64]
    weekday: npt.NDArray[np.int64]
    hour: npt.NDArray[np.int64]
    billing_month: npt.NDArray[np.int64]
    day: npt.NDArray[np.int64]
