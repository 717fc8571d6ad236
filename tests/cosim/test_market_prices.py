"""Market prices and CO2 through whole runs: what is seen, stored, billed and weighed.

main_board --- building_board     site "office": 20 kW of load, two bidirectional ports of 11 kW
     |-------- unidirectional_board
     '-------- bidirectional_board
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import tomli_w
from small_sites import (
    Asking,
    Guessing,
    Small,
    Watching,
    car,
    fingerprint,
    policy_of,
    ports,
    ran,
    read,
    site,
    utc,
    write,
)

from cosim import load_scenario
from cosim.parameters import signal_sets
from cosim.scenario.load import dump_scenario
from cosim.scenario.prices_inputs import read_prices
from cosim.scenario.schema import Scenario
from sims.signals.market.day_profiles import load_profile

pytestmark = pytest.mark.usefixtures("one_network")

ROME = "Europe/Rome"
WEDNESDAY = datetime(2023, 6, 7)
DAY = Small(start=WEDNESDAY, zone=ROME)
ADDER, FACTOR, EXPORT_FACTOR = 0.04, 1.1, 0.8
CARS = [car("a", 1, 20), car("b", 2, 18, soc_arrival=0.9)]


def market_tariff(folder: Path, scale: float = 1.0, more: float = 0.0) -> str:
    """Tariff file that buys and sells at the market; all its own prices times `scale`, plus `more` a kWh."""
    folder.mkdir(parents=True, exist_ok=True)
    described = {
        "name": "market",
        "currency": "EUR",
        "source": "made for tests",
        "real_time": {"factor": FACTOR, "export_factor": EXPORT_FACTOR},
        "energy": [{"name": "on top", "price_per_kwh": scale * ADDER + more}],
    }
    (folder / "market.toml").write_text(tomli_w.dumps(described))
    return "market.toml"


def price_file(folder: Path, prices: np.ndarray, when: Small = DAY, column: str = "price_per_kwh") -> str:
    """A file with one value a step of the run."""
    folder.mkdir(parents=True, exist_ok=True)
    at = [utc(second) for second in when.clock.epoch_s().tolist()]
    rows = [f"{time},{price!r}" for time, price in zip(at, prices.tolist(), strict=True)]
    (folder / f"{column}.csv").write_text("\n".join([f"time,{column}", *rows, ""]))
    return f"{column}.csv"


def sunny(n: int = 96) -> np.ndarray:
    """A day whose prices are negative from 10 to 16 h, so much so that the adder does not help."""
    hour = np.arange(n) * 24 / n
    return np.where((hour >= 10.0) & (hour < 16.0), -0.2, 0.1 + 0.001 * hour)


def office(folder: Path, policy="llf", prices: np.ndarray | None = None, **other) -> dict:
    """The site of this page; its market is `sunny` unless `other` has prices of its own."""
    usual = {"prices": {"file": price_file(folder, sunny() if prices is None else prices)}}
    usual |= {"tariff": market_tariff(folder), "currency": "EUR"}
    return site(20.0, CARS, [ports(2)], policy, **(usual | other))


def market(folder: Path, when: Small = DAY, **section) -> np.ndarray:
    """Market price of the office with this `[sites.prices]`, the feeder left alone."""
    scenario = load_scenario(write(folder, office(folder, prices=None) | {"prices": section}, when=when))
    return read_prices(scenario, scenario.sites[0].prices, when.clock)


# ---------------------------------------------------------------- what is seen and stored


def test_controllers_see_the_price_paid_and_the_file_keeps_the_markets(tmp_path):
    Watching.seen.clear()
    done = ran(tmp_path, office(tmp_path, policy_of(Watching, peak_threshold_kw=60.0)), when=DAY)
    stored, market = done.signals("market"), sunny()
    np.testing.assert_array_equal(stored.market_price_per_kwh, market)
    np.testing.assert_allclose(stored.price_per_kwh, ADDER + FACTOR * market, atol=1e-15)
    np.testing.assert_allclose(stored.export_price_per_kwh, EXPORT_FACTOR * market, atol=1e-15)
    seen = [one for one, _ in Watching.seen[-96:]]
    np.testing.assert_array_equal([one.price_per_kwh for one in seen], stored.price_per_kwh)
    np.testing.assert_array_equal([one.export_price_per_kwh for one in seen], stored.export_price_per_kwh)


def test_a_profile_is_its_hours_on_the_local_clock(tmp_path):
    hours = load_profile("italy_2023", "price").per_kwh
    for how in ("step", "linear"):
        prices = market(tmp_path, profile="italy_2023", resample=how).reshape(24, 4)
        assert prices.mean() == pytest.approx(hours.mean())
        assert (prices[13] == hours[13]).all() == (how == "step")
    assert hours[13] == pytest.approx(0.0946)


def test_emissions_from_profile_generator_and_file(tmp_path):
    marginal = {"file": price_file(tmp_path, np.linspace(300.0, 500.0, 96), column="co2_g_per_kwh")}
    drawn = {"generator": {"profile": "co2_synthetic", "level_sd": 0.2}}
    for average in ({"profile": "co2_synthetic"}, drawn):
        emissions = {"average": average, "marginal": marginal, "cost_per_t": 64.0}
        (one,) = read(tmp_path, office(tmp_path, emissions=emissions), when=DAY).sites
        hours = load_profile("co2_synthetic", "co2").per_kwh
        ratio = one.co2_g_per_kwh[::4] / hours
        np.testing.assert_allclose(ratio, ratio[0])
        assert (ratio[0] == 1.0) == ("profile" in average)
        np.testing.assert_allclose(one.co2_marginal_g_per_kwh, np.linspace(300.0, 500.0, 96))


def test_ember_lies_right_on_the_day_clocks_are_put_back(tmp_path):
    first = datetime(2023, 10, 27, 22, tzinfo=UTC)
    rows = [
        f"Italy,ITA,{first + timedelta(hours=h):%Y-%m-%d %H:%M:%S},,{h}" for h in range(49)
    ]  # local column left empty: nobody looks at it
    header = "Country,ISO3 Code,Datetime (UTC),Datetime (Local),Price (EUR/MWhe)"
    (tmp_path / "Italy.csv").write_text("\n".join([header, *rows, ""]))
    when = Small(start=datetime(2023, 10, 29), zone=ROME)
    prices = market(tmp_path, when, file="Italy.csv", layout="ember", country="Italy")
    np.testing.assert_allclose(prices, np.repeat(np.arange(24.0, 49.0), 4) / 1000.0)


# ---------------------------------------------------------------- the bill


def own_bill(done) -> float:
    """Cost of the stored power at the stored market price, without a line of the product's bill."""
    site_kwh = done.site("office").site_kw * 0.25
    market = done.signals("market").market_price_per_kwh
    drawn, fed = np.maximum(site_kwh, 0.0), np.maximum(-site_kwh, 0.0)
    return float((drawn * (ADDER + FACTOR * market)).sum() - (fed * EXPORT_FACTOR * market).sum())


def test_the_bill_is_energy_times_market_price(tmp_path):
    asking = policy_of(Asking, p_kw=-11.0)
    done = ran(tmp_path, office(tmp_path, asking, allow_export=True), when=DAY)
    assert done.site("office").site_kw.min() < 0.0
    assert done.bill("office").total == pytest.approx(own_bill(done), abs=1e-9)
    assert done.kpis["sites"]["office"]["bill_total"] == pytest.approx(own_bill(done), abs=1e-9)


def test_charging_for_pay_when_prices_are_negative(tmp_path):
    policy = {"name": "price_threshold", "discharge_above_per_kwh": 0.15, "overcharge": True}
    done = ran(tmp_path, office(tmp_path, policy), when=DAY)
    stored, price = done.site("office"), done.signals("market").price_per_kwh
    paid_to_draw, evse_kw = price < 0.0, stored.evse_kw
    assert paid_to_draw.sum() == 24
    assert evse_kw[paid_to_draw].sum(axis=1).max() == pytest.approx(22.0)
    assert (evse_kw[paid_to_draw] >= 0.0).all()
    # free money would be one port charging and another discharging, or one port both
    charging, discharging = (evse_kw > 1e-9).any(axis=1), (evse_kw < -1e-9).any(axis=1)
    assert discharging.any()
    assert not (charging & discharging & (price < 0.0)).any()
    energy = stored.site_kw * 0.25
    assert float((energy * price)[paid_to_draw].sum()) < -0.15 * energy[paid_to_draw].sum() < 0.0
    assert done.bill("office").total == pytest.approx(own_bill(done), abs=1e-9)


def test_a_day_of_negative_prices_is_a_bill_below_zero(tmp_path):
    done = ran(tmp_path, office(tmp_path, "required", np.full(96, -0.1)), when=DAY)
    paid, figures = done.bill("office"), done.kpis["sites"]["office"]
    assert paid.energy == pytest.approx((ADDER - 0.1 * FACTOR) * figures["import_kwh"])
    assert paid.energy == figures["bill_energy"] < 0.0
    assert figures["ev_cost"] < 0.0


@pytest.mark.parametrize("scale", [2.0, -1.0])
def test_all_prices_times_k_is_the_cost_times_k(tmp_path, scale):
    """I9; turned round, what was paid is earned. The schedule does not look at prices."""
    once = ran(tmp_path / "a", office(tmp_path / "a", "required"), when=DAY)
    section = office(tmp_path / "b", "required", scale * sunny())
    market_tariff(tmp_path / "b", scale)
    times_k = ran(tmp_path / "b", section, when=DAY)
    np.testing.assert_array_equal(times_k.site("office").site_kw, once.site("office").site_kw)
    assert times_k.bill("office").total == pytest.approx(scale * once.bill("office").total)


def test_adding_c_a_kwh_adds_c_times_the_energy(tmp_path):
    once = ran(tmp_path / "a", office(tmp_path / "a", "required"), when=DAY)
    section = office(tmp_path / "b", "required", sunny() + 0.03 / FACTOR)
    in_market = ran(tmp_path / "b", section, when=DAY)
    more = 0.03 * once.kpis["sites"]["office"]["import_kwh"]
    assert in_market.bill("office").total - once.bill("office").total == pytest.approx(more)
    section = office(tmp_path / "c", "required")
    market_tariff(tmp_path / "c", more=0.03)
    on_top = ran(tmp_path / "c", section, when=DAY)
    assert on_top.bill("office").total == pytest.approx(in_market.bill("office").total)


# ---------------------------------------------------------------- CO2


def test_co2_and_its_cost_by_hand(tmp_path):
    """20 kW of load all day, ports that give 11 kW while they can; 64 EUR/t are 6.4e-5 EUR/g."""
    average, marginal = np.linspace(200.0, 400.0, 96), np.linspace(600.0, 500.0, 96)
    emissions = {
        "average": {"file": price_file(tmp_path, average, column="co2_g_per_kwh")},
        "cost_per_t": 64.0,
    }
    (tmp_path / "co2_g_per_kwh.csv").rename(tmp_path / "average.csv")
    emissions["average"]["file"] = "average.csv"
    emissions["marginal"] = {"file": price_file(tmp_path, marginal, column="co2_g_per_kwh")}
    section = office(tmp_path, policy_of(Asking, p_kw=-11.0), allow_export=True, emissions=emissions)
    done = ran(tmp_path, section, when=DAY)
    stored, figures = done.site("office"), done.kpis["sites"]["office"]
    ev_kwh, site_kwh = stored.evse_kw.sum(axis=1) / 4.0, stored.site_kw / 4.0
    assert site_kwh.min() < 0.0 < site_kwh.max()
    imported_g = float(average[site_kwh > 0.0] @ site_kwh[site_kwh > 0.0])
    assert figures["building_co2_kg"] == pytest.approx(float(average.sum()) * 5.0 / 1e3)
    assert figures["ev_co2_kg"] == pytest.approx(float(average @ ev_kwh) / 1e3)
    assert figures["ev_co2_marginal_kg"] == pytest.approx(float(marginal @ ev_kwh) / 1e3)
    assert figures["import_co2_kg"] == pytest.approx(imported_g / 1e3)
    assert figures["co2_cost"] == pytest.approx(6.4e-5 * imported_g)
    assert figures["bill_total"] == pytest.approx(own_bill(done), abs=1e-9)  # CO2 is on no bill
    np.testing.assert_array_equal(done.signals("market").co2_marginal_g_per_kwh, marginal)
    assert done.kpis["totals"]["co2_cost"] == figures["co2_cost"]


# ---------------------------------------------------------------- several sites, windows, files


def two_sites(folder: Path) -> tuple[dict, dict]:
    """One that buys at generated prices with drawn CO2, one at a fixed price without either."""
    drawn = {"generator": {"profile": "co2_synthetic", "level_sd": 0.2, "level_lag1": 0.7}}
    emissions = {"average": drawn, "marginal": drawn, "cost_per_t": 64.0}
    prices = {"generator": {"year": 2023}, "resample": "linear"}
    buying = office(folder, policy_of(Guessing), prices=None) | {"prices": prices, "emissions": emissions}
    return buying, site(5.0, CARS, [ports(2)], "required", name="yard")


THREE_DAYS = Small(start=WEDNESDAY, days=3, zone=ROME)


def test_same_bytes_again_in_other_windows_and_out_of_process(tmp_path):
    prints = set()
    for how in ({}, {"window_days": 1, "out_of_process": ("signals",)}):
        done = ran(tmp_path, *two_sites(tmp_path), when=THREE_DAYS, **how)
        prints.add(fingerprint(done.path))
    assert len(prints) == 1
    stored, without = done.signals("market"), done.signals("hourly")
    assert np.isfinite(stored.market_price_per_kwh).all()
    assert np.isnan(without.market_price_per_kwh).all()
    assert np.isnan(without.co2_marginal_g_per_kwh).all()
    yard = done.kpis["sites"]["yard"]
    assert yard["ev_co2_marginal_kg"] is yard["co2_cost"] is None
    assert done.header.site("office").co2_cost_per_t == 64.0
    assert done.header.site("yard").co2_cost_per_t is None
    picture = done.plot_prices("office")
    assert [trace.name for trace in picture.data] == [
        *("market", "energy drawn", "energy fed back", "CO2, average", "CO2, marginal")
    ]
    assert [trace.name for trace in done.plot_prices("yard").data] == ["energy drawn"]


def test_sites_on_one_market_share_it_and_another_seed_is_another_month(tmp_path):
    buying, _ = two_sites(tmp_path)
    dearer = buying | {"name": "kiosk", "prices": {"profile": "italy_2022"}}
    dirtier = buying | {"name": "mill"}
    dirtier["emissions"] = buying["emissions"] | {"marginal": {"profile": "co2_synthetic"}}
    both = read(tmp_path, buying, buying | {"name": "shop"}, dearer, dirtier, when=THREE_DAYS)
    first, second = (one.market_price_per_kwh for one in both.sites[:2])
    np.testing.assert_array_equal(first, second)
    sets = signal_sets(both)
    assert sets["office"] is sets["shop"]
    assert [sets[name].name for name in ("office", "kiosk", "mill")] == [
        "market",
        "market_kiosk",
        "market_mill",
    ]
    section = {"generator": {"year": 2023}, "resample": "linear"}
    np.testing.assert_array_equal(market(tmp_path, THREE_DAYS, **section), first)
    other = market(tmp_path, Small(start=WEDNESDAY, days=3, zone=ROME, seed=2), **section)
    assert not np.array_equal(first, other)
    assert not np.array_equal(both.sites[0].co2_g_per_kwh, both.sites[0].co2_marginal_g_per_kwh)


def test_a_longer_run_begins_with_the_shorter_ones_prices(tmp_path):
    drawn = {"generator": {"year": 2022}}
    np.testing.assert_array_equal(market(tmp_path, THREE_DAYS, **drawn)[:96], market(tmp_path, **drawn))


def test_a_floor_holds_in_every_step(tmp_path):
    for method in ("level_shape", "gaussian"):
        drawn = {"year": 2023, "method": method, "floor_per_kwh": 0.12}
        prices = market(tmp_path, THREE_DAYS, generator=drawn)
        assert prices.min() == 0.12 < prices.max()


def test_scenario_to_text_and_back(tmp_path):
    scenario = load_scenario(write(tmp_path, *two_sites(tmp_path), when=THREE_DAYS))
    (tmp_path / "again.toml").write_text(dump_scenario(scenario))
    again = load_scenario(tmp_path / "again.toml")
    assert again == scenario
    assert isinstance(again, Scenario)
    assert again.sites[0].prices.generator.year == 2023
