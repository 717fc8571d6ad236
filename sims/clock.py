"""The time axis of a run: integer seconds inside, aware local times only at the edge."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd


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

        A March with the change to summer time has 2,876 quarter hours, not 2,880.
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

    def local(self) -> pd.DatetimeIndex:
        """Start of every step in the site's zone, shape (n_steps,)."""
        return pd.DatetimeIndex(self.epoch_s() * 10**9, tz="UTC").tz_convert(self.zone)

    def local_time(self, epoch_s: float) -> datetime:
        """Aware local time of an instant given in seconds since the epoch."""
        return datetime.fromtimestamp(epoch_s, UTC).astimezone(ZoneInfo(self.zone))
