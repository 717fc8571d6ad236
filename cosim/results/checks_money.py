"""Rules of bills, events and key figures: each is what the stored powers come to."""

import math
from collections.abc import Iterator, Mapping

import numpy as np

from cosim.results.kpi_table import flatten
from cosim.results.kpis import compute_kpis
from cosim.results.run import Run
from cosim.results.violation import Violation, beyond

SHARE = 1e-9
COMPONENTS = ("energy", "export", "demand", "fixed", "minimum", "adjustments", "events")


def money_violations(run: Run, name: str) -> Iterator[Violation]:
    """Rule I6 of one site: lines, components and prices come to the stored bill."""
    paid, kpis, where = run.bill(name), run.kpis["sites"][name], f"sites.{name}"
    for line in paid.lines:
        # a line of an event is settled step by step: its rate is a mean
        if line.kind != "event" and not _same(line.amount, line.quantity * line.rate):
            what = f"{line.month} {line.label}: {line.amount!r} must be {line.quantity!r} x {line.rate!r}"
            yield Violation("I6", f"bill of {name}", what)
    total = math.fsum(float(kpis[f"bill_{part}"] or 0.0) for part in COMPONENTS)
    if not _same(total, kpis["bill_total"]):
        yield Violation(
            "I6", f"/kpis {where}.bill_total", f"{kpis['bill_total']!r} must be the sum {total!r}"
        )
    if all(line.tier == 0 for line in paid.lines if line.kind == "energy"):
        drawn_kwh = run.site(name).site_kw.clip(min=0.0) * run.clock.dt_h
        price = run.signals(run.header.site(name).signals).price_per_kwh
        expected = float(price @ drawn_kwh)
        scale = float(np.abs(price) @ drawn_kwh)
        if not abs(float(kpis["bill_energy"] or 0.0) - expected) <= 1e-9 * max(1.0, scale):
            what = f"{kpis['bill_energy']!r} must be price times power, {expected!r}"
            yield Violation("I6", f"/kpis {where}.bill_energy", what)


def event_violations(run: Run, name: str) -> Iterator[Violation]:
    """Rule I20 of one site: the table of events is what the stored power settles to."""
    if "events" not in run.header.features:
        return
    events = run.header.site(name).events
    settled = events.columns(run.clock, run.site(name).site_kw)
    ids = [event.event_id for event in events.events]
    for column, values in settled.items():
        path = f"events/{name}/{column}"
        stored = run.arrays[path]
        if values.dtype.kind == "f" and ids:
            off = np.where(np.isnan(stored) & np.isnan(values), 0.0, np.abs(stored - values))
            scale = np.maximum(1.0, np.abs(np.nan_to_num(values)))
            yield from beyond("I20", f"/{path}", "must be as settled [share]", off / scale, SHARE, None, ids)
        elif list(stored) != list(values):
            yield Violation("I20", f"/{path}", f"{list(stored)} must be {list(values)}")
    for column in ("reduction_kwh", "excess_kwh", "payment", "penalty"):
        below = np.clip(-run.arrays[f"events/{name}/{column}"], 0.0, None)
        yield from beyond("I20", f"/events/{name}/{column}", "must not be negative", below, 0.0, None, ids)


def kpi_violations(run: Run) -> Iterator[Violation]:
    """Rule I6 of the key figures: stored is what the series come to, nothing missing, nothing more."""
    stored = flatten(run.kpis)
    try:
        computed = flatten(compute_kpis(run.header, run.arrays))
    except (IndexError, ValueError, ArithmeticError) as error:
        yield Violation("I6", "/kpis", f"no key figures follow from the series: {error}")
        return
    for name in sorted(stored.keys() | computed.keys()):
        seen, expected = _shown(stored, name), _shown(computed, name)
        if name not in stored or name not in computed or not _same(stored[name], computed[name]):
            yield Violation("I6", f"/kpis {name}", f"{seen} is stored, {expected} follows from the series")


def _shown(figures: Mapping[str, float | int | str], name: str) -> str:
    return repr(figures[name]) if name in figures else "nothing"


def _same(a: float | int | str | None, b: float | int | str | None) -> bool:
    if isinstance(a, str) or isinstance(b, str) or a is None or b is None:
        return a == b
    return math.isclose(a, b, rel_tol=SHARE, abs_tol=SHARE) or (math.isnan(a) and math.isnan(b))
