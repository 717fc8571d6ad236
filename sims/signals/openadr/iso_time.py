"""Instants of RFC 3339 and durations of ISO 8601, read strictly; what cannot be exact is refused."""

import re
from datetime import datetime

from sims.times import FIRST_S, LAST_S

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.IGNORECASE | re.ASCII)
_DURATION = re.compile(
    r"P(?=\d|T\d)(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<w>\d+)W)?(?:(?P<d>\d+)D)?"
    r"(?:T(?=\d)(?:(?P<h>\d+)H)?(?:(?P<m>\d+)M)?(?:(?P<s>\d+)(?P<part>\.\d+)?S)?)?",
    re.ASCII,
)
_SECONDS = {"w": 604_800, "d": 86_400, "h": 3600, "m": 60, "s": 1}
LONGEST_S = 366 * 86_400
"""No event lasts longer: a duration above is a typing error [s]."""


def epoch_seconds_of(text: str) -> float:
    """Seconds since the epoch of an RFC 3339 date-time, with its fraction [s].

    Raises
    ------
    ValueError
        No such time: no offset, no such day, or outside 1970 .. 2199.

    Examples
    --------
    >>> epoch_seconds_of("1970-01-02T00:00:00+00:00")
    86400.0
    """
    if text.startswith("0001-01-01"):
        raise ValueError(
            'means "now"; a simulation needs the time itself, for example 2019-06-03T16:00:00-07:00'
        )
    try:
        moment = datetime.fromisoformat(text.upper()) if _INSTANT.fullmatch(text) else None
    except ValueError:
        moment = None
    if moment is None or not FIRST_S <= moment.timestamp() < LAST_S:
        raise ValueError(
            "is no time of 1970 .. 2199 with its UTC offset; for example 2019-06-03T16:00:00-07:00 (RFC 3339)"
        )
    return moment.timestamp()


def duration_seconds(text: str) -> int:
    """Length of an ISO 8601 duration of weeks, days, hours, minutes and whole seconds [s].

    A day is 24 hours here, whatever the clocks do.

    Raises
    ------
    ValueError
        No duration, a negative one, one above 366 days, or one in years, months or parts of a second.

    Examples
    --------
    >>> duration_seconds("P1DT2H")
    93600
    """
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError("is no duration of ISO 8601 such as PT3H, PT90M or P1DT2H")
    if found["years"] or found["months"]:
        raise ValueError("years and months have no fixed length; write weeks, days or hours: P1DT2H")
    if found["part"] and found["part"].strip(".0"):
        raise ValueError("parts of a second are not kept; write whole seconds")
    total_s = sum(int(found[unit] or 0) * seconds for unit, seconds in _SECONDS.items())
    if total_s > LONGEST_S:
        raise ValueError("is longer than 366 days")
    return total_s


def duration_text(seconds: int) -> str:
    """ISO 8601 duration of whole seconds in hours, minutes and seconds.

    Examples
    --------
    >>> duration_text(5400)
    'PT1H30M'
    """
    hours, rest_s = divmod(seconds, 3600)
    parts = ((hours, "H"), (rest_s // 60, "M"), (rest_s % 60, "S"))
    return "PT" + ("".join(f"{count}{unit}" for count, unit in parts if count) or "0S")
