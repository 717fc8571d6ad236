"""Means over drawn scenarios with fewer draws: antithetic pairs and control variates."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """An estimated mean.

    Parameters
    ----------
    mean : float
        The estimate, in the unit of the values.
    standard_error : float
        Its standard error, in the same unit.
    variance_reduction : float
        Variance of the plain mean of as many values over that of this estimate: how many times as many plain
        draws would be as good; inf when nothing of the variance is left [-].
    """

    mean: float
    standard_error: float
    variance_reduction: float


def antithetic_mean(values: Floats) -> Estimate:
    """Mean of values of antithetic scenarios.

    Parameters
    ----------
    values : floats, shape (n,)
        Value of each scenario, i and i + n/2 of mirrored ones, as `draw_scenarios` gives them; n even, >= 4.

    Raises
    ------
    ValueError
        Fewer than two pairs, or half a pair.
    """
    n = len(values)
    if n < 4 or n % 2:
        raise ValueError(f"{n} values: at least two pairs are needed, and whole ones")
    pairs = (values[: n // 2] + values[n // 2 :]) / 2.0
    return _estimate(float(values.mean()), values, float(pairs.var(ddof=1)) / len(pairs))


def control_variate_mean(values: Floats, control: Floats, control_mean: float) -> Estimate:
    """Mean of values, corrected by a quantity of the same scenarios whose mean is known.

    The cost of a schedule that does not look at prices is linear in them: its mean is its cost at the mean
    prices, so it is a good control for the cost of one that does.

    Parameters
    ----------
    values, control : floats, shape (n,)
        What is sought, and the control, of each of n >= 3 independent scenarios.
    control_mean : float
        Mean of the control, known without drawing.

    Raises
    ------
    ValueError
        Fewer than three scenarios, or of one more values than of the other.

    Notes
    -----
    mean(values) - b (mean(control) - control_mean) with b = cov(values, control) / var(control); the
    standard error is that of the residuals of the regression (Glasserman, Monte Carlo Methods in Financial
    Engineering, 2003, 4.1).
    """
    if len(values) != len(control) or len(values) < 3:
        raise ValueError(f"{len(values)} values, {len(control)} of the control: at least three of each")
    apart = control - control.mean()
    spread = float(apart @ apart)
    slope = float(apart @ (values - values.mean())) / spread if spread > 0.0 else 0.0
    residuals = values - values.mean() - slope * apart
    mean = float(values.mean()) - slope * (float(control.mean()) - control_mean)
    return _estimate(mean, values, float(residuals @ residuals) / (len(values) - 2) / len(values))


def _estimate(mean: float, values: Floats, variance: float) -> Estimate:
    plain = float(values.var(ddof=1)) / len(values)
    reduction = plain / variance if variance > 0.0 else float("inf")
    return Estimate(mean, float(np.sqrt(variance)), reduction)
