"""Figures of a run, for report and notebook alike; Okabe-Ito colours, time axes local."""

from datetime import datetime
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cosim.results.elements import OVERLOAD_PERCENT
from cosim.results.kpi_table import unique

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
    site, time = run.site(name), edges(run)
    figure = base_figure(run, f"Site power: {escape(name)}", "Power (kW)")
    top = 1.08 * max(float(site.site_kw.max()), float(site.building_kw.max()), 1.0)
    in_window = run.tariff(name).in_demand_window(run.clock.calendar())
    if in_window.any():
        figure.add_scatter(
            x=time,
            y=held(np.where(in_window, top, 0.0)),
            name="demand windows",
            line={**STEP, "width": 0},
            fill="tozeroy",
            fillcolor="rgba(230,159,0,0.13)",
            hoverinfo="skip",
        )
    grey = {**STEP, "color": GREY, "width": 1.2}
    figure.add_scatter(
        x=time,
        y=held(site.building_kw),
        name="building alone",
        line=grey,
        fill="tozeroy",
        fillcolor="rgba(107,114,128,0.16)",
    )
    figure.add_scatter(
        x=time,
        y=held(site.site_kw),
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
    _mark_billed_peaks(figure, _billed_windows(run, name), middle)
    figure.update_yaxes(range=[min(0.0, 1.05 * float(site.site_kw.min())), 1.12 * top])
    return figure


def transformer_loading(run: "Run") -> "Figure":
    """Loading of every transformer, the line of its rating and what lies above it."""
    loading, time = run.feeder.transformer_loading_percent, edges(run)
    figure = base_figure(run, "Transformer loading", "Loading (% of rated current)")
    for i, name in enumerate(unique(run.header.transformers)):
        line = {**STEP, "color": LINES[i % len(LINES)], "width": 1.4}
        figure.add_scatter(x=time, y=held(loading[:, i]), name=escape(name), line=line)
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
    figure = base_figure(run, f"Ports: {escape(name)} (⇄ can discharge)", "")
    figure.update_layout(height=170 + max(8, len(header.evse)) * 22, hovermode="closest")
    if not header.evse:
        figure.add_annotation(
            text="no charging ports", showarrow=False, x=0.5, y=0.5, xref="paper", yref="paper"
        )
        return figure
    marks = ["⇄ " if kind == "bidirectional" else "" for kind in header.evse_kind]
    figure.add_heatmap(
        x=edges(run),
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


def base_figure(run: "Run", title: str, y_title: str, panes: "Figure | None" = None) -> "Figure":
    """A figure in the looks of all of them, empty or laid out in `panes`."""
    from plotly.graph_objects import Figure

    figure = Figure() if panes is None else panes
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


def _billed_windows(run: "Run", name: str) -> list[tuple[datetime, float]]:
    """Local start and mean power of every window that set a demand charge, in the order of time [kW]."""
    clock, site_kw = run.clock, run.site(name).site_kw
    steps = run.tariff(name).demand_window_minutes * 60 // clock.step_s
    windows: list[tuple[datetime, float]] = []
    for at in sorted({line.at for line in run.bill(name).lines if line.at is not None}):
        first = (round(at.timestamp()) - clock.start_s) // clock.step_s
        windows.append((at.replace(tzinfo=None), float(site_kw[first : first + steps].mean())))
    return windows


def _mark_billed_peaks(figure: "Figure", windows: list[tuple[datetime, float]], middle: datetime) -> None:
    """A diamond at every window that set a demand charge; the highest one is written out, inwards."""
    if not windows:
        return
    highest = max(range(len(windows)), key=lambda i: windows[i][1])
    at, kw = windows[highest]
    labels = [""] * len(windows)
    labels[highest] = f"{kw:.1f} kW, {at:%a %d %b %H:%M}"
    figure.add_scatter(
        x=[start for start, _ in windows],
        y=[mean_kw for _, mean_kw in windows],
        name="billed peak",
        mode="markers+text",
        text=labels,
        textposition="top right" if at < middle else "top left",
        textfont={"color": RED},
        marker={"color": RED, "size": 10, "symbol": "diamond"},
    )


def edges(run: "Run") -> "pd.DatetimeIndex":
    """Local wall-clock times of the step edges, shape (n_steps + 1,); plotly knows no zones."""
    from cosim.results.run import local_times

    since_start = run.clock.step_s * np.arange(run.clock.n_steps + 1)
    return local_times(run.clock, since_start).tz_localize(None)


def held(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Values with the last one repeated, so that the last step is drawn to its end, shape (n_steps + 1,)."""
    return np.append(values, values[-1:])
