"""Figures of a study: each takes its table of judged figures, see `cosim.study.judged`."""

# pandas comes without types: what a frame gives is read as any of several things
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
# pyright: reportGeneralTypeIssues=false, reportReturnType=false

from collections.abc import Sequence
from html import escape
from math import isnan
from typing import TYPE_CHECKING

from cosim.results.compare.plots import COLOURS, say, styled
from cosim.results.figures.base import BLUE, GREY, ORANGE, split_figure
from cosim.study.judged import Judged
from cosim.study.pareto import pareto_points
from cosim.study.roles import SEED, group_of, is_numeric, level_text, task_axes
from cosim.study.sensitivity import tornado

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure

MOST_BOXES = 12
"""Values of a numeric axis that get a box each; more are drawn as points on a numeric scale."""
SYMBOLS = ("circle", "square", "diamond", "cross", "triangle-up", "star", "x", "hexagon")
FADED, PLAIN = 0.28, 1.0
PANE_HEIGHT = 320


def spread(judged: "pd.DataFrame", axis: str, figures: Sequence[Judged], group: str | None) -> "Figure":
    """Spread of figures over the cases at each value of an axis, coloured by group.

    Parameters
    ----------
    judged : DataFrame
        From `judged_table`; NaN is left out.
    axis : str
        The axis: boxes of a few values, points of very many.
    figures : sequence of Judged
        One pane each, two a row.
    group : str or None
        Axis told apart by colour.
    """
    boxes = not (is_numeric(judged[axis]) and judged[axis].nunique() > MOST_BOXES)
    groups = group_of(judged, None if group == axis else group)
    figure = _panes(f"Spread over seeds and all other axes, by {escape(axis)}", figures, axis)
    for i, one in enumerate(figures):
        for j, (name, cases) in enumerate(judged.groupby(groups, sort=False)):
            known = cases[cases[one.name].notna()]
            trace = {
                "x": known[axis].map(level_text) if boxes else known[axis],
                "y": known[one.name],
                "name": escape(str(name)),
                "legendgroup": str(name),
                "showlegend": i == 0 and len(set(groups)) > 1,
                "row": i // 2 + 1,
                "col": i % 2 + 1,
            }
            if boxes:
                look = {"marker": {"color": group_colour(j), "size": 4}, "line_width": 1.3}
                figure.add_box(
                    **trace, **look, offsetgroup=str(name), boxpoints="all", jitter=0.4, pointpos=0
                )
            else:
                figure.add_scatter(**trace, mode="markers", marker={"color": group_colour(j), "size": 6})
    if boxes:
        figure.update_layout(boxmode="group")
        order = [level_text(value) for value in _in_order(judged[axis])]
        figure.update_xaxes(type="category", categoryorder="array", categoryarray=order)
    return figure


def pareto(
    judged: "pd.DataFrame", axes: Sequence[str], cost: Judged, others: Sequence[Judged], group: str | None
) -> "Figure":
    """Cost against every other aim; settings that another beats in all aims at once are faded.

    Parameters
    ----------
    judged : DataFrame
        From `judged_table`.
    axes : sequence of str
        Axes of the study; each setting of those but `seed` is a point, the mean over its seeds.
    cost, others : Judged, sequence of Judged
        Cost stands on the upright axis of every pane, each other aim on the level axis of one.
    group : str or None
        Axis told apart by colour and symbol.
    """
    settings = [axis for axis in axes if axis != SEED]
    aims, task = [cost.name, *(one.name for one in others)], task_axes(judged, settings)
    points = pareto_points(judged, settings, aims, task)
    drawn = [one for one in others if one.name in points]
    known = int(points[[cost.name, *(one.name for one in drawn)]].notna().all(axis=1).sum()) if drawn else 0
    title = f"Cost, service and overload: {int(points['front'].sum())} of {known} settings are beaten by none"
    title += f" of the same {escape(', '.join(task))}" if task else ""
    if not drawn or cost.name not in points:
        figure = styled(title, "", cost.axis)
        say(figure, "nothing is known of cost, or of all other aims")
        return figure
    figure = styled(title, "", "", split_figure(1, len(drawn), shared_yaxes=True, horizontal_spacing=0.04))
    figure.update_yaxes(title_text=escape(cost.axis), col=1)
    for i, one in enumerate(drawn, start=1):
        figure.update_xaxes(title_text=one.axis, col=i)
        for j, (name, part) in enumerate(points.groupby(group_of(points, group), sort=False)):
            figure.add_scatter(
                x=part[one.name],
                y=part[cost.name],
                name=escape(str(name)),
                legendgroup=str(name),
                showlegend=i == 1,
                mode="markers",
                marker={
                    "color": group_colour(j),
                    "symbol": SYMBOLS[j % len(SYMBOLS)],
                    "size": [11 if front else 8 for front in part["front"]],
                    "opacity": [PLAIN if front else FADED for front in part["front"]],
                    "line": {"color": "#111827", "width": [1.2 if front else 0.0 for front in part["front"]]},
                },
                hovertext=_settings(part, settings),
                hovertemplate="%{hovertext}<br>%{x:,.4~g}, %{y:,.6~g}<extra></extra>",
                row=1,
                col=i,
            )
    figure.update_layout(hovermode="closest", height=460)
    return figure


def sensitivity(judged: "pd.DataFrame", axes: Sequence[str], figures: Sequence[Judged]) -> "Figure":
    """Tornado: lowest and highest mean of each figure over the values of each axis, one pane a figure."""
    figure = _panes("What moves the figures: range over each axis, all others averaged", figures, "", gap=0.2)
    for i, one in enumerate(figures):
        moved = tornado(judged, axes, one.name)[::-1]  # plotly draws upwards
        place = {"row": i // 2 + 1, "col": i % 2 + 1}
        figure.add_bar(
            y=[escape(str(axis)) for axis in moved["axis"]],
            x=moved["range"],
            base=moved["low"],
            orientation="h",
            marker_color=[GREY if axis == SEED else BLUE for axis in moved["axis"]],
            text=[
                f"{escape(low)} … {escape(high)}" if low != high else ""
                for low, high in zip(moved["low_at"], moved["high_at"], strict=True)
            ],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{y}: %{base:,.5~g} to %{x:,.5~g}<extra></extra>",
            showlegend=False,
            **place,
        )
        mean = judged[one.name].mean()
        if not isnan(mean):
            figure.add_vline(x=mean, line={"color": ORANGE, "dash": "dot", "width": 1.4}, **place)
        figure.update_xaxes(title_text=one.axis, range=_with_room(moved), **place)
        figure.update_yaxes(title_text="", automargin=True, **place)
    figure.update_layout(hovermode="closest", bargap=0.35)
    return figure


def _with_room(moved: "pd.DataFrame") -> tuple[float, float] | None:
    """An axis from a little below the bars to so far beyond that what is written beside them has room."""
    low, high = float(moved["low"].min()), float((moved["low"] + moved["range"]).max())
    return (low - 0.05 * (high - low), high + 0.55 * (high - low)) if high > low else None


def _panes(title: str, figures: Sequence[Judged], x_title: str, gap: float = 0.11) -> "Figure":
    """Two panes a row, one a figure, apart by `gap` of the width."""
    rows = -(-len(figures) // 2)
    gaps = {"horizontal_spacing": gap, "vertical_spacing": 0.28 / max(1, rows)}
    figure = styled(title, "", "", split_figure(rows, min(2, len(figures)), **gaps))
    for i, one in enumerate(figures):
        place = {"row": i // 2 + 1, "col": i % 2 + 1}
        figure.update_yaxes(title_text=escape(one.axis), **place)
        figure.update_xaxes(title_text=escape(x_title), **place)
    figure.update_layout(height=100 + PANE_HEIGHT * rows, hovermode="closest")
    return figure


def _settings(points: "pd.DataFrame", axes: Sequence[str]) -> list[str]:
    """What is said of each point under the pointer: its value on every axis."""
    return [
        "<br>".join(
            f"{escape(axis)}: {escape(level_text(value))}" for axis, value in zip(axes, row, strict=True)
        )
        for row in points[list(axes)].to_numpy(dtype=object)
    ]


def _in_order(values: "pd.Series") -> list[object]:
    """Values of an axis: numbers by size, names as the study lists them."""
    listed = list(dict.fromkeys(values.tolist()))
    return sorted(listed) if is_numeric(values) and not values.isna().any() else listed


def group_colour(i: int) -> str:
    """Colour of the i-th group; the grey of a baseline is left out."""
    return COLOURS[1 + i % (len(COLOURS) - 1)]
