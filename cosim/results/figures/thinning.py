"""Long series made short enough for a figure, without losing what stands out."""

import numpy as np
import numpy.typing as npt

from sims.clock import Clock

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# as many as a wide screen has pixels to draw them with, and a month of quarter hours just fits
MOST_COLUMNS = 3000
LENGTHS_S = (300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800)


def steps_per_column(clock: Clock) -> int:
    """How many steps a figure draws as one, 1 for a month of quarter hours: of a length people know."""
    needed_s = -(-clock.n_steps // MOST_COLUMNS) * clock.step_s
    if needed_s == clock.step_s:
        return 1
    known = [length for length in LENGTHS_S if length >= needed_s and length % clock.step_s == 0]
    return (known[0] if known else needed_s) // clock.step_s


def column_length(clock: Clock, columns: int = 1) -> str:
    """Length of so many columns in words, "3 h"."""
    minutes = columns * steps_per_column(clock) * clock.step_s / 60.0
    return f"{minutes:g} min" if minutes < 60.0 else f"{minutes / 60.0:g} h"


def column_starts(n_steps: int, per: int) -> Ints:
    """First step of every column, shape (n_columns,) [-]."""
    return np.arange(0, n_steps, per)


def column_means(values: Floats, per: int) -> Floats:
    """Mean of the known values of each column, NaN without; the last column may have fewer steps.

    Parameters
    ----------
    values : floats, shape (n_steps, ...)
        Values of every step, NaN where unknown.
    per : int
        Steps of a column [-].

    Returns
    -------
    floats, shape (n_columns, ...)
        In the unit of the values.
    """
    if per == 1:
        return values
    starts, known = column_starts(len(values), per), np.isfinite(values)
    sums = np.add.reduceat(np.where(known, values, 0.0), starts, axis=0)
    counts = np.add.reduceat(known, starts, axis=0, dtype=np.int64)
    return np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)


def extreme_steps(values: Floats, per: int) -> Ints:
    """Steps that keep the lowest and highest value of every two columns, rising: at most two of each.

    Parameters
    ----------
    values : floats, shape (n_steps,)
        Values of every step; NaN counts for neither.
    per : int
        Steps of a column; with 1 every step is kept [-].

    Returns
    -------
    ints, shape (n_kept,)
        Steps, the first of each pair of columns among them where nothing is known [-].
    """
    n = len(values)
    if per == 1 or not n:
        return np.arange(n)
    width = 2 * per
    padded = np.full(-(-n // width) * width, np.nan)
    padded[:n] = values
    folded = padded.reshape(-1, width)
    first = np.arange(len(folded)) * width
    lowest = first + np.where(np.isnan(folded), np.inf, folded).argmin(axis=1)
    highest = first + np.where(np.isnan(folded), -np.inf, folded).argmax(axis=1)
    return np.unique(np.concatenate([lowest, highest]))
