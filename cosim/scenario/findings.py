"""pydantic's errors as sentences to act on: the value, the allowed range, what was probably meant."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from cosim.scenario.forms import bounds, choices, example_line, field_at, model_at, unit
from cosim.scenario.positions import Finding, Loc, shown
from cosim.scenario.schema import Scenario
from sims.faults import nearest

EXPECTED = {
    "float_type": "a number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "string_type": "a text in quotes",
    "datetime_type": "a date and time such as 2019-06-01T00:00:00",
    "list_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
}
RANGES = {"greater_than", "greater_than_equal", "less_than", "less_than_equal"}
TOO_HIGH = {"less_than", "less_than_equal"}
# keys whose faults have a code of their own, whatever is wrong with the value
CODES = {
    "name": "S18",
    "days": "S24",
    "step_minutes": "S23",
    "every_minutes": "S23",
    "timezone": "S25",
    "seed": "S36",
    "schema_version": "S34",
}
_LEADING_NUMBER = re.compile(r"\s*([+-]?\d+(?:\.\d+)?)\s*([A-Za-z%/]*)\s*")


def findings_of(error: ValidationError, raw: object, root: type[BaseModel] = Scenario) -> list[Finding]:
    """One finding a place of the parsed file `raw` of the form `root`, in the order of the file."""
    at: dict[Loc, list[Any]] = {}
    for detail in error.errors(include_url=False):
        at.setdefault(_real_loc(detail, raw), []).append(detail)
    return [_finding(loc, details, root) for loc, details in at.items()]


def _real_loc(detail: Any, raw: object) -> Loc:
    """Place of an error without the names of the union members pydantic tried."""
    loc: Loc = detail["loc"]
    if detail["type"] == "missing":
        return loc
    here: Any = raw
    for depth, part in enumerate(loc):
        if not (part in here if isinstance(here, dict) else isinstance(here, list) and isinstance(part, int)):
            return loc[:depth]
        here = here[part]  # pyright: ignore[reportArgumentType, reportCallIssue]
    return loc


def _finding(loc: Loc, details: Sequence[Any], root: type[BaseModel]) -> Finding:
    """The most telling of the errors at one place."""
    kinds = {detail["type"]: detail for detail in details}
    field = field_at(loc, root)
    if "extra_forbidden" in kinds:
        return _unknown_key(loc, kinds["extra_forbidden"]["input"], root)
    if "missing" in kinds and field:
        return Finding("S07", loc, f"required key is missing; for example `{example_line(loc, field)}`")
    return _bad_value(loc, field, details[0], kinds)


def _bad_value(loc: Loc, field: FieldInfo | None, first: Any, kinds: Mapping[str, Any]) -> Finding:
    """A key we know with a value it cannot have."""
    value, code = first["input"], CODES.get(str(loc[-1]), "S08")
    if ranged := kinds.keys() & RANGES:
        return _out_of_range(loc, field, value, kinds[min(ranged)])
    if "finite_number" in kinds:
        return Finding("S09", loc, "must be finite", value)
    if field and choices(field):
        return Finding(CODES.get(str(loc[-1]), "S26"), loc, _no_choice(value, choices(field)), value)
    if "string_pattern_mismatch" in kinds and field:
        return Finding(code, loc, f"allowed: {field.description}", value)
    if kinds.keys() <= EXPECTED.keys():
        return Finding(code, loc, _wrong_type(value, kinds), value)
    return Finding(code, loc, _lower(first["msg"]), value)


def _unknown_key(loc: Loc, value: object, root: type[BaseModel]) -> Finding:
    model = model_at(loc[:-1], root)
    known = model.model_fields if model else {}
    return Finding("S06", loc, f"unknown key; {nearest(str(loc[-1]), known)}", value)


def _out_of_range(loc: Loc, field: FieldInfo | None, value: Any, detail: Any) -> Finding:
    limit = next(iter(detail["ctx"].values()))
    if field is None or not any(bounds(field)):  # a list's limits are those of its elements
        return Finding("S20", loc, _lower(detail["msg"]), detail["input"])
    high = detail["type"] in TOO_HIGH
    of = f" {unit(field)}" if unit(field) else ""
    hint = _probably_meant(field, value) or ";"
    said = f"{'above' if high else 'below'} {_plain(limit)}{of}"
    if detail["type"] in {"greater_than", "less_than"} and value == limit:
        said = f"must be {'below' if high else 'above'} {_plain(limit)}{of}"
    allowed = ", ".join(f"{word} {_plain(bound)}" for word, bound in bounds(field))
    code = CODES.get(str(loc[-1]), "S20" if hint == ";" else "S19")
    return Finding(code, loc, f"{said}{hint} allowed: {allowed}{of}", value)


def _lower(message: str) -> str:
    return f"{message[0].lower()}{message[1:]}"


def _plain(number: float) -> str:
    """A limit without needless decimals."""
    return str(int(number)) if number == int(number) else f"{number:g}"


def _probably_meant(field: FieldInfo, value: float) -> str:
    """Hint at the unit that would explain a value out of range."""
    if unit(field) == "kW":
        factors = ((1000.0, "(kW, not W)"), (0.001, "(kW, not MW)"))
    elif not unit(field) and field.annotation is float:
        factors = ((100.0, "(a share, not percent)"),)
    else:
        return ""
    for factor, words in factors:
        if _fits(field, value / factor):
            return f"; did you mean {value / factor:g} {words}?"
    return ""


def _fits(field: FieldInfo, value: float) -> bool:
    """Whether a number keeps all limits of a field."""
    keeps = {
        "above": lambda bound: value > bound,
        "at least": lambda bound: value >= bound,
        "below": lambda bound: value < bound,
        "at most": lambda bound: value <= bound,
    }
    return all(keeps[word](bound) for word, bound in bounds(field))


def _no_choice(value: object, valid: Sequence[Any]) -> str:
    if isinstance(value, str) and all(isinstance(choice, str) for choice in valid):
        return f"no such value; {nearest(value, valid)}"
    return f"allowed: {', '.join(map(str, valid))}"


def _wrong_type(value: object, kinds: Iterable[str]) -> str:
    """Sentence about a value of another type, with the number it may contain."""
    wanted = " or ".join(dict.fromkeys(EXPECTED[kind] for kind in kinds))
    said = f"{wanted} is needed, not {_type_seen(value)}"
    if isinstance(value, str) and "number" in wanted and (number := _LEADING_NUMBER.fullmatch(value)):
        unit_hint = "; the unit is in the name of the key" if number[2] else ""
        return f"{said}; write {number[1]} without quotes{unit_hint}"
    if isinstance(value, float) and value.is_integer():
        return f"{said}; write {value:.0f}"
    if isinstance(value, str) and "date and time" in wanted:
        return f"{said}; write it without quotes"
    if isinstance(value, date) and "date and time" in wanted:
        return f"{said}; write {shown(value)[:10]}T00:00:00"
    return said


def _type_seen(value: object) -> str:
    names = {
        bool: "true or false",
        int: "a whole number",
        float: "a number with decimals",
        str: "a text",
        dict: "a table",
        list: "a list",
        date: "a date",
    }
    return names.get(type(value), f"a {type(value).__name__}")
