"""The state of charge of very many cars: every stay as a line from its arrival on."""

from html import escape
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cosim.results.figures.base import BLUE, RED, plain_figure, remark
from cosim.results.kpis_sessions import SHORT_KWH

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from cosim.results.run import Run

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
MOST_STAYS = 300
POINTS_PER_STAY = 60
SHOWN_PERCENT = 98.0  # of the stays end within the axis


def stay_soc(run: "Run", name: str) -> "Figure":
    """State of charge over the hours since arrival; red those that left short of what they wanted."""
    title = f"State of charge per car: {escape(name)}"
    figure = plain_figure(title, "Hours since arrival", "State of charge (%)")
    row, hours, soc = _states(run, name)
    short = run.sessions(name)["missing_kwh"].to_numpy() > SHORT_KWH
    stays = np.unique(row)
    every = -(-len(stays) // MOST_STAYS)
    for label, chosen, colour, opacity in (
        ("left with what it wanted", stays[~short[stays]], BLUE, 0.5),
        ("left short", stays[short[stays]], RED, 0.6),
    ):
        x, y = _lines(chosen[::every], row, hours, soc)
        if len(x):
            line = {"color": colour, "width": 1.0}
            figure.add_scatter(x=x, y=y, name=label, mode="lines", line=line, opacity=opacity)
    figure.update_traces(hovertemplate="%{y:.0f} % after %{x:.1f} h<extra></extra>")
    longest = float(np.percentile([hours[row == stay].max() for stay in stays[::every]], SHOWN_PERCENT))
    figure.update_xaxes(range=[0.0, 1.05 * max(longest, 1.0)])
    figure.update_yaxes(range=[0, 104])
    figure.update_layout(showlegend=True)
    remark(figure, f"every {_nth(every)} of {len(stays)} stays" if every > 1 else f"{len(stays)} stays")
    return figure


def _states(run: "Run", name: str) -> tuple[Ints, Floats, Floats]:
    """Session, hours since its arrival and state of charge [%] of every connected step, sorted by session."""
    site, clock = run.site(name), run.clock
    step, port = np.nonzero(site.session >= 0)
    row = site.session[step, port].astype(np.int64)
    order = np.argsort(row, kind="stable")
    first = np.full(int(row.max(initial=-1)) + 1, clock.n_steps)
    np.minimum.at(first, row, step)
    hours = (step - first[row]) * clock.dt_h
    return row[order], np.asarray(hours[order], dtype=np.float64), 100.0 * site.soc[step, port][order]


def _lines(stays: Ints, row: Ints, hours: Floats, soc: Floats) -> tuple[Floats, Floats]:
    """Stays one after the other with a gap between, so that one trace draws them all."""
    x: list[Floats] = []
    y: list[Floats] = []
    gap = np.array([np.nan])
    for stay in stays:
        start, end = np.searchsorted(row, [stay, stay + 1])
        kept = slice(start, end, max(1, (end - start) // POINTS_PER_STAY))
        x += [hours[kept], gap]
        y += [soc[kept], gap]
    return (np.concatenate(x), np.concatenate(y)) if x else (gap[:0], gap[:0])


def _nth(n: int) -> str:
    return {2: "second", 3: "third"}.get(n, f"{n}th")
