"""Runs killed with -9 at a random moment, a few again and again while they go on.

Every run is a fork of this process, which has all modules loaded and compiled: a case takes a second.
"""

import os
import random
import select
import shutil
import signal
import struct
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from crashes import Tally
from small_run import SmallRun

from cosim.results import checkpoints, writer

IN_A_ROW = 20
MOST_TRIES = 5


def killed_at_random(run: SmallRun, n: int, seed: int) -> Tally:
    """Kill `n` runs, each once, look at what is left and let it go on to its end."""
    chance = random.Random(seed)  # noqa: S311 - moments, no secrets
    tally, folder = Tally(), run.folder.parent / "killed"
    span_s = _time_of(run, folder)
    late = 0
    while tally.n < n:
        folder.mkdir()
        died, acknowledged = _killed(lambda: run.begin(folder), chance.uniform(0.0, span_s))
        if died:
            tally.add(run, folder, acknowledged)
        else:
            late += 1  # it was over before its kill, which shows nothing
        shutil.rmtree(folder)
        if late > MOST_TRIES * n:
            raise RuntimeError(f"{late} runs were over before they could be killed")
    tally.notes.append(
        f"moments within {span_s:.2f} s, seed {seed}; {late} more runs were over before theirs"
    )
    return tally


def killed_again_and_again(run: SmallRun, n: int, seed: int) -> Tally:
    """Kill each of `n` runs and what goes on with it, 20 times in a row at the most."""
    chance = random.Random(seed)  # noqa: S311 - moments, no secrets
    tally, folder = Tally(), run.folder.parent / "again"
    span_s = _time_of(run, folder)
    kills = 0
    for _ in range(n):
        folder.mkdir()
        acknowledged = 0
        for _ in range(IN_A_ROW):
            # early, or the run would be over long before its twentieth kill
            died, steps = _killed(lambda: run.go_on(folder), chance.uniform(0.0, 0.4 * span_s))
            acknowledged = max(acknowledged, steps)
            kills += died
            if not died:
                break
        tally.add(run, folder, acknowledged)
        shutil.rmtree(folder)
    tally.notes.append(f"{kills} kills in {n} runs")
    return tally


def _time_of(run: SmallRun, folder: Path) -> float:
    """Wall time of an uninterrupted run [s]."""
    folder.mkdir()
    started = time.perf_counter()
    run.begin(folder)
    span_s = time.perf_counter() - started
    shutil.rmtree(folder)
    return span_s


def _killed(work: Callable[[], object], after_s: float) -> tuple[bool, int]:
    """Whether a fork of this process was killed before it was done, and the steps it had acknowledged."""
    told, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        _in_child(work, tell)
    os.close(tell)
    until, acknowledged = time.perf_counter() + after_s, 0
    open_ = True
    while open_ and (left_s := until - time.perf_counter()) > 0.0:
        if select.select([told], [], [], left_s)[0]:
            word = os.read(told, 4)
            open_ = len(word) == 4
            acknowledged = struct.unpack("i", word)[0] if open_ else acknowledged
    os.kill(pid, signal.SIGKILL)
    while len(word := os.read(told, 4)) == 4:
        acknowledged = struct.unpack("i", word)[0]
    os.close(told)
    _, status = os.waitpid(pid, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise RuntimeError("the run failed by itself")
    return os.WIFSIGNALED(status), acknowledged


def _in_child(work: Callable[[], object], tell: int) -> None:
    """Do the work, telling every checkpoint once it is on the disk; never comes back."""
    write = writer.write_checkpoint

    def acknowledge(parts: Path, saved: checkpoints.Checkpoint) -> None:
        write(parts, saved)
        os.write(tell, struct.pack("i", saved.step))

    writer.write_checkpoint = acknowledge
    code = 1
    try:
        work()
        code = 0
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    os._exit(code)
