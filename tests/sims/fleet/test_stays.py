"""From sessions to stays: which steps a car is seen in, and which port it gets."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from fleet_cases import car, make_ports, table
from hypothesis import given
from hypothesis import strategies as st

from sims.clock import Clock
from sims.fleet.evse import Ports, bidirectional_first, fcfs
from sims.fleet.sessions_csv import read_sessions
from sims.fleet.stays import plan_stays

DATA = Path(__file__).parents[3] / "scenarios" / "data"


def plan(*cars, kinds="cc", n_steps=8, step_s=900, assignment=fcfs):
    return plan_stays(table(*cars), make_ports(*kinds), assignment, start_s=0, step_s=step_s, n_steps=n_steps)


# minutes      0         15        30        45        60
# step         |    0    |    1    |    2    |    3    |
# on the grid  a===================)                        arrives and leaves at a start of a step
# in between        b----==========-----)                   seen from 15, leaves at 40: 2/3 of step 2
# too short              c----)                             15:01 .. 29:59, no start of a step
# a second                         d)                       exactly on a start, for one second
class TestSteps:
    def stay(self, from_min, to_min):
        planned = plan(car("x", from_min / 60, to_min / 60))
        return (
            int(planned.first_step[0]),
            int(planned.end_step[0]),
            float(planned.last_share[0]),
            bool(planned.too_short[0]),
        )

    def test_on_the_grid(self):
        assert self.stay(0, 30) == (0, 2, 1.0, False)

    def test_in_between(self):
        first, end, share, too_short = self.stay(7, 40)
        assert (first, end, too_short) == (1, 3, False)
        assert share == pytest.approx(2 / 3)

    def test_one_second_later_is_one_step_later(self):
        assert self.stay(15, 60)[0] == 1
        assert self.stay(15 + 1 / 60, 60)[0] == 2

    def test_between_two_starts_it_is_never_seen(self):
        assert self.stay(15 + 1 / 60, 30 - 1 / 60)[3]
        assert self.stay(15 + 1 / 60, 30)[3]
        assert not self.stay(15, 15 + 1 / 60)[3]

    def test_one_second_on_a_start_has_its_share_of_the_step(self):
        assert self.stay(30, 30 + 1 / 60)[2] == pytest.approx(1 / 900)

    def test_too_short_has_no_port(self):
        assert plan(car("x", 0.26, 0.49)).evse.tolist() == [-1]


# hours            -2       0                 2 (end of the run)      4
# before      a-------------=========)        |
# after                     |        b========|==========)
# whole       c-------------=================-|==========)
# last moment               |                d|)
class TestCensored:
    def test_cut_by_the_start(self):
        stays = plan(car("a", -2, 1))
        assert (stays.first_step[0], stays.end_step[0], stays.censored[0]) == (0, 4, True)

    def test_cut_by_the_end_it_leaves_after_the_run(self):
        stays = plan(car("b", 1, 3.9))
        assert stays.censored[0]
        assert stays.end_step[0] == 16

    def test_leaving_as_the_run_ends_is_not_cut(self):
        stays = plan(car("b", 0, 2))
        assert (stays.end_step[0], stays.censored[0]) == (8, False)

    def test_cut_at_both_ends(self):
        assert plan(car("c", -2, 4)).censored[0]

    def test_after_the_last_start_of_a_step_it_is_never_seen(self):
        stays = plan(car("d", 1.9, 4))
        assert (stays.evse[0], stays.too_short[0], stays.censored[0]) == (-1, True, True)


class TestPorts:
    def test_departures_free_their_port_for_the_arrivals_of_the_same_step(self):
        assert plan(car("a", 0, 1), car("b", 0, 2), car("c", 1, 2)).evse.tolist() == [0, 1, 0]

    def test_a_second_too_late_is_too_late(self):
        late = 1 + 1 / 3600
        assert plan(car("a", 0, late), car("b", 0, 2), car("c", 1, 2)).evse.tolist() == [0, 1, -1]

    def test_who_finds_no_port_is_not_retried(self):
        stays = plan(car("a", 0, 1), car("b", 0.25, 2), kinds="c")
        assert stays.evse.tolist() == [0, -1]
        assert not stays.too_short.any()

    def test_in_one_step_the_earlier_declared_departure_goes_first(self):
        cars = [car("a", 0.1, 2, declared_h=1.9), car("b", 0.2, 2, declared_h=1.5)]
        assert plan(*cars, kinds="c").evse.tolist() == [-1, 0]

    def test_then_the_smaller_id_whatever_the_row(self):
        cars = [car("b", 0.1, 2), car("a", 0.2, 2)]
        assert plan(*cars, kinds="c").evse.tolist() == [-1, 0]
        assert plan(*cars[::-1], kinds="c").evse.tolist() == [0, -1]

    def test_who_came_in_an_earlier_step_before_the_run_goes_first(self):
        cars = [car("a", -1, 2, declared_h=0.5), car("b", -3, 2, declared_h=1.9)]
        assert plan(*cars, kinds="c").evse.tolist() == [-1, 0]

    def test_bidirectional_then_strong_then_controlled(self):
        ports = Ports(
            kind=np.array([0, 1, 1, 2, 0]),
            p_max_kw=np.array([22.0, 11.0, 22.0, 7.0, 22.0]),
            p_discharge_max_kw=np.zeros(5),
            eta_charge=np.ones(5),
            eta_discharge=np.ones(5),
            phases=np.full(5, 3),
        )
        assert bidirectional_first(ports).tolist() == [3, 2, 0, 4, 1]
        assert fcfs(ports).tolist() == [0, 1, 2, 3, 4]

    def test_nobody_comes_and_no_ports(self):
        assert len(plan().evse) == 0
        assert plan(car("a", 0, 1), kinds="").evse.tolist() == [-1]


spans = st.lists(st.tuples(st.integers(-20, 90), st.integers(1, 60)), min_size=1, max_size=25)


def lost(cars, n_ports, *, arrivals_first=False):
    """Cars seen that get no port; arrivals first: a port is free again only a step later."""
    sessions = table(*cars)
    if arrivals_first:
        sessions = replace(sessions, departure_s=sessions.departure_s + 900)
    ports = make_ports(*"c" * n_ports)
    stays = plan_stays(sessions, ports, fcfs, start_s=0, step_s=900, n_steps=100)
    return int((~stays.connected & ~stays.too_short).sum())


@given(spans)
def test_as_many_ports_as_cars_at_once_lose_nobody(spans):
    cars = [car(f"{i:03d}", first / 4, (first + steps) / 4) for i, (first, steps) in enumerate(spans)]
    seen = [(max(first, 0), first + steps) for first, steps in spans if first + steps > 0]
    together = max((sum(a <= k < b for a, b in seen) for k in range(150)), default=0)
    assert lost(cars, together) == 0
    if together:
        assert lost(cars, together - 1) > 0


@given(spans, st.integers(1, 5))
def test_no_port_ever_holds_two_cars(spans, n_ports):
    cars = [car(f"{i:03d}", first / 4, (first + steps) / 4) for i, (first, steps) in enumerate(spans)]
    stays = plan(*cars, kinds="c" * n_ports, n_steps=100)
    for port in range(n_ports):
        here = np.flatnonzero(stays.evse == port)
        here = here[np.argsort(stays.first_step[here])]
        assert (stays.end_step[here][:-1] <= stays.first_step[here][1:]).all()


def test_arrivals_before_departures_would_lose_cars_of_a_full_car_park():
    """A real month (level 1 of the JPL car park): 14 cars at most, 14 ports, and nobody turned away."""
    clock = Clock.from_local(datetime(2019, 6, 1), 30, 900, "America/Los_Angeles")
    sessions, _ = read_sessions(DATA / "jpl_level1_2019-06.csv", clock.zone)
    axis = {"start_s": clock.start_s, "step_s": clock.step_s, "n_steps": clock.n_steps}
    ports = make_ports(*"c" * 14)
    assert plan_stays(sessions, ports, fcfs, **axis).connected.all()
    arrivals_first = replace(sessions, departure_s=sessions.departure_s + clock.step_s)
    assert (~plan_stays(arrivals_first, ports, fcfs, **axis).connected).sum() == 12
