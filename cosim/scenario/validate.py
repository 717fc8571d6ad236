"""A parsed file to a scenario: what breaks the form and what breaks the sense, both at once."""

from collections.abc import Iterable, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from cosim.scenario.check import check_scenario
from cosim.scenario.findings import findings_of
from cosim.scenario.forms import example_at, example_of, field_at, model_at
from cosim.scenario.positions import Finding, Loc, Places
from cosim.scenario.schema import Scenario
from sims.faults import Fault, ScenarioError

MAX_DEPTH = 32
# what a mended file still means: its sites can be looked up when only these were broken
LOOKED_UP = ("sites", "name", "description", "seed")


class BrokenFormError(ScenarioError):
    """The form of a file is broken.

    Parameters
    ----------
    faults : sequence of Fault
        What is wrong with it.
    mended : Scenario
        The file with examples in place of what is broken.
    broken : tuple of str
        Places that were mended, as faults name them.
    """

    def __init__(self, faults: Sequence[Fault], mended: Scenario, broken: tuple[str, ...]) -> None:
        super().__init__(faults)
        self.mended, self.broken = mended, broken

    def with_faults(self, faults: Iterable[Fault]) -> "BrokenFormError":
        """The same with more faults, but for those that judge by an example."""
        own = [fault for fault in faults if not fault.where.startswith(self.broken)]
        return BrokenFormError([*self.faults, *own], self.mended, self.broken)


def validated(raw: dict[str, Any], folder: Path, places: Places) -> Scenario:
    """The scenario that a parsed file describes.

    Raises
    ------
    ScenarioError
        Everything that is wrong with it.
    """
    if loc := _too_deep(raw):
        deep = Finding("S12", loc[:3], f"tables and lists are nested deeper than {MAX_DEPTH}")
        raise ScenarioError([deep.fault(places)])
    scenario, findings = _formed(raw)
    if scenario is not None:
        scenario = scenario.located(folder, places)
        broken = {finding.loc for finding in findings}
        findings += [found for found in check_scenario(scenario) if not _rests_on(found, broken)]
    if findings or scenario is None:
        ordered = sorted(findings, key=lambda finding: _line(finding.loc, places))
        faults = [finding.fault(places) for finding in ordered]
        if scenario is None or not all(finding.loc[0] in LOOKED_UP for finding in findings):
            raise ScenarioError(faults)
        raise BrokenFormError(faults, scenario, tuple(places.where(finding.loc) for finding in findings))
    return scenario


def _too_deep(value: object, loc: Loc = ()) -> Loc:
    """Place that is nested too deep, empty if there is none."""
    if len(loc) > MAX_DEPTH:
        return loc
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return next((deep for key, part in inside if (deep := _too_deep(part, (*loc, key)))), ())


def _formed(raw: dict[str, Any]) -> tuple[Scenario | None, list[Finding]]:
    """The scenario and what is wrong with its form.

    A file with faults is mended with example values, so that its sense can be checked in the same go.
    """
    try:
        return Scenario.model_validate(raw), []
    except ValidationError as error:
        findings = findings_of(error, raw)
    mended = deepcopy(raw)
    for finding in findings:
        _mend(mended, finding.loc)
    try:
        return Scenario.model_validate(mended), findings
    except ValidationError:
        return None, findings


def _mend(raw: dict[str, Any], loc: Loc) -> None:
    """Replace what is wrong at a place by an example, or take it out where nothing is required."""
    here: Any = raw
    for part in loc[:-1]:
        here = here[part]
    last = loc[-1]
    field, model = field_at(loc), model_at(loc)
    if field is not None and field.is_required():
        here[last] = example_at(field)
    elif isinstance(last, int):
        here[last] = example_of(model) if model else 0
    else:
        here.pop(last, None)


def _rests_on(finding: Finding, broken: set[Loc]) -> bool:
    """Whether a finding is about a mended place, or judges by one."""
    places: Sequence[Loc] = (finding.loc, *finding.uses)
    return any(place[: len(bad)] == bad or bad[: len(place)] == place for place in places for bad in broken)


def _line(loc: Loc, places: Places) -> int:
    """Line to sort by: of the key or of the table it is in."""
    return next(
        (places.lines[loc[:end]][0] for end in range(len(loc), 0, -1) if loc[:end] in places.lines), 0
    )
