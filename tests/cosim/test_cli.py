"""The command line: what it prints, where, and with which exit code.

One day of the office is simulated once; what only the process shows (pipes, signals, terminals,
imports) runs in processes of its own.
"""

import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from scenario_runs import SCENARIOS
from typer.testing import CliRunner, Result

import cosim
from cosim.cli import app
from networks import SHIPPED
from sims.control.registry import POLICIES
from sims.fleet.catalogue import catalogue
from sims.signals.tariffs.files import list_tariffs

HEAVY = ("pandapower", "plotly", "pandas", "numba", "h5py", "mosaik", "numpy", "pydantic")
ASKED = (
    *(
        "Bill",
        "Bill of the building alone",
        "Billed peak",
        "Peak reduction",
        "Peak increase",
        "Highest power of a step",
    ),
    *("Energy charged", "Missing energy of connected", "left below their requirement", "without a port"),
    *("Energy gap", "above the requirement", "per connected session", "Battery throughput"),
    *("Highest loading", "Time above 100 %", "Lowest voltage", "Losses", "CO2 of EV charging"),
)
READ_ONLY = Path("/proc")  # where not even root can write
DAY = ("--set", "days=1", "--set", "start=2019-06-03T00:00:00")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of office_v2b.toml with its data."""
    folder = tmp_path_factory.mktemp("office")
    shutil.copytree(SCENARIOS / "data", folder / "data", ignore=shutil.ignore_patterns("*.py", "*.md"))
    return Path(shutil.copy(SCENARIOS / "office_v2b.toml", folder))


@pytest.fixture(scope="module")
def told(office: Path) -> SimpleNamespace:
    """A Monday of the office, run by the command line: its output and its result file."""
    path = office.parent / "monday.h5"
    result = call("run", office, *DAY, "--out", path)
    return SimpleNamespace(result=result, path=path, kpis=cosim.open_run(path).kpis)


def call(*words: object) -> Result:
    """Call the command line in this process; nothing unexpected may come out of it."""
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.output
    return result


def broken(office: Path, *changes: tuple[str, str]) -> Path:
    """A copy of the scenario beside it with texts replaced."""
    text = office.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = office.with_name("broken.toml")
    path.write_text(text)
    return path


def line_of(path: Path, text: str) -> int:
    """The number of the first line that has this text."""
    return next(number for number, line in enumerate(path.read_text().splitlines(), 1) if text in line)


def in_process(*words: object, **options) -> subprocess.CompletedProcess[str]:
    """Call the command line in a process of its own."""
    command = [sys.executable, "-m", "cosim", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, **options)


# run and kpis -----------------------------------------------------------------------------------------------


def test_run_prints_what_is_asked_and_ends_with_the_path(told):
    result = told.result
    assert result.exit_code == 0
    for label in ASKED:
        assert label in result.stdout, label
    assert result.stdout.splitlines()[-1] == str(told.path)
    assert max(map(len, result.stdout.splitlines()[:-1])) <= 110
    assert "all sites" not in result.stdout  # the sum over one site says nothing new


def test_run_prints_the_lines_of_the_bill_below_it(told):
    lines = told.result.stdout.splitlines()
    at = next(i for i, line in enumerate(lines) if line.endswith(" Bill"))
    parts = [float(line.split()[0].replace(",", "")) for line in lines[at : at + 4]]
    assert parts[0] == pytest.approx(sum(parts[1:]), abs=0.02)
    assert [lines[at + i].split()[1] for i in (1, 2, 3)] == ["2019-06"] * 3
    assert "kWh at 0.1410" in lines[at + 1]
    assert "peak demand: 210.0 kW at 10.1000, set 2019-06-03" in lines[at + 3]


def test_warnings_go_to_standard_error(told):
    assert "warning: " not in told.result.stdout
    assert "the run lies outside" in told.result.stderr
    assert "ports can draw 300 kW, 1.20 x the 250 kVA" in told.result.stderr


def test_kpis_prints_the_same_again(told):
    again = call("kpis", told.path)
    assert again.exit_code == 0
    assert again.stdout == told.result.stdout


def test_kpis_all_prints_every_figure(told):
    every = call("kpis", told.path, "--all").stdout
    for figure in (
        "Energy imported by the site",
        "Losses of what came from the grid above",
        "Occupied ports, mean",
    ):
        assert figure in every
        assert figure not in told.result.stdout


def test_kpis_json_is_one_object(told):
    told_again = json.loads(call("kpis", told.path, "--json").stdout)
    assert set(told_again) == {"kpis", "path", "warnings"}
    assert told_again["path"] == str(told.path)
    assert told_again["kpis"] == told.kpis


@pytest.mark.parametrize(("kind", "count"), [("buses", 5), ("lines", 3), ("transformers", 1)])
def test_every_element_has_a_row(told, kind, count):
    rows = json.loads(call("kpis", told.path, "--elements", kind, "--json").stdout)
    assert len(rows) == count
    if kind == "transformers":
        (figures,) = told.kpis["transformers"].values()
        assert rows[0]["max_loading_percent"] == pytest.approx(figures["max_loading_percent"])
        assert rows[0]["rated_kva"] == 250.0
    assert rows[0]["name"] in call("kpis", told.path, "--elements", kind).stdout


def test_unknown_elements_name_the_nearest(told):
    refused = call("kpis", told.path, "--elements", "bus")
    assert refused.exit_code == 2
    assert '"bus": no such elements; nearest: "buses"' in refused.stderr


def test_run_json_is_one_object_with_its_warnings(office, tmp_path):
    chosen = ("--set", 'sites.office.policy={name="trickle"}')
    result = call("run", office, *DAY, *chosen, "--out", tmp_path / "run.h5", "--json")
    found = json.loads(result.stdout)
    assert result.exit_code == 0
    assert result.stderr == ""
    assert len(found["warnings"]) == 2
    assert found["kpis"]["sites"]["office"]["sessions"] > 20
    assert 'name = "trickle"' in cosim.open_run(found["path"]).scenario_toml


def test_an_existing_result_is_kept_unless_overwritten(office, told):
    before = told.path.read_bytes()
    refused = call("run", office, *DAY, "--out", told.path)
    assert refused.exit_code == 5
    assert f"{told.path}: exists" in refused.stderr
    assert told.path.read_bytes() == before
    replaced = call("run", office, *DAY, "--out", told.path, "--overwrite")
    assert replaced.exit_code == 0
    assert told.path.read_bytes() == before


def test_without_out_the_result_lies_in_results(office, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = call("run", office, *DAY)
    assert result.stdout.splitlines()[-1] == str(Path("results", "office_v2b.h5"))
    assert (tmp_path / "results" / "office_v2b.h5").is_file()


def test_a_result_that_cannot_be_written_is_exit_5(office, tmp_path):
    nowhere = call("run", office, *DAY, "--out", tmp_path / "nowhere" / "run.h5")
    assert nowhere.exit_code == 5
    assert "its folder" in nowhere.stderr
    assert "does not exist" in nowhere.stderr


@pytest.mark.skipif(not READ_ONLY.is_dir(), reason="no folder that root cannot write to")
def test_a_folder_that_takes_no_results_is_exit_5(office, monkeypatch):
    monkeypatch.chdir(READ_ONLY)
    refused = call("run", office, *DAY)
    assert refused.exit_code == 5
    assert refused.stderr.startswith("results: ")


@pytest.mark.parametrize("content", [None, b"", b"no result", b"\x89HDF\r\n\x1a\n" + bytes(100)])
def test_what_is_no_result_is_exit_5(tmp_path, content):
    path = tmp_path / "run.h5"
    if content is not None:
        path.write_bytes(content)
    for command in ("kpis", "report"):
        result = call(command, path)
        assert result.exit_code == 5
        assert str(path) in result.stderr


# check ------------------------------------------------------------------------------------------------------


def test_check_says_what_would_run(office):
    result = call("check", office)
    assert result.exit_code == 0
    assert "2880 steps of 15 min from 2019-06-01T00:00:00-07:00, 5 buses" in result.stdout
    assert "office: 15 ports, 520 sessions, building peak 210.0 kW, policy llf" in result.stdout
    assert "warning: " in result.stderr


SCENARIO_FAULTS = (
    ("days = 30", "days = 0"),
    ('timezone = "America/Los_Angeles"', 'timezone = "PST"'),
    ("tariff =", "tarif ="),
    ('p_max_kw = 20\nconnection = "uni', 'p_max_kw = 20000\nconnection = "uni'),
    ("every_minutes = 15", "every_minutes = 7"),
)


@pytest.mark.parametrize("command", ["check", "run"])
def test_all_faults_of_a_scenario_at_once(office, command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = call(command, broken(office, *SCENARIO_FAULTS))
    assert result.exit_code == 2
    assert result.stdout == ""
    *faults, count = result.stderr.splitlines()
    assert count == "6 faults, nothing was run"
    assert [line.split()[0] for line in faults] == ["S24", "S25", "S07", "S06", "S19", "S23"]
    days = line_of(office, "days = 30")
    assert faults[0] == f"S24 broken.toml:{days} days = 0: below 1 d; allowed: at least 1, at most 3660 d"
    assert 'did you mean "America/Los_Angeles"?' in faults[1]
    tariff = line_of(office, "tariff =")
    assert (
        f'S06 broken.toml:{tariff} sites.office.tarif = "svp_cb1_paper": unknown key; nearest: "tariff"'
        in faults[3]
    )
    assert (
        "sites.office.chargers[0].p_max_kw = 20000: above 1000 kW; did you mean 20 (kW, not W)?" in faults[4]
    )
    assert list(tmp_path.iterdir()) == []


def test_names_that_do_not_exist_are_said_together_with_the_nearest(office):
    path = broken(
        office,
        ('"llf"', '"lff"'),
        ('"main_board"', '"main_bord"'),
        ('"bidirectional_first"', '"bidirectional"'),
        ('"office_site"', '"office_sight"'),
        ('"svp_cb1_paper"', '"svp_cb1_papr"'),
    )
    result = call("check", path)
    assert result.exit_code == 2
    for name in ("llf", "bidirectional_first", "office_site", "svp_cb1_paper"):
        assert f'nearest: "{name}"' in result.stderr
    path = broken(office, ('"main_board"', '"main_bord"'), ('"building_board"', '"bilding_board"'))
    said = call("check", path).stderr
    assert 'nearest: "building_board"' in said
    assert "1 fault, nothing was run" in said  # the site's own connection is used by nobody here


def test_faults_of_data_alone_are_exit_3(office):
    data = office.parent / "data"
    (data / "bad.csv").write_text("time,kw\n2019-06-01T00:00:00-07:00,a lot\n2019-06-01T00:15:00-07:00,\n")
    result = call("check", broken(office, ("data/office_g0m_2019-06.csv", "data/bad.csv")))
    assert result.exit_code == 3
    assert "bad.csv" in result.stderr
    assert "a lot" in result.stderr
    missing = call("check", broken(office, ("office_g0m_2019-06.csv", "office_g0_2019-06.csv")))
    assert missing.exit_code == 3
    assert "office_g0m_2019-06.csv" in missing.stderr.partition("nearest")[2]


@pytest.mark.parametrize("command", ["check", "run"])
def test_a_missing_scenario_names_the_folder_and_the_nearest(office, command):
    result = call(command, office.with_name("ofice_v2b.toml"))
    assert result.exit_code == 2
    assert "no such file" in result.stderr
    assert str(office.parent) in result.stderr
    assert "nearest: office_v2b.toml" in result.stderr


def test_an_override_that_leads_nowhere_is_exit_2(office):
    result = call("check", office, "--set", "sites.ofice.tariff=flat", "--set", "dais=3")
    assert result.exit_code == 2
    assert 'no such site; nearest: "office"' in result.stderr
    assert '--set dais = 3: unknown key; nearest: "days"' in result.stderr


def test_a_large_run_is_refused_unless_meant(office):
    result = call("check", office, "--set", "step_minutes=1", "--set", "sites.office.chargers[0].count=10000")
    assert result.exit_code == 2
    assert "--yes-large" in result.stderr


# code and degraded runs -------------------------------------------------------------------------------------


def test_a_policy_of_ones_own_needs_allow_code(office, tmp_path, monkeypatch):
    lines = (
        "import numpy as np",
        "from sims.control.policy import Policy",
        "class Idle(Policy):",
        "    def act(self, seen):",
        "        return np.zeros(len(seen.session))",
    )
    (tmp_path / "my_policies.py").write_text("\n".join(lines))
    monkeypatch.syspath_prepend(tmp_path)
    chosen = ("--set", 'sites.office.policy={name="my_policies:Idle"}')
    refused = call("check", office, *chosen)
    assert refused.exit_code == 2
    assert "S31" in refused.stderr
    assert "--allow-code" in refused.stderr
    assert "my_policies" not in sys.modules
    result = call("run", office, *DAY, *chosen, "--allow-code", "--out", tmp_path / "run.h5", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["kpis"]["sites"]["office"]["ev_charged_kwh"] == 0.0


def test_a_policy_that_fails_is_exit_4_with_place_and_time(office, tmp_path, monkeypatch):
    lines = (
        "from sims.control.policy import Policy",
        "class Lost(Policy):",
        "    def act(self, seen):",
        "        raise RuntimeError('no idea')",
    )
    (tmp_path / "lost_policies.py").write_text("\n".join(lines))
    monkeypatch.syspath_prepend(tmp_path)
    chosen = ("--set", 'sites.office.policy={name="lost_policies:Lost"}', "--allow-code")
    result = call("run", office, *DAY, *chosen, "--out", tmp_path / "run.h5")
    assert result.exit_code == 4
    assert "no idea" in result.stderr
    assert "office" in result.stderr
    assert "2019-06-03T00:00:00-07:00" in result.stderr
    assert not (tmp_path / "run.h5").exists()


def test_strict_makes_a_degraded_run_exit_7(office, tmp_path):
    """A building of 1.4 MW behind 250 kVA: four power flows have no solution."""
    much = (*DAY, "--set", "sites.office.building.peak_kw=1400", "--overwrite", "--out", tmp_path / "run.h5")
    done = call("run", office, *much)
    assert done.exit_code == 0
    assert "warning: 4 of 96 steps have no power-flow solution" in done.stderr
    strict = call("run", office, *much, "--strict", "--json")
    assert strict.exit_code == 7
    found = json.loads(strict.stdout)
    assert found["warnings"][-1] == "4 of 96 steps have no power-flow solution"
    assert found["kpis"]["feeder"]["non_converged_steps"] == 4
    assert "4 of 96 steps have no power-flow solution" in call("kpis", tmp_path / "run.h5").stderr


def test_strict_is_content_with_a_sound_run(office, tmp_path):
    assert call("run", office, *DAY, "--strict", "--out", tmp_path / "run.h5").exit_code == 0


# report, list, schema ---------------------------------------------------------------------------------------


def test_report_writes_one_page_beside_the_run_or_where_asked(told, tmp_path):
    beside = call("report", told.path)
    assert beside.exit_code == 0
    assert beside.stdout.strip() == str(told.path.with_suffix(".html"))
    page = told.path.with_suffix(".html").read_text("utf-8")
    assert page.startswith("<!doctype html>") or page.startswith("<!DOCTYPE html>")
    assert "office_v2b" in page
    assert call("report", told.path, "--out", tmp_path / "page.html").exit_code == 0
    assert (tmp_path / "page.html").read_text("utf-8") == page


@pytest.mark.parametrize(
    ("what", "names"),
    [
        ("policies", sorted(POLICIES)),
        ("tariffs", list_tariffs()),
        ("networks", sorted(SHIPPED)),
        ("assignments", ["bidirectional_first", "fcfs"]),
        ("vehicles", list(catalogue())),
    ],
)
def test_list_has_a_line_for_each_name(what, names):
    result = call("list", what)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert sorted(line.split()[0] for line in lines) == names
    assert all(len(line.split()) > 3 for line in lines)


def test_an_unknown_list_names_the_nearest():
    result = call("list", "polices")
    assert result.exit_code == 2
    assert '"polices": no such list; nearest: "policies"' in result.stderr


def test_schema_is_a_json_schema_that_shipped_scenarios_fulfil():
    found = json.loads(call("schema").stdout)
    assert {"name", "start", "days", "timezone", "feeder", "sites"} <= set(found["required"])
    assert found["properties"]["days"]["description"].endswith("[d]")
    import jsonschema

    validator = jsonschema.validators.validator_for(found)
    validator.check_schema(found)
    for path in (path for path in SCENARIOS.rglob("*.toml") if path.parent.name not in {"data", "studies"}):
        described = json.loads(cosim.load_scenario(path).model_dump_json(exclude_none=True))
        assert list(validator(found).iter_errors(described)) == []
        described["dais"] = 3
        assert [error.validator for error in validator(found).iter_errors(described)] == [
            "additionalProperties"
        ]


@pytest.mark.parametrize(
    "words", [(), ("--help",), *((name, "--help") for name in ("run", "check", "kpis", "list"))]
)
def test_help_is_there(words):
    assert "Usage" in call(*words).output


@pytest.mark.parametrize("words", [("rum",), ("run",), ("run", "a.toml", "--fast"), ("list",)])
def test_wrong_usage_is_exit_2(words):
    assert call(*words).exit_code == 2


# errors that are ours ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "exit_code"),
    [
        (RuntimeError("a slip"), 1),
        (OSError(28, "No space left on device"), 5),
        (MemoryError(), 5),
        (KeyboardInterrupt(), 130),
    ],
)
def test_no_traceback_unless_asked_for(told, monkeypatch, error, exit_code):
    def fails(path: Path) -> None:
        raise error

    monkeypatch.setattr("cosim.results.run.open_run", fails)
    result = call("kpis", told.path)
    assert result.exit_code == exit_code
    assert len(result.stderr.strip().splitlines()) <= 2
    asked = CliRunner().invoke(app, ["--debug", "kpis", str(told.path)])
    assert asked.exit_code == exit_code
    assert "Traceback" in asked.stderr


# what only a process shows ----------------------------------------------------------------------------------


def test_help_imports_nothing_heavy():
    code = (
        "import sys\n"
        "sys.argv = ['cosim', '--help']\n"
        "from cosim.cli import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code\n"
        f"print('heavy:', [name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines()[-1] == "heavy: []"


def test_debug_may_stand_anywhere_and_shows_the_traceback(tmp_path):
    quiet, loud = in_process("kpis", tmp_path / "no.h5"), in_process("kpis", tmp_path / "no.h5", "--debug")
    assert (quiet.returncode, loud.returncode) == (5, 5)
    assert "Traceback" not in quiet.stderr
    assert "Traceback" in loud.stderr
    assert loud.stderr.endswith(quiet.stderr)


def test_a_reader_that_has_seen_enough_is_no_error():
    """`cosim list policies | head -1`, with the pipe closed before the first line is written."""
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "cosim", "list", "policies"]
    try:
        done = subprocess.run(
            command, stdout=write, stderr=subprocess.PIPE, text=True, check=False, timeout=60
        )
    finally:
        os.close(write)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not READ_ONLY.is_dir(), reason="no folder that root cannot write to")
def test_a_bare_environment_and_a_folder_without_writing(office, tmp_path):
    """LANG=C, no HOME, no terminal, in a folder nobody can write to: the run says the same as ever."""
    out = tmp_path / "run.h5"
    bare = {"LANG": "C", "LC_ALL": "C", "PATH": os.environ["PATH"]}
    done = in_process("run", office, *DAY, "--out", out, env=bare, cwd=READ_ONLY, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == str(out)
    assert all(line.startswith("warning: ") for line in done.stderr.splitlines())  # no progress bar
    assert "\x1b" not in done.stdout + done.stderr


# a process started in the background is born deaf to SIGINT; one at a terminal is not
LISTENING = """import runpy, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module("cosim", run_name="__main__")"""


@pytest.fixture
def on_terminal(office: Path, tmp_path: Path) -> Iterator[Callable[[], tuple[subprocess.Popen[bytes], int]]]:
    """Start a run of the month with standard error on a terminal; steps of 5 min make it last a while."""
    started: list[tuple[subprocess.Popen[bytes], int]] = []

    def start() -> tuple[subprocess.Popen[bytes], int]:
        master, slave = pty.openpty()
        command = [sys.executable, "-c", LISTENING, "run", str(office), "--set", "step_minutes=5"]
        command += ["--out", str(tmp_path / "run.h5")]
        wide = os.environ | {"COLUMNS": "100", "TERM": "xterm"}
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=slave, env=wide)
        os.close(slave)
        started.append((process, master))
        return process, master

    yield start
    for process, master in started:
        process.kill()
        process.communicate()
        os.close(master)


def test_a_terminal_has_a_progress_bar_and_ctrl_c_is_exit_130(on_terminal, tmp_path):
    process, terminal = on_terminal()
    seen, until = b"", time.monotonic() + 90.0
    while b"/8640" not in seen and time.monotonic() < until:
        seen += os.read(terminal, 4096)
    assert b"/8640" in seen
    process.send_signal(signal.SIGINT)
    while True:
        try:
            more = os.read(terminal, 4096)
        except OSError:  # the other end is closed
            break
        if not more:
            break
        seen += more
    assert process.wait(timeout=30) == 130
    assert b"interrupted" in seen
    assert b"Traceback" not in seen
    assert re.search(rb"of 8640 steps are kept; go on with: cosim run --resume \S+run.h5", seen)
    assert [path.name for path in tmp_path.iterdir()] == ["run.parts"]
