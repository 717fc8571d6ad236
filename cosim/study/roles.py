"""What the axes of a study are: numbers or names, told apart by colour, the size of the fleet."""

# pandas comes without types: what a frame gives is read as any of several things
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
# pyright: reportGeneralTypeIssues=false, reportReturnType=false

import re
from collections.abc import Collection, Sequence
from math import isnan
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

SEED = "seed"
_TASK = re.compile(r"(?:^|[._])(?:tariff|scenario|network|days|start|sessions|profile|peak_kw)$")
ALL = "all cases"
"""Name of the only group where no axis tells groups apart."""
MOST_GROUPS = 8
VAGUE = frozenset({"name", "count", "file", "kind"})
_SIZE = re.compile(r"(?:^|[._\s])(?:n_)?(?:ports|count|cars|fleet|fleet_size|evse|chargers)$")


def short_names(axes: Sequence[str], taken: Collection[str] = ()) -> dict[str, str]:
    """Names of the axes for figures: the end of a dotted key where it says enough and is the only one.

    Parameters
    ----------
    axes : sequence of str
        Axes as the study names them, `feeder.options.transformer_kva`.
    taken : collection of str
        Names that mean something else in the same table.

    Returns
    -------
    dict of str to str
        Name by axis, all different and none of `taken`.

    Examples
    --------
    >>> short_names(["feeder.options.transformer_kva", "sites.a.policy.name", "sites.b.policy.name"])
    {'feeder.options.transformer_kva': 'transformer_kva', 'sites.a.policy.name': 'sites.a.policy.name', \
'sites.b.policy.name': 'sites.b.policy.name'}
    """
    ends = {axis: _end(axis) for axis in axes}
    listed = list(ends.values())
    short = {axis: end if listed.count(end) == 1 else axis for axis, end in ends.items()}
    short = {axis: name if name not in taken else axis for axis, name in short.items()}
    return {axis: name if name not in taken else f"{name} (axis)" for axis, name in short.items()}


def _end(axis: str) -> str:
    """Last part of a key, with the one before it when the last alone is vague."""
    parts = axis.split(".")
    return ".".join(parts[-2:] if parts[-1] in VAGUE else parts[-1:])


def is_numeric(values: "pd.Series") -> bool:
    """Whether an axis has numbers only; yes and no are names."""
    known = values.dropna()
    return len(known) > 0 and all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in known.tolist()
    )


def colour_axis(table: "pd.DataFrame", axes: Sequence[str]) -> str | None:
    """Axis whose values get a colour each: the policy, else the first of names, else none.

    An axis of more than `MOST_GROUPS` values is no help for the eye and never chosen.
    """
    named = [axis for axis in axes if axis != SEED and not is_numeric(table[axis])]
    few = [axis for axis in named if 1 < table[axis].nunique(dropna=False) <= MOST_GROUPS]
    return next((axis for axis in few if "policy" in axis), few[0] if few else None)


def size_axis(table: "pd.DataFrame", axes: Sequence[str]) -> str | None:
    """Axis that is the size of a fleet: numbers under a name such as `ports` or `chargers[0].count`."""
    return next((axis for axis in axes if _SIZE.search(axis) and is_numeric(table[axis])), None)


def task_axes(table: "pd.DataFrame", axes: Sequence[str]) -> list[str]:
    """Axes that set another task rather than solve it another way: fleet, tariff, scenario, network, time."""
    size = size_axis(table, axes)
    return [axis for axis in axes if axis == size or _TASK.search(axis)]


def varied(table: "pd.DataFrame", axes: Sequence[str]) -> list[str]:
    """Axes on which the cases differ."""
    return [axis for axis in axes if len(set(group_of(table, axis))) > 1]


def group_of(table: "pd.DataFrame", axis: str | None) -> "pd.Series":
    """Text by which each case is coloured, shape (n_cases,)."""
    import pandas as pd

    return pd.Series(ALL, index=table.index) if axis is None else table[axis].map(level_text)


def level_text(value: object) -> str:
    """Value of an axis as a reader writes it."""
    if value is None or (isinstance(value, float) and isnan(value)):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
