"""Written times to seconds since the epoch: ISO 8601 only, local times without offset in a given zone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Rows = npt.NDArray[np.intp]

# pandas counts nanoseconds in 64 bits and no tariff is older: outside these years a typing error is likelier
FIRST_YEAR, LAST_YEAR = 1970, 2200
EXAMPLE = "2019-06-03T07:21:00-07:00"


@dataclass(frozen=True, slots=True)
class TimeTrouble:
    """One kind of trouble in a column of times.

    Parameters
    ----------
    code : str
        Code of the fault.
    rows : ints, shape (k,)
        Positions of the offending times, rising.
    what : str
        What is wrong and how to mend it.
    """

    code: str
    rows: Rows
    what: str


def epoch_seconds(texts: Sequence[str], zone: str) -> tuple[Ints, list[TimeTrouble]]:
    """Seconds since the epoch of written times, and what is wrong with some of them.

    Parameters
    ----------
    texts : sequence of str, length n
        ISO 8601 with offset, or without: then local to `zone`.
    zone : str
        IANA time zone of times without offset.

    Returns
    -------
    seconds : ints, shape (n,)
        Seconds since 1970-01-01T00:00:00Z, 0 where the time is in trouble [s].
    troubles : list of TimeTrouble
        Empty when every time is good.

    Notes
    -----
    A local time that the spring change skips does not exist, one that autumn repeats means two instants:
    neither is guessed. Offsets may be mixed, and given for the ambiguous rows alone.
    """
    moments = [_parsed(text) for text in texts]
    bad = np.flatnonzero([moment is None for moment in moments])
    wall = np.array([_wall_seconds(moment) for moment in moments], dtype=np.int64)
    naive = np.flatnonzero([moment is not None and moment.tzinfo is None for moment in moments])
    troubles = [TimeTrouble("D53", bad, f"is no ISO 8601 time; write {EXAMPLE}")] if bad.size else []
    if naive.size:
        wall[naive], more = _localised(wall[naive], naive, zone)
        troubles += more
    return wall, troubles


def _parsed(text: str) -> datetime | None:
    """Moment a text names, or None unless it has date, time of day, whole seconds and a bearable year."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    whole = moment.microsecond == 0 and ":" in text
    return moment if whole and FIRST_YEAR <= moment.year <= LAST_YEAR else None


def _wall_seconds(moment: datetime | None) -> int:
    """Seconds since the epoch; of a naive time as if its clock were UTC."""
    if moment is None:
        return 0
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def _localised(wall_s: Ints, positions: Rows, zone: str) -> tuple[Ints, list[TimeTrouble]]:
    """Local wall-clock seconds, shape (k,), as seconds since the epoch, shape (k,)."""
    minutes, where = np.unique(wall_s // 60, return_inverse=True)
    before, after = _offsets(minutes, ZoneInfo(zone))[:, where]
    skipped, twice = before < after, before > after
    troubles: list[TimeTrouble] = []
    if skipped.any():
        what = (
            f"does not exist in {zone}: clocks are put forward over it; "
            "either write times with their UTC offset, or leave the skipped hour out"
        )
        troubles.append(TimeTrouble("D48", positions[skipped], what))
    if twice.any():
        what = f"comes twice in {zone}: clocks are put back; write these times with their UTC offset"
        troubles.append(TimeTrouble("D49", positions[twice], what))
    return wall_s - before, troubles


def _offsets(minutes: Ints, tz: ZoneInfo) -> Ints:
    """UTC offset at local minutes, shape (2, k), before and after a change of clocks that touches them [s].

    The two differ only in a skipped (before < after) or repeated (before > after) hour.
    """
    local = [datetime.fromtimestamp(minute * 60, UTC).replace(tzinfo=tz) for minute in minutes.tolist()]
    pairs = [(moment.utcoffset(), moment.replace(fold=1).utcoffset()) for moment in local]
    seconds = [[int(offset.total_seconds()) if offset else 0 for offset in pair] for pair in pairs]
    return np.array(seconds, dtype=np.int64).T
