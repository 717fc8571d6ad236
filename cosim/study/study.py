"""A finished or running study as an object: one table, its failures, and the runs behind it."""

import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cosim.study.case import AxisValue, CaseResult
from cosim.study.folder import Folder
from sims.faults import StoreError, nearest

if TYPE_CHECKING:
    import pandas as pd

    from cosim.results.pages.images import ImageFormat
    from cosim.results.run import Run


def open_study(path: Path | str) -> "Study":
    """Open the folder of a study, also while its sweep goes on.

    Raises
    ------
    StoreError
        No such folder, or it holds no study.
    """
    folder = Folder(Path(path))
    try:
        plan = json.loads(folder.plan.read_text("utf-8"))
        return Study(folder, plan)
    except FileNotFoundError:
        what = f"it has no {folder.plan.name}; name the folder that `cosim sweep` wrote"
        raise StoreError(f"{path}: no folder of a study: {what}") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"{path}: no folder of a study: {folder.plan.name} cannot be read ({error})"
        ) from None


class Study:
    """Cases of a study with their key figures.

    Iterating gives the ids of the cases that have a run, in the order of the table.
    """

    def __init__(self, folder: Folder, plan: Mapping[str, Any]) -> None:
        self.folder = folder
        self.name: str = plan["name"]
        self.axes: dict[str, list[AxisValue]] = plan["axes"]
        """Values of every axis, in the order of the study; `seed` is not among them."""
        self.seeds: list[int] = plan["seeds"]
        """Seeds every case was run with; empty: that of the scenario."""
        self.planned: dict[str, dict[str, AxisValue]] = {
            case["case_id"]: case["axes"] for case in plan["cases"]
        }
        """Values of every case on the axes (and `seed`), by case id, in the order of the table."""

    @property
    def path(self) -> Path:
        """Folder of the study."""
        return self.folder.out

    @cached_property
    def results(self) -> dict[str, CaseResult]:
        """What became of every case that has ended, by case id."""
        found = ((case_id, self.folder.read_marker(case_id)) for case_id in self.planned)
        return {case_id: result for case_id, result in found if result is not None}

    @cached_property
    def table(self) -> "pd.DataFrame":
        """One row a case, indexed by case id: axes, `seed`, `status`, then key figures by dotted name.

        A figure that does not apply to a case, or of a case without a run, is missing there.
        """
        from cosim.study.table import case_table

        return case_table(self)

    @cached_property
    def failures(self) -> "pd.DataFrame":
        """Cases that have no run, indexed by case id: axes, `seed`, `reason`."""
        from cosim.study.table import failure_table

        return failure_table(self)

    def run(self, case_id: str) -> "Run":
        """The run of a case, read when asked for."""
        from cosim.results.run import open_run

        if case_id not in self.planned:
            raise KeyError(f'no case "{case_id}"; {nearest(case_id, list(self.planned)[:20])}')
        return open_run(self.folder.run(case_id))

    def runs(self) -> "Iterator[Run]":
        """The run of every case that has one, one after the other."""
        return (self.run(case_id) for case_id in self)

    def report(self, path: Path | str | None = None, *, images: "ImageFormat | None" = None) -> Path:
        """Write one self-contained HTML page; by default `report.html` in the folder of the study.

        With `images` "png" or "svg" every figure is written as `<page>_images/<figure>.<images>` too.
        """
        from cosim.study.report import write_study_report

        return write_study_report(self, Path(path) if path else self.path / "report.html", images)

    def __iter__(self) -> Iterator[str]:
        return (case_id for case_id in self.planned if self._status(case_id) == "done")

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _status(self, case_id: str) -> str:
        return self.results[case_id].status if case_id in self.results else "open"

    def __repr__(self) -> str:
        failed = sum(result.status == "failed" for result in self.results.values())
        axes = ", ".join([*self.axes, *(["seed"] if self.seeds else [])])
        return f"<Study {self.name}: {len(self)} of {len(self.planned)} cases done, {failed} failed; {axes}>"

    def _repr_html_(self) -> str:
        totals = [column for column in self.table if column.startswith("totals.")]
        known = [*self.axes, *(["seed"] if self.seeds else []), "status", *totals]
        shown = self.table[known].astype(object)
        shown = shown.where(shown.notna(), "")  # what is not known is no number and no name
        return f"<p>{escape(repr(self))}</p>{shown.to_html(max_rows=20)}"
