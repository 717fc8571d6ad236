"""The windows a run is cut into: each is one world, whose time begins at 0."""

from collections.abc import Iterator
from dataclasses import dataclass

from sims.clock import Clock

SECONDS_PER_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Window:
    """Steps `[first, first + n_steps)` of a run: one world."""

    first: int
    n_steps: int

    def instant(self, clock: Clock, time_s: int) -> str:
        """Local time and step of the run at `time_s` of the world [s]."""
        k = self.first + time_s // clock.step_s
        return f"{clock.local_time(clock.start_s + k * clock.step_s).isoformat()} (step {k})"


def windows(n_steps: int, step_s: int, window_days: int, first_step: int = 0) -> Iterator[Window]:
    """Cut a run from `first_step` on into windows of at most `window_days` days."""
    length = window_days * SECONDS_PER_DAY // step_s
    for first in range(first_step, n_steps, length):
        yield Window(first, min(length, n_steps - first))
