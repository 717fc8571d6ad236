"""The local pool: cases in processes of this machine, none of which can take the study down with it."""

import os
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import forkserver, get_context
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

from cosim.study.case import CaseResult, Payload
from cosim.study.executor import OnResult, Work
from cosim.study.form import CaseLimits
from cosim.study.pool_worker import BEGUN, Worker, serve
from sims.faults import Fault, ScenarioError, SimulationError

LOOK_S = 0.05
"""How often memory is looked at [s]."""
ATTEMPTS = 2
START_ATTEMPTS = 3
PRELOADED = ["cosim.study.work", "cosim.orchestrate"]
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


class LocalPool:
    """Executor with processes of this machine.

    Parameters
    ----------
    workers : int, optional
        Processes at a time; default: as many as cores this process may use.
    limits : CaseLimits, optional
        What a case may take.

    Raises
    ------
    ScenarioError
        A memory limit on a system that does not tell what a process holds.

    Notes
    -----
    Processes are forked from a server that has imported everything and has no threads: starting up is paid
    once, a lost worker is replaced in milliseconds. `ProcessPoolExecutor` would end with its first lost
    worker.
    """

    def __init__(self, workers: int | None = None, limits: CaseLimits | None = None) -> None:
        self._limits = limits or CaseLimits()
        if self._limits.case_memory_mb is not None and not Path("/proc/self/statm").exists():
            what = "needs Linux: this system does not tell what a process holds"
            raise ScenarioError([Fault("S38", "limits.case_memory_mb", what)])
        self.workers = workers or usable_cores()
        self._idle: list[Worker] = []
        self._busy: list[Worker] = []
        self._failed_starts = 0

    def run(self, payloads: Sequence[Payload], work: Work, on_result: OnResult) -> None:
        """Call `work` on every payload; see `Executor`."""
        waiting, tries = deque(payloads), dict[str, int]()
        try:
            while waiting or self._busy:
                while waiting and len(self._busy) < self.workers:
                    self._give(waiting.popleft(), work)
                for worker, result in self._ended():
                    payload = worker.payload or {}
                    worker.payload = worker.begun_s = None
                    if result is not None:
                        on_result(result)
                        continue
                    waiting += self._again(payload, worker, tries, on_result)
        except BaseException:
            self._stop()
            raise

    def close(self) -> None:
        """End all workers."""
        while self._idle:
            self._idle.pop().end(kindly=True)
        self._stop()

    def _give(self, payload: Payload, work: Work) -> None:
        worker = self._idle.pop() if self._idle else _started()
        worker.payload = payload
        self._busy.append(worker)
        with suppress(OSError):  # it has died: its line tells so at once
            worker.line.send((work, payload))

    def _ended(self) -> Iterator[tuple[Worker, CaseResult | None]]:
        """Wait for news; workers whose case has a result, or None when they died."""
        lines = {worker.line: worker for worker in self._busy}
        for line in wait(list(lines), self._patience_s()):
            worker = lines[line]  # pyright: ignore[reportArgumentType]
            try:
                news = worker.line.recv()
            except (EOFError, OSError):
                self._busy.remove(worker)
                worker.process.join()
                yield worker, None
                continue
            if news == BEGUN:
                worker.begun_s, worker.has_begun = time.monotonic(), True
                continue
            self._busy.remove(worker)
            self._idle.append(worker)
            yield worker, news
        for worker in [one for one in self._busy if one.begun_s is not None]:
            if reason := self._beyond(worker):
                self._busy.remove(worker)
                worker.end()
                yield worker, CaseResult.failed((worker.payload or {})["case_id"], reason)

    def _beyond(self, worker: Worker) -> str:
        """Which limit the case of a worker has passed, if any."""
        seconds, memory_mb = self._limits.case_seconds, self._limits.case_memory_mb
        if seconds is not None and time.monotonic() - (worker.begun_s or 0.0) > seconds:
            return f"took longer than case_seconds = {seconds:g} s"
        if memory_mb is not None and worker.resident_mb() > memory_mb:
            return f"held more than case_memory_mb = {memory_mb:g} MB"
        return ""

    def _patience_s(self) -> float | None:
        """How long to wait for news before limits are looked at again, None without limits [s]."""
        begun = [worker.begun_s for worker in self._busy if worker.begun_s is not None]
        if self._limits.case_memory_mb is not None:
            return LOOK_S
        if self._limits.case_seconds is None or not begun:
            return None
        return max(0.0, min(begun) + self._limits.case_seconds - time.monotonic()) + 1e-3

    def _again(
        self, payload: Payload, worker: Worker, tries: dict[str, int], on_result: OnResult
    ) -> list[Payload]:
        """The case of a worker that died, when it has another try; else it has failed."""
        code = worker.process.exitcode
        self._failed_starts = 0 if worker.has_begun else self._failed_starts + 1
        worker.end()
        if self._failed_starts == START_ATTEMPTS:
            hint = 'a script that sweeps needs `if __name__ == "__main__":` around it'
            raise SimulationError(f"worker processes end before they begin (exit code {code}); {hint}")
        case_id = payload["case_id"]
        tries[case_id] = tries.get(case_id, 0) + worker.has_begun
        if tries[case_id] < ATTEMPTS:
            return [payload]
        how = f"signal {-code}, maybe for want of memory" if code < 0 else f"exit code {code}"
        on_result(CaseResult.failed(case_id, f"its worker process died {ATTEMPTS} times ({how})"))
        return []

    def _stop(self) -> None:
        for worker in [*self._busy, *self._idle]:
            worker.end()
        self._busy, self._idle = [], []


def usable_cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _started() -> Worker:
    context: Any = get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    with _environment_of_workers():
        forkserver.ensure_running()
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    return Worker(process, ours)


@contextmanager
def _environment_of_workers() -> Iterator[None]:
    """Workers import what this process would, and leave the other cores to each other."""
    before = dict(os.environ)
    os.environ["PYTHONPATH"] = os.pathsep.join(path or str(Path.cwd()) for path in sys.path)
    # a worker that is killed leaves semaphores of its libraries to the tracker, which need not say so
    quiet = (before.get("PYTHONWARNINGS"), "ignore:resource_tracker:UserWarning")
    os.environ["PYTHONWARNINGS"] = ",".join(filter(None, quiet))
    for name in ONE_THREAD:
        os.environ.setdefault(name, "1")
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
