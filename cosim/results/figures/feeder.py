"""The feeder: loading of its transformers over time, and the band in which each bus holds its voltage."""

from html import escape
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cosim.results.elements import OVERLOAD_PERCENT
from cosim.results.figures.base import (
    BLUE,
    LINES,
    ORANGE,
    RED,
    STEP,
    base_figure,
    drawn,
    edges,
    empty,
    mark_limit,
    of_clock,
    plain_figure,
    remark,
    stamps,
)
from cosim.results.figures.thinning import column_starts, steps_per_column
from cosim.results.kpi_table import unique
from cosim.results.voltage_quality import ANSI_RANGE_A, BY_PHASE, EN_50160

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from cosim.results.run import Run

Floats = npt.NDArray[np.float64]
MOST_LINES = len(LINES)
NAMED_BUSES = 40
MARGIN_PU = 0.01


def transformer_loading(run: "Run") -> "Figure":
    """Loading of every transformer, of many the most loaded, the line of the rating and what lies above."""
    loading = run.feeder.transformer_loading_percent
    names = unique(run.header.transformers)
    figure = base_figure(run, "Transformer loading", "Loading (% of rated current)")
    chosen = most_loaded(loading)
    for colour, i in zip(LINES, chosen, strict=False):
        line = {**STEP, "color": colour, "width": 1.4}
        figure.add_scatter(**drawn(run, loading[:, i]), name=escape(names[i]), mode="lines", line=line)
        _add_overload(figure, run, loading[:, i])
    mark_limit(figure, OVERLOAD_PERCENT, "rating")
    figure.update_yaxes(rangemode="tozero")
    figure.update_layout(showlegend=True)
    few = f"the {len(chosen)} most loaded of {len(names)}" if len(chosen) < len(names) else ""
    remark(figure, few, of_clock(run.clock, "lowest and highest", 2))
    return figure


def voltage_band(run: "Run") -> "Figure":
    """Lowest, mean and highest voltage of every bus, lowest first, against EN 50160 and ANSI C84.1."""
    title = "Voltage of the buses"
    stored = run.feeder
    vm = stored.vm_phase_pu if "unbalanced" in run.header.features else stored.vm_pu
    figure = plain_figure(title, "Buses, the one with the lowest voltage first", "Voltage (pu)")
    over = (0, 2) if vm.ndim == BY_PHASE else (0,)
    known: npt.NDArray[np.bool_] = np.atleast_1d(np.isfinite(vm).any(axis=over))
    if not known.any():
        return empty(figure, "no voltages")
    low, high = np.fmin.reduce(vm, axis=over), np.fmax.reduce(vm, axis=over)
    mean = np.nanmean(vm[:, known], axis=over)
    order = np.argsort(low[known], kind="stable")
    low, mean, high = low[known][order], mean[order], high[known][order]
    names = [escape(name) for name, one in zip(unique(run.header.buses), known, strict=True) if one]
    texts = [f"{names[i]}: {a:.4f} to {b:.4f}, mean {m:.4f} pu"
             for i, a, b, m in zip(order, low, high, mean, strict=True)]  # fmt: skip
    _add_band(figure, low, mean, high, texts)
    _add_limits(figure, len(low), float(low.min()), float(high.max()))
    if len(names) <= NAMED_BUSES:
        figure.update_xaxes(
            title_text="", tickvals=list(range(len(names))), ticktext=[names[i] for i in order], tickangle=-50
        )
    else:
        figure.update_xaxes(showticklabels=False, title_text=f"{len(names)} buses, lowest voltage first")
    dropped = f"{int((~known).sum())} without voltage left out" if not known.all() else ""
    remark(figure, "lowest and highest of the three phases" if vm.ndim == BY_PHASE else "", dropped)
    return figure


def most_loaded(loading: Floats) -> npt.NDArray[np.int64]:
    """Places of the most loaded elements a figure has colours for, in their order; the first of equals."""
    highest = np.fmax.reduce(loading, axis=0, initial=-np.inf)
    return np.sort(np.argsort(-highest, kind="stable")[:MOST_LINES])


def _add_overload(figure: "Figure", run: "Run", loading: Floats) -> None:
    """Red marks where a loading lies above the rating, one a column."""
    per = steps_per_column(run.clock)
    over = loading > OVERLOAD_PERCENT
    if not over.any():
        return
    starts = column_starts(len(loading), per)
    highest = np.fmax.reduceat(loading, starts)
    marked = np.flatnonzero(highest > OVERLOAD_PERCENT)
    figure.add_scatter(
        x=stamps(edges(run)[starts[marked]]),
        y=highest[marked],
        name=f"above {OVERLOAD_PERCENT:g} %",
        mode="markers",
        marker={"color": RED, "size": 6, "symbol": "triangle-up"},
    )


def _add_band(figure: "Figure", low: Floats, mean: Floats, high: Floats, texts: list[str]) -> None:
    """A bar from low to high and a dot at the mean of every bus."""
    place = np.arange(len(low))
    wide = 1.0 if len(low) > NAMED_BUSES else 0.35
    figure.add_bar(
        x=place, y=high - low, base=low, width=wide, name="lowest to highest",
        marker={"color": BLUE, "opacity": 0.45, "line": {"width": 0}}, hoverinfo="skip",
    )  # fmt: skip
    figure.add_scatter(
        x=place, y=mean, name="mean", mode="markers", text=texts,
        marker={"color": BLUE, "size": 7 if len(low) <= NAMED_BUSES else 3},
        hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip


def _add_limits(figure: "Figure", n: int, low: float, high: float) -> None:
    """The bands of both standards; the axis shows the narrower one always, the wider when it is near."""
    bands = ((ANSI_RANGE_A, ORANGE, "ANSI C84.1 range A (±5 %)"), (EN_50160, RED, "EN 50160 (±10 %)"))
    bottom = min(ANSI_RANGE_A.lowest_pu, low) - MARGIN_PU
    top = max(ANSI_RANGE_A.highest_pu, high) + MARGIN_PU
    for band, colour, label in bands:
        line = {"color": colour, "dash": "dash", "width": 1.4}
        x = [-0.5, n - 0.5, None, -0.5, n - 0.5]
        y = [band.lowest_pu, band.lowest_pu, None, band.highest_pu, band.highest_pu]
        near = bottom <= band.lowest_pu or top >= band.highest_pu
        if near:
            figure.add_scatter(x=x, y=y, name=label, mode="lines", line=line, hoverinfo="skip")
    figure.update_yaxes(range=[bottom, top], tickformat=".2f")
    figure.update_xaxes(range=[-0.7, n - 0.3], showgrid=False)
