"""Written times to seconds since the epoch: ISO 8601 only, local times without offset in a given zone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Rows = npt.NDArray[np.intp]

# outside these years a typing error is likelier than a run
FIRST_S = datetime(1970, 1, 2, tzinfo=UTC).timestamp()
LAST_S = datetime(2200, 1, 1, tzinfo=UTC).timestamp()
WANTED = "ISO 8601 time of 1970 .. 2199 in whole seconds; write 2019-06-03T07:21:00-07:00"
_UNREADABLE = datetime(1, 1, 1, tzinfo=UTC)


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
    moments = _moments(texts)
    naive = np.array([moment.tzinfo is None for moment in moments], dtype=np.bool_)
    exact = np.array([_utc(moment).timestamp() for moment in moments], dtype=np.float64)
    good = (exact >= FIRST_S) & (exact < LAST_S) & (exact % 1.0 == 0.0)
    good &= np.fromiter(map(len, texts), dtype=np.int64, count=len(texts)) > len("2019-06-03")
    seconds = np.where(good, exact, 0.0).astype(np.int64)
    bad = np.flatnonzero(~good)
    troubles = [TimeTrouble("D53", bad, f"is no {WANTED}")] if bad.size else []
    local = np.flatnonzero(good & naive)
    if local.size:
        seconds[local], more = _localised(seconds[local], local, zone)
        troubles += more
    return seconds, troubles


def utc_text(epoch_s: int) -> str:
    """An instant in seconds since the epoch as RFC 3339 text: `2019-06-03T14:21:00Z`."""
    return f"{datetime.fromtimestamp(epoch_s, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _moments(texts: Sequence[str]) -> list[datetime]:
    """Moments that texts name; one far outside the allowed years where a text names none."""
    try:
        return list(map(datetime.fromisoformat, texts))
    except ValueError:
        return [_moment(text) for text in texts]


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return _UNREADABLE


def _utc(moment: datetime) -> datetime:
    """The moment itself, or a naive one as if its clock were UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


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
