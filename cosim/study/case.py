"""One case of a study, what it is known by, and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from json import dumps
from pathlib import Path
from typing import Any, Literal

from cosim.scenario.positions import Loc

AxisValue = bool | int | float | str | None
"""What a case has on an axis; None: the axis says nothing of this case."""
KpiValue = float | int | str
Payload = dict[str, Any]
"""What a worker is told of a case: plain texts, numbers and booleans only, whole by itself."""


@dataclass(frozen=True, slots=True)
class Case:
    """One run of a study.

    Parameters
    ----------
    case_id : str
        Hash of the resolved scenario, its data files and the version of gridpark: equal cases have the same
        in every study.
    axes : mapping of str to AxisValue
        Its value on every axis, in the order of the study.
    scenario : str
        Scenario file as the study names it.
    folder : Path
        Folder of that file, absolute: where its data files are looked up.
    scenario_toml : str
        The resolved scenario.
    set_at : tuple of (Loc, str)
        Keys the study sets, with the file and line where it does: for messages.
    """

    case_id: str
    axes: Mapping[str, AxisValue]
    scenario: str
    folder: Path
    scenario_toml: str
    set_at: tuple[tuple[Loc, str], ...] = ()

    def payload(self, out: Path, *, allow_code: bool = False, yes_large: bool = False) -> Payload:
        """What `cosim.study.work.run_case` needs; `out` is the folder of the study, seen by all workers."""
        return {
            "case_id": self.case_id,
            "scenario": self.scenario,
            "set_at": [[list(loc), at] for loc, at in self.set_at],
            "scenario_toml": self.scenario_toml,
            "folder": str(self.folder),
            "out": str(out.absolute()),
            "allow_code": allow_code,
            "yes_large": yes_large,
        }


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What became of a case.

    Parameters
    ----------
    case_id : str
        The case.
    status : "done" or "failed"
        Whether there is a run.
    kpis : mapping of str to float, int or str
        Key figures that apply, by dotted name (`sites.office.bill_total`); none of a failed case.
    reason : str
        Why it failed, in words; empty when done.
    wall_s : float
        Time it took; NaN when that is not known [s].
    path : str
        Result file from the folder of the study, with `/`; empty when failed.
    """

    case_id: str
    status: Literal["done", "failed"]
    kpis: Mapping[str, KpiValue] = field(default_factory=dict)
    reason: str = ""
    wall_s: float = float("nan")
    path: str = ""

    @classmethod
    def failed(cls, case_id: str, reason: str, wall_s: float = float("nan")) -> "CaseResult":
        """A case without a run."""
        return cls(case_id, "failed", reason=reason, wall_s=wall_s)


def content_id(scenario_toml: str, file_hashes: Mapping[str, str], version: str) -> str:
    """Name of a case by its content, 20 hexadecimal digits.

    Parameters
    ----------
    scenario_toml : str
        The resolved scenario.
    file_hashes : mapping of str to str
        sha256 of every data file by the name the scenario gives it.
    version : str
        Of gridpark.
    """
    content = {"files": dict(sorted(file_hashes.items())), "gridpark": version, "scenario": scenario_toml}
    return sha256(dumps(content, sort_keys=True).encode()).hexdigest()[:20]
