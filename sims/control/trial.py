"""The few hours that `check_policy` plays: cars come and go, the load crosses the threshold, twins tie,
and two events are called.

`changed_after` gives the same hours with another future: what it leaves alone is all that is known.
"""

from dataclasses import replace

import numpy as np

from sims.clock import SECONDS_PER_DAY
from sims.control.policy import Floats, Ints
from sims.control.rehearsal import Episode
from sims.control.stand_in import StandInFeeder
from sims.fleet.evse import BIDIRECTIONAL, UNCONTROLLED, UNIDIRECTIONAL, Ports
from sims.fleet.rules import SiteRules
from sims.fleet.sessions import Sessions
from sims.forecast import ForecastRequest
from sims.signals.response.events import Event

STEP_S = 900
N_STEPS = 24
KINDS = (UNCONTROLLED, UNIDIRECTIONAL, UNIDIRECTIONAL, BIDIRECTIONAL, BIDIRECTIONAL, BIDIRECTIONAL)
PEAK_KW = 100.0  # the default threshold of the rules is 0.8 of it
SITE_CAP_KW = 125.0
RATED_KVA = 115.0
HORIZON_STEPS = 20

# arrival, true and declared departure [min]; capacity [kWh]; state of charge on arrival and required
CARS = (
    (-30, 150, 165, 60, 0.5, 0.8),  # parked before the start, leaves early
    (0, 240, 230, 40, 0.3, 0.9),  # twins at bidirectional ports: whatever tells them apart is their id
    (0, 240, 230, 40, 0.3, 0.9),
    (10, 300, 290, 75, 0.6, 0.8),  # twins at unidirectional ports, inside a step
    (10, 300, 290, 75, 0.6, 0.8),
    (40, 202, 120, 60, 0.2, 0.9),  # stays beyond its declared departure
    (150, 330, 340, 24, 0.9, 0.7),  # has more than it needs
    (250, 345, 350, 62, 0.5, 0.7),  # twins, the second still there at the end
    (250, 400, 350, 62, 0.5, 0.7),
    (305, 340, 330, 50, 0.4, 0.8),
)
HOURLY_BUILDING_KW = (50.0, 95.0, 40.0, 110.0, 60.0, 85.0)
# told in the second step and in the one it starts in; the months' end lies in the second
EVENTS = (
    Event("early", "trial", "reduce", notice_s=900, start_s=4500, end_s=8100),
    Event("late", "trial", "limit", notice_s=13500, start_s=13500, end_s=16200, value=85.0),
)
HOURLY_PRICE = (0.11, 0.11, 0.14, 0.30, -0.05, 0.14)


def trial(n_ports: int = len(KINDS)) -> Episode:
    """The hours at a site with `n_ports` ports, 0 to 6."""
    kind = np.array(KINDS[len(KINDS) - n_ports :], dtype=np.int64)
    k = np.arange(N_STEPS, dtype=np.int64)
    return Episode(
        sessions=_sessions(),
        ports=Ports(
            kind=kind,
            p_max_kw=np.where(kind == UNCONTROLLED, 7.0, 20.0),
            p_discharge_max_kw=np.where(kind == BIDIRECTIONAL, 15.0, 0.0),
            eta_charge=np.full(n_ports, 0.95),
            eta_discharge=np.full(n_ports, 0.9),
            phases=np.full(n_ports, 3),
        ),
        building_kw=np.repeat(HOURLY_BUILDING_KW, 4) + np.mod(k, 3.0),
        price_per_kwh=np.repeat(HOURLY_PRICE, 4),
        export_price_per_kwh=0.5 * np.repeat(HOURLY_PRICE, 4),
        co2_g_per_kwh=np.linspace(300.0, 500.0, N_STEPS),
        demand_window=np.where(k < 4, -1, k // 2),
        billing_month=(k >= 16).astype(np.int64),
        rules=SiteRules(site_cap_kw=SITE_CAP_KW),
        building_peak_kw=PEAK_KW,
        feeder=StandInFeeder(rated_kva=RATED_KVA, drop_pu_per_kw=0.1 / RATED_KVA),
        steps_per_window=2,
        step_s=STEP_S,
        events=EVENTS,
        forecasts=_forecasts(),
    )


def changed_after(episode: Episode, t: int, rng: np.random.Generator) -> Episode:
    """The same episode up to the start of step `t`, and another one of chance after it.

    Kept are the load, prices and signals of steps 0..t, the cars seen until then, what they declared,
    the departures that freed a port by then, and the events told by then. All else is drawn anew.
    """
    later = np.arange(episode.n_steps) > t

    def redrawn(series: Floats, low: float, high: float) -> Floats:
        return np.where(later, rng.uniform(low, high, len(series)), series)

    return replace(
        episode,
        sessions=_other_sessions(episode, t, rng),
        building_kw=redrawn(episode.building_kw, 0.0, 150.0),
        price_per_kwh=redrawn(episode.price_per_kwh, -0.1, 0.5),
        export_price_per_kwh=redrawn(episode.export_price_per_kwh, -0.1, 0.5),
        co2_g_per_kwh=redrawn(episode.co2_g_per_kwh, 0.0, 600.0),
        demand_window=np.where(later & (rng.random(episode.n_steps) < 0.5), -1, episode.demand_window),
        events=_other_events(episode, t, rng),
    )


def _forecasts() -> dict[str, ForecastRequest]:
    """Forecasts from the day before, which was another one: none knows the hours that are played."""
    quarter = np.arange(SECONDS_PER_DAY // STEP_S)
    day_before = {
        "load": 70.0 + 40.0 * np.sin(quarter / 5.0),
        "price": 0.15 + 0.1 * np.cos(quarter / 3.0),
        "co2": 400.0 - quarter,
        "arrivals": np.mod(quarter, 2.0),
    }
    return {
        quantity: ForecastRequest("persistence", HORIZON_STEPS, before=series.tolist())
        for quantity, series in day_before.items()
    }


def _sessions() -> Sessions:
    arrival, departure, declared, capacity, soc_arrival, soc_required = np.array(CARS, dtype=np.float64).T
    n = len(CARS)
    names = tuple(f"car {row}" for row in range(n))
    return Sessions(
        session_id=names,
        vehicle_id=names,
        station=("",) * n,
        arrival_s=_seconds(arrival),
        departure_s=_seconds(departure),
        window_start_s=_seconds(declared),
        window_end_s=_seconds(declared + 30.0),
        capacity_kwh=capacity,
        soc_arrival=soc_arrival,
        soc_required=soc_required,
        soc_min=np.full(n, 0.1),
        soc_max=np.ones(n),
        p_charge_max_kw=np.full(n, np.inf),
        p_discharge_max_kw=np.full(n, np.inf),
        phases=np.full(n, 3),
    )


def _seconds(minutes: Floats) -> Ints:
    return (60 * minutes).astype(np.int64)


def _other_sessions(episode: Episode, t: int, rng: np.random.Generator) -> Sessions:
    known, n = episode.sessions, len(episode.sessions)
    now_s = episode.start_s + t * episode.step_s
    end_s = episode.start_s + episode.n_steps * episode.step_s
    unseen, leaves_later = known.arrival_s > now_s, known.departure_s > now_s
    arrival_s = np.where(unseen, rng.integers(now_s + 1, end_s + 1, n), known.arrival_s)
    stay_until_s = rng.integers(np.maximum(now_s, arrival_s) + 1, end_s + 2 * episode.step_s)
    declared_s = arrival_s + rng.integers(1, episode.n_steps * episode.step_s, n)
    return replace(
        known,
        arrival_s=arrival_s,
        departure_s=np.where(leaves_later, stay_until_s, known.departure_s),
        window_start_s=np.where(unseen, declared_s, known.window_start_s),
        window_end_s=np.where(unseen, declared_s + 1800, known.window_end_s),
        capacity_kwh=np.where(unseen, rng.uniform(20.0, 100.0, n), known.capacity_kwh),
        soc_arrival=np.where(unseen, rng.uniform(0.1, 1.0, n), known.soc_arrival),
        soc_required=np.where(unseen, rng.uniform(0.1, 1.0, n), known.soc_required),
    )


def _other_events(episode: Episode, t: int, rng: np.random.Generator) -> tuple[Event, ...]:
    """The events told by the start of step `t`, and another one in place of each that is not."""
    now_s = episode.start_s + t * episode.step_s
    events: list[Event] = []
    for event in episode.events:
        if event.notice_s <= now_s:
            events.append(event)
            continue
        notice_s, start_s, end_s = now_s + episode.step_s * np.cumsum(rng.integers(1, 5, 3))
        events.append(replace(event, notice_s=int(notice_s), start_s=int(start_s), end_s=int(end_s)))
    return tuple(events)
