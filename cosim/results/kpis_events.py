"""Key figures of a site's demand-response events, from the table the file stores."""

from cosim.results.header import RunHeader, SiteHeader
from cosim.results.kpi_table import Figures
from cosim.results.layout import Arrays
from sims.signals.billing.bill import Bill


def event_figures(header: RunHeader, site: SiteHeader, arrays: Arrays, paid: Bill) -> Figures:
    """Events of a site, what they moved and what they came to; None in a run without events."""
    figures: Figures = dict.fromkeys(
        (
            *("bill_events", "events", "event_reduction_kwh", "event_excess_kwh"),
            *("event_payment", "event_penalty"),
        )
    )
    if "events" not in header.features:
        return figures
    figures |= {"bill_events": paid.sum_of("event"), "events": len(site.events.events)}
    for name in ("reduction_kwh", "excess_kwh", "payment", "penalty"):
        figures[f"event_{name}"] = float(arrays[f"events/{site.name}/{name}"].sum())
    return figures
