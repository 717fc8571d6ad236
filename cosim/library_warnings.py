"""Warnings of libraries during a run: each is shown once and counted, however many steps it comes in."""

import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

ONCE = {"default", "module", "once"}


@contextmanager
def once_each() -> Iterator[Sequence[str]]:
    """Show a warning when a line of code first gives it; after that it is only counted.

    Python's own "once" depends on the text, which may hold a number of the step, and is forgotten whenever
    a library changes the filters for a moment. What is ignored or an error stays so.

    Yields
    ------
    sequence of str
        After the block: one line for each, with its number.
    """
    counts: Counter[tuple[str, str, int]] = Counter()
    first: dict[tuple[str, str, int], str] = {}
    told: list[str] = []
    with warnings.catch_warnings():
        show = warnings.showwarning

        def show_first(
            message: Warning | str, category: type[Warning], filename: str, lineno: int, *where: Any
        ) -> None:
            line = category.__name__, filename, lineno
            counts[line] += 1
            if counts[line] == 1:
                first[line] = str(message)
                show(message, category, filename, lineno, *where)

        warnings.showwarning = show_first
        warnings.filters = [("always" if one[0] in ONCE else one[0], *one[1:]) for one in warnings.filters]
        warnings.simplefilter("always", append=True)
        try:
            yield told
        finally:
            for (kind, filename, lineno), text in first.items():
                times = counts[kind, filename, lineno]
                told.append(f"{kind} at {filename}:{lineno}: {text}" + (f" ({times} times)" * (times > 1)))
