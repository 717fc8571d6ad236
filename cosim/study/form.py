"""The study file as data: every key with its unit, bounds, example and default."""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, Literal

from pydantic import Field, ValidationError

from cosim.scenario.findings import findings_of
from cosim.scenario.load import read_toml
from cosim.scenario.positions import Finding, Places
from cosim.scenario.schema import Name
from cosim.scenario.section import Section
from cosim.study.cluster_form import ClusterForm
from sims.faults import Fault, ScenarioError

MAX_CASES = 100_000
NEEDS = "a study has at least name, scenario and [axes], [[cases]] or seeds"
Seed = int


class CaseLimits(Section):
    """What one case may take; a case that takes more is stopped and listed as failed."""

    case_seconds: float | None = Field(
        default=None, gt=0, le=1e7, description="wall time of a case; default: none [s]"
    )
    case_memory_mb: float | None = Field(
        default=None, ge=1, le=1e7, description="resident memory of the process of a case; default: none [MB]"
    )


class StudyForm(Section):
    """Which cases of which scenarios."""

    name: Name = Field(
        description="letters, digits, `.`, `_` and `-`, at most 64; the folder is called so",
        examples=["office_policies"],
    )
    description: str = Field(default="", description="one line for reports")
    scenario: str | list[str] = Field(
        description="scenario file from the folder of the study, or several: then an axis `scenario`",
        examples=["office_v2b.toml"],
    )
    sampling: Literal["grid", "latin_hypercube", "cases"] = Field(
        default="grid", description="every combination of the axes, so many samples of them, or listed cases"
    )
    samples: int | None = Field(
        default=None, ge=1, le=MAX_CASES, description="cases of a Latin hypercube, for each seed [-]"
    )
    sampling_seed: int = Field(default=1, ge=0, le=2**63 - 1, description="of the Latin hypercube")
    seeds: int | list[int] | None = Field(
        default=None,
        description="every case is run with each of these seeds; a number n means 1 .. n; "
        "default: the scenario's own",
        examples=[[1, 2, 3]],
    )
    set: dict[str, Any] = Field(
        default_factory=dict, description="keys of the scenario that all cases have in common"
    )
    axes: dict[str, Any] = Field(
        default_factory=dict,
        description="keys of the scenario with their values: a list, a range `{ from, to, n }`, or under "
        "a name of your own a list of tables of keys that change together",
    )
    cases: list[dict[str, Any]] = Field(
        default_factory=list, description="listed cases, a table of keys each", max_length=MAX_CASES
    )
    limits: CaseLimits = Field(default_factory=CaseLimits)
    workers: int | None = Field(
        default=None, ge=1, le=1024, description="processes that run cases; default: as many as cores [-]"
    )
    cluster: ClusterForm | None = Field(
        default=None, description="batch system whose jobs run the cases; default: processes here"
    )

    @property
    def scenarios(self) -> list[str]:
        """The scenario files."""
        return [self.scenario] if isinstance(self.scenario, str) else self.scenario

    @property
    def seed_values(self) -> list[int]:
        """The seeds; empty: that of the scenario."""
        return list(range(1, self.seeds + 1)) if isinstance(self.seeds, int) else self.seeds or []


@dataclass(frozen=True, slots=True)
class StudyFile:
    """A study with where it came from.

    Parameters
    ----------
    form : StudyForm
        What it says.
    path : Path
        The file.
    places : Places
        Lines of its keys.
    """

    form: StudyForm
    path: Path
    places: Places


def load_study(path: Path | str) -> StudyFile:
    """A study of a TOML file whose form is right.

    Raises
    ------
    ScenarioError
        Everything that is wrong with its form, with lines.
    """
    path = Path(path)
    raw, lines = read_toml(path, NEEDS)
    if "sites" in raw and "scenario" not in raw:
        how = f'run it with `cosim run`, or write a study that names it: scenario = "{path.name}"'
        raise ScenarioError([Fault("S06", path.name, f"is a scenario, not a study; {how}")])
    places = Places(path.name, lines)
    try:
        form = StudyForm.model_validate(raw)
    except ValidationError as error:
        found = findings_of(error, raw, StudyForm)
        raise ScenarioError([finding.fault(places) for finding in found]) from None
    if found := _contradictions(form, path.parent):
        raise ScenarioError([finding.fault(places) for finding in found])
    return StudyFile(form, path, places)


def _contradictions(form: StudyForm, folder: Path) -> list[Finding]:
    """Keys that do not fit each other, and scenarios that are not there."""
    found = [*_scenario_findings(form, folder), *_seed_findings(form)]
    listed = form.sampling == "cases"
    if form.cases and not listed:
        found.append(
            Finding("S38", ("cases",), f'sampling = "{form.sampling}" lists none: sampling = "cases"')
        )
    if form.axes and listed:
        found.append(
            Finding("S38", ("axes",), 'contradicts sampling = "cases": list the values in [[cases]]')
        )
    if listed and not form.cases:
        found.append(Finding("S07", ("cases",), "no case is listed; add [[cases]]"))
    if form.sampling == "latin_hypercube" and form.samples is None:
        found.append(
            Finding("S07", ("samples",), "required by a Latin hypercube; for example `samples = 50`")
        )
    if form.sampling != "latin_hypercube" and form.samples is not None:
        what = f'only a Latin hypercube has samples, sampling is "{form.sampling}"'
        found.append(Finding("S38", ("samples",), what, form.samples))
    if form.sampling == "latin_hypercube" and not form.axes:
        found.append(Finding("S07", ("axes",), "a Latin hypercube needs at least one axis"))
    return found


def _seed_findings(form: StudyForm) -> list[Finding]:
    given, loc = form.seeds, ("seeds",)
    if isinstance(given, int):
        return [] if 1 <= given <= MAX_CASES else [Finding("S36", loc, f"allowed: 1 .. {MAX_CASES}", given)]
    if given == []:
        return [Finding("S36", loc, "empty: there would be no case; leave it out for the scenario's own")]
    wrong = [seed for seed in given or () if not 0 <= seed <= 2**63 - 1]
    return [Finding("S36", loc, f"{seed}: allowed 0 .. 2^63-1") for seed in wrong]


def _scenario_findings(form: StudyForm, folder: Path) -> list[Finding]:
    found: list[Finding] = []
    if not form.scenarios:
        found.append(Finding("S07", ("scenario",), "empty: there would be no case"))
    for text in form.scenarios:
        if problem := _path_problem(text):
            found.append(Finding("S17", ("scenario",), problem, text))
        elif not (folder / text).is_file():
            what = f"no such file from the folder of the study ({folder.resolve()})"
            found.append(Finding("S01", ("scenario",), what, text))
    if len(set(form.scenarios)) < len(form.scenarios):
        found.append(Finding("S27", ("scenario",), "a file is named twice"))
    return found


def _path_problem(text: str) -> str | None:
    """Why a file name is refused, or None; unlike a scenario's data, scenarios may lie beside the study."""
    if not text or "\0" in text or text.startswith("~") or "$" in text or "://" in text:
        return "is no file name from the folder of the study; `~`, variables and addresses are not expanded"
    if PurePosixPath(text).is_absolute() or PureWindowsPath(text).drive or "\\" in text:
        return "must be a path from the folder of the study, with `/`"
    return None
