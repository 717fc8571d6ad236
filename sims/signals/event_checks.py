"""Which rule of its programme an event breaks."""

from collections.abc import Sequence

from sims.clock import Clock
from sims.signals.events import Event
from sims.signals.programme import Programme


def check_events(
    events: Sequence[Event], programme: Programme, clock: Clock, *, history_start_s: int | None = None
) -> list[tuple[str, str]]:
    """Name every rule that an event breaks.

    Parameters
    ----------
    events : sequence of Event
        Events of one site.
    programme : Programme
        Its rules.
    clock : Clock
        Time axis of the run.
    history_start_s : int, optional
        Since when the load is known, for baseline days; by default since the start of the run [s].

    Returns
    -------
    list of (event_id, sentence)
        Empty when the events are in order.
    """
    raise NotImplementedError


def event_warnings(events: Sequence[Event], programme: Programme, clock: Clock) -> list[tuple[str, str]]:
    """Name what is legal but worth knowing: the clocks change on the day, the rules are of other years."""
    raise NotImplementedError
