"""What a site draws: net power with the demand charge it runs up, and energy by who used it."""

from datetime import datetime
from html import escape
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cosim.results.demand_so_far import demand_so_far
from cosim.results.figures.base import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    RED,
    STEP,
    base_figure,
    column_stamps,
    drawn,
    edges,
    ends,
    held,
    of_clock,
    remark,
    split_figure,
    stamps,
)
from cosim.results.figures.thinning import column_length, column_means, steps_per_column

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from cosim.results.run import Run

Floats = npt.NDArray[np.float64]
SHADE = {ORANGE: "rgba(230,159,0,0.13)", GREY: "rgba(107,114,128,0.16)", BLUE: "rgba(0,114,178,0.25)"}


def site_power(run: "Run", name: str) -> "Figure":
    """Net power with and without EVs, threshold and billed peaks, above the demand charge as it grows."""
    charged = bool(run.tariff(name).demand)
    panes = split_figure(rows=2, shared_xaxes=True, row_heights=[0.7, 0.3], vertical_spacing=0.06)
    title = f"Net power{' and demand charge' if charged else ''}: {escape(name)}"
    figure = base_figure(run, title, "Power (kW)", panes if charged else None)
    _add_powers(figure, run, name)
    middle = run.clock.local_time((run.clock.start_s + run.clock.end_s) / 2).replace(tzinfo=None)
    _mark_billed_peaks(figure, _billed_windows(run, name), middle)
    if charged:
        _add_demand_charge(figure, run, name)
    remark(figure, of_clock(run.clock, "lowest and highest", 2))
    return figure


def energy_split(run: "Run", name: str) -> "Figure":
    """Energy of the building and of the chargers in every quarter of an hour, or in longer columns."""
    clock, site, time = run.clock, run.site(name), column_stamps(run)
    per, charging = steps_per_column(clock), site.evse_kw.clip(min=0.0).sum(axis=1)
    hours = np.diff(np.append(np.arange(0, clock.n_steps, per), clock.n_steps)) * clock.dt_h

    def kwh(power_kw: Floats) -> Floats:
        return held(column_means(power_kw, per) * hours)

    figure = base_figure(run, f"Energy by use: {escape(name)}", f"Energy per {column_length(clock)} (kWh)")
    building, discharging = kwh(site.building_kw), kwh(site.evse_kw.clip(max=0.0).sum(axis=1))
    parts = [
        ("building", building, building, GREY, "tozeroy", "rgba(107,114,128,0.45)"),
        ("charging", building + kwh(charging), kwh(charging), BLUE, "tonexty", "rgba(0,114,178,0.55)"),
    ]
    if discharging.any():
        parts.append(("discharging", discharging, discharging, ORANGE, "tozeroy", "rgba(230,159,0,0.7)"))
    for label, top, told, colour, fill, shade in parts:
        line = {**STEP, "color": colour, "width": 0.6}
        figure.add_scatter(
            x=time, y=top, name=label, mode="lines", line=line, fill=fill, fillcolor=shade,
            customdata=told, hovertemplate="%{customdata:.2f} kWh",
        )  # fmt: skip
    return figure


def _add_powers(figure: "Figure", run: "Run", name: str) -> None:
    """Demand windows in the background, the building, the site above it and the threshold."""
    site, threshold = run.site(name), run.header.site(name).peak_threshold_kw
    top = 1.08 * max(float(site.site_kw.max()), float(site.building_kw.max()), threshold or 0.0, 1.0)
    in_window = run.tariff(name).in_demand_window(run.clock.calendar())
    if in_window.any() and not in_window.all() and steps_per_column(run.clock) == 1:
        _shade(figure, run, in_window, top)
    for label, values, colour, width, fill in (
        ("building alone", site.building_kw, GREY, 1.2, "tozeroy"),
        ("with EVs", site.site_kw, BLUE, 1.6, "tonexty"),
    ):
        line = {**STEP, "color": colour, "width": width}
        figure.add_scatter(
            **drawn(run, values), name=label, mode="lines", line=line, fill=fill, fillcolor=SHADE[colour]
        )
    if threshold is not None:
        dashed = {"color": GREEN, "dash": "dash", "width": 1.6}
        label = f"threshold {threshold:g} kW"
        figure.add_scatter(x=ends(run), y=[threshold] * 2, name=label, mode="lines", line=dashed)
    low = min(0.0, 1.05 * float(site.site_kw.min()), 1.05 * float(site.building_kw.min()))
    figure.update_yaxes(range=[low, 1.04 * top])


def _shade(figure: "Figure", run: "Run", inside: npt.NDArray[np.bool_], top: float) -> None:
    """Hours in which a demand charge can be set."""
    changes = np.flatnonzero(np.diff(inside)) + 1
    kept = np.concatenate([[0], changes])
    figure.add_scatter(
        x=stamps(edges(run)[np.append(kept, run.clock.n_steps)]),
        y=held(np.where(inside[kept], top, 0.0)),
        name="demand windows",
        mode="lines",
        line={**STEP, "width": 0},
        fill="tozeroy",
        fillcolor=SHADE[ORANGE],
        hoverinfo="skip",
    )


def _add_demand_charge(figure: "Figure", run: "Run", name: str) -> None:
    """The demand charge so far, in a pane below; it starts anew with every month."""
    steps, charge = demand_so_far(run, name)
    currency = run.header.site(name).currency
    at = np.append(steps, run.clock.n_steps)
    figure.add_scatter(
        x=stamps(edges(run)[at]),
        y=held(charge),
        name="demand charge so far",
        mode="lines",
        line={**STEP, "color": RED, "width": 1.8},
        fill="tozeroy",
        fillcolor="rgba(213,94,0,0.10)",
        hovertemplate=f"%{{y:,.2f}} {escape(currency)}",
        row=2,
        col=1,
    )
    figure.update_layout(height=560)
    figure.update_xaxes(title_text="", row=1, col=1)
    figure.update_yaxes(
        title_text=f"Charge ({escape(currency)})", range=None, rangemode="tozero", row=2, col=1
    )


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
