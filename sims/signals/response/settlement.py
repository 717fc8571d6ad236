"""What an event is worth: baseline, load, reduction, payment and penalty, and the lines of the bill."""

from calendar import monthrange
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from sims.clock import SECONDS_PER_HOUR, Clock
from sims.signals.billing.bill import BillLine
from sims.signals.response.baseline import EventBaseline, baseline
from sims.signals.response.events import Event
from sims.signals.response.local_days import LocalDays, event_steps
from sims.signals.response.programme import Elrp, FirmServiceLevel, Programme

Floats = npt.NDArray[np.float64]

RESOLUTION_KW = 1e-6
"""What lies below the baseline by less is rounding, not a reduction: a flat load is paid nothing [kW]."""


@dataclass(frozen=True, slots=True, eq=False)
class Settlement:
    """One event, settled.

    Parameters
    ----------
    event : Event
        The event.
    baseline_kw : floats, shape (n_event_steps,)
        Baseline of every step of the event; NaN where the programme has none or days are missing [kW].
    load_kw : floats, shape (n_event_steps,)
        Load of every step as it counts: not below zero without an export permit [kW].
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
        Events of the site that call this programme; those `check_events` has nothing against, except that
        baseline days may be missing or the run may not cover an event: then that is the reason.
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

    Notes
    -----
    With b = baseline, l = load, dt = the step in hours and sums over the steps of the event::

        ELRP                 payment = payment_per_kwh * sum max(0, b - l) dt
        firm service level   penalty = penalty_per_kwh * sum max(0, l - cap) dt

    Each step stands for itself: what a step lies above the baseline takes nothing from the others. Without
    an export permit load below zero counts as zero, in the event and in the days of its baseline. A direct
    customer whose mean reduction is below `minimum_kw` is paid nothing.
    """
    if isinstance(programme, FirmServiceLevel):
        return tuple(_settle_firm(programme, event, clock, site_kw) for event in events)
    before = np.zeros(0) if history is None else history
    load_kw = np.concatenate([before, site_kw])
    start_s = clock.start_s - len(before) * clock.step_s
    days = LocalDays.of(Clock(start_s, clock.step_s, len(load_kw), clock.zone), programme.holidays)
    return tuple(_settle_elrp(programme, event, events, days, clock, load_kw) for event in events)


def event_lines(settlements: Sequence[Settlement], clock: Clock) -> list[BillLine]:
    """Lines of kind "event" for what was paid (negative) and fined (positive), in the month of the event.

    Parameters
    ----------
    settlements : sequence of Settlement
        Settled events; one that moves no money has no line.
    clock : Clock
        Time axis of the run, for the local month.
    """
    lines: list[BillLine] = []
    for one in settlements:
        month, rate = clock.local_time(one.event.start_s).strftime("%Y-%m"), one.rate_per_kwh
        if one.payment > 0.0:
            label = f"event {one.event.event_id}, below the baseline"
            lines.append(BillLine(month, "event", label, one.reduction_kwh, "kWh", rate, -one.payment))
        if one.penalty > 0.0:
            label = f"event {one.event.event_id}, above the cap"
            lines.append(BillLine(month, "event", label, one.excess_kwh, "kWh", rate, one.penalty))
    return lines


def incentive_lines(programme: Programme, clock: Clock) -> list[BillLine]:
    """Lines of kind "event" for standing by under a firm service level; none of another programme.

    One a month of the season: the nominated power, by the share of the month's local days that the run
    touches, times `incentive_per_kw`; a negative amount.
    """
    if (
        not isinstance(programme, FirmServiceLevel)
        or programme.nominated_kw * programme.incentive_per_kw == 0
    ):
        return []
    lines: list[BillLine] = []
    dates = [date.fromordinal(int(day)) for day in np.unique(clock.calendar().ordinal)]
    touched = Counter((day.year, day.month) for day in dates if day.month in programme.months)
    for (year, month), n_days in touched.items():
        kw, rate = programme.nominated_kw * n_days / monthrange(year, month)[1], programme.incentive_per_kw
        lines.append(BillLine(f"{year}-{month:02d}", "event", "standing by", kw, "kW", rate, -kw * rate))
    return lines


def _settle_elrp(
    programme: Elrp,
    event: Event,
    events: Sequence[Event],
    days: LocalDays,
    clock: Clock,
    load_kw: Floats,
) -> Settlement:
    if not _covered(event, clock):
        return _not_covered(event, clock, programme.payment_per_kwh)
    counted_kw = load_kw if programme.export_permit else np.maximum(load_kw, 0.0)
    usual = baseline(programme.baseline, days, event, events, counted_kw)
    held = event_steps(event, days.clock)
    below_kw = usual.kw - counted_kw[held]
    reduction_kwh = float(below_kw[below_kw > RESOLUTION_KW].sum()) * clock.dt_h
    reason = _why_unpaid(programme, event, usual, reduction_kwh, bool((load_kw[held] < 0.0).any()))
    return Settlement(
        event=event,
        baseline_kw=usual.kw,
        load_kw=counted_kw[held],
        reduction_kwh=reduction_kwh,
        excess_kwh=0.0,
        rate_per_kwh=programme.payment_per_kwh,
        payment=0.0 if reason else programme.payment_per_kwh * reduction_kwh,
        penalty=0.0,
        days=usual.days,
        adjustment=usual.adjustment,
        reason=reason,
    )


def _why_unpaid(
    programme: Elrp, event: Event, usual: EventBaseline, reduction_kwh: float, fed_back: bool
) -> str:
    """Why an event is paid nothing, or ""."""
    if np.isnan(usual.kw).any():
        return f"baseline days missing: {len(usual.days)} of {programme.baseline.of_days} similar days before"
    if reduction_kwh == 0.0 and fed_back and not programme.export_permit:
        return "no export permit: load below zero counts as zero"
    if reduction_kwh == 0.0:
        return "the load was nowhere below the baseline"
    mean_kw = reduction_kwh * SECONDS_PER_HOUR / (event.end_s - event.start_s)
    if programme.subgroup == "direct" and mean_kw < programme.minimum_kw:
        return f"mean reduction of {mean_kw:.3g} kW below the minimum of {programme.minimum_kw:g} kW"
    return ""


def _settle_firm(programme: FirmServiceLevel, event: Event, clock: Clock, site_kw: Floats) -> Settlement:
    if not _covered(event, clock):
        return _not_covered(event, clock, programme.penalty_per_kwh)
    held = event_steps(event, clock)
    cap_kw = programme.cap_kw if event.value is None else event.value
    reason = "no cap: neither the event nor the programme states one" if cap_kw is None else ""
    above_kw = np.maximum(site_kw[held] - (np.inf if cap_kw is None else cap_kw), 0.0)
    excess_kwh = float(above_kw.sum()) * clock.dt_h
    return Settlement(
        event=event,
        baseline_kw=np.full(len(above_kw), np.nan),
        load_kw=site_kw[held],
        reduction_kwh=0.0,
        excess_kwh=excess_kwh,
        rate_per_kwh=programme.penalty_per_kwh,
        payment=0.0,
        penalty=programme.penalty_per_kwh * excess_kwh,
        days=(),
        adjustment=1.0,
        reason=reason,
    )


def _covered(event: Event, clock: Clock) -> bool:
    return clock.start_s <= event.start_s < event.end_s <= clock.end_s


def _not_covered(event: Event, clock: Clock, rate_per_kwh: float) -> Settlement:
    """Nothing is known of an event that lies outside the run, or in part: NaN in each of its steps."""
    unknown = np.full(max(0, (event.end_s - event.start_s) // clock.step_s), np.nan)
    return Settlement(
        event, unknown, unknown, 0.0, 0.0, rate_per_kwh, 0.0, 0.0, (), 1.0, "the run does not cover the event"
    )
