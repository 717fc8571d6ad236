"""A simulator that gives no answer: named after T, 3T and 6T, given up after 10T, in this process or another.

step    0  1  2  3  4  5 ............ 5           the policy (or the building) hangs in step 5
said    .  .  .  .  .  T   3T   6T   10T: the run ends, naming step 4 as the last one finished
"""

import logging
import os
import re
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_sites import Small, car, policy_of, ports, ran, site, write
from typer.testing import CliRunner

from cosim.cli import app
from cosim.orchestrate import gate
from cosim.orchestrate.watch import Watch, _doing, stages
from sims.control.policy import Observation, Policy
from sims.faults import ScenarioError, SimulationError

ONE_DAY = Small(step_minutes=60)
CAR = car("a", 2, 40, soc_arrival=0.5)
AT_5, AT_4 = "2019-06-03T05:00:00-07:00 (step 5)", "2019-06-03T04:00:00-07:00 (step 4)"
T_S = 0.2

pytestmark = pytest.mark.usefixtures("one_network", "warm")


@pytest.fixture(scope="module")
def warm(folder: Path, one_network: None) -> None:
    """The first step of all loads compiled kernels, which takes longer than the patience here."""
    ran(folder / "warm", site(50.0, [CAR], [ports()]), when=ONE_DAY)


class Hanging(Policy):
    """Hangs in step 5: forever, or `for_s`; `stubborn` code holds every exception but the last resort."""

    def __init__(self, *, for_s: float = 30.0, stubborn: bool = False) -> None:
        self.for_s, self.stubborn = for_s, stubborn

    def act(self, seen: Observation) -> np.ndarray:
        until = time.monotonic() + (self.for_s if seen.time_s == 5 * 3600 else 0.0)
        while time.monotonic() < until:
            try:
                sum(range(100))
            except Exception:
                if not self.stubborn:
                    raise
        return np.zeros(len(seen.session))


class Thinking(Policy):
    """Takes a while for every step, so that nearly every look finds it at work."""

    def act(self, seen: Observation) -> np.ndarray:
        time.sleep(0.02)
        return np.zeros(len(seen.session))


class InCompiledCode(Policy):
    """Is in code, in step 5, that no exception reaches."""

    def act(self, seen: Observation) -> np.ndarray:
        if seen.time_s == 5 * 3600:
            time.sleep(3.2)
        return np.zeros(len(seen.session))


def hanging(kind: type[Policy] = Hanging, **parameters: Any) -> dict[str, Any]:
    name = policy_of(kind, **parameters) | {"name": f"{__name__}:{kind.__name__}"}
    return site(50.0, [CAR], [ports()], name)


def warned(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was said of the step that hangs: on a slow machine others may be named too."""
    said = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    return [line for line in said if re.search(r"\(step [56]\)", line)]


@pytest.mark.parametrize("stubborn", [False, True])
def test_a_policy_that_hangs_is_named_and_stopped(folder, caplog, stubborn):
    here = folder / f"policy_{stubborn}"
    with pytest.raises(SimulationError) as caught:
        ran(here, hanging(stubborn=stubborn), when=ONE_DAY, step_timeout_s=T_S)
    line = r"\(policy Hanging, test_step_timeout\.py:\d+\)"
    begins = rf"control-0\.office at {re.escape(AT_5)}: no answer for"
    ends = re.escape(f"; last finished: {AT_4}")
    assert re.fullmatch(rf"{begins} 2 s {line}{ends}", str(caught.value))
    assert caught.value.exit_code == 4
    told = warned(caplog)
    for said, silent in zip(told, ("0.2", "0.6", "1.2"), strict=True):
        assert re.fullmatch(rf"{begins} {silent} s {line}; the run is given up after 2 s", said)
    assert not (here / "result.h5").exists()
    assert not [thread for thread in threading.enumerate() if isinstance(thread, Watch)]


def test_a_run_that_hangs_says_how_to_go_on(folder, monkeypatch):
    monkeypatch.setattr(gate, "EVERY_S", 0.0)
    with pytest.raises(SimulationError) as caught:
        ran(folder / "note", hanging(), when=ONE_DAY, step_timeout_s=T_S)
    (note,) = caught.value.__notes__
    path = folder / "note" / "result.h5"
    assert re.fullmatch(rf"[45] of 24 steps are kept; go on with: cosim run --resume {path}", note)


def test_a_policy_that_is_slow_is_named_and_goes_on(folder, caplog):
    described = hanging(for_s=4 * T_S)
    slow = ran(folder / "slow", described, when=ONE_DAY, step_timeout_s=T_S).path.read_bytes()
    assert len(warned(caplog)) == 2  # at T and 3T
    usual = ran(folder / "slow", described, when=ONE_DAY, step_timeout_s=None).path.read_bytes()
    assert slow == usual
    assert len(warned(caplog)) == 2


def test_a_run_of_many_short_steps_is_not_silent(folder, caplog):
    """The time-out is one step's: a run may take any number of them."""
    ran(folder / "many", hanging(Thinking), when=Small(), step_timeout_s=0.5)
    said = [record.getMessage() for record in caplog.records]
    assert not [line for line in said if "Thinking" in line]


def test_compiled_code_is_named_and_not_stopped_before_it_returns(folder, caplog):
    with pytest.raises(SimulationError, match=r"InCompiledCode.*last finished"):
        ran(folder / "compiled", hanging(InCompiledCode), when=ONE_DAY, step_timeout_s=T_S)
    assert warned(caplog)[-1].endswith("; compiled code cannot be stopped: end this process")


def test_in_a_notebook_too(folder):
    import asyncio

    async def cell() -> None:
        ran(folder / "cell", hanging(), when=ONE_DAY, step_timeout_s=T_S)

    with pytest.raises(SimulationError, match=r"policy Hanging"):
        asyncio.run(cell())


needs_proc = pytest.mark.skipif(
    not Path("/proc/self/task").is_dir(), reason="finds the processes the Linux way"
)


def process_of(module: str) -> int:
    children = (path.read_text().split() for path in Path("/proc/self/task").glob("*/children"))
    (pid,) = (
        int(pid)
        for pids in children
        for pid in pids
        if module in Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    )
    return pid


@needs_proc
def test_a_process_that_hangs_is_named_and_ended(folder, caplog):
    pids: list[int] = []

    def progress(done: int, total: int) -> None:
        if done == 5:
            pids.append(process_of("sims.building"))
            os.kill(pids[0], signal.SIGSTOP)

    described = site(cars=[CAR], chargers=[ports()])
    how = {"out_of_process": ["building"], "step_timeout_s": T_S}
    with pytest.raises(SimulationError) as caught:
        ran(folder / "stopped", described, when=ONE_DAY, progress=progress, **how)
    begins = r"building-0 \(office\) at 2019-06-03T0[56]:00:00-07:00 \(step [56]\): no answer to \w+ for"
    assert re.fullmatch(rf"{begins} 2 s; last finished: .* \(step [45]\)", str(caught.value))
    for said, silent in zip(warned(caplog), ("0.2", "0.6", "1.2"), strict=True):
        assert re.fullmatch(rf"{begins} {silent} s; the run is given up after 2 s", said)
    assert not Path(f"/proc/{pids[0]}").exists()


@needs_proc
def test_without_a_timeout_a_process_may_take_its_time(folder, caplog):
    def progress(done: int, total: int) -> None:
        if done == 5:
            pid = process_of("sims.building")
            os.kill(pid, signal.SIGSTOP)
            threading.Timer(0.5, os.kill, (pid, signal.SIGCONT)).start()

    described = site(cars=[CAR], chargers=[ports()])
    ran(folder / "patient", described, when=ONE_DAY, progress=progress,
        out_of_process=["building"], step_timeout_s=None)  # fmt: skip
    assert warned(caplog) == []


def test_the_stages():
    assert [*stages(60.0)] == [(60.0, 60.0), (180.0, 120.0), (360.0, 180.0), (600.0, 240.0)]


def test_a_thread_outside_of_any_step_is_not_silent():
    assert _doing(threading.get_ident()) is None


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), float("inf")])
def test_a_timeout_that_makes_no_sense(folder, seconds):
    with pytest.raises(ScenarioError, match=r"^S23 step_timeout_s: .*: allowed more than 0 s, or \"off\""):
        ran(folder / "wrong", site(), when=ONE_DAY, step_timeout_s=seconds)


@pytest.mark.parametrize(
    ("given", "exit_code", "said"),
    [
        ("soon", 2, 'S23 --step-timeout: soon: allowed more than 0 s, or "off"'),
        ("0.2", 4, f"control-0.office at {AT_5}: no answer for 2 s (policy Hanging"),
    ],
)
def test_on_the_command_line(folder, monkeypatch, given, exit_code, said):
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    here = folder / f"cli_{exit_code}"
    scenario = write(here, hanging(), when=ONE_DAY)
    asked = ["run", str(scenario), "--out", str(here / "result.h5"), "--allow-code", "--step-timeout", given]
    done = CliRunner().invoke(app, asked)
    assert (done.exit_code, done.stderr.splitlines()[0][: len(said)]) == (exit_code, said)


def test_a_look_at_a_step_costs_the_step_nothing():
    """A look takes the interpreter for far less than a thousandth of the second between two."""

    def deep(levels: int) -> float:
        if levels:
            return deep(levels - 1)
        started = time.perf_counter()
        for _ in range(100):
            _doing(threading.get_ident())
        return (time.perf_counter() - started) / 100

    assert deep(min(60, sys.getrecursionlimit() // 10)) < 1e-3
