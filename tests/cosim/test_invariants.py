"""What every run keeps, whatever comes, whoever decides.

Each test draws small sites, runs the whole co-simulation and looks at the stored arrays alone.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_sites import (
    CALIFORNIA,
    FLAT_PRICE,
    MONDAY,
    Asking,
    Guessing,
    Idle,
    Remembering,
    Small,
    car,
    fingerprint,
    hourly_price,
    local_hours,
    policy_of,
    ports,
    ran,
    read,
    simulated,
    site,
)

from cosim import load_scenario, run
from cosim.scenario.inputs import Inputs
from cosim.scenario.load import dump_scenario
from sims.clock import Clock
from sims.control.registry import POLICIES as REGISTERED
from sims.fleet.evse import BIDIRECTIONAL, UNCONTROLLED

DAY = Small(step_minutes=60)
DT_H = 1.0
POLICIES = (
    *({"name": name} for name in sorted(REGISTERED)),
    *(policy_of(kind) for kind in (Idle, Guessing, Remembering)),
)
BOLD = policy_of(Guessing)
FIXTURES = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]

pytestmark = pytest.mark.usefixtures("one_network")


def examples(count: int) -> Any:
    """Few and always the same: each is a whole co-simulation."""
    return settings(max_examples=count, deadline=None, derandomize=True, suppress_health_check=FIXTURES)


# ---------------------------------------------------------------- what is drawn


@st.composite
def cars(draw: st.DrawFn, most: int = 6) -> list[dict]:
    """Cars that come before, in and never in the run, with any battery and any need."""
    drawn = []
    for i in range(draw(st.integers(0, most))):
        arrival_h = draw(st.integers(-5 * 12, 22 * 12)) / 12
        departure_h = arrival_h + draw(st.integers(1, 18 * 12)) / 12
        declared_h = max(departure_h + draw(st.integers(-3, 3)), arrival_h + 0.25)
        low, required, high = sorted(draw(st.tuples(*[st.integers(0, 20)] * 3)))
        limits = draw(st.sampled_from([{}, {"p_charge_max_kw": 6.6}, {"p_discharge_max_kw": 0}]))
        soc = {"soc_min": low / 20, "soc_required": required / 20, "soc_max": high / 20}
        soc |= {"soc_arrival": draw(st.integers(0, 20)) / 20}
        capacity_kwh = draw(st.sampled_from([16.0, 40.0, 77.4]))
        battery = {**soc, **limits, "capacity_kwh": capacity_kwh}
        drawn.append(car(f"s{i}", arrival_h, departure_h, declared_h, **battery))
    return drawn


@st.composite
def chargers(draw: st.DrawFn) -> list[dict]:
    """One to three groups of ports; no two of the same power, so that their order decides nothing."""
    powers = draw(
        st.lists(st.sampled_from([3.7, 7.4, 11.0, 22.0, 50.0]), min_size=1, max_size=3, unique=True)
    )
    groups = []
    for power in powers:
        kind = draw(st.sampled_from(["uncontrolled", "unidirectional", "bidirectional"]))
        other = {"p_discharge_max_kw": 0.5 * power} if kind == "bidirectional" and draw(st.booleans()) else {}
        eta = draw(st.sampled_from([0.85, 0.95, 1.0]))
        groups.append(
            ports(
                draw(st.integers(1, 2)), kind, power, efficiency_charge=eta, efficiency_discharge=0.9, **other
            )
        )
    return groups


@st.composite
def sites(draw: st.DrawFn, name: str = "office") -> dict:
    """A site with any rules and any policy; its building may feed back now and then."""
    seed, span_kw = (
        draw(st.integers(0, 99)),
        draw(st.sampled_from([(-30.0, 30.0), (0.0, 20.0), (0.0, 120.0)])),
    )
    load_kw = np.random.default_rng(seed).uniform(*span_kw, DAY.n_steps).round(3)
    export = [{}, {"allow_export": True}, {"allow_export": True, "export_limit_kw": 8.0}]
    rules: dict[str, Any] = dict(draw(st.sampled_from(export)))
    if draw(st.booleans()):
        rules["site_cap_kw"] = draw(st.sampled_from([20.0, 60.0, 130.0]))
    taper = draw(st.sampled_from([{}, {"taper": "two_stage"}, {"taper": "two_stage", "taper_soc": 0.5}]))
    policy = dict(draw(st.sampled_from((*POLICIES, BOLD, BOLD, BOLD))))
    if policy["name"] in {"edf", "llf"}:
        policy["peak_threshold_kw"] = draw(st.sampled_from([0.0, 70.0]))
    if draw(st.booleans()):
        policy["every_minutes"] = 120
    return site(load_kw, draw(cars()), draw(chargers()), policy, name=name, fleet=taper, **rules)


# ---------------------------------------------------------------- what is looked at


class Stored:
    """Arrays of a site as stored, with the table of its sessions."""

    def __init__(self, series: dict, outcome: dict, inputs: Inputs, index: int = 0) -> None:
        self.one = inputs.sites[index]
        name = self.one.site.name
        prefix = f"sites/{name}/"
        for path, values in series.items():
            if path.startswith(prefix):
                setattr(self, path.removeprefix(prefix), values)
        self.became = {key: np.asarray(values) for key, values in outcome[name]["sessions"].items()}
        self.soc_end = np.asarray(outcome[name]["soc_end"])

    def spells(self):
        """Step, port, session, battery energy at the start of the step and at its end [kWh]."""
        next_soc = np.vstack([self.soc[1:], self.soc_end])
        for k, port in np.argwhere(self.session >= 0):
            row = self.session[k, port]
            stays = (
                self.session[k + 1, port] == row
                if k + 1 < len(self.session)
                else not np.isnan(self.soc_end[port])
            )
            end = next_soc[k, port] if stays else self.became["soc_departure"][row]
            capacity_kwh = self.one.sessions.capacity_kwh[row]
            yield k, port, row, self.soc[k, port] * capacity_kwh, end * capacity_kwh


def check_batteries(stored: Stored) -> None:
    """I1, I4, I7: each battery gains what was metered less the losses, in its range, at its limits."""
    made, table = stored.one.ports, stored.one.sessions
    seen_kwh = np.zeros(len(table))
    for k, port, row, start_kwh, end_kwh in stored.spells():
        p_kw = stored.evse_kw[k, port]
        eta_charge, eta_discharge = made.eta_charge[port], made.eta_discharge[port]
        gain_kwh = (eta_charge * max(p_kw, 0.0) + min(p_kw, 0.0) / eta_discharge) * DT_H
        assert abs(end_kwh - start_kwh - gain_kwh) <= 1e-9
        assert end_kwh - start_kwh <= p_kw * DT_H + 1e-9
        ends = sorted([start_kwh, end_kwh])
        lowest = min(table.soc_min[row], table.soc_arrival[row]) * table.capacity_kwh[row]
        highest = max(table.soc_max[row], table.soc_arrival[row]) * table.capacity_kwh[row]
        assert lowest - 1e-9 <= ends[0]
        assert ends[1] <= highest + 1e-9
        assert p_kw <= min(made.p_max_kw[port], table.p_charge_max_kw[row]) + 1e-9
        assert p_kw >= -min(made.p_discharge_max_kw[port], table.p_discharge_max_kw[row]) - 1e-9
        assert p_kw >= 0.0 or made.kind[port] == BIDIRECTIONAL
        seen_kwh[row] += p_kw * DT_H
    np.testing.assert_allclose(stored.became["energy_grid_kwh"], seen_kwh, rtol=0, atol=1e-9)
    assert (stored.evse_kw[stored.session < 0] == 0.0).all()
    np.testing.assert_array_equal(np.isnan(stored.soc), stored.session < 0)


def check_site(stored: Stored) -> None:
    """I2 and the rules of the site: sums, no export that is not the building's own, the cap."""
    np.testing.assert_allclose(
        stored.site_kw, stored.building_kw + stored.evse_kw.sum(axis=1), rtol=0, atol=1e-9
    )
    np.testing.assert_array_equal(stored.building_kw, stored.one.building_kw)
    rules = stored.one.site
    assert (stored.site_kw >= np.minimum(stored.building_kw, -rules.most_export_kw) - 1e-9).all()
    if rules.site_cap_kw is not None:
        # a discharging car may make room, never the cap give way
        assert (stored.site_kw <= np.maximum(stored.building_kw, rules.site_cap_kw) + 1e-9).all()
    if rules.policy.name.endswith(":Idle"):
        deaf = stored.one.ports.kind == UNCONTROLLED
        assert (stored.evse_kw[:, ~deaf] == 0.0).all()


def check_feeder(series: dict, stored: list[Stored]) -> None:
    """I3: what the grid gives is what all sites draw, and the losses."""
    drawn_kw = sum(one.building_kw + one.evse_kw.sum(axis=1) for one in stored)
    np.testing.assert_array_equal(series["feeder/converged"], 1)
    np.testing.assert_allclose(
        series["feeder/import_kw"], drawn_kw + series["feeder/losses_kw"], rtol=0, atol=1e-6
    )
    assert (series["feeder/losses_kw"] > 0.0).all()


# ---------------------------------------------------------------- I1, I2, I3, I4, I5, I7


@examples(40)
@given(office=sites(), home=sites("home"))
def test_energy_is_conserved_everywhere(folder, office, home):
    home["connection"] = "building_board"
    inputs = read(folder / "balance", office, home, when=DAY)
    series, outcome = simulated(inputs)
    stored = [Stored(series, outcome, inputs, index) for index in (0, 1)]
    for one in stored:
        check_batteries(one)
        check_site(one)
    check_feeder(series, stored)


def test_a_site_that_may_not_export_only_feeds_its_building(folder):
    parked = [car(f"c{i}", -1, 30, soc_arrival=1.0, capacity_kwh=400) for i in range(2)]
    for allow_export, least_kw in ((False, 0.0), (True, -12.0)):
        gives = site(10.0, parked, [ports(2)], policy_of(Asking, p_kw=-11.0), allow_export=allow_export)
        series, outcome = simulated(read(folder / "export", gives, when=DAY))
        np.testing.assert_allclose(series["sites/office/site_kw"], least_kw, rtol=0, atol=1e-9)
        assert outcome["office"]["clamped_requests"] == ([0, 0] if allow_export else [24, 24])


def test_under_the_cap_who_listens_gives_way_first(folder):
    parked = [car(f"c{i}", -1, 30, soc_arrival=0.0, capacity_kwh=400) for i in range(2)]
    groups = [ports(1, "uncontrolled", 10.0), ports(1, "unidirectional", 20.0)]
    for cap_kw, expected_kw in (
        (100.0, [10.0, 20.0]),
        (75.0, [10.0, 15.0]),
        (58.0, [8.0, 0.0]),
        (40.0, [0.0, 0.0]),
    ):
        full = site(50.0, parked, groups, policy_of(Asking, p_kw=20.0), site_cap_kw=cap_kw)
        series, _ = simulated(read(folder / "cap", full, when=DAY))
        np.testing.assert_allclose(series["sites/office/evse_kw"][0], expected_kw, rtol=0, atol=1e-9)


@examples(6)
@given(office=sites())
def test_stored_totals_are_the_sums_of_stored_power(folder, office):
    done = ran(folder / "totals", office, when=DAY)
    stored, kpis, table = done.site("office"), done.kpis["sites"]["office"], done.sessions("office")
    assert kpis["building_kwh"] == pytest.approx(stored.building_kw.sum() * DT_H, abs=1e-9)
    assert kpis["import_kwh"] - kpis["export_kwh"] == pytest.approx(stored.site_kw.sum() * DT_H, abs=1e-9)
    net_kwh = stored.evse_kw.sum() * DT_H
    assert kpis["ev_charged_kwh"] - kpis["ev_discharged_kwh"] == pytest.approx(net_kwh, abs=1e-9)
    assert table["energy_grid_kwh"].sum() == pytest.approx(net_kwh, abs=1e-9)
    assert done.kpis["feeder"]["import_kwh"] == pytest.approx(done.feeder.import_kw.sum() * DT_H, abs=1e-9)
    prices = np.array([hourly_price(hour) for hour in local_hours(done.clock)])
    np.testing.assert_array_equal(done.signals("hourly").price_per_kwh, prices)
    expected = float((prices * stored.site_kw.clip(min=0.0)).sum() * DT_H)
    assert kpis["bill_energy"] == pytest.approx(expected, abs=1e-6)


# ---------------------------------------------------------------- I10: order decides nothing


@examples(20)
@given(office=sites(), home=sites("home"), data=st.data())
def test_the_order_of_cars_ports_and_sites_decides_nothing(folder, office, home, data):
    home["connection"] = "building_board"
    for one in (office, home):  # who draws from a generator draws in the order of the ports
        if one["policy"]["name"].partition(":")[2] in {"Guessing", "Remembering"}:
            one["policy"] = {"name": "required"}
    shuffled = [
        {**one, "cars": data.draw(st.permutations(one["cars"])), "chargers": one["chargers"][::-1]}
        for one in (home, office)
    ]
    results = [simulated(read(folder / "order", *two, when=DAY)) for two in ((office, home), shuffled)]
    for name in ("office", "home"):
        one, other = (
            {k: v for k, v in series.items() if k.startswith(f"sites/{name}/")} for series, _ in results
        )
        path = f"sites/{name}/"
        np.testing.assert_allclose(one[path + "site_kw"], other[path + "site_kw"], rtol=0, atol=1e-9)
        one_table, other_table = (outcome[name]["sessions"] for _, outcome in results)
        for column in ("soc_departure", "energy_grid_kwh", "missing_kwh", "connected"):
            np.testing.assert_allclose(
                one_table[column], other_table[column], rtol=0, atol=1e-9, err_msg=column
            )
    (one, _), (other, _) = results
    for name in ("feeder/vm_pu", "feeder/import_kw", "feeder/losses_kw"):
        np.testing.assert_allclose(one[name], other[name], rtol=0, atol=1e-9)


# ---------------------------------------------------------------- I11, I12: when and where


def flat(one: dict) -> dict:
    """The same site under a tariff that knows no hour and no month."""
    return {**one, "tariff": "flat.toml"}


def same(one: dict, other: dict) -> None:
    """All series of two runs are the same numbers, but for the names of their signals."""
    assert set(one) == set(other)
    for path, values in one.items():
        np.testing.assert_array_equal(values, other[path], err_msg=path)


@examples(10)
@given(office=sites(), weeks=st.sampled_from([1, 3, 30]))
def test_a_week_later_everything_is_the_same(folder, office, weeks):
    later = replace(DAY, start=MONDAY + timedelta(weeks=weeks))
    now, then = (simulated(read(folder / "week", flat(office), when=when)) for when in (DAY, later))
    same(now[0], then[0])
    np.testing.assert_equal(now[1], then[1])


@examples(10)
@given(office=sites(), place=st.sampled_from([("UTC", 7), ("Asia/Tokyo", 16), ("Pacific/Auckland", 19)]))
def test_another_report_zone_moves_no_energy(folder, office, place):
    zone, hour = place
    there = replace(DAY, zone=zone, start=MONDAY + timedelta(hours=hour))
    assert there.clock.start_s == DAY.clock.start_s
    one, other = (simulated(read(folder / "zone", flat(office), when=when)) for when in (DAY, there))
    same(one[0], other[0])
    np.testing.assert_equal(one[1], other[1])


# ---------------------------------------------------------------- I14, I24: the file


@examples(4)
@given(office=sites())
def test_a_dumped_scenario_loads_and_gives_the_same_bytes(folder, office):
    done = ran(folder / "dump", office, when=DAY)
    dumped = folder / "dump" / "dumped.toml"
    for text in (dump_scenario(load_scenario(folder / "dump" / "small.toml")), done.scenario_toml):
        dumped.write_text(text)
        again = run(load_scenario(dumped), folder / "dump" / "again.h5", overwrite=True, allow_code=True)
        assert fingerprint(again.path) == fingerprint(done.path)


# ---------------------------------------------------------------- I15: no future
#
#     step          0 ... t          t+1 ... 23
#     inputs        as they were     anything else: load, prices, arrivals, true departures
#     stored        the same bytes   whatever


def another_future(inputs: Inputs, t: int, rng: np.random.Generator) -> Inputs:
    """The same up to step `t`, after which loads, prices, arrivals and departures are others."""
    clock = inputs.clock
    last_s = clock.start_s + t * clock.step_s
    changed = []
    for one in inputs.sites:
        load_kw, co2 = one.building_kw.copy(), one.co2_g_per_kwh.copy()
        load_kw[t + 1 :] += rng.uniform(200.0, 300.0, len(load_kw) - t - 1)
        co2[t + 1 :] += 500.0
        table = one.sessions
        leaves = np.where(
            table.departure_s > last_s + clock.step_s, table.departure_s + 1800, table.departure_s
        )
        moved = replace(table, departure_s=np.maximum(leaves, table.arrival_s + 60))
        known = moved.take(np.flatnonzero(table.arrival_s <= last_s))
        changed.append(replace(one, building_kw=load_kw, co2_g_per_kwh=co2, sessions=known))
    return replace(inputs, sites=tuple(changed))


def repriced(inputs: Inputs, t: int) -> Inputs:
    """The same tariff up to the hour of step `t`, another after it; the run begins at midnight."""
    hours = local_hours(inputs.clock)
    assert hours == sorted(hours)
    changed = []
    for one in inputs.sites:
        energy = tuple(
            period.model_copy(update={"price_per_kwh": -1.0}) if period.hours[0][0] > hours[t] else period
            for period in one.tariff.energy
        )
        changed.append(replace(one, tariff=one.tariff.model_copy(update={"energy": energy})))
    return replace(inputs, sites=tuple(changed))


def busy(policy: dict, name: str = "office", **other) -> dict:
    """A site where every step matters."""
    load_kw = 60 + 40 * np.sin(np.arange(DAY.n_steps) / 3)
    coming = [car(f"c{i}", 2.2 * i - 3.0, 2.2 * i + 5.6, soc_arrival=0.05 * i) for i in range(11)]
    groups = [ports(2), ports(1, "unidirectional", 7.4), ports(1, "uncontrolled", 3.7)]
    return site(load_kw, coming, groups, policy, name=name, **other)


def check_no_future(inputs: Inputs, steps: range) -> None:
    before, _ = simulated(inputs)
    for t in steps:
        rng = np.random.default_rng(t)
        after, _ = simulated(repriced(another_future(inputs, t, rng), t))
        for path in before:
            assert before[path][: t + 1].tobytes() == after[path][: t + 1].tobytes(), f"{path} up to step {t}"


def test_nothing_after_any_step_changes_what_was_before(folder):
    """Every step of a day, two sites that share the feeder, with and without memory."""
    two = [
        busy({"name": "llf", "peak_threshold_kw": 60.0}, site_cap_kw=150.0),
        busy(policy_of(Remembering), "home", connection="building_board", allow_export=True),
    ]
    check_no_future(read(folder / "future", *two, when=DAY), range(23))


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy["name"].rpartition(":")[2])
def test_no_policy_knows_the_future(folder, policy):
    """Also without a configured peak: the highest load to come is none of its business.

    A tariff is public, so a forecast of the price is asked for that does not look it up.
    """
    described = busy(policy, forecasts={"price": "persistence"})
    check_no_future(read(folder / "policies", described, when=DAY), range(4, 23, 6))


def test_another_future_does_change_what_comes_after(folder):
    inputs = read(folder / "other", busy({"name": "llf", "peak_threshold_kw": 60.0}), when=DAY)
    one, _ = simulated(inputs)
    other, _ = simulated(repriced(another_future(inputs, 10, np.random.default_rng(1)), 10))
    for path in (
        "sites/office/evse_kw",
        "signals/hourly/price_per_kwh",
        "feeder/vm_pu",
        "sites/office/session",
    ):
        assert (one[path][11:] != other[path][11:]).any(), path


# ---------------------------------------------------------------- I17, I18, I22: answers known beforehand


def test_doing_nothing_costs_nothing(folder):
    coming = [car("a", 1, 20), car("b", 5, 30)]
    idle = ran(folder / "idle", site(50.0 + np.arange(24), coming, [ports()], policy_of(Idle)), when=DAY)
    kpis = idle.kpis["sites"]["office"]
    assert (idle.site("office").evse_kw == 0.0).all()
    assert kpis["ev_charged_kwh"] == kpis["ev_discharged_kwh"] == kpis["ev_cost"] == 0.0
    assert kpis["bill_total"] == kpis["building_bill_total"] > 0.0
    table = idle.sessions("office")
    np.testing.assert_array_equal(table["soc_departure"].dropna(), table["soc_arrival"][:1])
    assert kpis["missing_kwh"] == pytest.approx(0.4 * 60.0)


@pytest.mark.parametrize("step_minutes", [15, 60])
def test_one_car_charges_as_on_paper(folder, step_minutes):
    """40 kWh into a 60 kWh battery at 11 kW and 0.9: 4.04 h, and the meter shows 44.4 kWh."""
    one = car("a", 3, 20, capacity_kwh=60.0, soc_arrival=1 / 3)
    port = ports(1, p_max_kw=11.0, efficiency_charge=0.9)
    alone = site(None, [one], [port], "uncontrolled", tariff="flat.toml")
    done = ran(folder / "paper", alone, when=Small(step_minutes=step_minutes))
    power_kw, kpis = done.site("office").evse_kw[:, 0], done.kpis["sites"]["office"]
    per_hour = 60 // step_minutes
    metered_kwh = 40.0 / 0.9
    assert kpis["ev_charged_kwh"] == pytest.approx(metered_kwh, abs=1e-9)
    assert kpis["ev_cost"] == pytest.approx(metered_kwh * FLAT_PRICE, abs=1e-9)
    charging = np.flatnonzero(power_kw)
    first, whole = 3 * per_hour, int(metered_kwh / 11.0 * per_hour)
    assert charging.tolist() == list(range(first, first + whole + 1))
    assert (power_kw[charging[:-1]] == 11.0).all()
    assert power_kw[charging[-1]] == pytest.approx(metered_kwh * per_hour - 11.0 * whole)
    assert done.sessions("office")["soc_departure"][0] == pytest.approx(1.0, abs=1e-12)


def test_more_load_lowers_and_feeding_back_raises_every_voltage(folder):
    parked = [car(f"c{i}", -1, 30, soc_arrival=0.5, soc_required=0.5, capacity_kwh=800) for i in range(2)]
    settings_of = {"allow_export": True, "connection": "bidirectional_board"}
    vm_pu = []
    for load_kw, asked_kw in ((40.0, -8.0), (20.0, -8.0), (20.0, 0.0), (40.0, 0.0), (40.0, 6.0), (90.0, 6.0)):
        described = site(load_kw, parked, [ports(2)], policy_of(Asking, p_kw=asked_kw), **settings_of)
        vm_pu.append((load_kw + 2 * asked_kw, simulated(read(folder / "volts", described, when=DAY))[0]))
    by_load = [series["feeder/vm_pu"][:, 1:] for _, series in sorted(vm_pu, key=lambda pair: pair[0])]
    for less, more in pairwise(by_load):
        assert (more < less).all()


# ---------------------------------------------------------------- I25: units


UNITS = {
    "_kw": "kW",
    "_kwh": "kWh",
    "_kv": "kV",
    "_kva": "kVA",
    "_a": "A",
    "_pu": "pu",
    "_percent": "percent",
    "co2_g_per_kwh": "g/kWh",
    "price_per_kwh": "USD/kWh",
}


def test_every_dataset_says_its_unit_and_meaning(folder):
    done = ran(folder / "units", busy({"name": "required"}), when=DAY)
    checked = []

    def look(path: str, data: h5py.HLObject) -> None:
        if not isinstance(data, h5py.Dataset) or data.shape == ():  # scenario and tariff are texts
            return
        assert data.attrs["long_name"], path
        ending = max((end for end in UNITS if path.endswith(end)), key=len, default=None)
        times = ("time", "arrival", "departure", "window_start", "window_end")
        since = "seconds since 2019-06-03T07:00:00Z" if path.rpartition("/")[2] in times else "1"
        assert data.attrs["units"] == (UNITS[ending] if ending else since), path
        checked.append(path)

    with h5py.File(done.path) as file:
        file.visititems(look)
    assert len(checked) > 40


# ---------------------------------------------------------------- days of 23 and 25 hours


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        (CALIFORNIA, datetime(2019, 3, 10), 23),
        (CALIFORNIA, datetime(2019, 11, 3), 25),
        ("Europe/Berlin", datetime(2019, 3, 31), 23),
        ("Europe/Berlin", datetime(2019, 10, 27), 25),
        ("Australia/Lord_Howe", datetime(2019, 4, 7), 24.5),
    ],
)
def test_energy_and_prices_on_the_days_the_clock_changes(folder, zone, day, hours):
    when = Small(start=day, days=1, step_minutes=15, zone=zone)
    clock: Clock = when.clock
    assert clock.n_steps == 4 * hours
    load_kw = 40 + 20 * np.sin(np.arange(clock.n_steps) / 7)
    at_night = car("night", 0, 6, capacity_kwh=200, soc_arrival=0.0, soc_required=1.0)
    done = ran(folder / "dst", site(load_kw, [at_night], [ports(1)], "uncontrolled"), when=when)
    office, kpis = done.site("office"), done.kpis["sites"]["office"]
    assert kpis["building_kwh"] == pytest.approx(load_kw.sum() / 4)
    assert kpis["ev_charged_kwh"] == pytest.approx(6 * 11.0)  # hours that pass, not hours on the clock
    prices = [hourly_price(hour) for hour in local_hours(clock)]
    np.testing.assert_array_equal(done.signals("hourly").price_per_kwh, prices)
    assert kpis["bill_energy"] == pytest.approx(float(np.dot(prices, office.site_kw)) / 4)
    by_hour = {line.label: line.quantity for line in done.bill("office").lines if line.kind == "energy"}
    for hour in (1, 2, 3):
        steps = np.array(local_hours(clock)) == hour
        assert by_hour[f"h{hour:02d}"] == pytest.approx(office.site_kw[steps].sum() / 4)
    day_kw = office.site_kw[[6 <= hour < 22 for hour in local_hours(clock)]]
    assert kpis["bill_demand"] == pytest.approx(10.0 * day_kw.max())
    frame = done.site("office").frame()
    assert frame.index[-1].hour == 23
    assert frame.index.is_unique
