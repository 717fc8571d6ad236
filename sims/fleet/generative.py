"""Workplace sessions drawn from a model: each port is a renewal process that starts anew every workday.

    first car     arrival, stay and energy together, from a mixture of three normals
    next car      with a chance that falls in the afternoon, after a log-normal gap; again and again
    every car     a battery, a need that the energy fills, and a departure window learned from stays

The numbers were fitted to the workdays of May to July 2019 of the JPL car park in ACN-Data (Lee, Li and
Low, e-Energy 2019): 52 ports at 6.9 kW. A port's day ends at local midnight.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from sims.clock import Clock
from sims.fleet.cars import SOC_MAX, SOC_MIN, draw_cars
from sims.fleet.mixture import Mixture
from sims.fleet.sessions import Sessions

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# columns: arrival (local clock, h), stay (h), log of the metered energy (kWh)
FIRST_CAR = Mixture(
    weight=(0.034, 0.559, 0.407),
    mean=((7.81, 6.28, 0.62), (7.00, 9.67, 2.51), (6.69, 7.92, 2.60)),
    sd=((2.39, 3.42, 1.13), (0.54, 0.73, 0.73), (0.77, 2.81, 0.65)),
    correlation=((-0.18, 0.61, -0.15), (-0.12, 0.18, -0.24), (-0.34, -0.12, 0.36)),
)
NEXT_CAR = Mixture(
    weight=(0.213, 0.313, 0.474),
    mean=((12.17, 4.52, 2.60), (14.89, 4.75, 1.68), (15.57, 2.45, 2.17)),
    sd=((0.63, 1.43, 0.60), (3.84, 2.72, 1.16), (1.08, 0.98, 0.57)),
    correlation=((-0.24, -0.11, 0.61), (-0.45, -0.06, 0.50), (-0.50, -0.35, 0.72)),
)
NEXT_CHANCE, NEXT_UNTIL_H, NEXT_FADE_H = 0.957, 15.61, 0.514
GAP_LOG_MEAN, GAP_LOG_SD = -1.40, 1.30

DAY_H = 24.0
SHORTEST_STAY_H = 0.25
# metered kWh: at least this, and no more than the ports of the car park could give in the stay
ENERGY_MIN_KWH, ENERGY_PER_H, ENERGY_BASE_KWH = 0.5, 6.9, 0.5

# 10 % and 90 % quantiles of the stay (h) by arrival; the first row is for arrivals before WINDOW_FROM_H[0]
WINDOW_FROM_H = (6.0, 6.5, 7.0, 7.5, 8.0, 10.0, 12.0, 13.0, 14.0, 15.0, 16.0)
STAY_Q10_H = np.array([6.7, 5.7, 5.3, 4.9, 4.4, 4.1, 2.3, 2.3, 2.3, 1.8, 1.5, 0.9])
STAY_Q90_H = np.array([11.7, 10.9, 10.8, 10.6, 10.5, 10.2, 7.5, 6.3, 6.3, 5.1, 4.3, 4.6])


def generate_sessions(
    n_ports: int,
    clock: Clock,
    rng: np.random.Generator,
    *,
    activity: float = 0.989,
    workdays_only: bool = True,
) -> Sessions:
    """Draw the sessions of a car park over a run.

    Parameters
    ----------
    n_ports : int
        Number of ports; sessions of one port (`station`) never overlap [-].
    clock : Clock
        Time axis; its zone says when it is morning.
    rng : numpy Generator
        The only source of randomness.
    activity : float
        Probability that a port sees a car on a day at all, 0..1 [-].
    workdays_only : bool
        No sessions on Saturdays and Sundays; otherwise every day is like a workday.

    Returns
    -------
    Sessions
        By arrival; ids `g000000`, `g000001`, ... in that order, each car comes once.
    """
    dates = _dates(clock, workdays_only)
    day, port = np.nonzero(rng.random((len(dates), n_ports)) < activity)
    chain, hours = _chains(len(day), rng)
    day, port = day[chain], port[chain]
    start_of_hour = _start_of_hour(dates, clock.zone)
    arrival_s = _epoch_s(start_of_hour, day, hours[:, 0])
    departure_s = _epoch_s(start_of_hour, day, hours[:, 0] + hours[:, 1])
    inside = (departure_s > arrival_s) & (departure_s > clock.start_s) & (arrival_s < clock.end_s)
    order = np.lexsort((port, arrival_s))
    order = order[inside[order]]
    return _sessions(port[order], arrival_s[order], departure_s[order], hours[order], rng)


def _chains(n: int, rng: np.random.Generator) -> tuple[Ints, Floats]:
    """All cars of n days of a port: their day, shape (m,), and arrival, stay, energy, shape (m, 3)."""
    chain, cars = np.arange(n), FIRST_CAR.sample(n, rng)
    chains, drawn = [], []
    while len(chain):
        cars = _within_bounds(cars)
        chains.append(chain)
        drawn.append(cars)
        leave_h = cars[:, 0] + cars[:, 1]
        chance = NEXT_CHANCE / (1.0 + np.exp((leave_h - NEXT_UNTIL_H) / NEXT_FADE_H))
        arrive_h = leave_h + rng.lognormal(GAP_LOG_MEAN, GAP_LOG_SD, len(chain))
        again = (rng.random(len(chain)) < chance) & (arrive_h < DAY_H - SHORTEST_STAY_H)
        chain, cars = chain[again], NEXT_CAR.sample_given_first(arrive_h[again], rng)
    if not drawn:
        return chain, np.empty((0, 3))
    return np.concatenate(chains), np.concatenate(drawn)


def _within_bounds(cars: Floats) -> Floats:
    """Arrival inside the day, a stay of some minutes, and the energy, now in kWh, that fits into it."""
    arrive_h = np.clip(cars[:, 0], 0.0, DAY_H - SHORTEST_STAY_H)
    stay_h = np.maximum(cars[:, 1], SHORTEST_STAY_H)
    energy_kwh = np.clip(np.exp(cars[:, 2]), ENERGY_MIN_KWH, ENERGY_PER_H * stay_h + ENERGY_BASE_KWH)
    return np.column_stack([arrive_h, stay_h, energy_kwh])


def _sessions(
    port: Ints, arrival_s: Ints, departure_s: Ints, hours: Floats, rng: np.random.Generator
) -> Sessions:
    """Give ids, batteries and departure windows to cars that are in order."""
    n = len(port)
    width = max(6, len(str(n)))
    ids = tuple(f"g{index:0{width}d}" for index in range(n))
    cars = draw_cars(hours[:, 2], rng)
    learned = np.searchsorted(WINDOW_FROM_H, hours[:, 0], side="right")
    return Sessions(
        session_id=ids,
        vehicle_id=ids,
        station=tuple(f"port_{index:04d}" for index in port.tolist()),
        arrival_s=arrival_s,
        departure_s=departure_s,
        window_start_s=arrival_s + np.rint(STAY_Q10_H[learned] * 3600.0).astype(np.int64),
        window_end_s=arrival_s + np.rint(STAY_Q90_H[learned] * 3600.0).astype(np.int64),
        capacity_kwh=cars.capacity_kwh,
        soc_arrival=cars.soc_arrival,
        soc_required=cars.soc_required,
        soc_min=np.full(n, SOC_MIN),
        soc_max=np.full(n, SOC_MAX),
        p_charge_max_kw=np.full(n, np.inf),
        p_discharge_max_kw=np.full(n, np.inf),
        phases=np.full(n, 3, dtype=np.int64),
    )


def _dates(clock: Clock, workdays_only: bool) -> list[datetime]:
    """Local midnights, naive, of the days the run touches."""
    first = clock.local_time(clock.start_s).replace(hour=0, minute=0, second=0, tzinfo=None)
    last = clock.local_time(clock.end_s - 1).replace(tzinfo=None)
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return [day for day in days if day.weekday() < 5 or not workdays_only]


def _start_of_hour(dates: list[datetime], zone: str) -> Ints:
    """When the local clock shows 0:00, 1:00, ... 24:00 of each day, shape (n, 25), epoch seconds [s]."""
    tz = ZoneInfo(zone)
    shown = [
        [(day + timedelta(hours=hour)).replace(tzinfo=tz).timestamp() for hour in range(25)] for day in dates
    ]
    return np.array(shown, dtype=np.int64).reshape(-1, 25)


def _epoch_s(start_of_hour: Ints, day: Ints, clock_h: Floats) -> Ints:
    """Instants at which the local clock shows `clock_h` on a `day`, at most its end; order is kept.

    An hour that the change to summer time skips shrinks to its start, one that comes twice is its first.
    """
    hour = np.minimum(clock_h.astype(np.int64), 23)
    into_s = ((clock_h - hour) * 3600.0).astype(np.int64)
    return np.minimum(start_of_hour[day, hour] + into_s, start_of_hour[day, hour + 1])
