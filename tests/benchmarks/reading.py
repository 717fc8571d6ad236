"""What it takes to read results: the file of a month, a column of a long run, and the report of a month."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cosim

KERBER = Path(__file__).parents[2] / "scenarios" / "benchmarks" / "kerber.toml"
DAYS = 30
REPEATS = 3


def month() -> dict[str, tuple[float, str, str]]:
    """File and report of a month of 15 ports on 116 buses; the report as a command and as a call."""
    with tempfile.TemporaryDirectory() as folder:
        scenario = cosim.load_scenario(KERBER, [f"days={DAYS}"])
        run = cosim.run(scenario, Path(folder) / "month.h5")
        command = [sys.executable, "-m", "cosim", "report", str(run.path)]
        whole_s = min(_wall_s(lambda: subprocess.run(command, check=True, capture_output=True)))
        page_mb = run.path.with_suffix(".html").stat().st_size / 1e6
        inside_s = min(_wall_s(lambda: cosim.open_run(run.path).report()))
        return {
            "result file": (run.path.stat().st_size / 1e6, "MB", "bar 15 MB"),
            "opening it and reading one column, wall": (column_s(run.path), "s", ""),
            "cosim report, the whole command, wall": (whole_s, "s", "bar 5 s"),
            "of it the report, imports done, wall": (inside_s, "s", ""),
            "its page": (page_mb, "MB", "bar 10 MB"),
        }


def column_s(path: Path) -> float:
    """Wall time of opening a result file and reading the power of one port of its first site [s]."""

    def read() -> None:
        run = cosim.open_run(path)
        assert len(run.site(run.sites[0]).evse_kw[:, 0]) == run.clock.n_steps

    return min(_wall_s(read))


def _wall_s(work: Callable[[], object]) -> list[float]:
    """Seconds of each of several times."""
    seconds: list[float] = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return seconds
