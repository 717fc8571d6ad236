"""What keeping a run costs: its checkpoints as a share of a year, one alone, and `verify` of the year's file.

python -m tests.benchmarks.checkpoints [DAYS]
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from unittest import mock

from tests.benchmarks.year import year_of_the_office

BAR = "bar 5 %"
PAIRS, MONTH_DAYS = 5, 30
OFTEN_S, NEVER_S, ONE_WINDOW_DAYS = 0.1, 1e9, 3660


@dataclass
class Spent:
    """Time spent in some functions: CPU and wall [s], calls of the last of them [-]."""

    cpu_s: float = 0.0
    wall_s: float = 0.0
    checkpoints: int = 0

    def count(self, function: Callable) -> Callable:
        """The function, its time counted."""

        @wraps(function)
        def timed(*args: object, **how: object) -> object:
            cpu_s, wall_s = time.process_time(), time.perf_counter()
            try:
                return function(*args, **how)
            finally:
                self.cpu_s += time.process_time() - cpu_s
                self.wall_s += time.perf_counter() - wall_s

        return timed

    def count_async(self, function: Callable) -> Callable:
        """The coroutine, its time and its calls counted."""

        @wraps(function)
        async def timed(*args: object, **how: object) -> object:
            cpu_s, wall_s = time.process_time(), time.perf_counter()
            try:
                return await function(*args, **how)
            finally:
                self.cpu_s += time.process_time() - cpu_s
                self.wall_s += time.perf_counter() - wall_s

        return timed


def main(days: int) -> None:
    """Print the figures as JSON."""
    import cosim

    with tempfile.TemporaryDirectory() as folder:
        path = year_of_the_office(Path(folder))
        share = _year(cosim.load_scenario(path, [f"days={days}"]), Path(folder) / "year.h5")
        month = cosim.load_scenario(path, [f"days={min(days, MONTH_DAYS)}"])
        print(json.dumps({**share, **_paired(month, Path(folder) / "month.h5")}))


def _year(scenario: object, out: Path) -> dict[str, tuple[float, str, str]]:
    """Measured inside one run as everybody makes it: states taken, segments and checkpoints written."""
    import cosim
    from cosim.orchestrate.gate import Gate
    from cosim.results.writer import RunWriter

    spent = Spent()
    kept = spent.count(RunWriter.write_checkpoint)

    def write_checkpoint(self: object, saved: object) -> None:
        spent.checkpoints += 1
        kept(self, saved)

    with (
        mock.patch.object(Gate, "_snapshot", spent.count_async(Gate._snapshot)),
        mock.patch.object(RunWriter, "write_segment", spent.count(RunWriter.write_segment)),
        mock.patch.object(RunWriter, "write_checkpoint", write_checkpoint),
    ):
        cpu_s, wall_s = time.process_time(), time.perf_counter()
        run = cosim.run(scenario, out)  # pyright: ignore[reportArgumentType]
        cpu_s, wall_s = time.process_time() - cpu_s, time.perf_counter() - wall_s
    started = time.perf_counter()
    sound = cosim.verify_file(run.path).sound
    verify_s = time.perf_counter() - started
    if not sound:
        raise RuntimeError("the year's file is not sound")
    return {
        "checkpoints of the run, windows' ends included": (spent.checkpoints, "", ""),
        "  share of its CPU time": (100.0 * spent.cpu_s / cpu_s, "%", BAR),
        "  share of its wall time": (100.0 * spent.wall_s / wall_s, "%", BAR),
        "cosim verify of its file": (verify_s, "s", ""),
    }


def _paired(scenario: object, out: Path) -> dict[str, tuple[float, str, str]]:
    """A month that keeps its states all the time against the same month that never does, turn by turn."""
    import cosim
    from cosim.orchestrate import gate
    from cosim.results.writer import RunWriter

    best = {OFTEN_S: (float("inf"), 0), NEVER_S: (float("inf"), 0)}
    for every_s in (OFTEN_S, NEVER_S) * PAIRS:
        with (
            mock.patch.object(gate, "EVERY_S", every_s),
            mock.patch.object(
                RunWriter, "write_checkpoint", autospec=True, side_effect=RunWriter.write_checkpoint
            ) as written,
        ):
            cpu_s = time.process_time()
            cosim.run(scenario, out, overwrite=True, window_days=ONE_WINDOW_DAYS)  # pyright: ignore[reportArgumentType]
            cpu_s = time.process_time() - cpu_s
        best[every_s] = min(best[every_s], (cpu_s, written.call_count))
    (with_s, many), (without_s, few) = best[OFTEN_S], best[NEVER_S]
    each_ms = 1e3 * (with_s - without_s) / max(1, many - few)
    return {
        f"one checkpoint, from {many} in {scenario.days} days against {few}": (each_ms, "ms", ""),  # pyright: ignore[reportAttributeAccessIssue]
        f"  of {gate.EVERY_S:.0f} s between two of them": (0.1 * each_ms / gate.EVERY_S, "%", BAR),
    }


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 365)
