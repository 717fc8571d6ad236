"""Rules that one event keeps or breaks by itself: its kind, its times, its notice."""

from collections.abc import Iterable, Iterator
from datetime import datetime, time, timedelta
from math import inf
from typing import get_args
from zoneinfo import ZoneInfo

import numpy as np

from sims.clock import SECONDS_PER_HOUR, Clock
from sims.faults import nearest
from sims.signals.response.events import Event, EventKind
from sims.signals.response.local_days import LocalDays
from sims.signals.response.programme import Elrp, Notice, Programme
from sims.signals.tariffs.periods import DAY_TYPES

MINUTE_S = 60
LONGEST_LOOKED_AT_S = 172_800
"""An event is looked at minute by minute; one of more than two days is too long anyway."""


def broken_rules(event: Event, programme: Programme, clock: Clock) -> list[str]:
    """Sentences on the rules of its programme that an event breaks by itself."""
    broken = [*_kind(event, programme)]
    if event.end_s <= event.start_s:
        end, start = _local(event.end_s, clock), _local(event.start_s, clock)
        return [*broken, f"ends at {end}, not after its start at {start}"]
    broken += _horizon(event, clock)
    broken += _window(event, programme, clock)
    broken += _length(event, programme)
    broken += _notice(event, programme, clock)
    return broken


def latest_notice_s(notice: Notice, start_s: int, zone: str) -> int:
    """Latest instant at which an event that starts at `start_s` may be told, seconds since the epoch [s]."""
    latest: list[float] = []
    if notice.day_ahead_by_h is not None:
        day = datetime.fromtimestamp(start_s, ZoneInfo(zone)).date() - timedelta(days=1)
        naive = datetime.combine(day, time()) + timedelta(hours=notice.day_ahead_by_h)
        latest.append(naive.replace(tzinfo=ZoneInfo(zone)).timestamp())
    if notice.day_of_lead_minutes is not None:
        latest.append(start_s - notice.day_of_lead_minutes * MINUTE_S)
    return int(max(latest))


def _kind(event: Event, programme: Programme) -> Iterator[str]:
    if event.programme != programme.name:
        yield f'is called by "{event.programme}", but the programme of the site is "{programme.name}"'
    calls = "reduce" if isinstance(programme, Elrp) else "limit"
    if event.kind not in get_args(EventKind):
        yield f'"{event.kind}": no such kind of event; {nearest(event.kind, get_args(EventKind))}'
    elif event.kind != calls:
        yield f'is of kind "{event.kind}", but {programme.name} calls events of kind "{calls}"'
    if event.kind == "reduce" and event.value is not None:
        yield f"has the value {event.value:g}: only a limit has one"
    if event.kind == "limit" and event.value is None:
        if isinstance(programme, Elrp) or programme.cap_kw is None:
            yield "is a limit without a value: give the cap in kW"
    elif event.kind == "limit" and event.value is not None and not 0.0 <= event.value < inf:
        yield f"has a cap of {event.value:g} kW: it is a number of at least 0"


def _horizon(event: Event, clock: Clock) -> Iterator[str]:
    if event.start_s < clock.start_s or event.end_s > clock.end_s:
        held, run = _span(event, clock), f"{_local(clock.start_s, clock)} to {_local(clock.end_s, clock)}"
        yield f"{held} lies outside the run, {run}"
    for name, at_s in (("starts", event.start_s), ("ends", event.end_s)):
        if (at_s - clock.start_s) % clock.step_s:
            yield f"{name} at {_local(at_s, clock)}, inside a step of {clock.step_s // MINUTE_S} minutes"


def _window(event: Event, programme: Programme, clock: Clock) -> Iterator[str]:
    n_minutes = -(-min(event.end_s - event.start_s, LONGEST_LOOKED_AT_S) // MINUTE_S)
    minutes = Clock(event.start_s, MINUTE_S, n_minutes, clock.zone)
    calendar, days = minutes.calendar(), LocalDays.of(minutes, programme.holidays)
    allowed = np.any(programme.window.table(), axis=(0, 1), keepdims=True)
    held = _span(event, clock)
    if not np.isin(calendar.month, programme.months).all():
        yield f"{held} lies outside the season, months {_listed(programme.months)}"
    types = [DAY_TYPES[i] for i in np.unique(days.day_type[days.row])]
    if not set(types) <= set(programme.days):
        yield f"{held} lies on {_listed(types)}; {programme.name} calls events on {_listed(programme.days)}"
    if not allowed[0, 0, calendar.hour].all():
        spans = _listed(f"{start:02d}:00-{end:02d}:00" for start, end in programme.hours)
        yield f"{held} lies outside the hours {spans}"


def _length(event: Event, programme: Programme) -> Iterator[str]:
    length_h, allowed = (event.end_s - event.start_s) / SECONDS_PER_HOUR, programme.event_length
    if not allowed.min_h <= length_h <= allowed.max_h:
        word = "short" if length_h < allowed.min_h else "long"
        of = f" of subgroup {programme.subgroup}" if isinstance(programme, Elrp) else ""
        yield f"takes {length_h:g} h, too {word}: {allowed.min_h:g} to {allowed.max_h:g} h{of}"


def _notice(event: Event, programme: Programme, clock: Clock) -> Iterator[str]:
    told = _local(event.notice_s, clock)
    if event.notice_s > event.start_s:
        yield f"is told at {told}, after its start at {_local(event.start_s, clock)}"
        return
    latest_s = latest_notice_s(programme.notice, event.start_s, clock.zone)
    if event.notice_s > latest_s:
        yield f"is told at {told}, later than the {programme.name} notice by {_local(latest_s, clock)}"


def _local(at_s: int, clock: Clock) -> str:
    return clock.local_time(at_s).isoformat(timespec="minutes")


def _span(event: Event, clock: Clock) -> str:
    return f"{_local(event.start_s, clock)} to {_local(event.end_s, clock)}"


def _listed(items: Iterable[object]) -> str:
    return ", ".join(map(str, items))
