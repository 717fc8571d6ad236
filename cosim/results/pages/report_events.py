"""The demand-response events of a site."""

from math import isnan
from typing import TYPE_CHECKING

from cosim.results.pages.gallery import Gallery
from cosim.results.pages.page import NOTHING, Html, table, titled

if TYPE_CHECKING:
    from cosim.results.run import Run

MOST_EVENTS = 6
HEADS = ("Event", "Told", "Start", "End", "Remark", "Baseline kWh", "Load kWh", "less kWh", "paid", "fined")


def event_part(run: "Run", name: str, gallery: Gallery) -> Html:
    """Every event with its settlement and the days of the first few; nothing where there are none."""
    events = run.events(name).to_dict("records")
    if not events:
        return NOTHING
    rows = [
        (
            event["event_id"],
            *(f"{event[when]:%d %b %H:%M}" for when in ("notice", "start", "end")),
            event["reason"],
            *("" if isnan(event[f"{what}_kwh"]) else f"{event[f'{what}_kwh']:,.1f}"
              for what in ("baseline", "load", "reduction")),
            *(f"{event[what]:,.2f}" for what in ("payment", "penalty")),
        )
        for event in events
    ]  # fmt: skip
    days = [
        gallery.show(run.plot_event(name, event["event_id"]), "event", name, str(i))
        for i, event in enumerate(events[:MOST_EVENTS])
    ]
    return titled("Demand-response events", table(HEADS, rows, numbers=5, look="events"), *days)
