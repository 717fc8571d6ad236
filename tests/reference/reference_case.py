"""Reference cases: a folder with case.toml, expected.csv, maybe spread.csv, and SOURCE.md."""

import csv
import math
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from cosim import Run

FOLDER = Path(__file__).parent
QUARTER = timedelta(minutes=15)
TIMES = ("arrival", "departure", "window_start", "window_end")
Row = dict[str, str]


@dataclass(frozen=True)
class Case:
    """A reference case."""

    folder: Path

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self.folder.name

    @cached_property
    def about(self) -> dict[str, Any]:
        """What case.toml says."""
        return tomllib.loads((self.folder / "case.toml").read_text())

    @cached_property
    def expected(self) -> dict[str, Row]:
        """Lines of expected.csv by row; an empty cell is not known."""
        return {line.pop("row"): line for line in table(self.folder / "expected.csv")}

    @cached_property
    def spread(self) -> list[Row]:
        """Lines of spread.csv: between which values a row may lie."""
        return table(self.folder / "spread.csv")

    def outside(self, row: str, run: Run) -> list[str]:
        """Columns of spread.csv in which a run lies outside."""
        lines = [line for line in self.spread if line["row"] == row]
        return [
            f"{row} {line['column']}: {found}, expected {line['low']} .. {line['high']}"
            for line in lines
            if not float(line["low"]) <= (found := self.found(run, line["column"])) <= float(line["high"])
        ]

    def overrides(self, row: str, sessions: str) -> list[str]:
        """What makes the scenario the run of a row, with a table of sessions."""
        return [*self.about["rows"][row]["set"], f"sites.{self.about['site']}.fleet.sessions={sessions}"]

    def told_true(self, row: str) -> bool:
        """Whether the policy of a row is told true departures."""
        return self.about["rows"][row].get("declared") == "true"

    def found(self, run: Run, column: str) -> Any:
        """Figure of a run that stands in a column of expected.csv."""
        first, *less = [figure(run, name) for name in self.about["columns"][column]]
        return first if not less else first - less[0]

    def deviations(self, row: str, run: Run, compare: Mapping[str, Any]) -> list[str]:
        """Where a run is not what expected.csv says, one line a column."""
        return [
            f"{row} {column}: {found}, expected {text}"
            for column, text in self.expected[row].items()
            if text and column in compare.get("columns", self.expected[row])
            if not agrees(found := self.found(run, column), text, compare["within"])
        ]


def cases() -> list[Case]:
    """All reference cases that are runs of a scenario; those of single models have tests of their own."""
    every = [Case(path.parent) for path in sorted(FOLDER.glob("*/case.toml"))]
    return [case for case in every if "scenario" in case.about]


def table(path: Path) -> list[Row]:
    """Rows of a CSV file."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def figure(run: Run, name: str) -> Any:
    """Key figure of a run by its dotted name."""
    here: Any = run.kpis
    for part in name.split("."):
        here = here[part]
    return here


def agrees(found: float | str, text: str, within: float | str) -> bool:
    """Whether a figure is the printed one; a relative tolerance is never finer than the print."""
    if isinstance(found, str):
        return found.startswith(text)
    half_digit = 0.5 * 10.0 ** -len(text.partition(".")[2])
    relative = 1e-9 if within == "last digit" else float(within)
    return math.isclose(found, float(text), rel_tol=relative, abs_tol=half_digit)


def altered(source: Path, target: Path, *changes: Callable[[Row], None]) -> None:
    """Write a table with every row changed."""
    rows = table(source)
    for row in rows:
        for change in changes:
            change(row)
    with target.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def to_slots(row: Row, names: tuple[str, ...] = TIMES) -> None:
    """Round times up to whole quarter hours."""
    for name in names:
        time = datetime.fromisoformat(row[name])
        midnight = time.replace(hour=0, minute=0, second=0)
        row[name] = (midnight - (midnight - time) // QUARTER * QUARTER).isoformat()


def tell_the_truth(row: Row) -> None:
    """Declare the true departure."""
    row["window_start"] = row["window_end"] = row["departure"]


def comparisons() -> list[tuple[Case, Mapping[str, Any], str]]:
    """Every row of every comparison of every case."""
    return [
        (case, compare, row)
        for case in cases()
        for compare in case.about["compare"]
        for row in compare["rows"]
    ]
