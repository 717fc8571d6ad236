"""Events of a demand-response programme from OpenADR 3.1 JSON."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

from pydantic import ValidationError

from sims.cells import display
from sims.faults import DataError, Fault
from sims.files import file_problem
from sims.signals.openadr.form import EventForm, object_id
from sims.signals.openadr.times import Wrong, interval_times
from sims.signals.response.events import Event, EventKind

MAX_BYTES = 64 * 2**20
LIMIT, KILOWATT = "IMPORT_CAPACITY_LIMIT", "KW"
SHOWN = 40


def read_openadr(path: Path, programme: str) -> list[tuple[Event, str]]:
    """Events of a JSON file, one OpenADR 3.1 event or a list of them, with the place of each.

    Parameters
    ----------
    path : Path
        The file.
    programme : str
        Name of the programme that calls them; the file's `programID` is the utility's own number of it.

    Returns
    -------
    list of (Event, str)
        Event and where it stands, file and JSON path, in the order of the file. The event's id is `id`, or
        its `eventName` where `id` is only that name in the characters an id may have. Intervals that follow
        each other and ask for the same make one event; several events out of one count on: `e1-1`, `e1-2`.

    Raises
    ------
    DataError
        Everything that is wrong with the file, each with its place in it.

    Notes
    -----
    SIMPLE 1..3 and ALERT_GRID_EMERGENCY ask to "reduce", IMPORT_CAPACITY_LIMIT is a "limit" in kW; SIMPLE 0
    asks for nothing. An event is known from `modificationDateTime` on, else from `createdDateTime`: before it
    was changed last, nobody knew what it says now. An interval starts where it says so, else at the end of
    the one before; its duration defaults to the event's. `targets` choose among the clients of a utility and
    are not looked at: who names the file is meant.
    """
    faults: list[Fault] = []
    events: dict[str, tuple[Event, str]] = {}
    for place, given in _objects(path):
        where = f"{display(path)} {place}"
        for event in _events(given, programme, where, faults):
            if event.event_id in events:
                before = events[event.event_id][1]
                what = f'"{event.event_id}": the event at {before} has this name already'
                faults.append(Fault("D61", where, what))
            events.setdefault(event.event_id, (event, where))
    if faults:
        raise DataError(faults)
    return list(events.values())


def _objects(path: Path) -> Iterator[tuple[str, Any]]:
    """The events of a file with their JSON paths, unchecked."""
    if problem := file_problem(path, MAX_BYTES):
        raise DataError([Fault(f"D{problem.number}", display(path), problem.what)])
    try:
        content = json.loads(path.read_text("utf-8-sig"), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise DataError([Fault("D04", display(path), f"not readable as JSON: {error}")]) from None
    if not isinstance(content, list):
        yield "$", content
    else:
        yield from ((f"$[{i}]", one) for i, one in enumerate(content))


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number of JSON")


def _events(given: Any, programme: str, where: str, faults: list[Fault]) -> list[Event]:
    """Events that one object of the file makes, none when something is wrong with it."""
    try:
        form = EventForm.model_validate(given)
    except ValidationError as error:
        faults += [_fault(entry, where) for entry in error.errors()]
        return []
    found: list[Fault] = []
    events = _as_events(form, programme, lambda place, what: found.append(Fault("D61", where + place, what)))
    faults += found
    return [] if found else events


def _fault(entry: Any, where: str) -> Fault:
    """One error of pydantic in our words: place, value seen, what is wrong."""
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in entry["loc"])
    seen = "" if entry["type"] == "missing" or path.endswith("]") else json.dumps(entry["input"])
    shown = seen if len(seen) <= SHOWN else f"{seen[: SHOWN - 3]}..."
    return Fault("D61", f"{where}{path}{f' = {shown}' if shown else ''}", entry["msg"])


@dataclass(frozen=True, slots=True)
class _Ask:
    """What is asked over an uninterrupted time."""

    start_s: int
    end_s: int
    kind: EventKind
    value: float | None

    def then(self, later: "_Ask") -> "list[_Ask]":
        """Both, as one when the later one follows at once and asks for the same."""
        if later == replace(self, start_s=self.end_s, end_s=later.end_s):
            return [replace(self, end_s=later.end_s)]
        return [self, later]


def _as_events(form: EventForm, programme: str, wrong: Wrong) -> list[Event]:
    name, notice_s, asks = _name(form, wrong), _notice_s(form, wrong), _asks(form, wrong)
    parts = [name] if len(asks) == 1 else [f"{name}-{k}" for k in range(1, len(asks) + 1)]
    return [
        Event(part, programme, ask.kind, notice_s, ask.start_s, ask.end_s, ask.value)
        for part, ask in zip(parts, asks, strict=True)
    ]


def _name(form: EventForm, wrong: Wrong) -> str:
    if form.event_name and form.id in {None, object_id(form.event_name)}:
        return form.event_name
    if form.id is None:
        wrong(".id", "an event needs an id, or an eventName")
    return form.id or ""


def _notice_s(form: EventForm, wrong: Wrong) -> int:
    """First full second at which the event is known as it is, seconds since the epoch [s]."""
    told_s = form.modification_date_time or form.created_date_time
    if told_s is None:
        wrong(".createdDateTime", "missing, as is modificationDateTime: since when is the event known?")
    return math.ceil(told_s or 0.0)


def _asks(form: EventForm, wrong: Wrong) -> list[_Ask]:
    """What is asked, one after the other."""
    asks: list[_Ask] = []
    limited_in_kw = _limited_in_kw(form, wrong)
    for (start_s, end_s), interval in zip(interval_times(form, wrong), form.intervals, strict=False):
        (payload,) = interval.payloads
        if start_s == end_s or (payload.values[0] == 0 and payload.type == "SIMPLE"):
            continue
        value = float(payload.values[0]) if payload.type == LIMIT and limited_in_kw else None
        ask = _Ask(start_s, end_s, "limit" if payload.type == LIMIT else "reduce", value)
        asks[-1:] = asks[-1].then(ask) if asks else [ask]
    return asks


def _limited_in_kw(form: EventForm, wrong: Wrong) -> bool:
    """Whether the event limits power, and says so in kW."""
    if not any(payload.type == LIMIT for interval in form.intervals for payload in interval.payloads):
        return False
    described = form.payload_descriptors or []
    units = next((one.units for one in described if one.payload_type == LIMIT), None)
    if units != KILOWATT:
        said = f"{LIMIT} without units" if units is None else f'{LIMIT} in "{units}"'
        wrong(".payloadDescriptors", f'{said}; allowed: units "{KILOWATT}"')
    return units == KILOWATT
