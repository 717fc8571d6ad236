"""Runs with one load by clock time and day, and settlement once more in plain Python."""

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from sims.clock import Clock
from sims.signals.response.events import Event
from sims.signals.response.programme import PROGRAMME
from sims.signals.response.programme_files import load_programme

LA = "America/Los_Angeles"
ELRP = load_programme("elrp", Path())
FIRM = load_programme("firm_service_level", Path())


def changed(programme, **other):
    """A programme with other values, validated."""
    return PROGRAMME.validate_python({**programme.model_dump(), **other})


def run_of(start, days, step_s=3600, zone=LA):
    """Clock of a run from a local day."""
    return Clock.from_local(datetime.fromisoformat(start), days, step_s, zone)


def at(local, zone=LA, fold=0):
    """Seconds since the epoch of a local time."""
    return int(datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp())


def event(start, end, name="e1", programme=ELRP, notice=None, value=None, zone=LA):
    """An event by local times, told at noon of the day before unless said otherwise."""
    told = at(notice, zone) if notice else at(f"{start[:10]}T12:00", zone) - 86_400
    kind = "reduce" if programme.kind == "elrp" else "limit"
    return Event(name, programme.name, kind, told, at(start, zone), at(end, zone), value)


def load_by(clock, kw):
    """Load of every step from kw(local time)."""
    return np.array([float(kw(clock.local_time(t))) for t in clock.epoch_s()])


def settled_again(programme, events, clock, site_kw):
    """Baseline, reduction and payment of every event by plain loops over local datetimes.

    Shares nothing with the library but the form of the programme; free days are weekends and the holidays
    of the season, which are stated here.
    """
    free = {"2019-05-27", "2019-07-04", "2019-09-02", "2019-10-14"}
    tz, step = ZoneInfo(clock.zone), timedelta(seconds=clock.step_s)
    permit, rule = programme.export_permit, programme.baseline
    load, instants = {}, []
    for i, kw in enumerate(site_kw.tolist()):
        now = datetime.fromtimestamp(clock.start_s + i * clock.step_s, tz)
        instants.append(now)
        load[now.replace(tzinfo=None)] = kw if permit else max(kw, 0.0)

    def is_free(day):
        return day.isoformat() in free or day.weekday() >= 5

    def times(start_s, end_s):
        return [
            datetime.fromtimestamp(t, tz).replace(tzinfo=None) for t in range(start_s, end_s, clock.step_s)
        ]

    event_days = {t.date() for e in events for t in times(e.start_s, e.end_s)}
    in_events = {t for e in events for t in times(e.start_s, e.end_s)}
    results = []
    for one in events:
        held = times(one.start_s, one.end_s)
        before = times(
            one.start_s - 3600 * rule.adjustment.from_h, one.start_s - 3600 * rule.adjustment.until_h
        )
        before = [t for t in before if t not in in_events or t >= held[0]]
        days, day = [], held[0].date() - timedelta(days=1)
        while len(days) < rule.of_days and day >= instants[0].date():
            same = [t - (held[0].date() - day) for t in held + before]
            if (
                is_free(day) == is_free(held[0].date())
                and day not in event_days
                and all(t in load for t in same)
            ):
                days.append(day)
            day -= timedelta(days=1)
        if len(days) < rule.of_days:
            results.append((None, 0.0, 0.0))
            continue

        usual = {t: sum(load[t - (held[0].date() - day)] for day in days) / len(days) for t in held + before}
        factor, cap = 1.0, rule.adjustment.cap_percent / 100
        if before and sum(usual[t] for t in before) > 0 and cap > 0:
            factor = sum(load[t] for t in before) / sum(usual[t] for t in before)
            factor = min(max(factor, 1 - cap), 1 + cap)
        kwh = 0.0
        for t in held:
            kwh += max(0.0, factor * usual[t] - load[t]) * (step / timedelta(hours=1))
        hours = (one.end_s - one.start_s) / 3600
        small = programme.subgroup == "direct" and kwh / hours < programme.minimum_kw
        results.append((factor, kwh, 0.0 if small else kwh * programme.payment_per_kwh))
    return results
