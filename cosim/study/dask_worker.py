"""What runs in a worker of Dask: one case at a time, within its limits."""

import ctypes
import os
import threading
import time
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

from cosim.study.case import CaseResult, Payload
from cosim.study.executor import Work

LOOK_EVERY_S = 0.5
GRACE_S = 10.0
KILLED = 137

ONE_CASE = threading.Lock()
"""Held while this process runs a case: a worker may have more threads."""


class OverLimit(BaseException):
    """Thrown into the thread of a case that takes too much; `except Exception` does not hold it."""


def installed_version() -> str:
    """Version of gridpark in this process."""
    try:
        return version("gridpark")
    except PackageNotFoundError:
        return "not installed"


def unseen(paths: Sequence[str], token: tuple[str, str]) -> list[str]:
    """Paths of the study that this worker does not see, the file `token` with its text among them."""
    missing = [path for path in paths if not Path(path).exists()]
    place, text = Path(token[0]), token[1]
    try:
        seen = place.read_text("utf-8") == text
    except OSError:
        seen = False
    return missing if seen else [*missing, str(place.parent)]


def run_here(
    work: Work, payload: Payload, limits: tuple[float | None, float | None], client: str
) -> CaseResult:
    """Run a case, and stop it when it takes more than its `limits`: wall time [s] and memory [MB]."""
    here = installed_version()
    if here != client:
        what = f"the worker has gridpark {here}, the study was started with {client}"
        return CaseResult.failed(payload["case_id"], what)
    with ONE_CASE:
        return _run_guarded(work, payload, limits)


def _run_guarded(work: Work, payload: Payload, limits: tuple[float | None, float | None]) -> CaseResult:
    started = time.monotonic()
    guard = _Guard(threading.get_ident(), *limits)
    guard.start()
    try:
        return work(payload)
    except OverLimit:
        return CaseResult.failed(payload["case_id"], guard.reason, time.monotonic() - started)
    finally:
        guard.over.set()
        guard.join()


class _Guard(threading.Thread):
    """Throws `OverLimit` into a case that takes too much; where that does not help, ends the process."""

    def __init__(self, watched: int, case_seconds: float | None, case_memory_mb: float | None) -> None:
        super().__init__(name="gridpark case limits", daemon=True)
        self._watched, self._seconds, self._memory_mb = watched, case_seconds, case_memory_mb
        self.over = threading.Event()
        self.reason = ""

    def run(self) -> None:
        """Look until the case is over."""
        if self._seconds is None and self._memory_mb is None:
            return
        started, process = time.monotonic(), psutil.Process()
        while not self.over.wait(LOOK_EVERY_S):
            rss_mb = process.memory_info().rss / 1e6
            if self._seconds is not None and time.monotonic() - started > self._seconds:
                self.reason = f"took longer than case_seconds = {self._seconds:g} s"
            elif self._memory_mb is not None and rss_mb > self._memory_mb:
                self.reason = f"held more than case_memory_mb = {self._memory_mb:g} MB"
            if self.reason:
                thrown: Any = ctypes.py_object(OverLimit)
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._watched), thrown)
                if not self.over.wait(GRACE_S):  # compiled code takes no exception: Dask tries another worker
                    os._exit(KILLED)
                return
