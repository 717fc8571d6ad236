"""Duration curves: for how much of the time a power or a loading lies above a value."""

from html import escape
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cosim.results.elements import OVERLOAD_PERCENT
from cosim.results.figures.base import BLUE, GREEN, GREY, LINES, empty, mark_limit, plain_figure, remark
from cosim.results.figures.feeder import most_loaded
from cosim.results.kpi_table import unique

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from cosim.results.run import Run

Floats = npt.NDArray[np.float64]
MOST_POINTS = 1000
HIGHEST_KEPT = 50
OF_TIME = "Share of the time at or above (%)"


def site_duration(run: "Run", name: str) -> "Figure":
    """Power of the site with EVs and of its building alone, from the highest step down."""
    site, threshold = run.site(name), run.header.site(name).peak_threshold_kw
    figure = plain_figure(f"Duration of power: {escape(name)}", OF_TIME, "Power (kW)")
    for label, values, colour in (
        ("building alone", site.building_kw, GREY),
        ("with EVs", site.site_kw, BLUE),
    ):
        _add_curve(figure, values, label, colour, "kW")
    if threshold is not None:
        dashed = {"color": GREEN, "dash": "dash", "width": 1.6}
        label = f"threshold {threshold:g} kW"
        figure.add_scatter(x=[0, 100], y=[threshold] * 2, name=label, mode="lines", line=dashed)
    figure.update_xaxes(range=[0, 100])
    return figure


def loading_duration(run: "Run") -> "Figure":
    """Loading of the transformers, of many the most loaded, from the highest step down."""
    loading, names = run.feeder.transformer_loading_percent, unique(run.header.transformers)
    figure = plain_figure("Duration of transformer loading", OF_TIME, "Loading (% of rated current)")
    if not names:
        return empty(figure, "no transformers")
    chosen = most_loaded(loading)
    for colour, i in zip(LINES, chosen, strict=False):
        _add_curve(figure, loading[:, i], escape(names[i]), colour, "%")
    mark_limit(figure, OVERLOAD_PERCENT, "rating")
    figure.update_xaxes(range=[0, 100])
    figure.update_yaxes(rangemode="tozero")
    figure.update_layout(showlegend=True)
    remark(figure, f"the {len(chosen)} most loaded of {len(names)}" if len(chosen) < len(names) else "")
    return figure


def duration(values: Floats) -> tuple[Floats, Floats]:
    """Share of the time [%] a series lies at or above a value, and that value: from its highest down.

    Known steps count; of many the highest are kept all and the others evenly, so that no peak is lost.
    """
    known = np.sort(values[np.isfinite(values)])[::-1]
    n = len(known)
    rest = np.linspace(0, n - 1, min(n, MOST_POINTS)).round().astype(np.int64)
    kept = np.unique(np.concatenate([np.arange(min(n, HIGHEST_KEPT)), rest]))
    return 100.0 * (kept + 1) / max(n, 1), known[kept]


def _add_curve(figure: "Figure", values: Floats, label: str, colour: str, unit: str) -> None:
    share, level = duration(values)
    figure.add_scatter(
        x=share,
        y=level,
        name=label,
        mode="lines",
        line={"color": colour, "width": 1.8, "shape": "vh"},
        hovertemplate=f"%{{y:.1f}} {unit} or more: %{{x:.2f}} % of the time",
    )
