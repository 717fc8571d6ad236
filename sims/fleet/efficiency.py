"""Efficiency of a charger that depends on its power: straight lines between measured points."""

from collections.abc import Sequence

import numpy as np

Points = Sequence[Sequence[float]]
LOWEST, HIGHEST = 0.5, 1.0


def curve_problem(points: Points, *, discharges: bool) -> str | None:
    """Why a curve is refused, or None.

    More power must always move more energy into the battery, p * eta(p) rising, or, out of it, take more
    from it, p / eta(p) rising: else a limit of the battery could be met by two powers.

    Parameters
    ----------
    points : sequence of [share, efficiency]
        Shares of the port's largest power, ascending, 0..1, and efficiencies, 0.5..1 [-].
    discharges : bool
        Whether the port may discharge: then both are asked.
    """
    if len(points) < 2 or any(len(point) != 2 for point in points):
        return "at least two points [share_of_p_max, efficiency] are needed"
    share, eta = np.array(points, dtype=np.float64).T
    if share[0] < 0.0 or share[-1] > 1.0 or (np.diff(share) <= 0.0).any():
        return "the shares of p_max_kw must ascend, allowed: at least 0, at most 1"
    if (eta < LOWEST).any() or (eta > HIGHEST).any():
        return f"efficiencies are allowed from {LOWEST} to {HIGHEST:g}"
    slope = np.diff(eta) / np.diff(share)
    for at in (0, 1):  # d(p eta)/dp is linear between two points: both ends tell
        at_share, at_eta = share[at : len(slope) + at], eta[at : len(slope) + at]
        if (at_eta + slope * at_share <= 0.0).any():
            j = int(np.argmin(at_eta + slope * at_share > 0.0))
            return f"falls so fast after {share[j]:g} that more power would charge less"
    if discharges and (eta[:-1] <= slope * share[:-1]).any():
        j = int(np.argmax(eta[:-1] <= slope * share[:-1]))
        return f"rises so fast after {share[j]:g} that discharging more would take less from the battery"
    return None


def efficiency_at(points: Points, share: float) -> float:
    """Efficiency at a share of the port's largest power, constant beyond the ends of the curve [-]."""
    shares, eta = zip(*points, strict=True)
    return float(np.interp(share, shares, eta))
