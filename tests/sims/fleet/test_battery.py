"""One step of the ports: energy in and out, the charging curve, and the rules of the site."""

from math import exp

import numpy as np
import pytest
from fleet_cases import make_ports
from hypothesis import assume, given
from hypothesis import strategies as st

from sims.fleet.arrays import NO_TAPER, Standing, StepRules
from sims.fleet.battery import advance_ports, soc_after
from sims.fleet.rules import SiteRules, shared_limits

ROUNDING_KWH = 1e-9


def advance(energy_kwh, setpoint_kw, **changes):
    """One quarter hour of ports of 20 kW and cars of 60 kWh; gives energy, power and clamped requests."""
    n = len(energy_kwh)
    cars = {
        "capacity_kwh": 60.0,
        "floor_kwh": 6.0,
        "ceiling_kwh": 60.0,
        "charge_max_kw": 20.0,
        "discharge_max_kw": 20.0,
        "plugged_share": 1.0,
    }
    outlets = {"uncontrolled": False, "eta_charge": 1.0, "eta_discharge": 1.0}
    site = {"site_cap_kw": np.inf, "export_limit_kw": 0.0, "dt_h": 0.25, "taper_soc": NO_TAPER}
    known = {"building_kw", *cars, *outlets, *site}
    assert known >= set(changes), set(changes) - known

    def spread(columns):
        return {k: np.array(np.broadcast_to(changes.get(k, v), n)) for k, v in columns.items()}

    ports = make_ports(*"c" * n)
    energy, p_kw = np.array(energy_kwh, dtype=float), np.zeros(n)
    clamped = np.zeros(len(energy), dtype=np.int64)
    advance_ports(
        energy,
        p_kw,
        clamped,
        np.array(setpoint_kw, dtype=float),
        changes.get("building_kw", 1000.0),
        Standing(**spread(cars)),
        ports.outlets._replace(**spread(outlets)),
        shared_limits(ports, SiteRules()),
        StepRules(**{k: changes.get(k, v) for k, v in site.items()}),
    )
    return energy, p_kw, clamped.sum()


class TestEnergy:
    def test_charging_stores_eta_of_what_is_metered(self):
        energy, p_kw, _ = advance([30.0], [20.0], eta_charge=0.95)
        assert p_kw[0] == 20.0
        assert energy[0] == pytest.approx(30.0 + 0.95 * 20.0 * 0.25)

    def test_discharging_takes_more_than_is_metered(self):
        energy, p_kw, _ = advance([30.0], [-10.0], eta_discharge=0.8)
        assert p_kw[0] == -10.0
        assert energy[0] == pytest.approx(30.0 - 2.5 / 0.8)

    def test_stops_at_the_ceiling(self):
        energy, p_kw, _ = advance([53.0], [20.0], ceiling_kwh=54.0, eta_charge=0.8)
        assert p_kw[0] == pytest.approx(1.0 / 0.8 / 0.25)
        assert energy[0] == pytest.approx(54.0)

    def test_stops_at_the_floor(self):
        energy, p_kw, _ = advance([8.0], [-20.0], eta_discharge=0.5)
        assert p_kw[0] == pytest.approx(-2.0 * 0.5 / 0.25)
        assert energy[0] == pytest.approx(6.0)

    def test_below_the_floor_a_car_only_charges(self):
        _, p_kw, _ = advance([3.0, 3.0], [-5.0, 5.0])
        assert p_kw.tolist() == [0.0, 5.0]

    def test_above_the_ceiling_a_car_only_discharges(self):
        _, p_kw, _ = advance([58.0, 58.0], [-5.0, 5.0], ceiling_kwh=54.0)
        assert p_kw.tolist() == [-5.0, 0.0]

    def test_uncontrolled_ports_do_not_listen(self):
        _, p_kw, _ = advance([30.0], [3.0], uncontrolled=True)
        assert p_kw[0] == 20.0

    def test_a_free_port_draws_nothing_and_no_minus_zero(self):
        free = {"capacity_kwh": 0.0, "floor_kwh": 0.0, "ceiling_kwh": 0.0}
        _, p_kw, _ = advance([0.0], [-7.0], **free, charge_max_kw=0.0, discharge_max_kw=0.0, taper_soc=0.8)
        assert str(p_kw[0]) == "0.0"

    @pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
    def test_a_setpoint_that_is_not_finite_moves_nothing(self, bad):
        energy = np.array([30.0, 30.0])
        with pytest.raises(ValueError, match="setpoint is not finite"):
            advance(energy, [5.0, bad])
        assert energy.tolist() == [30.0, 30.0]

    def test_a_load_that_is_not_finite_is_refused(self):
        with pytest.raises(ValueError, match="building_kw"):
            advance([30.0], [5.0], building_kw=np.nan)


class TestCurve:
    """60 kWh at 20 kW: a quarter hour of full power is 1/12 of the battery; the curve starts at 0.8."""

    STEP = 1 / 12

    def after(self, soc, p_kw=20.0, dt_h=0.25, taper_soc=0.8):
        return soc_after(soc, p_kw, 20.0, 60.0, 1.0, dt_h, taper_soc)

    def test_below_the_knee_it_is_a_straight_line(self):
        assert self.after(0.6) == pytest.approx(0.6 + self.STEP)

    def test_crossing_the_knee(self):
        assert self.after(0.75) == pytest.approx(1 - 0.2 * exp(-(0.75 + self.STEP - 0.8) / 0.2))

    def test_above_the_knee(self):
        assert self.after(0.9) == pytest.approx(1 - 0.1 * exp(-self.STEP / 0.2))

    def test_half_power_meets_the_curve_half_way_to_full(self):
        assert self.after(0.85, p_kw=10.0) == pytest.approx(0.85 + self.STEP / 2)
        assert self.after(0.9, p_kw=10.0) == pytest.approx(1 - 0.1 * exp(-self.STEP / 2 / 0.1))

    def test_without_taper_full_is_where_it_ends(self):
        assert self.after(0.99, taper_soc=NO_TAPER) == 1.0

    @given(
        st.floats(0, 1), st.floats(0, 20), st.floats(0.01, 1), st.floats(0.05, 0.99), st.floats(0.05, 0.95)
    )
    def test_two_parts_of_a_step_equal_the_step(self, soc, p_kw, dt_h, taper_soc, part):
        whole = self.after(soc, p_kw, dt_h, taper_soc)
        halfway = self.after(soc, p_kw, part * dt_h, taper_soc)
        parts = self.after(halfway, p_kw, (1 - part) * dt_h, taper_soc)
        assert parts == pytest.approx(whole, abs=1e-12)

    @given(st.floats(0, 1), st.floats(0, 20), st.floats(0, 20), st.floats(0.05, 0.99))
    def test_never_overfull_never_free_never_falling(self, soc, p_kw, other_kw, taper_soc):
        less_kw, more_kw = sorted((p_kw, other_kw))
        less = self.after(soc, less_kw, taper_soc=taper_soc)
        more = self.after(soc, more_kw, taper_soc=taper_soc)
        assert soc <= less <= more + 1e-15
        assert more <= 1.0
        assert more - soc <= more_kw * 0.25 / 60.0 + 1e-15

    @pytest.mark.parametrize("ceiling_kwh", [54.0, 58.0, 60.0])
    @pytest.mark.parametrize("start_kwh", [40.0, 47.0, 53.0])
    def test_two_half_steps_of_a_port_equal_one_up_to_the_ceiling(self, start_kwh, ceiling_kwh):
        limits = {"ceiling_kwh": ceiling_kwh, "taper_soc": 0.8, "eta_charge": 0.9}
        whole, p_whole, _ = advance([start_kwh], [20.0], dt_h=1.0, **limits)
        halfway, p_first, _ = advance([start_kwh], [20.0], dt_h=0.5, **limits)
        parts, p_second, _ = advance(halfway, [20.0], dt_h=0.5, **limits)
        assert parts[0] == pytest.approx(whole[0], abs=ROUNDING_KWH)
        assert p_whole[0] == pytest.approx((p_first[0] + p_second[0]) / 2, abs=ROUNDING_KWH)
        assert whole[0] <= ceiling_kwh + ROUNDING_KWH

    @pytest.mark.parametrize("taper_soc", [NO_TAPER, 0.8])
    @pytest.mark.parametrize("start_kwh", [30.0, 47.0, 53.0])
    def test_unplugged_half_way_a_car_gets_what_half_a_step_gives(self, start_kwh, taper_soc):
        leaving, p_kw, _ = advance([start_kwh], [20.0], plugged_share=0.5, taper_soc=taper_soc)
        half, p_half_kw, _ = advance([start_kwh], [20.0], dt_h=0.125, taper_soc=taper_soc)
        assert leaving[0] == pytest.approx(half[0])
        assert p_kw[0] == pytest.approx(p_half_kw[0] / 2)

    def test_the_curve_never_bends_discharging(self):
        _, p_kw, _ = advance([59.0], [-20.0], taper_soc=0.8)
        assert p_kw[0] == -20.0


class TestSiteRules:
    def test_without_export_discharging_shrinks_to_the_load(self):
        # building 10 + charging 5 feeds 15 of the 30 kW two cars offer
        _, p_kw, _ = advance([30.0, 30.0, 30.0], [-20.0, -10.0, 5.0], building_kw=10.0)
        assert p_kw == pytest.approx([-10.0, -5.0, 5.0])

    def test_with_an_export_permit_it_does_not(self):
        _, p_kw, _ = advance([30.0, 30.0], [-20.0, -10.0], building_kw=10.0, export_limit_kw=np.inf)
        assert p_kw.tolist() == [-20.0, -10.0]

    def test_a_cap_takes_from_controllable_ports_first(self):
        # 40 kW are left: 20 go to the port that does not listen, 20 are shared 2 : 1
        rules = {"building_kw": 60.0, "site_cap_kw": 100.0, "uncontrolled": [True, False, False]}
        _, p_kw, _ = advance([30.0] * 3, [0.0, 20.0, 10.0], **rules)
        assert p_kw == pytest.approx([20.0, 20.0 * 2 / 3, 20.0 / 3])

    def test_then_from_those_that_do_not_listen(self):
        rules = {"building_kw": 85.0, "site_cap_kw": 100.0, "uncontrolled": [True, True, False]}
        _, p_kw, _ = advance([30.0] * 3, [0.0, 0.0, 10.0], **rules)
        assert p_kw == pytest.approx([7.5, 7.5, 0.0])

    def test_above_the_cap_without_cars_nobody_charges(self):
        _, p_kw, _ = advance([30.0, 30.0], [20.0, 0.0], building_kw=120.0, site_cap_kw=100.0)
        assert p_kw.tolist() == [0.0, 0.0]

    def test_discharging_makes_room_below_the_cap(self):
        _, p_kw, _ = advance([30.0, 30.0], [-10.0, 20.0], building_kw=90.0, site_cap_kw=100.0)
        assert p_kw.tolist() == [-10.0, 20.0]


class TestClamped:
    @pytest.mark.parametrize(
        ("setpoint_kw", "changes", "count"),
        [
            ([20.0, -20.0], {}, 0),
            ([20.1, -20.1], {}, 2),
            ([5.0, -5.0], {"charge_max_kw": [0.0, 20.0], "discharge_max_kw": [20.0, 0.0]}, 2),
            ([20.0, 20.0], {"ceiling_kwh": [31.0, 60.0]}, 1),
            ([20.0 + 1e-9, 0.0], {}, 0),
            ([99.0, 99.0], {"uncontrolled": True, "site_cap_kw": 1010.0}, 0),
            ([20.0, 20.0], {"plugged_share": 0.3}, 0),
            ([20.0, 20.0], {"capacity_kwh": 31.0, "ceiling_kwh": 60.0, "taper_soc": 0.5}, 0),
            ([-15.0, -15.0], {"building_kw": 10.0}, 2),
            ([-25.0, -5.0], {"building_kw": 10.0}, 2),
            ([20.0, 20.0], {"site_cap_kw": 1030.0, "uncontrolled": [True, False]}, 1),
        ],
    )
    def test_each_port_once_and_only_what_a_controller_can_know(self, setpoint_kw, changes, count):
        assert advance([30.0, 30.0], setpoint_kw, **changes)[2] == count

    def test_the_exact_load_is_no_violation(self):
        load_kw = 0.1 + 0.2
        assert advance([30.0, 30.0], [-0.1, -0.2 - 1e-12], building_kw=load_kw)[2] == 0


sites = st.fixed_dictionaries(
    {
        "building_kw": st.floats(0, 100),
        "site_cap_kw": st.sampled_from([np.inf, 30.0, 90.0]),
        "export_limit_kw": st.sampled_from((0.0, 5.0, np.inf)),
        "taper_soc": st.sampled_from([NO_TAPER, 0.8, 0.5]),
        "dt_h": st.sampled_from([1 / 60, 0.25, 1.0]),
    }
)
port = st.fixed_dictionaries(
    {
        "start_kwh": st.floats(0, 60),
        "setpoint_kw": st.floats(-60, 60),
        "floor_kwh": st.floats(0, 20),
        "ceiling_kwh": st.floats(40, 60),
        "charge_max_kw": st.sampled_from([0.0, 3.7, 20.0]),
        "discharge_max_kw": st.sampled_from([0.0, 20.0]),
        "plugged_share": st.floats(0.01, 1),
        "uncontrolled": st.booleans(),
        "eta_charge": st.floats(0.5, 1),
        "eta_discharge": st.floats(0.5, 1),
    }
)


def run_site(ports, site):
    columns = {name: [one[name] for one in ports] for name in ports[0]}
    start, asked = columns.pop("start_kwh"), columns.pop("setpoint_kw")
    return advance(start, asked, **columns, **site)


@given(st.lists(port, min_size=1, max_size=6), sites)
def test_whatever_is_asked_physics_and_site_hold(ports, site):
    energy, p_kw, _ = run_site(ports, site)
    for one, after, p in zip(ports, energy, p_kw, strict=True):
        before, dt_h = one["start_kwh"], site["dt_h"]
        stored = p * one["eta_charge"] if p > 0 else p / one["eta_discharge"]
        assert after - before == pytest.approx(stored * dt_h, abs=ROUNDING_KWH)
        assert min(before, one["floor_kwh"]) - ROUNDING_KWH <= after
        assert after <= max(before, one["ceiling_kwh"]) + ROUNDING_KWH
        share = one["plugged_share"]
        assert -one["discharge_max_kw"] * share - 1e-12 <= p <= one["charge_max_kw"] * share + 1e-12
        if not one["uncontrolled"]:
            assert min(0.0, one["setpoint_kw"]) <= p <= max(0.0, one["setpoint_kw"])
    site_kw = site["building_kw"] + p_kw.sum()
    assert site_kw >= -site["export_limit_kw"] - ROUNDING_KWH
    assert p_kw[p_kw > 0].sum() < 1e-9 or site_kw <= site["site_cap_kw"] + ROUNDING_KWH


@given(st.lists(port, min_size=2, max_size=6), sites, st.randoms(use_true_random=False))
def test_the_order_of_ports_never_matters(ports, site, random):
    order = list(range(len(ports)))
    random.shuffle(order)
    energy, p_kw, clamped = run_site(ports, site)
    energy_2, p_kw_2, clamped_2 = run_site([ports[i] for i in order], site)
    assert clamped == clamped_2
    np.testing.assert_allclose(p_kw_2, p_kw[order], atol=1e-9)
    np.testing.assert_allclose(energy_2, energy[order], atol=1e-9)


@given(st.floats(6, 59), st.floats(0.1, 20), st.floats(0.5, 1), st.floats(0.5, 1))
def test_a_round_trip_never_gains(start_kwh, p_kw, eta_charge, eta_discharge):
    eta = {"eta_charge": eta_charge, "eta_discharge": eta_discharge, "dt_h": 0.05}
    charged, p_in, _ = advance([start_kwh], [p_kw], **eta)
    assume(charged[0] > start_kwh + 1e-3)
    back, p_out, _ = advance(charged, [-(charged[0] - start_kwh) * eta_discharge / 0.05], **eta)
    assert back[0] == pytest.approx(start_kwh) or p_out[0] == pytest.approx(-20.0)
    assert -p_out[0] <= p_in[0] * eta_charge * eta_discharge + 1e-9
