"""Piecewise straight curves, one a row: what a charger answers to the voltage it sees."""

from collections.abc import Sequence

import numba as nb
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@nb.njit(cache=True, error_model="numpy")
def on_curve(x: float, at: Floats, values: Floats) -> float:
    """Value of a curve: straight between its points, level beyond them.

    Parameters
    ----------
    x : float
        Where to read it; NaN gives NaN.
    at : floats, shape (m,)
        Its points, rising; equal ones at the end are padding.
    values : floats, shape (m,)
        Its values there.
    """
    if np.isnan(x):
        return np.nan
    if x <= at[0]:
        return float(values[0])
    for i in range(1, at.size):
        if x < at[i]:
            share = (x - at[i - 1]) / (at[i] - at[i - 1])
            return float(values[i - 1] + share * (values[i] - values[i - 1]))
    return float(values[-1])


def padded(curves: Sequence[Sequence[float]]) -> Floats:
    """Rows of different length as one array, shape (n, longest): the last point is repeated."""
    longest = max((len(curve) for curve in curves), default=0)
    rows = [[*curve, *[curve[-1]] * (longest - len(curve))] for curve in curves]
    return np.array(rows, dtype=np.float64).reshape(len(rows), longest)
