"""`cosim tariff import`: a rate of OpenEI's Utility Rate Database becomes a tariff file of ours."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sims.signals.tariffs.tariff import DemandPeriod, EnergyPeriod, Tariff


def import_tariff(
    file: Annotated[Path, typer.Argument(help="rate of OpenEI's URDB (JSON)", show_default=False)],
    out: Annotated[Path | None, typer.Option(help="TOML file; default beside the JSON file")] = None,
    label: Annotated[str | None, typer.Option(help="which rate, where the file holds several")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="replace an existing file")] = False,
) -> None:
    """Turn a rate of OpenEI's Utility Rate Database into a tariff file; what is not billed is refused."""
    from cosim.results.disk import check_target, write_whole
    from sims.faults import DataError, Fault
    from sims.files import file_problem
    from sims.signals.tariffs.files import MAX_TARIFF_BYTES
    from sims.signals.tariffs.toml import tariff_toml
    from sims.signals.urdb.rate import read_urdb

    if problem := file_problem(file, MAX_TARIFF_BYTES):
        raise DataError([Fault(f"D{problem.number}", str(file), problem.what)])
    tariff = read_urdb(file, label)
    target = file.with_suffix(".toml") if out is None else out
    check_target(target, overwrite=overwrite)
    write_whole(target, tariff_toml(tariff).encode())
    for line in _summary(tariff):
        typer.echo(line)
    for note in (*tariff.derived, *tariff.notes):
        typer.echo(f"note: {note}", err=True)
    typer.echo(target)


def _summary(tariff: "Tariff") -> Iterator[str]:
    """A few lines on what a tariff takes."""
    dates = f"{tariff.effective_from or 'any day'} .. {tariff.effective_until or 'today'}"
    yield f"{tariff.name}: {tariff.label}; {tariff.utility}; {dates}"
    yield f"  energy   {_energy(tariff.energy, tariff.currency)}"
    if tariff.demand:
        window = f"windows of {tariff.demand_window_minutes} min"
        yield f"  demand   {_demand(tariff.demand, tariff.currency)}, {window}"
    for fixed in tariff.fixed:
        yield f"  fixed    {fixed.amount:g} {tariff.currency} a {fixed.per}"
    for minimum in tariff.minimum:
        yield f"  minimum  {minimum.amount:g} {tariff.currency} a {minimum.per}"


def _energy(periods: "Sequence[EnergyPeriod]", currency: str) -> str:
    prices = [
        price
        for period in periods
        for price in ([tier.price_per_kwh for tier in period.tiers] or [period.first_price_per_kwh])
    ]
    said = f"{_range(prices)} {currency}/kWh, {_count(prices, 'price')}"
    if any(period.tiers for period in periods):
        said += ", with tiers"
    sold = [period.export_price_per_kwh for period in periods]
    return f"{said}; fed back {_range(sold)}" if any(sold) else said


def _demand(periods: "Sequence[DemandPeriod]", currency: str) -> str:
    prices = [
        price
        for period in periods
        for price in ([tier.price_per_kw for tier in period.tiers] or [period.price_per_kw or 0.0])
    ]
    said = f"{_range(prices)} {currency}/kW and month, {', '.join(dict.fromkeys(p.name for p in periods))}"
    ratchets = [period.ratchet for period in periods if period.ratchet is not None]
    return f"{said}, ratchet {ratchets[0].percent:g} %" if ratchets else said


def _count(prices: Iterable[float], word: str) -> str:
    count = len(set(prices))
    return f"{count} {word}{'s' if count != 1 else ''}"


def _range(prices: Sequence[float]) -> str:
    low, high = min(prices), max(prices)
    return f"{low:g}" if low == high else f"{low:g} .. {high:g}"
