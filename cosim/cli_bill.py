"""`cosim bill`: a load file and a tariff, and what it costs."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sims.faults import Fault, ScenarioError

if TYPE_CHECKING:
    from cosim.bill_file import LoadBill
    from sims.signals.billing.bill import BillLine, BillMonth
    from sims.signals.billing.ratchet import History


def bill_load_file(
    load: Annotated[Path, typer.Option(help="CSV file with time (ISO 8601 with offset) and kw")],
    tariff: Annotated[str, typer.Option(help="preset or file")],
    timezone: Annotated[
        str | None,
        typer.Option(help="IANA zone of the tariff's hours; default: the tariff's, else the file's clock"),
    ] = None,
    market_prices: Annotated[
        Path | None, typer.Option(help="CSV file with time and price_per_kwh, for a tariff at market price")
    ] = None,
    demand_history: Annotated[
        list[str] | None,
        typer.Option(
            help="for a ratchet, highest kW of the months before, oldest first: 210,220; with several "
            "ratchets one option for each: 'peak demand=210,220'",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Bill any load by a tariff, without a simulation."""
    from cosim.bill_file import bill_load

    billed = bill_load(
        load,
        tariff,
        timezone=timezone,
        market_prices=market_prices,
        demand_history_kw=_history(demand_history or []),
    )
    if as_json:
        typer.echo(json.dumps(billed.as_json(), indent=2))
    else:
        for line in _printed(billed):
            typer.echo(line)
    for warning in billed.warnings:
        typer.echo(f"warning: {warning}", err=True)


def _history(texts: list[str]) -> "History | None":
    """Numbers of one option without a name, or of several by name."""
    if len(texts) == 1 and "=" not in texts[0]:
        return _numbers(texts[0])
    named = [text.partition("=") for text in texts]
    return {name.strip(): _numbers(numbers) for name, _, numbers in named} or None


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        what = f'"{text}": numbers of kW, separated by commas, for example 210,220.5'
        raise ScenarioError([Fault("S19", "--demand-history", what)]) from None


def _printed(billed: "LoadBill") -> Iterator[str]:
    """The bill for people: every line of every month, its peaks, sums."""
    currency = billed.bill.currency
    yield f"{billed.tariff.label or billed.tariff.name}"
    for month in billed.bill.months:
        days = f", {month.days_covered:.4g} of {month.days_of_month} days" if month.partial else ""
        yield f"\n{month.month}{days}"
        for line in billed.bill.lines:
            if line.month == month.month:
                yield _line(line)
        yield f"  {billed.month_sums(month.month)['total']:14,.2f} {currency:4} total of the month"
        yield from _peaks(month)
    yield f"\n  {billed.bill.total:14,.2f} {currency:4} total"


def _peaks(month: "BillMonth") -> Iterator[str]:
    """The highest demand windows of a month, in billed hours and at any time."""
    for kw, at, when in (
        (month.billed_peak_kw, month.billed_peak_at, "in billed hours"),
        (month.peak_kw, month.peak_at, "at any time"),
    ):
        if kw is not None and at is not None:
            yield f"  {kw:14,.1f} kW   highest {when}, {at:%Y-%m-%d %H:%M}"


def _line(line: "BillLine") -> str:
    tier = f", tier {line.tier}" if line.tier else ""
    at = f", set {line.at:%Y-%m-%d %H:%M}" if line.at else ""
    digits = 1 if line.unit in ("kW", "kWh") else 3
    quantity = f"{line.quantity:,.{digits}f} {line.unit} at {line.rate:.6g}"
    return f"  {line.amount:14,.2f}      {line.kind}: {line.label}{tier}, {quantity}{at}"
