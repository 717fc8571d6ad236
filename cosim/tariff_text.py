"""A tariff on a terminal: where it comes from, what it charges when, and in words how demand is billed."""

from collections.abc import Iterator, Sequence
from datetime import date

import numpy as np

from cosim.tariff_table import (
    DayTable,
    Rate,
    days_named,
    hour_spans,
    hours_named,
    kinds_named,
    year_table,
)
from sims.signals.tariffs.periods import DAY_TYPES, Period
from sims.signals.tariffs.tariff import DemandPeriod, EnergyPeriod, Ratchet, Tariff


def tariff_lines(tariff: Tariff, year: int | None, *, full_table: bool) -> Iterator[str]:
    """What a tariff says, line by line.

    Parameters
    ----------
    tariff : Tariff
        What is shown.
    year : int or None
        Its holidays are listed, and a note stands there when the tariff is not stated for it.
    full_table : bool
        The table of letters, months by hours, instead of spans of equal hours.
    """
    rates, tables = year_table(tariff)
    yield from _header(tariff, year)
    yield f"\nEnergy [{tariff.currency}/kWh]{_market(tariff)}"
    yield from _letters(rates, tables) if full_table else _spans(tariff, rates, tables)
    yield from _tiers([rate.period for rate in rates])
    yield from _export(tariff, [rate.period for rate in rates])
    yield from _demand(tariff)
    yield from _others(tariff)
    if year is not None and tariff.holidays is not None:
        days = [date.fromordinal(day) for day in tariff.holiday_dates((year,)).tolist()]
        yield f"\nHolidays of {year} ({tariff.holidays})"
        yield "  " + ", ".join(f"{day:%a %m-%d}" for day in days)


def _header(tariff: Tariff, year: int | None) -> Iterator[str]:
    yield f"{tariff.name}: {tariff.label}" if tariff.label else tariff.name
    for name, text in (
        ("utility", tariff.utility),
        ("stated for", stated_for(tariff)),
        ("clock", tariff.timezone or ""),
        ("source", tariff.source),
        *(("derived", text) for text in tariff.derived),
        *(("note", text) for text in tariff.notes),
    ):
        if text:
            yield f"  {name:10}  {text}"
    if year is not None and not covers_year(tariff, year):
        yield f"  note        {year} lies outside"


def stated_for(tariff: Tariff) -> str:
    """The dates a tariff is stated for, or nothing."""
    if tariff.effective_from is None and tariff.effective_until is None:
        return ""
    return f"{tariff.effective_from or 'any day'} .. {tariff.effective_until or 'today'}"


def covers_year(tariff: Tariff, year: int) -> bool:
    """Whether the tariff is stated for some day of the year."""
    begins = tariff.effective_from is None or tariff.effective_from.year <= year
    return begins and (tariff.effective_until is None or year <= tariff.effective_until.year)


def _market(tariff: Tariff) -> str:
    if tariff.real_time is None:
        return ""
    return f", on top of {tariff.real_time.factor:g} x the market price"


def _spans(tariff: Tariff, rates: Sequence[Rate], tables: Sequence[DayTable]) -> Iterator[str]:
    for table in tables:
        yield f"  {table.days}"
        for season in table.seasons():
            spans = " | ".join(
                f"{start:02d}-{end:02d} {price_text(rates[rate].period)}"
                for start, end, rate in hour_spans(season.rates)
            )
            yield f"    {days_named(season.days)}: {spans}"


def price_text(period: EnergyPeriod) -> str:
    """Price of a period, those of its tiers one after the other."""
    tiers = [f"{tier.price_per_kwh:g}" for tier in period.tiers]
    return " / ".join(tiers) or f"{period.first_price_per_kwh:g}"


def _letters(rates: Sequence[Rate], tables: Sequence[DayTable]) -> Iterator[str]:
    width = max(len(rate.letter) for rate in rates) + 1
    for table in tables:
        yield f"  {table.days}"
        yield " " * 10 + "".join(f"{hour:>{max(width, 3)}}" for hour in range(24))
        for name, numbers in table.month_rows():
            letters = "".join(f"{rates[number].letter:>{max(width, 3)}}" for number in numbers.tolist())
            yield f"  {name:8}{letters}"
    for rate in rates:
        yield f"  {rate.letter}  {price_text(rate.period)}  {rate.period.name}"


def _tiers(periods: Sequence[EnergyPeriod]) -> Iterator[str]:
    for period in periods:
        if period.tiers:
            ends = [(tier.price_per_kwh, tier.up_to_kwh) for tier in period.tiers]
            yield f"  {period.name}: {_by_tier(ends, 'kWh')} in a {period.tiers_per}"


def _by_tier(ends: Sequence[tuple[float, float | None]], unit: str) -> str:
    """Tiers in words: "0.12 up to 500 kWh, 0.15 above"."""
    return ", ".join(f"{price:g} {f'up to {end:g} {unit}' if end else 'above'}" for price, end in ends)


def _export(tariff: Tariff, periods: Sequence[EnergyPeriod]) -> Iterator[str]:
    if not tariff.pays_export:
        return
    yield f"\nFed back [{tariff.currency}/kWh]"
    if tariff.real_time is not None and tariff.real_time.export_factor:
        yield f"  {tariff.real_time.export_factor:g} x the market price, and"
    for period in periods:
        yield f"  {period.export_price_per_kwh:g}  {period.name}"


def _demand(tariff: Tariff) -> Iterator[str]:
    if not tariff.demand:
        return
    window = tariff.demand_window_minutes
    yield f"\nDemand [{tariff.currency}/kW and month], highest mean of {window} min"
    for period in tariff.demand:
        yield f"  {demand_price(period)}  {period.name}: {when_text(tariff, period)}"
        if period.minimum_kw:
            yield f"    at least {period.minimum_kw:g} kW are billed"
        if period.ratchet is not None:
            yield f"    {ratchet_text(period.ratchet)}"


def demand_price(period: DemandPeriod) -> str:
    """Price of demand, by tier where it has tiers."""
    ends = [(tier.price_per_kw, tier.up_to_kw) for tier in period.tiers]
    return f"{period.price_per_kw:g}" if period.price_per_kw is not None else _by_tier(ends, "kW")


def when_text(tariff: Tariff, period: Period) -> str:
    """When a period holds: days, hours, part of the year."""
    table = period.table()
    kinds = [DAY_TYPES.index(day) for day in period.days]
    if tariff.holidays is None:
        kinds = [kind for kind in kinds if kind < DAY_TYPES.index("holiday")]
    days = kinds_named(kinds, all_kinds=tariff.holidays is not None)
    hours = hours_named(np.any(table, axis=(0, 1)))
    return f"{days}, {hours}, {days_named(np.any(table, axis=(1, 2)))}"


def ratchet_text(ratchet: Ratchet) -> str:
    """How earlier months raise the billed demand, in words."""
    before = f"the {ratchet.lookback_months} months before"
    if len(ratchet.months) < 12:
        before += f" (of them only months {', '.join(map(str, ratchet.months))})"
    if ratchet.rule == "average":
        return f"billed is the mean of this month's and the highest of this month and {before}"
    return f"billed is at least {ratchet.percent:g} % of the highest of {before}"


def _others(tariff: Tariff) -> Iterator[str]:
    if not (tariff.fixed or tariff.minimum or tariff.adjustments):
        return
    yield f"\nOther charges [{tariff.currency}]"
    for charge in tariff.fixed:
        yield f"  {charge.amount:.10g} a {charge.per}  {charge.name}"
    for least in tariff.minimum:
        yield f"  {least.amount:.10g} a {least.per}  at least, of energy, demand and fixed charges"
    for part in tariff.adjustments:
        if part.percent is None:
            yield f"  {part.price_per_kwh:g} a kWh  {part.name}"
        else:
            yield f"  {part.percent:g} % of {', '.join(part.of)}  {part.name}"
