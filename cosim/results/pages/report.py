"""One HTML page that tells a run: no server, no network, opens anywhere."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from cosim.results.disk import write_whole
from cosim.results.kpi_table import Figures, kpi_rows
from cosim.results.pages.gallery import Gallery
from cosim.results.pages.images import ImageFormat, write_images
from cosim.results.pages.page import Card, Html, cards, folded, page, source
from cosim.results.pages.report_feeder import feeder_section
from cosim.results.pages.report_site import site_sections

if TYPE_CHECKING:
    from cosim.results.run import Run

CARDS = ("bill_total", "billed_peak_kw", "ev_charged_kwh", "missing_kwh", "max_loading_percent")
MOST_CARDS = 10


def write_report(run: "Run", path: Path, images: ImageFormat | None = None) -> Path:
    """Write the report of a run, and its figures as images where asked for.

    Parameters
    ----------
    run : Run
        The run.
    path : Path
        HTML file; replaced when it exists.
    images : str, optional
        "png" or "svg": the figures become `<page>_images/<figure>.<images>` as well.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ImagesError
        No images can be drawn here; the page is written.
    """
    gallery = Gallery()
    write_whole(path, report_html(run, gallery).encode())
    if images is not None:
        write_images(gallery.figures, path.with_name(f"{path.stem}_images"), images)
    return path


def report_html(run: "Run", gallery: Gallery) -> Html:
    """The report: header, key figures, then each site and the feeder; its figures go to the gallery."""
    parts = [
        cards(_cards(run)),
        *site_sections(run, gallery),
        feeder_section(run, gallery),
        folded("Scenario", source(run.scenario_toml)),
    ]
    return page(run.header.name, list(_lead(run)), parts, _footer(run))


def _lead(run: "Run") -> Iterator[str]:
    """When and how; then what the run could not do in full, the limits it passed and the oracles in it."""
    clock = run.clock
    first, last = clock.local_time(clock.start_s), clock.local_time(clock.end_s - 1)
    period = f"{first.day} {first:%B %Y} to {last.day} {last:%B %Y}, steps of {clock.step_s // 60} min"
    yield f"{period}, {clock.zone}, seed {run.header.seed}"
    yield from run.degraded
    yield from run.alarms
    for site in run.header.sites:
        if site.oracle_forecasts:
            told = f"oracle: its forecasts of {', '.join(site.oracle_forecasts)} are made from the future"
            yield f"Site {site.name}: {told}"


def _footer(run: "Run") -> str:
    versions = run.versions
    return (
        f"gridpark {versions['gridpark_version']}; {versions['packages']}."
        f" Loading by {run.header.loading_definition}; powers are means over a step, import positive."
    )


def _cards(run: "Run") -> list[Card]:
    """The few numbers a reader looks for first; of many sites those of all together."""
    named = list(_named_figures(run))
    if sum(row.name in CARDS for scope, name, of in named for row in kpi_rows(scope, name, of)) > MOST_CARDS:
        named = [("totals", "all sites", run.kpis["totals"]), *(one for one in named if one[0] != "sites")]
    return [
        Card(name, row.value, row.unit, row.label)
        for scope, name, figures in named
        for row in kpi_rows(scope, name, figures)
        if row.name in CARDS
    ][:MOST_CARDS]


def _named_figures(run: "Run") -> Iterator[tuple[str, str, Figures]]:
    for name, figures in run.kpis["sites"].items():
        yield "sites", name, figures
    for name, figures in run.kpis["transformers"].items():
        yield "transformers", name, figures
