"""Text cells of a table to numbers and seconds; what is wrong is gathered with its row, column and value."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sims.faults import Fault
from sims.times import epoch_seconds

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

ROWS_SHOWN = 5
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")


@dataclass(frozen=True, slots=True)
class Block:
    """Some rows of a table as text, column by column.

    Parameters
    ----------
    rows : ints, shape (n,)
        Line of each row in the file; the header is line 1 [-].
    columns : dict of name to sequence of str, length n
        Fields without surrounding blanks.
    """

    rows: Ints
    columns: dict[str, Sequence[str]]


@dataclass(slots=True)
class TableFaults:
    """Faults of one table gathered by kind: the first rows of a kind are listed, the others counted."""

    path: Path
    _kinds: dict[tuple[str, str, str], "_Kind"] = field(default_factory=dict)

    def add(self, code: str, column: str, rows: Ints | Sequence[int], what: str, value: str = "") -> None:
        """Note a kind of fault in `rows` (at least one) of `column`; `value` is the cell of the first one."""
        kind = self._kinds.setdefault((code, column, what), _Kind(value))
        kind.rows += [int(row) for row in rows[: ROWS_SHOWN - len(kind.rows)]]
        kind.count += len(rows)

    def __bool__(self) -> bool:
        return bool(self._kinds)

    @property
    def codes(self) -> set[str]:
        """Codes of all kinds found."""
        return {code for code, _, _ in self._kinds}

    def listed(self) -> list[Fault]:
        """One fault a kind, in the order of the rows."""
        found = sorted(self._kinds.items(), key=lambda item: item[1].rows[0])
        return [
            Fault(code, f"{display(self.path)}:{kind.rows[0]}:{column}{kind.seen}", f"{what}{kind.others}")
            for (code, column, what), kind in found
        ]


@dataclass(slots=True)
class _Kind:
    """The rows of one kind of fault."""

    value: str
    rows: list[int] = field(default_factory=list)
    count: int = 0

    @property
    def seen(self) -> str:
        short = self.value if len(self.value) <= 40 else f"{self.value[:37]}..."
        return f' = "{short}"' if short else ""

    @property
    def others(self) -> str:
        if self.count == 1:
            return ""
        more = ", ..." if self.count > len(self.rows) else ""
        return f" ({self.count} rows: {', '.join(map(str, self.rows))}{more})"


def display(path: Path) -> str:
    """Name of a file for messages: with its folder, as two sites may both have a `load.csv`."""
    return "/".join(path.parts[-2:])


def numbers(block: Block, column: str, faults: TableFaults, empty: float | None = None) -> Floats:
    """A column as finite numbers, shape (n,); what is none goes to `faults` and stands as NaN.

    Parameters
    ----------
    empty : float, optional
        What an empty cell, or a column that is not there, means; by default it is a fault.
    """
    if empty is None:
        return _finite(block.columns[column], block.rows, column, faults)
    values = np.full(len(block.rows), empty)
    texts = block.columns.get(column, ())
    filled = [i for i, text in enumerate(texts) if text]
    values[filled] = _finite([texts[i] for i in filled], block.rows[filled], column, faults)
    return values


def _finite(texts: Sequence[str], rows: Ints, column: str, faults: TableFaults) -> Floats:
    values = np.array(_numbers(texts), dtype=np.float64)
    for i in np.flatnonzero(np.isnan(values)).tolist():
        code, what = _number_problem(texts[i])
        faults.add(code, column, rows[i : i + 1], what, texts[i])
    return values


def _numbers(texts: Sequence[str]) -> list[float]:
    """Finite numbers that texts are, NaN for the others; the first way out is the fast one."""
    joined = "".join(texts)
    if joined.isascii() and "_" not in joined:
        try:
            values = list(map(float, texts))
        except ValueError:
            return [_number(text) for text in texts]
        return [value if math.isfinite(value) else math.nan for value in values]
    return [_number(text) for text in texts]


def _number(text: str) -> float:
    """Finite number that a text is, or NaN."""
    try:
        value = float(text)
    except ValueError:
        return math.nan
    # float() also reads 1_000 and the digits of other scripts
    return value if math.isfinite(value) and text.isascii() and "_" not in text else math.nan


def _number_problem(text: str) -> tuple[str, str]:
    """Code and sentence about a text that is no finite number."""
    if not text:
        return "D41", "empty cell; a number is required"
    if _DECIMAL_COMMA.fullmatch(text):
        return "D40", "decimal comma? numbers are written 1234.5"
    try:
        return "D40", "must be finite" if not math.isfinite(
            float(text)
        ) else "is no plain number such as 1234.5"
    except ValueError:
        return "D40", "is no number such as 1234.5"


def times(block: Block, column: str, zone: str, faults: TableFaults) -> Ints:
    """A column of times as seconds since the epoch, shape (n,); what is none goes to `faults` [s]."""
    texts = block.columns[column]
    seconds, troubles = epoch_seconds(texts, zone)
    for trouble in troubles:
        faults.add(trouble.code, column, block.rows[trouble.rows], trouble.what, texts[int(trouble.rows[0])])
    return seconds
