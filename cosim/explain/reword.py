"""Other words for an explanation, believed only as far as its numbers are those of the run."""

import re
from typing import TYPE_CHECKING

from cosim.explain.sentence import has_digit

if TYPE_CHECKING:
    from cosim.explain.explanation import Explanation

NUMBER_WORD = re.compile(
    r"\b(two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(thir|four|fif|six|seven|eigh|nine)teen|"
    r"(twen|thir|for|fif|six|seven|eigh|nine)ty|(hundred|thousand|million|billion|dozen)s?|half|thirds?|"
    r"quarters?|twice|(double|triple)[ds]?)\b",
    re.IGNORECASE,
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
    known = {found[0].lower() for found in NUMBER_WORD.finditer(explanation.text)}
    written = [found[0] for found in NUMBER_WORD.finditer(answer) if found[0].lower() not in known]
    return [*(word for word in rest.split() if has_digit(word)), *written]
