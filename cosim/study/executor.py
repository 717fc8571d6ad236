"""What runs the cases of a study: the local pool here, a cluster elsewhere, behind one small protocol."""

from collections.abc import Callable, Sequence
from typing import Protocol

from cosim.study.case import CaseResult, Payload

Work = Callable[[Payload], CaseResult]
"""A function of a module: takes a payload, never raises but for a defect, leaves the run on the disk."""
OnResult = Callable[[CaseResult], None]
"""Called in the caller's thread, once a payload, in any order."""


class Executor(Protocol):
    """Runs cases somewhere.

    `run` may be called several times (first to check cases, then to run them), `close` once at the end.
    A worker that dies, runs out of time or of memory costs its case, never the study: such a case is
    told as `CaseResult.failed(case_id, reason)`.
    """

    def run(self, payloads: Sequence[Payload], work: Work, on_result: OnResult) -> None:
        """Call `work` on every payload and `on_result` on what each gave; return when all are told.

        An exception of `on_result` and KeyboardInterrupt end it: workers are stopped, then it is raised.
        """
        ...

    def close(self) -> None:
        """Stop all workers."""
        ...
