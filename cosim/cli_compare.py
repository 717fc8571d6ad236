"""`cosim compare`: runs against a baseline, as a table, a page, JSON or CSV."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from cosim.comparison import Comparison

COLOURS = {"better": "green", "worse": "red"}
NARROW = 80
"""Columns a table needs at least; where nothing says how wide it may be, `WIDE` are taken."""
WIDE = 160


def compare_(
    run_files: Annotated[
        list[Path], typer.Argument(help="two or more result files (.h5)", show_default=False)
    ],
    baseline: Annotated[
        str | None,
        typer.Option(help="file the others are held against; default the first", show_default=False),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="also write one offline HTML page", show_default=False)
    ] = None,
    csv: Annotated[
        Path | None, typer.Option(help="also write every key figure of every run as CSV", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Compare runs with a baseline: what their scenarios say differently, and the key figures with deltas."""
    from cosim.comparison import compare

    found = compare(run_files, baseline)
    if as_json:
        typer.echo(json.dumps(found.as_json(), indent=2))
    else:
        _show(found)
    if csv is not None:
        from cosim.results.csv_cells import safe_cell
        from cosim.results.disk import write_whole

        cells = found.kpis.map(lambda value: safe_cell(value) if isinstance(value, str) else value)
        write_whole(csv, cells.to_csv(index=False).encode())
    for written in (csv, None if out is None else found.report(out)):
        if written is not None:
            typer.echo(str(written), err=as_json)


def _show(found: "Comparison") -> None:
    """Differences of the scenarios and the usual figures on standard output, remarks on standard error."""
    for key, values in found.scenario.to_dict("index").items():
        said = ", ".join(f"{value or 'not set'} in {label}" for label, value in values.items())
        typer.echo(f"{key}: {said}")
    _print_table(found)
    for remark in found.notes:
        typer.echo(f"warning: {remark}", err=True)


def _print_table(found: "Comparison") -> None:
    from rich.console import Console
    from rich.table import Table

    from cosim.results.compare.text import usual

    shown = Table(box=None, pad_edge=False, header_style="bold")
    shown.add_column("", overflow="fold")
    for label in found.runs:
        shown.add_column(label, justify="right", overflow="fold")
    place = None
    for _, rows in usual(found.kpis).groupby("kpi", sort=False):
        row = rows.to_dict("records")
        if row[0]["place"] != place:
            place = row[0]["place"]
            shown.add_row(f"\n[bold]{_plain(place or _general(row[0]['scope']))}[/]")
        shown.add_row(*_cells(row))
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=max(NARROW, WIDE))
    console.print(shown)


def _cells(row: list[dict[Any, Any]]) -> list[str]:
    """Label with unit, then the value of each run with its delta."""
    from cosim.results.compare.text import delta_text, kpi_of, told

    kpi = kpi_of(row[0]["scope"], row[0]["name"])
    units = "/".join(dict.fromkeys(one["unit"] for one in row))
    cells = [_plain(f"{row[0]['label']}{f' [{units}]' if units else ''}")]
    for i, one in enumerate(row):
        delta = delta_text(one["delta"], one["relative"], kpi) if i else ""
        colour = COLOURS.get(one["verdict"], "")
        told_delta = f"  [{colour}]{delta}[/]" if colour and delta else f"  {delta}".rstrip()
        cells.append(told(one["value"], kpi) + told_delta)
    return cells


def _general(scope: str) -> str:
    return "all sites" if scope == "totals" else scope


def _plain(words: str) -> str:
    """Text in which rich sees no markup."""
    from rich.markup import escape

    return escape(words)
