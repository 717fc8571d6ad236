"""Demand windows: the quarter hours, half hours or hours over which a meter takes the mean power."""

import numpy as np
import numpy.typing as npt

from sims.clock import SECONDS_PER_DAY, Calendar, Clock

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def window_numbers(clock: Clock, calendar: Calendar, window_minutes: int) -> Ints:
    """Number of the demand window each step belongs to, counted from 0, shape (n_steps,).

    Windows start at whole multiples of their length on the local clock, so they never lie across the hours
    of two prices, also where the zone is half an hour off; a change of the clock starts a new one.
    """
    if window_minutes * 60 == clock.step_s:
        return np.arange(clock.n_steps, dtype=np.int64)
    shown_s = calendar.second_of_day
    place = shown_s // (window_minutes * 60)
    passed_s = np.diff(shown_s) % SECONDS_PER_DAY
    starts = (np.diff(place) != 0) | (passed_s != clock.step_s)
    return np.concatenate(([0], np.cumsum(starts)))


def whole_windows(clock: Clock, calendar: Calendar, window_minutes: int) -> tuple[Ints, Ints | slice]:
    """First step of every window, and which of them are whole.

    Returns
    -------
    starts : ints, shape (n_windows,)
        First step of each window, parts of windows at the ends of the run and at a change of the clock
        included [-].
    whole : ints, shape (n_whole,), or slice
        Places in `starts` of the windows that have all their steps: a part is not a mean over the window
        and is never billed [-].
    """
    per_window = window_minutes * 60 // clock.step_s
    if per_window == 1:
        return np.arange(clock.n_steps, dtype=np.int64), slice(None)
    numbers = window_numbers(clock, calendar, window_minutes)
    starts = np.concatenate(([0], np.flatnonzero(np.diff(numbers)) + 1))
    lengths = np.diff(np.append(starts, clock.n_steps))
    return starts, np.flatnonzero(lengths == per_window)


def window_means(power_kw: Floats, starts: Ints, whole: Ints | slice, per_window: int) -> Floats:
    """Mean power of the whole windows.

    Parameters
    ----------
    power_kw : floats, shape (n_cases, n_steps)
        Mean power of each step [kW].
    starts, whole : ints, or slice
        From `whole_windows`.
    per_window : int
        Steps in a window [-].

    Returns
    -------
    floats, shape (n_cases, n_whole)
        Mean power [kW].
    """
    if per_window == 1:
        return power_kw
    return np.add.reduceat(power_kw, starts, axis=1)[:, whole] / per_window


def demand_windows(site_kw: Floats, clock: Clock, window_minutes: int) -> tuple[Floats, Ints]:
    """Mean power of every whole demand window, and the step each starts at.

    Parameters
    ----------
    site_kw : floats, shape (n_steps,)
        Mean power of each step [kW].
    clock : Clock
        Time axis.
    window_minutes : int
        Averaging window, a multiple of the step [min].

    Returns
    -------
    means : floats, shape (n_windows,)
        Mean power of each window [kW].
    starts : ints, shape (n_windows,)
        Step at which each window starts [-].
    """
    starts, whole = whole_windows(clock, clock.calendar(), window_minutes)
    per_window = window_minutes * 60 // clock.step_s
    return window_means(site_kw[None, :], starts, whole, per_window)[0], starts[whole]
