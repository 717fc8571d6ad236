"""When a policy is asked, what becomes of bad answers, what the meter remembers, and how it continues."""

import json
from dataclasses import replace

import numpy as np
import pytest
from parked import Car, seen_of, site_of

from sims.control.controller import Controller
from sims.control.observe import Observer
from sims.control.policy import Policy
from sims.control.registry import find_policy
from sims.control.rules import LeastLaxityFirst, Trickle
from sims.control.running_peak import RunningPeak
from sims.faults import ScenarioError, SimulationError

CARS = (Car(session=0), Car(session=1), None)


class Says(Policy):
    """Answers what it is given."""

    def __init__(self, *, text: object = None) -> None:
        self.text = text

    def act(self, seen):
        return self.text


class Counts(Policy):
    """Answers how often it was asked, plus a little noise."""

    def reset(self, site, rng):
        super().reset(site, rng)
        self.asked = 0

    def act(self, seen):
        self.asked += 1
        return self.asked + self.rng.random(len(seen.session))

    def get_state(self):
        return {"asked": self.asked}

    def set_state(self, state):
        self.asked = state["asked"]


def controller(policy, every_steps=1, seed=0, cars=CARS):
    return Controller(policy, site_of(cars), every_steps, np.random.default_rng(seed))


# when -------------------------------------------------------------------------------------------------------


def test_an_answer_holds_until_the_next_decision():
    policy = Counts()
    asked = controller(policy, every_steps=4)
    powers = [asked.decide(k, seen_of(CARS)) for k in range(9)]
    assert policy.asked == 3
    for k, power in enumerate(powers):
        np.testing.assert_array_equal(power, powers[k - k % 4])
    assert not np.array_equal(powers[0], powers[4])


def test_a_policy_that_reuses_its_array_does_not_reach_back():
    class OneArray(Policy):
        def reset(self, site, rng):
            self.power = np.zeros(len(site.p_max_kw))

        def act(self, seen):
            self.power += 1.0
            return self.power

    asked = controller(OneArray())
    first = asked.decide(0, seen_of(CARS))
    asked.decide(1, seen_of(CARS))
    np.testing.assert_array_equal(first, 1.0)


@pytest.mark.parametrize("k", range(6))
def test_it_continues_from_its_state_also_between_decisions(k):
    seen = seen_of(CARS)
    through = controller(Counts(), every_steps=3)
    for step in range(k):
        through.decide(step, seen)
    again = controller(Counts(), every_steps=3, seed=99)
    again.set_state(json.loads(json.dumps(through.get_state())))
    for step in range(k, 12):
        np.testing.assert_array_equal(through.decide(step, seen), again.decide(step, seen))


# what -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (np.array([1.0, np.nan, 0.0]), "answered nan kW for port 1: must be finite"),
        (np.array([1.0, 0.0, -np.inf]), "answered -inf kW for port 2: must be finite"),
        (np.zeros(2), r"answered shape \(2,\), must be \(3,\): one kW a port"),
        (np.zeros((3, 1)), r"answered shape \(3, 1\), must be \(3,\)"),
        (0.0, r"answered shape \(\), must be \(3,\)"),
        (None, "answered None: must be 3 numbers"),
        ("full power", "answered 'full power': must be 3 numbers"),
        (["1.0", "2.0", "3.0"], r"answered \['1.0', '2.0', '3.0'\]: must be 3 numbers"),
        ([1.0, None, 3.0], r"answered \[1.0, None, 3.0\]: must be 3 numbers"),
        ([True, False, True], r"answered \[True, False, True\]: must be 3 numbers"),
        (np.array([1j, 0j, 0j]), r"answered array\(.*: must be 3 numbers"),
        ({"port_0": 1.0}, "answered {'port_0': 1.0}: must be 3 numbers"),
        ([[1.0], [1.0, 2.0]], "answered no array of numbers"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_bad_answer_names_the_policy(text, what):
    with pytest.raises(SimulationError, match=f"policy Says {what}") as caught:
        controller(Says(text=text)).decide(0, seen_of(CARS))
    assert caught.value.exit_code == 4


@pytest.mark.parametrize("text", [[1, 2, 3], (1.0, 2.0, 3.0), np.array([1, 2, 3], dtype=np.float32)])
def test_any_row_of_numbers_will_do(text):
    power = controller(Says(text=text)).decide(0, seen_of(CARS))
    assert power.dtype == np.float64
    np.testing.assert_array_equal(power, [1.0, 2.0, 3.0])


def test_the_site_a_policy_sees_is_its_own_and_read_only():
    site = site_of(CARS)
    policy = Counts()
    Controller(policy, site, 1, np.random.default_rng(0))
    with pytest.raises(ValueError, match="read-only"):
        policy.site.p_max_kw[0] = 1.0
    assert site.p_max_kw.flags.writeable
    assert not np.shares_memory(site.p_max_kw, policy.site.p_max_kw)


def test_a_site_without_ports_keeps_its_types():
    policy = Counts()
    site = replace(site_of(()), controllable=np.asarray([]))  # as an empty list comes over the wire
    Controller(policy, site, 1, np.random.default_rng(0))
    assert policy.site.controllable.dtype == np.bool_


# the running peak -------------------------------------------------------------------------------------------


def peak_after(steps, steps_per_window=1):
    """Running peak of the last month after steps of (kW, window, month)."""
    peak = RunningPeak(steps_per_window)
    for step in steps:
        peak.meter(*step)
    return peak.kw(steps[-1][2])


def test_the_peak_is_the_highest_finished_window():
    assert peak_after([(50.0, 0, 0), (80.0, 1, 0), (60.0, 2, 0)]) == 80.0


def test_a_window_of_several_steps_counts_with_its_mean_when_it_is_finished():
    assert peak_after([(50.0, 0, 0), (90.0, 0, 0)], 3) == 0.0
    assert peak_after([(50.0, 0, 0), (90.0, 0, 0), (10.0, 0, 0)], 3) == 50.0


def test_a_window_the_run_begins_inside_of_is_not_billed():
    assert peak_after([(500.0, 0, 0), (60.0, 1, 0), (40.0, 1, 0)], 2) == 50.0


def test_steps_outside_the_demand_windows_do_not_count():
    assert peak_after([(90.0, -1, 0), (50.0, 1, 0), (90.0, -1, 0)]) == 50.0


def test_feeding_back_sets_no_peak():
    assert peak_after([(-20.0, 0, 0)]) == 0.0


def test_a_new_month_begins_at_zero():
    assert peak_after([(90.0, 0, 0), (50.0, 1, 1)]) == 50.0
    assert peak_after([(90.0, 0, 0), (50.0, 1, 1), (0.0, 2, 2)]) == 0.0
    peak = RunningPeak(1)
    peak.meter(90.0, 0, 0)
    assert (peak.kw(0), peak.kw(1)) == (90.0, 0.0)


@pytest.mark.parametrize("k", range(8))
def test_the_peak_continues_from_its_state_inside_a_window_too(k):
    steps = [(10.0 * step, step // 3, step // 6) for step in range(9)]
    through, again = RunningPeak(3), RunningPeak(3)
    for step in steps[:k]:
        through.meter(*step)
    again.set_state(json.loads(json.dumps(through.get_state())))
    for step in steps[k:]:
        through.meter(*step)
        again.meter(*step)
    assert through.get_state() == again.get_state()


# what is observed -------------------------------------------------------------------------------------------


def wire(site_kw=0.0, window=0, month=0, parked=None):
    """What a controller receives at the start of a step: the meter's reading is of the step before."""
    known = seen_of(CARS)
    names = ("session", "capacity_kwh", "required_kwh", "floor_kwh", "ceiling_kwh", "charge_max_kw")
    names += ("discharge_max_kw", "arrival_s", "window_start_s", "window_end_s")
    table = {name: getattr(known, name).tolist() for name in names}
    signals = {
        "price_per_kwh": 0.1,
        "export_price_per_kwh": 0.05,
        "co2_g_per_kwh": 1.0,
        "demand_window": window,
        "billing_month": month,
    }
    state = {"parked": parked or table, "energy_kwh": known.energy_kwh.tolist(), "site_kw": site_kw}
    return {"building_kw": 30.0, "signals": signals, "state": state}


def test_the_reading_of_a_step_counts_for_the_window_and_month_of_that_step():
    # step      0     1     2     3
    # window    0    -1     2     3
    # month     0     0     0     1
    # site_kw         70    90    40     read one step later
    observer = Observer(900, 1)
    rows = [wire(0, 0), wire(70, -1), wire(90, 2), wire(40, 3, 1), wire(20, 4, 1)]
    peaks = [observer.observe(k, row).running_peak_kw for k, row in enumerate(rows)]
    assert peaks == [0.0, 70.0, 70.0, 0.0, 20.0]


def test_the_observer_continues_from_its_state():
    through, again = Observer(900, 1), Observer(900, 1)
    through.observe(0, wire())
    again.set_state(json.loads(json.dumps(through.get_state())))
    assert (
        again.observe(1, wire(70.0)).running_peak_kw == through.observe(1, wire(70.0)).running_peak_kw == 70.0
    )


def test_what_is_observed_is_read_only_and_keeps():
    row = wire()
    observer = Observer(900, 1)
    seen = observer.observe(2, row)
    assert (seen.time_s, seen.building_kw, seen.in_demand_window) == (1800.0, 30.0, True)
    assert seen.occupied.tolist() == [True, True, False]
    assert np.isnan(seen.vm_min_pu)
    for array in (seen.energy_kwh, seen.session, seen.occupied, seen.window_start_s):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    row["state"]["energy_kwh"][0] = -1.0
    assert seen.energy_kwh[0] == 20.0


def test_the_table_of_cars_is_read_anew_only_when_it_is_another():
    table = wire()["state"]["parked"]
    observer = Observer(900, 1)
    first, second = observer.observe(0, wire(parked=table)), observer.observe(1, wire(parked=table))
    assert second.required_kwh is first.required_kwh
    left = table | {"session": [0, -1, -1]}
    assert observer.observe(2, wire(parked=left)).occupied.tolist() == [True, False, False]


# finding a policy -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "parameters", "what"),
    [
        ("lff", {}, 'S26 site.policy.name: "lff": no such policy; nearest: "llf" (`cosim list policies`'),
        ("test_controller:Counts", {}, "names code; run with --allow-code"),
        ("llf", {"treshold": 1}, "S32 site.policy.treshold: LeastLaxityFirst(*, peak_threshold_kw: float"),
        ("llf", {"overcharg": 1}, 'nearest: "overcharge"'),
        ("llf", {"peak_threshold_kw": -1.0}, "peak_threshold_kw = -1.0: allowed 0..100000 kW"),
        ("trickle", {"key": "laxity"}, "Trickle() does not take it"),
    ],
    ids=str,
)
def test_what_is_wrong_with_a_policy_is_said(name, parameters, what):
    with pytest.raises(ScenarioError) as caught:
        find_policy(name, parameters, where="site.policy")
    assert what in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("json:JSONDecoder", "is no subclass of sims.control.policy.Policy"),
        ("json:dumps", "is no subclass of sims.control.policy.Policy"),
        ("json:Missing", "has no attribute 'Missing'"),
        ("no_such_module:Class", "No module named 'no_such_module'"),
        (":Class", "Empty module name"),
        ("sims.control.policy:Policy", "abstract"),
    ],
)
def test_code_that_is_no_policy_is_refused(name, what):
    with pytest.raises(ScenarioError) as caught:
        find_policy(name, {}, allow_code=True)
    assert what in str(caught.value)


def test_a_policy_is_found_by_name_and_as_code():
    assert find_policy("llf", {"peak_threshold_kw": 200.0}) is LeastLaxityFirst
    assert find_policy("sims.control.rules:Trickle", {}, allow_code=True) is Trickle
