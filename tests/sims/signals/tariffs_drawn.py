"""Tariffs and loads drawn by hypothesis."""

from datetime import datetime

import numpy as np
from hypothesis import strategies as st

from sims.clock import Clock
from sims.signals.tariffs.tariff import Tariff

WORKDAYS = ["mon", "tue", "wed", "thu", "fri"]
FREE_DAYS = ["sat", "sun", "holiday"]
SEASONS = (
    [{}],
    [{"months": [11, 12, 1, 2, 3]}, {"months": [4, 5, 6, 7, 8, 9, 10]}],
    [{"dates": [["11-15", "02-29"]]}, {"dates": [["03-01", "11-14"]]}],
)
STARTS = (
    datetime(2019, 12, 20),  # over New Year into a leap year
    datetime(2020, 2, 20, 12),  # leap day, from noon to noon
    datetime(2019, 3, 1),
    datetime(2019, 10, 20),
    datetime(2019, 7, 1),
)
ZONES = ("America/Los_Angeles", "Europe/Rome", "Asia/Kolkata")

prices = st.floats(-0.5, 1.0).map(lambda value: round(value, 3))
per_kw = st.floats(0.0, 30.0).map(lambda value: round(value, 2))


@st.composite
def steps_up(draw, price, price_name, end_name, ends):
    """A price, or tiers of it."""
    if draw(st.booleans()):
        return {price_name: draw(price)}
    above = sorted(draw(st.sets(st.sampled_from(ends), min_size=1, max_size=2)))
    tiers = [{price_name: draw(price), end_name: end} for end in above]
    return {"tiers": [*tiers, {price_name: draw(price)}]}


@st.composite
def energy_periods(draw):
    periods = []
    for season in draw(st.sampled_from(SEASONS)):
        for days in draw(st.sampled_from([[{}], [{"days": WORKDAYS}, {"days": FREE_DAYS}]])):
            start, end = sorted(draw(st.sets(st.integers(0, 23), min_size=2, max_size=2)))
            hours = draw(st.sampled_from([[[[0, 24]]], [[[start, end]], [[end, start]]]]))
            for spans in hours:
                rate = draw(steps_up(prices, "price_per_kwh", "up_to_kwh", (50.0, 400.0, 2000.0)))
                if "tiers" in rate:
                    rate["tiers_per"] = draw(st.sampled_from(["month", "day"]))
                rate["export_price_per_kwh"] = draw(st.sampled_from([0.0, 0.05, -0.02]))
                periods.append(
                    {"name": draw(st.sampled_from("abc")), "hours": spans, **season, **days, **rate}
                )
    return periods


@st.composite
def ratchets(draw):
    rule = draw(st.sampled_from(["percent", "average"]))
    some = draw(st.sampled_from([list(range(1, 13)), [6, 7, 8, 9], [12, 1]]))
    ratchet = {"rule": rule, "lookback_months": draw(st.integers(1, 14)), "months": some}
    return ratchet | ({"percent": draw(st.sampled_from([50.0, 80.0, 100.0]))} if rule == "percent" else {})


@st.composite
def demand_periods(draw):
    start = draw(st.integers(0, 23))
    period = {"name": draw(st.sampled_from("pq")), "hours": [[start, draw(st.integers(start + 1, 24))]]}
    period |= draw(st.sampled_from([{}, {"days": WORKDAYS}, {"days": FREE_DAYS}]))
    period |= draw(st.sampled_from([season for seasons in SEASONS for season in seasons]))
    period |= draw(steps_up(per_kw, "price_per_kw", "up_to_kw", (5.0, 20.0)))
    period["minimum_kw"] = draw(st.sampled_from([0.0, 8.0]))
    return period | draw(st.one_of(st.just({}), ratchets().map(lambda ratchet: {"ratchet": ratchet})))


def charges(**bounds):
    per = st.sampled_from(["day", "month", "year"])
    return st.fixed_dictionaries(
        {"amount": st.floats(1, 500).map(lambda v: round(v, 2)), "per": per, **bounds}
    )


adjustments = st.one_of(
    st.fixed_dictionaries({"name": st.just("levy"), "price_per_kwh": prices}),
    st.fixed_dictionaries(
        {
            "name": st.just("tax"),
            "percent": st.sampled_from([-10.0, 7.25]),
            "of": st.sets(st.sampled_from(["energy", "demand", "fixed", "minimum"]), min_size=1).map(sorted),
        }
    ),
)


@st.composite
def tariffs(draw, **given):
    described = {
        "name": "drawn",
        "currency": "EUR",
        "source": "drawn",
        "holidays": draw(st.sampled_from(["US-CA", "IT"])),
        "demand_window_minutes": draw(st.sampled_from([30, 60])),
        "energy": draw(energy_periods()),
        "demand": draw(st.lists(demand_periods(), max_size=3)),
        "fixed": draw(st.lists(charges(name=st.just("meter")), max_size=2)),
        "minimum": draw(st.lists(charges(), max_size=2)),
        "adjustments": draw(st.lists(adjustments, max_size=2)),
        "real_time": draw(st.sampled_from([None, {"factor": 1.1, "export_factor": 0.9}])),
    }
    return Tariff.model_validate({**described, **given})


@st.composite
def cases(draw, **given):
    """A tariff, a clock, three loads, market prices or None, and a history of what is ratcheted."""
    tariff = draw(tariffs(**given))
    days, step_min = draw(st.sampled_from([(35, 30), (75, 30), (1, 30)]))
    clock = Clock.from_local(draw(st.sampled_from(STARTS)), days, step_min * 60, draw(st.sampled_from(ZONES)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    loads_kw = rng.uniform(-6.0, 24.0, (3, clock.n_steps)) * rng.choice([1.0, 0.2], (3, clock.n_steps))
    market = rng.uniform(-0.1, 0.3, clock.n_steps) if tariff.real_time is not None else None
    named = {period.name for period in tariff.demand if period.ratchet is not None}
    history = {name: rng.uniform(0, 40, rng.integers(0, 2)).tolist() for name in sorted(named)}
    return tariff, clock, loads_kw, market, history or None
