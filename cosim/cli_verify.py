"""`cosim verify FILE...`: whether result files are whole, as written, and keep the rules of a run."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sims.faults import StoreError

if TYPE_CHECKING:
    from cosim.verify import Verdict


def verify(
    files: Annotated[list[Path], typer.Argument(help="result files of runs (.h5)", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Check result files: hashes, layout, key figures, and the rules that every run keeps.

    Exit code 5 when any of them is damaged or breaks a rule.
    """
    from cosim.verify import verify_file

    verdicts: list[Verdict] = []
    for number, path in enumerate(files, 1):
        with _told(f"verifying {path} ({number} of {len(files)})"):
            verdicts.append(verify_file(path))
        if not as_json:
            for line in _lines(verdicts[-1]):
                typer.echo(line)
    if as_json:
        typer.echo(json.dumps({"files": [_record(verdict) for verdict in verdicts]}, indent=2))
    if not all(verdict.sound for verdict in verdicts):
        raise typer.Exit(StoreError.exit_code)


def _lines(verdict: "Verdict") -> Iterator[str]:
    state = "damaged" if verdict.damage else "breaks rules" if verdict.violations else "sound"
    hashes = f", {verdict.hashes:,} hashes match" if verdict.sound and verdict.hashes else ""
    yield f"{verdict.path}: {state}{hashes}"
    for line in (*verdict.damage, *verdict.violations, *(f"note: {note}" for note in verdict.notes)):
        yield f"  {line}"


def _record(verdict: "Verdict") -> dict[str, object]:
    return {**asdict(verdict), "path": str(verdict.path), "sound": verdict.sound}


@contextmanager
def _told(what: str) -> Iterator[None]:
    """A line that moves on a terminal, nothing otherwise."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console
    from rich.markup import escape

    with Console(stderr=True).status(escape(what)):
        yield
