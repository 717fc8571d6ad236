"""A tariff as a picture: energy prices of every month and hour, one map for each kind of day."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cosim.results.figures.base import FONT, split_figure
from cosim.results.pages.page import figure, page, section, source
from cosim.tariff_table import DayTable, Rate, year_table
from cosim.tariff_text import price_text, tariff_lines

if TYPE_CHECKING:
    from plotly.graph_objects import Figure, Heatmap

    from sims.signals.tariffs.tariff import Tariff

# cheap to dear, readable in grey and by the colour-blind
COLOURS = ["#FFF9EC", "#FDE3B0", "#F9BC74", "#E8804A", "#B8402C"]
ROW_PX, TITLE_PX, MARGIN_PX = 26, 60, 70


def tariff_picture(tariff: "Tariff") -> "Figure":
    """Energy prices of every month and hour, for each kind of day; names and tiers on hover."""
    rates, tables = year_table(tariff)
    heights = [sum(1 for _ in table.month_rows()) for table in tables]
    gap = TITLE_PX / (TITLE_PX * (len(tables) - 1) + ROW_PX * sum(heights)) if len(tables) > 1 else 0.0
    figure = split_figure(
        rows=len(tables),
        cols=1,
        row_heights=heights,
        vertical_spacing=gap,
        subplot_titles=[table.days for table in tables],
    )
    for place, table in enumerate(tables, start=1):
        figure.add_trace(_map(tariff, table, rates), row=place, col=1)
    figure.update_yaxes(autorange="reversed", showgrid=False, type="category")
    figure.update_xaxes(dtick=1, showgrid=False, range=[-0.5, 23.5], zeroline=False, ticks="")
    figure.update_xaxes(title_text="Hour", row=len(tables), col=1)
    figure.update_layout(
        font={"family": FONT, "size": 12},
        height=ROW_PX * sum(heights) + TITLE_PX * len(tables) + MARGIN_PX,
        margin={"l": 60, "r": 20, "t": 40, "b": 40},
        coloraxis={
            "colorscale": COLOURS,
            "showscale": len(rates) > 1,
            "colorbar": {"title": {"text": f"{tariff.currency}/kWh"}, "thickness": 14},
        },
    )
    return figure


def _map(tariff: "Tariff", table: DayTable, rates: Sequence[Rate]) -> "Heatmap":
    from plotly.graph_objects import Heatmap

    names, rows = zip(*((name, numbers.tolist()) for name, numbers in table.month_rows()), strict=True)
    periods = [[rates[number].period for number in row] for row in rows]
    return Heatmap(
        x=list(range(24)),
        y=names,
        z=[[period.first_price_per_kwh for period in row] for row in periods],
        text=[[f"{period.first_price_per_kwh:.3f}" for period in row] for row in periods],
        texttemplate="%{text}",
        textfont={"size": 10},
        customdata=[[[period.name, price_text(period)] for period in row] for row in periods],
        hovertemplate="%{y}, %{x}:00<br>%{customdata[0]}<br>%{customdata[1]} "
        f"{tariff.currency}/kWh<extra></extra>",
        coloraxis="coloraxis",
        xgap=1,
        ygap=1,
    )


def tariff_page(tariff: "Tariff") -> str:
    """The picture and what the tariff says as one HTML page that needs nothing else."""
    told = "\n".join(tariff_lines(tariff, None, full_table=False))
    note = "" if tariff.real_time is None else " On top of the market price."
    lead = f"{tariff.utility}. Energy prices by month and hour of the local clock.{note}"
    shown = section("Prices", figure(tariff_picture(tariff), "tariff"))
    return page(tariff.label or tariff.name, [lead], [shown, section("Tariff", source(told))])
