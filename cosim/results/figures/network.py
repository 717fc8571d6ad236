"""The feeder as a picture: one step of a run, lines by loading, buses by voltage."""

import tomllib
from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cosim.results.figures.base import GREY, plain_figure, remark
from cosim.results.figures.network_layout import is_map, positions
from cosim.results.kpi_table import unique

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from cosim.results.run import Group, Run

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# upper ends of the classes of loading [%] and their colours, light to dark and then a warning
LOADINGS: tuple[tuple[float, str], ...] = (
    (20.0, "#BFC7D1"),
    (40.0, "#8FA3BF"),
    (60.0, "#E3B23C"),
    (80.0, "#E07B39"),
    (100.0, "#C8452F"),
    (np.inf, "#7F0000"),
)
# low voltages, the rated one, high ones; the scale reaches at least this far either way [pu]
LOW, RATED, HIGH = ("#08306B", "#4292C6"), "#F7F7F7", ("#B07CC6", "#4A0072")
LEAST_SPAN_PU = 0.03
DARK = "#374151"


def feeder_picture(run: "Run", step: int | None = None) -> "Figure":
    """The feeder in one step.

    Parameters
    ----------
    run : Run
        A run that stores its network (`run.feeder.line_from_bus`).
    step : int, optional
        Step of the run, from 0; default: `worst_step` [-].

    Returns
    -------
    Figure
        Lines and transformers coloured by loading, buses by voltage; names and values on hover. Buses lie
        where the network has them, else in a tree from the grid downwards.
    """
    feeder = run.feeder
    chosen_by_us = step is None
    step = worst_step(run) if step is None else step
    x, y = positions(feeder.bus_x, feeder.bus_y, _edges(feeder), feeder.bus_slack)
    figure = plain_figure("Network", "", "")
    _draw_joined(figure, feeder, x, y)
    _draw_lines(figure, run, step, x, y)
    _draw_buses(figure, run, step, x, y)
    _draw_transformers(figure, run, step, x, y)
    _name_sites(figure, run, x, y)
    when = run.clock.local_time(run.clock.start_s + step * run.clock.step_s)
    why = ", the step of highest loading" if chosen_by_us else ""
    _arrange(figure, x, y)
    remark(figure, f"{when:%a %d %b %Y %H:%M}{why}")
    return figure


def worst_step(run: "Run") -> int:
    """Step with the highest loading of a line or transformer; without any, with the lowest voltage."""
    feeder = run.feeder
    highest = np.full(run.clock.n_steps, -np.inf)
    for loading in (feeder.transformer_loading_percent, feeder.line_loading_percent):
        if loading.shape[1]:
            highest = np.fmax(highest, np.fmax.reduce(loading, axis=1))
    if np.isneginf(highest).all():
        highest = -np.fmin.reduce(feeder.vm_pu, axis=1, initial=np.inf)
    return int(np.argmax(highest))


def _edges(feeder: "Group") -> Ints:
    """Pairs of buses that lines, transformers and switches connect, shape (n_edges, 2)."""
    lines = np.column_stack([feeder.line_from_bus, feeder.line_to_bus])[feeder.line_closed == 1]
    transformers = np.column_stack([feeder.transformer_hv_bus, feeder.transformer_lv_bus])
    return np.concatenate([lines, transformers, _joined(feeder)])


def _joined(feeder: "Group") -> Ints:
    """Pairs of buses that are one by a closed switch, shape (n_pairs, 2)."""
    node = feeder.bus_node
    bus = np.flatnonzero(node != np.arange(len(node)))
    return np.column_stack([node[bus], bus])


def _draw_joined(figure: "Figure", feeder: "Group", x: Floats, y: Floats) -> None:
    pairs = _joined(feeder)
    if len(pairs):
        _segments(figure, pairs, x, y, "closed switches", {"color": DARK, "width": 1.0, "dash": "dot"})


def _draw_lines(figure: "Figure", run: "Run", step: int, x: Floats, y: Floats) -> None:
    feeder = run.feeder
    ends = np.column_stack([feeder.line_from_bus, feeder.line_to_bus])
    loading, closed = feeder.line_loading_percent[step], feeder.line_closed == 1
    thin = 2.5 if len(ends) < 500 else 1.2
    for i, (label, colour, chosen) in enumerate(_classes(loading)):
        _segments(figure, ends[closed & chosen], x, y, label, {"color": colour, "width": thin + 0.6 * i})
    if not closed.all():
        dashed = {"color": "#9CA3AF", "width": 1.2, "dash": "dash"}
        _segments(figure, ends[~closed], x, y, "open", dashed)
    texts = [
        f"{escape(name)}<br>{'open' if not on else _percent(value)}, rated {amps:.0f} A"
        for name, value, on, amps in zip(
            unique(run.header.lines),
            loading.tolist(),
            closed.tolist(),
            feeder.line_rated_a.tolist(),
            strict=True,
        )
    ]
    figure.add_scatter(
        x=_rounded(x[ends].mean(axis=1)),
        y=_rounded(y[ends].mean(axis=1)),
        mode="markers",
        marker={"size": 9, "opacity": 0},
        text=texts,
        hovertemplate="%{text}<extra></extra>",
        showlegend=False,
    )


def _draw_transformers(figure: "Figure", run: "Run", step: int, x: Floats, y: Floats) -> None:
    feeder, loading = run.feeder, run.feeder.transformer_loading_percent[step]
    ends = np.column_stack([feeder.transformer_hv_bus, feeder.transformer_lv_bus])
    if not len(ends):
        return
    _segments(figure, ends, x, y, "", {"color": DARK, "width": 1.5})
    colours = np.full(len(loading), "#FFFFFF", dtype=object)
    for _, colour, chosen in _classes(loading):
        colours[chosen] = colour
    texts = [
        f"{escape(name)}<br>{_percent(value)}, rated {kva:g} kVA"
        for name, value, kva in zip(
            unique(run.header.transformers),
            loading.tolist(),
            feeder.transformer_rated_kva.tolist(),
            strict=True,
        )
    ]
    figure.add_scatter(
        x=_rounded(x[ends].mean(axis=1)),
        y=_rounded(y[ends].mean(axis=1)),
        mode="markers",
        name="transformer",
        marker={
            "size": 17,
            "symbol": "diamond",
            "opacity": 1,
            "color": colours.tolist(),
            "line": {"color": DARK, "width": 1.5},
        },
        text=texts,
        hovertemplate="%{text}<extra></extra>",
    )


def _draw_buses(figure: "Figure", run: "Run", step: int, x: Floats, y: Floats) -> None:
    feeder, vm_pu = run.feeder, run.feeder.vm_pu[step]
    known, slack, n = np.isfinite(vm_pu), feeder.bus_slack == 1, len(vm_pu)
    texts = np.array(
        [
            f"{escape(name)}<br>{f'{vm:.4f} pu' if np.isfinite(vm) else 'no voltage'}, {kv:g} kV"
            for name, vm, kv in zip(
                unique(run.header.buses), vm_pu.tolist(), feeder.bus_vn_kv.tolist(), strict=True
            )
        ],
        dtype=object,
    )
    size = 10 if n <= 150 else 7 if n <= 500 else 4
    outline = {"color": DARK, "width": 1.0 if n <= 500 else 0.3}
    coloured = _voltage_scale(vm_pu[known])
    for name, chosen, look in (
        ("", ~known, {"size": size, "color": "#FFFFFF", "line": {"color": GREY, "width": 1}}),
        ("", known & ~slack, {"size": size, "line": outline, **coloured}),
        ("grid above", known & slack, {"size": 22, "symbol": "square", "line": outline, **coloured}),
    ):
        if chosen.any():
            colour = {} if "color" in look else {"color": np.round(vm_pu[chosen], 5)}
            figure.add_scatter(
                x=_rounded(x[chosen]),
                y=_rounded(y[chosen]),
                mode="markers",
                name=name,
                showlegend=bool(name),
                marker={"opacity": 1, **look, **colour},
                text=texts[chosen].tolist(),
                hovertemplate="%{text}<extra></extra>",
            )


def _voltage_scale(vm_pu: Floats) -> dict[str, Any]:
    """Colours of voltages, white at the rated one."""
    low = min(1.0 - LEAST_SPAN_PU, float(vm_pu.min(initial=1.0)))
    high = max(1.0 + LEAST_SPAN_PU, float(vm_pu.max(initial=1.0)))
    rated = (1.0 - low) / (high - low)
    places = (0.0, rated / 2.0, rated, (1.0 + rated) / 2.0, 1.0)
    return {
        "cmin": low,
        "cmax": high,
        "colorscale": [list(stop) for stop in zip(places, (*LOW, RATED, *HIGH), strict=True)],
        "colorbar": {
            "title": {"text": "Voltage (pu)", "side": "right"},
            "thickness": 14,
            "tickformat": ".3f",
        },
    }


def _name_sites(figure: "Figure", run: "Run", x: Floats, y: Floats) -> None:
    """Write each site beside its buses; of very many only the dots stay."""
    bus = {name: i for i, name in enumerate(run.header.buses)}
    named = [(site, bus[at]) for site, at in _connections(run) if at in bus]
    if not named:
        return
    at = [i for _, i in named]
    figure.add_scatter(
        x=_rounded(x[at]),
        y=_rounded(y[at]),
        mode="markers+text" if len(named) <= 12 else "markers",
        name="site",
        marker={"size": 17, "symbol": "circle-open", "color": "#009E73", "line": {"width": 3}},
        text=[escape(site) for site, _ in named],
        textposition="top center",
        textfont={"color": "#00664A", "size": 13},
        hoverinfo="skip",
    )


def _connections(run: "Run") -> Iterator[tuple[str, str]]:
    """Each site and bus where it or a part of it is connected, once."""
    seen: dict[tuple[str, str], None] = {}
    for site in tomllib.loads(run.scenario_toml).get("sites", []):
        parts: Sequence[dict[str, Any]] = (site, site.get("building") or {}, *site.get("chargers", []))
        for part in parts:
            if "connection" in part:
                seen[site["name"], part["connection"]] = None
    return iter(seen)


def _classes(loading_percent: Floats) -> Iterator[tuple[str, str, npt.NDArray[np.bool_]]]:
    """Label, colour and members of each class of loading; what has none is in the lowest."""
    lower = -np.inf
    for upper, colour in LOADINGS:
        chosen = (loading_percent > lower) & (loading_percent <= upper)
        if np.isneginf(lower):
            chosen |= np.isnan(loading_percent)
            label = f"to {upper:g} %"
        else:
            label = f"{lower:g} to {upper:g} %" if np.isfinite(upper) else f"above {lower:g} %"
        yield label, colour, chosen
        lower = upper


def _segments(figure: "Figure", ends: Ints, x: Floats, y: Floats, name: str, line: dict[str, Any]) -> None:
    """Straight lines between pairs of buses, one trace; without any, its entry in the legend."""
    if not len(ends):
        figure.add_scatter(x=[None], y=[None], mode="lines", name=name, line=line)
        return
    gap = np.full(len(ends), np.nan)
    figure.add_scatter(
        x=_rounded(np.column_stack([x[ends], gap]).ravel()),
        y=_rounded(np.column_stack([y[ends], gap]).ravel()),
        mode="lines",
        name=name,
        showlegend=bool(name),
        line=line,
        hoverinfo="skip",
    )


def _rounded(values: Floats) -> Floats:
    """Six decimals, a decimetre on a map: half the bytes of the page."""
    return np.round(values, 6)


def _percent(value: float) -> str:
    return f"{value:.1f} %" if np.isfinite(value) else "no loading"


def _arrange(figure: "Figure", x: Floats, y: Floats) -> None:
    figure.update_layout(
        legend={"y": -0.02, "yanchor": "top", "title": {"text": "Loading "}},
        margin={"l": 20, "r": 24, "t": 56, "b": 56},
        height=640,
    )
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    if is_map(x, y):
        figure.update_yaxes(scaleanchor="x", scaleratio=1.0 / np.cos(np.deg2rad(float(y.mean()))))
