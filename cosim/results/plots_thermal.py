"""The picture of a transformer's heat."""

from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from cosim.results.kpi_table import unique
from cosim.results.kpis_feeder import OVERLOAD_PERCENT
from cosim.results.kpis_thermal import LONG_EMERGENCY_C, NORMAL_CYCLIC_C
from cosim.results.plots import BLUE, GREY, ORANGE, RED, STEP, base_figure, edges, held

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from cosim.results.run import Run

LIMIT: dict[str, Any] = {"mode": "lines", "showlegend": False, "hoverinfo": "skip"}


def transformer_heat(run: "Run") -> "Figure":
    """Hot spot, top oil and air below the loading that heats them; of several transformers the hottest."""
    from plotly.subplots import make_subplots

    feeder, names = run.feeder, unique(run.header.transformers)
    i = int(np.argmax(np.nan_to_num(feeder.theta_hotspot_c, nan=-np.inf).max(axis=0)))
    of = f" (hottest of {len(names)})" if len(names) > 1 else ""
    panes = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.35, 0.65], vertical_spacing=0.05)
    figure = base_figure(run, f"Transformer heat: {escape(names[i])}{of}", "", panes)
    time = edges(run)
    loading, grey = held(feeder.transformer_loading_percent[:, i]), {**STEP, "color": GREY, "width": 1.2}
    figure.add_scatter(x=time, y=loading, name="loading", line=grey, row=1, col=1)
    ends, dashed = [time[0], time[-1]], {"color": RED, "dash": "dash", "width": 1.2}
    figure.add_scatter(x=ends, y=[OVERLOAD_PERCENT] * 2, line=dashed, **LIMIT, row=1, col=1)
    # temperatures are those at the ends of steps, the air's that of the whole step
    for name, values, colour in (
        ("hot spot", feeder.theta_hotspot_c[:, i], RED),
        ("top oil", feeder.theta_topoil_c[:, i], ORANGE),
    ):
        line = {"color": colour, "width": 1.6}
        figure.add_scatter(x=time[1:], y=values, name=name, mode="lines", line=line, row=2, col=1)
    air = {**STEP, "color": BLUE, "width": 1.2}
    figure.add_scatter(x=time, y=held(feeder.ambient_c), name="air", line=air, row=2, col=1)
    highest_c = np.nanmax(feeder.theta_hotspot_c[:, i])
    for limit_c in (NORMAL_CYCLIC_C, LONG_EMERGENCY_C)[: 2 if highest_c > NORMAL_CYCLIC_C else 1]:
        figure.add_scatter(x=ends, y=[limit_c] * 2, line=dashed, **LIMIT, row=2, col=1)
    figure.update_layout(height=560)
    figure.update_xaxes(title_text="", row=1, col=1)
    figure.update_yaxes(title_text="Loading (%)", rangemode="tozero", row=1, col=1)
    figure.update_yaxes(title_text="Temperature (°C)", row=2, col=1)
    return figure
