"""Where the money of a site goes: from the building's bill to the site's, and what each car costs."""

from html import escape
from typing import TYPE_CHECKING

import numpy as np

from cosim.results.figures.base import BLUE, GREEN, GREY, RED, empty, plain_figure, remark, split_figure
from cosim.results.session_costs import car_costs

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from cosim.results.run import Run

STEPS = (
    ("EV energy", ("energy",)),
    ("fed back", ("export",)),
    ("demand charge", ("demand",)),
    ("fixed and minimum", ("fixed", "minimum")),
    ("adjustments", ("adjustment",)),
    ("events", ("event",)),
)
LEAST_CHANGE = 0.005
CUT_BELOW = 0.4  # share of the axis the changes fill when it is not cut
MOST_CARS = 3000


def bill_waterfall(run: "Run", name: str) -> "Figure":
    """From the bill of the building alone, kind by kind, to the bill of the site."""
    from plotly.graph_objects import Waterfall

    paid, alone = run.bill(name), run.building_bill(name)
    changes = [(label, paid.sum_of(*kinds) - alone.sum_of(*kinds)) for label, kinds in STEPS]
    changes = [(label, change) for label, change in changes if abs(change) >= LEAST_CHANGE]
    labels = ["building alone", *(label for label, _ in changes), "with EVs"]
    amounts = [alone.total, *(change for _, change in changes), paid.total]
    figure = plain_figure(f"Bill: {escape(name)}", "", f"{escape(paid.currency)}")
    figure.add_trace(
        Waterfall(
            x=labels,
            y=amounts,
            measure=["absolute", *["relative"] * len(changes), "total"],
            text=[f"{amounts[0]:,.2f}", *(f"{change:+,.2f}" for _, change in changes), f"{paid.total:,.2f}"],
            textposition="outside",
            connector={"line": {"color": GREY, "width": 1, "dash": "dot"}},
            increasing={"marker": {"color": RED}},
            decreasing={"marker": {"color": GREEN}},
            totals={"marker": {"color": BLUE}},
            hovertemplate="%{x}: %{text}<extra></extra>",
        )
    )
    levels = np.cumsum(amounts[:-1])
    low, high = float(min(levels.min(), 0.0)), float(max(levels.max(), 0.0))
    span = float(np.ptp(levels))
    if levels.min() > 0.0 and 0.0 < span < CUT_BELOW * high:
        low = max(0.0, float(levels.min()) - 1.5 * span)
        remark(figure, f"the axis starts at {low:,.0f} {escape(paid.currency)}, not at zero")
    margin = 0.12 * (high - low or 1.0)
    figure.update_yaxes(
        range=[low - (margin if low < 0.0 else 0.0), high + margin], zeroline=low <= 0.0, tickformat=","
    )
    figure.update_xaxes(showgrid=False)
    figure.update_layout(bargap=0.5)
    return figure


def ev_costs(run: "Run", name: str) -> "Figure":
    """Energy and its cost of every car, beside how the costs are spread; at the price of every step."""
    currency = escape(run.header.site(name).currency)
    costs = car_costs(run, name)
    panes = split_figure(rows=1, cols=2, shared_yaxes=True, column_widths=[0.7, 0.3], horizontal_spacing=0.03)
    figure = plain_figure(
        f"Energy cost per car: {escape(name)}", "Energy of the car (kWh, discharged subtracted)", "", panes
    )
    if costs.empty:
        return empty(plain_figure(f"Energy cost per car: {escape(name)}", "", ""), "no cars")
    every = -(-len(costs) // MOST_CARS)
    shown = costs.iloc[::every]
    figure.add_scatter(
        x=shown["energy_grid_kwh"].to_numpy(),
        y=shown["energy_cost"].to_numpy(),
        text=[escape(car) for car in shown.index],
        mode="markers",
        marker={"color": BLUE, "size": 7, "opacity": 0.5},
        hovertemplate=f"%{{text}}<br>%{{x:.1f}} kWh, %{{y:.2f}} {currency}<extra></extra>",
        row=1,
        col=1,
    )
    _add_spread(figure, costs["energy_cost"].to_numpy(), currency)
    mean = float(costs["energy_cost"].mean())
    dashed = {"color": RED, "dash": "dash", "width": 1.4}
    figure.add_hline(y=mean, line=dashed)
    figure.update_layout(showlegend=False, bargap=0.04)
    figure.update_xaxes(title_text="Cars", showgrid=False, row=1, col=2)
    figure.update_yaxes(title_text=f"Energy cost ({currency})", row=1, col=1)
    few = f"every {every}th of {len(costs)} cars" if every > 1 else ""
    remark(figure, f"mean of {len(costs)} cars {mean:,.2f} {currency}, without the demand charge", few)
    return figure


def _add_spread(figure: "Figure", costs: np.ndarray, currency: str) -> None:
    """How many cars cost how much, counted here so that the page holds the counts alone."""
    counts, borders = np.histogram(costs, bins=min(30, max(5, round(len(costs) ** 0.5))))
    figure.add_bar(
        x=counts,
        y=(borders[:-1] + borders[1:]) / 2.0,
        orientation="h",
        marker={"color": BLUE},
        hovertemplate=f"%{{x}} cars near %{{y:.2f}} {currency}<extra></extra>",
        row=1,
        col=2,
    )
