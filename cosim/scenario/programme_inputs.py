"""The programme of a `[[sites.events]]` section, with what the site changes of its rules."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from cosim.scenario.events_form import SiteEvents
from cosim.scenario.positions import Finding, Loc
from cosim.scenario.schema import Scenario
from sims.faults import Fault, ScenarioError
from sims.signals.response.programme import PROGRAMME, Programme
from sims.signals.response.programme_files import load_programme


def read_programme(scenario: Scenario, loc: Loc, section: SiteEvents) -> Programme:
    """The programme of a section at `loc`, a preset or a file, with the section's `options` in it.

    Raises
    ------
    ScenarioError
        No such programme, options it does not have or allow, or money the site does not pay in.
    DataError
        The file is no valid programme.
    """
    where = scenario.places.where((*loc, "programme"))
    programme = load_programme(section.programme, scenario.folder, where)
    if section.options:
        try:
            programme = PROGRAMME.validate_python(_merged(programme.model_dump(), section.options))
        except ValidationError as error:
            raise ScenarioError([*_option_faults(scenario, (*loc, "options"), section, error)]) from error
    currency = scenario.sites[int(loc[1])].currency
    if programme.currency != currency:
        what = f"pays in {programme.currency}, the bill of the site is in {currency}"
        finding = Finding("S38", (*loc, "programme"), what, section.programme)
        raise ScenarioError([finding.fault(scenario.places)])
    return programme


def _option_faults(
    scenario: Scenario, loc: Loc, section: SiteEvents, error: ValidationError
) -> Iterator[Fault]:
    """What pydantic says of the changed rules, at the key that changed them."""
    for entry in error.errors():
        keys = [str(part) for part in entry["loc"][1:]]  # the first names the kind of programme
        place = (*loc, keys[0]) if keys and keys[0] in section.options else loc
        inside = f"{'.'.join(keys)}: " if len(keys) > 1 else ""
        yield Finding("S38", place, f"{inside}{entry['msg']}").fault(scenario.places)


def _merged(rules: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """`rules` with `options` in their place, tables inside them part by part."""

    def part(name: str, value: Any) -> Any:
        known = rules.get(name)
        return _merged(known, value) if isinstance(value, dict) and isinstance(known, dict) else value

    return {**rules, **{name: part(name, value) for name, value in options.items()}}
