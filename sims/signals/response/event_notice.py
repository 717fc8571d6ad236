"""What is known of a site's events at an instant: nothing before an event's notice, nothing after its end."""

from collections.abc import Sequence

from sims.signals.response.events import Event

NO_EVENT, ANNOUNCED, IN_FORCE = 0, 1, 2


class NoticeBoard:
    """The events that have been told and are not over.

    Parameters
    ----------
    events : sequence of Event
        All events of a site, with times on one axis of seconds.
    """

    def __init__(self, events: Sequence[Event]) -> None:
        self._events = sorted(events, key=lambda event: (event.start_s, event.event_id))

    def known_at(self, time_s: float) -> tuple[Event, ...]:
        """Events with notice <= `time_s` < end, by their start."""
        return tuple(event for event in self._events if event.notice_s <= time_s < event.end_s)

    def status_at(self, time_s: float) -> int:
        """`IN_FORCE` while an event holds, else `ANNOUNCED` while one is known, else `NO_EVENT`."""
        known = self.known_at(time_s)
        if any(event.start_s <= time_s for event in known):
            return IN_FORCE
        return ANNOUNCED if known else NO_EVENT
