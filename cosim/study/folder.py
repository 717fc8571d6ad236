"""Where a study keeps what: one folder, everything in it but the runs small and readable.

<out>/study.toml              the study as it was asked for
<out>/plan.json               axes, seeds and every case with its values, written before the first run
<out>/cases/<case_id>.h5      a run
<out>/cases/<case_id>.json    its status and key figures; written last: where it is, the case has ended
<out>/cases.csv               one row a case: case_id, axes, status, key figures (also cases.parquet)
<out>/failures.csv            cases without a run, with their reason
<out>/log.json                wall times and the like: everything that differs from one sweep to the next
<out>/lock                    held while a sweep writes there
"""

import json
from dataclasses import asdict, dataclass
from math import isfinite
from pathlib import Path

from cosim.results.disk import write_whole
from cosim.study.case import CaseResult

SCRATCH = ".part"
"""Folders of runs that go on end so."""


@dataclass(frozen=True, slots=True)
class Folder:
    """Paths below the folder of a study."""

    out: Path

    @property
    def study(self) -> Path:
        """Copy of the study file."""
        return self.out / "study.toml"

    @property
    def plan(self) -> Path:
        """Axes and cases."""
        return self.out / "plan.json"

    @property
    def cases(self) -> Path:
        """Folder of the runs."""
        return self.out / "cases"

    @property
    def table(self) -> Path:
        """The tidy table."""
        return self.out / "cases.csv"

    @property
    def failures(self) -> Path:
        """Cases without a run."""
        return self.out / "failures.csv"

    @property
    def log(self) -> Path:
        """What differs from one sweep to the next."""
        return self.out / "log.json"

    @property
    def lock(self) -> Path:
        """Held while a sweep writes."""
        return self.out / "lock"

    def run(self, case_id: str) -> Path:
        """Result file of a case."""
        return self.cases / f"{case_id}.h5"

    def marker(self, case_id: str) -> Path:
        """Status and key figures of a case that has ended."""
        return self.cases / f"{case_id}.json"

    def write_marker(self, result: CaseResult) -> None:
        """Say that a case has ended, as the last thing of it; without its wall time."""
        told = asdict(result) | {"kpis": _finite(result)}
        del told["wall_s"]
        write_whole(self.marker(result.case_id), (json.dumps(told, indent=1, sort_keys=True) + "\n").encode())

    def read_marker(self, case_id: str) -> CaseResult | None:
        """What became of a case, None when it has not ended or what tells of it cannot be read."""
        try:
            told = json.loads(self.marker(case_id).read_text("utf-8"))
            result = CaseResult(**told)
        except (OSError, ValueError, TypeError):
            return None
        if result.case_id != case_id or (result.status == "done" and not self.run(case_id).is_file()):
            return None
        return result


def _finite(result: CaseResult) -> dict[str, float | int | str]:
    """Key figures that are known: one that is not a number stays away, it is never 0."""
    return {
        name: value for name, value in result.kpis.items() if not isinstance(value, float) or isfinite(value)
    }
