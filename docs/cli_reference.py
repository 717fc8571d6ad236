"""The command line as Markdown: every command with its arguments and options."""

import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin

import typer

KINDS = {int: "INTEGER", float: "NUMBER", Path: "PATH"}


def command_line() -> str:
    """Page about all commands, in the order of `cosim --help`."""
    from cosim.cli import EXITS, app

    lines = ["# Command line", "", "What `cosim --help` says, command by command.", "", EXITS, ""]
    for name, command in _commands(typer.main.get_command(app), "cosim"):
        lines += [f"## `{name}`", "", cell(" ".join((command.help or "").split())), ""]
        lines += ["```text", _usage(name, command), "```", "", *_parameters(command)]
    return "\n".join(lines).rstrip() + "\n"


def cell(text: str) -> str:
    """Text as a cell of a Markdown table: angle brackets and bars outside of code are escaped."""
    parts = re.split(r"(`[^`]*`)", text)
    plain = (
        part if part.startswith("`") else part.replace("<", "&lt;").replace("*", "\\*") for part in parts
    )
    return "".join(plain).replace("|", "\\|")


def _commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    below = getattr(command, "commands", None)
    if below is None:
        yield name, command
        return
    for word, one in below.items():
        yield from _commands(one, f"{name} {word}")


def _usage(name: str, command: Any) -> str:
    given = [one for one in command.params if one.param_type_name == "argument"]
    words = [one.name.upper() if one.required else f"[{one.name.upper()}]" for one in given]
    return " ".join([name, *words, "[OPTIONS]"])


def _parameters(command: Any) -> list[str]:
    rows = [_parameter(one) for one in command.params if one.name != "help"]
    return ["| argument or option | default | what it is |", "|---|---|---|", *rows, ""] if rows else []


def _parameter(one: Any) -> str:
    if one.param_type_name == "argument":
        name = one.name.upper()
    else:
        name = one.opts[0] if one.is_flag else f"{one.opts[0]} {_value(one)}"
    repeated = " (may be repeated)" if one.param_type_name != "argument" and one.multiple else ""
    default = "**required**" if one.required else _default(one.default)
    return f"| {cell(f'`{name}`')} | {default} | {cell(getattr(one, 'help', None) or '')}{repeated} |"


def _value(one: Any) -> str:
    """What stands behind an option: its choices, or its kind."""
    annotation = one.type_descriptor.annotation
    if get_origin(annotation) is Literal:
        return "|".join(map(str, get_args(annotation)))
    kinds = get_args(annotation) or (annotation,)
    kind = next(kind for kind in kinds if kind is not NoneType)
    if issubclass(kind, Enum):
        return "|".join(str(choice.value) for choice in kind)
    return KINDS.get(kind, "TEXT")


def _default(value: Any) -> str:
    if value in (None, False, "") or callable(value):
        return ""
    return f"`{value.value if isinstance(value, Enum) else value}`"
