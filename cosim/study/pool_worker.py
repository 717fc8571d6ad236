"""A process of the local pool: takes a case, tells that it has begun, tells what became of it."""

import multiprocessing
import os
import signal
import threading
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

from cosim.study.case import CaseResult, Payload
from cosim.study.executor import Work

BEGUN = "begun"


def serve(line: Connection) -> None:
    """Work on cases until the line is closed; when the process that asked dies, so does this one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the sweep, which stops its workers
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_die_with_parent, daemon=True).start()
    while True:
        try:
            work, payload = line.recv()
        except EOFError:
            return
        line.send(BEGUN)
        line.send(_result(work, payload))


def _result(work: Work, payload: Payload) -> CaseResult:
    try:
        return work(payload)
    except Exception as error:
        return CaseResult.failed(payload["case_id"], f"unexpected {type(error).__name__}: {error}")


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)


@dataclass(slots=True)
class Worker:
    """A process of the pool as the sweep sees it.

    Parameters
    ----------
    process : Process
        The process.
    line : Connection
        To it.
    payload : Payload or None
        What it works on.
    begun_s : float or None
        When it began with that, on the monotonic clock [s].
    """

    process: Any
    line: Connection
    payload: Payload | None = None
    begun_s: float | None = None
    has_begun: bool = field(default=False)

    def resident_mb(self) -> float:
        """Memory the process holds, 0 when it has gone [MB]."""
        try:
            with open(f"/proc/{self.process.pid}/statm") as file:  # noqa: PTH123
                pages = int(file.read().split()[1])
        except (OSError, IndexError):
            return 0.0
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def end(self, *, kindly: bool = False) -> None:
        """End the process, at once or once it has seen the line closed."""
        self.line.close()
        if kindly:
            self.process.join(1.0)
        self.process.kill()
        self.process.join()
        self.process.close()
