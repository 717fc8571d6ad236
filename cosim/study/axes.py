"""Axes of a study: what can vary, which values it takes, and which keys of the scenario each value sets."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from typing import Any

import numpy as np

from cosim.scenario.positions import Finding, Loc
from cosim.study.case import AxisValue
from cosim.study.form import MAX_CASES, StudyForm
from sims.faults import nearest

LABEL = "label"
RANGE = ("from", "to", "n")
RESERVED = ("case_id", "status", "reason", "seed", "scenario")


@dataclass(frozen=True, slots=True)
class Level:
    """One value of an axis.

    Parameters
    ----------
    value : AxisValue
        What the table shows.
    settings : mapping of str to object
        Dotted keys of the scenario and what they become.
    """

    value: AxisValue
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Axis:
    """Something that varies.

    Parameters
    ----------
    name : str
        Column of the table: a dotted key of the scenario, or a name for keys that change together.
    loc : Loc
        Where the study says so.
    levels : tuple of Level
        Its values; empty when it is a range without `n`.
    span : tuple of two numbers, or None
        Ends of a range; two whole numbers mean whole numbers.
    """

    name: str
    loc: Loc
    levels: tuple[Level, ...] = ()
    span: tuple[float, float] | None = None

    def at(self, share: float) -> Level:
        """Value at a share [0, 1) of the axis; the values of a list are equally likely."""
        if self.span is None:
            return self.levels[int(share * len(self.levels))]
        low, high = self.span
        whole = isinstance(low, int) and isinstance(high, int)
        value = low + int(share * (high - low + 1)) if whole else low + share * (high - low)
        return Level(value, {self.name: value})


@dataclass(slots=True)
class AxisReader:
    """Reads [axes]; what is wrong is gathered in `findings`."""

    sampling: str
    findings: list[Finding] = field(default_factory=list)

    def read(self, form: StudyForm) -> list[Axis]:
        """All axes, in the order of the file."""
        return [
            axis
            for loc, name, given in _leaves(form.axes, ("axes",))
            if (axis := self._axis(loc, name, given))
        ]

    def _axis(self, loc: Loc, name: str, given: Any) -> Axis | None:
        if name in RESERVED:
            hint = "give `seeds`" if name == "seed" else "the table has a column of that name"
            self.findings.append(Finding("S38", loc, f"cannot be an axis: {hint}"))
        elif isinstance(given, dict):
            return self._range(loc, name, given)
        elif not isinstance(given, list):
            what = (
                "an axis is a list of values or a range { from, to, n }; what never varies belongs in [set]"
            )
            self.findings.append(Finding("S08", loc, what, given))
        elif not given:
            self.findings.append(Finding("S08", loc, "empty: there would be no case"))
        else:
            return Axis(name, loc, tuple(self._levels(loc, name, given)))
        return None

    def _range(self, loc: Loc, name: str, given: Mapping[str, Any]) -> Axis | None:
        known = len(self.findings)
        for key in given.keys() - set(RANGE):
            self.findings.append(
                Finding("S06", loc, f"`{key}`: unknown key of a range; {nearest(key, RANGE)}")
            )
        low: Any = given.get("from")
        high: Any = given.get("to")
        n: Any = given.get("n")
        if not (_is_number(low) and _is_number(high) and low < high):
            self.findings.append(
                Finding("S08", loc, "a range is { from, to, n } with numbers, from below to")
            )
        if self.sampling == "latin_hypercube":
            if n is not None:
                self.findings.append(Finding("S38", loc, "`n` belongs to a grid; `samples` says how many"))
        elif not isinstance(n, int) or isinstance(n, bool) or not 2 <= n <= MAX_CASES:
            self.findings.append(
                Finding("S08", loc, f"a grid needs `n`, how many values: 2 .. {MAX_CASES}", n)
            )
        if len(self.findings) > known:
            return None
        if self.sampling == "latin_hypercube":
            return Axis(name, loc, span=(low, high))
        shares = np.linspace(0.0, 1.0, int(n or 0)).tolist()
        values = [_between(low, high, share) for share in shares]
        return Axis(name, loc, tuple(Level(value, {name: value}) for value in values))

    def _levels(self, loc: Loc, name: str, given: Sequence[Any]) -> Iterator[Level]:
        if any(isinstance(value, dict) for value in given):
            yield from self._linked(loc, given)
            return
        for value in given:
            yield Level(shown_as(value), {name: value})

    def _linked(self, loc: Loc, given: Sequence[Any]) -> Iterator[Level]:
        labels: list[AxisValue] = []
        for i, table in enumerate(given):
            if not isinstance(table, dict) or not table:
                what = "keys that change together: every value is a table of keys of the scenario or a label"
                self.findings.append(Finding("S08", (*loc, i), what, table))
                continue
            settings = flat({key: value for key, value in table.items() if key != LABEL})
            label = shown_as(table.get(LABEL, ", ".join(str(shown_as(one)) for one in settings.values())))
            if label in labels:
                self.findings.append(Finding("S27", (*loc, i), "another value has the same label", label))
            labels.append(label)
            yield Level(label, settings)


def case_settings(form: StudyForm) -> list[tuple[Loc, dict[str, Any]]]:
    """Place and settings of every listed case, the label still among them."""
    return [(("cases", i), flat(table)) for i, table in enumerate(form.cases)]


def flat(table: Mapping[str, Any]) -> dict[str, Any]:
    """Tables inside tables as dotted keys, whether the file quotes the key or not."""
    return {name: value for _, name, value in _leaves(table, ())}


def shown_as(value: Any) -> AxisValue:
    """A value as the table shows it: scalars as they are, all else as text."""
    if isinstance(value, bool | int | float | str):
        return value
    return value.isoformat() if isinstance(value, date | time) else json.dumps(value, default=str)


def _leaves(table: Mapping[str, Any], loc: Loc, prefix: str = "") -> Iterator[tuple[Loc, str, Any]]:
    """Place, dotted key and value of everything that is no table of further keys."""
    for key, value in table.items():
        if isinstance(value, dict) and value and not value.keys() & set(RANGE[:2]):
            yield from _leaves(value, (*loc, key), f"{prefix}{key}.")
        else:
            yield (*loc, key), f"{prefix}{key}", value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf")


def _between(low: float, high: float, share: float) -> float:
    """Value at a share of a range; whole between whole ends where it is whole."""
    value = high if share == 1.0 else low + share * (high - low)
    return int(value) if isinstance(low, int) and isinstance(high, int) and value == int(value) else value
