"""What ports can be set to, and what they share: by hand, and whatever is asked."""

import numpy as np
import pytest
from charger_cases import advance, hub, hubs, played
from hypothesis import given, settings
from hypothesis import strategies as st

from sims.fleet.evse import UNCONTROLLED
from sims.fleet.rules import SiteRules, shared_limits

ROUNDING_KW = 1e-9
TWO = {"station_index": [0, 0, 1, 1], "station_limit_kw": 22.0}  # two stations of two ports
HALF = [30.0, 30.0, 30.0, 30.0]


def power(ports, asked, rules=None, energy=None, **how):
    return advance(ports, HALF[: len(ports)] if energy is None else energy, asked, rules, **how)[1].tolist()


class TestLeastPower:
    PORTS = hub("ccc", p_min_kw=4.14)

    def test_below_it_the_port_pauses_and_the_request_counts_as_clamped(self):
        _, p_kw, clamped = advance(self.PORTS, HALF[:3], [4.13, 4.14, 0.0])
        assert p_kw.tolist() == [0.0, 4.14, 0.0]
        assert clamped.tolist() == [1, 0, 0]

    def test_a_car_that_takes_less_is_served_when_it_asks_for_all_it_can_take(self):
        assert power(self.PORTS, [3.0, 2.0, 20.0], charge_max_kw=3.0) == [3.0, 0.0, 3.0]

    def test_the_last_drop_before_full_is_the_cars_affair(self):
        energy, p_kw, clamped = advance(self.PORTS, [59.9] * 3, [20.0, 0.4, 0.3])
        assert p_kw == pytest.approx([0.4, 0.4, 0.0])
        assert energy == pytest.approx([60.0, 60.0, 59.9])
        assert clamped.tolist() == [1, 0, 1]

    def test_it_is_no_matter_of_discharging(self):
        assert power(hub("b", p_min_kw=4.14), [-1.0]) == [-1.0]

    def test_where_some_ports_have_none(self):
        assert power(hub("cc", p_min_kw=[0.0, 4.14]), [1.0, 1.0]) == [1.0, 0.0]


class TestSteps:
    PORTS = hub("ccc", steps_kw=[5.0, 10.0, 20.0])

    def test_requests_go_down_to_the_next_step(self):
        assert power(self.PORTS, [4.9, 9.99, 19.9]) == [0.0, 5.0, 10.0]
        assert power(self.PORTS, [5.0, 10.0, 20.0]) == [5.0, 10.0, 20.0]

    def test_a_car_between_two_steps_is_served_when_it_asks_for_all_it_can_take(self):
        assert power(self.PORTS, [6.6, 6.5, 20.0], charge_max_kw=6.6) == [6.6, 5.0, 6.6]

    def test_below_a_cap_everybody_goes_down_again(self):
        # 2/3 of 20 and of 10 kW are 13.3 and 6.7
        assert power(self.PORTS, [20.0, 10.0, 0.0], SiteRules(site_cap_kw=1020.0)) == [10.0, 5.0, 0.0]

    def test_what_the_steps_leave_of_a_cap_does_not_let_others_feed_back(self):
        # 14 kW of room: the 20 kW asked go down to 10; so the building of -5 kW takes 5 of the 12 given
        ports, rules = hub("bb", steps_kw=[10.0, 20.0]), SiteRules(site_cap_kw=2.0)
        assert power(ports, [20.0, -12.0], rules, building_kw=0.0) == pytest.approx([10.0, -10.0])


class TestStations:
    def test_the_ports_of_a_station_share_in_proportion(self):
        assert power(hub("cccc", **TWO), [20, 20, 20, 0]) == pytest.approx([11, 11, 20, 0])
        assert power(hub("cccc", **TWO), [20, 10, 10, 10]) == pytest.approx([44 / 3, 22 / 3, 10, 10])

    def test_who_does_not_listen_gives_way_last(self):
        assert power(hub("ucuu", **TWO), [0, 20, 0, 0]) == pytest.approx([20, 2, 11, 11])

    def test_discharging_is_limited_likewise(self):
        assert power(hub("bbbb", **TWO), [-20, -20, -20, 5]) == pytest.approx([-11, -11, -20, 5])

    def test_charging_and_discharging_are_not_set_off(self):
        """The site may stop the discharging; the limit would be broken then."""
        ports = hub("bbb", station_index=[0, 0, 0], station_limit_kw=22.0)
        assert power(ports, [20, 20, -20]) == pytest.approx([11, 11, -20])

    def test_ports_without_a_station_are_left_alone(self):
        ports = hub("ccc", station_index=[-1, 0, 0], station_limit_kw=[np.inf, 22.0, 22.0])
        assert power(ports, [20, 20, 20]) == pytest.approx([20, 11, 11])

    def test_the_fuller_car_waits_when_there_is_too_little_for_both(self):
        ports = hub("ccc", p_min_kw=4.14, station_index=[0, 0, 0], station_limit_kw=9.0)
        assert power(ports, [20, 20, 20], energy=[30, 20, 40]) == pytest.approx([4.5, 4.5, 0])
        assert power(ports, [20, 20, 20], energy=[30, 20, 30]) == pytest.approx([0, 9, 0])
        assert power(ports, [20, 20, 20], energy=[30, 30, 30]) == [0, 0, 0]  # nobody comes before the other

    def test_all_lowered_requests_are_counted(self):
        assert advance(hub("cccc", **TWO), HALF, [20, 20, 20, 0])[2].tolist() == [1, 1, 0, 0]


class TestSets:
    def test_smaller_sets_come_first_so_that_nothing_is_left_unused(self):
        rules = SiteRules(limits_kw=[40.0, 10.0], limited_ports=[[0, 1, 2, 3], [0, 1]])
        # 5 and 5 of the small set, then 50 kW in all are scaled by 0.8
        assert power(hub("cccc"), [20] * 4, rules) == pytest.approx([4, 4, 16, 16])

    def test_overlapping_sets_of_one_size_are_held_at_once(self):
        rules = SiteRules(limits_kw=[20.0, 30.0], limited_ports=[[0, 1], [1, 2]])
        assert power(hub("ccc"), [20] * 3, rules) == pytest.approx([10, 10, 15])

    def test_stations_come_before_sets_and_sets_before_the_site(self):
        ports = hub("cccc", **TWO)
        rules = SiteRules(site_cap_kw=1022.0, limits_kw=[33.0], limited_ports=[[0, 1, 2, 3]])
        # stations 11, 11, 20 of 42 kW; set 33 / 42; site 22 / 33
        assert power(ports, [20, 20, 20, 0], rules) == pytest.approx([22 * 11 / 42] * 2 + [22 * 20 / 42, 0])

    def test_nobody_pays_for_what_nobody_has(self):
        shared = shared_limits(hub("cc"), SiteRules())
        assert (len(shared.limit_kw), len(shared.level_start), len(shared.port)) == (0, 1, 0)


@settings(max_examples=400, deadline=None)
@given(hubs())
def test_no_limit_is_ever_exceeded(drawn):
    ports, rules, (energy, p_kw, _) = played(drawn)
    shared = shared_limits(ports, rules)
    for g, limit_kw in enumerate(shared.limit_kw):
        members = p_kw[shared.port[shared.start[g] : shared.start[g + 1]]]
        assert members.clip(min=0.0).sum() <= limit_kw + ROUNDING_KW
        assert -members.clip(max=0.0).sum() <= limit_kw + ROUNDING_KW
    site_kw, building_kw = drawn["building_kw"] + p_kw.sum(), drawn["building_kw"]
    assert site_kw <= max(rules.site_cap_kw, building_kw) + ROUNDING_KW
    assert site_kw >= min(-rules.export_limit_kw, building_kw) - ROUNDING_KW
    assert ((energy >= 6.0 - 1e-9) & (energy <= 60.0 + 1e-9)).all()
    asked = np.where(ports.kind == UNCONTROLLED, drawn["charge_max_kw"], drawn["setpoint_kw"])
    assert (p_kw <= np.maximum(asked, 0.0) + ROUNDING_KW).all()
    assert (p_kw >= np.minimum(asked, 0.0)).all()


@settings(max_examples=300, deadline=None)
@given(hubs())
def test_charging_is_at_a_power_the_port_can_be_set_to_or_the_car_stops(drawn):
    drawn = {**drawn, "plugged_share": [1.0] * len(drawn["kinds"])}
    drawn["rules"] = {**drawn["rules"], "taper_soc": 1.0}
    ports, _, (energy, p_kw, _) = played(drawn)
    if not len(ports.p_min_kw):
        return
    for i, p in enumerate(p_kw):
        steps = ports.steps_kw[i][np.isfinite(ports.steps_kw[i])]
        at_step = np.isclose(p, steps, atol=1e-5).any() if len(steps) else p >= ports.p_min_kw[i] - 1e-5
        at_cars_limit = np.isclose(p, drawn["charge_max_kw"][i])
        # near full the car takes less in the mean; what a shared limit leaves of that is below its room
        nearly_full = drawn["energy_kwh"][i] + 20.0 * 0.25 >= 60.0
        assert p <= 0.0 or at_step or at_cars_limit or nearly_full
        assert energy[i] <= 60.0 + 1e-9


@settings(max_examples=300, deadline=None)
@given(hubs(), st.integers(0, 99))
def test_the_order_of_ports_never_matters(drawn, seed):
    order = np.random.default_rng(seed).permutation(len(drawn["kinds"]))
    _, _, (energy, p_kw, clamped) = played(drawn)
    _, _, (energy_2, p_kw_2, clamped_2) = played(drawn, order)
    np.testing.assert_allclose(p_kw_2, p_kw[order], atol=1e-9)
    np.testing.assert_allclose(energy_2, energy[order], atol=1e-9)
    np.testing.assert_array_equal(clamped_2, clamped[order])


@settings(max_examples=100, deadline=None)
@given(hubs())
def test_who_shares_a_limit_that_binds_uses_all_of_it(drawn):
    """Ports that can be set to any power, one station, full cars aside: nobody gets less than necessary."""
    n = len(drawn["kinds"])
    drawn = {**drawn, "energy_kwh": [20.0] * n, "options": {"station_index": 0, "station_limit_kw": 14.0}}
    drawn["rules"] = {"export_limit_kw": np.inf}
    alone = {**drawn, "options": {}}
    given_kw, wanted_kw = (played(one)[2][1].clip(min=0.0).sum() for one in (drawn, alone))
    assert given_kw == pytest.approx(min(14.0, wanted_kw))


@settings(max_examples=100, deadline=None)
@given(hubs())
def test_stations_that_share_nothing_else_are_sums_of_themselves(drawn):
    """I19 for ports: who is not at my station changes nothing for me."""
    n = len(drawn["kinds"])
    drawn = {**drawn, "rules": {"export_limit_kw": np.inf, "taper_soc": drawn["rules"]["taper_soc"]}}
    drawn["options"] = drawn["options"] | {"station_index": np.arange(n) // 2, "station_limit_kw": 14.0}
    together = played(drawn)[2][1]
    for first in range(0, n, 2):
        others = [i for i in range(n) if i // 2 != first // 2]
        alone = {**drawn, "charge_max_kw": np.array(drawn["charge_max_kw"], dtype=float)}
        alone["setpoint_kw"] = np.array(drawn["setpoint_kw"], dtype=float)
        alone["charge_max_kw"][others] = alone["setpoint_kw"][others] = 0.0
        np.testing.assert_array_equal(played(alone)[2][1][first : first + 2], together[first : first + 2])
