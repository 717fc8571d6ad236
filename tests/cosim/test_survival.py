"""What may happen to the process of a run and to its folder, and what the next run makes of it."""

import asyncio
import gc
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
from small_sites import Small, car, fingerprint, policy_of, ports, ran, site, write
from typer.testing import CliRunner

import cosim
from cosim.cli import app
from cosim.library_warnings import once_each
from cosim.results import disk
from cosim.results.disk import OWNER, claim, release
from sims.control.policy import Observation, Policy
from sims.faults import StoreError

pytestmark = pytest.mark.usefixtures("one_network")

ONE_DAY = Small(step_minutes=60)
TWO_DAYS = Small(days=2, step_minutes=60)
CARS = [car("a", 2, 20, soc_arrival=0.5)]


def mine(policy: type[Policy], **parameters) -> dict:
    """A site with a policy of this file."""
    named = policy_of(policy, **parameters) | {"name": f"{__name__}:{policy.__name__}"}
    return site(50.0, CARS, [ports()], named)


def usual() -> dict:
    return site(50.0, CARS, [ports()])


@pytest.fixture(scope="module")
def whole(folder, one_network) -> cosim.Run:
    return ran(folder / "whole", usual(), when=ONE_DAY)


# who writes in a folder -----------------------------------------------------------------------------------

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="starts many processes at once by fork")
HERE = socket.gethostname()


def claims(folder: Path, begin: int, done: int, hold: int) -> None:
    """In a process of its own: claim when told to, say by the exit code whether it was given, hold it."""
    code = 2
    try:
        os.read(begin, 1)  # until its other end is closed, as `hold`
        claim(folder)
        code = 0
    except StoreError:
        code = 5
    finally:
        os.write(done, bytes([code]))
        os.read(hold, 1)
        os._exit(0)


@needs_fork
@pytest.mark.parametrize("owner", [None, f"999999999 {HERE} 5"])
def test_of_many_that_claim_at_once_one_gets_it(tmp_path, monkeypatch, owner):
    """Each takes a while between its look at the owner and its own name, so all would find nobody."""
    alive = disk._is_alive
    monkeypatch.setattr(disk, "_is_alive", lambda holder: (alive(holder), time.sleep(0.02))[0])
    parts = tmp_path / "run.parts"
    if owner is not None:
        parts.mkdir()
        (parts / OWNER).write_text(owner)
    (begin, start), (told, tell), (hold, end) = os.pipe(), os.pipe(), os.pipe()
    pids = []
    for _ in range(6):
        pids.append(os.fork())
        if not pids[-1]:
            os.close(start)
            os.close(end)
            claims(parts, begin, tell, hold)
    os.close(start)
    codes = sorted(os.read(told, 1)[0] for _ in pids)
    holder = int((parts / OWNER).read_text().split()[0])
    os.close(end)
    for pid in pids:
        os.waitpid(pid, 0)
    for pipe in (begin, told, tell, hold):
        os.close(pipe)
    assert codes == [0] + [5] * 5
    assert holder in pids


@pytest.mark.skipif(not Path("/proc/self/stat").is_file(), reason="knows the start of a process by /proc")
def test_a_process_number_that_another_program_has_by_now_is_nobodys(tmp_path):
    parts = tmp_path / "run.parts"
    claim(parts)
    pid, host, started = (parts / OWNER).read_text().split()
    with pytest.raises(StoreError, match=f"process {pid} {host} is writing there"):
        claim(parts)
    (parts / OWNER).write_text(f"{pid} {host} {int(started) - 1}")
    claim(parts)
    assert (parts / OWNER).read_text().split() == [pid, host, started]
    release(parts)
    assert not parts.exists()


TORN = [b"", b" \n", b"4", b"4711", b"\xff\xfe\x00", b"none here", f"0 {HERE}".encode(),
        f"-1 {HERE}".encode(), f"{10**30} {HERE}".encode(), "² ³".encode(), bytes(64)]  # fmt: skip


@pytest.mark.parametrize("torn", TORN)
def test_a_torn_owner_file_is_nobodys(tmp_path, torn):
    parts = tmp_path / "run.parts"
    parts.mkdir()
    (parts / OWNER).write_bytes(torn)
    claim(parts)
    assert int((parts / OWNER).read_text().split()[0]) == os.getpid()


def test_left_over_temporary_files_do_not_stay(folder, whole):
    """As a kill between the writing of a file and its renaming leaves them."""
    path = folder / "temporary" / "result.h5"
    parts = path.with_suffix(".parts")
    parts.mkdir(parents=True)
    for name in ("segment-0.h5.tmp", "checkpoint-24.json.tmp", "request.json.tmp"):
        (parts / name).write_bytes(b"half")
    path.with_name("result.h5.tmp").write_bytes(b"half")
    assert fingerprint(ran(path.parent, usual(), when=ONE_DAY).path) == fingerprint(whole.path)
    assert not parts.exists()
    assert [*path.parent.rglob("*.tmp")] == []


# memory ---------------------------------------------------------------------------------------------------


class Hungry(Policy):
    """Finds no memory in step 30."""

    def act(self, seen: Observation) -> np.ndarray:
        if seen.time_s == 30 * 3600:
            raise MemoryError
        return np.zeros(len(seen.session))


def test_out_of_memory_is_exit_5_and_what_was_finished_is_kept(folder, monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    scenario = write(folder / "hungry", mine(Hungry), when=TWO_DAYS)
    out = folder / "hungry" / "result.h5"
    with pytest.raises(MemoryError) as caught:
        cosim.run(cosim.load_scenario(scenario), out, allow_code=True, window_days=1)
    assert caught.value.__notes__ == [f"24 of 48 steps are kept; go on with: cosim run --resume {out}"]
    assert cosim.open_unfinished(out).n_steps == 24
    told = CliRunner().invoke(app, ["run", "--resume", str(out)])
    assert told.exit_code == 5
    assert told.stderr.splitlines() == [
        "out of memory; fewer days or longer steps need less",
        f"24 of 48 steps are kept; go on with: cosim run --resume {out}",
    ]


# again in the same process --------------------------------------------------------------------------------


def left_behind() -> tuple[int, set[str], object, bool]:
    """Open descriptors, threads, handlers and the event loop's state of this process."""
    gc.collect()
    handlers = tuple(signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM))
    threads = {thread.name for thread in threading.enumerate()}
    return len([*Path("/proc/self/fd").iterdir()]), threads, handlers, asyncio._get_running_loop() is None


def interrupt(times: int):
    """A progress callback: Ctrl-C after step 10."""

    def progress(done: int, total: int) -> None:
        if done == 10:
            for _ in range(times):
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(0.01)

    return progress


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts descriptors the Linux way")
@pytest.mark.parametrize(("times", "notebook"), [(1, True), (2, False)])
def test_a_cell_that_was_interrupted_can_be_run_again(folder, whole, notebook, times):
    here = folder / f"cell_{notebook}_{times}"

    def run_here(progress=None) -> Path:
        return ran(here, usual(), when=ONE_DAY, progress=progress).path

    async def in_loop(progress=None) -> Path:
        try:
            return run_here(progress)
        except KeyboardInterrupt as error:  # asyncio.run would make a CancelledError of it
            raise StoreError("interrupted") from error

    def cell(progress=None) -> Path:
        return asyncio.run(in_loop(progress)) if notebook else run_here(progress)

    before = left_behind()
    with pytest.raises(StoreError if notebook else KeyboardInterrupt):
        cell(interrupt(times))
    assert left_behind() == before
    assert not (here / "result.parts" / OWNER).exists()
    assert fingerprint(cell()) == fingerprint(whole.path)
    assert left_behind() == before


# warnings -------------------------------------------------------------------------------------------------


class Grumbling(Policy):
    """Warns at every step with another text, and meddles with the filters as libraries do."""

    def act(self, seen: Observation) -> np.ndarray:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
        warnings.warn(f"at {seen.time_s}", RuntimeWarning, stacklevel=1)
        return np.zeros(len(seen.session))


def test_a_warning_of_every_step_is_shown_once_and_counted(folder):
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("default")
        done = ran(folder / "grumbling", mine(Grumbling), when=ONE_DAY)
    assert [str(one.message) for one in shown] == ["at 0.0"]
    (told,) = done.warnings
    assert told.startswith("RuntimeWarning at ")
    assert told.endswith(": at 0.0 (24 times)")


def test_ignored_warnings_stay_ignored_and_errors_errors():
    def warned() -> list[str]:
        with once_each() as told:
            for k in range(3):
                warnings.warn(f"{k}", UserWarning, stacklevel=1)
        return list(told)

    with warnings.catch_warnings(record=True) as shown:
        warnings.resetwarnings()
        (line,) = warned()
        assert (len(shown), line.endswith("0 (3 times)")) == (1, True)
        warnings.simplefilter("ignore")
        assert warned() == []
        warnings.simplefilter("error")
        with pytest.raises(UserWarning, match="0"):
            warned()
    assert len(shown) == 1


# a terminal that is gone ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("words", "exit_code"), [(["kpis", "{}", "--all"], 0), (["kpis", "no.h5"], 5)])
def test_output_that_nobody_reads_changes_no_exit_code(whole, words, exit_code):
    """`cosim kpis run.h5 2>&1 | head -0`: both streams are a closed pipe."""
    read, closed = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "cosim", *(word.format(whole.path) for word in words)]
    try:
        done = subprocess.run(command, stdout=closed, stderr=closed, check=False, timeout=60)
    finally:
        os.close(closed)
    assert done.returncode == exit_code
