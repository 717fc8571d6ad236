"""The cars of a site: how full they are, and which are there when."""

from html import escape
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cosim.results.figures.base import (
    BLUE,
    GREEN,
    GREY,
    LINES,
    ORANGE,
    STEP,
    base_figure,
    column_stamps,
    drawn,
    edges,
    empty,
    ends,
    of_clock,
    remark,
    split_figure,
    stamps,
)
from cosim.results.figures.ports import MOST_ROWS, NO_PORTS, add_rows, busiest_ports, port_names, said_of_rows
from cosim.results.figures.stays import stay_soc
from cosim.results.figures.thinning import column_starts, steps_per_column

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from cosim.results.run import Run

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
FEW_CARS = 6
IDLE, CHARGING, DISCHARGING = 1.0, 2.0, 3.0
FLOWS_KW = 0.01
STATES = ((IDLE, "#D1D5DB", "connected"), (CHARGING, BLUE, "charging"), (DISCHARGING, ORANGE, "discharging"))


def car_soc(run: "Run", name: str) -> "Figure":
    """State of charge of every car: of a few as lines, of some as rows, of very many stay by stay."""
    cars = _cars(run, name)
    if len(cars) > MOST_ROWS:
        return stay_soc(run, name)
    figure = base_figure(run, f"State of charge per car: {escape(name)}", "State of charge (%)")
    if not cars:
        return empty(figure, "no cars")
    soc = 100.0 * by_car(run, name, cars, run.site(name).soc)
    if len(cars) > FEW_CARS:
        figure.update_yaxes(title_text="")
        add_rows(figure, run, [escape(car) for car in cars], soc, "State of charge (%)", "%{z:.0f} %")
        figure.update_traces(zmin=0, zmax=100, colorscale="Cividis")
        remark(figure, of_clock(run.clock, "mean"))
        return figure
    starts = column_starts(run.clock.n_steps, steps_per_column(run.clock))
    time = stamps(edges(run)[starts])
    for i, car in enumerate(cars):
        line = {"color": LINES[i], "width": 1.8}
        figure.add_scatter(x=time, y=soc[starts, i], name=escape(car), mode="lines", line=line)
    figure.update_yaxes(range=[0, 104])
    figure.update_layout(showlegend=True)
    remark(figure, of_clock(run.clock, "state at the start"))
    return figure


def availability(run: "Run", name: str) -> "Figure":
    """How many cars are connected, above which of them (of very many: which port) when, and what it does."""
    site, header = run.site(name), run.header.site(name)
    if not header.evse:
        return empty(base_figure(run, f"Availability: {escape(name)}", ""), NO_PORTS)
    state = np.where(site.session < 0, np.nan, IDLE)
    state[site.evse_kw > FLOWS_KW] = CHARGING
    state[site.evse_kw < -FLOWS_KW] = DISCHARGING
    cars = _cars(run, name)
    if 0 < len(cars) <= MOST_ROWS:
        names, rows, few = [escape(car) for car in cars], by_car(run, name, cars, state), ""
    else:
        ports = busiest_ports(run, name)
        names, rows = port_names(run, name, ports), state[:, ports]
        few = said_of_rows(run, ports, len(header.evse), "ports", "by energy")[0]
    height = 170 + 22 * max(4, len(names))
    share = 170 / (height + 170)
    panes = split_figure(rows=2, shared_xaxes=True, row_heights=[share, 1 - share], vertical_spacing=0.05)
    figure = base_figure(run, f"Availability: {escape(name)}", "", panes)
    _add_count(figure, run, name)
    _add_states(figure, run, names, rows)
    figure.update_layout(height=height + 170)
    figure.update_xaxes(title_text="", row=1, col=1)
    remark(figure, few, of_clock(run.clock, "the most that happened"))
    return figure


def by_car(run: "Run", name: str, cars: list[str], values: Floats) -> Floats:
    """Values of ports, shape (n_steps, n_evse), by the cars there, (n_steps, n_cars), else NaN."""
    session = run.site(name).session
    place = {car: i for i, car in enumerate(cars)}
    of_row = np.array([place.get(car, -1) for car in run.sessions(name)["vehicle_id"]], dtype=np.int64)
    step, port = np.nonzero(session >= 0)
    car = of_row[session[step, port].astype(np.int64)]
    shown = car >= 0
    found = np.full((len(session), len(cars)), np.nan)
    found[step[shown], car[shown]] = values[step[shown], port[shown]]
    return found


def _cars(run: "Run", name: str) -> list[str]:
    """Cars that were connected, in the order they first came."""
    sessions = run.sessions(name).sort_values("arrival", kind="stable")
    there = sessions["connected"].to_numpy() == 1
    return list(dict.fromkeys(sessions["vehicle_id"].to_numpy()[there].tolist()))


def _add_count(figure: "Figure", run: "Run", name: str) -> None:
    counted = (run.site(name).session >= 0).sum(axis=1).astype(np.float64)
    line = {**STEP, "color": GREEN, "width": 1.4}
    shade = {"fill": "tozeroy", "fillcolor": "rgba(0,158,115,0.15)"}
    figure.add_scatter(
        **drawn(run, counted), name="cars connected", mode="lines", line=line, **shade, row=1, col=1
    )
    n_ports = len(run.header.site(name).evse)
    dashed = {"color": GREY, "dash": "dash", "width": 1.2}
    figure.add_scatter(x=ends(run), y=[n_ports] * 2, name="ports", mode="lines", line=dashed, row=1, col=1)
    figure.update_yaxes(title_text="Cars", rangemode="tozero", row=1, col=1)


def _add_states(figure: "Figure", run: "Run", names: list[str], state: Floats) -> None:
    """The matrix, in one colour a state; its legend is made of squares."""
    per = steps_per_column(run.clock)
    known = np.where(np.isnan(state), 0.0, state)
    most = np.maximum.reduceat(known, column_starts(len(state), per), axis=0) if len(state) else known
    scale = [
        stop for i, (_, colour, _) in enumerate(STATES) for stop in ([i / 3, colour], [(i + 1) / 3, colour])
    ]
    figure.add_heatmap(
        x=column_stamps(run),
        y=names,
        z=np.where(most > 0.0, most, np.nan).T,
        zmin=0.5,
        zmax=3.5,
        colorscale=scale,
        showscale=False,
        hoverongaps=False,
        ygap=1,
        hovertemplate="%{y}<br>%{x|%a %d %b %H:%M}<extra></extra>",
        row=2,
        col=1,
    )
    for value, colour, label in STATES:
        if (state == value).any():
            square = {"color": colour, "symbol": "square", "size": 11}
            figure.add_scatter(x=[None], y=[None], name=label, mode="markers", marker=square, row=1, col=1)
    figure.update_yaxes(type="category", dtick=1, autorange="reversed", showgrid=False, row=2, col=1)
