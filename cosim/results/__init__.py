"""From a run's arrays to answers: result file, key figures, figures and report."""

from cosim.results.header import RunHeader, SiteHeader
from cosim.results.kpi_table import kpi_table
from cosim.results.run import Run, open_run
from cosim.results.writer import RunWriter

__all__ = ["Run", "RunHeader", "RunWriter", "SiteHeader", "kpi_table", "open_run"]
