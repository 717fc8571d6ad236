"""Billed demand: the month's own maximum, raised by earlier months and by the least that is billed."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from sims.faults import nearest
from sims.signals.tariffs.tariff import DemandPeriod, Ratchet, Tariff

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MINIMUM = -1_000_000
"""In place of a month: the least billed demand sets the charge."""

History = Mapping[str, Sequence[float]] | Sequence[float]


def lookback_months(tariff: Tariff) -> dict[str, int]:
    """Months before this one that the ratchet of each ratcheted period name looks at [-]."""
    months: dict[str, int] = {}
    for period in tariff.demand:
        if period.ratchet is not None:
            months[period.name] = max(months.get(period.name, 0), period.ratchet.lookback_months)
    return months


def history_by_period(tariff: Tariff, history_kw: History | None) -> dict[str, tuple[float, ...]]:
    """Monthly maxima before the run of each ratcheted period; none given is none known.

    Parameters
    ----------
    tariff : Tariff
        Whose ratchets look back.
    history_kw : mapping of str to floats, or floats, or None
        Oldest first, the last is that of the month before the run's first; one list when a single period
        is ratcheted [kW].

    Raises
    ------
    ValueError
        A history without a ratchet, of an unknown period, longer than the ratchet looks back, or with a
        value that is no power.
    """
    lookback = lookback_months(tariff)
    if not lookback:
        if history_kw is None:
            return {}
        raise ValueError(f"{tariff.name} has no ratchet: leave the history out")
    if history_kw is None:
        given: Mapping[str, Sequence[float]] = {}
    elif isinstance(history_kw, Mapping):
        given = history_kw
    elif len(lookback) == 1:
        given = {next(iter(lookback)): history_kw}
    else:
        names = ", ".join(f'"{name}"' for name in lookback)
        raise ValueError(f"{tariff.name} ratchets several periods: give a list for each of {names}")
    for name, maxima in given.items():
        _check_history(name, maxima, lookback)
    return {name: tuple(map(float, given.get(name, ()))) for name in lookback}


def _check_history(name: str, maxima: Sequence[float], lookback: Mapping[str, int]) -> None:
    if name not in lookback:
        raise ValueError(f'"{name}": no such ratcheted period; {nearest(name, lookback)}')
    if len(maxima) > lookback[name]:
        raise ValueError(
            f'{len(maxima)} months for "{name}", whose ratchet looks back {lookback[name]}; '
            "give the last ones, oldest first"
        )
    if wrong := [kw for kw in maxima if not 0.0 <= kw < np.inf]:
        raise ValueError(f'{wrong[0]} kW for "{name}": a monthly maximum is at least 0')


def billed_demand(
    period: DemandPeriod, own_kw: Floats, named_kw: Floats, history_kw: Sequence[float], month: Ints
) -> tuple[Floats, Ints]:
    """Demand that is billed, and the month that set it.

    Parameters
    ----------
    period : DemandPeriod
        Rate with its ratchet and least billed demand.
    own_kw : floats, shape (n_cases, n_months)
        Each month's maximum in the hours of the rate [kW].
    named_kw : floats, shape (n_cases, n_months)
        Each month's maximum in the hours of all rates of this name: what later months look back at [kW].
    history_kw : sequence of float
        Maxima of the months before, oldest first [kW].
    month : ints, shape (n_months,)
        Calendar month of each, 1..12 [-].

    Returns
    -------
    billed_kw : floats, shape (n_cases, n_months)
        "percent": the month's own maximum or the ratchet's share of the highest looked back at, whichever
        is more; "average": the mean of the own maximum and the highest of it and those looked back at;
        in any case at least `minimum_kw` [kW].
    set_by : ints, shape (n_cases, n_months)
        The month, counted from the run's first, or `MINIMUM` [-].

    Notes
    -----
    The average rule is that of Silicon Valley Power's schedule CB-1. Months that the ratchet does not look
    back at, and months before the history, count as 0 kW.
    """
    billed_kw = own_kw.copy()
    set_by = np.broadcast_to(np.arange(len(month)), own_kw.shape).copy()
    if period.ratchet is not None:
        for place in range(len(month)):
            highest_kw, found = _highest_before(period.ratchet, place, named_kw, history_kw, month)
            now_kw = own_kw[:, place]
            if period.ratchet.rule == "average":
                raised_kw = (now_kw + np.maximum(now_kw, highest_kw)) / 2.0
            else:
                raised_kw = highest_kw * ((period.ratchet.percent or 0.0) / 100.0)
            raises = raised_kw > now_kw
            billed_kw[raises, place] = raised_kw[raises]
            set_by[raises, place] = found[raises]
    least = billed_kw < period.minimum_kw
    billed_kw[least] = period.minimum_kw
    set_by[least] = MINIMUM
    return billed_kw, set_by


def _highest_before(
    ratchet: Ratchet, place: int, named_kw: Floats, history_kw: Sequence[float], month: Ints
) -> tuple[Floats, Ints]:
    """Highest maximum the ratchet looks back at, and its month, both of shape (n_cases,)."""
    n_cases, n_history = len(named_kw), len(history_kw)
    first = max(place - ratchet.lookback_months, -n_history)
    january = int(month[0]) - 1
    found = [n for n in range(first, place) if (january + n) % 12 + 1 in ratchet.months]
    if not found:
        return np.zeros(n_cases), np.zeros(n_cases, dtype=np.int64)
    numbers = np.array(found, dtype=np.int64)
    earlier = np.broadcast_to(np.asarray(history_kw, dtype=np.float64), (n_cases, n_history))
    maxima = np.concatenate((earlier, named_kw), axis=1)[:, n_history + numbers]
    # of equal ones the latest, which is the first seen looking back
    latest = maxima.shape[1] - 1 - np.argmax(maxima[:, ::-1], axis=1)
    return maxima[np.arange(n_cases), latest], numbers[latest]
