"""Figures of a study over numeric axes: hosting-capacity curves and maps of two axes."""

# pandas comes without types: what a frame gives is read as any of several things
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
# pyright: reportGeneralTypeIssues=false, reportReturnType=false

from html import escape
from math import isnan
from typing import TYPE_CHECKING

from cosim.results.compare.plots import say, styled
from cosim.results.figures.base import RED, split_figure
from cosim.study.capacity import Crossing, crossing, size_curves
from cosim.study.judged import LOADING, VOLTAGE, Judged
from cosim.study.plots import SYMBOLS, group_colour
from cosim.study.roles import group_of

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure

LIMITS: tuple[tuple[Judged, float], ...] = ((LOADING, 100.0), (VOLTAGE, 0.90))
"""What a fleet must not break: ratings of lines and transformers, and -10 % of EN 50160."""
MOST_MAPS = 4


def hosting_curves(judged: "pd.DataFrame", size: str, group: str | None) -> "Figure":
    """Worst loading and voltage by size of the fleet, with the limits and where they are met.

    Parameters
    ----------
    judged : DataFrame
        From `judged_table`.
    size : str
        Numeric axis that is the size of the fleet.
    group : str or None
        Axis with one curve a value.
    """
    panes = split_figure(1, len(LIMITS), horizontal_spacing=0.1)
    figure = styled("Hosting capacity: worst of all seeds and other axes", escape(size), "", panes)
    for i, (one, limit) in enumerate(LIMITS, start=1):
        curves = size_curves(judged, size, one, group)
        for j, name in enumerate(curves.columns):
            look = {"color": group_colour(j), "width": 1.6}
            marker = {"symbol": SYMBOLS[j % len(SYMBOLS)], "size": 7}
            figure.add_scatter(
                x=curves.index,
                y=curves[name],
                name=escape(str(name)),
                legendgroup=str(name),
                showlegend=i == 1,
                mode="lines+markers",
                line=look,
                marker=marker,
                connectgaps=True,
                row=1,
                col=i,
            )
            _mark(
                figure,
                crossing(curves.index.to_numpy(), curves[name].to_numpy(), limit, one.better),
                limit,
                i,
            )
        figure.add_hline(y=limit, line={"color": RED, "dash": "dash", "width": 1.4}, row=1, col=i)
        figure.update_yaxes(title_text=one.axis, col=i)
    figure.update_layout(hovermode="closest")
    return figure


def _mark(figure: "Figure", found: Crossing, limit: float, column: int) -> None:
    """A diamond where a curve meets its limit, with the size written beside it."""
    if not isnan(found.size):
        figure.add_scatter(
            x=[found.size],
            y=[limit],
            mode="markers+text",
            text=[f"{found.size:.1f}"],
            textposition="top center",
            textfont={"color": RED},
            marker={"symbol": "diamond", "size": 10, "color": RED},
            showlegend=False,
            hovertemplate="meets the limit at %{x:.1f}<extra></extra>",
            row=1,
            col=column,
        )


def heat_map(judged: "pd.DataFrame", x: str, y: str, figure: Judged, group: str | None) -> "Figure":
    """Mean of a figure over two numeric axes, one pane a group; blank where no case is known.

    Parameters
    ----------
    judged : DataFrame
        From `judged_table`.
    x, y : str
        Numeric axes; their values become the rows and columns of the map.
    figure : Judged
        What is shown.
    group : str or None
        Axis with one pane a value, the first `MOST_MAPS`.
    """
    parts = list(judged.groupby(group_of(judged, group), sort=False))[:MOST_MAPS]
    if not parts or judged[figure.name].isna().all():
        empty = styled(f"{figure.label} over {escape(x)} and {escape(y)}", escape(x), escape(y))
        say(empty, "nothing is known")
        return empty
    names = [escape(str(name)) for name, _ in parts]
    panes = split_figure(1, len(parts), shared_yaxes=True, subplot_titles=names, horizontal_spacing=0.03)
    title = f"{escape(figure.axis)} over {escape(x)} and {escape(y)}, others averaged"
    drawn = styled(title, escape(x), "", panes)
    drawn.update_yaxes(title_text=escape(y), col=1)
    for i, (_, part) in enumerate(parts, start=1):
        means = part.pivot_table(index=y, columns=x, values=figure.name, aggfunc="mean")
        drawn.add_heatmap(
            x=[f"{value:g}" for value in means.columns],
            y=[f"{value:g}" for value in means.index],
            z=means.to_numpy(),
            coloraxis="coloraxis",
            texttemplate="%{z:,.4~g}",
            hovertemplate=f"{escape(x)} %{{x}}<br>{escape(y)} %{{y}}<br>%{{z:,.5~g}}<extra></extra>",
            row=1,
            col=i,
        )
    drawn.update_xaxes(type="category", showgrid=False)
    drawn.update_yaxes(type="category", showgrid=False)
    bar = {"title": {"text": escape(figure.axis), "side": "right"}, "thickness": 14}
    drawn.update_layout(coloraxis={"colorscale": "Cividis", "colorbar": bar}, hovermode="closest")
    return drawn
