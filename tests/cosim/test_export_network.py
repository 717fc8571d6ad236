"""A step of a run in pandapower: the same voltages, ports as storages, and what is missing is named."""

import json
from datetime import UTC, datetime
from math import acos, tan

import numpy as np
import pandapower as pp
import pytest
from small_sites import CALIFORNIA, Asking, Small, car, policy_of, ports, ran, site, utc
from typer.testing import CliRunner

from cosim.cli import app
from cosim.export import export_network, step_at
from sims.clock import Clock
from sims.faults import DataError, ScenarioError
from sims.feeder.network import load_network

HOURS = "2019-06-03T{:02d}:00"


def solved(path):
    net = pp.from_json(str(path))
    pp.runpp(net, tolerance_mva=1e-10, numba=False)
    return net


@pytest.fixture(scope="module")
def office(folder):
    """Two ports at the bidirectional board that discharge, a building of 50 kW with PV, PV beside."""
    cars = [car("a", 8, 17, soc_arrival=0.9, soc_required=0.5), car("b", 9, 17, capacity_kwh=40.0)]
    (folder / "office").mkdir()
    clock = Small().clock
    at = [utc(second) for second in clock.epoch_s().tolist()]
    sun = [f"{time},{max(0.0, 40.0 - abs(k - 48)):g}" for k, time in enumerate(at)]
    (folder / "office" / "sun.csv").write_text("\n".join(["time,kw", *sun, ""]))
    group = {**ports(2), "connection": "bidirectional_board"}
    one = site(50.0, cars, [group], policy=policy_of(Asking, p_kw=-4.0), pv={"profile": "sun.csv"})
    feeder = {"network": "office_site", "pv": [{"connection": "building_board", "profile": "sun.csv"}]}
    return ran(folder / "office", one, when=Small(feeder=feeder))


@pytest.fixture(scope="module")
def village(folder):
    """A village whose houses follow a profile, with ports of two sites at one bus."""
    (folder / "village").mkdir()
    at = [utc(second) for second in Small().clock.epoch_s().tolist()]
    rows = [f"{time},{60 + k}" for k, time in enumerate(at)]
    (folder / "village" / "houses.csv").write_text("\n".join(["time,kw", *rows, ""]))
    where = {"connection": "loadbus_2_5", "tariff": "flat.toml", "policy": "uncontrolled"}
    sites = [
        site(None, [car("a", 8, 17)], [ports(1, "unidirectional")], name=name, **where)
        for name in ("n1", "n2")
    ]
    feeder = {"network": "kerber_village", "background": {"profile": "houses.csv"}}
    return ran(folder / "village", *sites, when=Small(feeder=feeder))


@pytest.mark.parametrize("hour", [0, 8, 12, 16, 23])
def test_runpp_on_it_finds_the_voltages_of_the_run(office, folder, tmp_path, hour):
    done = export_network(office, HOURS.format(hour), tmp_path / "net.json", folder / "office")
    assert done.step == 4 * hour
    assert done.apart_pu < 1e-6
    net = solved(done.path)
    np.testing.assert_allclose(net.res_bus["vm_pu"], office.feeder.vm_pu[done.step], rtol=0, atol=1e-6)
    np.testing.assert_allclose(
        1e3 * net.res_ext_grid["p_mw"].sum(), office.feeder.import_kw[done.step], rtol=0, atol=1e-6
    )


def test_it_has_a_storage_at_each_charging_bus_and_a_load_for_each_building(office, folder, tmp_path):
    step = 49
    net = solved(export_network(office, "2019-06-03T12:20", tmp_path / "net.json", folder / "office").path)
    series = office.site("office")
    (store,) = net.storage.to_dict("records")
    assert net.bus.loc[store["bus"], "name"] == "bidirectional_board"
    assert store["p_mw"] == pytest.approx(series.evse_kw[step].sum() / 1e3)
    assert store["p_mw"] < 0  # it gives
    assert store["sn_mva"] == pytest.approx(0.022)
    assert store["max_e_mwh"] == pytest.approx(0.100)
    energy_kwh = 60.0 * series.soc[step, 0] + 40.0 * series.soc[step, 1]
    assert store["soc_percent"] == pytest.approx(energy_kwh)
    building, plant = net.load.to_dict("records")
    assert building["p_mw"] == pytest.approx((50.0 - 39.0) / 1e3)
    assert building["q_mvar"] == pytest.approx(0.050 * tan(acos(0.95)))  # of the load, not of load less PV
    assert plant["p_mw"] == pytest.approx(-0.039)


def test_an_empty_bus_has_a_storage_too(office, folder, tmp_path):
    net = solved(export_network(office, HOURS.format(3), tmp_path / "net.json", folder / "office").path)
    assert net.storage["p_mw"].tolist() == [0.0]
    assert net.storage["max_e_mwh"].tolist() == [0.0]
    assert net.storage["soc_percent"].isna().all()


def test_background_of_the_step_and_one_storage_for_a_shared_bus(village, folder, tmp_path):
    done = export_network(village, HOURS.format(8), tmp_path / "net.json", folder / "village")
    assert done.apart_pu < 1e-6
    net = solved(done.path)
    houses = net.load[net.load["name"].str.startswith("loadbus")]
    assert 1e3 * houses["p_mw"].sum() == pytest.approx(60 + 32)
    (store,) = net.storage.to_dict("records")
    assert store["p_mw"] == pytest.approx(0.022)
    assert store["name"] == "n1, n2 chargers"


def test_it_is_a_network_a_scenario_can_name(office, folder, tmp_path):
    export_network(office, HOURS.format(9), tmp_path / "net.json", folder / "office")
    assert len(load_network("net.json", {}, tmp_path).storage) == 1


def test_without_its_files_it_says_which(village, office, tmp_path):
    with pytest.raises(DataError, match=r"feeder.background.profile: \"houses.csv\": give the folder"):
        export_network(village, HOURS.format(9), tmp_path / "net.json")
    with pytest.raises(DataError, match=r"feeder.pv\[0\].profile.*sun.csv.*not in that folder"):
        export_network(office, HOURS.format(9), tmp_path / "net.json", tmp_path)
    assert not (tmp_path / "net.json").exists()


def test_the_step_that_holds_the_time():
    clock = Clock.from_local(datetime(2019, 11, 3), 1, 900, CALIFORNIA)  # the day of 25 hours
    assert step_at(clock, "2019-11-03") == 0
    assert step_at(clock, "2019-11-03T00:14:59") == 0
    assert step_at(clock, "2019-11-03T01:30-07:00") == 6
    assert step_at(clock, "2019-11-03T01:30-08:00") == 10
    assert step_at(clock, datetime(2019, 11, 3, 8, 0, tzinfo=UTC)) == 4
    assert step_at(clock, "2019-11-03T23:59") == 99
    for outside in ("2019-11-02T23:59", "2019-11-04T00:00"):
        with pytest.raises(
            ScenarioError, match=r"allowed 2019-11-03T00:00-07:00 to before 2019-11-04T00:00-08:00"
        ):
            step_at(clock, outside)
    with pytest.raises(ScenarioError, match=r'"noon": no time; write 2019-06-03T14:00'):
        step_at(clock, "noon")


def test_on_the_command_line(office, folder):
    runner = CliRunner()
    where = [str(office.path), "--folder", str(folder / "office")]
    done = runner.invoke(app, ["export", "network", *where, "--at", "2019-06-03T14:07"])
    assert done.exit_code == 0, done.output
    path = office.path.with_name("result_2019-06-03T1400.json")
    assert done.stdout.strip() == str(path)
    assert json.loads(path.read_text())["_class"] == "pandapowerNet"
    late = runner.invoke(app, ["export", "network", *where, "--at", "2020-01-01"])
    assert late.exit_code == 2
    assert "not in the run" in late.stderr


def test_taps_and_reactive_power_of_the_step_are_in_it(folder, tmp_path):
    cars = [car("a", 8, 17, soc_arrival=0.2), car("b", 9, 17, soc_arrival=0.2)]
    group = {**ports(2, p_max_kw=60.0), "connection": "bidirectional_board", "power_factor": 0.9}
    changer = {"transformer": "transformer", "mode": "on_load", "target_pu": 1.02, "dead_band_pu": 0.03}
    (folder / "taps").mkdir()
    one = site(150.0, cars, [group], policy="uncontrolled")
    run = ran(folder / "taps", one, when=Small(feeder={"network": "office_site", "tap_changers": [changer]}))
    net = solved(export_network(run, HOURS.format(9), tmp_path / "taps.json").path)
    assert run.feeder.tap_pos[36, 0] == net.trafo.at[0, "tap_pos"] != 0
    assert net.storage["q_mvar"].sum() * 1e3 == pytest.approx(run.site("office").evse_kvar[36].sum())
    np.testing.assert_allclose(net.res_bus["vm_pu"], run.feeder.vm_pu[36], rtol=0, atol=1e-9)
