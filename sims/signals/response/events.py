"""A demand-response event: when it was told, when it holds, and what it asks for."""

from dataclasses import dataclass, replace
from typing import Literal

EventKind = Literal["reduce", "limit"]


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a demand-response programme.

    Parameters
    ----------
    event_id : str
        Its name, unique among the events of a site.
    programme : str
        Name of the programme that calls it.
    kind : str
        "reduce": draw less than usual; "limit": draw no more than `value`.
    notice_s : int
        When it is told, seconds since the epoch; nobody knows of it before [s].
    start_s, end_s : int
        It holds in `[start_s, end_s)`, seconds since the epoch [s].
    value : float or None
        Cap of a "limit", None of a "reduce" [kW].
    """

    event_id: str
    programme: str
    kind: EventKind
    notice_s: int
    start_s: int
    end_s: int
    value: float | None = None

    def moved(self, by_s: int) -> "Event":
        """The same event with all its times later by `by_s`, as for another origin of the time axis [s]."""
        times = {name: getattr(self, name) + by_s for name in ("notice_s", "start_s", "end_s")}
        return replace(self, **times)
