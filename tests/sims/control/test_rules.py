"""Each rule of thumb against numbers worked by hand, and what no rule may ever do.

Ports: 20 kW, eta 0.9 in and 0.8 out, quarter-hour steps: 1 kWh into the battery in one step is
1 / (0.9 * 0.25) = 4.444 kW, 1 kWh out of it is 0.8 / 0.25 = 3.2 kW.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parked import ETA_CHARGE, ETA_DISCHARGE, P_MAX_KW, Car, answer, seen_of

from sims.control.registry import POLICIES
from sims.control.rules import (
    EarliestDeadlineFirst,
    FirstComeFirstServed,
    LeastLaxityFirst,
    Required,
    Trickle,
    Uncontrolled,
    fill_in_order,
)

STEP_H = 0.25
ROUNDING = 1e-9
PER_KWH_IN, PER_KWH_OUT = 1 / (0.9 * 0.25), 0.8 / 0.25


def assert_kw(power, *expected):
    np.testing.assert_allclose(power, expected, rtol=0, atol=1e-12)


# each alone -------------------------------------------------------------------------------------------------


def test_uncontrolled_is_full_power_and_then_what_the_ceiling_leaves():
    assert_kw(answer(Uncontrolled(), Car(20), Car(58), Car(60), None), 20, 2 * PER_KWH_IN, 0, 0)


def test_required_is_full_power_and_then_what_the_need_leaves():
    assert_kw(answer(Required(), Car(20), Car(39), Car(45), None), 20, PER_KWH_IN, 0, 0)


def test_trickle_is_the_constant_power_to_the_declared_departure():
    # 18 kWh are 20 kWh at the meter, over 5 h 4 kW; over 30 min more than the port has
    assert_kw(answer(Trickle(), Car(22, leaves_h=5), Car(22, leaves_h=0.5)), 4, 20)


def test_trickle_never_discharges():
    assert_kw(answer(Trickle(), Car(50, 40)), 0)
    assert not np.signbit(answer(Trickle(), Car(50, 40, kind="unidirectional"), None)).any()


@pytest.mark.parametrize("leaves_h", [-3.0, 0.0, 0.1, 0.25])
def test_a_car_past_its_declared_departure_has_one_step_left(leaves_h):
    assert_kw(answer(Trickle(), Car(38.2, leaves_h=leaves_h)), 1.8 * PER_KWH_IN)


@pytest.mark.parametrize(("leaves_h", "share"), [(0.1, 0.4), (0.25, 1.0), (-1.0, 1.0)])
def test_a_car_is_counted_on_for_discharging_only_while_it_has_said_it_stays(leaves_h, share):
    lowest = LeastLaxityFirst(peak_threshold_kw=0.0)
    power = answer(lowest, Car(60.0, 20.0, leaves_h=leaves_h), building_kw=500.0)
    assert_kw(power, -share * P_MAX_KW)


# first come, first served -----------------------------------------------------------------------------------


def test_fcfs_fills_the_room_below_the_cap_in_the_order_of_arrival():
    cars = Car(arrived_h=-1, session=2), Car(arrived_h=-3, session=0), Car(arrived_h=-2, session=1)
    power = answer(FirstComeFirstServed(), *cars, site={"site_cap_kw": 60.0}, building_kw=25.0)
    assert_kw(power, 0, 20, 15)


def test_fcfs_breaks_ties_by_session_not_by_port():
    power = answer(FirstComeFirstServed(), Car(session=5), Car(session=4), site={"site_cap_kw": 30.0})
    assert_kw(power, 10, 20)


def test_fcfs_without_a_cap_is_required():
    cars = Car(20), Car(39), None, Car(45)
    assert_kw(answer(FirstComeFirstServed(), *cars), *answer(Required(), *cars))


def test_fcfs_leaves_room_for_ports_that_do_not_listen():
    stubborn = Car(45, 40, session=9, kind="uncontrolled")  # goes on to its ceiling, 20 kW now
    power = answer(FirstComeFirstServed(), Car(), stubborn, site={"site_cap_kw": 30.0})
    assert_kw(power, 10, 20)


def test_fcfs_gives_nothing_when_the_building_alone_breaks_the_cap():
    assert_kw(answer(FirstComeFirstServed(), Car(), site={"site_cap_kw": 30.0}, building_kw=31.0), 0)


# below the threshold ----------------------------------------------------------------------------------------

SOON = Car(32.8, 40, leaves_h=2, session=0)  # 7.2 kWh: 8 at the meter, 4 kW
LATE = Car(32.8, 40, leaves_h=4, session=1)  # 2 kW
ONE_WAY = Car(32.8, 40, leaves_h=8, session=2, kind="unidirectional")  # 1 kW


def test_edf_gives_the_room_to_the_first_to_leave():
    # 50 - 20 - 7 leaves 23: the first takes 16 up to full power, the next the last 7
    power = answer(EarliestDeadlineFirst(peak_threshold_kw=50), LATE, SOON, ONE_WAY, building_kw=20.0)
    assert_kw(power, 2 + 7, 20, 1)


def test_the_room_ends_at_the_ceiling():
    almost_full = Car(59, 59, leaves_h=2)
    power = answer(EarliestDeadlineFirst(peak_threshold_kw=50), almost_full, LATE)
    assert_kw(power, PER_KWH_IN, 20)


def test_llf_gives_the_room_to_the_least_slack():
    # slack of the one that leaves late: 4 h less 57.6 / 18 = 0.8 h; of the other 2 - 0.4 = 1.6 h
    needy = Car(2.4, 60, leaves_h=4, session=1, floor_kwh=0)  # 16 kW
    cars = SOON, needy, ONE_WAY
    room = {"building_kw": 20.0}  # 50 - 20 - 21 leaves 9
    assert_kw(answer(LeastLaxityFirst(peak_threshold_kw=50), *cars, **room), 4 + 5, 20, 1)
    by_time = LeastLaxityFirst(peak_threshold_kw=50, key="time_left")
    assert_kw(answer(by_time, *cars, **room), 4 + 9, 16, 1)


def test_equal_slack_goes_by_session():
    policy = LeastLaxityFirst(peak_threshold_kw=24)  # two at 2 kW leave 20, of which each could take 18
    twin = Car(32.8, 40, leaves_h=4, session=7)
    assert_kw(answer(policy, twin, LATE), 2 + 2, 20)


def test_without_overcharge_the_room_stays_empty():
    policy = LeastLaxityFirst(peak_threshold_kw=50, overcharge=False)
    assert_kw(answer(policy, SOON, LATE, ONE_WAY), 4, 2, 1)


def test_surplus_is_given_back_steadily_where_the_port_can():
    policy = LeastLaxityFirst(peak_threshold_kw=50, overcharge=False)
    rich = Car(48, 40, leaves_h=4)  # 8 kWh over 4 h, of which 0.8 arrives
    one_way = Car(48, 40, leaves_h=4, kind="unidirectional", session=1)
    power = answer(policy, rich, one_way)
    assert_kw(power, -1.6, 0)
    assert not np.signbit(power[1])  # 0, not -0: it is stored


# above the threshold ----------------------------------------------------------------------------------------


def test_the_latest_departure_gives_way_first():
    # 40 + 7 is 17 above 30: the late one goes from 2 to -15; the one-way port keeps its trickle
    power = answer(LeastLaxityFirst(peak_threshold_kw=30), SOON, LATE, ONE_WAY, building_kw=40.0)
    assert_kw(power, 4, 2 - 17, 1)


def test_then_the_next_to_leave():
    # the late one goes to -20 and gives 22, the other gives the missing 5
    power = answer(LeastLaxityFirst(peak_threshold_kw=30), SOON, LATE, ONE_WAY, building_kw=50.0)
    assert_kw(power, 4 - 5, -20, 1)


def test_equal_departures_give_way_by_session():
    policy = LeastLaxityFirst(peak_threshold_kw=0)
    twin = Car(32.8, 40, leaves_h=4, session=7)
    assert_kw(answer(policy, twin, LATE, building_kw=1.0), 2, 2 - 5)


def test_discharge_ends_where_full_power_could_no_longer_bring_it_back():
    # half an hour left: after this step one more brings 0.9 * 20 * 0.25 = 4.5 kWh
    policy = LeastLaxityFirst(peak_threshold_kw=0)
    assert_kw(answer(policy, Car(40, 40, leaves_h=0.5), building_kw=100.0), -4.5 * PER_KWH_OUT)


def test_a_car_that_must_charge_now_does():
    policy = LeastLaxityFirst(peak_threshold_kw=0)
    assert_kw(answer(policy, Car(38, 40, leaves_h=0.25), building_kw=100.0), 2 * PER_KWH_IN)
    # 6 kWh short with two steps left: 1.5 now, 4.5 in the next
    assert_kw(answer(policy, Car(34, 40, leaves_h=0.5), building_kw=100.0), 1.5 * PER_KWH_IN)


def test_discharge_ends_at_the_floor():
    policy = LeastLaxityFirst(peak_threshold_kw=0)
    assert_kw(answer(policy, Car(8, 10, leaves_h=9), building_kw=100.0), -2 * PER_KWH_OUT)


# where the threshold comes from -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "site", "running_peak_kw", "limit_kw"),
    [
        (LeastLaxityFirst(), {}, 0.0, 80.0),  # 0.8 of the configured building peak of 100
        (LeastLaxityFirst(), {}, 90.0, 90.0),
        (LeastLaxityFirst(peak_threshold_kw=85), {}, 0.0, 85.0),
        (LeastLaxityFirst(peak_threshold_kw=85), {}, 84.0, 85.0),
        (LeastLaxityFirst(peak_threshold_kw=85), {"site_cap_kw": 83.0}, 99.0, 83.0),
    ],
)
@pytest.mark.parametrize("building_kw", [75.0, 95.0])  # both branches meet the limit
def test_the_site_stays_at_the_limit(policy, site, running_peak_kw, limit_kw, building_kw):
    facts = {"building_kw": building_kw, "running_peak_kw": running_peak_kw}
    power = answer(policy, LATE, SOON, site=site, **facts)
    assert building_kw + power.sum() == pytest.approx(limit_kw, abs=ROUNDING)


def test_ports_that_do_not_listen_count_with_what_they_take():
    stubborn = Car(20, 20, session=5, kind="uncontrolled")
    power = answer(LeastLaxityFirst(peak_threshold_kw=30), LATE, stubborn)
    assert_kw(power, 2 + 8, 20)


@pytest.mark.parametrize("kw", [-1.0, 100_001.0, float("nan"), float("inf")])
def test_a_threshold_out_of_range_is_refused(kw):
    with pytest.raises(ValueError, match=r"peak_threshold_kw = .*: allowed 0..100000 kW"):
        LeastLaxityFirst(peak_threshold_kw=kw)


def test_an_unknown_key_is_refused():
    with pytest.raises(ValueError, match='key = "slack": allowed "laxity" or "time_left"'):
        LeastLaxityFirst(key="slack")


# what always holds ------------------------------------------------------------------------------------------


kilowatts = st.floats(0, 250)


@st.composite
def cars_at_ports(draw):
    count = draw(st.integers(0, 6))
    cars = []
    for session in draw(st.permutations(range(count))):
        floor, required, ceiling = sorted(draw(st.tuples(*[st.floats(0, 60)] * 3)))
        car = Car(
            energy_kwh=draw(st.floats(0, 60)),
            required_kwh=required,
            leaves_h=draw(st.floats(-2, 12)),
            session=session,
            arrived_h=draw(st.integers(-3, 0)),
            kind=draw(st.sampled_from(["uncontrolled", "unidirectional", "bidirectional"])),
            floor_kwh=floor,
            ceiling_kwh=ceiling,
        )
        cars.append(draw(st.sampled_from([car, car, car, None])))
    return tuple(cars)


@pytest.mark.parametrize("name", POLICIES)
@settings(deadline=None)
@given(
    cars=cars_at_ports(), building_kw=st.floats(0, 200), cap_kw=st.floats(0, 300), peak_kw=st.floats(0, 150)
)
def test_no_rule_asks_beyond_the_limits_of_port_and_battery(name, cars, building_kw, cap_kw, peak_kw):
    facts = {"building_kw": building_kw, "running_peak_kw": peak_kw}
    seen = seen_of(cars, **facts)
    power = answer(POLICIES[name](), *cars, site={"site_cap_kw": cap_kw}, **facts)
    assert (power <= seen.charge_max_kw + ROUNDING).all()
    assert (power >= -seen.discharge_max_kw - ROUNDING).all()
    assert not power[~seen.occupied].any()
    stored = np.where(power > 0, power * ETA_CHARGE, power / ETA_DISCHARGE) * STEP_H
    after = seen.energy_kwh + stored
    assert (after <= np.maximum(seen.energy_kwh, seen.ceiling_kwh) + ROUNDING).all()
    assert (after >= np.minimum(seen.energy_kwh, seen.floor_kwh) - ROUNDING).all()


@settings(deadline=None)
@given(cars=cars_at_ports(), building_kw=kilowatts, limit_kw=kilowatts)
def test_a_threshold_rule_is_above_its_limit_only_when_nobody_can_give_more(cars, building_kw, limit_kw):
    policy = LeastLaxityFirst(peak_threshold_kw=limit_kw)
    power = answer(policy, *cars, building_kw=building_kw)
    if building_kw + power.sum() > limit_kw + ROUNDING:
        lowest = answer(LeastLaxityFirst(peak_threshold_kw=0), *cars, building_kw=1e6)
        np.testing.assert_allclose(power, lowest, rtol=0, atol=ROUNDING)


@settings(deadline=None)
@given(
    wanted=st.lists(st.floats(0, P_MAX_KW), max_size=12).map(lambda kw: np.array(kw, dtype=np.float64)),
    room_kw=st.one_of(st.floats(0, 300), st.just(float("inf"))),
    seed=st.integers(0, 99),
)
def test_fill_in_order_shares_out_all_the_room_and_no_more(wanted, room_kw, seed):
    order = np.random.default_rng(seed).permutation(len(wanted))
    shares = fill_in_order(wanted, order, room_kw)
    assert (shares >= 0).all()
    assert (shares <= wanted).all()
    assert shares.sum() == pytest.approx(min(room_kw, wanted.sum()), abs=ROUNDING)
    short = np.flatnonzero(shares[order] < wanted[order] - ROUNDING)
    if len(short):  # whoever comes after one who got less gets nothing
        assert not (shares[order][short[0] + 1 :] > ROUNDING).any()


@pytest.mark.parametrize("name", POLICIES)
def test_no_ports_is_a_legal_site(name):
    assert answer(POLICIES[name]()).shape == (0,)
