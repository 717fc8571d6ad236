"""Cars that come back bring what they left with, less what the sessions imply they drove."""

import json

import numpy as np
import pytest
from fleet_cases import car, make_ports, table
from hypothesis import given, settings
from hypothesis import strategies as st

from sims.fleet.evse import fcfs
from sims.fleet.fleet import Fleet, SiteRules
from sims.fleet.returning import plan_returns
from sims.fleet.stays import plan_stays

HOUR_S = 3600


def persistent(cars, *kinds, n_steps=24, persistent_vehicles=True, step_s=HOUR_S, **ports):
    """A fleet whose cars come back, at lossless ports of 20 kW that are free to feed back."""
    sessions, site = table(*cars), make_ports(*kinds, **ports)
    stays = plan_stays(sessions, site, fcfs, start_s=0, step_s=step_s, n_steps=n_steps)
    rules = SiteRules(export_limit_kw=np.inf)
    how = {"start_s": 0, "step_s": step_s, "persistent_vehicles": persistent_vehicles}
    return Fleet(sessions, stays, site, rules, **how)


def visit(day, number, arrival_h, departure_h, **other):
    return car(f"{day}{number}", arrival_h, departure_h, vehicle_id=day, **other)


def play(fleet, asked):
    for asked_kw in asked:
        fleet.step(np.full(len(fleet.ports), float(asked_kw)), 0.0)
    return fleet.outcome()["sessions"]


# t (h)       0    2         6    8         12   14
# v           a====)         b====)         c====)     60 kWh, wants 0.8, the file has it arrive with 0.5
#             0.5            0.5            0.5        it so drives 0.3 = 18 kWh between visits
VISITS = (visit("v", 0, 0, 2), visit("v", 1, 6, 8), visit("v", 2, 12, 14))


class TestOneCarByHand:
    def test_charged_as_wanted_it_comes_as_the_file_says(self):
        # 9 kW over 2 h: 0.3 each time
        outcome = play(persistent(VISITS, "c"), [9.0] * 24)
        assert outcome["soc_arrival"] == pytest.approx([0.5, 0.5, 0.5])
        assert outcome["soc_departure"] == pytest.approx([0.8, 0.8, 0.8])

    def test_left_short_it_comes_back_emptier(self):
        # 6 kW: 0.2 each time, so 0.1 less at each visit, and that much more is missing
        outcome = play(persistent(VISITS, "c"), [6.0] * 24)
        assert outcome["soc_arrival"] == pytest.approx([0.5, 0.4, 0.3])
        assert outcome["soc_departure"] == pytest.approx([0.7, 0.6, 0.5])
        assert outcome["missing_kwh"] == pytest.approx([6.0, 12.0, 18.0])

    def test_left_fuller_it_comes_back_fuller(self):
        outcome = play(persistent(VISITS, "c"), [20.0] * 24)
        assert outcome["soc_arrival"] == pytest.approx([0.5, 0.7, 0.7])
        assert outcome["soc_departure"] == pytest.approx([1.0, 1.0, 1.0])

    def test_discharged_it_charges_on_the_way_before_it_falls_below_its_floor(self):
        outcome = play(persistent(VISITS, "b"), [-9.0] * 24)
        # leaves with 0.2; 0.2 - 0.3 is below the floor of 0.1, from which nothing more is taken
        assert outcome["soc_arrival"] == pytest.approx([0.5, 0.1, 0.1])
        assert outcome["soc_departure"] == pytest.approx([0.2, 0.1, 0.1])

    def test_what_nobody_could_have_given_is_reckoned_from_the_real_arrival(self):
        cars = (*VISITS[:2], visit("v", 2, 12, 13, soc_required=1.0))
        outcome = play(persistent(cars, "c"), [6.0] * 24)
        # arrives with 0.3 for 1.0: 42 kWh, of which an hour at 20 kW gives 20
        assert outcome["unavoidable_kwh"] == pytest.approx([0.0, 0.0, 22.0])

    def test_without_the_key_the_file_stands(self):
        outcome = play(persistent(VISITS, "c", persistent_vehicles=False), [6.0] * 24)
        assert outcome["soc_arrival"] == [0.5, 0.5, 0.5]


class TestOtherHistories:
    def test_charged_elsewhere_it_comes_back_fuller_than_it_left(self):
        cars = (visit("v", 0, 0, 2, soc_required=0.6), visit("v", 1, 6, 8, soc_arrival=0.75))
        outcome = play(persistent(cars, "c"), [0.0] * 24)
        assert outcome["soc_arrival"] == pytest.approx([0.5, 0.65])

    def test_a_file_that_has_it_arrive_below_the_floor_lowers_the_floor(self):
        cars = (visit("v", 0, 0, 2), visit("v", 1, 6, 8, soc_arrival=0.04))
        assert play(persistent(cars, "b"), [-20.0] * 24)["soc_arrival"][1] == pytest.approx(0.04)

    def test_a_visit_without_a_port_changes_nothing_but_the_kilometres(self):
        """The guest holds the only port at the second visit: two trips follow the first departure."""
        guest = car("guest", 3, 10)
        outcome = play(persistent((*VISITS, guest), "c"), [20.0] * 24)
        assert outcome["connected"] == [1, 0, 1, 1]
        # leaves full: 0.7 at the second visit, and 0.3 less at the third
        assert outcome["soc_arrival"] == pytest.approx([0.5, 0.7, 0.4, 0.5])
        assert outcome["missing_kwh"][1] == pytest.approx(0.1 * 60)

    def test_no_port_at_the_first_visit_of_all(self):
        guest = car("guest", -1, 3)
        outcome = play(persistent((guest, *VISITS[:2]), "c"), [20.0] * 24)
        assert outcome["connected"] == [1, 0, 1]
        assert outcome["soc_arrival"] == pytest.approx([0.5, 0.5, 0.2])

    def test_leaving_and_coming_back_within_a_step(self):
        cars = (visit("v", 0, 0, 2.2, soc_required=0.5), visit("v", 1, 2.5, 6, soc_arrival=0.5))
        fleet = persistent(cars, "c")
        outcome = play(fleet, [6.0] * 24)
        assert outcome["soc_arrival"][1] == outcome["soc_departure"][0] > 0.5

    def test_others_are_not_touched(self):
        cars = (*VISITS, visit("w", 0, 0, 2, soc_arrival=0.3), visit("w", 1, 6, 8, soc_arrival=0.3))
        outcome = play(persistent(cars, "c", "c"), [6.0] * 24)
        assert outcome["soc_arrival"] == pytest.approx([0.5, 0.4, 0.3, 0.3, 0.0 + 0.1])

    def test_nobody_comes(self):
        assert plan_returns(table(), persistent((), "c").stays).source.tolist() == []


def test_rows_in_any_order():
    asked = [6.0] * 24
    straight = play(persistent(VISITS, "c"), asked)["soc_arrival"]
    assert play(persistent(VISITS[::-1], "c"), asked)["soc_arrival"] == straight[::-1]


@st.composite
def histories(draw):
    """Up to three cars at two ports, each with up to five visits that follow one another."""
    cars = []
    for name in "uvw"[: draw(st.integers(1, 3))]:
        hour = draw(st.integers(-3, 4))
        for number in range(draw(st.integers(1, 5))):
            leaves = hour + draw(st.integers(1, 10)) / 2
            low, required = sorted(draw(st.tuples(*[st.integers(0, 20)] * 2)))
            socs = {"soc_arrival": draw(st.integers(0, 20)) / 20, "soc_required": required / 20}
            cars.append(visit(name, number, hour, leaves, **socs, soc_min=low / 20))
            hour = leaves + draw(st.integers(0, 6)) / 2
    return [one for one in cars if one["departure_s"] > 0 and one["arrival_s"] < 24 * HOUR_S]


@settings(max_examples=60, deadline=None)
@given(histories(), st.lists(st.integers(-20, 20), min_size=24, max_size=24))
def test_the_books_of_every_car_close(cars, asked):
    """Energy of a car at its last departure is what it came with first, what the meters say and its trips."""
    ports = {"eta_charge": 0.9, "eta_discharge": 0.8}
    fleet = persistent(cars, "b", "b", **ports)
    gained_kwh = np.zeros(len(cars))
    for asked_kw in asked:
        session = fleet.parked.session
        fleet.step(np.full(2, float(asked_kw)), 0.0)
        stored = np.where(fleet.p_kw > 0, 0.9 * fleet.p_kw, fleet.p_kw / 0.8)
        here = session >= 0
        np.add.at(gained_kwh, session[here], stored[here])
    outcome = fleet.outcome()["sessions"]
    arrival, left = np.array(outcome["soc_arrival"]), np.array(outcome["soc_departure"])
    gone = ~np.isnan(left)
    np.testing.assert_allclose((left - arrival)[gone] * 60.0, gained_kwh[gone], atol=1e-9)
    assert not np.isnan(arrival).any()
    assert ((arrival >= 0) & (arrival <= 1)).all()
    last = {}
    for row in np.argsort(fleet.sessions.arrival_s, kind="stable").tolist():
        name = cars[row]["vehicle_id"]
        if name in last and outcome["connected"][last[name]]:
            trip = cars[row]["soc_arrival"] - cars[last[name]]["soc_required"]
            floor = min(cars[row]["soc_min"], cars[row]["soc_arrival"])
            assert arrival[row] == pytest.approx(min(max(left[last[name]] + trip, floor), 1.0))
        elif name not in last:
            assert arrival[row] == cars[row]["soc_arrival"]
        last[name] = row


def test_a_run_split_at_any_step_is_the_run_in_one():
    asked = [6.0, -4.0, 11.0] * 8
    whole = json.dumps(play(persistent(VISITS, "b"), asked))
    for k in range(25):
        first = persistent(VISITS, "b")
        play(first, asked[:k])
        second = persistent(VISITS, "b")
        second.set_state(json.loads(json.dumps(first.get_state())))
        assert json.dumps(play(second, asked[k:])) == whole
