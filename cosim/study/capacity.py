"""How large a fleet may grow before a limit is broken, read from a study that has its size as an axis."""

# pandas comes without types: what a frame gives is read as any of several things
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
# pyright: reportGeneralTypeIssues=false, reportReturnType=false

from math import isnan, nan
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from cosim.study.judged import Judged
from cosim.study.roles import group_of

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]


class Crossing(NamedTuple):
    """Where a curve meets its limit.

    Parameters
    ----------
    size : float
        Size at which the line between the last size that holds and the first that breaks meets the limit;
        NaN when no size breaks it, or all do.
    holds : float
        Largest size of the study before the limit is first broken; NaN when the smallest breaks it.
    breaks : float
        Smallest size that breaks it; NaN when none does.
    """

    size: float
    holds: float
    breaks: float


def size_curves(
    judged: "pd.DataFrame", size: str, figure: Judged, group: str | None = None
) -> "pd.DataFrame":
    """Worst value of a figure by size of the fleet, over all seeds and other axes.

    Parameters
    ----------
    judged : DataFrame
        From `judged_table`.
    size : str
        Numeric axis that is the size of the fleet.
    figure : Judged
        The figure; worst is the highest, of a figure that is to be high the lowest.
    group : str, optional
        Axis with one curve a value, for example the policy.

    Returns
    -------
    DataFrame, shape (n_sizes, n_groups)
        Index: sizes, ascending; NaN where no case of a group knows the figure.
    """
    known = judged[judged[figure.name].notna() & judged[size].notna()]
    by = [known[size].astype(float).rename("size"), group_of(known, group).rename("group")]
    grouped = known[figure.name].groupby(by, sort=True)
    worst = grouped.max() if figure.better == "lower" else grouped.min()
    curves = worst.reset_index().pivot_table(index="size", columns="group", values=figure.name)
    return curves[[name for name in dict.fromkeys(group_of(judged, group)) if name in curves]]


def crossing(sizes: Floats, values: Floats, limit: float, better: str = "lower") -> Crossing:
    """Where the worst value first goes beyond a limit.

    Parameters
    ----------
    sizes : floats, shape (n,)
        Sizes, ascending [ports or whatever the axis counts].
    values : floats, shape (n,)
        Worst value at each; NaN is left out.
    limit : float
        Limit, itself allowed, in the unit of the values.
    better : "lower" or "higher"
        Which side of the limit holds.

    Notes
    -----
    Between two sizes of the study the value is taken to lie on a straight line; `holds` and `breaks` are what
    was simulated. `cosim hosting-capacity` searches the size itself.
    """
    sign = 1.0 if better == "lower" else -1.0
    known = ~np.isnan(values)
    at, beyond = np.asarray(sizes, dtype=np.float64)[known], sign * (np.asarray(values)[known] - limit)
    broken = np.flatnonzero(beyond > 0.0)
    if not len(broken):
        return Crossing(nan, float(at[-1]) if len(at) else nan, nan)
    first = int(broken[0])
    if first == 0:
        return Crossing(nan, nan, float(at[0]))
    share = -beyond[first - 1] / (beyond[first] - beyond[first - 1])
    met = float(at[first - 1] + share * (at[first] - at[first - 1]))
    return Crossing(met, float(at[first - 1]), float(at[first]))


def crossing_text(found: Crossing, name: str) -> str:
    """What a crossing says of a group, in words."""
    if not isnan(found.size):
        simulated = f"holds at {found.holds:g}, broken at {found.breaks:g}"
        return f"{name}: meets the limit at {found.size:.1f} ({simulated})"
    if not isnan(found.breaks):
        return f"{name}: broken at the smallest size, {found.breaks:g}, already"
    return f"{name}: not met up to {found.holds:g}" if not isnan(found.holds) else f"{name}: nothing known"
