"""The part of the report about the feeder: loading, heat, voltages, and the elements that are worst off."""

from typing import TYPE_CHECKING

import numpy as np

from cosim.results.kpi_table import kpi_rows, unique
from cosim.results.pages.gallery import Gallery
from cosim.results.pages.page import NOTHING, Html, columns, joined, section, table, titled
from cosim.results.pages.report_tables import figure_table

if TYPE_CHECKING:
    from cosim.results.run import Run

MOST_ELEMENTS = 10
MOST_TRANSFORMERS = 4


def feeder_section(run: "Run", gallery: Gallery) -> Html:
    """Transformers, buses, the network at its worst step, and the key figures."""
    loaded = bool(run.header.transformers)
    return section(
        "Feeder",
        gallery.show(run.plot_transformer(), "transformers") if loaded else NOTHING,
        gallery.show(run.plot_loading_duration(), "loading-duration") if loaded else NOTHING,
        gallery.show(run.plot_heat(), "heat") if "thermal" in run.header.features else NOTHING,
        gallery.show(run.plot_voltages(), "voltages") if run.header.buses else NOTHING,
        gallery.show(run.plot_network(), "network") if run.has_network else NOTHING,
        _tables(run),
        _elements(run),
    )


def _tables(run: "Run") -> Html:
    """Key figures of the feeder and of the most loaded transformers."""
    figures = sorted(
        run.kpis["transformers"].items(), key=lambda one: -float(one[1]["max_loading_percent"] or 0.0)
    )
    tables = [
        titled(f"Transformer {name}", figure_table(kpi_rows("transformers", name, those)))
        for name, those in figures[:MOST_TRANSFORMERS]
    ]
    return columns(titled("Key figures", figure_table(kpi_rows("feeder", "", run.kpis["feeder"]))), *tables)


def _elements(run: "Run") -> Html:
    """The most loaded lines and transformers, and the buses with the lowest voltage."""
    return joined(
        _loaded(run, "lines"),
        _loaded(run, "transformers"),
        _lowest_buses(run),
    )


def _loaded(run: "Run", kind: str) -> Html:
    elements = run.elements(kind)
    if elements.empty:
        return NOTHING
    elements["name"] = unique(elements["name"])
    highest = elements.sort_values("max_loading_percent", ascending=False, kind="stable", na_position="last")
    rows = [
        (
            one["name"],
            _number(one["rated_kva"], 0),
            _number(one["max_loading_percent"], 1),
            _number(one["overload_minutes"], 0),
            _number(one["overload_kvah"], 1),
        )
        for one in highest.head(MOST_ELEMENTS).to_dict("records")
    ]
    heads = (kind.capitalize(), "Rated kVA", "Highest loading %", "Above 100 %, min", "kVAh above rating")
    title = _headed("Most loaded", kind, len(elements))
    return titled(title, table(heads, rows, numbers=4, look="elements"))


def _lowest_buses(run: "Run") -> Html:
    buses = run.elements("buses")
    if buses.empty:
        return NOTHING
    buses["name"] = unique(buses["name"])
    lowest = buses.sort_values("vm_min_pu", kind="stable", na_position="last").head(MOST_ELEMENTS)
    rows = [
        (
            one["name"],
            _number(one["vm_min_pu"], 4),
            _number(one["vm_max_pu"], 4),
            _number(one["out_of_en50160_minutes"], 0),
            _number(one["out_of_ansi_a_minutes"], 0),
        )
        for one in lowest.to_dict("records")
    ]
    heads = ("Bus", "Lowest pu", "Highest pu", "Outside ±10 % (EN 50160), min", "Outside ±5 % (ANSI A), min")
    return titled(
        _headed("Lowest voltages", "buses", len(buses)), table(heads, rows, numbers=4, look="elements")
    )


def _headed(what: str, kind: str, n: int) -> str:
    return f"{what}: {MOST_ELEMENTS} of {n} {kind}" if n > MOST_ELEMENTS else f"{what}: {kind}"


def _number(value: float, decimals: int) -> str:
    return f"{value:,.{decimals}f}" if np.isfinite(value) else ""
