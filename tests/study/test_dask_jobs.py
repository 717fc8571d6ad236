"""Jobs of a batch system: what stands in their script, and workers that a stand-in of `sbatch` starts.

No batch system is needed: the script is the one dask-jobqueue would submit; the stand-in runs it here.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cluster_work import note_and_wait
from dask_servers import ROOT
from pydantic import ValidationError

from cosim.study.cluster import ClusterError, cluster_executor
from cosim.study.cluster_form import ClusterForm
from cosim.study.dask_jobs import make_cluster
from cosim.study.form import CaseLimits

USUAL: dict[str, Any] = {
    "kind": "slurm",
    "workers": 6,
    "cores": 4,
    "memory": "16GB",
    "walltime": "02:30:00",
    "queue": "night",
    "account": "grid-42",
    "interface": "lo",
}


def script(**changed: Any) -> list[str]:
    jobs = make_cluster(ClusterForm(**USUAL | changed))
    try:
        assert jobs.scheduler_address.startswith("tcp://127.0.0.1:")
        assert jobs.scheduler.allowed_failures == 1
        return jobs.job_script().splitlines()
    finally:
        jobs.close()


def test_a_slurm_job():
    lines = script()
    directives = {line for line in lines if line.startswith("#SBATCH")}
    assert directives == {
        *("#SBATCH -J gridpark", "#SBATCH -p night", "#SBATCH -A grid-42", "#SBATCH -n 1"),
        *("#SBATCH --cpus-per-task=4", "#SBATCH --mem=15G", "#SBATCH -t 02:30:00"),
    }
    worker = next(line for line in lines if "distributed.cli.dask_worker" in line)
    for option in (
        "--nthreads 1",
        "--nworkers 4",
        "--memory-limit 3.73GiB",
        "--no-dashboard",
        "--interface lo",
    ):
        assert option in worker


def test_a_pbs_job():
    directives = {line for line in script(kind="pbs") if line.startswith("#PBS")}
    assert directives == {
        *("#PBS -N gridpark", "#PBS -q night", "#PBS -A grid-42"),
        *("#PBS -l select=1:ncpus=4:mem=15GB", "#PBS -l walltime=02:30:00"),
    }


def test_what_is_left_out_is_the_sites_default():
    lines = script(queue=None, account=None)
    assert not [line for line in lines if line.startswith(("#SBATCH -p", "#SBATCH -A"))]


def test_enough_jobs_for_the_workers():
    assert [ClusterForm(**USUAL | {"workers": n}).jobs for n in (1, 4, 5, 8, 9)] == [1, 1, 2, 2, 3]


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "lsf"},
        {"workers": 0},
        {"memory": "lots"},
        {"walltime": "an hour"},
        {"queue": "night\n#SBATCH --uid=0"},
        {"account": "a; rm -rf /"},
        {"nodes": 3},
    ],
)
def test_a_section_that_makes_no_sense(wrong):
    with pytest.raises(ValidationError):
        ClusterForm(**USUAL | wrong)


def test_no_batch_system_here(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ClusterError, match=r"^cluster\.kind = pbs: there is no `qsub` here") as caught:
        cluster_executor(ClusterForm(**USUAL | {"kind": "pbs"}), CaseLimits())
    assert caught.value.exit_code == 2


def test_an_interface_that_is_not_there():
    with pytest.raises(ClusterError, match=r"^cluster: .*ib7"):
        make_cluster(ClusterForm(**USUAL | {"interface": "ib7"}))


SBATCH = """#!/bin/bash
cp "$1" "$0.job"
setsid bash "$0.job" > /dev/null 2>&1 < /dev/null &
echo "Submitted batch job $!"
"""
SCANCEL = """#!/bin/bash
kill -- "-$1"
"""


def test_jobs_that_run_cases(tmp_path, monkeypatch):
    tools, out = tmp_path / "tools", tmp_path / "out"
    tools.mkdir()
    out.mkdir()
    for name, text in (("sbatch", SBATCH), ("scancel", SCANCEL)):
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join([str(tools), os.environ["PATH"]]))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), str(Path(__file__).parent)]))
    monkeypatch.chdir(tmp_path)
    executor = cluster_executor(ClusterForm(**USUAL | {"workers": 2, "cores": 2}), CaseLimits())
    results = []
    given = [{"case_id": f"c{i:03d}", "folder": str(out), "out": str(out), "wait_s": 0.1} for i in range(8)]
    try:
        executor.run(given, note_and_wait, results.append)
    finally:
        executor.close()
    assert [result.status for result in results] == ["done"] * 8
    assert len({path.suffix for path in out.glob("c*.*")}) == 2  # processes


def test_importing_it_leaves_the_signals_alone():
    """dask-jobqueue makes SIGINT and SIGTERM end the program as soon as it is imported."""
    code = (
        "import signal; before = [signal.getsignal(n) for n in (2, 15)]; import cosim.study.dask_jobs;"
        "assert [signal.getsignal(n) for n in (2, 15)] == before"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
