"""`--set sites.office.policy.name=mpc`: keys of a parsed scenario replaced from the command line."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

from cosim.scenario.positions import Loc, site_names
from sims.faults import Fault, ScenarioError, nearest

FORM = "an override is `path=value`, for example days=7"

_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_PATH = re.compile(r"[^.\[\]=]+(?:\.[^.\[\]=]+|\[\d+\])*")


class _UnknownPlaceError(Exception):
    """The path of an override leads nowhere."""


def apply_overrides(raw: dict[str, Any], overrides: Sequence[str]) -> tuple[frozenset[Loc], list[Fault]]:
    """Set keys of a parsed scenario in place.

    Parameters
    ----------
    raw : dict
        The parsed file.
    overrides : sequence of str
        `path=value` each; a site goes by name or position (`sites.office.` or `sites[0].`), a charger by
        position (`chargers[1].`). The value is TOML, or a text without quotes. Naming another policy
        drops the parameters the file gives its own; those set by overrides stay.

    Returns
    -------
    places : frozenset of Loc
        Keys that were set.
    faults : list of Fault
        Overrides whose path leads nowhere.
    """
    places: set[Loc] = set()
    faults: list[Fault] = []
    for override in overrides:
        path, sign, text = override.partition("=")
        try:
            if not sign or not _PATH.fullmatch(path.strip()):
                raise _UnknownPlaceError(FORM)
            _apply(raw, path.strip(), _value(text.strip()), places)
        except _UnknownPlaceError as error:
            faults.append(Fault("S06", f"--set {override}", str(error)))
    return frozenset(places), faults


def as_settings(overrides: Sequence[str]) -> dict[str, Any]:
    """Overrides of a command line as keys and values.

    Raises
    ------
    ScenarioError
        Some are not `path=value`.
    """
    split = [(override, *override.partition("=")) for override in overrides]
    if wrong := [Fault("S06", f"--set {override}", FORM) for override, _, sign, _ in split if not sign]:
        raise ScenarioError(wrong)
    return {path.strip(): _value(text.strip()) for _, path, _, text in split}


def apply_settings(raw: dict[str, Any], settings: Mapping[str, Any]) -> tuple[dict[str, Loc], dict[str, str]]:
    """Set keys of a parsed scenario in place, as `apply_overrides` does, to values that are values already.

    Returns
    -------
    places : dict of str to Loc
        Where each path leads.
    problems : dict of str to str
        Why a path leads nowhere.
    """
    set_there: set[Loc] = set()
    places: dict[str, Loc] = {}
    problems: dict[str, str] = {}
    for path, value in settings.items():
        try:
            if not _PATH.fullmatch(path):
                raise _UnknownPlaceError("a key is a dotted path, for example sites.office.policy.name")
            places[path] = _apply(raw, path, deepcopy(value), set_there)
        except _UnknownPlaceError as error:
            problems[path] = str(error)
    return places, problems


def _apply(raw: dict[str, Any], path: str, value: Any, places: set[Loc]) -> Loc:
    """Set one key, note its place; another policy forgets the parameters of the one before."""
    loc, before = _set(raw, path, value)
    if loc[-2:] == ("policy", "name") and value != before:
        _forget_parameters(raw, loc, places)
    places.add(loc)
    return loc


def _forget_parameters(raw: dict[str, Any], loc: Loc, places: set[Loc]) -> None:
    """Another policy named on the command line starts from its defaults: the file's are not its own."""
    section: Any = raw
    for key in loc[:-1]:
        section = section[key]
    for key in section.keys() - {"name", "every_minutes"}:
        if (*loc[:-1], key) not in places:
            del section[key]


def _value(text: str) -> Any:
    """A TOML value, or the text itself."""
    try:
        parsed = tomllib.loads(f"value = {text}") if "\n" not in text else {}
    except (ValueError, RecursionError):
        return text
    return parsed.get("value", text)


def _set(raw: dict[str, Any], path: str, value: Any) -> tuple[Loc, Any]:
    """Set one key, and say what it was; tables on the way that are not there yet are made."""
    steps: list[str | int] = [name or int(number) for name, number in _STEP.findall(path)]
    here: Any = raw
    loc: Loc = ()
    for step in steps[:-1]:
        part = _part(here, step, loc, raw)
        if isinstance(here, dict):
            here.setdefault(part, {})
        here = here[part]
        loc = (*loc, part)
    last = _part(here, steps[-1], loc, raw)
    before = here[last] if isinstance(last, int) else here.get(last)
    here[last] = value
    return (*loc, last), before


def _part(here: Any, step: str | int, loc: Loc, raw: dict[str, Any]) -> str | int:
    """Key or position that a step of the path means in the table or list it is looked up in."""
    if isinstance(here, list):
        return _position(here, step, loc, raw)
    if isinstance(here, dict) and isinstance(step, str):
        return step
    raise _UnknownPlaceError(f"`{step}`: there is no table or list to look into")


def _position(here: list[Any], step: str | int, loc: Loc, raw: dict[str, Any]) -> int:
    """Position in a list that a number or the name of a site means."""
    names = site_names(raw) if loc == ("sites",) else ()
    if isinstance(step, str) and step in names:
        return names.index(step)
    if isinstance(step, int) or step.isdecimal():
        if int(step) < len(here):
            return int(step)
        raise _UnknownPlaceError(f"position {step}: allowed 0 .. {len(here) - 1}")
    if names:
        raise _UnknownPlaceError(f'"{step}": no such site; {nearest(step, [name for name in names if name])}')
    raise _UnknownPlaceError(f'"{step}": a position is needed, for example [0]')
