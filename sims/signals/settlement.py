"""What an event is worth: baseline, load, reduction, payment and penalty, and the lines of the bill."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from sims.clock import Clock
from sims.signals.bill import BillLine
from sims.signals.events import Event
from sims.signals.programme import Programme

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Settlement:
    """One event, settled.

    Parameters
    ----------
    event : Event
        The event.
    baseline_kw, load_kw : floats, shape (n_event_steps,)
        Baseline and load of every step of the event; the baseline is NaN where the programme has none or
        days are missing [kW].
    reduction_kwh : float
        Energy below the baseline, summed over the steps that lie below it [kWh].
    excess_kwh : float
        Energy above the cap of a firm service level [kWh].
    rate_per_kwh : float
        What a kWh of the reduction earns, or of the excess costs [1/kWh].
    payment : float
        Paid to the customer, >= 0 [money].
    penalty : float
        Paid by the customer, >= 0 [money].
    days : tuple of date
        Days of the baseline.
    adjustment : float
        Factor of the same-day adjustment [-].
    reason : str
        Why nothing is paid, or "" if something is or the programme pays for no reduction.
    """

    event: Event
    baseline_kw: Floats
    load_kw: Floats
    reduction_kwh: float
    excess_kwh: float
    rate_per_kwh: float
    payment: float
    penalty: float
    days: tuple[date, ...]
    adjustment: float
    reason: str


def settle(
    programme: Programme,
    events: Sequence[Event],
    clock: Clock,
    site_kw: Floats,
    *,
    history: Floats | None = None,
) -> tuple[Settlement, ...]:
    """Settle the events of a site, one after the other.

    Parameters
    ----------
    programme : Programme
        Its rules.
    events : sequence of Event
        Events that pass `check_events`; baseline days may be missing, which is then the reason.
    clock : Clock
        Time axis of the run.
    site_kw : floats, shape (n_steps,)
        Mean net power of each step, import positive [kW].
    history : floats, shape (n_before,), optional
        The same of the steps right before the run, for baseline days [kW].

    Returns
    -------
    tuple of Settlement
        One for each event, in their order.
    """
    raise NotImplementedError


def event_lines(settlements: Sequence[Settlement], clock: Clock) -> list[BillLine]:
    """Lines of kind "event" for what was paid (negative) and fined (positive), in the month of the event."""
    raise NotImplementedError


def incentive_lines(programme: Programme, clock: Clock) -> list[BillLine]:
    """Lines of kind "event" for standing by: one a month of the season under a firm service level, else none.

    A month that the run covers in part earns its share of days.
    """
    raise NotImplementedError
