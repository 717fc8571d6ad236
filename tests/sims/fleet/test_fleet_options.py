"""A fleet with every option from step to step: weather, station numbers, and other step lengths (I13)."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from charger_cases import CURVE
from fleet_cases import car, make_fleet, make_ports, table

from sims.fleet.evse import Ports, fcfs
from sims.fleet.fleet import Fleet
from sims.fleet.rules import SiteRules
from sims.fleet.stays import plan_stays
from sims.fleet.temperature import points_problem, power_share


def group(count, **options):
    """A group of chargers as a scenario gives it."""
    usual = {
        "phases": 3,
        "kind": "unidirectional",
        "p_max_kw": 20.0,
        "p_discharge_max_kw": None,
        "efficiency_charge": 0.95,
        "efficiency_discharge": 0.94,
        "efficiency_curve": None,
        "p_min_kw": None,
        "steps_kw": None,
        "ports_per_station": 1,
        "station_limit_kw": None,
    }
    return SimpleNamespace(count=count, **usual | options)


class TestPortsOfGroups:
    def test_groups_without_options_leave_nothing_behind(self):
        ports = Ports.from_groups([group(3)])
        for name in ("p_min_kw", "steps_kw", "curve_kw", "curve_eta", "station_index", "station_limit_kw"):
            assert getattr(ports, name).size == 0

    def test_station_numbers_go_on_over_groups(self):
        two = {"ports_per_station": 2, "station_limit_kw": 22.0}
        ports = Ports.from_groups([group(3, **two), group(2), group(2, **two)])
        assert ports.station_index.tolist() == [0, 0, 1, -1, -1, 2, 2]
        assert ports.station_limit_kw.tolist() == [22, 22, 22, np.inf, np.inf, 22, 22]

    def test_the_first_step_is_the_least_power(self):
        ports = Ports.from_groups([group(1, steps_kw=[5, 20]), group(1, p_min_kw=4.14), group(1)])
        assert ports.p_min_kw.tolist() == [5, 4.14, 0]
        assert ports.steps_kw.tolist() == [[5, 20], [np.inf] * 2, [np.inf] * 2]

    def test_a_curve_gives_policies_the_efficiency_at_full_power(self):
        curve = [[0.25, 0.8], [0.5, 0.95], [1.0, 0.9]]
        both = {"kind": "bidirectional", "p_discharge_max_kw": 10.0, "efficiency_curve": curve}
        ports = Ports.from_groups([group(1, **both), group(1)])
        assert ports.eta_charge.tolist() == [0.9, 0.95]
        assert ports.eta_discharge.tolist() == [0.95, 0.94]
        assert ports.curve_kw.tolist() == [[5, 10, 20], [np.inf] * 3]
        assert ports.curve_eta.tolist() == [[0.8, 0.95, 0.9], [np.inf] * 3]


class TestTemperature:
    POINTS = ((-10.0, 0.4), (10.0, 1.0))

    def test_share_of_the_power(self):
        share = power_share(self.POINTS, np.array([-20.0, -10.0, 0.0, 10.0, 30.0]))
        assert share == pytest.approx([0.4, 0.4, 0.7, 1.0, 1.0])

    @pytest.mark.parametrize(
        ("points", "problem"),
        [
            ([[0.0, 1.0]], "two points"),
            ([[10.0, 1.0], [0.0, 0.5]], "must ascend"),
            ([[0.0, 0.5], [10.0, 1.2]], "from 0 to 1"),
            ([[0.0, -0.5], [10.0, 1.0]], "from 0 to 1"),
        ],
    )
    def test_points_that_make_no_sense_are_refused(self, points, problem):
        assert problem in (points_problem(points) or "")

    def test_a_cold_car_charges_and_discharges_less(self):
        ports, sessions = make_ports("b"), table(car("a", 0, 9))
        stays = plan_stays(sessions, ports, fcfs, start_s=0, step_s=900, n_steps=3)
        rules, share = SiteRules(export_limit_kw=np.inf), np.array([0.5, 1.0, 0.25])
        fleet = Fleet(sessions, stays, ports, rules, start_s=0, step_s=900, power_share=share)
        drawn = []
        for asked_kw in (20.0, 20.0, -20.0):
            fleet.step(np.array([asked_kw]), 0.0)
            drawn.append(float(fleet.p_kw[0]))
        assert drawn == [10.0, 20.0, -5.0]
        assert fleet.clamped_requests.tolist() == [2]
        assert fleet.power_share == 1.0  # nothing is known beyond the run


def everything(step_s, **rules):
    """Four ports with a curve and a least power, cars that come and go on the quarter hour."""
    ports = make_ports(*"ccbb", p_max_kw=20.0)
    n = len(ports)
    ports = replace(
        ports,
        p_min_kw=np.full(n, 4.0),
        steps_kw=np.full((n, 1), np.inf),
        curve_kw=np.tile(CURVE[0], (n, 1)),
        curve_eta=np.tile(CURVE[1], (n, 1)),
    )
    cars = [car(f"c{i}", 0.25 * i, 6.0 + 0.25 * i, soc_arrival=0.3 + 0.1 * i) for i in range(n)]
    cars.append(car("later", 6.5, 7.75, soc_arrival=0.85))
    fleet = make_fleet(table(*cars), ports, 8 * 3600 // step_s, step_s=step_s, rules=SiteRules(**rules))
    rng = np.random.default_rng(5)
    asked = np.repeat(rng.choice([-9.0, 0.0, 5.0, 11.0, 20.0], (32, n)), 900 // step_s, axis=0)
    load_kw = np.repeat(rng.uniform(20, 60, 32), 900 // step_s)
    site_kw = []
    for setpoint, building_kw in zip(asked, load_kw, strict=True):
        fleet.step(setpoint, float(building_kw))
        site_kw.append(fleet.site_kw)
    quarter_kw = np.array(site_kw).reshape(32, -1).mean(axis=1)
    return fleet.energy_grid_kwh, quarter_kw, fleet.soc_departure


@pytest.mark.parametrize("taper_soc", [1.0, 0.8])
def test_shorter_steps_change_nothing_where_nothing_is_shared(taper_soc):
    """I13: energy, quarter-hour means and final state of charge are the same at 15, 5 and 1 min."""
    coarse = everything(900, taper_soc=taper_soc, export_limit_kw=np.inf)
    for step_s in (300, 60):
        for one, other in zip(
            coarse, everything(step_s, taper_soc=taper_soc, export_limit_kw=np.inf), strict=True
        ):
            np.testing.assert_allclose(other, one, rtol=0, atol=1e-9)


def test_shorter_steps_converge_where_a_limit_is_shared():
    """I13: a limit is held in the mean of a step, so a car that is full early leaves room within it."""
    shared = {"site_cap_kw": 70.0, "limits_kw": [25.0], "limited_ports": [[0, 1, 2]]}
    finest = everything(30, **shared)
    energy, peak, soc = zip(
        *(
            (
                np.abs(one[0] - finest[0]).max(),
                abs(one[1].max() - finest[1].max()),
                np.nanmax(np.abs(one[2] - finest[2])),
            )
            for one in (everything(step_s, **shared) for step_s in (900, 300, 60))
        ),
        strict=True,
    )
    for gaps in (energy, peak, soc):
        assert gaps[0] + 1e-12 >= gaps[1] >= gaps[2] - 1e-12
    assert 1e-4 < energy[0] < 0.01  # kWh of some 30: there is something to converge
    assert energy[2] < 1e-3 * energy[0]


def test_a_split_run_with_weather_is_the_run_in_one():
    def fresh():
        sessions, ports = table(car("a", 0, 9), car("b", 0.5, 9)), make_ports(*"cb")
        stays = plan_stays(sessions, ports, fcfs, start_s=0, step_s=900, n_steps=8)
        share = np.linspace(0.2, 1.0, 8)
        return Fleet(sessions, stays, ports, SiteRules(), start_s=0, step_s=900, power_share=share)

    def run(fleet, n):
        for _ in range(n):
            fleet.step(np.array([20.0, 20.0]), 10.0)
        return fleet

    whole, first, second = run(fresh(), 8), run(fresh(), 3), fresh()
    second.set_state(json.loads(json.dumps(first.get_state())))
    assert json.dumps(run(second, 5).get_state()) == json.dumps(whole.get_state())
