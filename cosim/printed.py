"""A run on a terminal: number, unit, what it is."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING

from cosim.results.kpi_table import KpiRow

if TYPE_CHECKING:
    from cosim.results.run import Run
    from sims.signals.billing.bill import Bill, BillLine

# What people ask first, in this order, with the figures that go on the same line: when and where.
ASKED: dict[str, tuple[str, ...]] = {
    "oracle_forecasts": (),
    "bill_total": (),
    "events": (),
    "event_reduction_kwh": (),
    "event_excess_kwh": (),
    "pv_kwh": (),
    "pv_used_percent": (),
    "building_bill_total": (),
    "ev_energy_cost_per_session": (),
    "billed_peak_kw": ("billed_peak_at",),
    "building_billed_peak_kw": (),
    "peak_reduction_kw": (),
    "peak_increase_kw": (),
    "peak_kw": ("peak_at",),
    "ev_charged_kwh": (),
    "ev_discharged_kwh": (),
    "battery_throughput_kwh": (),
    "equivalent_full_cycles": (),
    "capacity_loss_mean_percent": (),
    "capacity_loss_max_percent": ("capacity_loss_max_vehicle",),
    "battery_wear_cost": (),
    "sessions": (),
    "sessions_never_connected": (),
    "never_connected_kwh": (),
    "sessions_short": (),
    "missing_kwh": (),
    "energy_gap_kwh": (),
    "excess_kwh": (),
    "ev_co2_kg": (),
    "building_co2_kg": (),
    "vm_min_pu": ("vm_min_bus", "vm_min_at"),
    "vm_phase_min_pu": ("vm_phase_min_bus", "vm_phase_min_phase", "vm_phase_min_at"),
    "vm_phase_max_pu": ("vm_phase_max_bus", "vm_phase_max_phase", "vm_phase_max_at"),
    "unbalance_max_percent": ("unbalance_max_bus", "unbalance_max_at"),
    "unbalance_minutes": (),
    "vm_max_pu": ("vm_max_bus", "vm_max_at"),
    "keeps_en50160_indicative": (),
    "out_of_ansi_a_minutes": ("out_of_ansi_a_bus",),
    "line_max_loading_percent": ("line_max_loading_name", "line_max_loading_at"),
    "import_peak_kw": ("import_peak_at",),
    "reverse_flow_hours": (),
    "losses_kwh": (),
    "non_converged_steps": (),
    "max_loading_percent": ("max_loading_at",),
    "overload_minutes": (),
    "overload_days": (),
    "overload_kvah": (),
    "max_hotspot_c": ("max_hotspot_at",),
    "hotspot_above_120_minutes": (),
    "loss_of_life_percent": (),
}
PERIODS = ("day", "month", "year")
"""Units of fixed charges."""


def summary(done: "Run") -> Iterator[str]:
    """The figures people ask first, with the lines of each bill."""
    bills = {f"site {name}": done.bill(name) for name in done.sites}
    for where, rows in _places(done):
        yield f"\n{where}"
        given = {row.name: row for row in rows}
        for name, details in ASKED.items():
            if name in given:
                yield _line(given[name], [given[detail].value for detail in details if detail in given])
            if name == "bill_total" and where in bills:
                yield from _bill(bills[where])


def every_figure(done: "Run") -> Iterator[str]:
    """All key figures that apply."""
    for where, rows in _places(done):
        yield f"\n{where}"
        yield from map(_line, rows)


def _places(done: "Run") -> Iterator[tuple[str, list[KpiRow]]]:
    """Rows by the place they are about; the sum over one site is that site."""
    for where, rows in groupby(done.kpi_rows(), key=lambda row: row.where):
        if where != "all sites" or len(done.sites) > 1:
            yield where, list(rows)


def _line(row: KpiRow, details: Iterable[str] = ()) -> str:
    return f"  {row.value:>14} {row.unit:8} {', '.join([row.label, *details])}".rstrip()


def _bill(paid: "Bill") -> Iterator[str]:
    """The lines of a bill, and which of its months it covers in part."""
    yield from map(_bill_line, paid.lines)
    for month in paid.months:
        if month.partial:
            days = f"{month.days_covered:g} of {month.days_of_month} days"
            covered = f"covered in part, {days} ({month.first_day} .. {month.last_day})"
            yield f"  {'':14}            {month.month} {covered}"


def _bill_line(line: "BillLine") -> str:
    """A line of the bill below its total."""
    tier = f", tier {line.tier}" if line.tier else ""
    quantity = f"{line.quantity:,.{2 if line.unit in PERIODS else 1}f} {line.unit} at {line.rate:.4f}"
    at = f", set {line.at:%Y-%m-%d %H:%M}" if line.at else ""
    return f"  {line.amount:14,.2f}            {line.month} {line.label}{tier}: {quantity}{at}"
