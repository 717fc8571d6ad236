"""Charging in the cheapest hours against the optimum of a linear programme, and against not looking."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from sims.control.cheapest_hours import CheapestHours
from sims.control.check_policy import check_policy
from sims.control.rehearsal import Episode, rehearse
from sims.control.rules import Required, Uncontrolled
from sims.faults import SimulationError
from sims.fleet.evse import BIDIRECTIONAL, UNIDIRECTIONAL, Ports
from sims.fleet.rules import SiteRules
from sims.fleet.sessions import Sessions
from sims.forecast import ForecastRequest

STEP_S, DT_H, N_STEPS, P_MAX_KW, ETA = 1800, 0.5, 48, 11.0, 0.92
PERFECT = ForecastRequest("perfect", N_STEPS)


def episode(cars, price, co2=None, *, start_s=0, site_cap_kw=np.inf, kind=UNIDIRECTIONAL, told=None):
    """A port for each car: (arrival, departure) [s] and share of its capacity it needs."""
    n = len(cars)
    arrival, departure = (start_s + np.array([car[i] for car in cars], dtype=np.int64) for i in (0, 1))
    names = tuple(f"c{i}" for i in range(n))
    sessions = Sessions(
        session_id=names,
        vehicle_id=names,
        station=("",) * n,
        arrival_s=arrival,
        departure_s=departure,
        window_start_s=departure,
        window_end_s=departure,
        capacity_kwh=np.full(n, 60.0),
        soc_arrival=np.full(n, 0.1),
        soc_required=0.1 + np.array([car[2] for car in cars]),
        soc_min=np.zeros(n),
        soc_max=np.ones(n),
        p_charge_max_kw=np.full(n, np.inf),
        p_discharge_max_kw=np.full(n, np.inf),
        phases=np.full(n, 3),
    )
    ports = Ports(
        kind=np.full(n, kind),
        p_max_kw=np.full(n, P_MAX_KW),
        p_discharge_max_kw=np.full(n, P_MAX_KW if kind == BIDIRECTIONAL else 0.0),
        eta_charge=np.full(n, ETA),
        eta_discharge=np.full(n, 0.9),
        phases=np.full(n, 3),
    )
    return Episode(
        sessions=sessions,
        ports=ports,
        building_kw=np.full(len(price), 5.0),
        price_per_kwh=np.asarray(price, dtype=float),
        export_price_per_kwh=np.zeros(len(price)),
        co2_g_per_kwh=np.zeros(len(price)) if co2 is None else np.asarray(co2, dtype=float),
        demand_window=np.full(len(price), -1),
        billing_month=np.zeros(len(price), dtype=np.int64),
        rules=SiteRules(site_cap_kw=site_cap_kw),
        start_s=start_s,
        step_s=STEP_S,
        forecasts={"co2": PERFECT, "price": told or PERFECT},
    )


def cost_of(policy, hours):
    played = rehearse(policy, hours, np.random.default_rng(0))
    return float(hours.price_per_kwh @ played.evse_kw.sum(axis=1)) * DT_H, played


def least_cost(hours):
    """Optimum of the linear programme: energy of each car and step, as much as it needs where it stands."""
    cars, lowest = hours.sessions, 0.0
    for i in range(len(cars)):
        at_s = STEP_S * np.arange(N_STEPS)
        plugged = np.clip((cars.departure_s[i] - at_s) / STEP_S, 0.0, 1.0) * (at_s >= cars.arrival_s[i])
        need_kwh = (cars.soc_required[i] - cars.soc_arrival[i]) * cars.capacity_kwh[i] / ETA
        need_kwh = min(need_kwh, P_MAX_KW * DT_H * plugged.sum())
        bounds = [(0.0, P_MAX_KW * DT_H * share) for share in plugged]
        solved = linprog(hours.price_per_kwh, A_eq=np.ones((1, N_STEPS)), b_eq=[need_kwh], bounds=bounds)
        assert solved.success
        lowest += solved.fun
    return lowest


@st.composite
def days(draw):
    """Cars inside a day at any second, prices with ties and below zero."""
    cars = []
    for _ in range(draw(st.integers(1, 4))):
        arrival_s = draw(st.integers(0, 70_000))
        departure_s = draw(st.integers(arrival_s + 1, 86_400))
        cars.append((arrival_s, departure_s, draw(st.floats(0.0, 0.9))))
    prices = st.sampled_from([-0.05, 0.0, 0.1, 0.1001, 0.2, 0.3, 1.0])
    return episode(cars, draw(st.lists(prices, min_size=N_STEPS, max_size=N_STEPS)))


MISSING = ("missing_kwh", "unavoidable_kwh")


@settings(max_examples=40, deadline=None)
@given(days())
def test_a_forecast_that_comes_true_gives_the_least_cost(hours):
    cost, played = cost_of(CheapestHours(), hours)
    assert cost == pytest.approx(least_cost(hours), abs=1e-7)
    missing, unavoidable = (np.array(played.outcome["sessions"][name]) for name in MISSING)
    np.testing.assert_allclose(missing, unavoidable, atol=1e-9)


@settings(max_examples=25, deadline=None)
@given(days())
def test_it_is_never_dearer_than_charging_at_once(hours):
    hours = replace(hours, price_per_kwh=np.abs(hours.price_per_kwh))
    cost, _ = cost_of(CheapestHours(), hours)
    assert cost <= cost_of(Required(), hours)[0] + 1e-9
    assert cost <= cost_of(Uncontrolled(), hours)[0] + 1e-9


def test_the_steps_by_hand():
    # 11 kW half an hour: 5.5 kWh; three steps are needed, 16.5 * 0.92 / 60 of the battery
    price = np.full(N_STEPS, 0.5)
    price[[4, 9, 20, 30]] = 0.1, 0.2, 0.3, 0.05  # the car is gone in step 30
    hours = episode([(3 * STEP_S, 25 * STEP_S, 16.5 * ETA / 60.0)], price)
    cost, played = cost_of(CheapestHours(), hours)
    assert np.flatnonzero(played.evse_kw[:, 0] > 1e-9).tolist() == [4, 9, 20]
    assert cost == pytest.approx(5.5 * (0.1 + 0.2 + 0.3))


def test_equal_steps_are_used_as_early_as_possible():
    hours = episode([(0, 40 * STEP_S, 16.5 * ETA / 60.0)], np.full(N_STEPS, 0.2))
    _, played = cost_of(CheapestHours(), hours)
    assert np.flatnonzero(played.evse_kw[:, 0] > 1e-9).tolist() == [0, 1, 2]


def test_by_co2_it_looks_at_nothing_else():
    price = np.linspace(0.1, 0.5, N_STEPS)
    co2 = np.where(np.arange(N_STEPS) == 7, 100.0, 400.0)
    hours = episode([(0, 20 * STEP_S, 5.5 * ETA / 60.0)], price, co2)
    _, played = cost_of(CheapestHours(by="co2"), hours)
    assert np.flatnonzero(played.evse_kw[:, 0] > 1e-9).tolist() == [7]
    assert CheapestHours(by="co2").needs_forecasts == ("co2",)
    with pytest.raises(ValueError, match='by = "cost": allowed "price" or "co2"'):
        CheapestHours(by="cost")


def test_published_prices_do_as_well_as_perfect_ones_while_they_are_known():
    """From 13:00 on all prices until the next midnight are public: who comes and leaves by then knows all.

    t   0 h ... 13 h published ... 15 h arrives ... 24 h ... 40 h leaves
    """
    price = np.repeat(
        [0.0, 0.5, 0.9, 0.8, 0.7], [26, 14, 8, 24, 24]
    )  # a night that is dear after a cheap one
    cars = [((30 + i) * STEP_S, (80 + i) * STEP_S, 0.6) for i in range(3)]
    hours = {
        name: episode(cars, price, told=request)
        for name, request in {
            "perfect": ForecastRequest("perfect", 96),
            "published": ForecastRequest("published", 96, publication_hour=13),
            "late": ForecastRequest("published", 96, publication_hour=20),
        }.items()
    }
    played = {name: cost_of(CheapestHours(), one) for name, one in hours.items()}
    np.testing.assert_array_equal(played["perfect"][1].evse_kw, played["published"][1].evse_kw)
    assert played["late"][0] > played["perfect"][0] + 0.01


def test_under_a_site_cap_the_fleet_shares_what_there_is():
    price = np.where(np.arange(N_STEPS) == 10, 0.1, 0.4)
    hours = episode([(0, 30 * STEP_S, 5.5 * ETA / 60.0)] * 3, price, site_cap_kw=5.0 + 22.0)
    _, played = cost_of(CheapestHours(), hours)
    assert played.site_kw.max() <= 27.0 + 1e-9
    assert sum(played.outcome["sessions"]["missing_kwh"]) == pytest.approx(0.0, abs=1e-9)  # made up for later


def test_cars_that_could_discharge_do_not():
    price = np.tile([0.05, 1.0], N_STEPS // 2)
    _, played = cost_of(CheapestHours(), episode([(0, 30 * STEP_S, 0.3)], price, kind=BIDIRECTIONAL))
    assert played.evse_kw.min() == 0.0


def test_a_guess_that_is_wrong_costs_money_but_no_service():
    day, day_before = (np.repeat(prices, 24) for prices in ([0.2, 0.4], [0.5, 0.1]))
    wrong = ForecastRequest("persistence", N_STEPS, before=day_before.tolist())
    hours = episode([(0, 30 * STEP_S, 0.5)], day, told=wrong)
    cost, played = cost_of(CheapestHours(), hours)
    assert played.outcome["sessions"]["missing_kwh"] == [pytest.approx(0.0, abs=1e-9)]
    assert cost > cost_of(CheapestHours(), replace(hours, forecasts={"price": PERFECT}))[0] + 0.5


@pytest.mark.parametrize("by", ["price", "co2"])
def test_it_keeps_the_contract(by):
    check_policy(CheapestHours, by=by)


def test_without_its_forecast_it_does_not_guess():
    hours = replace(episode([(0, 9000, 0.1)], np.zeros(N_STEPS)), forecasts={})
    with pytest.raises(SimulationError, match="policy CheapestHours needs a forecast of price: none came"):
        rehearse(CheapestHours(), hours, np.random.default_rng(0))
