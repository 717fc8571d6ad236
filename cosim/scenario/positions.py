"""Where things stand in a scenario file: key to line, and how a place is shown in a message."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from json import dumps
from typing import Any

from sims.faults import Fault

Loc = tuple[str | int, ...]
"""Keys and list positions from the top of the file: `("sites", 0, "chargers", 1, "p_max_kw")`."""

MAX_VALUE = 40
_PART = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""
_KEY = rf"{_PART}(?:[ \t]*\.[ \t]*{_PART})*"
_HEADER = re.compile(rf"[ \t]*(\[\[?)[ \t]*({_KEY})[ \t]*\]")
_ASSIGNMENT = re.compile(rf"[ \t]*({_KEY})[ \t]*=")
_TOKEN = re.compile(r'''"""|\'\'\'|"(?:[^"\\]|\\.)*"|'[^']*'|#|[\[\]{}]''')
_NO_VALUE = object()


def key_lines(text: str) -> dict[Loc, list[int]]:
    """Lines on which each key or header of a TOML text stands; the first line is 1.

    tomllib gives no positions. This looks at headers and at the first key of a line and skips what lies
    inside values, so keys of inline tables are not found: their table is.
    """
    lines: dict[Loc, list[int]] = {}
    tables: dict[Loc, int] = {}
    section: Loc = ()
    value = _Value()
    for number, line in enumerate(text.split("\n"), start=1):
        if value.is_open:
            value.read(line)
        elif header := _HEADER.match(line):
            section = _section(_parts(header[2]), tables, is_list=header[1] == "[[")
            lines.setdefault(section, []).append(number)
        elif assignment := _ASSIGNMENT.match(line):
            lines.setdefault(section + _parts(assignment[1]), []).append(number)
            value.read(line[assignment.end() :])
    return lines


def _parts(key: str) -> tuple[str, ...]:
    """Parts of a dotted key, without quotes."""
    return tuple(part.strip("\"'") for part in re.findall(_PART, key))


def _section(parts: tuple[str, ...], tables: dict[Loc, int], *, is_list: bool) -> Loc:
    """Place of a header, counting the tables of a list so far."""
    here: Loc = ()
    for depth, part in enumerate(parts, start=1):
        here = (*here, part)
        if is_list and depth == len(parts):
            tables[here] = tables.get(here, 0) + 1
        if here in tables:
            here = (*here, tables[here] - 1)
    return here


class _Value:
    """A value that may go on over several lines: open brackets and open long strings."""

    def __init__(self) -> None:
        self._depth = 0
        self._quotes = ""

    @property
    def is_open(self) -> bool:
        return self._depth > 0 or bool(self._quotes)

    def read(self, text: str) -> None:
        """Go through one more line of the value."""
        at = 0
        if self._quotes:
            at = self._after_quotes(text, 0)
        while not self._quotes and (token := _TOKEN.search(text, at)) and token[0] != "#":
            at = token.end()
            self._depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
            if token[0] in {'"""', "'''"}:
                self._quotes = token[0]
                at = self._after_quotes(text, at)

    def _after_quotes(self, text: str, at: int) -> int:
        """Position after the end of the open long string, which stays open if it does not end here."""
        end = text.find(self._quotes, at)
        if end < 0:
            return len(text)
        self._quotes = ""
        return end + 3


@dataclass(frozen=True, slots=True)
class Places:
    """How to show a place of a scenario.

    Parameters
    ----------
    file : str
        Name of the scenario file, empty for a scenario that was built in Python.
    lines : mapping of Loc to list of int
        Lines on which keys stand.
    sites : sequence of str
        Name of each site, empty where it has none of its own.
    overridden : frozenset of Loc
        Keys given on the command line.
    overrides : sequence of str
        What gave them, `path=value` each.
    set_at : mapping of Loc to str
        Keys that a study sets, with the file and line where it does.
    """

    file: str = ""
    lines: Mapping[Loc, Sequence[int]] = field(default_factory=dict)
    sites: Sequence[str] = ()
    overridden: frozenset[Loc] = frozenset()
    overrides: Sequence[str] = ()
    set_at: Mapping[Loc, str] = field(default_factory=dict)

    def where(self, loc: Loc) -> str:
        """File, line and dotted key: `office.toml:23 sites.office.chargers[1].p_max_kw`."""
        prefixes = [loc[:end] for end in range(len(loc), 0, -1)]
        if any(prefix in self.overridden for prefix in prefixes):
            return f"--set {self.key(loc)}"
        if set_at := next((self.set_at[prefix] for prefix in prefixes if prefix in self.set_at), None):
            return f"{set_at} {self.key(loc)}"
        if loc not in self.lines and (
            inside := [at for key, at in self.set_at.items() if key[: len(loc)] == loc]
        ):
            return f"{inside[0]} {self.key(loc)}"
        return f"{self.at(loc)} {self.key(loc)}".strip()

    def at(self, loc: Loc) -> str:
        """File and line alone: `office.toml:23`; of the table a key is in when it has no line of its own."""
        prefixes = (loc[:end] for end in range(len(loc), 0, -1))
        line = next((self.lines[prefix][0] for prefix in prefixes if prefix in self.lines), None)
        return self.file if line is None else f"{self.file}:{line}"

    def key(self, loc: Loc) -> str:
        """Dotted key, sites by their name."""
        return "".join(self._steps(loc)).lstrip(".")

    def _steps(self, loc: Loc) -> Iterator[str]:
        for depth, part in enumerate(loc):
            if isinstance(part, str):
                yield f".{part}"
            elif depth == 1 and loc[0] == "sites" and part < len(self.sites) and self.sites[part]:
                yield f".{self.sites[part]}"
            else:
                yield f"[{part}]"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong at a place of a scenario.

    Parameters
    ----------
    code : str
        Code of the fault.
    loc : Loc
        The place.
    what : str
        What is wrong, what is allowed, what was probably meant.
    value : object, optional
        The value seen.
    uses : tuple of Loc
        Other places the judgement rests on: while they are wrong themselves it is not made.
    """

    code: str
    loc: Loc
    what: str
    value: Any = _NO_VALUE
    uses: tuple[Loc, ...] = ()

    def fault(self, places: Places) -> Fault:
        """The finding with its place in words."""
        seen = "" if self.value is _NO_VALUE else f" = {shown(self.value)}"
        return Fault(self.code, f"{places.where(self.loc)}{seen}", self.what)


def shown(value: object) -> str:
    """A value as the scenario file writes it, cut to a bearable length."""
    if isinstance(value, bool | str):
        text = dumps(value, ensure_ascii=False)
    elif isinstance(value, date | time):
        text = value.isoformat()
    elif isinstance(value, dict):
        text = "{...}"
    else:
        text = str(value)
    return text if len(text) <= MAX_VALUE else f"{text[: MAX_VALUE - 3]}..."


def site_names(raw: object) -> tuple[str, ...]:
    """Name of each site in the parsed file, empty where it is missing or not its own."""
    sites = raw.get("sites") if isinstance(raw, dict) else None
    tables = sites if isinstance(sites, list) else []
    names = [site.get("name") if isinstance(site, dict) else None for site in tables]
    return tuple(name if isinstance(name, str) and names.count(name) == 1 else "" for name in names)
