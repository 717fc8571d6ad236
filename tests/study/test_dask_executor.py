"""Cases on a real Dask scheduler with workers in processes of their own, some of which die.

client (this process) --- scheduler --- worker 0 (two threads), worker 1 (one thread)
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cluster_work import compute_forever, end_the_process, note_and_wait, raise_a_defect, take_memory
from dask_servers import ROOT, dask_servers

from cosim.study.case import CaseResult, Payload
from cosim.study.cluster import ClusterError, cluster_executor
from cosim.study.dask_worker import run_here
from sims.faults import DataError


@dataclass
class Limits:
    """As `CaseLimits`."""

    case_seconds: float | None = None
    case_memory_mb: float | None = None


NONE: Any = Limits()


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, list[int]]]:
    with dask_servers(tmp_path_factory.mktemp("dask"), [["--nthreads", "2"], ["--nthreads", "1"]]) as running:
        yield running


def payloads(out: Path, n: int, **more: Any) -> list[Payload]:
    return [{"case_id": f"c{i:03d}", "folder": str(out), "out": str(out), **more} for i in range(n)]


def told(address: str, given: list[Payload], work: Any, limits: Any = NONE) -> dict[str, CaseResult]:
    """What became of every case, each told once and in the caller's thread."""
    results: dict[str, CaseResult] = {}

    def on_result(result: CaseResult) -> None:
        assert threading.current_thread() is threading.main_thread()
        assert result.case_id not in results
        results[result.case_id] = result

    executor = cluster_executor(address, limits)
    try:
        executor.run(given, work, on_result)
    finally:
        executor.close()
    return results


def test_one_case_at_a_time_in_every_process(servers, tmp_path):
    """`note_and_wait` fails when its process has another case: one worker has two threads."""
    address, pids = servers
    results = told(address, payloads(tmp_path, 24), note_and_wait)
    assert {result.status for result in results.values()} == {"done"}
    assert {name: result.kpis for name, result in results.items()} == {
        f"c{i:03d}": {"number": i} for i in range(24)
    }
    assert {int(path.suffix[1:]) for path in tmp_path.glob("c*.*")} == set(pids)
    assert not [*tmp_path.glob(".seen*")]


def test_an_executor_runs_several_times_and_nothing_is_remembered(servers, tmp_path):
    for name in ("first", "second"):
        out = tmp_path / name
        out.mkdir()
        assert len(told(servers[0], payloads(out, 3), note_and_wait)) == 3
        assert len([*out.glob("c*.*")]) == 3  # run again, not taken from the scheduler's memory
    assert told(servers[0], [], note_and_wait) == {}


def test_a_defect_of_the_work_costs_its_case(servers, tmp_path):
    (result,) = told(servers[0], payloads(tmp_path, 1), raise_a_defect).values()
    assert (result.status, result.reason) == ("failed", "ZeroDivisionError: c000")


@pytest.mark.parametrize(
    ("work", "limits", "reason"),
    [
        (compute_forever, Limits(case_seconds=1.0), "took longer than case_seconds = 1 s"),
        (take_memory, Limits(case_memory_mb=600.0), "held more than case_memory_mb = 600 MB"),
    ],
)
def test_a_case_that_takes_too_much(servers, tmp_path, work, limits, reason):
    (result,) = told(servers[0], payloads(tmp_path, 1), work, limits).values()
    assert (result.status, result.reason) == ("failed", reason)
    assert told(servers[0], payloads(tmp_path, 2), note_and_wait, limits)["c001"].status == "done"


def test_a_caller_who_has_enough_ends_it(servers, tmp_path):
    executor = cluster_executor(servers[0], NONE)

    def enough(result: CaseResult) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        executor.run(payloads(tmp_path, 50, wait_s=0.2), note_and_wait, enough)
    executor.close()
    assert len([*tmp_path.glob("c*.*")]) < 10


def test_files_that_a_worker_does_not_see(servers, tmp_path):
    given = payloads(tmp_path, 1) + payloads(tmp_path, 1, case_id="c9", folder=str(tmp_path / "elsewhere"))
    with pytest.raises(DataError) as caught:
        told(servers[0], given, note_and_wait)
    assert caught.value.exit_code == 3
    first = str(caught.value).splitlines()[0]
    assert first.startswith(f"D01 {tmp_path}/elsewhere: is not seen by worker tcp://127.0.0.1:")
    assert not [*tmp_path.glob("c*.*")]


def test_workers_with_another_version(servers, tmp_path):
    executor = cluster_executor(servers[0], NONE)
    executor._version = "9.9"
    said = r"worker tcp://127\.0\.0\.1:\d+: gridpark is \S+, here it is 9\.9; both must be the same"
    with pytest.raises(ClusterError, match=said) as caught:
        executor.run(payloads(tmp_path, 1), note_and_wait, pytest.fail)
    executor.close()
    assert caught.value.exit_code == 2


def test_a_worker_that_comes_later_with_another_version(tmp_path):
    result = run_here(note_and_wait, payloads(tmp_path, 1)[0], (None, None), "9.9")
    assert result.status == "failed"
    assert result.reason.endswith("the study was started with 9.9")
    assert not [*tmp_path.glob("c*.*")]


def test_no_scheduler_there(monkeypatch):
    from cosim.study import dask_executor

    monkeypatch.setattr(dask_executor, "CONNECT_S", 1.0)
    with pytest.raises(
        ClusterError, match=r"^--scheduler tcp://127\.0\.0\.1:9: no Dask scheduler answers"
    ) as caught:
        cluster_executor("tcp://127.0.0.1:9", NONE)
    assert caught.value.exit_code == 2


def test_without_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    for name in ("cosim.study.dask_executor", "cosim.study.dask_worker", "cosim.study.dask_jobs"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    with pytest.raises(ClusterError, match=r"pip install 'gridpark\[cluster\]'$") as caught:
        cluster_executor("tcp://127.0.0.1:9", NONE)
    assert caught.value.exit_code == 2


def test_dask_is_not_imported_unless_asked_for():
    code = "import sys, cosim.cli, cosim.study.cluster; print({'dask', 'distributed'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def kill_amid_a_case(pid: int, out: Path) -> None:
    while not (out / f"busy.{pid}").exists():
        time.sleep(0.01)
    os.kill(pid, signal.SIGKILL)


def test_a_killed_worker_costs_nothing(tmp_path):
    """Killed with a case under way: that case is run again elsewhere, nothing is told twice."""
    with dask_servers(tmp_path, [["--nthreads", "1"]] * 2) as (address, pids):
        executor, results = cluster_executor(address, NONE), []

        def on_result(result: CaseResult) -> None:
            results.append(result)
            if len(results) == 6:
                threading.Thread(target=kill_amid_a_case, args=(pids[0], tmp_path)).start()

        executor._client.wait_for_workers(2, timeout=90)
        executor.run(payloads(tmp_path, 16, wait_s=0.2), note_and_wait, on_result)
        executor.close()
    assert sorted((result.case_id, result.status) for result in results) == [
        (f"c{i:03d}", "done") for i in range(16)
    ]
    begun = [path.name.split(".")[0] for path in tmp_path.glob("c*.*")]
    assert len(begun) == 17  # one case begun twice, none of those that waited


def test_a_case_that_kills_its_workers_is_failed_and_the_rest_go_on(tmp_path, monkeypatch):
    monkeypatch.setenv("DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES", "1")
    with dask_servers(tmp_path, [["--nthreads", "1"]] * 3) as (address, _):
        executor, results = cluster_executor(address, NONE), []
        executor._client.wait_for_workers(3, timeout=90)
        executor.run(payloads(tmp_path, 1), end_the_process, results.append)
        executor.run(payloads(tmp_path, 3), note_and_wait, results.append)
        executor.close()
    assert (results[0].status, results[0].reason) == (
        "failed",
        "its worker process died 2 times (killed, or out of memory)",
    )
    assert [result.status for result in results[1:]] == ["done"] * 3
