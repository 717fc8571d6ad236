"""Work for cases that workers in other processes import by name."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cosim.study.case import CaseResult, Payload


def note_and_wait(payload: Payload) -> CaseResult:
    """Leave a file that tells in which process the case runs; wait; give a figure."""
    case_id, out = payload["case_id"], Path(payload["out"])
    (out / f"{case_id}.{os.getpid()}").write_text("begun")
    with _alone(out / f"busy.{os.getpid()}"):
        time.sleep(payload.get("wait_s", 0.05))
    return CaseResult(case_id, "done", kpis={"number": int(case_id[1:])}, wall_s=0.0)


@contextmanager
def _alone(busy: Path) -> Iterator[None]:
    """Fail if this process has another case under way."""
    with busy.open("x"):
        pass
    try:
        yield
    finally:
        busy.unlink()


def raise_a_defect(payload: Payload) -> CaseResult:
    """Break the promise never to raise."""
    raise ZeroDivisionError(payload["case_id"])


def compute_forever(payload: Payload) -> CaseResult:
    """Catch every `Exception` and never end."""
    while True:
        try:
            sum(range(1000))
        except Exception:  # noqa: S112
            continue


def take_memory(payload: Payload) -> CaseResult:
    """Hold ever more memory, up to a bound that a test machine has."""
    held = []
    for _ in range(40):
        held.append(bytearray(os.urandom(1)) * 20_000_000)
        threading.Event().wait(0.1)
    return CaseResult(payload["case_id"], "done")


def end_the_process(payload: Payload) -> CaseResult:
    """Die, as the out-of-memory killer would have it."""
    os._exit(137)
