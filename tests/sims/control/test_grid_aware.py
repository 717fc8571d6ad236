"""The rule that looks at the feeder, worked by hand on a feeder of one transformer and one cable."""

from dataclasses import replace

import numpy as np
import pytest
from parked import Car, seen_of, site_of

from sims.control.check_policy import check_policy
from sims.control.grid_aware import GridAware, most_by_current_kw, most_by_voltage_kw
from sims.control.limits import Limits
from sims.control.rehearsal import rehearse
from sims.control.rules import Required
from sims.control.stand_in import StandInFeeder
from sims.control.trial import trial

FEEDER = StandInFeeder(rated_kva=100.0, drop_pu_per_kw=0.001)


def answer(policy, cars, building_kw=0.0, last=None, feeder=FEEDER):
    """What the policy asks when the last step had `last` = (building, power of the ports) [kW]."""
    building_then_kw, evse_then_kw = last or (building_kw, np.zeros(len(cars)))
    limits = Limits.received(feeder.says(building_then_kw, np.asarray(evse_then_kw))["limits"])
    policy.reset(site_of(cars), np.random.default_rng(0))
    return policy.act(seen_of(cars, building_kw=building_kw, limits=limits)).tolist()


def test_room_goes_to_the_least_slack_first():
    cars = (Car(leaves_h=9.0, session=0), Car(leaves_h=2.0, session=1), Car(leaves_h=5.0, session=2))
    # 98 % of 100 kVA leaves 28 kW beside the building
    assert answer(GridAware(), cars, building_kw=70.0) == pytest.approx([0.0, 20.0, 8.0])


def test_what_the_last_step_drew_is_not_counted_twice():
    cars = (Car(session=0), Car(session=1))
    assert answer(GridAware(), cars, 70.0, last=(60.0, [20.0, 10.0])) == pytest.approx([20.0, 8.0])


def test_voltage_can_be_the_limit():
    cars = (Car(session=0), Car(session=1))
    assert answer(GridAware(vm_min_pu=0.93), cars, building_kw=45.0) == pytest.approx([20.0, 5.0])


def test_nobody_charges_beside_a_building_that_overloads_alone():
    assert answer(GridAware(), (Car(),), building_kw=120.0) == [0.0]
    assert answer(GridAware(vm_min_pu=0.95), (Car(),), building_kw=60.0) == [0.0]


def test_uncontrolled_cars_take_what_they_take_before_the_others():
    cars = (Car(session=0), Car(session=1, kind="uncontrolled"))
    assert answer(GridAware(), cars, building_kw=70.0) == pytest.approx([8.0, 20.0])


def test_an_unseen_feeder_lets_nobody_charge():
    cars = (Car(session=0), Car(session=1, kind="uncontrolled"), None)
    policy = GridAware()
    policy.reset(site_of(cars), np.random.default_rng(0))
    assert policy.act(seen_of(cars)).tolist() == [0.0, 20.0, 0.0]


def test_a_building_that_feeds_back_makes_room():
    # 60 kW out: the cars first bring the loading down, then may load the transformer the other way
    cars = tuple(Car(session=i) for i in range(9))
    assert answer(GridAware(), cars, building_kw=-60.0) == pytest.approx([20.0] * 7 + [18.0, 0.0])


def test_with_room_for_all_it_is_required():
    strong = StandInFeeder(rated_kva=1e6, drop_pu_per_kw=1e-9)
    cars = (Car(session=0), Car(session=1, energy_kwh=39.5), None)
    policy = Required()
    policy.reset(site_of(cars), np.random.default_rng(0))
    assert answer(GridAware(), cars, feeder=strong) == policy.act(seen_of(cars)).tolist()


def test_a_rehearsed_site_stays_below_its_limit_and_meets_the_same_needs():
    free, held = (
        rehearse(policy, trial(5), np.random.default_rng(0)) for policy in (Required(), GridAware())
    )
    rated = trial(5).feeder.rated_kva
    building = trial(5).building_kw
    assert free.site_kw.max() > 1.05 * rated
    room = np.maximum(0.98 * rated - building, 0.0)[1:]
    assert (held.evse_kw.sum(axis=1)[1:] <= room + 1e-9).all()
    assert held.evse_kw[0].tolist() == [0.0] * 5
    assert held.evse_kw.sum() > 0.9 * free.evse_kw.sum()


def test_largest_power_under_a_current_and_a_voltage():
    current, gain = np.array([30 + 40j, 10.0]), np.array([1.0, 0.0])
    p_kw = most_by_current_kw(current, gain, 100.0)
    assert abs(30 + p_kw + 40j) == pytest.approx(100.0)
    assert most_by_current_kw(np.array([120.0]), np.array([1.0]), 100.0) == 0.0
    assert most_by_current_kw(np.array([-120.0]), np.array([1.0]), 100.0) == pytest.approx(220.0)
    assert most_by_current_kw(np.array([], dtype=complex), np.array([], dtype=complex), 100.0) == np.inf
    assert most_by_voltage_kw(np.array([0.95, 1.0]), np.array([0.01, 0.0]), 0.9) == pytest.approx(5.0)
    assert most_by_voltage_kw(np.array([0.85]), np.array([0.01]), 0.9) == 0.0


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"loading_limit_percent": 0.0}, "allowed > 0 .. 1000 %"),
        ({"loading_limit_percent": float("nan")}, "allowed > 0 .. 1000 %"),
        ({"vm_min_pu": 230.0}, "allowed 0.5 .. 1.5 pu"),
    ],
)
def test_parameters_out_of_range_are_refused(parameters, said):
    with pytest.raises(ValueError, match=said):
        GridAware(**parameters)


def test_the_contract_holds_with_a_limit_that_binds():
    check_policy(GridAware, loading_limit_percent=60.0)


# --- what is told


def test_headroom_is_what_is_left_of_rating_and_voltage():
    seen = replace(seen_of((Car(),)), transformer_loading_percent=93.0, vm_min_pu=0.88)
    assert seen.loading_headroom_percent == pytest.approx(7.0)
    assert seen.voltage_headroom_pu == pytest.approx(-0.02)


def test_loadings_move_along_the_current_and_an_idle_element_gains():
    said = FEEDER.says(50.0, np.array([0.0, -10.0]))["limits"]
    assert Limits.received(said).dloading_percent_per_kw.tolist() == [[1.0, 1.0]]
    said |= {"current_percent": [[-40.0], [0.0]]}
    assert Limits.received(said).dloading_percent_per_kw.tolist() == [[-1.0, -1.0]]
    said |= {"current_percent": [[0.0], [0.0]]}
    assert Limits.received(said).dloading_percent_per_kw.tolist() == [[1.0, 1.0]]
    said |= {"current_percent": [[0.0], [30.0]]}  # charging current: a kW does not add to it at first
    assert Limits.received(said).dloading_percent_per_kw.tolist() == [[0.0, 0.0]]


def test_ports_in_another_order_have_their_own_columns():
    said = FEEDER.says(50.0, np.array([1.0, 2.0]))["limits"]
    said |= {"port_column": [0, 1], "dvm_pu_per_kw": [[-0.1, -0.2, -0.3]]}
    said |= {"dcurrent_percent_per_kw": [[[1.0, 2.0, 3.0]], [[0.0, 0.0, 0.0]]]}
    turned = Limits.received(said).reordered(np.array([1, 0]))
    assert turned.evse_kw.tolist() == [2.0, 1.0]
    assert turned.dvm_pu_per_kw.tolist() == [[-0.2, -0.1]]
    assert turned.dvm_pu_per_building_kw.tolist() == [-0.3]
    assert turned.dcurrent_percent_per_kw.tolist() == [[2.0, 1.0]]
    assert turned.vm_pu_at(np.array([2.0, 2.0]), 51.0) == pytest.approx([0.947 - 0.1 - 0.3])
