"""Bills: a year at quarter hours, and a thousand of them."""

import time
from datetime import datetime

import numpy as np

from sims.clock import Clock
from sims.signals.billing.bill import bill
from sims.signals.billing.bill_totals import bill_totals
from sims.signals.tariffs.tariff import Tariff
from tests.benchmarks.kernels import microseconds

SUMMER, WINTER = [6, 7, 8, 9], [10, 11, 12, 1, 2, 3, 4, 5]
WORKDAYS = ["mon", "tue", "wed", "thu", "fri"]
CASES = 1000
CLOCK = Clock.from_local(datetime(2019, 1, 1), 365, 900, "America/Los_Angeles")
HISTORY_KW = [80.0] * 11


def _tiers(first: float, end_kwh: float, then: float) -> list[dict[str, float]]:
    return [{"price_per_kwh": first, "up_to_kwh": end_kwh}, {"price_per_kwh": then}]


TARIFF = Tariff.model_validate(
    {
        "name": "bench",
        "currency": "USD",
        "source": "made for the benchmark",
        "holidays": "US-CA",
        "energy": [
            {"name": "summer peak", "months": SUMMER, "hours": [[16, 21]], "tiers": _tiers(0.2, 5e3, 0.3)},
            {"name": "summer", "months": SUMMER, "hours": [[21, 16]], "tiers": _tiers(0.1, 9e3, 0.15)},
            {
                "name": "winter",
                "months": WINTER,
                "tiers": _tiers(0.1, 9e3, 0.15),
                "export_price_per_kwh": 0.03,
            },
        ],
        "demand": [
            {
                "name": "any time",
                "price_per_kw": 12.0,
                "ratchet": {"rule": "percent", "percent": 80.0},
            },
            {
                "name": "summer peak",
                "price_per_kw": 20.0,
                "months": SUMMER,
                "days": WORKDAYS,
                "hours": [[16, 21]],
            },
        ],
        "fixed": [{"name": "meter", "amount": 100.0}],
        "adjustments": [{"name": "tax", "percent": 8.0}],
    }
)


def bills() -> dict[str, tuple[float, str, str]]:
    """A year with tiers, two kinds of demand, a ratchet, holidays and export; calendar and lines included."""
    load_kw = np.random.default_rng(0).uniform(-10.0, 100.0, CLOCK.n_steps)
    one_us = microseconds(lambda: bill(TARIFF, CLOCK, load_kw, demand_history_kw=HISTORY_KW), 20)
    return {
        "a year at 15 min": (one_us / 1e3, "ms", "bar 5 ms"),
        f"{CASES} such years at once": (_many_s(), "s", "bar 2 s"),
    }


def _many_s() -> float:
    loads_kw = np.random.default_rng(0).uniform(-10.0, 100.0, (CASES, CLOCK.n_steps))
    rounds: list[float] = []
    for _ in range(3):
        start = time.process_time()
        bill_totals(TARIFF, CLOCK, loads_kw, demand_history_kw=HISTORY_KW)
        rounds.append(time.process_time() - start)
    return min(rounds)
