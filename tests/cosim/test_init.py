"""`cosim init`: what it writes, what it refuses, and a template whose every option is right."""

import re
import tomllib
from pathlib import Path

import pytest
from scenario_runs import SCENARIOS
from typer.testing import CliRunner, Result

import cosim
from cosim.cli import app
from cosim.scenario.inputs import read_inputs
from cosim.starter import example_names

NAMED_FILE = re.compile(r'^[^#\n]*"([^"]+\.(?:csv|toml|json))"', re.MULTILINE)
OPTION = re.compile(r"^#(?=[a-z\[])", re.MULTILINE)


def init(*words: object) -> Result:
    return CliRunner().invoke(app, ["init", *map(str, words)])


def files_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_starter_folder_stands_alone(tmp_path):
    assert init(tmp_path / "park").exit_code == 0
    assert read_inputs(cosim.load_scenario(tmp_path / "park" / "office_elrp.toml")).sites
    assert {"NOTICE", "data/README.md", "data/LICENSE.simbench.md"} <= files_in(tmp_path / "park")


@pytest.mark.parametrize("name", example_names())
def test_every_example_is_copied_with_all_it_needs(tmp_path, name):
    assert init(tmp_path, "--scenario", name).exit_code == 0
    named = NAMED_FILE.findall((tmp_path / f"{name}.toml").read_text())
    assert all((tmp_path / file).is_file() for file in named)
    assert named or name == "village_voltage"  # whose sessions are drawn
    assert len(list(tmp_path.glob("*.toml"))) == 1


def test_a_file_of_the_user_is_never_replaced(tmp_path):
    (tmp_path / "template.toml").write_text("mine")
    refused = init(tmp_path)
    assert refused.exit_code == 5
    assert "template.toml" in refused.output
    assert files_in(tmp_path) == {"template.toml"}
    assert (tmp_path / "template.toml").read_text() == "mine"


def test_a_folder_with_other_files_is_taken(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    assert init(tmp_path).exit_code == 0
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "park").write_text("mine")
    refused = init(tmp_path / "park")
    assert refused.exit_code == 5
    assert "is a file" in refused.output


def test_an_unknown_example_is_refused_with_the_nearest_name(tmp_path):
    refused = init(tmp_path / "park", "--scenario", "office_v2g", "--scenario", "nonsense")
    assert refused.exit_code == 2
    assert '"office_v2b"' in refused.output
    assert "2 faults" in refused.output
    assert not (tmp_path / "park").exists()


def test_every_option_of_the_template_may_be_switched_on(tmp_path):
    init(tmp_path)
    template = tmp_path / "template.toml"
    text, switched = OPTION.subn("", template.read_text())
    assert switched > 10
    # either a file of sessions or the generator
    template.write_text(text.replace('sessions = "data/jpl_level1_2019-06.csv"', ""))
    scenario = cosim.load_scenario(template)
    assert read_inputs(scenario).sites
    assert (scenario.weather, scenario.location, scenario.feeder.thermal) != (None, None, None)


def test_the_template_says_where_all_keys_are():
    assert "docs/reference/scenario.md" in (SCENARIOS / "template.toml").read_text()
    assert tomllib.loads((SCENARIOS / "template.toml").read_text())["sites"][0]["policy"]["name"] == "llf"
