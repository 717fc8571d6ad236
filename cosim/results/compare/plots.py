"""Figures of several runs over each other: each takes a table with one column a run, see `frames`."""

# pandas comes without types: what a frame gives is read as any of several things
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
# pyright: reportGeneralTypeIssues=false, reportReturnType=false

from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from cosim.results.elements import OVERLOAD_PERCENT
from cosim.results.figures.base import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    RED,
    STEP,
    mark_limit,
    plain_figure,
    split_figure,
)
from cosim.results.kpis_sessions import SHORT_KWH

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure

COLOURS = (GREY, BLUE, ORANGE, GREEN, "#CC79A7", "#56B4E9", RED, "#F0E442")
"""Grey is the baseline, which is drawn first."""
DASHES = ("solid", "dash", "dot", "dashdot")
MOST_SHORT = 40
"""So many sessions are drawn, those short of most."""


def overlaid_power(power_kw: "pd.DataFrame", title: str, zone: str) -> "Figure":
    """Power of a site in every run, shape (n_steps + 1, n_runs) [kW], index local time."""
    figure = styled(title, f"Local time ({zone})", "Power (kW)")
    for trace in _lines(power_kw, STEP):
        figure.add_scatter(**trace)
    return figure


def overlaid_loading(loading_percent: "pd.DataFrame", title: str, zone: str) -> "Figure":
    """Loading of the transformers, shape (n_steps + 1, n_runs) [%], with the line of the rating."""
    figure = styled(title, f"Local time ({zone})", "Loading (% of rated current)")
    for trace in _lines(loading_percent, STEP):
        figure.add_scatter(**trace)
    _mark_rating(figure)
    return figure


def durations(curves: "pd.DataFrame", title: str, y_title: str, *, rating: bool = False) -> "Figure":
    """Duration curves, from `frames.duration_curves`; `rating` draws the line of 100 %."""
    figure = styled(title, "Share of the time with at least this value (%)", y_title)
    for trace in _lines(curves, {}):
        figure.add_scatter(**trace)
    if rating:
        _mark_rating(figure)
    return figure


def cost_to_date(energy: "pd.DataFrame", demand: "pd.DataFrame", title: str, currency: str) -> "Figure":
    """Energy and demand lines of the bill to date, shape (n_dates, n_runs) each [currency], side by side."""
    panes = split_figure(1, 2, subplot_titles=("Energy", "Demand charge"), horizontal_spacing=0.09)
    figure = styled(title, "", f"Bill to date ({escape(currency)})", panes)
    figure.update_yaxes(title_text="", col=2)
    for column, table in enumerate((energy, demand), start=1):
        for trace in _lines(table, STEP if column == 2 else {}):
            figure.add_scatter(**trace, showlegend=column == 1, legendgroup=trace["name"], row=1, col=column)
    figure.update_yaxes(rangemode="tozero")
    return figure


def charge_on_leaving(soc_percent: "pd.DataFrame", title: str) -> "Figure":
    """Share of the cars that leave with at most each charge, of shape (n_sessions, n_runs) [%].

    A curve further right serves better; the step at 100 % are the cars that leave full.
    """
    figure = styled(title, "State of charge on leaving (%)", "Cars that leave with at most this (%)")
    for i, label in enumerate(soc_percent.columns):
        left = np.sort(soc_percent[label].dropna().to_numpy(dtype=np.float64))
        if len(left):
            share = 100.0 * np.arange(len(left) + 1) / len(left)
            figure.add_scatter(
                x=np.append(left[:1], left), y=share, name=escape(str(label)), line=_look(i) | {"shape": "hv"}
            )
    figure.update_layout(hovermode="closest")
    if not figure.data:
        say(figure, "no car left within the run")
    return figure


def missing_by_session(missing_kwh: "pd.DataFrame", title: str) -> "Figure":
    """What sessions lacked on leaving, shape (n_sessions, n_runs) [kWh]; those short of most in any run."""
    short = missing_kwh[missing_kwh.max(axis=1) > SHORT_KWH]
    worst = short.loc[short.max(axis=1).sort_values(ascending=False, kind="stable").index[:MOST_SHORT]]
    figure = styled(
        f"{title}: {len(worst)} of {len(short)} short sessions", "Session", "Missing energy (kWh)"
    )
    for i, label in enumerate(worst.columns):
        names = [escape(str(session)) for session in worst.index]
        figure.add_bar(x=names, y=worst[label], name=escape(str(label)), marker_color=_look(i)["color"])
    figure.update_layout(barmode="group", hovermode="x unified")
    figure.update_xaxes(type="category", showticklabels=len(worst) <= MOST_SHORT // 2)
    if worst.empty:
        say(figure, "no session left short in any run")
    return figure


def bill_waterfalls(parts: "pd.DataFrame", title: str, currency: str) -> "Figure":
    """How each run's bill adds up, shape (n_kinds, n_runs) [currency], one pane a run on one scale."""
    panes = split_figure(
        1,
        len(parts.columns),
        shared_yaxes=True,
        subplot_titles=[escape(str(label)) for label in parts.columns],
        horizontal_spacing=0.02,
    )
    figure = styled(title, "", "", panes)
    figure.update_yaxes(title_text=escape(currency), col=1)
    for column, label in enumerate(parts.columns, start=1):
        figure.add_waterfall(**_waterfall(parts[label]), row=1, col=column)
    figure.update_layout(showlegend=False, hovermode="closest")
    return figure


def styled(title: str, x_title: str, y_title: str, panes: "Figure | None" = None) -> "Figure":
    """A figure in the looks of the report, its legend below; names in titles are escaped by the caller."""
    figure = plain_figure(title, x_title, y_title, panes)
    below = {"yref": "container", "y": 0.0, "yanchor": "bottom"}
    figure.update_layout(legend=below, margin={"t": 64, "b": 92}, height=440, hovermode="x unified")
    return figure


def _lines(table: "pd.DataFrame", shape: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """One line a column; the baseline is grey and wider, so that it shows beneath one that equals it."""
    for i, label in enumerate(table.columns):
        look = {**shape, **_look(i), "width": 1.5 if i else 3.5}
        yield {"x": table.index, "y": table[label], "name": escape(str(label)), "mode": "lines", "line": look}


def _look(i: int) -> dict[str, str]:
    """Colour and dash of the i-th run."""
    return {"color": COLOURS[i % len(COLOURS)], "dash": DASHES[i // len(COLOURS) % len(DASHES)]}


def _waterfall(amounts: "pd.Series") -> dict[str, Any]:
    """Steps of one bill and its total."""
    return {
        "x": [*amounts.index, "total"],
        "y": [*amounts, 0.0],
        "measure": [*(["relative"] * len(amounts)), "total"],
        "text": [f"{amount:,.0f}" for amount in (*amounts, amounts.sum())],
        "textposition": "outside",
        "cliponaxis": False,
        "increasing": {"marker": {"color": ORANGE}},
        "decreasing": {"marker": {"color": GREEN}},
        "totals": {"marker": {"color": BLUE}},
        "connector": {"line": {"color": GREY, "width": 1}},
    }


def _mark_rating(figure: "Figure") -> None:
    mark_limit(figure, OVERLOAD_PERCENT, "rating")
    figure.update_yaxes(rangemode="tozero")


def say(figure: "Figure", words: str) -> None:
    """Words in the middle of a figure that has nothing to draw."""
    figure.add_annotation(text=words, showarrow=False, x=0.5, y=0.5, xref="paper", yref="paper")
