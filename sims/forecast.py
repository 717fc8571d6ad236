"""Forecasts as a controller gets them: issued at a time, from what was known then, for the steps that follow.

Who holds a series makes a `Forecaster` of it and sends what it issues; a controller never sees the series.
Every forecast has two parts: leading values that are known, and beyond them a guess.

    model             known at issue                          beyond
    persistence       what is measured now                    the last day of the same kind
    historical_mean   what is measured now                    mean of all earlier days of the same kind
    published         prices up to their publication          as persistence
    perfect           everything: an oracle                   after the end of the run as persistence
    noisy             everything, blurred with lead time: made from the future, so an oracle too

A day of the same kind is a working day for a working day, and a Saturday or Sunday for one of those. Where
none is known yet any earlier day stands in, and where no day is known the value of now is held.

Sources: the similar-day naive method, the usual yardstick of load and price forecasts (Weron, "Electricity
price forecasting", Int. J. Forecasting 30(4), 2014, 1030-1081, section 3.3); which days are alike is ours.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from sims.faults import SimulationError

Floats = npt.NDArray[np.float64]

QUANTITIES = {
    "load": "building_kw",
    "price": "price_per_kwh",
    "co2": "co2_g_per_kwh",
    "arrivals": "arrivals",
}
"""What can be forecast, with the full name: cars that arrive within a step are a number."""
ORACLES = ("perfect", "noisy")


@dataclass(frozen=True, slots=True)
class Forecast:
    """What was expected of a quantity when the forecast was issued.

    Parameters
    ----------
    quantity : str
        Its full name, which ends in its unit: a value of `QUANTITIES`.
    issue_s : float
        When it was issued, since the start of the run [s].
    step_s : int
        Length of a step [s].
    values : floats, shape (horizon,)
        Mean of each step from the one that starts at `issue_s` on; read-only.
    n_known : int
        Leading values that are no guess: measured, published, or read from the future by an oracle [-].
    model : str
        How it was made.
    oracle : bool
        Whether it was made from the future.
    """

    quantity: str
    issue_s: float
    step_s: int
    values: Floats
    n_known: int
    model: str
    oracle: bool

    @classmethod
    def received(cls, said: Mapping[str, Any]) -> "Forecast":
        """From what came over the wire.

        Raises
        ------
        SimulationError
            A value is no finite number.
        """
        values = np.array(said["values"], dtype=np.float64)
        if not np.isfinite(values).all():
            raise SimulationError(f"forecast of {said['quantity']}: {values[~np.isfinite(values)][0]}")
        values.flags.writeable = False
        return cls(**{**said, "values": values})

    def copied(self) -> "Forecast":
        """The same in an array of its own."""
        values = self.values.copy()
        values.flags.writeable = False
        return replace(self, values=values)


@dataclass(frozen=True, slots=True)
class ForecastRequest:
    """Which forecast is asked for, in plain values that can be sent to any process.

    Parameters
    ----------
    model : str
        One of the table above.
    horizon_steps : int
        Values of each forecast [-].
    every_steps : int
        Steps from one issue to the next, as often as the policy decides [-].
    before, after : sequences of float
        The series before the run, for the models that look back, and after it, where that is public.
    publication_hour : int, optional
        Of `published`: local hour from which the prices of the next day are known, as a day-ahead market
        publishes them; None: always known, as a tariff's are [h].
    noise : mapping of str to number, optional
        Of `noisy`: parameters of `Noise`.
    """

    model: str
    horizon_steps: int
    every_steps: int = 1
    before: Sequence[float] = ()
    after: Sequence[float] = ()
    publication_hour: int | None = None
    noise: Mapping[str, Any] | None = None
