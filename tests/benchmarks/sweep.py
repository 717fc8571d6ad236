"""A sweep of one-week cases on one worker and on two: time, speed-up, and what it adds to a case.

Each sweep is the command in a process of its own, from its start to its table. A case's overhead is all of
the sweep on one worker in which that worker has no case: start and imports, plan, check, the way to the
worker and back, tables. Both times are of the same sweep, so that a drifting machine does not matter.
"""

import argparse
import ctypes
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

CASES = 200
SCENARIO = Path(__file__).parents[2] / "scenarios" / "office_v2b.toml"
PR_SET_CHILD_SUBREAPER = 36
STUDY = """
name = "weeks"
scenario = "{scenario}"
seeds = {seeds}
[set]
days = 7
[axes]
"sites.office.policy.name" = ["llf", "required"]
"""


def main() -> None:
    """Print the figures as JSON."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--cases", type=int, default=CASES, help=f"how many, even (default {CASES})")
    print(json.dumps(figures(asked.parse_args().cases)))


def figures(n_cases: int) -> dict[str, tuple[float, str, str]]:
    """Each figure with its unit and bar, by what it is."""
    _adopt_orphans()
    with tempfile.TemporaryDirectory() as folder:
        study = _study(Path(folder), n_cases)
        wall_s, cpu_s = zip(*(_swept(study, workers) for workers in (1, 2)), strict=True)
        in_cases_s = _in_cases_s(study)
    overhead_ms = 1000.0 * (wall_s[0] - in_cases_s) / n_cases
    return {
        f"{n_cases} cases on 1 worker, wall": (wall_s[0], "s", ""),
        f"{n_cases} cases on 1 worker, CPU": (cpu_s[0], "s", ""),
        f"{n_cases} cases on 2 workers, wall": (wall_s[1], "s", ""),
        f"{n_cases} cases on 2 workers, CPU": (cpu_s[1], "s", ""),
        "of 1 worker, wall within cases": (in_cases_s, "s", ""),
        "times faster on 2 workers": (wall_s[0] / wall_s[1], "x", "bar 1.8"),
        "overhead of a case": (overhead_ms, "ms", "bar 100 ms"),
    }


def _study(folder: Path, n_cases: int) -> Path:
    """A study of so many cases: two policies, the rest seeds."""
    path = folder / "study.toml"
    path.write_text(STUDY.format(scenario=os.path.relpath(SCENARIO, folder), seeds=n_cases // 2))
    return path


def _swept(study: Path, workers: int) -> tuple[float, float]:
    """Wall and CPU time of a whole sweep [s]."""
    command = ["sweep", str(study), "--out", str(study.parent / f"on_{workers}"), "--workers", str(workers)]
    begun_s, begun_cpu_s = time.perf_counter(), _cpu_of_ended_s()
    subprocess.run([sys.executable, "-m", "cosim", *command], check=True, capture_output=True)
    wall_s = time.perf_counter() - begun_s
    with suppress(ChildProcessError):
        while True:  # the server that workers are forked from ends a moment later
            os.wait()
    return wall_s, _cpu_of_ended_s() - begun_cpu_s


def _in_cases_s(study: Path) -> float:
    """Wall time the worker of a sweep had a case: read, simulated, written [s]."""
    log = json.loads((study.parent / "on_1" / "log.json").read_text("utf-8"))
    return sum(log["wall_s"].values())


def _cpu_of_ended_s() -> float:
    """CPU time of all ended descendants of this process [s]."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _adopt_orphans() -> None:
    """Be told of workers that outlive their parent, so that their CPU time counts (Linux)."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)


if __name__ == "__main__":
    main()
