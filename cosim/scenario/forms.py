"""What the schema says about a place: its model, field, allowed range, unit and an example."""

import re
import types
from collections.abc import Iterator
from typing import Any, Literal, Union, get_args, get_origin

import tomli_w
from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from cosim.scenario.positions import Loc
from cosim.scenario.schema import Scenario

_UNIT = re.compile(r"\[([^\]]+)\]$")


def model_at(loc: Loc, root: type[BaseModel] = Scenario) -> type[BaseModel] | None:
    """Model of the table at a place of a file of the form `root`, or None if there is no table of ours."""
    here: Any = root
    for part in loc:
        here = _element(here) if isinstance(part, int) else _field_type(here, part)
    return here if _is_model(here) else None


def field_at(loc: Loc, root: type[BaseModel] = Scenario) -> FieldInfo | None:
    """Field at a place, or None for keys the schema does not name."""
    parent = model_at(loc[:-1], root) if loc and isinstance(loc[-1], str) else None
    return parent.model_fields.get(str(loc[-1])) if parent else None


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _element(annotation: Any) -> Any:
    return get_args(annotation)[0] if get_origin(annotation) is list else None


def _field_type(model: Any, name: str) -> Any:
    """Type of a model's field without the None of an optional one."""
    field = model.model_fields.get(name) if _is_model(model) else None
    if field is None:
        return None
    if get_origin(field.annotation) in {Union, types.UnionType}:
        return next(part for part in get_args(field.annotation) if part is not type(None))
    return field.annotation


def choices(field: FieldInfo) -> tuple[Any, ...]:
    """Values a field may take, empty when they are not a list."""
    return get_args(field.annotation) if get_origin(field.annotation) is Literal else ()


def unit(field: FieldInfo) -> str:
    """Unit its description ends in, empty for numbers without one."""
    found = _UNIT.search(field.description or "")
    return "" if found is None or found[1] == "-" else found[1]


def bounds(field: FieldInfo) -> Iterator[tuple[str, Any]]:
    """Limits of a number with their words, lower first."""
    for rule in field.metadata:
        if isinstance(rule, Gt):
            yield "above", rule.gt
        elif isinstance(rule, Ge):
            yield "at least", rule.ge
        elif isinstance(rule, Lt):
            yield "below", rule.lt
        elif isinstance(rule, Le):
            yield "at most", rule.le


def example_of(model: type[BaseModel]) -> dict[str, Any]:
    """The required keys of a model with example values: the least that is accepted."""
    return {name: example_at(field) for name, field in model.model_fields.items() if field.is_required()}


def example_at(field: FieldInfo) -> Any:
    """A value of a required field that is accepted."""
    if field.examples:
        return field.examples[0]
    if get_origin(field.annotation) is list:
        return [example_of(_element(field.annotation))]
    return example_of(field.annotation)  # pyright: ignore[reportArgumentType]


def example_line(loc: Loc, field: FieldInfo) -> str:
    """How a missing key would be written."""
    name = str(loc[-1])
    if field.examples:
        return tomli_w.dumps({name: field.examples[0]}).strip()
    header = ".".join(str(part) for part in loc if isinstance(part, str))
    return f"[[{header}]]" if get_origin(field.annotation) is list else f"[{header}]"
