"""The part of the report about the feeder."""

from typing import TYPE_CHECKING

from cosim.results.gallery import Gallery
from cosim.results.kpi_table import kpi_rows
from cosim.results.page import NOTHING, Html, columns, section, titled
from cosim.results.report_tables import figure_table

if TYPE_CHECKING:
    from cosim.results.run import Run


def feeder_section(run: "Run", gallery: Gallery) -> Html:
    """Loading, heat, the network at its worst step, and the key figures."""
    tables = [
        titled(f"Transformer {name}", figure_table(kpi_rows("transformers", name, figures)))
        for name, figures in run.kpis["transformers"].items()
    ]
    return section(
        "Feeder",
        gallery.show(run.plot_transformer(), "transformers"),
        gallery.show(run.plot_heat(), "heat") if "thermal" in run.header.features else NOTHING,
        gallery.show(run.plot_network(), "network") if run.has_network else NOTHING,
        columns(titled("Key figures", figure_table(kpi_rows("feeder", "", run.kpis["feeder"]))), *tables),
    )
