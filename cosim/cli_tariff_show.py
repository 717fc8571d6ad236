"""`cosim tariff show`: a tariff for people, as JSON, and as a picture."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from sims.signals.tariffs.tariff import Tariff


def tariff_show(
    tariff: Annotated[str, typer.Argument(help="preset or file", show_default=False)],
    year: Annotated[
        int | None, typer.Option(min=1970, max=2199, help="lists its holidays; default: the tariff's first")
    ] = None,
    table: Annotated[bool, typer.Option("--table", help="every month and hour as a letter")] = False,
    picture: Annotated[Path | None, typer.Option(help="also draw it: an HTML file")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Show what a tariff charges, when, and where its numbers come from."""
    from cosim.tariff_named import tariff_named
    from cosim.tariff_text import tariff_lines

    shown = tariff_named(tariff)
    if year is None and shown.effective_from is not None:
        year = shown.effective_from.year
    if as_json:
        typer.echo(json.dumps(_as_json(shown, year), indent=2))
    else:
        for line in tariff_lines(shown, year, full_table=table):
            typer.echo(line)
    if picture is not None:
        from cosim.results.disk import write_whole
        from cosim.tariff_picture import tariff_page

        write_whole(picture, tariff_page(shown).encode())
        typer.echo(str(picture), err=as_json)


def _as_json(tariff: "Tariff", year: int | None) -> dict[str, Any]:
    """The tariff, its table with the price of every month and hour, and the holidays of the year."""
    from datetime import date

    from cosim.tariff_table import year_table

    rates, tables = year_table(tariff)
    holidays = [] if year is None else tariff.holiday_dates((year,)).tolist()
    return {
        "tariff": tariff.model_dump(mode="json"),
        "rates": {rate.letter: rate.period.name for rate in rates},
        "tables": [
            {
                "days": table.days,
                "rows": [
                    {
                        "months": name,
                        "rates": [rates[i].letter for i in numbers.tolist()],
                        "price_per_kwh": [rates[i].period.first_price_per_kwh for i in numbers.tolist()],
                    }
                    for name, numbers in table.month_rows()
                ],
            }
            for table in tables
        ],
        "year": year,
        "holidays": [date.fromordinal(day).isoformat() for day in holidays],
    }
