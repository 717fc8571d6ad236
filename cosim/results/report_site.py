"""The part of the report about one site: power, money, service, ports and sessions."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cosim.results.gallery import Gallery
from cosim.results.kpi_table import kpi_rows
from cosim.results.page import NOTHING, Html, columns, joined, section, titled
from cosim.results.report_bill import bill_tables
from cosim.results.report_events import event_part
from cosim.results.report_sessions import session_table
from cosim.results.report_tables import figure_table

if TYPE_CHECKING:
    from cosim.results.run import Run


def site_sections(run: "Run", gallery: Gallery) -> Iterator[Html]:
    """A section for every site."""
    for name in run.sites:
        yield section(f"Site {name}", _site(run, name, gallery))


def _site(run: "Run", name: str, gallery: Gallery) -> Html:
    rows = kpi_rows("sites", name, run.kpis["sites"][name])
    energy = [row.name for row in rows].index("building_kwh")
    priced = "market" in run.header.features and run.tariff(name).real_time is not None
    return joined(
        gallery.show(run.plot_site(name), "power", name),
        gallery.show(run.plot_prices(name), "prices", name) if priced else NOTHING,
        columns(
            joined(
                titled("Bill", bill_tables(run, name)), titled("Cost and peaks", figure_table(rows[:energy]))
            ),
            titled("Energy and service", figure_table(rows[energy:])),
        ),
        event_part(run, name, gallery),
        gallery.show(run.plot_occupancy(name), "ports", name),
        session_table(run, name),
    )
