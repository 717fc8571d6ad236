"""The picture of a transformer's heat."""

from html import escape
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cosim.results.figures.base import (
    BLUE,
    GREY,
    ORANGE,
    RED,
    STEP,
    base_figure,
    drawn,
    edges,
    mark_limit,
    of_clock,
    remark,
    split_figure,
    stamps,
)
from cosim.results.figures.thinning import extreme_steps, steps_per_column
from cosim.results.kpi_table import unique
from cosim.results.kpis_feeder import OVERLOAD_PERCENT
from cosim.results.kpis_thermal import LONG_EMERGENCY_C, NORMAL_CYCLIC_C

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from cosim.results.run import Run

Floats = npt.NDArray[np.float64]
LIMITS = ((NORMAL_CYCLIC_C, "hot spot, normal cyclic"), (LONG_EMERGENCY_C, "hot spot, long emergency"))


def transformer_heat(run: "Run") -> "Figure":
    """Hot spot, top oil and air below the loading that heats them; of several transformers the hottest."""
    feeder, names = run.feeder, unique(run.header.transformers)
    i = int(np.argmax(np.nan_to_num(feeder.theta_hotspot_c, nan=-np.inf).max(axis=0)))
    of = f" (hottest of {len(names)})" if len(names) > 1 else ""
    panes = split_figure(rows=2, cols=1, shared_xaxes=True, row_heights=[0.35, 0.65], vertical_spacing=0.05)
    figure = base_figure(run, f"Transformer heat: {escape(names[i])}{of}", "", panes)
    _add_loading(figure, run, feeder.transformer_loading_percent[:, i])
    # temperatures are those at the ends of steps, the air's that of the whole step
    for name, values, colour in (
        ("hot spot", feeder.theta_hotspot_c[:, i], RED),
        ("top oil", feeder.theta_topoil_c[:, i], ORANGE),
    ):
        kept = extreme_steps(values, steps_per_column(run.clock))
        time, line = stamps(edges(run)[kept + 1]), {"color": colour, "width": 1.6}
        figure.add_scatter(x=time, y=values[kept], name=name, mode="lines", line=line, row=2, col=1)
    air = {**STEP, "color": BLUE, "width": 1.2}
    figure.add_scatter(**drawn(run, feeder.ambient_c), name="air", mode="lines", line=air, row=2, col=1)
    highest_c = np.nanmax(feeder.theta_hotspot_c[:, i])
    for limit_c, words in LIMITS[: 2 if highest_c > NORMAL_CYCLIC_C else 1]:
        mark_limit(figure, limit_c, words, row=2, col=1)
    figure.update_layout(height=560)
    figure.update_xaxes(title_text="", row=1, col=1)
    figure.update_yaxes(title_text="Loading (%)", rangemode="tozero", row=1, col=1)
    figure.update_yaxes(title_text="Temperature (°C)", row=2, col=1)
    remark(figure, of_clock(run.clock, "lowest and highest", 2))
    return figure


def _add_loading(figure: "Figure", run: "Run", loading_percent: Floats) -> None:
    grey = {**STEP, "color": GREY, "width": 1.2}
    loading = drawn(run, loading_percent)
    figure.add_scatter(**loading, name="loading", mode="lines", line=grey, row=1, col=1)
    mark_limit(figure, OVERLOAD_PERCENT, "rating", row=1, col=1)
