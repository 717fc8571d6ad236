"""Weather, location and PV of a scenario: what they become, and what is said when they are wrong."""

# ruff: noqa: E501 - a case a line reads as a table

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cosim.scenario.inputs import Inputs, read_inputs
from cosim.scenario.load import load_scenario
from sims.faults import DataError, ScenarioError

Office = Callable[..., Path]

PLACE = "[location]\nlatitude = 34.2\nlongitude = -118.2\n"
FEEDER = "[feeder]\n"
PV = "[sites.pv]\npeak_kw = 30\n"
POLICY = "[sites.policy]\n"


def read(path: Path) -> Inputs:
    return read_inputs(load_scenario(path))


def test_no_weather_no_pv(office: Office) -> None:
    inputs = read(office())
    assert inputs.temperature_c is None and inputs.pv is None and inputs.sites[0].pv_kw is None


def test_one_temperature_for_the_run(office: Office) -> None:
    inputs = read(office((FEEDER, f"[weather]\ntemperature_c = 21\n{FEEDER}")))
    np.testing.assert_array_equal(inputs.temperature_c, np.full(192, 21.0))


def test_temperature_of_a_file(office: Office) -> None:
    path = office((FEEDER, f'[weather]\nfile = "data/air.csv"\n{FEEDER}'))
    hours = [f"2019-06-{3 + h // 24:02}T{h % 24:02}:00:00-07:00,{h}" for h in range(48)]
    (path.parent / "data" / "air.csv").write_text("\n".join(["time,temperature_c", *hours]) + "\n")
    temperature = read(path).temperature_c
    assert temperature is not None
    assert temperature[::4].tolist() == list(range(48))


def test_pv_behind_the_meter_and_on_the_feeder(office: Office) -> None:
    plant = '[[feeder.pv]]\nconnection = "building_board"\npeak_kw = 10\n'
    inputs = read(
        office(
            (FEEDER, f"{PLACE}{FEEDER}"),
            ("[feeder.options]", f"{plant}[feeder.options]"),
            (POLICY, PV + POLICY),
        )
    )
    own = inputs.sites[0].pv_kw
    assert own is not None and inputs.pv is not None
    assert 15.0 < own.max() < 30.0 and own.min() == 0.0
    assert inputs.net.bus.at[int(inputs.pv.bus[0]), "name"] == "building_board"
    # the same panel under the same sky
    np.testing.assert_allclose(inputs.pv.p_kw[:, 0] * 3.0, own, rtol=1e-12)


def test_a_pv_profile_is_scaled_to_its_peak(office: Office) -> None:
    profile = '[sites.pv]\nprofile = "data/load.csv"\npeak_kw = 5\n'
    own = read(office((POLICY, profile + POLICY))).sites[0].pv_kw
    assert own is not None and own.max() == pytest.approx(5.0)


WRONG = [
    ("both weathers", (FEEDER, f'[weather]\ntemperature_c = 21\nfile = "a.csv"\n{FEEDER}'), ScenarioError, "S38 office.toml:8 weather: give either `file` or one `temperature_c`"),
    ("neither weather", (FEEDER, f"[weather]\n{FEEDER}"), ScenarioError, "S38 office.toml:8 weather: give either"),
    ("kelvin", (FEEDER, f"[weather]\ntemperature_c = 294\n{FEEDER}"), ScenarioError, "weather.temperature_c = 294: above 60 degC"),
    ("export limit without permit", ("[sites.building]", "export_limit_kw = 10\n[sites.building]"), ScenarioError, "S38 office.toml:19 sites.office.export_limit_kw = 10.0: limits what `allow_export = false` forbids"),
    ("pv without place", (POLICY, PV + POLICY), ScenarioError, "S07 office.toml:37 sites.office.pv: a plant without `profile` is computed from the sun: add [location] latitude, longitude"),
    ("pv without peak", (POLICY, f"[sites.pv]\n{POLICY}"), ScenarioError, "sites.office.pv.peak_kw: a plant without `profile` needs its peak_kw [kW]"),
    ("pv file", (POLICY, f'[sites.pv]\nprofile = "data/sun.csv"\n{POLICY}'), DataError, "D01 data/sun.csv: no such file"),
    ("latitude", (FEEDER, f"[location]\nlatitude = -118.2\nlongitude = 34\n{FEEDER}"), ScenarioError, "location.latitude = -118.2: below -90 deg"),
    ("clearness", (FEEDER, f"{PLACE}clearness = 0.95\nclearness_spread = 0.4\n{FEEDER}"), ScenarioError, "S38 office.toml:12 location.clearness_spread = 0.4: clearness of mean 0.95 and spread 0.4: allowed spread below"),
    ("feeder pv bus", ("[feeder.options]", '[[feeder.pv]]\nconnection = "building_bord"\npeak_kw = 3\n[feeder.options]'), ScenarioError, 'nearest: "building_board"'),
]  # fmt: skip


@pytest.mark.parametrize(("edit", "error", "said"), [case[1:] for case in WRONG], ids=[c[0] for c in WRONG])
def test_what_is_wrong_is_said_with_its_line(
    office: Office, edit: tuple[str, str], error: type[ScenarioError] | type[DataError], said: str
) -> None:
    path = office(edit)
    with pytest.raises(error) as caught:
        read(path)
    assert said in str(caught.value)
