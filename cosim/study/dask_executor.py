"""Runs the cases of a study on the workers of a Dask scheduler.

A worker process has one case at a time, and cases are handed out one by one to workers that have none: when
a worker dies, only the case it was running is under suspicion. Dask gives that case to another worker as
often as its scheduler allows (`distributed.scheduler.allowed-failures`; once where gridpark starts it).
"""

import logging
import queue
import time
import uuid
from collections import deque
from collections.abc import Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distributed import Client, Future, KilledWorker

from cosim.study.case import CaseResult, Payload
from cosim.study.cluster import ClusterError
from cosim.study.dask_worker import installed_version, run_here, unseen
from cosim.study.executor import OnResult, Work
from sims.faults import DataError, Fault

if TYPE_CHECKING:
    from cosim.study.form import CaseLimits

CONNECT_S = 10.0
CLOSE_S = 30.0
FIRST_WORKER_S = 60.0
LOOK_EVERY_S = 1.0
TELL_AFTER_S = 60.0

LOG = logging.getLogger(__name__)


def connect(address: str) -> Client:
    """Client of the scheduler at `address`.

    Raises
    ------
    ClusterError
        No scheduler answers there.
    """
    try:
        return Client(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        what = f"--scheduler {address}: no Dask scheduler answers within {CONNECT_S:g} s ({error})"
        raise ClusterError(what) from None


class DaskExecutor:
    """The executor protocol on a Dask scheduler.

    Parameters
    ----------
    client : Client
        Connected to the scheduler; closed by `close`.
    limits : CaseLimits
        What a case may take.
    name : str
        What messages call the scheduler.
    jobs : cluster object, optional
        Jobs and scheduler started for this study; closed by `close`.
    first_worker_s : float or None
        How long to wait for a first worker; None: as long as it takes, as in the queue of a batch system [s].
    """

    def __init__(
        self,
        client: Client,
        limits: "CaseLimits",
        name: str,
        jobs: Any = None,
        *,
        first_worker_s: float = FIRST_WORKER_S,
    ) -> None:
        self._client: Any = client  # its methods are typed as coroutines, which they are not here
        self._name, self._jobs = name, jobs
        self._limits = (limits.case_seconds, limits.case_memory_mb)
        self._first_worker_s = None if jobs is not None else first_worker_s
        self._version = installed_version()
        self._ready = False

    def run(self, payloads: Sequence[Payload], work: Work, on_result: OnResult) -> None:
        """Call `work` on every payload on some worker, `on_result` here on what each gave.

        Raises
        ------
        ClusterError
            No worker comes, a worker has another version of gridpark, or the scheduler is lost.
        DataError
            A worker does not see the files of the study.
        """
        if not payloads:
            return
        self._prepare(payloads)
        open_, out = deque(payloads), _Out()
        try:
            while open_ or out.futures:
                for worker in self._workers() - out.busy if open_ else ():
                    if open_:
                        payload = open_.popleft()
                        out.add(self._submit(work, payload, worker), payload["case_id"], worker)
                if (ended := self._next(out)) is not None:
                    on_result(ended)
        finally:  # nothing is left, or the caller has had enough
            self._client.cancel(list(out.futures.values()), force=True)

    def close(self) -> None:
        """Leave the scheduler; end the jobs that were started for this study."""
        self._client.close()
        if self._jobs is not None:
            with suppress(TimeoutError):  # a batch system that does not answer: jobs end without a scheduler
                self._jobs.close(timeout=CLOSE_S)

    def _submit(self, work: Work, payload: Payload, worker: str) -> Future:
        """Give a case to a worker; if it dies first, to any other."""
        key = f"{payload['case_id']}-{uuid.uuid4().hex}"  # never what an earlier sweep left on the scheduler
        how = {"key": key, "pure": False, "workers": [worker], "allow_other_workers": True}
        return self._client.submit(run_here, work, payload, self._limits, self._version, **how)

    def _workers(self) -> set[str]:
        return set(self._client.nthreads())

    def _next(self, out: "_Out") -> CaseResult | None:
        """What became of a case that has ended; None when none has for a while."""
        try:
            future = out.ended.get(timeout=LOOK_EVERY_S)
        except queue.Empty:
            if self._client.status != "running":
                raise ClusterError(f"{self._name}: the scheduler is lost; finished cases are kept") from None
            out.tell_if_alone(len(self._workers()), self._name)
            return None
        case_id = out.remove(future)
        try:
            return future.result()
        except KilledWorker as error:
            tried = error.allowed_failures + 1
            return CaseResult.failed(
                case_id, f"its worker process died {tried} times (killed, or out of memory)"
            )
        except CancelledError:
            raise ClusterError(f"{self._name}: the scheduler is lost; finished cases are kept") from None
        except Exception as error:  # a defect of the work, or a worker that cannot import it
            return CaseResult.failed(case_id, f"{type(error).__name__}: {error}")

    def _prepare(self, payloads: Sequence[Payload]) -> None:
        """Check once that workers are there, are of this version and see the files."""
        if not self._ready:
            try:
                self._client.wait_for_workers(1, timeout=self._first_worker_s)
            except TimeoutError:
                what = f"{self._name}: no worker within {self._first_worker_s:g} s"
                raise ClusterError(f"{what}; start some with `dask worker {self._name}`") from None
            self._check_versions()
            self._ready = True
        self._check_files(payloads)

    def _check_versions(self) -> None:
        for worker, found in self._client.run(installed_version, on_error="return").items():
            there = f"not there ({found})" if isinstance(found, Exception) else found
            if there != self._version:
                what = f"worker {worker}: gridpark is {there}, here it is {self._version}"
                raise ClusterError(f"{self._name}: {what}; both must be the same")

    def _check_files(self, payloads: Sequence[Payload]) -> None:
        """Every worker sees the folders of the scenarios, and a file just written into that of the study."""
        folders = sorted({payload["folder"] for payload in payloads})
        out = Path(payloads[0]["out"])
        token = out / f".seen-{uuid.uuid4().hex}"
        token.write_text(token.name, "utf-8")
        try:
            asked = {"paths": folders, "token": (str(token), token.name)}
            missing = self._client.run(unseen, **asked)
        finally:
            token.unlink()
        what = (
            "is not seen by worker {}: the folders of study and scenarios must be on a disk all workers share"
        )
        faults = [
            Fault("D01", path, what.format(worker)) for worker, paths in missing.items() for path in paths
        ]
        if faults:
            raise DataError(faults)


class _Out:
    """Cases that are out, with whom, and a queue of those that have come back."""

    def __init__(self) -> None:
        self.futures: dict[str, Future] = {}
        self.ended: queue.SimpleQueue[Future] = queue.SimpleQueue()
        self._with: dict[str, tuple[str, str]] = {}
        self._alone_since_s: float | None = None

    @property
    def busy(self) -> set[str]:
        """Workers that have a case."""
        return {worker for _, worker in self._with.values()}

    def add(self, future: Future, case_id: str, worker: str) -> None:
        """Note that a worker has a case."""
        key = str(future.key)
        self.futures[key], self._with[key] = future, (case_id, worker)
        future.add_done_callback(self.ended.put)

    def remove(self, future: Future) -> str:
        """Note that a case has come back; give its id."""
        key = str(future.key)
        del self.futures[key]
        return self._with.pop(key)[0]

    def tell_if_alone(self, n_workers: int, name: str) -> None:
        """Say once that there has been no worker for a while: the study waits for the next one."""
        now_s = time.monotonic()
        if n_workers:
            self._alone_since_s = None
        elif self._alone_since_s is None:
            self._alone_since_s = now_s
        elif now_s - self._alone_since_s > TELL_AFTER_S:
            LOG.warning("%s: no worker is left; %d cases wait for one", name, len(self.futures))
            self._alone_since_s = float("inf")
