"""Demand-response events from a CSV table: `event_id, programme, notice, start, end, kind, value`."""

from math import isnan, nan
from pathlib import Path
from typing import get_args

from sims.cells import Block, TableFaults, display, numbers, times
from sims.csvfile import Columns, read_blocks
from sims.faults import DataError
from sims.signals.response.events import Event, EventKind

COLUMNS = Columns(required=("event_id", "programme", "notice", "start", "end", "kind"), optional=("value",))
KINDS = get_args(EventKind)


def read_events(path: Path, zone: str) -> list[tuple[Event, str]]:
    """Events of a CSV file with the place of each, in the order of its rows.

    Parameters
    ----------
    path : Path
        CSV file; `value` is the cap of a "limit" [kW], empty where the programme states it, and empty for a
        "reduce".
    zone : str
        IANA time zone of times that have no offset.

    Returns
    -------
    list of (Event, str)
        Event and where it stands: file and line. The rules of its programme are not looked at.

    Raises
    ------
    DataError
        Everything that is wrong with the file, with rows.
    """
    faults = TableFaults(path)
    events: list[tuple[Event, str]] = []
    lines: dict[str, int] = {}
    for block in read_blocks(path, COLUMNS, faults):
        for event, line in zip(_parsed(block, zone, faults), block.rows.tolist(), strict=True):
            if event.event_id in lines:
                what = f"stands in lines {lines[event.event_id]} and {line}; every event has an id of its own"
                faults.add("D61", "event_id", [line], what, event.event_id)
            lines.setdefault(event.event_id, line)
            events.append((event, f"{display(path)}:{line}"))
    if faults:
        raise DataError(faults.listed())
    return events


def _parsed(block: Block, zone: str, faults: TableFaults) -> list[Event]:
    """Events of a block; cells that cannot be read go to `faults`."""
    notice_s, start_s, end_s = (
        times(block, column, zone, faults).tolist() for column in ("notice", "start", "end")
    )
    value = numbers(block, "value", faults, empty=nan).tolist()
    text = {column: block.columns[column] for column in ("event_id", "programme", "kind")}
    for column in ("event_id", "programme"):
        empty = [line for line, cell in zip(block.rows.tolist(), text[column], strict=True) if not cell]
        if empty:
            faults.add("D41", column, empty, "empty cell; a name is required")
    for line, kind, cap_kw in zip(block.rows.tolist(), text["kind"], value, strict=True):
        if kind not in KINDS:
            faults.add("D61", "kind", [line], 'must be "reduce" or "limit"', kind)
        elif kind == "reduce" and not isnan(cap_kw):
            faults.add("D61", "value", [line], "only a limit has a value, its cap [kW]; leave it empty")
    return [
        Event(
            event_id=text["event_id"][i],
            programme=text["programme"][i],
            kind=text["kind"][i],  # pyright: ignore[reportArgumentType] - checked above
            notice_s=notice_s[i],
            start_s=start_s[i],
            end_s=end_s[i],
            value=None if isnan(value[i]) else value[i],
        )
        for i in range(len(block.rows))
    ]
