"""`cosim compare` and `cosim report STUDY`: what is printed and written, and the exit codes."""

import json
import shutil

import pandas as pd
import pytest
from scenario_runs import ScenarioRuns
from typer.testing import CliRunner

import cosim
from cosim.cli import app

WEEK = ("days=2", "start=2019-06-03T00:00:00")


@pytest.fixture(scope="module")
def pair(scenario_runs: ScenarioRuns, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pair")
    policies = [f"sites.office.policy.name={name}" for name in ("uncontrolled", "required")]
    runs = [scenario_runs.run("office_v2b.toml", *WEEK, policy) for policy in policies]
    return [shutil.copy(run.path, folder / f"{number}.h5") for number, run in enumerate(runs)]


@pytest.fixture(scope="module")
def other(scenario_runs: ScenarioRuns, tmp_path_factory):
    run = scenario_runs.run("office_v2b.toml", "days=1", "start=2019-06-03T00:00:00")
    return shutil.copy(run.path, tmp_path_factory.mktemp("other") / "0.h5")


def call(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def test_the_table_says_what_differs_and_what_came_of_it(pair):
    told = call("compare", *pair)
    assert told.exit_code == 0
    assert "sites.office.policy.name: uncontrolled in 0, required in 1" in told.stdout
    bills = [cosim.open_run(path).kpis["sites"]["office"]["bill_total"] for path in pair]
    line = next(line for line in told.stdout.splitlines() if line.startswith("Bill [USD]"))
    assert f"{bills[0]:,.2f}" in line
    assert f"{bills[1]:,.2f}" in line
    assert f"{bills[1] - bills[0]:+,.2f} ({100.0 * (bills[1] / bills[0] - 1.0):+,.1f} %)" in line
    assert "warning: office does not serve its cars alike" in told.stderr
    assert "Traceback" not in told.stderr


def test_json_is_one_object_and_the_files_are_named_on_the_other_stream(pair, tmp_path):
    told = call("compare", *pair, "--json", "--csv", tmp_path / "kpis.csv", "--out", tmp_path / "page.html")
    assert told.exit_code == 0
    said = json.loads(told.stdout)
    assert said["baseline"] == "0"
    assert said["kpis"]["sites.office.bill_total"]["runs"]["0"]["delta"] == 0.0
    assert str(tmp_path / "kpis.csv") in told.stderr
    table = pd.read_csv(tmp_path / "kpis.csv")
    bills = table[table["kpi"] == "sites.office.bill_total"].set_index("run")["verdict"]
    assert bills.to_dict() == {0: "same", 1: "better"}
    assert (tmp_path / "page.html").read_text("utf-8").startswith("<!DOCTYPE html>")


def test_row_75_the_name_of_a_file_is_no_formula_in_the_csv(pair, tmp_path):
    named = [tmp_path / name for name in ("=1+1.h5", "b.h5")]
    for path, run_file in zip(named, pair, strict=True):
        path.symlink_to(run_file)
    assert call("compare", *named, "--csv", tmp_path / "kpis.csv").exit_code == 0
    assert set(pd.read_csv(tmp_path / "kpis.csv")["run"]) == {"'=1+1", "b"}


def test_the_baseline_is_chosen_by_file(pair):
    told = call("compare", *pair, "--baseline", pair[1], "--json")
    assert json.loads(told.stdout)["baseline"] == "1"


def test_runs_of_another_length_are_exit_2_and_say_why(pair, other):
    told = call("compare", pair[0], other)
    assert told.exit_code == 2
    assert "steps: 192 in" in told.stderr
    assert "these runs cannot be compared" in told.stderr


def test_one_run_alone_is_exit_2(pair):
    assert call("compare", pair[0]).exit_code == 2


def test_what_is_no_result_is_exit_5(pair, tmp_path):
    (tmp_path / "no.h5").write_text("no")
    assert call("compare", pair[0], tmp_path / "no.h5").exit_code == 5


def test_a_page_that_cannot_be_written_is_exit_5(pair, tmp_path):
    assert call("compare", *pair, "--out", tmp_path / "missing" / "page.html").exit_code == 5


def test_a_folder_that_is_no_study_is_exit_5(tmp_path):
    told = call("report", tmp_path)
    assert told.exit_code == 5
    assert "no folder of a study" in told.stderr


def test_compare_is_a_function_however_often_it_is_named(pair):
    cosim.compare(pair)
    assert callable(cosim.compare)
