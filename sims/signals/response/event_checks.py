"""Which rule of its programme an event breaks, alone or among the others."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sims.clock import SECONDS_PER_HOUR, Clock
from sims.signals.response.baseline import similar_rows
from sims.signals.response.event_rules import broken_rules
from sims.signals.response.events import Event
from sims.signals.response.local_days import LocalDays
from sims.signals.response.programme import Elrp, Programme

Sentence = tuple[str, str]


def check_events(
    events: Sequence[Event], programme: Programme, clock: Clock, *, history_start_s: int | None = None
) -> list[Sentence]:
    """Name every rule that an event breaks.

    Parameters
    ----------
    events : sequence of Event
        Events of one site.
    programme : Programme
        Its rules.
    clock : Clock
        Time axis of the run.
    history_start_s : int, optional
        Since when the load is known, for baseline days; by default since the start of the run [s].

    Returns
    -------
    list of (event_id, sentence)
        Empty when the events are in order; the sentence goes on from the id.
    """
    found = [
        (event.event_id, sentence) for event in events for sentence in broken_rules(event, programme, clock)
    ]
    lasting = sorted((event for event in events if event.end_s > event.start_s), key=lambda e: e.start_s)
    found += _repeated(events)
    found += _overlaps(lasting, clock)
    found += _over_budget(lasting, programme, clock)
    days = metered_days(programme, clock, history_start_s)
    found += [
        (event.event_id, gap) for event in lasting for gap in missing_days(event, events, programme, days)
    ]
    return found


def event_warnings(events: Sequence[Event], programme: Programme, clock: Clock) -> list[Sentence]:
    """Name what is legal but worth knowing: a day of 23 or 25 hours, rules stated for other years.

    Parameters and result as `check_events`.
    """
    first, last = programme.effective_from, programme.effective_until
    found: list[Sentence] = []
    for event in events:
        day = clock.local_time(event.start_s).date()
        if (first is not None and day < first) or (last is not None and day > last):
            stated = f"{first or 'ever'} to {last or 'now'}"
            found.append((event.event_id, f"lies on {day}; the rules are stated for {stated}"))
        midnight = datetime.combine(day, time(), ZoneInfo(clock.zone))
        hours = ((midnight + timedelta(days=1)).timestamp() - midnight.timestamp()) / SECONDS_PER_HOUR
        if hours != 24:
            found.append(
                (event.event_id, f"lies on {day}, a day of {hours:g} hours: its times are by the local clock")
            )
    return found


def metered_days(programme: Programme, clock: Clock, history_start_s: int | None) -> LocalDays:
    """Local days of which the load is known by the end of the run."""
    known_s = clock.end_s - (clock.start_s if history_start_s is None else history_start_s)
    n_steps = max(clock.n_steps, known_s // clock.step_s)
    return LocalDays.of(
        Clock(clock.end_s - n_steps * clock.step_s, clock.step_s, n_steps, clock.zone), programme.holidays
    )


def missing_days(event: Event, events: Sequence[Event], programme: Programme, days: LocalDays) -> list[str]:
    """Sentence on an event inside the clock of `days` with too few similar days before it, or nothing."""
    covered = days.clock.start_s <= event.start_s < event.end_s <= days.clock.end_s
    if not isinstance(programme, Elrp) or not covered:
        return []
    needed, found = programme.baseline.of_days, len(similar_rows(programme.baseline, days, event, events))
    if found >= needed:
        return []
    since, day = (days.clock.local_time(at).date() for at in (days.clock.start_s, event.start_s))
    return [
        f"baseline days missing: {found} of {needed} similar days without an event lie from {since} "
        f"to before {day}; give the load before the run or a later event"
    ]


def _repeated(events: Sequence[Event]) -> Iterator[Sentence]:
    for event_id, count in Counter(event.event_id for event in events).items():
        if count > 1:
            yield event_id, f"is the id of {count} events: each has its own"


def _overlaps(in_order: Sequence[Event], clock: Clock) -> Iterator[Sentence]:
    """Each event that starts before all earlier ones have ended."""
    latest: Event | None = None
    for event in in_order:
        if latest is not None and event.start_s < latest.end_s:
            until = clock.local_time(latest.end_s).isoformat(timespec="minutes")
            yield event.event_id, f'overlaps "{latest.event_id}", which holds until {until}'
        if latest is None or event.end_s > latest.end_s:
            latest = event


def _over_budget(in_order: Sequence[Event], programme: Programme, clock: Clock) -> Iterator[Sentence]:
    """Each event that lies beyond the hours of its calendar year."""
    spent_s: Counter[int] = Counter()
    for event in in_order:
        year = clock.local_time(event.start_s).year
        spent_s[year] += event.end_s - event.start_s
        hours = spent_s[year] / SECONDS_PER_HOUR
        if hours > programme.budget_h:
            yield (
                event.event_id,
                f"brings {year} to {hours:g} h of events: {programme.name} allows {programme.budget_h:g} h",
            )
