"""`cosim sweep`: how many cases, how it goes, what became of them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from cosim.study.case import CaseResult
    from cosim.study.plan import Plan
    from cosim.study.study import Study
    from cosim.study.sweep import OnCase

FAILED_CASES = 6
INTERRUPTED = 130
MOST_SHOWN = 20


def sweep(
    study: Annotated[Path, typer.Argument(help="study file (TOML)", show_default=False)],
    out: Annotated[Path | None, typer.Option(help="folder of the study; default results/<name>")] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="processes; default: the study's, else one a core")
    ] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", help="override a key of the scenario in all cases", show_default=False),
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="Dask scheduler whose workers run the cases: tcp://host:8786")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="list the cases, run none")] = False,
    allow_code: Annotated[
        bool, typer.Option("--allow-code", help="let scenarios name Python code (module:Class)")
    ] = False,
    yes_large: Annotated[bool, typer.Option("--yes-large", help="run cases above the usual limit")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Run every case of a study that is not finished yet; the same command goes on after a stop."""
    from cosim.study.cluster import cluster_executor
    from cosim.study.plan import plan_study, read_study
    from cosim.study.sweep import run_plan

    _, _, n_asked = read_study(study)
    typer.echo(f"{n_asked} cases", err=True)
    plan = plan_study(study, overrides or ())
    if merged := n_asked - len(plan.cases):
        typer.echo(f"{merged} of them are equal to others and are run once", err=True)
    if dry_run:
        _list(plan, as_json=as_json)
        return
    folder = out or Path("results") / plan.file.form.name
    if known := _n_finished(plan, folder):
        typer.echo(f"{known} of them are finished in {folder} and are not run again", err=True)
    where = scheduler or plan.file.form.cluster
    executor = cluster_executor(where, plan.file.form.limits) if where is not None else None
    flags = {"allow_code": allow_code, "yes_large": yes_large}
    try:
        with _progress(len(plan.cases)) as on_case:
            done = run_plan(plan, folder, workers=workers, flags=flags, executor=executor, on_case=on_case)
    except KeyboardInterrupt:
        _stopped(folder)
        raise typer.Exit(INTERRUPTED) from None
    _tell(done, as_json=as_json)
    if len(done.failures):
        raise typer.Exit(FAILED_CASES)


def _n_finished(plan: "Plan", folder: Path) -> int:
    """Cases that have their run already [-]."""
    from cosim.study.folder import Folder

    known = (Folder(folder).read_marker(case.case_id) for case in plan.cases)
    return sum(result is not None and result.status == "done" for result in known)


@contextmanager
def _progress(n_cases: int) -> "Iterator[OnCase]":
    """A bar with an estimate on a terminal, one line for each failed case otherwise."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = ("cases", BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("cases", total=n_cases)

        def told(result: "CaseResult", ended: int, total: int) -> None:
            if result.status == "failed":
                typer.echo(f"  failed {result.case_id}: {result.reason.splitlines()[0]}", err=True)
            bar.update(task, completed=ended, total=total)

        yield told


def _list(plan: "Plan", *, as_json: bool) -> None:
    """The cases of a plan."""
    if as_json:
        typer.echo(json.dumps(plan.described(), indent=2))
        return
    for case in plan.cases[:MOST_SHOWN]:
        axes = ", ".join(f"{name} = {value}" for name, value in case.axes.items())
        typer.echo(f"{case.case_id}  {axes}")
    if len(plan.cases) > MOST_SHOWN:
        typer.echo(f"... and {len(plan.cases) - MOST_SHOWN} more")


def _tell(done: "Study", *, as_json: bool) -> None:
    """How the study ended, failed cases with their reason."""
    failures: Any = done.failures
    if as_json:
        told = {
            "path": str(done.path),
            "table": str(done.folder.table),
            "cases": len(done.planned),
            "done": len(done),
            "failures": json.loads(failures.reset_index().to_json(orient="records")),
        }
        typer.echo(json.dumps(told, indent=2))
        return
    typer.echo(f"{len(done)} of {len(done.planned)} cases done, {len(failures)} failed")
    for case_id, row in failures.head(MOST_SHOWN).iterrows():
        axes = ", ".join(f"{name} = {value}" for name, value in row.items() if name != "reason")
        typer.echo(f"  {case_id} ({axes}): {row['reason']}")
    if len(failures) > MOST_SHOWN:
        typer.echo(f"  ... and {len(failures) - MOST_SHOWN} more in {done.folder.failures}")
    typer.echo(str(done.folder.table))


def _stopped(folder: Path) -> None:
    from cosim.study.study import open_study

    done = open_study(folder)
    typer.echo(
        f"interrupted: {len(done)} of {len(done.planned)} cases are done; the same command goes on", err=True
    )
