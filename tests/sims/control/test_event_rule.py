"""How the threshold rules answer events: before, during and after, and that nobody pays for it with range."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sims.control.rehearsal import Episode, rehearse
from sims.control.rules import EarliestDeadlineFirst, LeastLaxityFirst
from sims.fleet.evse import BIDIRECTIONAL, UNCONTROLLED, UNIDIRECTIONAL, Ports
from sims.fleet.rules import SiteRules
from sims.fleet.sessions import Sessions
from sims.signals.response.events import Event

N_STEPS, STEP_S, HOUR = 40, 900, 4  # ten hours
REDUCE = Event("e", "test", "reduce", notice_s=2 * 3600, start_s=5 * 3600, end_s=7 * 3600)
LIMIT = replace(REDUCE, kind="limit", value=50.0)
IN_EVENT, BEFORE, TOLD = slice(5 * HOUR, 7 * HOUR), slice(2 * HOUR, 5 * HOUR), 2 * HOUR


def car(arrival, departure, soc=0.5, required=0.8, capacity=60.0):
    """A car, its stay in steps; it leaves when it said."""
    return arrival, departure, soc, required, capacity


def sessions_of(cars):
    arrival, departure, soc, required, capacity = np.array(cars, dtype=np.float64).reshape(-1, 5).T
    n, names = len(cars), tuple(f"car {i}" for i in range(len(cars)))
    left_s = (STEP_S * departure).astype(np.int64)
    return Sessions(
        session_id=names,
        vehicle_id=names,
        station=("",) * n,
        arrival_s=(STEP_S * arrival).astype(np.int64),
        departure_s=left_s,
        window_start_s=left_s,
        window_end_s=left_s,
        capacity_kwh=capacity,
        soc_arrival=soc,
        soc_required=required,
        soc_min=np.full(n, 0.1),
        soc_max=np.ones(n),
        p_charge_max_kw=np.full(n, np.inf),
        p_discharge_max_kw=np.full(n, np.inf),
        phases=np.full(n, 3),
    )


def ports_of(kinds, p_max_kw=11.0, **other):
    kind, n = np.array(kinds, dtype=np.int64), len(kinds)
    return Ports(
        kind=kind,
        p_max_kw=np.full(n, p_max_kw),
        p_discharge_max_kw=np.where(kind == BIDIRECTIONAL, p_max_kw, 0.0),
        eta_charge=np.full(n, 0.95),
        eta_discharge=np.full(n, 0.95),
        phases=np.full(n, 3),
        **other,
    )


def hours(cars, kinds, events=(REDUCE,), building_kw=50.0, rules=None, **ports) -> Episode:
    """Ten hours at a flat price."""
    flat = np.full(N_STEPS, 0.15)
    return Episode(
        sessions=sessions_of(cars),
        ports=ports_of(kinds, **ports),
        building_kw=np.full(N_STEPS, building_kw),
        price_per_kwh=flat,
        export_price_per_kwh=0.0 * flat,
        co2_g_per_kwh=flat,
        demand_window=np.arange(N_STEPS),
        billing_month=np.zeros(N_STEPS, dtype=np.int64),
        rules=rules or SiteRules(),
        building_peak_kw=60.0,
        events=tuple(events),
        step_s=STEP_S,
    )


def played(episode, threshold=90.0, rule=LeastLaxityFirst, **parameters):
    policy = rule(peak_threshold_kw=threshold, **parameters)
    return rehearse(policy, episode, np.random.default_rng(0))


def missing(done):
    return np.array(done.outcome["sessions"]["missing_kwh"])


def test_without_events_answering_changes_nothing():
    episode = hours([car(0, 36), car(4, 30)], [BIDIRECTIONAL, UNIDIRECTIONAL], events=())
    one, two = (played(episode, answer_events=answer).setpoint_kw for answer in (True, False))
    np.testing.assert_array_equal(one, two)


def test_who_does_not_answer_goes_on_as_if_there_were_no_event():
    cars, kinds = [car(0, 36), car(4, 30)], [BIDIRECTIONAL, UNIDIRECTIONAL]
    deaf = played(hours(cars, kinds), answer_events=False).setpoint_kw
    np.testing.assert_array_equal(deaf, played(hours(cars, kinds, events=())).setpoint_kw)


@pytest.mark.parametrize("event", [REDUCE, LIMIT])
@pytest.mark.parametrize("rule", [LeastLaxityFirst, EarliestDeadlineFirst])
def test_nothing_happens_before_the_notice(event, rule):
    cars, kinds = [car(0, 36), car(4, 30)], [BIDIRECTIONAL, UNIDIRECTIONAL]
    told = played(hours(cars, kinds, [event]), rule=rule).setpoint_kw
    alone = played(hours(cars, kinds, events=()), rule=rule).setpoint_kw
    np.testing.assert_array_equal(told[:TOLD], alone[:TOLD])
    assert (told[TOLD:] != alone[TOLD:]).any()


def test_once_told_a_car_that_stays_is_charged_below_the_threshold_and_waits_in_the_event():
    done = played(hours([car(0, 32, soc=0.5, required=0.9)], [UNIDIRECTIONAL]))
    power = done.evse_kw[:, 0]
    need_kw = 0.4 * 60.0 / 0.95 / (32 / HOUR)
    np.testing.assert_allclose(power[:TOLD], need_kw)
    assert power[TOLD] == 11.0
    np.testing.assert_array_equal(power[IN_EVENT], 0.0)
    assert missing(done)[0] == pytest.approx(0.0, abs=1e-9)


def test_charging_before_keeps_below_the_threshold_and_leaves_out_who_is_gone_by_then():
    cars = [car(0, 20), car(0, 32, soc=0.2, capacity=100.0), car(0, 32, soc=0.2, capacity=100.0)]
    done = played(hours(cars, [UNIDIRECTIONAL] * 3), threshold=72.0)
    assert done.site_kw[BEFORE].max() == pytest.approx(72.0)
    leaving_kw = 0.3 * 60.0 / 0.95 / (20 / HOUR)
    np.testing.assert_allclose(done.evse_kw[:20, 0], leaving_kw)


def test_in_a_reduce_bidirectional_cars_give_what_is_beyond_their_need_and_no_more():
    done = played(hours([car(0, 36, soc=0.6, required=0.7)], [BIDIRECTIONAL]))
    power, soc = done.evse_kw[:, 0], done.soc[:, 0]
    assert soc[5 * HOUR] == pytest.approx(1.0)
    assert power[5 * HOUR] == -11.0
    assert soc[7 * HOUR] == pytest.approx(0.7)
    given_kwh = -power[IN_EVENT].sum() * 0.25
    assert given_kwh == pytest.approx(0.3 * 60.0 * 0.95)


def test_a_limit_is_met_by_as_much_as_it_takes():
    cars, kinds = [car(0, 36, soc=0.9), car(0, 36, soc=0.9)], [BIDIRECTIONAL] * 2
    for cap_kw, lowest in ((60.0, 50.0), (45.0, 45.0), (42.0, 42.0)):
        done = played(hours(cars, kinds, [replace(LIMIT, value=cap_kw)]))
        assert (done.site_kw[IN_EVENT] <= cap_kw + 1e-9).all()
        assert done.site_kw[IN_EVENT].min() >= lowest - 1e-9


def test_to_keep_a_cap_cars_also_give_what_they_can_regain():
    """18 kWh beyond the need are not enough for two hours at 10 kW; there are five hours to regain them."""
    cars = [car(0, 48, soc=0.8, required=1.0)]
    event = replace(LIMIT, value=40.0)
    done = played(hours(cars, [BIDIRECTIONAL], [event]))
    np.testing.assert_allclose(done.site_kw[IN_EVENT], 40.0)
    assert done.soc[7 * HOUR, 0] < 0.7
    paid = played(hours(cars, [BIDIRECTIONAL], [replace(event, kind="reduce", value=None)]))
    np.testing.assert_allclose(paid.site_kw[IN_EVENT], 50.0)


def test_a_cap_that_would_cost_a_driver_range_is_broken():
    cars = [car(0, 29, soc=0.2, required=0.9)]  # leaves a step after the event with hardly a kWh to spare
    done = played(hours(cars, [UNIDIRECTIONAL], [replace(LIMIT, value=45.0)], p_max_kw=7.0))
    assert done.site_kw[IN_EVENT].max() > 50.0
    assert missing(done)[0] == pytest.approx(0.0, abs=1e-9)


def test_giving_stops_where_the_site_would_feed_back():
    cars, kinds = [car(0, 36, soc=1.0, required=0.3)] * 4, [BIDIRECTIONAL] * 4
    for export_kw in (0.0, 15.0):
        rules = SiteRules(export_limit_kw=export_kw)
        done = played(hours(cars, kinds, building_kw=20.0, rules=rules))
        assert done.site_kw.min() == pytest.approx(-export_kw, abs=1e-9)
        assert done.outcome["clamped_requests"] == [0] * 4


def test_cars_behind_one_limit_can_all_regain_at_once():
    """Four ports of 11 kW share 12 kW: each counts on its part, or three would leave short."""
    cars, kinds = [car(0, 36, soc=0.5, required=0.8, capacity=40.0)] * 4, [BIDIRECTIONAL] * 4
    stations = {"station_index": np.zeros(4, dtype=np.int64), "station_limit_kw": np.full(4, 12.0)}
    sets = SiteRules(limits_kw=(12.0,), limited_ports=((0, 1, 2, 3),))
    cap = SiteRules(site_cap_kw=72.0)  # 12 kW beside the building at its peak
    deep = replace(LIMIT, value=20.0)
    for other, rules in ((stations, None), ({}, sets), ({}, cap)):
        for event in (REDUCE, deep):
            done = played(hours(cars, kinds, [event], rules=rules, **other))
            np.testing.assert_allclose(missing(done), 0.0, atol=1e-9)
            alone = played(hours(cars, kinds, (), rules=rules, **other))
            np.testing.assert_allclose(missing(alone), 0.0, atol=1e-9)


def test_uncontrolled_ports_charge_on():
    done = played(hours([car(18, 36, soc=0.2), car(0, 36)], [UNCONTROLLED, BIDIRECTIONAL]))
    assert (done.evse_kw[IN_EVENT, 0] == 11.0).all()


STAYS = st.tuples(
    st.integers(0, 30),
    st.integers(2, 30),
    st.floats(0.1, 1.0),
    st.floats(0.1, 1.0),
    st.sampled_from([24.0, 40.0, 60.0, 100.0]),
)
EVENTS = st.tuples(
    st.integers(-4, 20), st.integers(0, 16), st.integers(1, 20), st.sampled_from([None, 0.0, 30.0, 55.0])
)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(
    stays=st.lists(STAYS, min_size=1, max_size=4),
    kinds=st.lists(st.sampled_from([UNCONTROLLED, UNIDIRECTIONAL, BIDIRECTIONAL]), min_size=4, max_size=4),
    event=EVENTS,
    threshold=st.sampled_from([30.0, 60.0, 80.0, 200.0]),
    overcharge=st.booleans(),
)
def test_no_car_that_would_have_been_served_is_left_short(stays, kinds, event, threshold, overcharge):
    """Whatever is called, and for whatever cars: who keeps to the declared departure gets no less for it."""
    cars = [car(start, start + length, *rest) for start, length, *rest in stays]
    notice, ahead, length, cap_kw = event
    called = Event(
        "e",
        "test",
        "reduce" if cap_kw is None else "limit",
        notice * STEP_S,
        (notice + ahead) * STEP_S,
        (notice + ahead + length) * STEP_S,
        cap_kw,
    )
    with_event, without = (
        played(hours(cars, kinds, events), threshold, overcharge=overcharge) for events in ([called], [])
    )
    assert (missing(with_event) <= missing(without) + 1e-6).all()
    assert with_event.site_kw.min() >= -1e-9
