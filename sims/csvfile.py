"""Strict reading of our CSV tables in blocks: every row has every field, every fault its row and column."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sims.cells import Block, TableFaults, display
from sims.faults import DataError, Fault, nearest
from sims.files import file_problem

if TYPE_CHECKING:
    from _csv import Reader

MAX_BYTES = 512 * 2**20
MAX_COLUMNS = 1000
BLOCK_ROWS = 4_000
KWH_HINT = "energy per interval? divide by the hours of the interval and name it kw"


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns a table must and may have.

    Parameters
    ----------
    required, optional : tuple of str
        Names, in the order of the documentation.
    power_series : bool
        Besides those, `kw` or any number of `<name>_kw`, at least one.
    instead : mapping of str to str
        Required columns that may be left out when another one is there, by name.
    spellings : mapping of str to str
        Our name of a column by other ways to write it.
    """

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    power_series: bool = False
    instead: Mapping[str, str] = field(default_factory=dict[str, str])
    spellings: Mapping[str, str] = field(default_factory=dict[str, str])

    def allows(self, name: str) -> bool:
        """Whether a column may be there."""
        power = self.power_series and (name == "kw" or (name.endswith("_kw") and len(name) > 3))
        return power or name in self.required or name in self.optional


def read_blocks(path: Path, columns: Columns, faults: TableFaults) -> Iterator[Block]:
    """Rows of a CSV file with a header, some ten thousand at a time.

    Rows with too few or too many fields go to `faults` and not into a block.

    Raises
    ------
    DataError
        The file cannot be read, or its header is wrong.
    """
    if problem := file_problem(path, MAX_BYTES, lines=True):
        raise DataError([Fault(f"D{problem.number}", display(path), problem.what)])
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.reader(file, strict=True)
        try:
            written = [name.strip() for name in next(reader, [])]
            names = [columns.spellings.get(name, name) for name in written]
            if found := _header_faults(path, names, columns):
                raise DataError(found)
            good = _rows_with_every_field(reader, len(names), faults)
            while rows := list(islice(good, BLOCK_ROWS)):
                lines, fields = zip(*rows, strict=True)
                texts = [[text.strip() for text in texts] for texts in zip(*fields, strict=True)]
                yield Block(np.array(lines, dtype=np.int64), dict(zip(names, texts, strict=True)))
        except csv.Error as error:
            place = f"{display(path)}:{reader.line_num}"
            raise DataError([*faults.listed(), Fault("D39", place, f"not CSV: {error}")]) from error


def _rows_with_every_field(
    reader: "Reader", width: int, faults: TableFaults
) -> Iterator[tuple[int, list[str]]]:
    """Line and fields of the rows with `width` fields; the others are faults, but not empty last lines."""
    line, blank = 1, 0
    for row in reader:
        if reader.line_num != line + 1:
            faults.add("D39", "-", [line + 1], "line break inside quotes; a row is one line")
        line = reader.line_num
        if not row:
            blank = blank or line
            continue
        if blank:
            faults.add("D39", "-", [blank], "empty line; leave it out")
            blank = 0
        if len(row) == width:
            yield line, row
        else:
            faults.add("D39", "-", [line], _count_problem(row, width), row[0].strip())


def _count_problem(row: list[str], width: int) -> str:
    """Sentence about a row with a wrong number of fields."""
    if row[0].lstrip().startswith("#"):
        return "comments are not allowed; remove the line"
    hint = "; decimal comma or thousands separator? numbers are written 1234.5" if len(row) > width else ""
    return f"{len(row)} fields where the header has {width}{hint}"


def _header_faults(path: Path, names: list[str], columns: Columns) -> list[Fault]:
    """What is wrong with the header line."""
    where = f"{display(path)}:1"
    if not any(names):
        return [Fault("D03", where, f"empty file; the first line must be {_example(columns)}")]
    for separator, word in ((";", "`;`"), ("\t", "a tab")):
        if len(names) == 1 and separator in names[0]:
            what = f"fields are separated by {word}; use `,` between fields and `.` as decimal sign"
            return [Fault("D40", where, what)]
    if len(names) > MAX_COLUMNS:
        return [Fault("D16", where, f"{len(names)} columns; at most {MAX_COLUMNS} are read")]
    if not any(columns.allows(name) for name in names):
        return [Fault("D03", where, f"no header line; it must be {_example(columns)}")]
    strange = [name for name in names if not columns.allows(name)]
    twice = sorted({name for name in names if names.count(name) > 1})
    missing = f"column is missing; the header must be {_example(columns)}"
    return [
        *(Fault("D06", f"{where}:{name or '-'}", _unknown(name, columns)) for name in strange),
        *(Fault("D07", f"{where}:{name}", missing) for name in _missing(names, columns)),
        *(Fault("D05", f"{where}:{name}", "column is there twice") for name in twice),
    ]


def _example(columns: Columns) -> str:
    return f"`{','.join([*columns.required, *(['kw'] if columns.power_series else [])])}`"


def _unknown(name: str, columns: Columns) -> str:
    """Sentence about a column we do not know."""
    power = columns.power_series or "kw" in columns.required
    if power and ("kwh" in name.lower() or "energy" in name.lower()):
        return f"looks like {KWH_HINT}"
    known = [*columns.required, *columns.optional, *(["kw", "<name>_kw"] if columns.power_series else [])]
    return f"unknown column; {nearest(name.lower(), known)}"


def _missing(names: list[str], columns: Columns) -> list[str]:
    missing = [
        name for name in columns.required if name not in names and columns.instead.get(name) not in names
    ]
    no_power = columns.power_series and not any(name == "kw" or name.endswith("_kw") for name in names)
    return [*missing, "kw"] if no_power else missing
