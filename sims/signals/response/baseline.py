"""What the load of an event would have been: the mean of earlier similar days at the same clock time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from sims.clock import SECONDS_PER_HOUR
from sims.signals.response.events import Event
from sims.signals.response.local_days import LocalDays, event_steps
from sims.signals.response.programme import Baseline, SameDayAdjustment
from sims.signals.tariffs.periods import DAY_TYPES

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class EventBaseline:
    """Baseline of one event.

    Parameters
    ----------
    kw : floats, shape (n_event_steps,)
        Baseline of every step of the event, adjusted; NaN where days are missing [kW].
    days : tuple of date
        Similar days it is the mean of, in order; where days are missing, those there are.
    adjustment : float
        Factor of the same-day adjustment, within its cap [-].
    """

    kw: Floats
    days: tuple[date, ...]
    adjustment: float


def baseline(
    rule: Baseline, days: LocalDays, event: Event, events: Sequence[Event], load_kw: Floats
) -> EventBaseline:
    """Baseline of an event, from similar days before it.

    Parameters
    ----------
    rule : Baseline
        How many days, which are alike, and the same-day adjustment.
    days : LocalDays
        Steps of the metered load, from the history to the end of the event or later.
    event : Event
        The event, inside the clock of `days`.
    events : sequence of Event
        All events of the site: their days are no baseline days.
    load_kw : floats, shape (n_steps,)
        Load of every step of `days` [kW].

    Returns
    -------
    EventBaseline
        NaN and the days found, where they are fewer than `rule.of_days`.

    Notes
    -----
    With h = the adjustment's hours before the event, D = the days chosen and t = a clock time::

        kw(t) = a * mean over D of load(d, t),    a = mean over h of load(event's day) / mean over D and h

    a is held within 1 -+ cap, and is 1 where the days' mean over h is not above zero or every step of h lies
    in another event. Nothing else of the event's day or later is read. Source: the 10-in-10 rule of
    California's programmes; the numbers are parameters of `Baseline`.
    """
    held, before = event_steps(event, days.clock), _steps_before(rule.adjustment, days, event, events)
    rows = similar_rows(rule, days, event, events)
    if len(rows) < rule.of_days:
        return EventBaseline(np.full(len(held), np.nan), tuple(map(days.date, rows)), 1.0)
    table, event_row = days.mean(load_kw), days.row[held[0]]

    def at(steps: Ints) -> Floats:
        """Load of the similar days at the clock times of these steps, shape (of_days, n)."""
        return table[rows[:, None] + (days.row[steps] - event_row), days.slot[steps]]

    usual_kw = at(held)
    chosen = np.sort(np.argsort(-usual_kw.mean(axis=1), kind="stable")[: rule.n_days])
    factor = _adjustment(rule.adjustment, load_kw[before], at(before)[chosen])
    return EventBaseline(factor * usual_kw[chosen].mean(axis=0), tuple(map(days.date, rows[chosen])), factor)


def similar_rows(rule: Baseline, days: LocalDays, event: Event, events: Sequence[Event]) -> Ints:
    """Rows of the most recent similar days before an event, in order, at most `rule.of_days`.

    A day is similar when its kind is of the same group, no event was on it, and it was metered at every
    clock time of the event and of the adjustment: the spring day lacks an hour.
    """
    held = event_steps(event, days.clock)
    needed = np.concatenate([held, _steps_before(rule.adjustment, days, event, events)])
    event_row = days.row[held[0]]
    later = days.row[needed] - event_row  # days after the event's day: -1, 0, 1
    rows = np.arange(-min(later.min(), 0), event_row - later.max())
    touched = rows[:, None] + later
    alike = _group(rule)[days.day_type]
    similar = (
        (alike[rows] == alike[event_row])
        & (days.count[touched, days.slot[needed]] > 0).all(axis=1)
        & ~_event_days(days, events)[touched].any(axis=1)
    )
    return rows[similar][-rule.of_days :]


def _steps_before(rule: SameDayAdjustment, days: LocalDays, event: Event, events: Sequence[Event]) -> Ints:
    """Steps of the adjustment: hours before the event, without those of another event; shape (n,)."""
    if rule.cap_percent == 0.0:
        return np.zeros(0, dtype=np.int64)
    first = event_steps(event, days.clock)[0]
    per_hour = SECONDS_PER_HOUR // days.clock.step_s
    steps = np.arange(max(0, first - rule.from_h * per_hour), max(0, first - rule.until_h * per_hour))
    taken = [event_steps(other, days.clock) for other in events if other.end_s <= event.start_s]
    return np.setdiff1d(steps, np.concatenate(taken)) if taken else steps


def _event_days(days: LocalDays, events: Sequence[Event]) -> Bools:
    """On which days there is an event, shape (n_days,)."""
    marked = np.zeros(len(days.ordinal), dtype=np.bool_)
    for event in events:
        marked[days.row[event_steps(event, days.clock)]] = True
    return marked


def _group(rule: Baseline) -> Ints:
    """Number of the group of every kind of day, shape (8,)."""
    return np.array(
        [next(i for i, group in enumerate(rule.similar) if day in group) for day in DAY_TYPES], dtype=np.int64
    )


def _adjustment(rule: SameDayAdjustment, actual_kw: Floats, usual_kw: Floats) -> float:
    if len(actual_kw) == 0 or usual_kw.mean() <= 0.0:
        return 1.0
    cap = rule.cap_percent / 100.0
    return float(min(max(actual_kw.mean() / usual_kw.mean(), 1.0 - cap), 1.0 + cap))
