"""Plays the trial hours with a policy, watches what it does, and compares what it asked.

Whatever a policy does wrong leaves as a `BrokenRuleError`: which rule, in which step, which numbers.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from itertools import islice
from types import MappingProxyType
from typing import Any, NoReturn, TypeVar

import numpy as np

from sims.control.arrays import frozen
from sims.control.controller import Controller
from sims.control.limits import Limits
from sims.control.policy import Floats, Ints, Observation, Policy, SiteInfo
from sims.control.rehearsal import Episode, Rehearsal
from sims.control.trial import N_STEPS
from sims.faults import SimulationError

SEED = 1
ANSWERS = "answers with one finite kW a port"
ONLY_LOOKS = "leaves what it sees alone"

Make = Callable[[], Policy]
Facts = TypeVar("Facts", Observation, SiteInfo)


class BrokenRuleError(Exception):
    """One rule, broken: which, in which step, and with which numbers."""

    def __init__(self, rule: str, step: int, what: str) -> None:
        super().__init__(f"{rule}: step {step}: {what}")


def steps_of(make: Make, episode: Episode) -> Iterator[tuple[Observation, Floats]]:
    """What the policy saw and asked, step by step."""
    controller = controller_of(make, episode)
    rehearsal = rehearsal_for(controller, episode)
    while not rehearsal.done:
        asked = ask(controller, rehearsal.k, copied(rehearsal.seen))
        yield rehearsal.seen, asked
        rehearsal.step(asked)


def asked_in(make: Make, episode: Episode, n_steps: int = N_STEPS) -> list[Floats]:
    """What the policy asked in the first `n_steps` steps."""
    return [asked for _, asked in islice(steps_of(make, episode), n_steps)]


def controller_of(make: Make, episode: Episode, seed: int = SEED) -> Controller:
    """A fresh policy, reset for the site of the episode."""
    try:
        return Controller(make(), episode.site, 1, np.random.default_rng(seed))
    except Exception as error:
        fail(ANSWERS, 0, f"reset with {len(episode.ports)} ports", error)


def rehearsal_for(controller: Controller, episode: Episode) -> Rehearsal:
    """The episode with the forecasts this policy wants."""
    return Rehearsal(episode, controller.policy.needs_forecasts)


def ask(controller: Controller, k: int, seen: Observation) -> Floats:
    """The policy's checked answer in step `k`."""
    try:
        return controller.decide(k, seen)
    except SimulationError as error:
        raise BrokenRuleError(ANSWERS, k, str(error)) from error
    except Exception as error:
        rule = ONLY_LOOKS if "read-only" in str(error) else ANSWERS
        fail(rule, k, f"act with {len(seen.session)} ports", error)


def fail(rule: str, k: int, doing: str, error: Exception) -> NoReturn:
    """Break a rule by an exception."""
    raise BrokenRuleError(rule, k, f"{doing}: {type(error).__name__}: {error}") from error


@contextmanager
def global_random_state(seed: int) -> Iterator[Callable[[], bool]]:
    """Set the global generators aside and seed them; gives a test whether anybody drew from them."""
    saved = random.getstate(), np.random.get_state()  # noqa: NPY002 - the one place that must know it
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    start = _global_numbers()
    try:
        yield lambda: _global_numbers() == start
    finally:
        random.setstate(saved[0])
        np.random.set_state(saved[1])  # noqa: NPY002


def _global_numbers() -> tuple[Any, ...]:
    legacy: Any = np.random.get_state()  # noqa: NPY002
    return random.getstate(), legacy[1].tolist(), legacy[2:]


def reordered(facts: Facts, order: Ints) -> Facts:
    """Read-only copy of an observation or a site with its ports in another order."""
    columns: dict[str, Any] = {
        name: frozen(value[order], value.dtype.type)
        for name, value in _facts(facts).items()
        if isinstance(value, np.ndarray)
    }
    if isinstance(facts, Observation) and facts.limits is not None:
        columns["limits"] = facts.limits.reordered(order)
    if isinstance(facts, Observation):
        told = {name: forecast.copied() for name, forecast in facts.forecasts.items()}
        columns["forecasts"] = MappingProxyType(told)
    return replace(facts, **columns)


def copied(seen: Observation) -> Observation:
    """Read-only copy: a policy that forces its way into it spoils no other run."""
    return reordered(seen, np.arange(len(seen.session)))


def _facts(facts: Any) -> dict[str, Any]:
    return {entry.name: getattr(facts, entry.name) for entry in fields(facts)}


def _all_facts(facts: Any) -> dict[str, Any]:
    """Facts that are numbers by name, those inside `limits` and `forecasts` one by one."""
    found = _facts(facts)
    found |= {f"forecasts.{name}": told.values for name, told in found.pop("forecasts", {}).items()}
    inside = found.pop("limits", None)
    if isinstance(inside, Limits):
        numbers = {name: value for name, value in _facts(inside).items() if not isinstance(value, tuple)}
        found |= {f"limits.{name}": value for name, value in numbers.items()}
    return found


def compare(
    rule: str,
    asked: Sequence[Floats],
    other: Sequence[Floats],
    why: str,
    *,
    first: int = 0,
    tolerance_kw: float = 0.0,
) -> None:
    """Both the same from step `first` on: bit for bit without a tolerance."""
    for k, (one, two) in enumerate(zip(asked, other, strict=True), start=first):
        same = np.abs(one - two) <= tolerance_kw if tolerance_kw else one.view(np.int64) == two.view(np.int64)
        if not same.all():
            port = int(np.argmin(same))
            raise BrokenRuleError(rule, k, f"port {port}: {one[port]} kW, but {two[port]} kW {why}")


def compare_facts(rule: str, k: int, original: Facts, after: Facts) -> None:
    """An observation or a site is what it was before `act`."""
    changes = _all_facts(after)
    for name, value in _all_facts(original).items():
        changed = changes[name]
        same = (
            value == changed if isinstance(value, tuple) else np.array_equal(value, changed, equal_nan=True)
        )
        if not same:
            raise BrokenRuleError(rule, k, f"{name} was {value}, act made it {changed}")
