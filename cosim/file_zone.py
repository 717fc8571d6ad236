"""The clock a file is written in, from the offsets of its times."""

import csv
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from sims.cells import display
from sims.csvfile import MAX_BYTES
from sims.faults import DataError, Fault, ScenarioError
from sims.files import file_problem

# tried first, as the names people expect; every other zone follows
USUAL = (
    *("America/Los_Angeles", "America/Denver", "America/Chicago", "America/New_York"),
    *("Europe/London", "Europe/Rome", "Europe/Athens", "Australia/Sydney"),
)
DAY_OF_QUARTERS = 96
HOW = "say which with --timezone, for example --timezone America/Los_Angeles"


def zone_of_file(path: Path) -> str:
    """IANA zone whose clock shows the times of the column `time` as they are written.

    A zone that agrees with every offset of the file gives the same local calendar as any other that does:
    the first such by name is taken. A file of one offset gets the zone of that fixed offset.

    Raises
    ------
    ScenarioError
        Times have no offset, or no zone has these offsets.
    DataError
        The file cannot be read.
    """
    marks = _marks(path)
    if not marks:  # no row with a time: the reader of the series says what is wrong
        return "UTC"
    if len({offset_s for _, offset_s in marks}) == 1 and (fixed := _fixed(marks[0][1])):
        return fixed
    for zone in (*USUAL, *sorted(available_timezones())):
        if all(_offset_s(zone, at_s) == offset_s for at_s, offset_s in marks):
            return zone
    what = "no time zone has all the offsets of these times"
    raise ScenarioError([Fault("S25", display(path), f"{what}; {HOW}")])


def _fixed(offset_s: int) -> str | None:
    """Zone of a fixed offset of whole hours; the signs of these names point west."""
    hours, rest = divmod(offset_s, 3600)
    if rest or not -12 <= hours <= 14:
        return None
    return "UTC" if hours == 0 else f"Etc/GMT{-hours:+d}"


def _offset_s(zone: str, at_s: int) -> int:
    return round(_offset(datetime.fromtimestamp(at_s, UTC).astimezone(ZoneInfo(zone))))


def _marks(path: Path) -> list[tuple[int, int]]:
    """Some times and both sides of every change of offset: seconds since the epoch, offset [s]."""
    if problem := file_problem(path, MAX_BYTES, lines=True):
        raise DataError([Fault(f"D{problem.number}", display(path), problem.what)])
    with path.open(newline="", encoding="utf-8-sig") as file:
        try:
            texts = [(row.get("time") or "").strip() for row in csv.DictReader(file, skipinitialspace=True)]
        except csv.Error:
            return []
    read = [time for time in map(_time, texts) if time is not None]
    if any(time.tzinfo is None for time in read):
        what = f"its times have no offset, and neither the tariff nor the command names a time zone; {HOW}"
        raise ScenarioError([Fault("S25", display(path), what)])
    times = [(round(time.timestamp()), round(_offset(time))) for time in read]
    sides = [side for pair in pairwise(times) if pair[0][1] != pair[1][1] for side in pair]
    return [*sides, *times[::DAY_OF_QUARTERS], *times[-1:]]


def _time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _offset(time: datetime) -> float:
    """Offset from UTC of an aware time [s]."""
    offset = time.utcoffset()
    return 0.0 if offset is None else offset.total_seconds()
