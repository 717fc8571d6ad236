"""Errors of a made-up forecast: none now, growing with lead time, the same however a run is cut."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Noise:
    """The part of an autoregressive path that is not known yet.

    Along the run goes one path x[m+1] = phi x[m] + e[m+1]. Who stands at k and knows it until then expects
    phi^(m-k) x[k] of it at m and is wrong by x[m] - phi^(m-k) x[k]: an error of mean 0 and standard deviation

        most * sqrt(1 - phi^(2 (m-k))),

    which grows like the square root of the lead time at first and levels off. Forecasts of the same
    step issued one after another differ only by what became known in between.
    Source: the k-step prediction error of an AR(1) process, Box & Jenkins, "Time Series Analysis", ch. 5.

    Parameters
    ----------
    path : floats, shape (n_steps + horizon,)
        x, in the unit of the series.
    fades : floats, shape (horizon,)
        phi to the power of the lead.
    """

    path: Floats
    fades: Floats

    @classmethod
    def of(cls, said: Mapping[str, Any], series: Floats, horizon: int, step_s: int) -> "Noise":
        """From plain values.

        Parameters
        ----------
        said : mapping of str to number
            `share_after_1h` and `most_share`: standard deviation at a lead of one hour and of many, as a
            share of the mean size of the series, the first the smaller one [-]; `seed` (list of int).
        series : floats, shape (n_steps,)
            The truth.
        horizon : int
            Most steps of a forecast [-].
        step_s : int
            Length of a step [s].
        """
        scale = float(np.abs(series).mean()) if len(series) else 0.0
        kept_in_1h = 1.0 - (said["share_after_1h"] / said["most_share"]) ** 2  # phi^2 over an hour
        phi = kept_in_1h ** (0.5 * step_s / 3600.0)
        spread = said["most_share"] * scale * np.sqrt(1.0 - phi**2)
        news = spread * np.random.default_rng(said["seed"]).standard_normal(len(series) + horizon)
        path = np.fromiter(accumulate(news.tolist(), lambda x, e: phi * x + e), dtype=np.float64)
        return cls(path, phi ** np.arange(horizon))

    def error(self, k: int, n: int) -> Floats:
        """Errors of `n` steps from `k` on as seen at `k`, the first one 0, shape (n,)."""
        return self.path[k : k + n] - self.fades[:n] * self.path[k]
