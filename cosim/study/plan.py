"""A study file to its cases: every combination resolved to a scenario, checked, and named by its content."""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from hashlib import file_digest
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cosim.scenario.check import data_files
from cosim.scenario.load import dump_scenario, read_toml
from cosim.scenario.overrides import apply_settings, as_settings
from cosim.scenario.positions import Finding, Places, site_names
from cosim.scenario.validate import validated
from cosim.study.axes import RESERVED, Axis, AxisReader, case_settings
from cosim.study.case import AxisValue, Case, content_id
from cosim.study.form import MAX_CASES, StudyFile, load_study
from cosim.study.plain_names import unknown_names
from cosim.study.sampling import combinations, count, double_settings
from sims.faults import Fault, ScenarioError

ABSENT = "absent"
Settings = dict[str, tuple[Any, str]]
"""For each key of the scenario what it becomes, and the file and line that say so."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A study and its cases.

    Parameters
    ----------
    file : StudyFile
        The study.
    axes : tuple of Axis
        What varies, seeds and scenarios aside.
    n_asked : int
        Cases before equal ones were merged.
    cases : tuple of Case
        In the order of the table, which is that of the values: the order of the study does not matter.
    """

    file: StudyFile
    axes: tuple[Axis, ...]
    n_asked: int
    cases: tuple[Case, ...]

    def described(self) -> dict[str, Any]:
        """What `plan.json` holds."""
        form = self.file.form
        scenarios = {"scenario": form.scenarios} if len(form.scenarios) > 1 else {}
        return {
            "name": form.name,
            "description": form.description,
            "axes": scenarios | {name: self._values(name) for name in self._names()},
            "seeds": form.seed_values,
            "cases": [{"case_id": case.case_id, "axes": dict(case.axes)} for case in self.cases],
        }

    def _names(self) -> list[str]:
        if self.axes:
            return [axis.name for axis in self.axes]
        return [name for name in self.cases[0].axes if name not in {"seed", "scenario"}]

    def _values(self, name: str) -> list[AxisValue]:
        """Values of an axis: in the order of the study when it lists them, else in that of the table."""
        listed = next((axis.levels for axis in self.axes if axis.name == name), ())
        found = [level.value for level in listed] or [case.axes[name] for case in self.cases]
        return [value for value in dict.fromkeys(found) if value is not None]


def plan_study(path: Path | str, overrides: Sequence[str] = ()) -> Plan:
    """All cases of a study, each checked as far as that needs no data file.

    Parameters
    ----------
    path : path
        Study file.
    overrides : sequence of str
        Keys of the scenario to replace in all cases, `days=7` each.

    Raises
    ------
    ScenarioError
        Everything that is wrong with the study or the scenario of any case, each fault once.
    """
    file, axes, n_asked = read_study(path)
    common = {key: (value, file.places.at(("set", key))) for key, value in file.form.set.items()}
    common |= {key: (value, "--set") for key, value in as_settings(overrides).items()}
    resolver = _Resolver(file, common)
    for values, settings in combinations(file.form, axes):
        resolver.add(values, {key: (value, file.places.at(loc)) for key, (value, loc) in settings.items()})
    return Plan(file, tuple(axes), n_asked, resolver.cases())


def read_study(path: Path | str) -> tuple[StudyFile, list[Axis], int]:
    """A study file, its axes and the number of its cases, without resolving any.

    Raises
    ------
    ScenarioError
        Everything that is wrong with its form, axes or size.
    """
    file = load_study(path)
    reader = AxisReader(file.form.sampling)
    axes = reader.read(file.form)
    found = reader.findings or [*double_settings(axes), *_doubled(file, axes), *_unknown(file, axes)]
    n_asked = 0 if found else count(file.form, axes)
    if n_asked > MAX_CASES:
        parts = " x ".join(f"{len(axis.levels)} {axis.name}" for axis in axes if axis.levels)
        what = f"{n_asked:,} cases ({parts or 'samples'}); allowed {MAX_CASES:,}: sample them instead"
        found = [Finding("S24", ("axes",) if axes else ("cases",), what)]
    if found:
        raise ScenarioError([finding.fault(file.places) for finding in found])
    return file, axes, n_asked


def _unknown(file: StudyFile, axes: Sequence[Axis]) -> list[Finding]:
    """Axes whose name is no key of the first scenario."""
    raw, _ = read_toml(file.path.parent / file.form.scenarios[0])
    return [*unknown_names(axes, raw)]


def _doubled(file: StudyFile, axes: Sequence[Axis]) -> Iterator[Finding]:
    """Keys given in two places of the study."""
    varied = {key for axis in axes for level in axis.levels for key in level.settings}
    varied |= {axis.name for axis in axes}
    for key in file.form.set:
        if key in varied or (key == "seed" and file.form.seeds is not None):
            yield Finding("S38", ("set", key), "varies in this study: leave it out here")
    for loc, settings in case_settings(file.form):
        for key in settings.keys() & set(RESERVED):
            hint = "give `seeds`" if key == "seed" else "the table has a column of that name"
            yield Finding("S38", (*loc, key), f"cannot vary from case to case: {hint}")


class _Resolver:
    """Turns combinations into cases; equal ones are merged, faults gathered, each once."""

    def __init__(self, file: StudyFile, common: Settings) -> None:
        self._file, self._common = file, common
        self._cases: dict[str, Case] = {}
        self._faults: dict[Fault, None] = {}
        self._scenarios = {text: read_toml(file.path.parent / text) for text in file.form.scenarios}
        self._version = version("gridpark")

    def add(self, values: Mapping[str, AxisValue], settings: Settings) -> None:
        """One combination, with every scenario and every seed."""
        form = self._file.form
        for text in form.scenarios:
            of = {"scenario": text} if len(form.scenarios) > 1 else {}
            for seed in form.seed_values or [None]:
                seeded = {} if seed is None else {"seed": (seed, self._file.places.at(("seeds",)))}
                drawn = {} if seed is None else {"seed": seed}
                self._resolve(text, {**of, **values, **drawn}, {**self._common, **settings, **seeded})

    def cases(self) -> tuple[Case, ...]:
        """All cases in the order of their values."""
        if self._faults:
            raise ScenarioError(list(self._faults))
        return tuple(sorted(self._cases.values(), key=lambda case: [*map(_rank, case.axes.values())]))

    def _resolve(self, text: str, axes: dict[str, AxisValue], settings: Settings) -> None:
        folder = (self._file.path.parent / text).absolute().parent
        kept, lines = self._scenarios[text]
        raw = deepcopy(kept)
        set_there, problems = apply_settings(raw, {key: value for key, (value, _) in settings.items()})
        for key, what in problems.items():
            self._faults[Fault("S06", f"{settings[key][1]} {key}", what)] = None
        set_at = {loc: settings[key][1] for key, loc in set_there.items()}
        try:
            scenario = validated(raw, folder, Places(Path(text).name, lines, site_names(raw), set_at=set_at))
        except ScenarioError as error:
            self._faults |= dict.fromkeys(error.faults)
            return
        toml = dump_scenario(scenario)
        hashes = {name: _file_hash(folder / name) for _, name in data_files(scenario)}
        case_id = content_id(toml, hashes, self._version)
        self._cases.setdefault(case_id, Case(case_id, axes, text, folder, toml, tuple(set_at.items())))


def checked_first(cases: Sequence[Case]) -> list[Case]:
    """A few cases with all that the study varies, to be read with all their data before the first one runs.

    Each value of each axis is in one of them; of numbers the smallest and the largest, of seeds none.
    """
    wanted = _telling_values(cases)
    chosen: list[Case] = []
    for case in cases:
        new = {item for item in case.axes.items() if item in wanted}
        if new or not chosen:
            chosen.append(case)
            wanted -= new
    return chosen


def _telling_values(cases: Sequence[Case]) -> set[tuple[str, AxisValue]]:
    telling: set[tuple[str, AxisValue]] = set()
    for name in (name for name in (cases[0].axes if cases else ()) if name != "seed"):
        values = {case.axes[name] for case in cases}
        numbers = {
            value for value in values if isinstance(value, int | float) and not isinstance(value, bool)
        }
        ends = {min(numbers), max(numbers)} if numbers else set()
        telling |= {(name, value) for value in (values - numbers) | ends}
    return telling


def _rank(value: AxisValue) -> tuple[int, float, str]:
    """Sort key over values of any type: nothing, then numbers, then texts."""
    if value is None:
        return 0, 0.0, ""
    return (1, float(value), "") if isinstance(value, int | float) else (2, 0.0, value)


@cache
def _digest(path: Path, size: int, mtime_ns: int) -> str:
    """sha256 of a file that has not changed since it was last asked for."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _file_hash(path: Path) -> str:
    """sha256 of a data file; one that is not there has none, which the check of the case says."""
    try:
        seen = path.stat()
        return _digest(path, seen.st_size, seen.st_mtime_ns)
    except OSError:
        return ABSENT
