"""A rule that a run breaks, with the worst place."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sims.clock import Clock

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Violation:
    """One rule broken by one quantity of a run.

    Parameters
    ----------
    rule : str
        Short stable code of the rule, "I2" for example; docs/reliability.md lists them.
    where : str
        Path of the quantity in the file.
    what : str
        What must hold, and by how much it does not.
    step : int or None
        Step of the worst case; None where there is none.
    at : str
        Local start of that step, "" without one.
    entity : str
        Port, transformer or session of the worst case, "" without one.
    count : int
        Values that break the rule.
    """

    rule: str
    where: str
    what: str
    step: int | None = None
    at: str = ""
    entity: str = ""
    count: int = 1

    def __str__(self) -> str:
        place = ", ".join(
            [
                *([f"step {self.step} ({self.at})"] if self.step is not None else []),
                *([self.entity] if self.entity else []),
            ]
        )
        more = f"; {self.count} values in all" if self.count > 1 else ""
        return f"{self.rule} {self.where}: {self.what}{f' at {place}' if place else ''}{more}"


def beyond(
    rule: str,
    where: str,
    what: str,
    off: Floats,
    tolerance: float,
    clock: Clock | None,
    names: Sequence[str] = (),
) -> Iterator[Violation]:
    """The worst of the deviations beyond a tolerance; none if all are within.

    Parameters
    ----------
    rule, where, what : str
        As in `Violation`; the size of the deviation is added to `what`.
    off : floats, shape (n_steps,), (n_steps, n_entities) or, without a clock, (n_entities,)
        How far each value is off, not negative; NaN is beyond every tolerance.
    tolerance : float
        Allowed, in the unit of `off`.
    clock : Clock or None
        Of the steps.
    names : sequence of str, length n_entities
        Of the columns, or of the entries.
    """
    wrong = ~(off <= tolerance)
    if not wrong.any():
        return
    worst = np.unravel_index(int(np.argmax(np.where(np.isnan(off), np.inf, off))), off.shape)
    told = f"{what}, off by {float(off[worst]):.3g} (allowed {tolerance:g})"
    yield from _at(rule, where, told, worst, int(wrong.sum()), clock, names)


def broken(
    rule: str, where: str, what: str, wrong: Bools, clock: Clock | None, names: Sequence[str] = ()
) -> Iterator[Violation]:
    """The first place where a rule without a size is broken; arguments as in `beyond`."""
    if wrong.any():
        first = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
        yield from _at(rule, where, what, first, int(wrong.sum()), clock, names)


def _at(
    rule: str,
    where: str,
    what: str,
    place: Sequence[np.intp],
    count: int,
    clock: Clock | None,
    names: Sequence[str],
) -> Iterator[Violation]:
    index = [int(i) for i in place]
    entity = str(names[index[-1]]) if len(names) and (clock is None or len(index) > 1) else ""
    if clock is None:
        yield Violation(rule, where, what, entity=entity, count=count)
        return
    at = clock.local_time(clock.start_s + index[0] * clock.step_s).isoformat(timespec="minutes")
    yield Violation(rule, where, what, index[0], at, entity, count)
