"""A site's ports from step to step: a day by hand, the state carried over, and what must always hold."""

import json

import numpy as np
import pytest
from fleet_cases import car, make_fleet, make_ports, table

from sims.clock import Clock
from sims.faults import SimulationError
from sims.fleet.evse import Ports, bidirectional_first
from sims.fleet.fleet import SiteRules
from sims.signals.billing.bill import bill
from sims.signals.tariffs.tariff import EnergyPeriod, Tariff

TAPERED_AND_CAPPED = SiteRules(site_cap_kw=60.0, taper_soc=0.8)


def play(fleet, setpoints_kw, building_kw):
    """Run some steps; gives power, state of charge and session of every port at each, and site power."""
    rows = []
    for asked, load_kw in zip(setpoints_kw, building_kw, strict=True):
        soc, session = fleet.soc, fleet.parked.session
        fleet.step(np.array(asked, dtype=float), float(load_kw))
        rows.append((fleet.p_kw.copy(), soc, session, fleet.site_kw))
    return [np.array(column) for column in zip(*rows, strict=True)]


# t (h)        0         1         2         3         4
# building     10        10        10        10
# evse_00      a===================-----)              60 kWh, 0.5 -> wants 0.9, leaves at 2:30
#  asked       10        0         20        5
# evse_01          b-----====================)         40 kWh, 0.5 -> wants 1.0, comes 0:20, goes 3:00
#  asked       0         -8        20        5
class TestADayByHand:
    @pytest.fixture
    def ports(self):
        both = make_ports("c", "b", eta_charge=0.9, eta_discharge=0.8)
        return Ports(
            both.kind,
            np.array([20.0, 10.0]),
            np.array([0.0, 10.0]),
            both.eta_charge,
            both.eta_discharge,
            both.phases,
        )

    @pytest.fixture
    def fleet(self, ports):
        a = car("a", 0, 2.5, declared_h=3.0, soc_required=0.9)
        b = car("b", 1 / 3, 3, capacity_kwh=40.0, soc_required=1.0)
        return make_fleet(table(a, b), ports, 4, step_s=3600)

    @pytest.fixture
    def day(self, fleet):
        return play(fleet, [[10, 0], [0, -8], [20, 20], [5, 5]], [10.0] * 4)

    def test_power(self, day):
        # step 2: half of 20 kW until a leaves, b's port gives 10
        assert day[0].tolist() == [[10, 0], [0, -8], [10, 10], [0, 0]]

    def test_site_power(self, day):
        assert day[3].tolist() == [20, 2, 30, 10]

    def test_state_of_charge_at_the_start_of_each_step(self, day):
        none = np.nan
        # a: 30, 39, 39 of 60 kWh; b: 20, then 8/0.8 kWh less
        expected = [[30 / 60, none], [39 / 60, 20 / 40], [39 / 60, 10 / 40], [none, none]]
        np.testing.assert_allclose(day[1], expected)

    def test_who_stands_where(self, day):
        assert day[2].tolist() == [[0, -1], [0, 1], [0, 1], [-1, -1]]

    def test_outcome(self, fleet, day):
        outcome = fleet.outcome()
        sessions = outcome["sessions"]
        assert sessions["soc_departure"] == pytest.approx([48 / 60, 19 / 40])
        assert sessions["energy_grid_kwh"] == pytest.approx([20.0, 2.0])
        assert sessions["missing_kwh"] == pytest.approx([6.0, 21.0])
        # b: 20 kWh needed, 2 h at 10 kW and 0.9 give 18
        assert sessions["unavoidable_kwh"] == pytest.approx([0.0, 2.0])
        assert sessions["evse_index"] == [0, 1]
        assert outcome["soc_end"] == pytest.approx([np.nan, np.nan], nan_ok=True)

    def test_clamped_requests(self, fleet, day):
        # 20 kW at b's port of 10, and twice 5 kW for cars that are gone; a's early departure is no fault
        assert sum(fleet.outcome()["clamped_requests"]) == 3

    def test_what_is_known_of_a_parked_car_never_has_the_departure(self, fleet):
        known = {name: getattr(fleet.parked, name)[0] for name in fleet.parked.__slots__}
        assert known == {
            "session": 0,
            "capacity_kwh": 60.0,
            "required_kwh": 54.0,
            "floor_kwh": 6.0,
            "ceiling_kwh": 60.0,
            "charge_max_kw": 20.0,
            "discharge_max_kw": 0.0,
            "arrival_s": 0.0,
            "window_start_s": 10800.0,
            "window_end_s": 10800.0,
        }


class TestOutcome:
    def test_without_a_port_the_whole_need_is_missing_and_unavoidable(self):
        fleet = make_fleet(table(car("a", 0, 1), car("b", 0, 1)), make_ports("c"), 4)
        play(fleet, [[0.0]] * 4, [0.0] * 4)
        sessions = fleet.outcome()["sessions"]
        assert sessions["connected"] == [1, 0]
        assert sessions["missing_kwh"][1] == sessions["unavoidable_kwh"][1] == pytest.approx(18.0)
        assert np.isnan(sessions["soc_departure"][1])

    def test_too_short_is_told_apart(self):
        fleet = make_fleet(table(car("a", 0.3, 0.45)), make_ports("c"), 4)
        sessions = fleet.outcome()["sessions"]
        assert (sessions["too_short"], sessions["connected"]) == ([1], [0])

    def test_still_parked_at_the_end_nothing_is_missing_yet(self):
        fleet = make_fleet(table(car("a", 0, 9)), make_ports("c"), 4)
        play(fleet, [[10.0]] * 4, [0.0] * 4)
        outcome = fleet.outcome()
        sessions = outcome["sessions"]
        assert np.isnan(sessions["soc_departure"][0])
        assert (sessions["missing_kwh"], sessions["unavoidable_kwh"]) == ([0.0], [0.0])
        assert (sessions["censored"], sessions["connected"]) == ([1], [1])
        assert sessions["energy_grid_kwh"] == pytest.approx([10.0])
        assert outcome["soc_end"] == pytest.approx([40 / 60])

    def test_the_last_step_counts_by_its_plugged_share(self):
        fleet = make_fleet(table(car("a", 0, 0.375)), make_ports("c"), 4)
        play(fleet, [[20.0]] * 4, [0.0] * 4)
        sessions = fleet.outcome()["sessions"]
        assert sessions["missing_kwh"] == sessions["unavoidable_kwh"] == pytest.approx([18.0 - 7.5])

    def test_arriving_above_the_need_nothing_is_missing(self):
        fleet = make_fleet(table(car("a", 0, 1, soc_arrival=0.9)), make_ports("c"), 4)
        play(fleet, [[0.0]] * 4, [0.0] * 4)
        assert fleet.outcome()["sessions"]["missing_kwh"] == [0.0]

    def test_the_cars_own_limit_counts(self):
        fleet = make_fleet(table(car("a", 0, 1, p_charge_max_kw=3.7)), make_ports("c"), 4)
        assert play(fleet, [[20.0]] * 4, [0.0] * 4)[0].tolist() == [[3.7]] * 4
        assert fleet.outcome()["sessions"]["unavoidable_kwh"] == pytest.approx([18.0 - 3.7])


def test_a_setpoint_too_few_is_refused():
    fleet = make_fleet(table(), make_ports("c", "c"), 4)
    with pytest.raises(SimulationError, match="1 setpoints for 2 ports"):
        fleet.step(np.zeros(1), 0.0)


def test_the_next_car_starts_with_its_own_energy_at_the_port_just_left():
    a, b = car("a", 0, 0.5), car("b", 0.5, 1, soc_arrival=0.2)
    fleet = make_fleet(table(a, b), make_ports("c"), 4)
    _, soc, session, _ = play(fleet, [[20.0]] * 4, [0.0] * 4)
    assert session[:, 0].tolist() == [0, 0, 1, 1]
    assert soc[2, 0] == pytest.approx(0.2)
    assert fleet.outcome()["sessions"]["energy_grid_kwh"] == pytest.approx([10.0, 10.0])


def busy_site(seed=0, n_cars=40, n_steps=48, shuffled=False, ports=None, **other):
    """Cars that come and go at random at six ports of different strength, none of them alike."""
    rng = np.random.default_rng(seed)
    cars = []
    for i in range(n_cars):
        arrival_h = rng.uniform(-2, 11)
        socs = {"soc_arrival": rng.uniform(0.05, 0.9), "soc_required": rng.uniform(0.5, 1.0)}
        size = {"capacity_kwh": rng.uniform(20, 90)}
        cars.append(car(f"{i:03d}", arrival_h, arrival_h + rng.uniform(0.1, 5), **socs, **size))
    cars = [one for one in cars if one["departure_s"] > 0]
    kind = np.array([0, 1, 1, 2, 2, 2])
    p_max_kw = np.array([7.0, 11.0, 22.0, 10.0, 15.0, 20.0])
    eta = np.array([0.9, 0.91, 0.92, 0.93, 0.94, 0.95])
    columns = (kind, p_max_kw, np.where(kind == 2, p_max_kw, 0.0), eta, eta[::-1], np.full(6, 3))
    order = np.random.default_rng(9).permutation(len(cars)) if shuffled else np.arange(len(cars))
    ports = np.arange(6) if ports is None else ports
    fleet = make_fleet(
        table(*(cars[i] for i in order)),
        Ports(*(column[ports].copy() for column in columns)),
        n_steps,
        assignment=bidirectional_first,
        rules=TAPERED_AND_CAPPED,
        **other,
    )
    # a port gets the same requests wherever it stands
    asked = rng.uniform(-25, 25, (n_steps, 6))[:, ports]
    return fleet, asked, rng.uniform(0, 50, n_steps)


def test_metered_energy_of_a_session_is_its_power_over_time():
    fleet, asked, building_kw = busy_site()
    p_kw, _, session, site_kw = play(fleet, asked, building_kw)
    metered = np.zeros(len(fleet.sessions))
    np.add.at(metered, session[session >= 0], p_kw[session >= 0] * 0.25)
    assert (p_kw[session < 0] == 0).all()
    np.testing.assert_allclose(fleet.outcome()["sessions"]["energy_grid_kwh"], metered, atol=1e-9)
    np.testing.assert_allclose(site_kw, building_kw + p_kw.sum(axis=1), atol=1e-9)


def test_battery_change_is_metered_energy_less_losses():
    fleet, asked, building_kw = busy_site()
    p_kw, _, session, _ = play(fleet, asked, building_kw)
    ports, sessions = fleet.ports, fleet.sessions
    stored_kw = np.where(p_kw > 0, p_kw * ports.eta_charge, p_kw / ports.eta_discharge)
    stored = np.zeros(len(sessions))
    np.add.at(stored, session[session >= 0], stored_kw[session >= 0] * 0.25)
    gained = (np.array(fleet.soc_departure) - sessions.soc_arrival) * sessions.capacity_kwh
    departed = ~np.isnan(gained)
    assert departed.sum() > 10
    np.testing.assert_allclose(gained[departed], stored[departed], atol=1e-9)


def test_a_run_split_at_any_step_is_the_run_in_one_bit_for_bit():
    whole, asked, building_kw = busy_site()
    in_one = play(whole, asked, building_kw)
    for k in range(len(asked) + 1):
        first, *_ = busy_site()
        rows = [play(first, asked[:k], building_kw[:k])] if k else []
        second, *_ = busy_site()
        second.set_state(json.loads(json.dumps(first.get_state())))
        assert json.dumps(second.get_state()) == json.dumps(first.get_state())
        rows += [play(second, asked[k:], building_kw[k:])] if k < len(asked) else []
        for column, whole_column in enumerate(in_one):
            parts = np.concatenate([row[column] for row in rows])
            assert parts.tobytes() == whole_column.tobytes()
        assert json.dumps(second.outcome()) == json.dumps(whole.outcome())


def test_the_rows_of_the_sessions_never_matter():
    fleet, asked, building_kw = busy_site()
    mixed, *_ = busy_site(shuffled=True)
    p_kw, *_ = play(fleet, asked, building_kw)
    p_mixed_kw, *_ = play(mixed, asked, building_kw)
    np.testing.assert_array_equal(p_kw, p_mixed_kw)
    for name in ("soc_departure", "energy_grid_kwh", "missing_kwh", "connected"):
        by_id = [
            dict(zip(one.sessions.session_id, one.outcome()["sessions"][name], strict=True))
            for one in (fleet, mixed)
        ]
        assert by_id[0] == pytest.approx(by_id[1], abs=1e-9, nan_ok=True)


def test_the_order_of_ports_never_matters():
    fleet, asked, building_kw = busy_site()
    order = np.array([4, 0, 5, 2, 1, 3])
    mixed, asked_mixed, _ = busy_site(ports=order)
    p_kw, _, session, site_kw = play(fleet, asked, building_kw)
    p_mixed_kw, _, session_mixed, site_mixed_kw = play(mixed, asked_mixed, building_kw)
    np.testing.assert_array_equal(session[:, order], session_mixed)
    np.testing.assert_allclose(p_kw[:, order], p_mixed_kw, atol=1e-9)
    np.testing.assert_allclose(site_kw, site_mixed_kw, atol=1e-9)
    np.testing.assert_array_equal(fleet.clamped_requests[order], mixed.clamped_requests)


def test_a_week_later_everything_is_the_same():
    fleet, asked, building_kw = busy_site()
    later = fleet.sessions
    week_s = 7 * 86400
    moved = table(
        *(
            {name: getattr(later, name)[i] for name in car("", 0, 0)}
            | {
                name: int(getattr(later, name)[i]) + week_s
                for name in ("arrival_s", "departure_s", "window_start_s", "window_end_s")
            }
            for i in range(len(later))
        )
    )
    other = make_fleet(
        moved, fleet.ports, 48, assignment=bidirectional_first, rules=TAPERED_AND_CAPPED, start_s=week_s
    )
    for one, same in zip(play(fleet, asked, building_kw), play(other, asked, building_kw), strict=True):
        np.testing.assert_array_equal(one, same)


def test_doing_nothing_moves_nothing():
    sessions = table(*(car(f"{i}", i / 3, i / 3 + 2, soc_arrival=0.05 * i) for i in range(12)))
    fleet = make_fleet(sessions, make_ports(*"ccbb", eta_charge=0.9, eta_discharge=0.9), 24)
    p_kw, _, _, site_kw = play(fleet, [[0.0] * 4] * 24, np.arange(24.0))
    assert not p_kw.any()
    assert site_kw.tolist() == list(range(24))
    departed = ~np.isnan(fleet.soc_departure)
    assert departed.any()
    np.testing.assert_allclose(fleet.soc_departure[departed], sessions.soc_arrival[departed])
    assert not fleet.clamped_requests.any()


def test_one_car_charged_at_a_flat_price():
    """60 kWh from 0.2 to full at 11 kW and 0.92: 52.17 kWh, 4.74 h, at 0.30 a kWh 15.65."""
    fleet = make_fleet(
        table(car("a", 0, 10, soc_arrival=0.2)), make_ports("c", p_max_kw=11.0, eta_charge=0.92), 40
    )
    p_kw, soc, _, site_kw = play(fleet, [[11.0]] * 40, [0.0] * 40)
    metered_kwh = 48.0 / 0.92
    hours = metered_kwh / 11.0
    assert p_kw.sum() * 0.25 == pytest.approx(metered_kwh)
    assert (p_kw[:18] == 11.0).all()
    assert p_kw[18, 0] == pytest.approx(11.0 * (hours - 4.5) / 0.25)
    assert not p_kw[19:].any()
    assert soc[19, 0] == pytest.approx(1.0)
    flat = Tariff(
        name="flat", currency="EUR", source="here", energy=(EnergyPeriod(name="all", price_per_kwh=0.30),)
    )
    assert bill(flat, Clock(0, 900, 40, "UTC"), site_kw).total == pytest.approx(0.30 * metered_kwh)
