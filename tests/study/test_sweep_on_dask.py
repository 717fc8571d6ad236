"""The same study on the local pool and on a real Dask scheduler, one of whose workers is killed half-way."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest
from dask_servers import ROOT, dask_servers
from typer.testing import CliRunner

from cosim.cli import app
from cosim.study.case import CaseResult
from cosim.study.cluster import cluster_executor
from cosim.study.form import CaseLimits
from cosim.study.sweep import sweep

STUDY = """
name = "thresholds"
scenario = "SCENARIO"

[set]
days = 1

[axes]
"sites.office.policy.name" = ["llf", "edf"]
"feeder.options.transformer_kva" = [250, 400]
"""


@pytest.fixture
def study(tmp_path: Path) -> Path:
    path = tmp_path / "study.toml"
    relative = os.path.relpath(ROOT / "scenarios" / "office_v2b.toml", tmp_path)
    path.write_text(STUDY.replace("SCENARIO", relative))
    return path


def runs(out: Path) -> dict[str, bytes]:
    """Runs and markers; what a killed worker left half-written has gone, or this is no file."""
    return {path.name: path.read_bytes() for path in (out / "cases").iterdir()}


def test_same_bytes_with_a_worker_killed_half_way(study, tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    sweep(study, here, workers=1)
    with dask_servers(tmp_path, [["--nthreads", "1"]] * 2) as (address, pids):
        executor = cluster_executor(address, CaseLimits())
        executor._client.wait_for_workers(2, timeout=90)
        killed: list[int] = []

        def kill_amid_a_case() -> None:
            while not [*(there / "cases").glob("*/")]:  # a case under way has a folder of its own
                time.sleep(0.01)
            os.kill(pids[0], signal.SIGKILL)
            killed.append(pids[0])

        def on_case(result: CaseResult, ended: int, total: int) -> None:
            assert total == 4
            if ended == 1:
                threading.Thread(target=kill_amid_a_case).start()

        done = sweep(study, there, executor=executor, on_case=on_case)
    assert killed == pids[:1]
    assert len(done) == 4
    assert (there / "cases.csv").read_bytes() == (here / "cases.csv").read_bytes()
    assert runs(there) == runs(here)


def test_on_the_command_line_without_a_scheduler(study, tmp_path, monkeypatch):
    from cosim.study import dask_executor

    monkeypatch.setattr(dask_executor, "CONNECT_S", 1.0)
    asked = ["sweep", str(study), "--out", str(tmp_path / "out"), "--scheduler", "tcp://127.0.0.1:9"]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 2
    assert "--scheduler tcp://127.0.0.1:9: no Dask scheduler answers within 1 s" in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_section_that_makes_no_sense_is_told_with_its_line(study):
    study.write_text(
        study.read_text() + '[cluster]\nkind = "lsf"\nworkers = 4\nmemory = "4GB"\ninterface = "ib0"\n'
    )
    done = CliRunner().invoke(app, ["sweep", str(study)])
    assert done.exit_code == 2
    assert f"study.toml:{len(study.read_text().splitlines()) - 3} cluster.kind" in done.stderr
