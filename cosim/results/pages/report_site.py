"""The part of the report about one site: power, money, cars, ports and sessions."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cosim.results.kpi_table import kpi_rows
from cosim.results.pages.gallery import Gallery
from cosim.results.pages.page import NOTHING, Html, columns, folded, joined, note, section, titled
from cosim.results.pages.report_bill import bill_tables, cost_table
from cosim.results.pages.report_events import event_part
from cosim.results.pages.report_sessions import session_table
from cosim.results.pages.report_tables import figure_table
from cosim.results.pages.run_html import site_table

if TYPE_CHECKING:
    from cosim.results.run import Run

OPEN_SITES = 3
MOST_SITES = 30
FEW_CARS = 4


def site_sections(run: "Run", gallery: Gallery) -> Iterator[Html]:
    """A section for every site; of many a table of all, and each behind its name."""
    if len(run.sites) <= OPEN_SITES:
        for name in run.sites:
            yield section(f"Site {name}", _site(run, name, gallery))
        return
    shown = run.sites[:MOST_SITES]
    few = (
        f"The first {MOST_SITES} of {len(run.sites)} sites follow in full."
        if len(shown) < len(run.sites)
        else ""
    )
    yield section("Sites", site_table(run), note(few) if few else NOTHING)
    for name in shown:
        yield folded(f"Site {name}", _site(run, name, gallery), look="site")


def _site(run: "Run", name: str, gallery: Gallery) -> Html:
    return joined(
        _power(run, name, gallery),
        _money(run, name, gallery),
        event_part(run, name, gallery),
        _cars(run, name, gallery),
        session_table(run, name),
    )


def _power(run: "Run", name: str, gallery: Gallery) -> Html:
    return joined(
        gallery.show(run.plot_site(name), "power", name),
        gallery.show(run.plot_energy(name), "energy", name),
        gallery.show(run.plot_duration(name), "duration", name),
    )


def _money(run: "Run", name: str, gallery: Gallery) -> Html:
    rows = kpi_rows("sites", name, run.kpis["sites"][name])
    energy = [row.name for row in rows].index("building_kwh")
    return joined(
        gallery.show(run.plot_bill(name), "bill", name),
        columns(
            joined(
                titled("Bill", bill_tables(run, name)), titled("Cost and peaks", figure_table(rows[:energy]))
            ),
            titled("Energy and service", figure_table(rows[energy:])),
        ),
        gallery.show(run.plot_prices(name), "prices", name),
    )


def _cars(run: "Run", name: str, gallery: Gallery) -> Html:
    """Ports and cars of a site that has any; what a few cars cost the table tells."""
    if not run.header.site(name).evse:
        return NOTHING
    many = len(run.car_costs(name)) > FEW_CARS
    return joined(
        gallery.show(run.plot_availability(name), "availability", name),
        gallery.show(run.plot_occupancy(name), "ports", name),
        gallery.show(run.plot_rates(name), "rates", name),
        gallery.show(run.plot_soc(name), "soc", name),
        gallery.show(run.plot_car_costs(name), "costs", name) if many else NOTHING,
        cost_table(run, name),
    )
