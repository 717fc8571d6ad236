"""The picture of a demand-response event: its day, the event, the baseline and what lies below it."""

from datetime import datetime, timedelta
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from cosim.results.figures.base import GREEN, GREY, ORANGE, RED, STEP, base_figure, edges, held
from sims.signals.response.settlement import Settlement

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from cosim.results.run import Run


def event_day(run: "Run", name: str, event_id: str) -> "Figure":
    """Load of a site on the day of an event, with its baseline, cap and notice; the event is shaded."""
    done = run.settlement(name, event_id)
    clock, event = run.clock, done.event
    start, end, told = (
        clock.local_time(instant).replace(tzinfo=None)
        for instant in (event.start_s, event.end_s, event.notice_s)
    )
    midnight = start.replace(hour=0, minute=0, second=0)
    figure = base_figure(
        run, f"Event {escape(event_id)} at {escape(name)}: {_verdict(run, name, done)}", "Power (kW)"
    )
    time, site = edges(run), run.site(name)
    shown = (time >= midnight) & (time <= max(midnight + timedelta(days=1), end))
    for power, label, line in (
        (site.building_kw, "building alone", {**STEP, "color": GREY, "width": 1.2}),
        (site.site_kw, "load", {**STEP, "color": "#0072B2", "width": 1.8}),
    ):
        figure.add_scatter(x=time[shown], y=held(power)[shown], name=label, mode="lines", line=line)
    _add_baseline(figure, run, done)
    if event.value is not None:
        cap = {"color": RED, "dash": "dash", "width": 1.6}
        label = f"cap {event.value:g} kW"
        figure.add_scatter(x=[start, end], y=[event.value] * 2, name=label, mode="lines", line=cap)
    figure.add_vrect(x0=start, x1=end, fillcolor=ORANGE, opacity=0.13, line_width=0)
    _mark_notice(figure, told, midnight)
    figure.update_xaxes(range=[midnight, max(midnight + timedelta(days=1), end)])
    figure.update_yaxes(rangemode="tozero")
    return figure


def _verdict(run: "Run", name: str, done: Settlement) -> str:
    """What an event came to, in a few words."""
    currency = run.header.site(name).currency
    if done.penalty > 0.0:
        return f"{done.excess_kwh:.1f} kWh above the cap, {done.penalty:,.2f} {currency} penalty"
    if done.reason:
        return escape(done.reason)
    return f"{done.reduction_kwh:.1f} kWh less, {done.payment:,.2f} {currency} paid"


def _add_baseline(figure: "Figure", run: "Run", done: Settlement) -> None:
    """The baseline over the event, and the energy below it, where the programme has one."""
    if not len(done.baseline_kw) or np.isnan(done.baseline_kw).all():
        return
    clock = run.clock
    first = (done.event.start_s - clock.start_s) // clock.step_s
    time = edges(run)[first : first + len(done.load_kw) + 1]
    figure.add_scatter(
        x=time,
        y=held(done.baseline_kw),
        name="baseline",
        mode="lines",
        line={**STEP, "color": GREEN, "width": 2.2, "dash": "dot"},
    )
    figure.add_scatter(
        x=time,
        y=held(np.minimum(done.load_kw, done.baseline_kw)),
        name="reduction",
        mode="lines",
        line={**STEP, "width": 0, "color": GREEN},
        fill="tonexty",
        fillcolor="rgba(0,158,115,0.3)",
        hoverinfo="skip",
    )


def _mark_notice(figure: "Figure", told: datetime, midnight: datetime) -> None:
    """When the event was told: a line on its own day, a word when it was before."""
    if told >= midnight:
        figure.add_vline(x=told, line={"color": GREY, "dash": "dot", "width": 1.4})
    where = {"x": told, "xref": "x"} if told >= midnight else {"x": 0.0, "xref": "paper"}
    figure.add_annotation(
        text=f"told {told:%a %d %b %H:%M}", y=1.0, yref="paper", yanchor="top", xanchor="left",
        showarrow=False, font={"color": GREY}, **where,
    )  # fmt: skip
