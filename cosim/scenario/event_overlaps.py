"""Events of several programmes at one site, against each other."""

from itertools import pairwise

from sims.faults import DataError, Fault
from sims.signals.response.events import Event

Located = list[tuple[Event, str]]
"""Events with the place of each."""


def check_together(located: Located) -> None:
    """The events of all programmes of a site, against each other.

    Raises
    ------
    DataError
        Two of different programmes overlap or have one name; within a programme `check_events` sees to it.
    """
    faults: list[Fault] = []
    for (first, _), (event, place) in pairwise(sorted(located, key=lambda one: one[0].start_s)):
        if event.programme != first.programme and event.start_s < first.end_s:
            what = f'begins before "{first.event_id}" of "{first.programme}" has ended; one at a time'
            faults.append(Fault("D61", f"{place} {event.event_id}", what))
    seen: dict[str, str] = {}
    for event, place in located:
        if seen.setdefault(event.event_id, event.programme) != event.programme:
            what = f'"{seen[event.event_id]}" has an event of this name; each has one of its own at a site'
            faults.append(Fault("D61", f"{place} {event.event_id}", what))
    if faults:
        raise DataError(faults)
