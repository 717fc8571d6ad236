"""Efficiency that depends on power: by hand, exact books, and curves nobody could run."""

import numpy as np
import pytest
from charger_cases import CURVE, advance, curved, hub, hubs, played
from hypothesis import given, settings
from hypothesis import strategies as st

from sims.fleet.efficiency import curve_problem, efficiency_at
from sims.fleet.evse import UNCONTROLLED
from sims.fleet.rules import SiteRules

POINTS = [[0.1, 0.8], [0.5, 0.95], [1.0, 0.9]]  # CURVE as shares of 20 kW


@pytest.mark.parametrize(
    ("p_kw", "eta"), [(1.0, 0.8), (2.0, 0.8), (6.0, 0.875), (10.0, 0.95), (15.0, 0.925), (20.0, 0.9)]
)
class TestOneCurveEitherWay:
    def test_charging_stores_what_the_curve_says(self, p_kw, eta):
        energy, drawn_kw, _ = advance(curved("b"), [30.0], [p_kw])
        assert drawn_kw[0] == p_kw
        assert energy[0] == pytest.approx(30.0 + eta * p_kw * 0.25, abs=1e-12)

    def test_discharging_takes_what_the_curve_says(self, p_kw, eta):
        energy, drawn_kw, _ = advance(curved("b"), [30.0], [-p_kw])
        assert drawn_kw[0] == -p_kw
        assert energy[0] == pytest.approx(30.0 - p_kw / eta * 0.25, abs=1e-12)

    def test_policies_and_kernel_read_the_same_curve(self, p_kw, eta):
        assert efficiency_at(POINTS, p_kw / 20.0) == pytest.approx(eta)


def test_a_battery_is_filled_to_the_brim_and_not_beyond():
    # 1 kWh is missing: 15 kW at 0.925 store it in 4.3 minutes
    energy, p_kw, _ = advance(curved("c"), [59.0], [15.0])
    assert energy[0] == pytest.approx(60.0, abs=1e-12)
    assert p_kw[0] == pytest.approx(1.0 / 0.925 / 0.25, abs=1e-12)


def test_a_battery_is_emptied_to_the_floor_and_not_below():
    energy, p_kw, _ = advance(curved("b"), [7.0], [-15.0])
    assert energy[0] == pytest.approx(6.0, abs=1e-12)
    assert p_kw[0] == pytest.approx(-1.0 * 0.925 / 0.25, abs=1e-12)


def test_what_a_cap_leaves_has_the_efficiency_of_what_is_left():
    energy, p_kw, _ = advance(curved("cc"), [30.0, 30.0], [20.0, 20.0], SiteRules(site_cap_kw=1020.0))
    assert p_kw == pytest.approx([10.0, 10.0])
    assert energy == pytest.approx([30.0 + 0.95 * 2.5] * 2)


def test_a_port_without_a_curve_beside_one_that_has_one():
    ports = hub("bb", curve_kw=[2.0, 20.0], curve_eta=[0.8, 0.9])
    ports.curve_kw[1] = ports.curve_eta[1] = np.inf
    ports.eta_charge[1], ports.eta_discharge[1] = 0.7, 0.6
    energy, *_ = advance(ports, [30.0, 30.0], [20.0, 20.0])
    assert energy == pytest.approx([34.5, 33.5])
    energy, *_ = advance(ports, [30.0, 30.0], [-2.0, -2.0])
    assert energy == pytest.approx([30.0 - 0.5 / 0.8, 30.0 - 0.5 / 0.6])


@pytest.mark.parametrize("taper_soc", [1.0, 0.8])
@pytest.mark.parametrize("start_kwh", [30.0, 50.0, 58.0])
def test_two_half_steps_equal_one(start_kwh, taper_soc):
    rules, ports = SiteRules(taper_soc=taper_soc), curved("c")
    whole, p_whole, _ = advance(ports, [start_kwh], [13.0], rules, dt_h=0.5)
    halfway, p_first, _ = advance(ports, [start_kwh], [13.0], rules)
    parts, p_second, _ = advance(ports, halfway, [13.0], rules)
    assert parts[0] == pytest.approx(whole[0], abs=1e-12)
    assert (p_first[0] + p_second[0]) / 2 == pytest.approx(p_whole[0], abs=1e-12)


@settings(max_examples=400, deadline=None)
@given(hubs(), st.booleans())
def test_the_books_are_exact_whatever_limits_do(drawn, with_curve):
    """What a battery gains is metered energy times the efficiency of one power of its curve, never more."""
    drawn["options"] = {k: v for k, v in drawn["options"].items() if k not in ("curve_kw", "curve_eta")}
    if with_curve:
        drawn["options"] |= {"curve_kw": CURVE[0], "curve_eta": CURVE[1]}
    ports, rules, (energy, p_kw, _) = played(drawn)
    gained = energy - np.array(drawn["energy_kwh"])
    charging, discharging = p_kw > 1e-6, p_kw < -1e-6
    eta = np.ones(len(p_kw))
    eta[charging] = gained[charging] / (p_kw[charging] * 0.25)
    eta[discharging] = p_kw[discharging] * 0.25 / gained[discharging]
    assert (np.abs(gained[~charging & ~discharging]) < 1e-6).all()
    low, high = (0.8, 0.95) if with_curve else (1.0, 1.0)
    moving = charging | discharging
    assert (eta[moving] >= low - 1e-6).all()
    assert (eta[moving] <= high + 1e-6).all()
    plain = rules.taper_soc == 1.0 and not len(ports.p_min_kw) and np.isinf(rules.site_cap_kw)
    if with_curve and plain and rules.export_limit_kw == np.inf and not len(ports.station_index):
        asked = np.where(ports.kind == UNCONTROLLED, drawn["charge_max_kw"], drawn["setpoint_kw"])
        free = (np.array(drawn["plugged_share"]) == 1.0) & (np.abs(p_kw - asked) < 1e-9) & moving
        if not rules.limits_kw:
            assert eta[free] == pytest.approx(np.interp(np.abs(p_kw[free]), *CURVE), abs=1e-6)


@pytest.mark.parametrize(
    ("points", "discharges", "problem"),
    [
        (POINTS, True, None),
        ([[0.0, 0.5], [1.0, 1.0]], False, None),
        ([[0.5, 0.9]], False, "at least two points"),
        ([[0.5, 0.9], [0.5, 0.95]], False, "must ascend"),
        ([[0.5, 0.9], [0.4, 0.95]], False, "must ascend"),
        ([[-0.1, 0.9], [0.4, 0.95]], False, "at least 0, at most 1"),
        ([[0.1, 0.9], [22.0, 0.95]], False, "at least 0, at most 1"),
        ([[0.1, 0.4], [1.0, 0.95]], False, "from 0.5 to 1"),
        ([[0.1, 0.9], [1.0, 95.0]], False, "from 0.5 to 1"),
        ([[0.1, 0.9], [0.5, 0.95], [0.6, 0.75]], False, "falls so fast after 0.5"),
        ([[0.1, 0.5], [0.12, 0.9]], False, None),
        ([[0.1, 0.5], [0.12, 0.9]], True, "rises so fast after 0.1"),
    ],
)
def test_curves_that_could_not_be_run_are_refused(points, discharges, problem):
    said = curve_problem(points, discharges=discharges)
    assert said is None if problem is None else problem in said


@given(
    st.lists(
        st.tuples(st.floats(0.01, 1), st.floats(0.5, 1)), min_size=2, max_size=5, unique_by=lambda p: p[0]
    )
)
def test_a_curve_that_is_let_through_moves_more_energy_with_more_power(drawn):
    points = sorted(drawn)
    share = np.linspace(0.0, 1.0, 2001)
    eta = np.array([efficiency_at(points, one) for one in share])
    if curve_problem(points, discharges=True) is None:
        assert (np.diff(share * eta) > -1e-12).all()
        assert (np.diff(share / eta) > -1e-12).all()
    elif (np.diff([share for share, _ in points]) > 0.01).all():  # wide enough to be seen on the grid
        assert (np.diff(share * eta) < 1e-5).any() or (np.diff(share / eta) < 1e-5).any()
