"""Other words for an explanation, believed only as far as its numbers are those of the run."""

import re
from typing import TYPE_CHECKING

from cosim.explain.sentence import has_digit

if TYPE_CHECKING:
    from cosim.explain.explanation import Explanation

NUMBER_WORDS = frozenset(
    "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand "
    "million billion dozen half third quarter twice double triple".split()
)


def invented(explanation: "Explanation", answer: str) -> list[str]:
    """Numbers of an answer that the explanation does not have, with the same unit, as they stand there.

    Parameters
    ----------
    explanation : Explanation
        What was sent.
    answer : str
        What came back.

    Returns
    -------
    list of str
        Words with a digit that is part of no number of the explanation, and numbers written out that the
        explanation does not write out; empty when every number is the run's. Whether a number still says
        what it said cannot be seen here.
    """
    rest = " ".join(answer.split())
    texts = {number.text for sentence in explanation.sentences for number in sentence.numbers}
    for text in sorted(texts, key=len, reverse=True):
        rest = re.sub(rf"(?<![\w.,:+\-−–]){re.escape(text)}(?!\w|[.,:\-−–]\d)", "#", rest)
    known = set(_words(explanation.text))
    written = [word for word in _words(answer) if word in NUMBER_WORDS and word not in known]
    return [*(word for word in rest.split() if has_digit(word)), *written]


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z]+", text.lower())
