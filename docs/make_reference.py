"""The pages of docs/reference, made from the models and the command line they describe.

    python docs/make_reference.py            writes the pages; `make reference` does the same

A test holds that the committed pages are what this writes.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

from cli_reference import cell, command_line  # noqa: E402 - found beside this file

FOLDER = Path(__file__).parent / "reference"
MADE = "<!-- made by docs/make_reference.py: change the words in the code, then run `make reference` -->"
UNIT = re.compile(r"\s*\[([^\]`]+)\]$")
BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
TYPES = {"boolean": "true or false", "integer": "whole number", "number": "number", "string": "text"}
Schema = dict[str, Any]


def pages() -> dict[str, str]:
    """Markdown text of every generated page, by file name."""
    from cosim.scenario.schema import Scenario
    from sims.signals.response.programme import Elrp, FirmServiceLevel
    from sims.signals.tariffs.tariff import Tariff

    scenario = "Every key of a scenario file. `cosim schema` prints the same as JSON Schema."
    tariff = 'Every key of a tariff file: `tariff = "my_tariff.toml"` in a site, or `cosim bill --tariff`.'
    programme = (
        "Every key of a demand-response programme: a TOML file whose `kind` says which of the two forms it "
        "has. `options` of `[[sites.events]]` takes the same keys."
    )
    return {
        "scenario.md": _page("Scenario file", scenario, [Scenario]),
        "tariff.md": _page("Tariff file", tariff, [Tariff]),
        "programme.md": _page("Programme file", programme, [Elrp, FirmServiceLevel]),
        "cli.md": f"{MADE}\n\n{command_line()}",
    }


def _page(title: str, lead: str, models: list[type[BaseModel]]) -> str:
    lines = [MADE, "", f"# {title}", "", lead, ""]
    for model in models:
        schema = model.model_json_schema()
        top = f"## {model.__name__}" if len(models) > 1 else "## Top of the file"
        lines += [top, "", cell(schema.get("description", "")), "", *_table(schema, schema), ""]
        level = "###" if len(models) > 1 else "##"
        for header, described in _tables_below(schema, schema, ""):
            lines += [f"{level} `{header}`", "", _summary(described), "", *_table(described, schema), ""]
    return "\n".join(lines).rstrip() + "\n"


def _tables_below(described: Schema, root: Schema, path: str) -> Iterator[tuple[str, Schema]]:
    """Headers and schemas of the tables inside a table, depth first, as the file has them."""
    for key, field in described.get("properties", {}).items():
        place = f"{path}.{key}" if path else key
        for below, listed in _models_of(field, root):
            yield (f"[[{place}]]" if listed else f"[{place}]"), below
            yield from _tables_below(below, root, place)


def _models_of(field: Schema, root: Schema) -> list[tuple[Schema, bool]]:
    """Tables a key may hold, each with whether a list of them is meant."""
    found = []
    for option in _options(field):
        listed = option.get("type") == "array"
        inner = option.get("items", {}) if listed else option
        for one in _options(inner):
            target = _resolved(one, root)
            if "properties" in target:
                found.append((target, listed))
    return found


def _options(field: Schema) -> list[Schema]:
    return [one for one in field.get("anyOf", field.get("oneOf", [field])) if one.get("type") != "null"]


def _resolved(field: Schema, root: Schema) -> Schema:
    return root["$defs"][field["$ref"].rpartition("/")[2]] if "$ref" in field else field


def _summary(described: Schema) -> str:
    """First paragraph of a model's docstring, and the second if it is short."""
    return cell(described.get("description", "")).replace("\n\n", "\n").strip()


def _table(described: Schema, root: Schema) -> list[str]:
    rows = ["| key | type | unit | default | bounds | what it is |", "|---|---|---|---|---|---|"]
    needed = described.get("required", [])
    for key, field in described.get("properties", {}).items():
        text = " ".join(
            field.get("description", _resolved(_options(field)[0], root).get("description", "")).split()
        )
        unit = UNIT.search(text)
        default = "**required**" if key in needed else _default(field)
        in_unit = "" if unit is None or unit[1] == "-" else cell(unit[1])
        cells = [f"`{key}`", _type(field, root), in_unit, default, _bounds(field)]
        rows.append("| " + " | ".join([*cells, cell(UNIT.sub("", text))]) + " |")
    return rows


def _described(field: Schema, root: Schema) -> str:
    """What a key is: its own words, else those of the table it holds."""
    return (
        field.get("description")
        or _resolved(_options(field)[0], root).get("description", "").split("\n\n")[0]
    )


def _type(field: Schema, root: Schema) -> str:
    return " or ".join(dict.fromkeys(_type_of(_resolved(one, root), root) for one in _options(field)))


def _type_of(one: Schema, root: Schema) -> str:
    if "const" in one or "enum" in one:
        return " ".join(f"`{value}`" for value in one.get("enum", [one.get("const")]))
    if "properties" in one:
        return "table"
    if one.get("type") == "array":
        inner = one.get("items") or {}
        return f"list of {_type(inner, root)}".replace("list of table", "tables") if inner else "list"
    if one.get("type") == "object":
        return "table"
    if one.get("format") in ("date", "date-time"):
        return "date" if one["format"] == "date" else "date and time"
    return TYPES.get(one.get("type", ""), "any value")


def _default(field: Schema) -> str:
    value = field.get("default")
    if value is None or value in ("", [], {}):
        return ""
    if isinstance(value, bool):
        return "`true`" if value else "`false`"
    return "" if isinstance(value, (dict, list)) else f"`{value}`"


def _bounds(field: Schema) -> str:
    """Bounds of a key, or of the elements of a list."""
    found = []
    for one in _options(field):
        inner = one.get("items", {}) if one.get("type") == "array" else one
        limits = {name: inner[name] for name in BOUNDS if abs(inner.get(name, 2**63)) < 2**62}
        if {"minimum", "maximum"} <= set(limits):
            found.append(f"{limits['minimum']:,} .. {limits['maximum']:,}")
        else:
            found += [f"{BOUNDS[name]} {limit:,}" for name, limit in limits.items()]
    return ", ".join(dict.fromkeys(found))


def main() -> None:
    """Write the pages."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
