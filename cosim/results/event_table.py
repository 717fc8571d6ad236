"""The events of a site in the file: what is told of them before the run, and what they came to."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from sims.clock import Clock
from sims.signals.billing.bill import BillLine
from sims.signals.response.events import Event
from sims.signals.response.programme import PROGRAMME, Programme
from sims.signals.response.settlement import Settlement, event_lines, incentive_lines, settle

Floats = npt.NDArray[np.float64]
Array = npt.NDArray[np.generic]

TIMES = ("notice", "start", "end")


@dataclass(frozen=True)
class EventHeader:
    """Programmes and events of a site, all of it known before the first step.

    Parameters
    ----------
    programmes : tuple of str
        Programmes (JSON) the site takes part in, each with a name of its own.
    events : tuple of Event
        In order of time; seconds since the epoch.
    history_kw : tuple of float
        What the site drew in the steps right before the run [kW].
    """

    programmes: tuple[str, ...] = ()
    events: tuple[Event, ...] = ()
    history_kw: tuple[float, ...] = ()

    @cached_property
    def rules(self) -> Mapping[str, Programme]:
        """The programmes by name."""
        known = [PROGRAMME.validate_json(text) for text in self.programmes]
        return {programme.name: programme for programme in known}

    def settled(self, clock: Clock, site_kw: Floats) -> tuple[Settlement, ...]:
        """Settlement of every event, in their order, from what the site drew, shape (n_steps,) [kW]."""
        history = np.array(self.history_kw) if self.history_kw else None
        by_id: dict[str, Settlement] = {}
        for name, programme in self.rules.items():
            # all of them: the day of another programme's event is no baseline day either
            done = settle(programme, self.events, clock, site_kw, history=history)
            by_id |= {one.event.event_id: one for one in done if one.event.programme == name}
        return tuple(by_id[event.event_id] for event in self.events)

    def lines(self, clock: Clock, site_kw: Floats) -> list[BillLine]:
        """What the programmes add to a bill for a load, shape (n_steps,) [kW]."""
        standing_by = [line for rules in self.rules.values() for line in incentive_lines(rules, clock)]
        return [*standing_by, *event_lines(self.settled(clock, site_kw), clock)]

    def columns(self, clock: Clock, site_kw: Floats) -> dict[str, Array]:
        """The table of the file, each column of shape (n_events,); times since the start of the run."""
        events, done = self.events, self.settled(clock, site_kw)
        settled = {
            "baseline_kwh": [float(one.baseline_kw.sum()) * clock.dt_h for one in done],
            "load_kwh": [float(one.load_kw.sum()) * clock.dt_h for one in done],
            "reason": [one.reason for one in done],
            **{
                name: [getattr(one, name) for one in done]
                for name in ("reduction_kwh", "excess_kwh", "payment", "penalty", "adjustment")
            },
        }
        times = {name: [getattr(event, f"{name}_s") - clock.start_s for event in events] for name in TIMES}
        told = {
            "event_id": [event.event_id for event in events],
            "programme": [event.programme for event in events],
            "kind": [event.kind for event in events],
            "value": [np.nan if event.value is None else event.value for event in events],
        }
        columns = told | times | settled
        return {name: _column(values) for name, values in columns.items()}


def read_event_header(
    programmes: str, table: Mapping[str, Sequence], history_kw: Sequence[float], start_s: int
) -> EventHeader:
    """The header of a site's events from what the file says of them.

    Parameters
    ----------
    programmes : str
        Its programmes, a list of texts as JSON.
    table : mapping of str to sequence, each of length n_events
        `event_id`, `programme`, `kind`, `notice`, `start`, `end`, `value`.
    history_kw : sequence of float
        What the site drew before the run [kW].
    start_s : int
        Start of the run, seconds since the epoch [s].
    """
    names = ("event_id", "programme", "kind", *TIMES, "value")
    events = [
        Event(
            str(event_id),
            str(programme),
            kind,
            *(int(time) + start_s for time in times),
            value=_cap_kw(cap_kw),
        )
        for event_id, programme, kind, *times, cap_kw in zip(*(table[name] for name in names), strict=True)
    ]
    return EventHeader(
        tuple(json.loads(programmes)), tuple(events), tuple(float(power) for power in history_kw)
    )


def _cap_kw(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _column(values: list) -> Array:
    return np.array(values, dtype=object) if values and isinstance(values[0], str) else np.array(values)
