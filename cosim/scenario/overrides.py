"""`--set sites.office.policy.name=mpc`: keys of a parsed scenario replaced from the command line."""

import re
import tomllib
from collections.abc import Sequence
from typing import Any

from cosim.scenario.positions import Loc, site_names
from sims.faults import Fault, nearest

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
        position (`chargers[1].`). The value is TOML, or a text without quotes.

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
                raise _UnknownPlaceError("an override is `path=value`, for example days=7")
            places.add(_set(raw, path.strip(), _value(text.strip())))
        except _UnknownPlaceError as error:
            faults.append(Fault("S06", f"--set {override}", str(error)))
    return frozenset(places), faults


def _value(text: str) -> Any:
    """A TOML value, or the text itself."""
    try:
        parsed = tomllib.loads(f"value = {text}") if "\n" not in text else {}
    except (ValueError, RecursionError):
        return text
    return parsed.get("value", text)


def _set(raw: dict[str, Any], path: str, value: Any) -> Loc:
    """Set one key; tables on the way that are not there yet are made."""
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
    here[last] = value
    return (*loc, last)


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
