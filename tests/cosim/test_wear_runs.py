"""Battery wear and cars that come back, in whole runs: the stored table against separate code."""

from itertools import pairwise

import numpy as np
import pytest
from small_sites import Guessing, Small, Watching, car, fingerprint, policy_of, ports, ran, read, site, write

from cosim import load_scenario, parameters, run

WEAR = {"model": "schmalstieg", "battery_age_days": 365.0, "full_cycles_before": 40.0}
PRICED = {**WEAR, "battery_price_per_kwh": 150.0}
MIDDLES = (np.arange(1000) + 0.5) / 1000
WEEK = Small(days=5, step_minutes=30)

pytestmark = pytest.mark.usefixtures("one_network")


def commuters(n_days: int = 5) -> list[dict]:
    """Three cars that come every day, and one that never finds a port."""
    coming = []
    for day in range(n_days):
        for i in range(3):
            hours = (24.0 * day + 7.0 + i / 3, 24.0 * day + 15.2 + i)
            coming.append(car(f"d{day}c{i}", *hours, vehicle_id=f"car {i}", soc_arrival=0.3 + 0.1 * i))
    return [*coming, car("unlucky", 8.5, 14.0, vehicle_id="unlucky")]


def office(degradation=None, *, name="office", policy=None, **fleet) -> dict:
    wear = {} if degradation is None else {"degradation": degradation}
    policy = policy or policy_of(Guessing)
    chargers = [ports(2), ports(1, "unidirectional", 7.4)]
    return site(40.0, commuters(), chargers, policy, name=name, allow_export=True, fleet={**wear, **fleet})


@pytest.fixture(scope="module")
def worn(folder, one_network):
    return ran(folder / "worn", office(PRICED, persistent_vehicles=True), when=WEEK)


def separately(run, site_name="office"):
    """Wear of each session by plain loops over what is stored; temperature 25 degC."""
    stored, table = run.site(site_name), run.sessions(site_name)
    step_s, start = run.clock.step_s, run.clock.local_time(run.clock.start_s)
    cycles_of: dict[str, float] = {}
    left_of: dict[str, float] = {}
    found = {}
    for row in np.argsort(table["arrival"].to_numpy(), kind="stable").tolist():
        one = table.iloc[row]
        steps, on = np.nonzero(stored.session == row)
        if not len(steps):
            found[row] = (0.0, 0.0, 0.0)
            continue
        gone_s = (one["departure"] - start).total_seconds()
        socs = [*stored.soc[steps, on], one["soc_departure"]]
        times = [*(steps * step_s), gone_s]
        pieces = list(zip(pairwise(times), pairwise(socs), strict=True))
        stay_d = (times[-1] - times[0]) / 86400
        mean = sum((b - a) * (x + y) / 2 for (a, b), (x, y) in pieces) / (times[-1] - times[0])
        active = [(b - a, x + (y - x) * MIDDLES) for (a, b), (x, y) in pieces if x != y]
        weights = np.repeat([width for width, _ in active], len(MIDDLES))
        values = np.concatenate([line for _, line in active])
        swing = 2 * np.average(abs(values - np.average(values, weights=weights)), weights=weights)
        cycles = sum(abs(y - x) for _, (x, y) in pieces) / 2
        car_id = one["vehicle_id"]
        away = abs(one["soc_arrival"] - left_of[car_id]) / 2 if car_id in left_of else 0.0
        before_ah = 4.1 * (40.0 + cycles_of.get(car_id, 0.0) + away)
        age_d = 365.0 + times[0] / 86400
        alpha = (7.543e6 * (3.3324 + 0.8263 * mean) - 23.75e6) * np.exp(-6976 / 298.15)
        beta = 7.348e-3 * (3.74555 - 3.667) ** 2 + 7.6e-4 + 4.081e-3 * swing
        found[row] = (
            cycles,
            alpha * ((age_d + stay_d) ** 0.75 - age_d**0.75),
            beta * ((before_ah + 4.1 * cycles) ** 0.5 - before_ah**0.5),
        )
        cycles_of[car_id] = cycles_of.get(car_id, 0.0) + away + cycles
        left_of[car_id] = one["soc_departure"]
    return np.array([found[row] for row in range(len(table))])


def test_the_table_is_what_the_stored_series_say(worn):
    table, expected = worn.sessions("office"), separately(worn)
    assert (expected > 0).all(axis=1).sum() == 15
    for i, name in enumerate(("equivalent_full_cycles", "calendar_loss", "cyclic_loss")):
        np.testing.assert_allclose(table[name], expected[:, i], rtol=2e-5, atol=1e-15, err_msg=name)
    lost_kwh = (table["calendar_loss"] + table["cyclic_loss"]) * table["capacity_kwh"]
    np.testing.assert_allclose(table["wear_cost"], 150.0 * lost_kwh)


def test_cycles_are_the_metered_energy_less_losses(worn):
    stored, table = worn.site("office"), worn.sessions("office")
    moved_kw = np.where(stored.evse_kw > 0, 0.95 * stored.evse_kw, -stored.evse_kw / 0.95)
    by_row = np.zeros(len(table))
    here = stored.session >= 0
    np.add.at(by_row, stored.session[here], 0.5 * moved_kw[here])
    cycles = table["equivalent_full_cycles"] * 2 * table["capacity_kwh"]
    np.testing.assert_allclose(cycles, by_row, atol=1e-9)


def test_figures_are_sums_of_the_table(worn):
    table, kpis = worn.sessions("office"), worn.kpis["sites"]["office"]
    loss = table["calendar_loss"] + table["cyclic_loss"]
    by_car = loss[table["connected"] == 1].groupby(table["vehicle_id"]).sum()
    assert kpis["equivalent_full_cycles"] == pytest.approx(table["equivalent_full_cycles"].sum())
    assert kpis["capacity_loss_kwh"] == pytest.approx((loss * table["capacity_kwh"]).sum())
    assert kpis["capacity_loss_mean_percent"] == pytest.approx(100 * by_car.mean())
    assert kpis["capacity_loss_max_percent"] == pytest.approx(100 * by_car.max())
    assert kpis["capacity_loss_max_vehicle"] == by_car.idxmax()
    assert kpis["battery_wear_cost"] == pytest.approx(table["wear_cost"].sum())
    assert kpis["battery_throughput_kwh"] == pytest.approx(2 * 60 * kpis["equivalent_full_cycles"])
    printed = {row.name: (row.value, row.unit) for row in worn.kpi_rows() if row.where == "site office"}
    assert printed["capacity_loss_mean_percent"] == (f"{100 * by_car.mean():.4f}", "%")


def test_a_table_of_cars(worn):
    cars, table = worn.vehicles("office"), worn.sessions("office")
    assert cars.index.tolist() == ["car 0", "car 1", "car 2", "unlucky"]
    assert cars["sessions"].tolist() == [5, 5, 5, 1]
    assert cars["connected"].tolist() == [5, 5, 5, 0]
    first = table[table["vehicle_id"] == "car 0"]
    for name in ("energy_grid_kwh", "equivalent_full_cycles", "calendar_loss", "cyclic_loss", "wear_cost"):
        assert cars.loc["car 0", name] == pytest.approx(first[name].sum())


def test_cars_came_back_with_what_they_left_with(worn):
    table, office_kw = worn.sessions("office"), worn.site("office")
    for _, visits in table[table["connected"] == 1].groupby("vehicle_id"):
        drove = visits["soc_arrival"].to_numpy()[1:] - visits["soc_departure"].to_numpy()[:-1]
        implied = {"car 0": -0.5, "car 1": -0.4, "car 2": -0.3}[visits["vehicle_id"].iloc[0]]
        np.testing.assert_allclose(drove, np.maximum(implied, -visits["soc_departure"].to_numpy()[:-1]))
    for row in table.index[table["connected"] == 1]:
        k, port = np.argwhere(office_kw.session == row)[0]
        assert office_kw.soc[k, port] == pytest.approx(table["soc_arrival"][row], abs=1e-15)


@pytest.mark.parametrize("window_days", [1, 2])
def test_the_file_does_not_show_where_the_run_was_cut(worn, folder, window_days):
    described = office(PRICED, persistent_vehicles=True)
    cut = ran(folder / f"worn_{window_days}", described, when=WEEK, window_days=window_days)
    assert fingerprint(cut.path) == fingerprint(worn.path)


def test_in_a_process_of_its_own(worn, folder):
    described = office(PRICED, persistent_vehicles=True)
    away = ran(folder / "worn_away", described, when=WEEK, out_of_process=("fleet",))
    assert fingerprint(away.path) == fingerprint(worn.path)


def test_wear_is_reckoned_not_felt(worn, folder):
    """Without the section every stored power is the same, and nothing of wear is in the file."""
    plain = ran(folder / "plain", office(persistent_vehicles=True), when=WEEK)
    for name in ("evse_kw", "soc", "session", "site_kw"):
        np.testing.assert_array_equal(getattr(plain.site("office"), name), getattr(worn.site("office"), name))
    assert plain.header.features == () and worn.header.features == ("degradation",)
    assert "cyclic_loss" not in plain.sessions("office")
    assert plain.kpis["sites"]["office"]["battery_wear_cost"] is None
    assert "calendar_loss" not in plain.vehicles("office")


def test_two_sites_together_are_the_sum_of_two_runs(folder):
    """I19, for cars and their wear: only the feeder is shared."""
    sites = [
        office(PRICED, name="left", persistent_vehicles=True, policy="uncontrolled"),
        office({"model": "throughput", "throughput_price_per_kwh": 0.04}, name="right", policy="llf"),
    ]
    both = ran(folder / "both", *sites, when=WEEK)
    for one in sites:
        alone = ran(folder / f"only_{one['name']}", one, when=WEEK)
        ours, theirs = alone.sessions(one["name"]), both.sessions(one["name"])
        assert ours.columns.tolist() == theirs.columns.tolist()
        for name in ours:
            np.testing.assert_array_equal(ours[name].to_numpy(), theirs[name].to_numpy())
        assert alone.kpis["sites"][one["name"]] == both.kpis["sites"][one["name"]]
    totals, right = both.kpis["totals"], both.kpis["sites"]["right"]
    throughput_kwh = right["battery_throughput_kwh"]
    assert right["battery_wear_cost"] == pytest.approx(0.04 * throughput_kwh)
    assert right["capacity_loss_kwh"] is right["capacity_loss_max_percent"] is None
    assert totals["capacity_loss_kwh"] is None
    assert totals["battery_wear_cost"] == pytest.approx(
        sum(both.kpis["sites"][name]["battery_wear_cost"] for name in ("left", "right"))
    )


def test_a_site_without_the_section_beside_one_with_it(folder):
    sites = [office(WEAR, name="left", policy="llf"), office(name="right", policy="llf")]
    kpis = ran(folder / "beside", *sites, when=Small(step_minutes=60)).kpis["sites"]
    assert kpis["left"]["capacity_loss_kwh"] > 0.0
    assert kpis["right"]["equivalent_full_cycles"] == pytest.approx(kpis["left"]["equivalent_full_cycles"])
    for name, figure in (("left", "battery_wear_cost"), ("right", "battery_wear_cost")):
        assert kpis[name][figure] is None
    assert kpis["right"]["capacity_loss_kwh"] is None


def test_a_cold_car_park_wears_less_and_weather_is_taken_over_the_stay(folder):
    parked = site(40.0, [car("a", 6, 18)], [ports(1)], "required", fleet={"degradation": WEAR})
    path = write(folder / "weather", parked, when=Small(step_minutes=60))
    hours = [f"2019-06-03T{hour:02d}:00:00-07:00,{30.0 if 6 <= hour < 18 else -10.0}" for hour in range(24)]
    (path.parent / "air.csv").write_text("\n".join(["time,temperature_c", *hours, ""]))
    lost = {}
    for how in ("temperature_c=5.0", "temperature_c=25.0", "temperature_c=30.0", 'file="air.csv"'):
        scenario = load_scenario(path, [f"weather.{how}"])
        done = run(scenario, path.parent / "weather.h5", overwrite=True)
        lost[how] = done.sessions("office")["calendar_loss"][0]
    unsaid = ran(folder / "weather", parked, when=Small(step_minutes=60)).sessions("office")
    assert lost["temperature_c=25.0"] == unsaid["calendar_loss"][0]
    assert lost["temperature_c=5.0"] < 0.25 * lost["temperature_c=25.0"]
    assert lost['file="air.csv"'] == pytest.approx(lost["temperature_c=30.0"], rel=1e-12)


def test_half_the_step_is_the_same_wear(folder):
    """I13: an open-loop policy moves the same energy, and wear is of the energy, not of the steps."""
    coming = [car("a", 7, 18, soc_arrival=0.2), car("b", 9, 15.5)]
    chargers = [ports(2, p_max_kw=12.0, efficiency_charge=1.0)]  # full after 4 and 3 hours
    described = site(40.0, coming, chargers, "uncontrolled", fleet={"degradation": WEAR})
    tables = [
        ran(folder / "steps", described, when=Small(step_minutes=minutes)).sessions("office")
        for minutes in (30, 5)
    ]
    for name in ("equivalent_full_cycles", "calendar_loss", "cyclic_loss"):
        np.testing.assert_allclose(tables[0][name], tables[1][name], rtol=1e-9, err_msg=name)


@pytest.mark.parametrize(
    ("section", "price"),
    [
        (None, 0.0),
        (WEAR, 0.0),
        # beta(0.5) = 2.845838e-3; sqrt(4.1 x 41) - sqrt(4.1 x 40) = 0.1590902; 150/2 x beta x that
        (PRICED, 0.03395581),
        ({"model": "throughput", "throughput_price_per_kwh": 0.04}, 0.04),
    ],
)
def test_policies_are_told_the_price(folder, section, price):
    inputs = read(folder / "told", office(section, policy=policy_of(Watching)), when=WEEK)
    told = parameters.controller(inputs, inputs.sites[0], remote=False)["site"]["wear_price_per_kwh"]
    assert told == pytest.approx(price, rel=1e-6)
    assert parameters.site_info(inputs.sites[0], 900).wear_price_per_kwh == told


def test_persistence_without_returning_cars_is_said(folder):
    lonely = site(40.0, [car("a", 1, 9)], [ports(1)], fleet={"persistent_vehicles": True})
    warnings = read(folder / "lonely", lonely).warnings
    assert any("persistent_vehicles: no car comes twice" in warning for warning in warnings)
    commuting = read(folder / "commuting", office(persistent_vehicles=True), when=WEEK)
    assert not any("comes twice" in warning for warning in commuting.warnings)
