"""Setpoints as OCPP 2.1 requests: both signs hold against the standard's schemas, and say what was asked."""

import json
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import ocpp.v21
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft6Validator
from small_sites import Guessing, Idle, Small, car, policy_of, ports, ran, site
from typer.testing import CliRunner

from cosim.cli import app
from cosim.ocpp_profiles import MAX_PERIODS, charging_profiles, export_ocpp
from sims.clock import Clock
from sims.faults import ScenarioError, StoreError
from sims.fleet.evse import KINDS, Ports

SCHEMAS = Path(ocpp.v21.__file__).parent / "schemas"
LOS_ANGELES = "America/Los_Angeles"
DAY = Clock.from_local(datetime(2019, 6, 3), 1, 900, LOS_ANGELES)


def schema(message: str) -> Draft6Validator:
    return Draft6Validator(json.loads((SCHEMAS / f"{message}.json").read_text("utf-8-sig")))


REQUEST = schema("SetChargingProfileRequest")


def group(kind: str = "bidirectional", count: int = 1, p_max_kw: float = 11.0, **other) -> SimpleNamespace:
    usual = {
        **{"p_discharge_max_kw": None, "efficiency_charge": 0.95, "efficiency_discharge": 0.95},
        **{"efficiency_curve": None, "p_min_kw": None, "steps_kw": None, "phases": 3},
        **{"ports_per_station": 1, "station_limit_kw": None},
    }
    return SimpleNamespace(**usual | {"kind": kind, "count": count, "p_max_kw": p_max_kw} | other)


def one(kind: str, setpoint_kw, clock: Clock = DAY, **other) -> list[dict]:
    power = np.broadcast_to(np.asarray(setpoint_kw, dtype=float), clock.n_steps)
    return charging_profiles(power[:, None], clock, Ports.from_groups([group(kind, **other)]))


def held_w(requests: list[dict], clock: Clock) -> np.ndarray:
    """What a station that obeys does in every step: the period that covers its start [W]."""
    power = np.full(clock.n_steps, np.nan)
    for request in requests:
        (schedule,) = request["chargingProfile"]["chargingSchedule"]
        start_s = datetime.fromisoformat(schedule["startSchedule"]).timestamp()
        starts = start_s + np.array([period["startPeriod"] for period in schedule["chargingSchedulePeriod"]])
        asked = [period.get("setpoint", period.get("limit")) for period in schedule["chargingSchedulePeriod"]]
        here = (clock.epoch_s() >= start_s) & (clock.epoch_s() < start_s + schedule["duration"])
        assert np.isnan(power[here]).all()  # no two profiles hold at once
        power[here] = np.array(asked)[np.searchsorted(starts, clock.epoch_s()[here], side="right") - 1]
    return power


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("asked_kw", [-30.0, -5.5, 0.0, 7.2, 30.0])
@pytest.mark.parametrize("phases", [1, 3])
def test_every_kind_of_port_and_both_signs_fit_the_schema(kind, asked_kw, phases):
    requests = one(kind, asked_kw, phases=phases)
    assert len(requests) == (kind != "uncontrolled")
    for request in requests:
        REQUEST.validate(request)


def test_an_own_discharge_power_bounds_the_setpoint():
    (request,) = one("bidirectional", -9.0, p_discharge_max_kw=5.0)
    (period,) = request["chargingProfile"]["chargingSchedule"][0]["chargingSchedulePeriod"]
    assert period == {
        **{"startPeriod": 0, "operationMode": "CentralSetpoint"},
        **{"setpoint": -5000, "limit": 11000, "dischargeLimit": -5000},
    }


def test_a_unidirectional_port_is_never_asked_to_discharge():
    (request,) = one("unidirectional", -9.0, phases=1)
    (period,) = request["chargingProfile"]["chargingSchedule"][0]["chargingSchedulePeriod"]
    assert period == {"startPeriod": 0, "operationMode": "ChargingOnly", "limit": 0, "numberPhases": 1}


def test_the_schema_tells_a_wrong_sign_of_discharge():
    (request,) = one("bidirectional", -5.5)
    (period,) = request["chargingProfile"]["chargingSchedule"][0]["chargingSchedulePeriod"]
    period["dischargeLimit"] *= -1
    (error,) = REQUEST.iter_errors(request)
    assert error.json_path.endswith("chargingSchedulePeriod[0].dischargeLimit")
    assert "greater than the maximum of 0" in error.message


def test_the_schema_tells_too_many_periods_and_unknown_fields():
    (request,) = one("bidirectional", 5.5)
    (schedule,) = request["chargingProfile"]["chargingSchedule"]
    schedule["chargingSchedulePeriod"] *= MAX_PERIODS + 1
    request["evse"] = "evse_00"
    assert len(list(REQUEST.iter_errors(request))) == 2


def test_in_charging_needs_a_discharge_power_is_positive():
    """Why the docstring warns: what the car says of itself has the other sign."""
    needs = schema("NotifyEVChargingNeedsRequest")
    needed = needs.schema["definitions"]["V2XChargingParametersType"]["properties"]
    asked = REQUEST.schema["definitions"]["ChargingSchedulePeriodType"]["properties"]
    assert "Value &gt;= 0" in needed["maxDischargePower"]["description"]
    assert "negative values for discharging" in asked["setpoint"]["description"]


def test_a_day_worked_by_hand():
    # 00:00-08:00 nothing, 08:00-08:30 7.2 kW, then -3 kW until 09:00 and nothing again; summer time is UTC-7
    asked = np.zeros(96)
    asked[32:34], asked[34:36] = 7.2, -3.0
    (request,) = one("bidirectional", asked)
    assert (request["evseId"], request["customData"]["evse"]) == (1, "evse_00")
    profile = request["chargingProfile"]
    assert profile["chargingProfilePurpose"] == "TxDefaultProfile"
    assert profile["chargingProfileKind"] == "Absolute"
    assert (profile["validFrom"], profile["validTo"]) == ("2019-06-03T07:00:00Z", "2019-06-04T07:00:00Z")
    (schedule,) = profile["chargingSchedule"]
    assert schedule["startSchedule"] == "2019-06-03T07:00:00Z"
    assert (schedule["duration"], schedule["chargingRateUnit"]) == (86_400, "W")
    told = [(period["startPeriod"], period["setpoint"]) for period in schedule["chargingSchedulePeriod"]]
    assert told == [(0, 0), (28_800, 7200), (30_600, -3000), (32_400, 0)]


def test_days_are_local_and_may_have_25_hours():
    clock = Clock.from_local(datetime(2019, 11, 2), 2, 900, LOS_ANGELES)
    first, second = (request["chargingProfile"] for request in one("bidirectional", 1.0, clock))
    assert first["validTo"] == second["validFrom"] == "2019-11-03T07:00:00Z"
    assert second["chargingSchedule"][0]["duration"] == 25 * 3600
    assert [first["id"], second["id"]] == [1, 2]


def test_a_day_of_many_periods_makes_several_profiles():
    clock = Clock.from_local(datetime(2019, 6, 3), 2, 60, LOS_ANGELES)
    asked = np.where(np.arange(clock.n_steps) % 2, 5.0, -5.0)
    requests = one("bidirectional", asked, clock)
    lengths = [len(r["chargingProfile"]["chargingSchedule"][0]["chargingSchedulePeriod"]) for r in requests]
    assert lengths == [1024, 416, 1024, 416]
    for request in requests:
        REQUEST.validate(request)
    np.testing.assert_array_equal(held_w(requests, clock), 1000 * asked)


@given(
    asked=st.lists(st.sampled_from([-20.0, -11.0, -0.0006, 0.0, 1.2344, 1.2346, 11.0, 50.0]), min_size=1),
    kind=st.sampled_from(["unidirectional", "bidirectional"]),
    start_h=st.integers(0, 23),
)
def test_a_station_that_obeys_does_what_was_asked(asked, kind, start_h):
    clock = Clock(DAY.start_s + 3600 * start_h, 3600, len(asked), LOS_ANGELES)
    requests = one(kind, asked, clock)
    for request in requests:
        REQUEST.validate(request)
    least_kw = -11.0 if kind == "bidirectional" else 0.0
    expected_kw = np.clip(asked, least_kw, 11.0)
    held = held_w(requests, clock)
    assert np.abs(held - 1000 * expected_kw).max() <= 0.5  # whole watts
    merged = [len(r["chargingProfile"]["chargingSchedule"][0]["chargingSchedulePeriod"]) for r in requests]
    days = clock.calendar().day
    assert sum(merged) == 1 + np.count_nonzero(np.diff(held).astype(bool) | np.diff(days).astype(bool))


@pytest.fixture(scope="module")
def parked(folder):
    """Three kinds of port under a policy that guesses, and a house that controls nothing."""
    cars = [car(name, 8, 17) for name in "abcd"]
    chargers = [ports(1, "uncontrolled"), ports(2, "bidirectional"), ports(1, "unidirectional", phases=1)]
    office = site(50.0, cars, chargers, policy=policy_of(Guessing))
    house = site(2.0, [car("e", 18, 23)], [ports(1, "uncontrolled")], policy=policy_of(Idle), name="house")
    (folder / "ocpp").mkdir()
    return ran(folder / "ocpp", office, house, when=Small(days=2))


def test_a_run_is_written_whole(parked, tmp_path):
    requests = json.loads(export_ocpp(parked, "office", tmp_path / "told.json").read_text())
    for request in requests:
        REQUEST.validate(request)
    assert [(r["evseId"], r["customData"]["evse"]) for r in requests] == [
        (2, "evse_01"), (2, "evse_01"), (3, "evse_02"), (3, "evse_02"), (4, "evse_03"), (4, "evse_03"),
    ]  # fmt: skip
    asked_kw = parked.site("office").setpoint_kw
    for port, least_kw in ((1, -11.0), (2, -11.0), (3, 0.0)):
        held = held_w([r for r in requests if r["evseId"] == port + 1], parked.clock)
        np.testing.assert_allclose(held, 1000 * np.clip(asked_kw[:, port], least_kw, 11.0), rtol=0, atol=0.5)
    assert min(held_w(requests[:2], parked.clock)) < 0 < max(held_w(requests[:2], parked.clock))


def test_what_exists_is_kept(parked, tmp_path):
    path = tmp_path / "told.json"
    path.write_text("mine")
    with pytest.raises(StoreError, match="exists"):
        export_ocpp(parked, "office", path)
    assert path.read_text() == "mine"
    export_ocpp(parked, "office", path, overwrite=True)
    assert json.loads(path.read_text())


def test_a_site_that_takes_no_setpoints(parked, tmp_path):
    with pytest.raises(ScenarioError, match='site "house" has no port that takes setpoints'):
        export_ocpp(parked, "house", tmp_path / "told.json")
    assert not (tmp_path / "told.json").exists()


def test_on_the_command_line(parked):
    runner, run = CliRunner(), str(parked.path)
    unnamed = runner.invoke(app, ["export", "ocpp", run])
    assert (unnamed.exit_code, "name one of office, house" in unnamed.stderr) == (2, True)
    wrong = runner.invoke(app, ["export", "ocpp", run, "--site", "ofice"])
    assert (wrong.exit_code, 'nearest: "office"' in wrong.stderr) == (2, True)
    done = runner.invoke(app, ["export", "ocpp", run, "--site", "office"])
    assert done.exit_code == 0, done.output
    path = parked.path.with_name("result_office_ocpp.json")
    assert done.stdout.strip() == str(path)
    again = runner.invoke(app, ["export", "ocpp", run, "--site", "office"])
    assert (again.exit_code, "exists" in again.stderr) == (5, True)
    anew = runner.invoke(app, ["export", "ocpp", run, "--site", "office", "--overwrite"])
    assert (anew.exit_code, len(json.loads(path.read_text()))) == (0, 6)
