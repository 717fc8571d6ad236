"""The picture of what energy costs and emits."""

from html import escape
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cosim.results.figures.base import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    STEP,
    base_figure,
    drawn,
    of_clock,
    remark,
    split_figure,
)

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from cosim.results.run import Group, Run

Floats = npt.NDArray[np.float64]

PRICES = (
    ("market_price_per_kwh", "market", GREY),
    ("price_per_kwh", "energy drawn", BLUE),
    ("export_price_per_kwh", "energy fed back", ORANGE),
)
INTENSITIES = (
    ("co2_g_per_kwh", "CO2, average", GREEN),
    ("co2_marginal_g_per_kwh", "CO2, marginal", ORANGE),
)


def site_prices(run: "Run", name: str) -> "Figure":
    """Prices of a site above the CO2 intensities of its grid, where there are any."""
    header = run.header.site(name)
    stored = run.signals(header.signals)
    prices, intensities = _told(stored, PRICES), _told(stored, INTENSITIES)
    rows = 2 if intensities else 1
    heights = [0.6, 0.4][:rows]
    panes = split_figure(rows=rows, cols=1, shared_xaxes=True, row_heights=heights, vertical_spacing=0.07)
    figure = base_figure(run, f"Prices{' and CO2' if intensities else ''}: {escape(name)}", "", panes)
    for row, lines in enumerate((prices, intensities)[:rows], start=1):
        for label, colour, values in lines:
            line = {**STEP, "color": colour, "width": 1.4}
            figure.add_scatter(**drawn(run, values), name=label, mode="lines", line=line, row=row, col=1)
    figure.update_yaxes(title_text=f"Price ({escape(header.currency)}/kWh)", zeroline=True, row=1, col=1)
    if intensities:
        figure.update_layout(height=520)
        figure.update_xaxes(title_text="", row=1, col=1)
        figure.update_yaxes(title_text="CO2 (g/kWh)", rangemode="tozero", row=2, col=1)
    remark(figure, of_clock(run.clock, "lowest and highest", 2))
    return figure


def _told(stored: "Group", table: tuple[tuple[str, str, str], ...]) -> list[tuple[str, str, Floats]]:
    """Label, colour and values of the series that tell anything: nothing but zeros was not given."""
    there = [(label, colour, getattr(stored, name, None)) for name, label, colour in table]
    return [
        (label, colour, values)
        for label, colour, values in there
        if values is not None and np.any(np.nan_to_num(values) != 0.0)
    ]
