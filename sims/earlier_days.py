"""Which earlier step a step is like: the same local clock time on a day of the same kind."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from sims.clock import SECONDS_PER_HOUR, Clock

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Alike:
    """Steps in groups of those that are alike.

    Parameters
    ----------
    group : ints, shape (n,)
        Group of every step [-].
    earlier : ints, shape (n,)
        The latest earlier step of the same group, -1 for the first of its group [-].
    """

    group: Ints
    earlier: Ints

    @classmethod
    def of(cls, group: Ints) -> "Alike":
        """Steps alike that have the same number."""
        order = np.argsort(group, kind="stable")
        same = np.diff(group[order]) == 0
        earlier = np.full(len(group), -1, dtype=np.int64)
        earlier[order[1:]] = np.where(same, order[:-1], -1)
        return cls(group, earlier)

    def latest_known(self, step: Ints, known: int) -> Ints:
        """For each step the step itself or the latest one alike that is not after `known`; -1 for none."""
        found = step
        while (late := found > known).any():
            found = np.where(late, self.earlier[found], found)
        return found

    def running_mean(self, values: Floats) -> Floats:
        """Mean of each value and all earlier ones alike, of the shape of `values`.

        Each group is summed up for itself: what comes later in one moves no bit of another.
        """
        mean = np.empty_like(values)
        order = np.argsort(self.group[: len(values)], kind="stable")
        ends = np.flatnonzero(np.diff(self.group[order])) + 1
        for members in np.split(order, ends):
            mean[members] = np.cumsum(values[members]) / np.arange(1, len(members) + 1)
        return mean


@lru_cache(maxsize=8)
def alike(clock: Clock) -> tuple[Alike, Alike]:
    """Steps alike in local clock time and kind of day, and in clock time whatever the day.

    The kinds are working days, and Saturdays with Sundays; public holidays count as the weekday they fall on.
    """
    calendar = clock.calendar()
    # place in the local day; the hour that clocks repeat comes twice
    clock_time = (calendar.hour * SECONDS_PER_HOUR + clock.epoch_s() % SECONDS_PER_HOUR) // clock.step_s
    return Alike.of(2 * clock_time + (calendar.weekday >= SATURDAY)), Alike.of(clock_time)
