"""The bill of a site, line by line, and what it covers of each month."""

from datetime import datetime
from math import isnan
from typing import TYPE_CHECKING

from cosim.results.pages.page import Html, folded, joined, note, table

if TYPE_CHECKING:
    from cosim.results.run import Run
    from sims.signals.billing.bill import Bill

MOST_CARS = 20


def bill_tables(run: "Run", name: str) -> Html:
    """Lines, total, tariff and months."""
    paid, tariff = run.bill(name), run.tariff(name)
    lines = [
        (
            line.month,
            f"{line.label}, tier {line.tier}" if line.tier else line.label,
            f"{line.quantity:,.{2 if line.kind == 'fixed' else 1}f} {line.unit}",
            f"{line.rate:.6g}",
            f"{line.amount:,.2f}",
        )
        for line in paid.lines
    ]
    total = ("", "total", "", "", f"{paid.total:,.2f}")
    heads = ("Month", "Line", "Quantity", f"{paid.currency} per unit", paid.currency)
    return joined(
        table(heads, [*lines, total], numbers=3, look="bill"),
        note(tariff.label or tariff.name),
        _months(paid),
    )


def _months(paid: "Bill") -> Html:
    """What the bill covers of each month, and the month's peaks."""

    def peak(kw: float | None, at: datetime | None) -> str:
        return "" if kw is None or at is None else f"{kw:,.1f} kW, {at:%d %b %H:%M}"

    rows = [
        (
            month.month,
            f"{month.days_covered:g} of {month.days_of_month} days{', in part' if month.partial else ''}",
            peak(month.billed_peak_kw, month.billed_peak_at),
            peak(month.peak_kw, month.peak_at),
        )
        for month in paid.months
    ]
    return table(("Month", "Covered", "Billed peak", "Peak at any time"), rows, numbers=2, look="months")


def cost_table(run: "Run", name: str) -> Html:
    """Energy cost of the dearest cars."""
    costs, currency = run.car_costs(name), run.header.site(name).currency
    rows = [
        (
            str(car),
            str(sessions),
            f"{kwh:,.1f}",
            f"{cost:,.2f}",
            "" if isnan(per_kwh) else f"{per_kwh:.4f}",
        )
        for car, sessions, kwh, cost, per_kwh in costs.head(MOST_CARS).itertuples()
    ]
    heads = ("Car", "Sessions", "kWh", f"Energy cost ({currency})", f"{currency}/kWh")
    title = f"Energy cost per car ({len(rows)} of {len(costs)}, dearest first)"
    return folded(title, table(heads, rows, numbers=4, look="costs"))
