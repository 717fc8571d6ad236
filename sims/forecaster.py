"""Who holds a series issues forecasts of it; `sims/forecast.py` says of which kind."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from sims.clock import Clock
from sims.earlier_days import Floats, Ints, alike
from sims.forecast import ORACLES, QUANTITIES, ForecastRequest
from sims.forecast_noise import Noise


class Forecaster:
    """Issues forecasts of one series.

    Parameters
    ----------
    quantity : str
        A key of `QUANTITIES`.
    request : ForecastRequest
        Which forecast.
    series : floats, shape (n_steps,)
        The truth in every step of the run.
    clock : Clock
        Time axis of the run.
    """

    def __init__(
        self, quantity: str, request: ForecastRequest, series: Sequence[float] | Floats, clock: Clock
    ) -> None:
        self.quantity, self.request, self.step_s = quantity, request, clock.step_s
        self._first, horizon = len(request.before), request.horizon_steps
        self._truth = np.concatenate([request.before, series, request.after]).astype(np.float64)
        steps = max(self._first + len(series) + horizon, len(self._truth))
        clock = replace(clock, start_s=clock.start_s - self._first * clock.step_s, n_steps=steps)
        self._steps = np.arange(steps, dtype=np.int64)
        self._alike = alike(clock)
        self._guess = tuple(self._guessed(days.running_mean) for days in self._alike)
        self._known = self._last_known(clock)
        noise = request.noise if request.model == "noisy" else None
        self._noise = None if noise is None else Noise.of(noise, np.asarray(series), horizon, self.step_s)

    def issue(self, k: int) -> dict[str, Any]:
        """The forecast issued at the start of step `k` of the run, as plain values."""
        now = self._first + k
        steps, known = self._steps[now : now + self.request.horizon_steps], int(self._known[now])
        n_known = min(max(known - now + 1, 0), len(steps))
        values = self._truth[now : now + n_known]
        if n_known < len(steps):
            values = np.concatenate([values, self._beyond(steps[n_known:], known, now)])
        if self._noise is not None:
            values, n_known = values - self._noise.error(k, len(values)), 1
        return {
            "quantity": QUANTITIES[self.quantity],
            "issue_s": float(k * self.step_s),
            "step_s": self.step_s,
            "values": values.tolist(),
            "n_known": n_known,
            "model": self.request.model,
            "oracle": self.request.model in ORACLES,
        }

    def _beyond(self, steps: Ints, known: int, now: int) -> Floats:
        """Guess at steps that are not known, from the values up to the last known one."""
        (of_kind, any_day), (guess, guess_any) = self._alike, self._guess
        source = of_kind.latest_known(steps, known)
        values = guess[source]
        if (lost := source < 0).any():
            source = any_day.latest_known(steps[lost], known)
            held = self._truth[now] if known >= now else 0.0
            values[lost] = np.where(source >= 0, guess_any[source], held)
        return values

    def _guessed(self, running_mean: Callable[[Floats], Floats]) -> Floats:
        return running_mean(self._truth) if self.request.model == "historical_mean" else self._truth

    def _last_known(self, clock: Clock) -> Ints:
        """The last step whose value is known at the start of each step, shape (n,)."""
        model, hour, last = self.request.model, self.request.publication_hour, len(self._truth) - 1
        if model == "published" and hour is not None:
            return np.minimum(_published(clock, hour), last)
        if model == "published" or model in ORACLES:
            return np.full(len(self._steps), last)
        # cars that come within the step that starts now have not come yet; all else is measured
        return self._steps - (self.quantity == "arrivals")


class Forecasters:
    """All that one simulator issues for one site.

    Parameters
    ----------
    asked : mapping of str to mapping
        By key of `QUANTITIES`: fields of a `ForecastRequest`.
    series : mapping of str to floats, shape (n_steps,)
        The truth of at least these quantities.
    clock : Clock
        Time axis of the run.
    """

    def __init__(
        self,
        asked: Mapping[str, Mapping[str, Any]],
        series: Mapping[str, Sequence[float] | Floats],
        clock: Clock,
    ) -> None:
        self._all = {
            quantity: Forecaster(quantity, ForecastRequest(**request), series[quantity], clock)
            for quantity, request in asked.items()
        }

    def issue(self, k: int) -> dict[str, dict[str, Any]]:
        """What is due at the start of step `k`, by quantity: empty in steps without a decision."""
        return {
            quantity: forecaster.issue(k)
            for quantity, forecaster in self._all.items()
            if k % forecaster.request.every_steps == 0
        }


def _published(clock: Clock, hour: int) -> Ints:
    """The last step whose price is public at the start of each step, shape (n_steps,)."""
    calendar = clock.calendar()
    last_of_day = np.searchsorted(calendar.day, np.arange(calendar.day[-1] + 2), side="right") - 1
    return last_of_day[calendar.day + (calendar.hour >= hour)]
