"""One HTML page that tells a run: no server, no network, opens anywhere."""

import re
from collections.abc import Hashable, Iterable, Iterator, Sequence
from datetime import datetime
from html import escape
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cosim.results.disk import write_whole
from cosim.results.kpi_table import Figures, KpiRow, kpi_rows
from cosim.results.kpis_sessions import SHORT_KWH
from cosim.results.report_style import CSS, POLICY

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from cosim.results.run import Run
    from sims.signals.bill import Bill

MOST_SESSIONS = 1000
MOST_EVENTS = 6
CARDS = ("bill_total", "billed_peak_kw", "ev_charged_kwh", "missing_kwh", "max_loading_percent")


def write_report(run: "Run", path: Path) -> Path:
    """Write the report of a run.

    Parameters
    ----------
    run : Run
        The run.
    path : Path
        HTML file; replaced when it exists.

    Returns
    -------
    Path
        The file.
    """
    write_whole(path, report_html(run).encode())
    return path


def report_html(run: "Run") -> str:
    """The report as text: header, key figures, then each site and the feeder."""
    from plotly.offline import get_plotlyjs

    name = escape(run.header.name)
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{name}: gridpark report</title><style>{CSS}</style>
<script>{get_plotlyjs()}</script></head><body><main>
{_header(run)}
{_cards(run)}
{"".join(_site_section(run, site) for site in run.sites)}
{_feeder_section(run)}
<details><summary>Scenario</summary><pre>{escape(run.scenario_toml)}</pre></details>
<footer>{_versions(run)}</footer>
</main></body></html>
"""


def _header(run: "Run") -> str:
    clock = run.clock
    first, last = clock.local_time(clock.start_s), clock.local_time(clock.end_s - 1)
    period = f"{first.day} {first:%B %Y} to {last.day} {last:%B %Y}, steps of {clock.step_s // 60} min"
    period += f", {escape(clock.zone)}"
    name, seed = escape(run.header.name), run.header.seed
    return f"<header><h1>{name}</h1><p>{period}, seed {seed}</p>{''.join(_oracles(run))}</header>"


def _oracles(run: "Run") -> Iterator[str]:
    """Sites whose policy was told the future: nobody should take their figures for a controller's."""
    for site in run.header.sites:
        if site.oracle_forecasts:
            told = f"oracle: its forecasts of {', '.join(site.oracle_forecasts)} are made from the future"
            yield f"<p><b>Site {escape(site.name)}: {escape(told)}</b></p>"


def _versions(run: "Run") -> str:
    versions = run.versions
    return (
        f"gridpark {escape(versions['gridpark_version'])}; {escape(versions['packages'])}."
        f" Loading by {escape(run.header.loading_definition)}; powers are means over a step, import positive."
    )


def _cards(run: "Run") -> str:
    """The few numbers a reader looks for first."""
    rows = [
        (name, row)
        for scope, name, figures in _named_figures(run)
        for row in kpi_rows(scope, name, figures)
        if row.name in CARDS
    ]
    cards = "".join(
        f"<div class=card><span>{escape(name)}</span><b>{escape(row.value)} <i>{escape(row.unit)}</i></b>"
        f"<span>{escape(row.label)}</span></div>"
        for name, row in rows
    )
    return f"<section class=cards>{cards}</section>"


def _named_figures(run: "Run") -> Iterator[tuple[str, str, Figures]]:
    for name, figures in run.kpis["sites"].items():
        yield "sites", name, figures
    for name, figures in run.kpis["transformers"].items():
        yield "transformers", name, figures


def _site_section(run: "Run", name: str) -> str:
    rows = kpi_rows("sites", name, run.kpis["sites"][name])
    energy = [row.name for row in rows].index("building_kwh")
    priced = "market" in run.header.features and run.tariff(name).real_time is not None
    prices = _figure(run.plot_prices(name), f"prices-{name}") if priced else ""
    return f"""<section><h2>Site {escape(name)}</h2>
{_figure(run.plot_site(name), f"power-{name}")}
{prices}
<div class=columns><div><h3>Bill</h3>{_bill(run, name)}
<h3>Cost and peaks</h3>{_kpi_lines(rows[:energy])}</div>
<div><h3>Energy and service</h3>{_kpi_lines(rows[energy:])}</div></div>
{_events(run, name)}
{_figure(run.plot_occupancy(name), f"ports-{name}")}
{_sessions(run, name)}</section>"""


def _feeder_section(run: "Run") -> str:
    transformers = run.kpis["transformers"].items()
    tables = "".join(
        f"<div><h3>Transformer {escape(name)}</h3>{_kpi_lines(kpi_rows('transformers', name, figures))}</div>"
        for name, figures in transformers
    )
    network = _figure(run.plot_network(), "network") if run.has_network else ""
    heat = _figure(run.plot_heat(), "heat") if "thermal" in run.header.features else ""
    return f"""<section><h2>Feeder</h2>{_figure(run.plot_transformer(), "transformers")}{heat}
{network}
<div class=columns><div><h3>Key figures</h3>{_kpi_lines(kpi_rows("feeder", "", run.kpis["feeder"]))}</div>
{tables}</div></section>"""


def _bill(run: "Run", name: str) -> str:
    paid = run.bill(name)
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
    tariff = run.tariff(name)
    heads = ("Month", "Line", "Quantity", f"{paid.currency} per unit", paid.currency)
    return (
        _table(heads, [*lines, total], numbers=3, look="bill")
        + f"<p class=note>{escape(tariff.label or tariff.name)}</p>"
        + _bill_months(paid)
    )


def _bill_months(paid: "Bill") -> str:
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
    return _table(("Month", "Covered", "Billed peak", "Peak at any time"), rows, numbers=2, look="months")


def _events(run: "Run", name: str) -> str:
    """Demand-response events with the days of the first few, nothing where there are none."""
    events = run.events(name).to_dict("records")
    if not events:
        return ""
    heads = (
        "Event",
        "Told",
        "Start",
        "End",
        "Remark",
        "Baseline kWh",
        "Load kWh",
        "less kWh",
        "paid",
        "fined",
    )
    rows = [
        (
            event["event_id"],
            *(f"{event[when]:%d %b %H:%M}" for when in ("notice", "start", "end")),
            event["reason"],
            *("" if isnan(event[f"{what}_kwh"]) else f"{event[f'{what}_kwh']:,.1f}"
              for what in ("baseline", "load", "reduction")),
            *(f"{event[what]:,.2f}" for what in ("payment", "penalty")),
        )
        for event in events
    ]  # fmt: skip
    days = "".join(
        _figure(run.plot_event(name, event["event_id"]), f"event-{name}-{i}")
        for i, event in enumerate(events[:MOST_EVENTS])
    )
    return f"<h3>Demand-response events</h3>{_table(heads, rows, numbers=5, look='events')}{days}"


def _sessions(run: "Run", name: str) -> str:
    """Sessions, those most short of energy first; of very many only those that left short."""
    table = run.sessions(name).sort_values(["missing_kwh", "arrival"], ascending=[False, True])
    sessions = table.to_dict("records")
    if len(sessions) > MOST_SESSIONS:
        sessions = [session for session in sessions if session["missing_kwh"] > SHORT_KWH][:MOST_SESSIONS]
    heads = (
        "Session",
        "Car",
        "Port",
        "Arrival",
        "Departure",
        "",
        "SoC in",
        "wanted",
        "out",
        "kWh",
        "missing kWh",
    )
    evse = run.header.site(name).evse
    rows = [_session_row(session, evse) for session in sessions]
    title = f"Sessions ({len(rows)} of {len(table)}, short ones first)"
    return f"<details><summary>{title}</summary>{_table(heads, rows, numbers=5, look='sessions')}</details>"


def _session_row(session: dict[Hashable, Any], evse: tuple[str, ...]) -> tuple[str, ...]:
    marks = [word for word in ("too_short", "censored") if session[word]]
    marks += [] if session["connected"] else ["never connected"]
    return (
        session["session_id"],
        session["vehicle_id"],
        evse[session["evse_index"]] if session["evse_index"] >= 0 else "",
        f"{session['arrival']:%d %b %H:%M}",
        f"{session['departure']:%d %b %H:%M}",
        ", ".join(marks).replace("_", " "),
        *(_percent(session[f"soc_{when}"]) for when in ("arrival", "required", "departure")),
        f"{session['energy_grid_kwh']:.1f}",
        f"{session['missing_kwh']:.1f}",
    )


def _percent(soc: float) -> str:
    return "" if isnan(soc) else f"{100.0 * soc:.0f} %"


def _kpi_lines(rows: Sequence[KpiRow]) -> str:
    return _table((), [(row.label, row.value, row.unit) for row in rows], numbers=2, look="figures")


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: int, look: str) -> str:
    """HTML table of text; the last `numbers` columns are aligned as numbers."""

    def line(cells: Sequence[str], tag: str) -> str:
        first_number = len(cells) - numbers
        return "".join(
            f"<{tag}{' class=n' if i >= first_number else ''}>{escape(cell)}</{tag}>"
            for i, cell in enumerate(cells)
        )

    head = f"<thead><tr>{line(heads, 'th')}</tr></thead>" if heads else ""
    body = "".join(f"<tr>{line(row, 'td')}</tr>" for row in rows)
    return f"<table class={look}>{head}<tbody>{body}</tbody></table>"


def _figure(figure: "Figure", name: str) -> str:
    config = {"displaylogo": False, "responsive": True, "showSendToCloud": False, "plotlyServerURL": ""}
    plain = re.sub(r"[^\w-]+", "-", name, flags=re.ASCII)  # a site may be named like markup
    return figure.to_html(full_html=False, include_plotlyjs=False, div_id=plain, config=config)
