"""Statistics of Italian day-ahead prices as models of days; what they are of stands in the data files."""

from functools import cache

import numpy as np
import numpy.typing as npt

from sims.signals.market.day_profiles import KWH_PER_MWH, PROFILES
from sims.signals.market.price_scenarios import Gaussian, LevelShape

Floats = npt.NDArray[np.float64]

YEARS = (2022, 2023, 2024)
GAUSSIAN_YEAR = 2023
# columns of italy_price_factors.csv
_YEAR, _LOG_MEAN, _LOG_SD, _LAG1, _MEAN, _SHAPE, _FACTORS = 0, 2, 3, 4, 6, 7, slice(8, None)


@cache
def italian_level_shape(year: int) -> LevelShape:
    """Level and shape of Italian day-ahead prices of one of `YEARS` [EUR/kWh].

    Source: `profiles/italy_price_factors.csv`.
    """
    table = _table("italy_price_factors.csv", skip=1)
    rows = table[table[:, _YEAR] == year]
    log_mean, log_sd, lag1 = rows[0, [_LOG_MEAN, _LOG_SD, _LAG1]].tolist()
    per_kwh = log_mean - float(np.log(KWH_PER_MWH))
    return LevelShape(per_kwh, log_sd, lag1, rows[:, _SHAPE], rows[:, _FACTORS].T)


@cache
def italian_gaussian() -> Gaussian:
    """Mean and covariance of Italian day-ahead prices of `GAUSSIAN_YEAR` [EUR/kWh].

    Source: `profiles/italy_price_cov_2023.csv`, mean of `profiles/italy_price_factors.csv`.
    """
    table = _table("italy_price_factors.csv", skip=1)
    mean = table[table[:, _YEAR] == GAUSSIAN_YEAR, _MEAN] / KWH_PER_MWH
    return Gaussian.of(mean, _table("italy_price_cov_2023.csv") / KWH_PER_MWH**2)


@cache
def _table(name: str, skip: int = 0) -> Floats:
    """A data file without its comments and the `skip` lines of its header."""
    lines = [line for line in (PROFILES / name).read_text("utf-8").splitlines() if not line.startswith("#")]
    return np.loadtxt(lines[skip:], delimiter=",", ndmin=2)
