"""`[sites.fleet.degradation]`, `persistent_vehicles` and `vehicle_model` in a scenario: what is said when they are wrong."""

# ruff: noqa: E501 - a case a line reads as a table

from collections.abc import Callable
from pathlib import Path

import pytest

from cosim.scenario.inputs import read_inputs
from cosim.scenario.load import load_scenario
from cosim.scenario.schema import Scenario
from sims.faults import DataError, ScenarioError

Office = Callable[..., Path]
HEADER = "[sites.fleet.degradation]\n"


def with_wear(office: Office, keys: str) -> Path:
    return office(("[sites.policy]", f"{HEADER}{keys}\n[sites.policy]"))


def test_a_good_section(office: Office) -> None:
    read = read_inputs(load_scenario(with_wear(office, 'model = "schmalstieg"\nbattery_age_days = 100.0')))
    section = read.sites[0].site.fleet.degradation
    assert section is not None
    assert (section.battery_age_days, section.full_cycles_before) == (100.0, 70.0)
    assert section.wear_price_per_kwh == 0.0
    assert read.sites[0].site.fleet.persistent_vehicles is False


# what is written, where it is found, what the message must say
WRONG = [
    ("", "S07", ["model: required key is missing", 'model = "schmalstieg"']),
    ('model = "schmalstig"', "S26", ["degradation.model", 'nearest: "schmalstieg"']),
    ('model = "throughput"', "S07", ["throughput_price_per_kwh", "`throughput_price_per_kwh = 0.05`"]),
    (
        'model = "throughput"\nthroughput_price_per_kwh = 0.1\nbattery_age_days = 10.0',
        "S38",
        ["battery_age_days = 10.0", 'belongs to model = "schmalstieg"', 'this model is "throughput"'],
    ),
    (
        'model = "schmalstieg"\nthroughput_price_per_kwh = 0.1',
        "S38",
        ["throughput_price_per_kwh = 0.1", 'belongs to model = "throughput"'],
    ),
    (
        'model = "schmalstieg"\nbattery_age_days = -1.0',
        "S20",
        ["battery_age_days = -1.0: below 0 d", "at least 0"],
    ),
    (
        'model = "schmalstieg"\nbattery_price_per_kwh = 150000.0',
        "S20",
        ["battery_price_per_kwh", "at most 10000 currency/kWh"],
    ),
    ('model = "schmalstieg"\nbattery_age = 1.0', "S06", ["battery_age", '"battery_age_days"']),
]


@pytest.mark.parametrize(("keys", "code", "expected"), WRONG, ids=[case[0][-30:] for case in WRONG])
def test_what_is_wrong_is_said_with_line_and_neighbour(
    office: Office, keys: str, code: str, expected: list[str]
) -> None:
    path = with_wear(office, keys)
    with pytest.raises(ScenarioError) as caught:
        read_inputs(load_scenario(path))
    said = str(caught.value)
    assert said.startswith(f"{code} office.toml:")
    assert "1 fault, nothing was run" in said
    for part in expected:
        assert part in said


def test_models_and_returning_cars_in_the_sessions_of_a_scenario(office: Office, sessions_text: str) -> None:
    path = office(('"data/sessions.csv"', '"data/sessions.csv"\npersistent_vehicles = true'))
    file = path.parent / "data" / "sessions.csv"
    header, *rows = sessions_text.strip().splitlines()
    file.write_text("\n".join([f"{header},vehicle_model", *(f"{row},vw_id3_58" for row in rows), ""]))
    assert read_inputs(load_scenario(path)).sites[0].sessions.p_charge_max_kw.tolist() == [11.0, 11.0]
    file.write_text("\n".join([header, *(row.replace(",v2,", ",v1,") for row in rows), ""]))
    with pytest.raises(
        DataError, match=r'D21 data/sessions\.csv:3:vehicle_id = "v1": comes back with another'
    ):
        read_inputs(load_scenario(path))


def test_every_key_of_the_form_says_its_unit() -> None:
    keys = Scenario.model_json_schema()["$defs"]["Degradation"]["properties"]
    assert keys["battery_age_days"]["description"].endswith("[d]")
    assert keys["battery_price_per_kwh"]["description"].endswith("[currency/kWh]")
    assert keys["throughput_price_per_kwh"]["description"].endswith("[currency/kWh]")
