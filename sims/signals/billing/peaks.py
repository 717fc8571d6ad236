"""When the highest demand windows of one load were."""

from datetime import datetime

import numpy as np
import numpy.typing as npt

from sims.signals.billing.metering import Meter

Floats = npt.NDArray[np.float64]

NONE = -1


class Peaks:
    """Highest windows of a load by month, at any time and in the hours of each rate of demand.

    Parameters
    ----------
    meter : Meter
        Of the tariff.
    load_kw : floats, shape (n_steps,)
        Mean power of each step [kW].
    """

    def __init__(self, meter: Meter, load_kw: Floats) -> None:
        self._meter = meter
        self._means = meter.windows(load_kw[None, :])[0]
        self._of_rate, self._any_time = meter.highest_windows(self._means)

    def any_time(self, month: int) -> tuple[float | None, datetime | None]:
        """Highest window of a month [kW] and its local start."""
        return self._read(int(self._any_time[month]))

    def billed(self, month: int) -> tuple[float | None, datetime | None]:
        """Highest window of a month in the hours of any rate of demand [kW] and its local start."""
        return self._read(self._highest(range(len(self._of_rate)), month))

    def setting(self, rate: int, month: int, setter: int) -> datetime | None:
        """Local start of the window of month `setter` that set a rate's demand in `month`.

        Earlier months set it by the highest of all rates of the same name.
        """
        if not 0 <= setter < len(self._any_time):
            return None
        name = self._meter.demand[rate].name
        same = [n for n, block in enumerate(self._meter.demand) if block.name == name]
        return self._read(self._highest([rate] if setter == month else same, setter))[1]

    def _highest(self, rates: "range | list[int]", month: int) -> int:
        """Highest window of some rates in a month, the first of equal ones."""
        found = sorted(window for n in rates if (window := int(self._of_rate[n][month])) != NONE)
        return max(found, key=lambda window: self._means[window], default=NONE)

    def _read(self, window: int) -> tuple[float | None, datetime | None]:
        if window == NONE:
            return None, None
        clock, step = self._meter.clock, int(self._meter.window_starts[window])
        return float(self._means[window]), clock.local_time(clock.start_s + step * clock.step_s)
