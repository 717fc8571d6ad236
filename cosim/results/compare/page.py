"""One HTML page that holds runs against each other: no server, no network, opens anywhere."""

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cosim.results.compare.text import delta_text, kpi_of, told, usual
from cosim.results.disk import write_whole
from cosim.results.kpi_table import PLACES
from cosim.results.pages.gallery import Gallery
from cosim.results.pages.page import NOTHING, Html, folded, joined, note, page, section, source, table, titled

if TYPE_CHECKING:
    import pandas as pd

    from cosim.comparison import Comparison

# blue and vermilion are told apart by everybody, and the sign of a delta does not depend on them
STYLE = Html("""<style>
.deltas .better { color: #0072b2; } .deltas .worse { color: #b34700; } .deltas .place td { font-weight: 650;
  padding-top: 12px; } .deltas small { display: block; } .wide { overflow-x: auto; }
.remarks { margin: 0 0 6px; padding-left: 20px; }
</style>""")
HOW_READ = (
    "Below each figure: its difference from the baseline. Blue is for the better, orange for the worse; "
    "what is neither (energy charged, say) stays black."
)


def write_comparison(comparison: "Comparison", path: Path) -> Path:
    """Write the page of a comparison; a file of that name is replaced.

    Raises
    ------
    StoreError
        The page cannot be written.
    """
    write_whole(path, comparison_html(comparison, Gallery()).encode())
    return path


def comparison_html(comparison: "Comparison", gallery: Gallery) -> Html:
    """The page as text: key figures with deltas, what differs, then each site and the feeder."""
    runs, clock = comparison.runs, comparison.runs[comparison.baseline].clock
    first, last = clock.local_time(clock.start_s), clock.local_time(clock.end_s - 1)
    lead = f"{first.day} {first:%B %Y} to {last.day} {last:%B %Y}, steps of {clock.step_s // 60} min"
    lead += f", {clock.zone}"
    others = ", ".join(label for label in runs if label != comparison.baseline)
    parts = [
        STYLE,
        _remarks(comparison),
        section("Key figures", note(HOW_READ), delta_table(usual(comparison.kpis), list(runs))),
        *(_site(comparison, site, gallery) for site in comparison.sites),
        _feeder(comparison, gallery),
        folded("All key figures", delta_table(comparison.kpis, list(runs))),
        *(folded(f"Scenario of {label}", source(run.scenario_toml)) for label, run in runs.items()),
    ]
    return page(f"{others} against {comparison.baseline}", [lead], parts, _footer(comparison))


def delta_table(kpis: "pd.DataFrame", labels: list[str]) -> Html:
    """Key figures with their differences from the baseline, one column a run.

    Parameters
    ----------
    kpis : DataFrame
        Rows of `compared_kpis`.
    labels : list of str
        The runs, the baseline first.
    """
    heads = "".join(f"<th class=n>{escape(label)}</th>" for label in labels)
    body, place = [], ""
    for _, rows in kpis.groupby("kpi", sort=False):
        row = rows.to_dict("records")
        here = PLACES[row[0]["scope"]].format(row[0]["place"])
        if here != place:
            body.append(f"<tr class=place><td colspan={2 + len(labels)}>{escape(here)}</td></tr>")
            place = here
        body.append(_row(row))
    table_ = f"<thead><tr><th>Figure</th><th>Unit</th>{heads}</tr></thead><tbody>{''.join(body)}</tbody>"
    return Html(f'<div class=wide><table class="deltas">{table_}</table></div>')


def _row(row: list[dict[Any, Any]]) -> str:
    """One key figure of all runs."""
    kpi = kpi_of(row[0]["scope"], row[0]["name"])
    units = "/".join(dict.fromkeys(one["unit"] for one in row))
    cells = [f"<td class=n>{escape(told(row[0]['value'], kpi))}</td>"]
    for one in row[1:]:
        delta = escape(delta_text(one["delta"], one["relative"], kpi))
        below = f'<small class="{one["verdict"]}">{delta}</small>' if delta else ""
        cells.append(f"<td class=n>{escape(told(one['value'], kpi))}{below}</td>")
    return f"<tr><td>{escape(row[0]['label'])}</td><td>{escape(units)}</td>{''.join(cells)}</tr>"


def _remarks(comparison: "Comparison") -> Html:
    """What a reader has to know first, and which keys of the scenarios differ."""
    said = "".join(f"<li>{escape(remark)}</li>" for remark in comparison.notes)
    remarks = Html(f"<ul class=remarks>{said}</ul>") if said else NOTHING
    different = comparison.scenario
    rows = [
        (str(key), *map(str, values))
        for key, values in zip(different.index, different.to_numpy(), strict=True)
    ]
    keys = (
        table(("Key", *different.columns), rows, numbers=0, look="keys")
        if rows
        else note("the same scenario")
    )
    return section(
        "What differs", remarks, titled("Keys of the scenario", Html(f"<div class=wide>{keys}</div>"))
    )


def _site(comparison: "Comparison", site: str, gallery: Gallery) -> Html:
    cars = any(len(run.sessions(site)) for run in comparison.runs.values())
    figures = joined(
        gallery.show(comparison.plot_power(site), "power", site),
        gallery.show(comparison.plot_power_duration(site), "power-duration", site),
        gallery.show(comparison.plot_cost(site), "cost", site),
        gallery.show(comparison.plot_bills(site), "bills", site),
        gallery.show(comparison.plot_departures(site), "departures", site) if cars else NOTHING,
        gallery.show(comparison.plot_missing(site), "missing", site) if cars else NOTHING,
    )
    return section(f"Site {site}", figures)


def _feeder(comparison: "Comparison", gallery: Gallery) -> Html:
    if not comparison.runs[comparison.baseline].header.transformers:
        return NOTHING
    return section(
        "Feeder",
        gallery.show(comparison.plot_loading(), "loading"),
        gallery.show(comparison.plot_loading_duration(), "loading-duration"),
    )


def _footer(comparison: "Comparison") -> str:
    wrote = dict.fromkeys(run.versions["gridpark_version"] for run in comparison.runs.values())
    return f"Runs of gridpark {', '.join(wrote)}; powers are means over a step, import positive."
