"""Sweeps: same bytes however they are run, finished cases kept, failed ones told, one sweep a folder."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path

import pandas as pd
import pytest
from scenario_runs import SCENARIOS
from typer.testing import CliRunner

import cosim
from cosim.cli import app
from cosim.results.disk import write_whole
from cosim.study.case import CaseResult
from cosim.study.folder import Folder
from cosim.study.lock import only_writer
from cosim.study.study import Study
from cosim.study.sweep import sweep
from cosim.study.table import write_tables
from sims.faults import StoreError

ROOT = Path(__file__).parents[2]
POLICY = "sites.office.policy.name"
SCENARIO = """
name = "drawn"
start = 2019-06-03T00:00:00
days = 1
step_minutes = 15
timezone = "America/Los_Angeles"
[feeder]
network = "office_site"
[[sites]]
name = "office"
connection = "main_board"
tariff = "svp_cb1_paper"
[[sites.chargers]]
count = 2
kind = "unidirectional"
p_max_kw = 11
[sites.fleet.generator]
[sites.policy]
name = "uncontrolled"
"""
GRID = f"""
name = "grid"
scenario = "drawn.toml"
seeds = [1, 2]
[axes]
{POLICY} = ["uncontrolled", "required"]
"""
SLOW = GRID.replace('"required"', '"study_work:Slow"').replace("[1, 2]", "3")


@pytest.fixture
def study(tmp_path):
    """A study of four small cases."""
    return written(tmp_path, GRID)


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """The same study, run once on two workers: for tests that only read it or work on a copy."""
    folder = tmp_path_factory.mktemp("swept")
    sweep(written(folder, GRID), folder / "out", workers=2)
    return folder


@pytest.fixture
def copied(swept, tmp_path):
    """A copy of that folder, to be changed."""
    shutil.copytree(swept, tmp_path, dirs_exist_ok=True)
    return tmp_path


def written(folder, text, scenario=SCENARIO):
    (folder / "drawn.toml").write_text(scenario)
    (folder / "study.toml").write_text(text)
    return folder / "study.toml"


def with_policy(name):
    return GRID.replace('"required"', f'"study_work:{name}"')


def command(*words):
    return CliRunner().invoke(app, ["sweep", *map(str, words)])


def contents(folder):
    """sha256 of every file but the log, which has the wall times."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "log.json")
    return {str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest() for path in files}


# ---- what comes out


def test_same_bytes_for_any_number_of_workers_and_order(swept, tmp_path):
    known = contents(swept / "out")
    assert len(known) == 2 * 4 + 5  # runs with markers; study, plan, two CSV, Parquet
    sweep(swept / "study.toml", tmp_path / "alone", workers=1)
    assert contents(tmp_path / "alone") == known
    turned = GRID.replace("[1, 2]", "[2, 1]").replace(
        '"uncontrolled", "required"', '"required", "uncontrolled"'
    )
    sweep(written(tmp_path, turned), tmp_path / "turned", workers=4)
    others = contents(tmp_path / "turned")
    assert {name for name in known if known[name] != others[name]} == {"study.toml", "plan.json"}


def test_a_case_is_the_run_of_its_scenario(swept, tmp_path):
    done = cosim.open_study(swept / "out")
    alone = cosim.load_scenario(swept / "drawn.toml", [f"{POLICY}=required", "seed=2"])
    path = cosim.run(alone, tmp_path / "alone.h5").path
    table = done.table
    (case_id,) = table.index[(table[POLICY] == "required") & (table["seed"] == 2)]
    assert done.folder.run(case_id).read_bytes() == path.read_bytes()


def test_the_study_as_an_object(swept):
    done = cosim.open_study(swept / "out")
    assert done.axes == {POLICY: ["uncontrolled", "required"]}
    assert done.seeds == [1, 2]
    table = done.table
    assert list(table.columns[:3]) == [POLICY, "seed", "status"]
    assert list(zip(table[POLICY], table["seed"], strict=True)) == [
        (policy, seed) for policy in ("required", "uncontrolled") for seed in (1, 2)
    ]
    assert table["totals.bill_total"].dtype == float
    assert table["totals.sessions"].dtype == int
    for case_id, run in zip(done, done.runs(), strict=True):
        assert run.kpis["totals"]["bill_total"] == table.loc[case_id, "totals.bill_total"]
    # paired: both policies meet the same cars, another seed draws others
    arrivals = [tuple(run.sessions("office")["arrival"]) for run in done.runs()]
    assert arrivals[0] == arrivals[2] != arrivals[1] == arrivals[3]
    assert "4 of 4 cases done" in repr(done)
    assert "totals.bill_total" in done._repr_html_()
    with pytest.raises(KeyError, match="no case"):
        done.run("x")


def test_csv_and_parquet_hold_the_table(swept):
    table, out = cosim.open_study(swept / "out").table, swept / "out"
    read = pd.read_csv(out / "cases.csv", index_col="case_id", float_precision="round_trip")
    pd.testing.assert_frame_equal(read, table, check_exact=True)
    packed = pd.read_parquet(out / "cases.parquet")
    pd.testing.assert_frame_equal(packed, table, check_exact=True)


# ---- failures


def test_a_bad_case_among_good_ones(tmp_path):
    """The others run; its row has no figures, not zeros; it gets another chance, they do not."""
    study, out = written(tmp_path, with_policy("Broken")), tmp_path / "out"
    told = command(study, "--out", out, "--allow-code")
    assert told.exit_code == 6
    assert "2 of 4 cases done, 2 failed" in told.stdout
    done = cosim.open_study(out)
    assert list(done.failures["seed"]) == [1, 2]
    assert done.failures["reason"].str.contains("broken on purpose").all()
    bad = done.table[done.table["status"] == "failed"]
    assert bad.filter(like="totals.").isna().all().all()
    assert ",failed,,," in (out / "cases.csv").read_text()
    before = {path: path.stat().st_mtime_ns for path in (out / "cases").glob("*.h5")}
    again = command(study, "--out", out, "--allow-code", "--json")
    assert again.exit_code == 6
    assert {path: path.stat().st_mtime_ns for path in (out / "cases").glob("*.h5")} == before
    said = json.loads(again.stdout)
    assert (said["cases"], said["done"], len(said["failures"])) == (4, 2, 2)
    assert f"2 of them are finished in {out} and are not run again" in again.stderr
    assert list((out / "cases").glob("*.part")) == []


def test_limits_of_the_study_reach_the_pool(tmp_path):
    text = with_policy("Slow") + "[limits]\ncase_seconds = 0.001\n"
    told = command(written(tmp_path, text), "--out", tmp_path / "out", "--allow-code")
    assert told.exit_code == 6
    assert "took longer than case_seconds = 0.001 s" in told.stdout
    assert list((tmp_path / "out" / "cases").glob("*.part")) == []


def test_what_a_check_can_know_is_said_before_the_first_run(tmp_path):
    study = written(tmp_path, GRID.replace('"required"', '"requird", "edf"'))
    told = command(study, "--out", tmp_path / "out")
    assert told.exit_code == 2
    assert f'study.toml:6 {POLICY}: "requird": no such policy' in told.stderr
    assert 'nearest: "required"' in told.stderr
    assert list((tmp_path / "out" / "cases").iterdir()) == []


def test_broken_data_is_said_before_the_first_run(tmp_path):
    scenario = SCENARIO.replace("[sites.fleet.generator]", '[sites.fleet]\nsessions = "none.csv"')
    told = command(written(tmp_path, GRID, scenario), "--out", tmp_path / "out")
    assert told.exit_code == 3
    assert "none.csv" in told.stderr


# ---- stopped and gone on with


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """What the sweep that is stopped below gives when nobody stops it."""
    folder = tmp_path_factory.mktemp("uninterrupted")
    sweep(written(folder, SLOW), folder / "out", workers=2, allow_code=True)
    return contents(folder / "out")


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_stopped_sweep_goes_on(uninterrupted, tmp_path, how):
    study, out = written(tmp_path, SLOW), tmp_path / "out"
    markers = (out / "cases").glob
    words = ("sweep", study, "--out", out, "--allow-code", "--workers", 2)
    path = os.pathsep.join((str(ROOT), str(Path(__file__).parent)))
    process = subprocess.Popen(
        [sys.executable, "-m", "cosim", *map(str, words)],
        cwd=ROOT, env=os.environ | {"PYTHONPATH": path}, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    while not list(markers("*.json")):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(how)
    said = process.communicate(timeout=60)[1]
    if how == signal.SIGTERM:
        assert process.returncode == 130
        assert "the same command goes on" in said
        assert "of 6 cases are done" in said
        assert list(markers("*.part")) == []  # a sweep that can tidy up does
    else:
        time.sleep(0.5)  # workers of the killed one see that it has gone
    before = {path: path.stat().st_mtime_ns for path in markers("*.json")}
    assert 0 < len(before) < 6
    done = sweep(study, out, workers=2, allow_code=True)
    assert len(done) == 6
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert list(markers("*.part")) == []
    assert contents(out) == uninterrupted


def test_a_finished_sweep_is_not_run_again(copied, monkeypatch):
    monkeypatch.setattr("cosim.study.pool.LocalPool.run", None)  # no worker is needed
    before = contents(copied / "out")
    assert len(sweep(copied / "study.toml", copied / "out")) == 4
    assert contents(copied / "out") == before


def test_a_torn_marker_or_a_lost_run_is_run_again(copied):
    done = cosim.open_study(copied / "out")
    known = contents(copied / "out")
    torn, lost, *_ = done
    done.folder.marker(torn).write_text('{"case_id": ')
    done.folder.run(lost).unlink()
    assert len(cosim.open_study(copied / "out")) == 2
    sweep(copied / "study.toml", copied / "out", workers=1)
    assert contents(copied / "out") == known


def test_two_sweeps_in_one_folder(study, tmp_path):
    (tmp_path / "out").mkdir()
    with only_writer(tmp_path / "out" / "lock"):
        write_whole(tmp_path / "out" / "plan.json", b"{}")
        told = command(study, "--out", tmp_path / "out")
    assert told.exit_code == 5
    assert f"a sweep is writing there: process {os.getpid()} on" in told.stderr
    with only_writer(tmp_path / "out" / "lock"):
        pass  # given up at the end, and again


def test_a_folder_with_something_else_is_left_alone(study, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").touch()
    with pytest.raises(StoreError, match="holds something else than a study"):
        sweep(study, tmp_path / "out")
    with pytest.raises(StoreError, match="no folder of a study"):
        cosim.open_study(tmp_path / "out")


# ---- tables without runs


def test_cells_of_the_csv(tmp_path):
    """Formulas are text, what is unknown is empty, numbers come back to the last digit."""
    folder = Folder(tmp_path)
    folder.cases.mkdir()
    given = {"a": "=1+1", "b": True, "c": -0.1, "d": None}
    values = {case_id: {"=x": value} for case_id, value in given.items()}
    cases = [{"case_id": case_id, "axes": axes} for case_id, axes in values.items()]
    study = Study(folder, {"name": "s", "axes": {"=x": []}, "seeds": [], "cases": cases})
    folder.run("a").touch()
    kpis = {"feeder.losses_kwh": float("nan"), "feeder.import_kwh": 0.1 + 0.2}
    folder.write_marker(CaseResult("a", "done", kpis))
    folder.write_marker(CaseResult.failed("b", "@x, and\nmore"))
    write_tables(study)
    assert folder.table.read_text() == (
        "case_id,'=x,status,feeder.import_kwh\n"
        "a,'=1+1,done,0.30000000000000004\n"
        "b,true,failed,\n"
        "c,-0.1,open,\n"
        "d,,open,\n"
    )
    assert folder.failures.read_text() == "case_id,'=x,reason\nb,true,\"'@x, and\nmore\"\n"
    assert "NaN" not in folder.marker("a").read_text()


# ---- the command


def test_a_dry_run_lists_the_cases(study, tmp_path):
    told = command(study, "--dry-run")
    assert told.exit_code == 0
    assert "4 cases" in told.stderr
    assert len(told.stdout.splitlines()) == 4
    said = json.loads(command(study, "--dry-run", "--json").stdout)
    assert said["axes"] == {POLICY: ["uncontrolled", "required"]}


def test_the_shipped_study(tmp_path):
    """What its header says: uncontrolled charging overloads the small transformer most."""
    done = sweep(SCENARIOS / "studies" / "office_policies.toml", tmp_path / "out", overrides=["days=1"])
    assert len(done.failures) == 0
    table = done.table[done.table["feeder.options.transformer_kva"] == 250]
    loading = "transformers.transformer.max_loading_percent"
    highest = table.pivot_table(index="seed", columns="policy", values=loading)
    assert (highest["uncontrolled"] > highest[["required", "llf"]].max(axis=1)).all()
