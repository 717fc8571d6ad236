"""Days that could have been: hourly prices or intensities, drawn as level times shape or from a covariance.

    level x shape    value_h = level * (mean_shape_h + sum_k z_k factor_k,h),  log(level) an AR(1) of days
    Gaussian         value ~ N(mean, covariance), each day for itself

A model turns standard normal numbers into days, so that who draws the normals decides on seeds, pairs and
streams. Values are correlated hour by hour; finer steps come after (`day_profiles.resample`).
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from sims.signals.market.day_profiles import HOURS

Floats = npt.NDArray[np.float64]


class DayModel(Protocol):
    """What draws days of 24 hours."""

    @property
    def n_normals(self) -> int:
        """Normal numbers a day takes [-]."""
        ...

    @property
    def mean(self) -> Floats:
        """Expected value of each hour without a floor, shape (24,)."""
        ...

    def days(self, normals: Floats) -> Floats:
        """Consecutive days, shape (..., n_days, 24), of normals of shape (..., n_days, n_normals)."""
        ...


@dataclass(frozen=True, slots=True)
class LevelShape:
    """Days whose mean is a lognormal level, and whose shape is a mean shape with Gaussian factors.

    Parameters
    ----------
    log_level_mean, log_level_sd : float
        Mean and standard deviation of the natural logarithm of the daily level [log of the unit].
    log_level_lag1 : float
        Correlation of the logarithm with that of the day before, -1..1 [-].
    mean_shape : floats, shape (24,)
        Mean of the hours over the level of their day [-].
    factors : floats, shape (n_factors, 24)
        What one standard deviation of each factor adds to the shape [-].
    """

    log_level_mean: float
    log_level_sd: float
    log_level_lag1: float
    mean_shape: Floats
    factors: Floats

    @classmethod
    def around(cls, hours: Floats, level_sd: float, level_lag1: float) -> "LevelShape":
        """Days of one shape, that of `hours`, shape (24,), at a level that keeps their mean.

        `level_sd` is that of the level's logarithm [-], `level_lag1` its correlation from day to day [-].
        """
        mean = float(hours.mean())
        log_mean = float(np.log(mean)) - level_sd**2 / 2.0
        return cls(log_mean, level_sd, level_lag1, hours / mean, np.zeros((0, HOURS)))

    @property
    def n_normals(self) -> int:
        """One for the level and one for each factor [-]."""
        return 1 + len(self.factors)

    @property
    def mean(self) -> Floats:
        """Mean of the lognormal level times the mean shape, shape (24,)."""
        return np.exp(self.log_level_mean + self.log_level_sd**2 / 2.0) * self.mean_shape

    def days(self, normals: Floats) -> Floats:
        """As `DayModel.days`; the first normal of a day drives its level."""
        fresh, z = normals[..., 0], normals[..., 1:]
        state = np.empty_like(fresh)
        state[..., 0] = fresh[..., 0]
        kept, new = self.log_level_lag1, np.sqrt(1.0 - self.log_level_lag1**2)
        for day in range(1, fresh.shape[-1]):
            state[..., day] = kept * state[..., day - 1] + new * fresh[..., day]
        level = np.exp(self.log_level_mean + self.log_level_sd * state)
        return level[..., None] * (self.mean_shape + _weighted(z, self.factors))


@dataclass(frozen=True, slots=True)
class Gaussian:
    """Days drawn one by one from a multivariate normal distribution: mean (24,) and a root R, R'R = Sigma."""

    mean: Floats
    root: Floats

    @classmethod
    def of(cls, mean: Floats, covariance: Floats) -> "Gaussian":
        """Model of a mean, shape (24,), and a covariance, shape (24, 24), rounded as it may be."""
        values, vectors = np.linalg.eigh(covariance)
        return cls(mean, np.sqrt(values.clip(min=0.0))[:, None] * vectors.T)

    @property
    def n_normals(self) -> int:
        """One for each direction of the covariance [-]."""
        return len(self.root)

    def days(self, normals: Floats) -> Floats:
        """As `DayModel.days`."""
        return self.mean + _weighted(normals, self.root)


def draw_days(
    model: DayModel, n_days: int, rng: np.random.Generator, *, floor: float | None = None
) -> Floats:
    """One sequence of days, shape (n_days, 24), none below `floor`; a longer one begins with the shorter."""
    return _floored(model.days(rng.standard_normal((n_days, model.n_normals))), floor)


def draw_scenarios(
    model: DayModel,
    n: int,
    rng: np.random.Generator,
    *,
    n_days: int = 1,
    antithetic: bool = False,
    floor: float | None = None,
) -> Floats:
    """Many sequences of days.

    Parameters
    ----------
    model : DayModel
        What they are drawn from.
    n : int
        Number of sequences; even with `antithetic` [-].
    rng : numpy Generator
        Source of all draws.
    n_days : int
        Days of each sequence [d].
    antithetic : bool
        Whether the second half mirrors the first: sequence i + n/2 has the negative normals of sequence i.
    floor : float, optional
        Lowest value, in the unit of the model; it shifts the mean away from `model.mean`.

    Returns
    -------
    floats, shape (n, n_days, 24)
        Values in the unit of the model.

    Raises
    ------
    ValueError
        Pairs are wanted and `n` is odd.
    """
    if antithetic and n % 2:
        raise ValueError(f"n = {n}: antithetic scenarios come in pairs, n must be even")
    drawn = rng.standard_normal((n // 2 if antithetic else n, n_days, model.n_normals))
    normals = np.concatenate([drawn, -drawn]) if antithetic else drawn
    return _floored(model.days(normals), floor)


def _floored(days: Floats, floor: float | None) -> Floats:
    return days if floor is None else np.maximum(days, floor)


def _weighted(weights: Floats, rows: Floats) -> Floats:
    """Sums of `rows`, (k, 24), by `weights`, (..., k); unlike `@`, bit for bit the same in a longer array."""
    return np.einsum("...k,kh->...h", weights, rows)
