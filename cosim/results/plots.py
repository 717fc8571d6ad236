"""Figures of a run, for report and notebook alike; Okabe-Ito colours, time axes local."""

from datetime import datetime
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cosim.results.elements import OVERLOAD_PERCENT
from cosim.results.kpi_table import unique
from sims.signals.bill import BillLine

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure

    from cosim.results.run import Run

BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#6B7280"
LINES = (BLUE, GREEN, "#CC79A7", "#56B4E9", ORANGE, GREY)
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
STEP = {"shape": "hv"}


def site_power(run: "Run", name: str) -> "Figure":
    """Power of the building alone and of the site, with threshold, demand windows and billed peaks."""
    site, time = run.site(name), _edges(run)
    figure = _figure(run, f"Site power: {escape(name)}", "Power (kW)")
    top = 1.08 * max(float(site.site_kw.max()), float(site.building_kw.max()), 1.0)
    in_window = run.tariff(name).in_demand_window(run.clock.calendar())
    if in_window.any():
        figure.add_scatter(
            x=time,
            y=_held(np.where(in_window, top, 0.0)),
            name="demand windows",
            line={**STEP, "width": 0},
            fill="tozeroy",
            fillcolor="rgba(230,159,0,0.13)",
            hoverinfo="skip",
        )
    grey = {**STEP, "color": GREY, "width": 1.2}
    figure.add_scatter(
        x=time,
        y=_held(site.building_kw),
        name="building alone",
        line=grey,
        fill="tozeroy",
        fillcolor="rgba(107,114,128,0.16)",
    )
    figure.add_scatter(
        x=time,
        y=_held(site.site_kw),
        name="with EVs",
        line={**STEP, "color": BLUE, "width": 1.6},
        fill="tonexty",
        fillcolor="rgba(0,114,178,0.25)",
    )
    threshold = run.header.site(name).peak_threshold_kw
    if threshold is not None:
        dashed = {"color": GREEN, "dash": "dash", "width": 1.6}
        ends = [time[0], time[-1]]
        label = f"threshold {threshold:g} kW"
        figure.add_scatter(x=ends, y=[threshold] * 2, name=label, mode="lines", line=dashed)
    middle = run.clock.local_time((run.clock.start_s + run.clock.end_s) / 2).replace(tzinfo=None)
    _mark_billed_peaks(figure, [line for line in run.bill(name).lines if line.at is not None], middle)
    figure.update_yaxes(range=[min(0.0, 1.05 * float(site.site_kw.min())), 1.12 * top])
    return figure


def transformer_loading(run: "Run") -> "Figure":
    """Loading of every transformer, the line of its rating and what lies above it."""
    loading, time = run.feeder.transformer_loading_percent, _edges(run)
    figure = _figure(run, "Transformer loading", "Loading (% of rated current)")
    for i, name in enumerate(unique(run.header.transformers)):
        line = {**STEP, "color": LINES[i % len(LINES)], "width": 1.4}
        figure.add_scatter(x=time, y=_held(loading[:, i]), name=escape(name), line=line)
        over = np.flatnonzero(loading[:, i] > OVERLOAD_PERCENT)
        if len(over):
            figure.add_scatter(
                x=time[over],
                y=loading[over, i],
                name=f"above {OVERLOAD_PERCENT:g} %",
                mode="markers",
                marker={"color": RED, "size": 6, "symbol": "triangle-up"},
            )
    figure.add_hline(y=OVERLOAD_PERCENT, line={"color": RED, "dash": "dash", "width": 1.4})
    figure.update_yaxes(rangemode="tozero")
    return figure


def port_occupancy(run: "Run", name: str) -> "Figure":
    """Which port held a car when, coloured by its state of charge; empty is blank."""
    site, header = run.site(name), run.header.site(name)
    figure = _figure(run, f"Ports: {escape(name)} (⇄ can discharge)", "")
    figure.update_layout(height=170 + max(8, len(header.evse)) * 22, hovermode="closest")
    if not header.evse:
        figure.add_annotation(
            text="no charging ports", showarrow=False, x=0.5, y=0.5, xref="paper", yref="paper"
        )
        return figure
    marks = ["⇄ " if kind == "bidirectional" else "" for kind in header.evse_kind]
    figure.add_heatmap(
        x=_edges(run),
        y=[mark + escape(port) for mark, port in zip(marks, header.evse, strict=True)],
        z=100.0 * site.soc.T,
        zmin=0,
        zmax=100,
        colorscale="Cividis",
        hoverongaps=False,
        ygap=2,
        colorbar={"title": {"text": "State of charge (%)", "side": "right"}, "thickness": 14},
        hovertemplate="%{y}<br>%{x|%a %d %b %H:%M}<br>%{z:.0f} %<extra></extra>",
    )
    figure.update_yaxes(autorange="reversed", showgrid=False)
    return figure


def _figure(run: "Run", title: str, y_title: str) -> "Figure":
    from plotly.graph_objects import Figure

    figure = Figure()
    figure.update_layout(
        template="plotly_white",
        title={"text": title, "x": 0.0, "xref": "paper", "font": {"size": 17}},
        font={"family": FONT, "size": 13},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 1.0, "xanchor": "right"},
        margin={"l": 70, "r": 24, "t": 64, "b": 56},
        height=420,
        hovermode="x unified",
    )
    figure.update_xaxes(title_text=f"Local time ({run.clock.zone})", showgrid=True)
    figure.update_yaxes(title_text=y_title)
    return figure


def _mark_billed_peaks(figure: "Figure", lines: list[BillLine], middle: datetime) -> None:
    """A diamond at every window that set a demand charge; the highest one is written out, inwards."""
    if not lines:
        return
    times = [line.at.replace(tzinfo=None) for line in lines if line.at]
    highest = max(range(len(lines)), key=lambda i: lines[i].quantity)
    labels = [""] * len(lines)
    labels[highest] = f"{lines[highest].quantity:.1f} kW, {times[highest]:%a %d %b %H:%M}"
    figure.add_scatter(
        x=times,
        y=[line.quantity for line in lines],
        name="billed peak",
        mode="markers+text",
        text=labels,
        textposition="top right" if times[highest] < middle else "top left",
        textfont={"color": RED},
        marker={"color": RED, "size": 10, "symbol": "diamond"},
    )


def _edges(run: "Run") -> "pd.DatetimeIndex":
    """Local wall-clock times of the step edges, shape (n_steps + 1,); plotly knows no zones."""
    from cosim.results.run import local_times

    since_start = run.clock.step_s * np.arange(run.clock.n_steps + 1)
    return local_times(run.clock, since_start).tz_localize(None)


def _held(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Values with the last one repeated, so that the last step is drawn to its end, shape (n_steps + 1,)."""
    return np.append(values, values[-1:])
