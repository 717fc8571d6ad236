"""What the load of an event would have been, from earlier similar days."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class EventBaseline:
    """Baseline of one event.

    Parameters
    ----------
    kw : floats, shape (n_event_steps,)
        Baseline of every step of the event, adjusted; NaN where days are missing [kW].
    days : tuple of date
        Similar days it is the mean of, in order.
    adjustment : float
        Factor of the same-day adjustment, within its cap [-].
    """

    kw: Floats
    days: tuple[date, ...]
    adjustment: float
