"""How much each axis of a study moves a figure: the table behind a tornado plot."""

# pandas comes without types: what a frame gives is read as any of several things
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
# pyright: reportGeneralTypeIssues=false, reportReturnType=false

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

from cosim.study.roles import is_numeric, level_text

if TYPE_CHECKING:
    import pandas as pd

MOST_LEVELS = 8
"""A numeric axis of more values, as a Latin hypercube has, is cut into `BANDS` of equally many cases."""
BANDS = 5


def tornado(judged: "pd.DataFrame", axes: Sequence[str], figure: str) -> "pd.DataFrame":
    """Range of a figure over each axis, all others averaged.

    Parameters
    ----------
    judged : DataFrame
        One row a case: the axes and the figure.
    axes : sequence of str
        Axes, `seed` included where there is one: its range says what is chance.
    figure : str
        Column of a figure, NaN where unknown.

    Returns
    -------
    DataFrame
        One row an axis with two known levels or more, widest first: `axis`, `low` and `high` (lowest and
        highest mean of a level, in the unit of the figure), `low_at` and `high_at` (those levels as text),
        `range` (`high` less `low`) and `blocks` (how many settings of the other axes were averaged; 0: all
        cases of each level).

    Notes
    -----
    The mean of a level is its main effect. It is taken over those settings of the other axes of which every
    level of the axis is known, so a failed case cannot shift a level by taking an expensive or a cheap
    setting away. Where no such setting exists, as with listed cases and in a Latin hypercube, each level is
    the plain mean of its cases.
    Source: Montgomery, Design and Analysis of Experiments (Wiley 2017), section 5.1 (main effect).
    """
    import pandas as pd

    known = judged[judged[figure].notna()]
    rows = [row for axis in axes if (row := _range(known, axis, axes, figure)) is not None]
    names = ["axis", "low", "high", "low_at", "high_at", "range", "blocks"]
    widest = pd.DataFrame(rows, columns=names)
    return widest.sort_values("range", ascending=False, kind="stable", ignore_index=True)


def _range(known: "pd.DataFrame", axis: str, axes: Sequence[str], figure: str) -> tuple[object, ...] | None:
    """One row of the tornado; None for an axis with a single level."""
    levels = _levels(known[axis])
    if levels.nunique() < 2:
        return None
    others = [other for other in axes if other != axis]
    means, blocks = _means(known, levels, others, figure)
    low, high = means.idxmin(), means.idxmax()
    return axis, means[low], means[high], str(low), str(high), means[high] - means[low], blocks


def _means(
    known: "pd.DataFrame", levels: "pd.Series", others: list[str], figure: str
) -> tuple["pd.Series", int]:
    """Mean of the figure by level, over whole blocks where there are any."""
    if others:
        texts = known[others].map(level_text).agg("\x1f".join, axis=1)
        cells = known.assign(_block=texts, _level=levels)
        whole = cells.pivot_table(index="_block", columns="_level", values=figure, dropna=False).dropna()
        if len(whole):
            return whole.mean(), len(whole)
    return known[figure].groupby(levels).mean(), 0


def _levels(values: "pd.Series") -> "pd.Series":
    """Level of each case on an axis as text; bands of a numeric axis with very many values."""
    import pandas as pd

    if is_numeric(values) and values.nunique() > MOST_LEVELS:
        bands = pd.qcut(values.astype(float), BANDS, duplicates="drop")
        return bands.map(_band_text).astype(object).fillna("-")
    return values.map(level_text)


def _band_text(band: Hashable) -> str:
    return f"{band.left:.4g} to {band.right:.4g}"
