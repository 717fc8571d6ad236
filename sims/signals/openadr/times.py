"""When the intervals of an OpenADR event hold: what they say themselves, and what they inherit."""

from collections.abc import Callable

from sims.signals.openadr.form import EventForm, IntervalPeriod
from sims.signals.openadr.iso_time import duration_text
from sims.times import utc_text

Wrong = Callable[[str, str], None]
"""Notes a fault: place below the event, and what is wrong."""


def interval_times(form: EventForm, wrong: Wrong) -> list[tuple[int, int]]:
    """Start and end of every interval, seconds since the epoch [s].

    Parameters
    ----------
    form : EventForm
        The event.
    wrong : callable
        Told what is wrong; the result then means nothing.

    Notes
    -----
    An interval starts where it says, else where the one before ends, the first one with the event; it lasts
    as long as it says, else as long as the event says of each interval. The `duration` of the whole event
    cuts what lies behind it. One that is longer would repeat the intervals, which is refused.

    Source: OpenADR 3.1 User Guide, 7.3 and 7.4.
    """
    usual = form.interval_period or IntervalPeriod()
    times: list[tuple[int, int]] = []
    following_s = usual.start
    for i, interval in enumerate(form.intervals):
        own, place = interval.interval_period or IntervalPeriod(), f".intervals[{i}].intervalPeriod"
        start_s = following_s if own.start is None else own.start
        duration_s = own.duration or usual.duration
        if start_s is None:
            wrong(f"{place}.start", "neither the interval nor the event says when it starts")
        if duration_s is None:
            wrong(f"{place}.duration", "neither the interval nor the event says how long it lasts")
        if start_s is None or duration_s is None:
            return []
        if times and start_s < times[-1][1]:
            before = utc_text(times[-1][1])
            wrong(f"{place}.start", f"{utc_text(int(start_s))}: the interval before ends only at {before}")
        following_s = start_s + duration_s
        times.append((int(start_s), int(following_s)))
    return _cut(times, form.duration, wrong)


def _cut(times: list[tuple[int, int]], duration_s: int | None, wrong: Wrong) -> list[tuple[int, int]]:
    """Intervals within the duration of the whole event, those behind it empty."""
    if duration_s is None:
        return times
    end_s, last_s = times[0][0] + duration_s, times[-1][1]
    if end_s > last_s:
        said, own = duration_text(duration_s), duration_text(last_s - times[0][0])
        wrong(".duration", f"{said}: longer than its intervals, {own}: write repetitions as intervals")
    return [(min(start_s, end_s), min(stop_s, end_s)) for start_s, stop_s in times]
