"""The largest whole number for which something holds, where each trial is dear and order is not certain."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found.

    Parameters
    ----------
    holds : int or None
        Largest number below which every trial held, None when not even the smallest did [-].
    breaks : int or None
        Smallest number tried that did not hold, None when all did [-].
    monotone : bool
        Whether no trial held above one that did not.
    tried : dict of int to bool
        Every number tried, and whether it held.
    """

    holds: int | None
    breaks: int | None
    monotone: bool
    tried: dict[int, bool]


def largest(holds: Callable[[int], bool], start: int, most: int, resolution: int = 1) -> Found:
    """Search by doubling from `start`, then by bisection, then by probes below what was found.

    Parameters
    ----------
    holds : callable
        The trial; called once a number.
    start : int
        First number tried, 1 .. most [-].
    most : int
        Largest number of interest [-].
    resolution : int
        The search ends when what holds and what breaks are no further apart [-].

    Notes
    -----
    Bisection is right only when nothing holds above what breaks. Two probes, at a third and two thirds of
    what was found, guard against the worst: one that breaks moves the search below it, and is told.
    """
    tried: dict[int, bool] = {}

    def trial(number: int) -> bool:
        if number not in tried:
            tried[number] = holds(number)
        return tried[number]

    if not trial(0):
        return _found(tried)
    number = start
    while trial(number) and number < most:
        number = min(2 * number, most)
    _bisect(trial, tried, resolution)
    while any(not trial(probe) for probe in _probes(tried)):
        _bisect(trial, tried, resolution)
    return _found(tried)


def _bisect(trial: Callable[[int], bool], tried: dict[int, bool], resolution: int) -> None:
    while (bracket := _bracket(tried)) and bracket[1] - bracket[0] > resolution:
        trial((bracket[0] + bracket[1]) // 2)


def _bracket(tried: dict[int, bool]) -> tuple[int, int] | None:
    """Smallest number that broke and the largest one below it that held; None when nothing broke."""
    broken = [number for number, held in tried.items() if not held]
    if not broken:
        return None
    return max(number for number, held in tried.items() if held and number < min(broken)), min(broken)


def _probes(tried: dict[int, bool]) -> list[int]:
    bracket = _bracket(tried)
    holds = bracket[0] if bracket else max(tried)
    return [] if holds < 3 else [holds // 3, 2 * holds // 3]


def _found(tried: dict[int, bool]) -> Found:
    broken = [number for number, held in tried.items() if not held]
    breaks = min(broken) if broken else None
    below = [number for number, held in tried.items() if held and (breaks is None or number < breaks)]
    monotone = breaks is None or not any(held for number, held in tried.items() if number > breaks)
    return Found(max(below) if below else None, breaks, monotone, tried)
