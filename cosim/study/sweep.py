"""A study from its file to its table: what is left to do is checked, then run, then told."""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cosim.results.disk import write_whole
from cosim.study.case import Case, CaseResult
from cosim.study.folder import SCRATCH, Folder
from cosim.study.lock import only_writer
from cosim.study.plan import Plan, checked_first, plan_study
from cosim.study.study import Study, open_study
from cosim.study.table import write_tables
from sims.faults import DataError, Fault, ScenarioError, StoreError

if TYPE_CHECKING:
    from cosim.study.executor import Executor

OnCase = Callable[[CaseResult, int, int], None]
"""Called with each result, how many cases have ended and how many there are; raise in it to stop."""


def sweep(
    study: Path | str,
    out: Path | str | None = None,
    *,
    workers: int | None = None,
    overrides: Sequence[str] = (),
    allow_code: bool = False,
    yes_large: bool = False,
    executor: "Executor | None" = None,
    on_case: OnCase | None = None,
) -> Study:
    """Run all cases of a study that are not finished yet.

    Parameters
    ----------
    study : path
        Study file (TOML).
    out : path, optional
        Folder of the study; default `results/<name>` below the working folder. Cases that are finished there
        are not run again, so the same call goes on with a study that was stopped.
    workers : int, optional
        Processes; default: what the study says, else as many as cores.
    overrides : sequence of str
        Keys of the scenario to replace in all cases, `days=7` each.
    allow_code : bool
        Whether scenarios may name policies as `module:Class`.
    yes_large : bool
        Whether runs above the usual size limit are meant.
    executor : Executor, optional
        What runs the cases instead of processes of this machine; it is closed at the end.
    on_case : callable, optional
        Told of every case that ends.

    Returns
    -------
    Study
        Its table, failures and runs; failed cases are no error here.

    Raises
    ------
    ScenarioError, DataError
        What is wrong with the study, with the scenario of any case or with its data: nothing was run.
    StoreError
        The folder cannot be written, or another sweep is writing there.
    """
    plan = plan_study(study, overrides)
    return run_plan(
        plan,
        Path(out) if out is not None else Path("results") / plan.file.form.name,
        workers=workers,
        flags={"allow_code": allow_code, "yes_large": yes_large},
        executor=executor,
        on_case=on_case,
    )


def run_plan(
    plan: Plan,
    out: Path,
    *,
    workers: int | None = None,
    flags: dict[str, bool] | None = None,
    executor: "Executor | None" = None,
    on_case: OnCase | None = None,
) -> Study:
    """Run the cases of a plan that are not finished in its folder; arguments and errors as in `sweep`."""
    from cosim.study.pool import LocalPool

    folder = _made(Folder(out))
    with only_writer(folder.lock), _cleared(folder):
        write_whole(folder.study, plan.file.path.read_bytes())
        write_whole(folder.plan, _json(plan.described()))
        todo = [case for case in plan.cases if _unfinished(folder, case)]
        told = _Told(folder, len(plan.cases), len(plan.cases) - len(todo), on_case)
        form = plan.file.form
        with closing(executor or LocalPool(workers or form.workers, form.limits)) as running:
            if todo:
                _check(running, todo, folder, flags or {})
            try:
                payloads = [case.payload(folder.out, **(flags or {})) for case in todo]
                _run(running, payloads, told)
            finally:
                told.write()
    return open_study(out)


def _run(running: "Executor", payloads: Sequence[dict[str, Any]], told: "_Told") -> None:
    if payloads:
        from cosim.study.work import run_case

        running.run(payloads, run_case, told)


def _check(running: "Executor", todo: Sequence[Case], folder: Folder, flags: dict[str, bool]) -> None:
    """Read the data of a few cases that stand for all, before the first one runs."""
    from cosim.study.work import EXIT_CODE, check_case

    found: list[CaseResult] = []
    payloads = [case.payload(folder.out, **flags) for case in checked_first(todo)]
    running.run(payloads, check_case, found.append)
    # a check that ran out of time or memory says nothing of the study: its case will tell
    bad = {result.case_id: result for result in found if EXIT_CODE in result.kpis}
    if not bad:
        return
    ordered = [bad[payload["case_id"]] for payload in payloads if payload["case_id"] in bad]
    lines = dict.fromkeys(line for result in ordered for line in result.reason.splitlines())
    only_data = all(result.kpis.get(EXIT_CODE) == DataError.exit_code for result in ordered)
    raise (DataError if only_data else ScenarioError)([_fault(line) for line in lines])


def _fault(line: str) -> Fault:
    """A fault from its line; what is no line of a fault stays whole."""
    code, _, rest = line.partition(" ")
    where, sign, what = rest.partition(": ")
    return Fault(code, where, what) if sign else Fault("S40", "case", line)


class _Told:
    """Takes results as they come: failures to the disk, times to the log, all to whoever watches."""

    def __init__(self, folder: Folder, n_cases: int, n_skipped: int, on_case: OnCase | None) -> None:
        self._folder, self._n_cases, self._n_ended = folder, n_cases, n_skipped
        self._on_case = on_case
        self._wall_s: dict[str, float] = _logged(folder)

    def __call__(self, result: CaseResult) -> None:
        if result.status == "failed":
            self._folder.write_marker(result)
        self._wall_s[result.case_id] = round(result.wall_s, 3)
        self._n_ended += 1
        if self._on_case is not None:
            self._on_case(result, self._n_ended, self._n_cases)

    def write(self) -> None:
        """The tables of what there is, and the log."""
        write_tables(open_study(self._folder.out))
        known = {case_id: wall_s for case_id, wall_s in self._wall_s.items() if isfinite(wall_s)}
        write_whole(self._folder.log, _json({"wall_s": known}))


def _logged(folder: Folder) -> dict[str, float]:
    """Wall times of former sweeps in this folder [s]."""
    try:
        return dict(json.loads(folder.log.read_text("utf-8"))["wall_s"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _unfinished(folder: Folder, case: Case) -> bool:
    """Whether a case is to be run; one that failed gets another chance."""
    known = folder.read_marker(case.case_id)
    if known is not None and known.status == "done":
        return False
    folder.marker(case.case_id).unlink(missing_ok=True)
    return True


def _made(folder: Folder) -> Folder:
    """The folder, there and ours."""
    out = folder.out
    try:
        if out.is_dir() and not folder.plan.exists() and any(out.iterdir()):
            raise StoreError(f"{out}: holds something else than a study; choose another folder with --out")
        folder.cases.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{out}: cannot be made: {error.strerror or error}") from error
    if not os.access(out, os.W_OK | os.X_OK):
        raise StoreError(f"{out}: is read-only")
    return folder


@contextmanager
def _cleared(folder: Folder) -> Iterator[None]:
    """What a killed sweep or a lost worker left half-written goes, before the first case and at the end."""
    _clear(folder)
    try:
        yield
    finally:
        _clear(folder)


def _clear(folder: Folder) -> None:
    for left in folder.cases.glob(f"*{SCRATCH}"):
        shutil.rmtree(left, ignore_errors=True)


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=1, default=str) + "\n").encode()
