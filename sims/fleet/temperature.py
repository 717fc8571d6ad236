"""What a cold or hot battery takes: a share of its power, by the temperature of the air.

The air stands in for the battery, which nobody outside the car knows; a car that stood for hours is near
it. Fast charging of the same car falls with the temperature of the air alone: Motoaki, Yi and Salisbury,
"Empirical analysis of electric vehicle fast charging under cold temperatures", Energy Policy 122 (2018).
"""

from collections.abc import Sequence

import numpy as np

from sims.fleet.arrays import Floats

Points = Sequence[Sequence[float]]


def points_problem(points: Points) -> str | None:
    """Why points [temperature_c, share] are refused, or None."""
    if len(points) < 2 or any(len(point) != 2 for point in points):
        return "at least two points [temperature_c, share] are needed"
    temperature_c, share = np.array(points, dtype=np.float64).T
    if (np.diff(temperature_c) <= 0.0).any():
        return "the temperatures must ascend"
    if (share < 0.0).any() or (share > 1.0).any():
        return "shares of the power are allowed from 0 to 1"
    return None


def power_share(points: Points, temperature_c: Floats) -> Floats:
    """Share of its power a car can charge and discharge with, same shape as `temperature_c` [-].

    Parameters
    ----------
    points : sequence of [temperature_c, share]
        Temperatures ascending [degC], shares 0..1 [-]; straight lines between, constant beyond.
    temperature_c : floats
        Outside air [degC].
    """
    at, share = np.array(points, dtype=np.float64).T
    return np.interp(temperature_c, at, share)
