"""Sentences whose numbers know where they come from."""

from dataclasses import dataclass

Value = float | int | str

NO_NUMBER = "CO2"
"""The one word with a digit that says nothing about a run."""


@dataclass(frozen=True, slots=True)
class Number:
    """Something of a run as it is printed: a number with its unit, a time, or a name.

    Parameters
    ----------
    text : str
        As it stands in the sentence, for example "210.0 kW".
    path : str
        Where it comes from, as `cosim.explain.paths` reads it.
    value : float, int or str
        What is found there, not rounded; times in ISO 8601.
    """

    text: str
    path: str
    value: Value


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence and every number in it, in the order of the text."""

    text: str
    numbers: tuple[Number, ...]


Part = str | Number


def say(*parts: Part) -> Sentence:
    """Join words and numbers to a sentence; names without a digit are words."""
    text = "".join(part if isinstance(part, str) else part.text for part in parts)
    numbers = (part for part in parts if isinstance(part, Number))
    return Sentence(text, tuple(number for number in numbers if has_digit(number.text)))


def listed(items: list[list[Part]], last: str = " and ") -> list[Part]:
    """Items as "a, b and c"."""
    joined: list[Part] = []
    for i, item in enumerate(items):
        joined += [last if i == len(items) - 1 else ", "] if i else []
        joined += item
    return joined


def has_digit(text: str) -> bool:
    """Whether a text holds a number; that of "CO2" is none."""
    return any(sign.isnumeric() for sign in text.replace(NO_NUMBER, ""))
