"""A scenario file to a checked scenario, and back."""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import tomli_w

from cosim.scenario.overrides import apply_overrides
from cosim.scenario.positions import Loc, Places, key_lines, shown, site_names
from cosim.scenario.schema import SCHEMA_VERSION, Scenario
from cosim.scenario.validate import MAX_DEPTH, BrokenFormError, validated
from sims.faults import Fault, ScenarioError
from sims.files import file_problem

MAX_BYTES = 2**20
SCENARIO_NEEDS = "a scenario has at least name, start, days, timezone, [feeder] and [[sites]]"
_AT = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)")
_BARE = r"""(?:(?<![A-Za-z0-9_-])[A-Za-z0-9_-]++|"[^"\n]*+"|'[^'\n]*+')"""
# tomllib takes quadratic time over a key of very many parts
_LONG_KEY = re.compile(rf"{_BARE}(?:[ \t]*+\.[ \t]*+{_BARE}){{{MAX_DEPTH}}}")
_LONG_NUMBER = re.compile(r"[0-9_]{1000}")


def load_scenario(path: str | Path, overrides: Sequence[str] = ()) -> Scenario:
    """Scenario of a TOML file.

    Parameters
    ----------
    path : str or Path
        The file; the files it names are looked up in its folder.
    overrides : sequence of str
        Keys to replace, `sites.office.policy.name=mpc` each.

    Raises
    ------
    ScenarioError
        Everything that is wrong with the file, with lines.
    """
    path = Path(path)
    raw, lines = read_toml(path)
    places = Places(path.name, lines, site_names(raw))
    if "scenario" in raw and "sites" not in raw:
        what = "is a study, not a scenario; run it with `cosim sweep`"
        raise ScenarioError([Fault("S06", path.name, what)])
    _refuse_newer(raw, places)
    overridden, faults = apply_overrides(raw, overrides)
    names = site_names(raw)
    places = replace(places, sites=names, overridden=overridden, overrides=tuple(overrides))
    try:
        scenario = validated(raw, path.absolute().parent, places)
    except BrokenFormError as error:
        raise error.with_faults(faults) from None
    except ScenarioError as error:
        raise ScenarioError([*error.faults, *faults]) from None
    if faults:
        raise ScenarioError(faults)
    return scenario


def dump_scenario(scenario: Scenario) -> str:
    """TOML text of a scenario, defaults written out; loading it gives an equal scenario."""
    return tomli_w.dumps(scenario.model_dump(exclude_none=True))


def read_toml(path: Path, needs: str = SCENARIO_NEEDS) -> tuple[dict[str, Any], dict[Loc, list[int]]]:
    """A TOML file as nested dicts and lists, and the lines on which its keys stand.

    Raises
    ------
    ScenarioError
        It cannot be read, is no TOML, or is empty: then `needs` says what belongs there.
    """
    text = _text(path)
    lines = key_lines(text)
    if raw := _parsed(text, path.name, lines):
        return raw, lines
    raise ScenarioError([Fault("S03", path.name, f"empty; {needs}")])


def _text(path: Path) -> str:
    if problem := file_problem(path, MAX_BYTES):
        raise ScenarioError([Fault(f"S{problem.number}", str(path), problem.what)])
    return path.read_text("utf-8-sig").replace("\r\n", "\n")


def _parsed(text: str, file: str, lines: dict[Loc, list[int]]) -> dict[str, Any]:
    """The file as nested dicts and lists."""
    for code, pattern, what in (
        ("S12", _LONG_KEY, f"key of more than {MAX_DEPTH} parts"),
        ("S15", _LONG_NUMBER, "number too long; whole numbers are -2^63 .. 2^63-1"),
    ):
        if found := pattern.search(text):
            raise ScenarioError([Fault(code, f"{file}:{_line_at(text, found.start())}", what)])
    try:
        return tomllib.loads(text)
    except RecursionError:
        what = f"tables and lists are nested deeper than {MAX_DEPTH}"
        raise ScenarioError([Fault("S12", file, what)]) from None
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError([_syntax_fault(str(error), text, file, lines)]) from None
    except ValueError as error:
        raise ScenarioError([Fault("S04", file, f"not TOML: {error}")]) from None


def _line_at(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def _syntax_fault(message: str, text: str, file: str, lines: dict[Loc, list[int]]) -> Fault:
    """What tomllib says with line, column and the line itself; both lines of a key that is there twice."""
    rows = text.split("\n")
    at = _AT.search(message)
    line, column = (int(at[1]), int(at[2])) if at and at[1] else (len(rows), len(rows[-1]) + 1)
    # tomllib sees that a value is overwritten only at its end, which may be some lines on
    twice = [(found[1], found[0], key) for key, found in lines.items() if len(found) > 1 and found[1] <= line]
    if twice and ("overwrite" in message or "twice" in message):
        second, first, key = max(twice)
        what = f"stands in lines {first} and {second}; keep one"
        return Fault("S05", f"{file}:{second} {Places().key(key)}", what)
    what = f"{message[: at.start()] if at else message}; the line reads {shown(rows[line - 1].strip())}"
    return Fault("S04", f"{file}:{line}:{column}", f"not TOML: {what}")


def _refuse_newer(raw: dict[str, Any], places: Places) -> None:
    """A newer form would only give misleading faults: say the versions alone."""
    version = raw.get("schema_version")
    if isinstance(version, int) and not isinstance(version, bool) and version > SCHEMA_VERSION:
        what = f"the file has form {version}, this gridpark reads form {SCHEMA_VERSION}; update gridpark"
        raise ScenarioError([Fault("S34", f"{places.where(('schema_version',))} = {version}", what)])
