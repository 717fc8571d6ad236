"""A file of OpenEI's Utility Rate Database: which of its rates, its keys in lower case, numbers checked."""

import json
import math
from dataclasses import dataclass, field
from json import JSONDecodeError
from pathlib import Path
from typing import Any, NoReturn

from sims.faults import DataError, Fault, ScenarioError, nearest

LABELS_SHOWN = 20
SHOWN_LETTERS = 40


@dataclass(frozen=True, slots=True)
class Rate:
    """One rate as the file has it, and what is found out while it is read.

    Parameters
    ----------
    file : str
        Name of the file, for messages.
    keys : dict
        The rate's keys in lower case; those without a value are left out.
    faults : list of Fault
        All that is wrong or not billed.
    notes : list of str
        What the rate also says and no bill shows.
    derived : list of str
        What the rate does not say and how it was read.
    """

    file: str
    keys: dict[str, Any]
    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    derived: list[str] = field(default_factory=list)

    def fault(self, code: str, where: str, what: str) -> None:
        """Note a fault at a place of the rate."""
        self.faults.append(Fault(code, f"{self.file} {where}", what))

    def number(self, where: str, value: object, low: float, high: float, unit: str) -> float | None:
        """`value` as a number from `low` to `high`, or None after a fault at `where`."""
        allowed = f"allowed: {low:g} to {high:g} {unit}".rstrip()
        number = _as_float(value)
        if number is None:
            text = isinstance(value, str) and _as_float(_parsed(value)) is not None
            hint = f"; write {value} without quotes" if text else ""
            self.fault("D57", where, f"{shown(value)}: a number is needed{hint}; {allowed}")
        elif not math.isfinite(number):
            self.fault("D57", where, f"{shown(value)}: must be finite; {allowed}")
        elif not low <= number <= high:
            self.fault("D57", where, f"{shown(value)}: out of range; {allowed}")
        else:
            return number
        return None

    def amount(self, key: str, low: float, high: float, unit: str) -> float | None:
        """Number of a key of the rate; None without the key, or after a fault."""
        return self.number(key, self.keys[key], low, high, unit) if key in self.keys else None

    def choice(self, key: str, valid: tuple[str, ...]) -> str | None:
        """Text of a key, one of `valid` whatever its case; None without the key, or after a fault."""
        if key not in self.keys:
            return None
        text = str(self.keys[key]).strip().lower()
        for word in valid:
            if word.lower() == text:
                return word
        self.fault("D58", key, f"{shown(self.keys[key])}: allowed: {', '.join(valid)}")
        return None

    def text(self, key: str) -> str:
        """Text of a key on one line, empty without the key."""
        value = self.keys.get(key, "")
        words = value if isinstance(value, str) else json.dumps(value)
        return " ".join(words.encode("utf-8", "replace").decode().split())


def shown(value: object) -> str:
    """A value of the file for a message, cut where it is long."""
    text = json.dumps(value)
    return text if len(text) <= SHOWN_LETTERS else f"{text[:SHOWN_LETTERS]}..."


def read_rate(path: Path, label: str | None = None) -> Rate:
    """The rate of a file: its only one, or the one with this label.

    Raises
    ------
    DataError
        The file is no JSON, or holds no rate, or several and `label` is None.
    ScenarioError
        No rate of the file has the label.
    """
    read = _parsed_file(path)
    rates = read.get("items", [read]) if isinstance(read, dict) else None
    if not isinstance(rates, list) or not all(isinstance(rate, dict) for rate in rates):
        _not_urdb(path)
    labels = [str(rate.get("label", "")) for rate in rates]
    if label is not None and label not in labels:
        what = f'"{label}": no rate of {path.name} has this label; {nearest(label, labels)}'
        raise ScenarioError([Fault("S26", "--label", what)])
    chosen = rates if label is None else [rates[labels.index(label)]]
    if not chosen or not any(key in rate for rate in chosen for key in ("energyratestructure", "utility")):
        _not_urdb(path)
    if len(chosen) > 1:
        some = ", ".join(labels[:LABELS_SHOWN])
        what = f"holds {len(chosen)} rates, one is needed; `cosim tariff import --label` takes one of: {some}"
        raise DataError([Fault("D58", path.name, what)])
    return Rate(path.name, {key: value for key, value in chosen[0].items() if not _is_empty(value)})


def _parsed_file(path: Path) -> object:
    try:
        return json.loads(
            path.read_text("utf-8-sig"), object_pairs_hook=_lower_case, parse_constant=_no_constant
        )
    except JSONDecodeError as error:
        what = f"not readable as JSON: line {error.lineno}, column {error.colno}: {error.msg}"
    except UnicodeDecodeError as error:
        what = f"not readable as JSON: byte {error.start} is not UTF-8"
    except RecursionError:
        what = "not readable as JSON: lists in lists in lists without end"
    except ValueError as error:  # a key given twice, NaN, a number of thousands of digits
        what = f"not readable as a rate: {error}"
    raise DataError([Fault("D04", path.name, what)])


def _lower_case(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object with its keys in lower case, as most exports of the database have them."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key.lower() in found:
            raise ValueError(f'the key "{key}" is given twice (capitals do not count)')
        found[key.lower()] = value
    return found


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")


def _not_urdb(path: Path) -> NoReturn:
    what = (
        "is no rate of OpenEI's Utility Rate Database: one object with `energyratestructure` and `utility`, "
        'or {"items": [...]} with such objects, is needed'
    )
    raise DataError([Fault("D58", path.name, what)])


def _is_empty(value: object) -> bool:
    """Whether a value says nothing: null, an empty text, and lists and objects of those."""
    if isinstance(value, dict):
        return not value
    return value is None or value == "" or (isinstance(value, list) and all(map(_is_empty, value)))


def _as_float(value: object) -> float | None:
    """`value` as a number, infinite where it is too large for one, or None if it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _parsed(text: str) -> object:
    try:
        return float(text)
    except ValueError:
        return None
