"""Who is silent in a step: named after T, 3T and 6T, given up after 10T.

T is the step time-out of a run. A simulator in a process of its own is timed where its answer is awaited
(`own_process.py`). One in this process is looked at from outside: a thread reads once a second which
step the running thread is in, so that the steps themselves pay nothing. It can end code in Python by
an exception; compiled code it can only name, and not even that while the code keeps the interpreter's lock.

The stages follow the grant time-out of HELICS, which warns at 1, 3, 6 and 10 T but never stops.
"""

import ctypes
import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from sims.control.controller import Controller
from sims.faults import SimulationError
from sims.vector import VectorSimulator

WARN_AT = (1.0, 3.0, 6.0)
STOP_AT = 10.0
HOPELESS_AT = 13.0
LOOK_EVERY_S = 1.0

LOG = logging.getLogger(__name__)


class SilentError(SimulationError):
    """A simulator that gives no answer any more."""


class GivenUp(BaseException):
    """Thrown into the thread whose step takes too long; `except Exception` does not hold it."""


@dataclass(frozen=True, slots=True)
class Doing:
    """What a thread is doing: a step `k` of one entity, and where its policy is."""

    simulator: VectorSimulator
    eid: str
    k: int
    by: str

    def is_same_step(self, other: "Doing | None") -> bool:
        """Whether the other look saw the same step."""
        if other is None:
            return False
        return (self.simulator, self.eid, self.k) == (other.simulator, other.eid, other.k)

    def silent(self, silent_s: float) -> str:
        """Say who has not answered for how long, and at what local time and step of the run."""
        what = SimulationError(f"no answer for {silent_s:g} s{self.by}")
        return str(self.simulator.located(self.eid, what))


def stages(step_timeout_s: float) -> Iterator[tuple[float, float]]:
    """Lengths of silence at which something is said, each with the wait since the one before [s]."""
    before = 0.0
    for factor in (*WARN_AT, STOP_AT):
        yield factor * step_timeout_s, (factor - before) * step_timeout_s
        before = factor


def warn(said: str, step_timeout_s: float) -> None:
    """Name who is silent while the run still waits."""
    LOG.warning("%s; the run is given up after %g s", said, STOP_AT * step_timeout_s)


@contextmanager
def watching(step_timeout_s: float | None, last_finished: Callable[[], str]) -> Iterator[None]:
    """Watch the steps that run in this thread inside the block.

    Parameters
    ----------
    step_timeout_s : float or None
        Silence after which a simulator is named for the first time; None waits forever [s].
    last_finished : callable
        Words the last step that every simulator has finished.

    Raises
    ------
    SimulationError
        A simulator here or elsewhere was given up or has died: who, when, and the last step finished.
    """
    watch = None if step_timeout_s is None else Watch(threading.get_ident(), step_timeout_s)
    try:
        if watch is not None:
            watch.start()
        yield
    except (GivenUp, SilentError) as error:
        said = watch.verdict if watch is not None and isinstance(error, GivenUp) else str(error)
        raise SimulationError(f"{said}; last finished: {last_finished()}") from error
    finally:
        if watch is not None:
            watch.stop()


class Watch(threading.Thread):
    """Looks now and then at what the thread `watched` does."""

    def __init__(self, watched: int, step_timeout_s: float) -> None:
        super().__init__(name="cosim step watch", daemon=True)
        self._watched, self._timeout_s = watched, step_timeout_s
        self._over = threading.Event()
        self.verdict = ""

    def run(self) -> None:
        """Look until the run is over."""
        doing, since_s, told = None, 0.0, 0
        while not self._over.wait(min(LOOK_EVERY_S, self._timeout_s / 4)):
            seen, now_s = _doing(self._watched), time.monotonic()
            if seen is None or not seen.is_same_step(doing):
                doing, since_s, told = seen, now_s, 0
                continue
            silent = (now_s - since_s) / self._timeout_s
            if told < len(WARN_AT) and silent >= WARN_AT[told]:
                warn(seen.silent(WARN_AT[told] * self._timeout_s), self._timeout_s)
                told += 1
            elif silent >= STOP_AT:
                self.verdict = seen.silent(STOP_AT * self._timeout_s)
                _throw(self._watched, GivenUp)
                if told == len(WARN_AT) and silent >= HOPELESS_AT:
                    LOG.error("%s; compiled code cannot be stopped: end this process", self.verdict)
                    told += 1

    def stop(self) -> None:
        """Look no more; what was thrown and has not arrived yet arrives here and is let go.

        It is not taken back: CPython 3.11 would then believe for good that something is on its way, and a
        profiler or debugger would never get past the next call.
        """
        while True:
            try:
                self._over.set()
                self.join()
                for _ in range(2):  # Python looks for what was thrown when a loop goes round
                    pass
            except GivenUp:
                continue
            return


def _throw(thread: int, kind: type[BaseException]) -> None:
    """Raise `kind` in another thread at its next instruction in Python."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(kind))


STEPS: frozenset[CodeType] = frozenset({VectorSimulator.step.__code__, VectorSimulator.get_data.__code__})


def _doing(thread: int) -> Doing | None:
    """Step a thread is in, from its stack; None outside of any."""
    frame = sys._current_frames().get(thread)
    inside: FrameType | None = None
    by = ""
    while frame is not None and frame.f_code not in STEPS:
        if frame.f_code is Controller.decide.__code__:
            by = _policy_at(frame.f_locals["self"], inside)
        inside, frame = frame, frame.f_back
    if frame is None:
        return None
    known: dict[str, Any] = frame.f_locals
    simulator: VectorSimulator = known["self"]
    return Doing(simulator, known.get("eid", ""), simulator.k, by)


def _policy_at(controller: Controller, inside: FrameType | None) -> str:
    name = type(controller.policy).__name__
    if inside is None:
        return f" (policy {name})"
    return f" (policy {name}, {Path(inside.f_code.co_filename).name}:{inside.f_lineno})"
