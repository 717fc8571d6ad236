"""`cosim events RUN`: every demand-response event of a run with what it came to."""

import json
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from cosim.results.run import Run

HEADS = (
    "event",
    "notice",
    "start",
    "end",
    "baseline kWh",
    "load kWh",
    "less kWh",
    "above kWh",
    "paid",
    "fined",
)
NUMBERS = ("baseline_kwh", "load_kwh", "reduction_kwh", "excess_kwh", "payment", "penalty")
TIMES = ("notice", "start", "end")


def events(
    run_file: Annotated[Path, typer.Argument(help="result file of a run (.h5)", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Print the demand-response events of a run: notice, times, baseline, load, reduction, payment."""
    from cosim.results.run import open_run

    done = open_run(run_file)
    if as_json:
        typer.echo(json.dumps({name: _records(done, name) for name in done.sites}, indent=2))
        return
    for name in done.sites:
        records = _records(done, name)
        typer.echo(f"site {name} ({done.header.site(name).currency}): {_counted(len(records))}")
        lines = [HEADS, *map(_cells, records)]
        widths = [max(len(line[i]) for line in lines) for i in range(len(HEADS))]
        for line, record in zip(lines if records else (), [{}, *records], strict=False):
            cells = [
                f"{line[0]:{widths[0]}}",
                *(f"{c:>{w}}" for c, w in zip(line[1:], widths[1:], strict=True)),
            ]
            why = record.get("reason", "")
            typer.echo("  " + "  ".join(cells) + (f"  ({why})" if why else ""))


def _counted(n: int) -> str:
    return {0: "no events", 1: "1 event"}.get(n, f"{n} events")


def _records(done: "Run", name: str) -> list[dict[str, Any]]:
    """The table of a site's events, one record a row; what there is no number for is null."""
    rows: list[dict[str, Any]] = done.events(name).to_dict("records")  # pyright: ignore[reportAssignmentType]
    for row in rows:
        row |= {key: row[key].isoformat() for key in TIMES}
        row |= {key: None for key, value in row.items() if isinstance(value, float) and isnan(value)}
    return rows


def _cells(record: dict[str, Any]) -> tuple[str, ...]:
    times = [record[key][:16].replace("T", " ") for key in TIMES]
    numbers = ["-" if record[key] is None else f"{record[key]:,.2f}" for key in NUMBERS]
    return (record["event_id"], *times, *numbers)
