"""What all figures of a run share: Okabe-Ito colours, local time axes, and how long series are drawn."""

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cosim.results.figures.thinning import column_length, column_starts, extreme_steps, steps_per_column

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure

    from cosim.results.run import Run
    from sims.clock import Clock

BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#6B7280"
LINES = (BLUE, GREEN, "#CC79A7", "#56B4E9", ORANGE, GREY)
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
STEP = {"shape": "hv"}
LIMIT = {"color": RED, "dash": "dash", "width": 1.4}
PALE = "#EBF0F8"
AXIS = {
    **{"automargin": True, "gridcolor": PALE, "linecolor": PALE, "ticks": ""},
    **{"title": {"standoff": 15}, "zerolinecolor": PALE, "zerolinewidth": 2},
}
# a whole template of plotly's would be checked and written for every figure: a third of a report's time
LOOKS: dict[str, Any] = {
    "autotypenumbers": "strict",
    "paper_bgcolor": "white",
    "plot_bgcolor": "white",
    "font": {"color": "#1f2937"},
    "hoverlabel": {"align": "left"},
    "legend": {"traceorder": "normal"},
    "xaxis": AXIS,
    "yaxis": AXIS,
}
Array = npt.NDArray[Any]


def new_figure() -> "Figure":
    """An empty figure in the house's looks."""
    from plotly.graph_objects import Figure

    return Figure(layout={"template": {"layout": LOOKS}})


def split_figure(*args: Any, **kwargs: Any) -> "Figure":
    """An empty figure of several panes, as plotly's `make_subplots` lays them out."""
    from plotly.subplots import make_subplots

    return make_subplots(*args, **kwargs, figure=new_figure())


def base_figure(run: "Run", title: str, y_title: str, panes: "Figure | None" = None) -> "Figure":
    """A figure over time in the looks of all of them, empty or laid out in `panes`."""
    figure = plain_figure(title, f"Local time ({run.clock.zone})", y_title, panes)
    figure.update_layout(hovermode="x unified")
    return figure


def plain_figure(title: str, x_title: str, y_title: str, panes: "Figure | None" = None) -> "Figure":
    """A figure in the looks of all of them, empty or laid out in `panes`."""
    figure = new_figure() if panes is None else panes
    figure.update_layout(
        title={
            **{"text": title, "x": 0.0, "xref": "paper", "font": {"size": 17}},
            **{"y": 1.0, "yref": "container", "yanchor": "top", "pad": {"t": 14}},
        },
        font={"family": FONT, "size": 13},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0.0, "xanchor": "left"},
        margin={"l": 70, "r": 24, "t": 76, "b": 56},
        height=420,
        hovermode="closest",
    )
    figure.update_xaxes(title_text=x_title, showgrid=True)
    figure.update_yaxes(title_text=y_title)
    return figure


def remark(figure: "Figure", *words: str) -> None:
    """Say below the title what is left out or put together; no words, no remark."""
    told = "; ".join(filter(None, words))
    if told:
        small = {"text": told, "font": {"size": 12, "color": GREY}}
        figure.update_layout(title_subtitle=small, margin_t=96)


def of_clock(clock: "Clock", what: str, columns: int = 1) -> str:
    """Say what is drawn of every column, nothing where a column is a step."""
    return "" if steps_per_column(clock) == 1 else f"{what} of every {column_length(clock, columns)}"


def edges(run: "Run") -> "pd.DatetimeIndex":
    """Local wall-clock times of the step edges, shape (n_steps + 1,); plotly knows no zones."""
    from cosim.results.run import local_times

    since_start = run.clock.step_s * np.arange(run.clock.n_steps + 1)
    return local_times(run.clock, since_start).tz_localize(None)


def stamps(times: "pd.Index") -> npt.NDArray[np.str_]:
    """Times as the shortest text plotly reads."""
    told = np.asarray(times, dtype="datetime64[s]")
    whole = not (told.astype(np.int64) % 60).any()
    return np.datetime_as_string(told, unit="m" if whole else "s")


def column_stamps(run: "Run") -> npt.NDArray[np.str_]:
    """Edges of the columns a figure draws, shape (n_columns + 1,)."""
    starts = column_starts(run.clock.n_steps, steps_per_column(run.clock))
    return stamps(edges(run)[np.append(starts, run.clock.n_steps)])


def held(values: Array) -> Array:
    """Values with the last one repeated, so that the last step is drawn to its end, shape (n_steps + 1,)."""
    return np.append(values, values[-1:])


def drawn(run: "Run", values: Array) -> dict[str, Array]:
    """A series of shape (n_steps,) as x and y of a line of steps; of a long one lows and highs."""
    kept = extreme_steps(values, steps_per_column(run.clock))
    x = stamps(edges(run)[np.append(kept, len(values))])
    return {"x": x, "y": held(values[kept])}


def mark_limit(figure: "Figure", at: float, words: str, **pane: Any) -> None:
    """A dashed line that something should stay below, with its name on it."""
    told = {"text": words, "font": {"size": 11, "color": RED}}
    figure.add_hline(y=at, line=LIMIT, annotation=told, annotation_position="top right", **pane)


def ends(run: "Run") -> npt.NDArray[np.str_]:
    """First and last instant of the run, for lines from side to side."""
    return stamps(edges(run)[[0, -1]])


def height_px(figure: "Figure") -> float:
    """Height a figure asks for."""
    return float(figure.to_plotly_json()["layout"].get("height") or 420.0)


def empty(figure: "Figure", words: str) -> "Figure":
    """The figure with the reason why there is nothing to see."""
    figure.add_annotation(text=words, showarrow=False, x=0.5, y=0.5, xref="paper", yref="paper")
    figure.update_layout(height=180)
    return figure
