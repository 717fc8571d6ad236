"""What the ports of a site do: who stands there, and what flows."""

from html import escape
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cosim.results.figures.base import (
    BLUE,
    LINES,
    ORANGE,
    STEP,
    base_figure,
    column_stamps,
    drawn,
    empty,
    of_clock,
    remark,
)
from cosim.results.figures.thinning import column_means, steps_per_column

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from cosim.results.run import Run

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
MOST_ROWS = 60
FEW_LINES = 4
WHITE = "#F7F7F7"
NO_PORTS = "no charging ports"


def port_occupancy(run: "Run", name: str) -> "Figure":
    """Which port held a car when, coloured by its state of charge; empty is blank."""
    figure = base_figure(run, f"Ports: {escape(name)} (⇄ can discharge)", "")
    if not run.header.site(name).evse:
        return empty(figure, NO_PORTS)
    rows = busiest_ports(run, name)
    names, values = port_names(run, name, rows), 100.0 * run.site(name).soc[:, rows]
    add_rows(figure, run, names, values, "State of charge (%)", "%{z:.0f} %")
    figure.update_traces(zmin=0, zmax=100, colorscale="Cividis")
    remark(figure, *said_of_rows(run, rows, len(run.header.site(name).evse), "ports", "by energy"))
    return figure


def port_rates(run: "Run", name: str) -> "Figure":
    """Power of every port; of a few as lines."""
    header = run.header.site(name)
    figure = base_figure(run, f"Power of the ports: {escape(name)}", "Power (kW)")
    if not header.evse:
        return empty(figure, NO_PORTS)
    rows, power = busiest_ports(run, name), run.site(name).evse_kw
    if len(rows) <= FEW_LINES:
        for i, (label, row) in enumerate(zip(port_names(run, name, rows), rows, strict=True)):
            line = {**STEP, "color": LINES[i], "width": 1.4}
            figure.add_scatter(**drawn(run, power[:, row]), name=label, mode="lines", line=line)
        figure.update_layout(showlegend=True)
        remark(figure, of_clock(run.clock, "lowest and highest", 2))
        return figure
    figure.update_yaxes(title_text="")
    low, high = (float(limit(power[:, rows])) for limit in (np.min, np.max))
    add_rows(figure, run, port_names(run, name, rows), power[:, rows], "Power (kW)", "%{z:.1f} kW")
    scale = [[0.0, ORANGE], [0.5, WHITE], [1.0, BLUE]] if low < 0.0 else [[0.0, WHITE], [1.0, BLUE]]
    reach = max(high, -low, 1.0)
    figure.update_traces(zmin=-reach if low < 0.0 else 0.0, zmax=reach, colorscale=scale)
    way = "blue charges, orange discharges" if low < 0.0 else ""
    remark(figure, *said_of_rows(run, rows, len(header.evse), "ports", "by energy"), way)
    return figure


def busiest_ports(run: "Run", name: str) -> Ints:
    """Ports a figure shows, in their order: those that moved most energy where there are too many."""
    moved = np.abs(run.site(name).evse_kw).sum(axis=0)
    return np.sort(np.argsort(-moved, kind="stable")[:MOST_ROWS])


def port_names(run: "Run", name: str, rows: Ints) -> list[str]:
    """Names of ports as a figure writes them; an arrow on those that can discharge."""
    header = run.header.site(name)
    arrow = ["⇄ " if kind == "bidirectional" else "" for kind in header.evse_kind]
    return [arrow[row] + escape(header.evse[row]) for row in rows]


def add_rows(figure: "Figure", run: "Run", names: list[str], values: Floats, unit: str, told: str) -> None:
    """A map with one row a name, the first on top: values of shape (n_steps, n_names), blank where NaN."""
    means = column_means(values, steps_per_column(run.clock))
    figure.add_heatmap(
        x=column_stamps(run),
        y=names,
        z=means.T,
        hoverongaps=False,
        ygap=2 if len(names) <= MOST_ROWS // 2 else 1,
        colorbar={"title": {"text": unit, "side": "right"}, "thickness": 14},
        hovertemplate=f"%{{y}}<br>%{{x|%a %d %b %H:%M}}<br>{told}<extra></extra>",
    )
    figure.update_yaxes(type="category", dtick=1, autorange="reversed", showgrid=False)
    figure.update_layout(
        height=170 + max(8, len(names)) * (22 if len(names) <= 30 else 15), hovermode="closest"
    )


def said_of_rows(run: "Run", rows: Ints, n: int, what: str, first: str) -> tuple[str, str]:
    """What a map leaves out and what it puts together, for its remark."""
    few = f"{len(rows)} of {n} {what}, the first {first}" if len(rows) < n else ""
    return few, of_clock(run.clock, "mean")
