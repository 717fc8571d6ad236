"""`cosim tariff import`, and scenarios that name a rate of OpenEI's URDB."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from scenario_runs import SCENARIOS
from typer.testing import CliRunner

from cosim.cli import app
from sims.signals.tariffs.files import MAX_TARIFF_BYTES, load_tariff

SAMPLES = Path(__file__).parents[1] / "sims" / "signals" / "urdb"


@pytest.fixture
def rate(tmp_path):
    """The sample with every feature, in a folder of its own."""
    return Path(shutil.copy(SAMPLES / "everything.json", tmp_path / "rate.json"))


def call(*words):
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def test_writes_a_file_that_loads_as_the_same_tariff(rate):
    result = call("tariff", "import", rate)
    assert result.exit_code == 0, result.stderr
    written = rate.with_name("rate.toml")
    assert load_tariff("rate.toml", rate.parent) == load_tariff("rate.json", rate.parent)
    assert result.stdout.splitlines() == [
        "gs_3_tou_secondary: GS-3 TOU (Secondary) (Commercial); Sample Valley Power (EIA 99999); "
        "2024-01-01 .. 2024-12-31",
        "  energy   0.09 .. 0.31 USD/kWh, 3 prices; fed back 0.03 .. 0.05",
        "  demand   4 .. 12.75 USD/kW and month, flat demand, TOU demand period 2, ratchet 80 %, "
        "windows of 30 min",
        "  fixed    1.5 USD a day",
        "  minimum  40 USD a month",
        "  minimum  600 USD a year",
        str(written),
    ]


def test_notes_go_to_standard_error(rate):
    told = call("tariff", "import", rate)
    assert "note: " not in told.stdout
    notes = told.stderr.splitlines()
    assert "note: demandcomments: Demand is measured at the meter." in notes
    assert "note: the ratchet of TOU demand looks back at its own period: the rate does not say" in notes


def test_the_same_bytes_in_every_process(rate):
    call("tariff", "import", rate)
    again = rate.with_name("again.toml")
    command = [sys.executable, "-m", "cosim", "tariff", "import", str(rate), "--out", str(again)]
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    subprocess.run(command, check=True, capture_output=True, env=environment, timeout=60)
    assert again.read_bytes() == rate.with_name("rate.toml").read_bytes()


def test_one_of_several_by_its_label(tmp_path):
    out = tmp_path / "two.toml"
    assert call("tariff", "import", SAMPLES / "two_rates.json", "--label", "bbb", "--out", out).exit_code == 0
    assert load_tariff("two.toml", tmp_path).label == "Two"
    several = call("tariff", "import", SAMPLES / "two_rates.json", "--out", tmp_path / "x.toml")
    assert several.exit_code == 3
    assert "holds 2 rates, one is needed" in several.stderr
    unknown = call("tariff", "import", SAMPLES / "two_rates.json", "--label", "ccc")
    assert unknown.exit_code == 2
    assert '"ccc": no rate of two_rates.json has this label' in unknown.stderr


def test_what_is_not_billed_is_refused_and_nothing_written(rate):
    raw = json.loads(rate.read_text())
    raw |= {"demandreactivepowercharge": 0.25, "demandwindow": 5}
    rate.write_text(json.dumps(raw))
    result = call("tariff", "import", rate)
    assert result.exit_code == 3
    assert "D38 rate.json demandreactivepowercharge: 0.25: reactive power is not billed" in result.stderr
    assert "D38 rate.json demandwindow: 5: allowed: 15, 30, 60 minutes" in result.stderr
    assert "2 faults" in result.stderr
    assert not rate.with_name("rate.toml").exists()


def test_files_that_are_not_there_or_too_large(tmp_path):
    missing = call("tariff", "import", tmp_path / "rat.json")
    assert missing.exit_code == 3
    assert "no such file" in missing.stderr
    large = tmp_path / "large.json"
    large.write_bytes(b" " * (MAX_TARIFF_BYTES + 1))
    assert call("tariff", "import", large).exit_code == 3
    assert call("tariff", "import", tmp_path).exit_code == 3


def test_an_existing_file_stays_unless_told(rate):
    written = rate.with_name("rate.toml")
    written.write_text("mine")
    kept = call("tariff", "import", rate)
    assert kept.exit_code == 5
    assert "exists" in kept.stderr
    assert written.read_text() == "mine"
    assert call("tariff", "import", rate, "--overwrite").exit_code == 0
    assert written.read_text() != "mine"


@pytest.fixture
def office(tmp_path):
    """The office with a tariff of another name."""
    shutil.copytree(SCENARIOS / "data", tmp_path / "data", ignore=shutil.ignore_patterns("*.py", "*.md"))

    def named(tariff, more=""):
        text = (SCENARIOS / "office_v2b.toml").read_text()
        assert 'tariff = "svp_cb1_paper"' in text
        path = tmp_path / "office.toml"
        path.write_text(text.replace('tariff = "svp_cb1_paper"', f'tariff = "{tariff}"\n{more}'))
        return path

    return named


def test_a_scenario_names_a_rate(office, tmp_path):
    shutil.copy(SAMPLES / "everything.json", tmp_path / "rate.json")
    history = 'demand_history_kw = { "flat demand" = [], "TOU demand period 2" = [] }'
    result = call("check", office("rate.json", history))
    assert result.exit_code == 0, result.stderr
    assert "gs_3_tou_secondary is stated for 2024-01-01 .. 2024-12-31, the run lies outside" in result.stderr
    assert "gs_3_tou_secondary: energycomments: Riders are not in the rate." in result.stderr


def test_a_scenario_names_what_is_no_rate(office, tmp_path):
    (tmp_path / "net.json").write_text('{"bus": {}}')
    result = call("check", office("net.json"))
    assert result.exit_code == 3
    assert "net.json: is no rate of OpenEI's Utility Rate Database" in result.stderr
    missing = call("check", office("rat.json"))
    assert missing.exit_code == 3
    assert "no such file" in missing.stderr
    outside = call("check", office("../rate.json"))
    assert outside.exit_code == 2
    assert "leads out of the scenario's folder" in outside.stderr
