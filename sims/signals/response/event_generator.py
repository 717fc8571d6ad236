"""Events drawn from a seed: likelier on hot days and at high prices, within the rules of the programme."""

from collections import defaultdict
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from sims.clock import SECONDS_PER_HOUR, Clock
from sims.signals.response.event_checks import metered_days, missing_days
from sims.signals.response.event_rules import broken_rules, latest_notice_s
from sims.signals.response.events import Event
from sims.signals.response.local_days import LocalDays
from sims.signals.response.programme import Elrp, Notice, Programme
from sims.signals.tariffs.periods import DAY_TYPES, MONTH_OF_DAY

Floats = npt.NDArray[np.float64]

MOST_LOG_ODDS = 50.0
"""Beyond it a probability is 0 or 1 to the last digit."""


def generate_events(
    programme: Programme,
    clock: Clock,
    rng: np.random.Generator,
    *,
    temperature_c: Floats | None = None,
    price_per_kwh: Floats | None = None,
    events_per_season: float = 8.0,
    reference_temperature_c: float = 32.0,
    log_odds_per_k: float = 0.3,
    reference_price_per_kwh: float = 0.2,
    log_odds_per_price: float = 5.0,
    day_of_share: float = 0.0,
    history_start_s: int | None = None,
) -> tuple[Event, ...]:
    """Draw the events of a run.

    Parameters
    ----------
    programme : Programme
        Season, window, lengths, budget and notice.
    clock : Clock
        Time axis of the run.
    rng : Generator
        Of the component that asks; it draws the same numbers whatever the series say.
    temperature_c, price_per_kwh : floats, shape (n_steps,), optional
        Outdoor temperature [degC] and price [1/kWh]; a day counts by its highest.
    events_per_season : float
        Expected events of a season whose days are all at the references [-].
    reference_temperature_c : float
        Daily maximum at which a day is as likely as without the series [degC].
    log_odds_per_k : float
        A day hotter by 1 K has its odds times exp(this) [1/K].
    reference_price_per_kwh : float
        Daily maximum at which a day is as likely as without the series [1/kWh].
    log_odds_per_price : float
        A day dearer by 1 per kWh has its odds times exp(this) [kWh].
    day_of_share : float
        Share of events told on the day, where the programme allows both [-].
    history_start_s : int, optional
        Since when the load is known, for baseline days; by default since the start of the run [s].

    Returns
    -------
    tuple of Event
        In order of time, at most one starts on a day, of whole hours; they pass `check_events`.

    Raises
    ------
    ValueError
        The programme is a firm service level without a cap.

    Notes
    -----
    With p0 = events_per_season / days of the season, and for a day of highest temperature T and price c::

        p = odds / (1 + odds),    odds = p0 / (1 - p0) * exp(b_T (T - T_ref) + b_c (c - c_ref))

    Four uniform numbers a local day decide whether there is an event, how long it is, when it starts and
    how it is told. An event that no rule allows that day (window, budget, baseline days) is not called.
    The slopes are defaults to be fitted to a programme, not to be read off a source.
    """
    if not isinstance(programme, Elrp) and programme.cap_kw is None:
        raise ValueError(f"{programme.name} has no cap_kw: its events would have no limit")
    days, known = LocalDays.of(clock, programme.holidays), metered_days(programme, clock, history_start_s)
    log_odds = log_odds_per_k * _above(days, temperature_c, reference_temperature_c)
    log_odds += log_odds_per_price * _above(days, price_per_kwh, reference_price_per_kwh)
    drawn = rng.random((len(days.ordinal), 4))
    events: list[Event] = []
    spent_h: defaultdict[int, float] = defaultdict(float)
    for row in np.flatnonzero(drawn[:, 0] < event_chance(programme, events_per_season, log_odds)):
        day = days.date(int(row))
        if day.month not in programme.months or DAY_TYPES[days.day_type[row]] not in programme.days:
            continue
        free_s, left_h = events[-1].end_s if events else 0, programme.budget_h - spent_h[day.year]
        event = _event_of(programme, clock, day, free_s, left_h, drawn[row, 1:], day_of_share)
        if event is not None and not missing_days(event, [*events, event], programme, known):
            events.append(event)
            spent_h[day.year] += (event.end_s - event.start_s) / SECONDS_PER_HOUR
    return tuple(events)


def event_chance(programme: Programme, events_per_season: float, log_odds: Floats) -> Floats:
    """Probability of an event on each day of the season.

    Parameters
    ----------
    programme : Programme
        Its season and kinds of day make the days of a season.
    events_per_season : float
        Expected events of a season whose days have log odds of 0 [-].
    log_odds : floats, shape (n_days,)
        What temperature and price add [-].

    Returns
    -------
    floats, shape (n_days,)
        0..1, rising in `log_odds` [-].
    """
    week = sum(day != "holiday" for day in programme.days) / 7.0
    season_days = week * float(np.isin(MONTH_OF_DAY, programme.months).sum())
    base = min(1.0, events_per_season / max(season_days, 1.0))
    odds = base * np.exp(np.clip(log_odds, -MOST_LOG_ODDS, MOST_LOG_ODDS))
    return odds / (odds + (1.0 - base))


def _above(days: LocalDays, series: Floats | None, reference: float) -> Floats:
    """Highest value of every local day above the reference, 0 without a series, shape (n_days,)."""
    if series is None:
        return np.zeros(len(days.ordinal))
    return np.maximum.reduceat(series, np.flatnonzero(np.diff(days.row, prepend=-1))) - reference


def _event_of(
    programme: Programme,
    clock: Clock,
    day: date,
    free_s: int,
    left_h: float,
    drawn: Floats,
    day_of_share: float,
) -> Event | None:
    """Event of a day: of the length drawn or the next shorter that fits, at the start drawn or the next."""
    allowed = programme.event_length
    lengths_h = np.arange(allowed.min_h, allowed.max_h + 1e-9)
    open_hours = np.any(programme.window.table(), axis=(0, 1), keepdims=True)[0, 0]
    for length_h in lengths_h[int(drawn[0] * len(lengths_h)) :: -1]:
        if length_h > left_h:
            continue
        starts = [
            h for h in range(24) if open_hours[(h + np.arange(np.ceil(length_h), dtype=int)) % 24].all()
        ]
        first = int(drawn[1] * len(starts))
        for hour in starts[first:] + starts[:first]:
            event = _event_at(programme, clock, day, hour, float(length_h), bool(drawn[2] < day_of_share))
            if event.start_s >= free_s and not broken_rules(event, programme, clock):
                return event
    return None


def _event_at(
    programme: Programme, clock: Clock, day: date, hour: int, length_h: float, day_of: bool
) -> Event:
    start_s = int(datetime.combine(day, time(hour), ZoneInfo(clock.zone)).timestamp())
    by_cap = None if isinstance(programme, Elrp) else programme.cap_kw
    return Event(
        event_id=f"{programme.name}-{day}",
        programme=programme.name,
        kind="reduce" if by_cap is None else "limit",
        notice_s=latest_notice_s(_told(programme.notice, day_of), start_s, clock.zone),
        start_s=start_s,
        end_s=start_s + round(length_h * SECONDS_PER_HOUR),
        value=by_cap,
    )


def _told(notice: Notice, day_of: bool) -> Notice:
    """The way an event is told: the day before, unless the day itself was drawn or is the only way."""
    if notice.day_ahead_by_h is None or (day_of and notice.day_of_lead_minutes is not None):
        return Notice(day_of_lead_minutes=notice.day_of_lead_minutes)
    return Notice(day_ahead_by_h=notice.day_ahead_by_h)
