"""Tables that several parts of the report have."""

from collections.abc import Sequence

from cosim.results.kpi_table import KpiRow
from cosim.results.pages.page import Html, table


def figure_table(rows: Sequence[KpiRow]) -> Html:
    """Key figures, one a line."""
    return table((), [(row.label, row.value, row.unit) for row in rows], numbers=2, look="figures")
