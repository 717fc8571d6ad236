"""Tests any policy against the contract of `sims.control.policy` by playing a few hours with it.

    >>> from sims.control.rules import Trickle
    >>> check_policy(Trickle)

Every rule is one function below; it raises at the first step that breaks it.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from sims.control.controller import Controller
from sims.control.policy import Floats, Policy
from sims.control.trial import KINDS, N_STEPS, changed_after, trial
from sims.control.trial_run import (
    ONLY_LOOKS,
    SEED,
    BrokenRuleError,
    Make,
    ask,
    asked_in,
    compare,
    compare_facts,
    controller_of,
    copied,
    fail,
    global_random_state,
    rehearsal_for,
    reordered,
    steps_of,
)
from sims.faults import GridparkError

PORT_COUNTS = (0, 1, len(KINDS))
FUTURES = 2  # other futures tried at each step: one may agree by chance
TOLERANCE_KW = 1e-9


class PolicyFaultError(GridparkError):
    """A policy breaks its contract; every broken rule is listed."""

    exit_code = 4

    def __init__(self, policy: str, broken: Sequence[str]) -> None:
        self.broken = tuple(broken)
        count = f"{len(broken)} rule{'s' if len(broken) != 1 else ''}"
        super().__init__("\n  ".join([f"policy {policy} breaks {count} of its contract:", *broken]))


def check_policy(policy: type[Policy], **parameters: Any) -> None:
    """Play a policy against every rule of its contract.

    Parameters
    ----------
    policy : type of Policy
        With `oracle = True` it may know the future: that rule is left out.
    parameters
        What its constructor is given.

    Raises
    ------
    PolicyFaultError
        Lists every broken rule with the step and the numbers. A policy that does not answer, or not
        twice the same, is not asked further: the other rules could not tell.
    """

    def make() -> Policy:
        return policy(**parameters)

    for gate in (_same_seed_same_answers, _answers_at_any_site):
        _raise_if_broken(policy, _try(gate, make))
    rules = [_only_looks, _asks_no_free_port, _continues_from_its_state, _ports_in_any_order]
    if not policy.oracle:
        rules.append(_knows_no_future)
    _raise_if_broken(policy, [broken for rule in rules for broken in _try(rule, make)])


def _raise_if_broken(policy: type[Policy], broken: Sequence[str]) -> None:
    if broken:
        raise PolicyFaultError(policy.__name__, broken)


def _try(rule: Callable[[Make], None], make: Make) -> list[str]:
    try:
        rule(make)
    except BrokenRuleError as broken:
        return [str(broken)]
    return []


def _same_seed_same_answers(make: Make) -> None:
    # comes first: only the very first run shows what a class keeps from run to run
    rule = "same seed, same answers"
    first: list[Floats] = []
    with global_random_state(1) as untouched:
        for k, (_, asked) in enumerate(steps_of(make, trial())):
            first.append(asked)
            if not untouched():
                raise BrokenRuleError(rule, k, "moved a global random state; draw from the `rng` of `reset`")
    with global_random_state(2):
        compare(rule, first, asked_in(make, trial()), "in a second run with the same seed")


def _answers_at_any_site(make: Make) -> None:
    for n_ports in PORT_COUNTS:
        asked_in(make, trial(n_ports))


def _only_looks(make: Make) -> None:
    for n_ports in PORT_COUNTS:
        episode = trial(n_ports)
        controller = controller_of(make, episode)
        rehearsal = rehearsal_for(controller, episode)
        while not rehearsal.done:
            shown = copied(rehearsal.seen)
            asked = ask(controller, rehearsal.k, shown)
            compare_facts(ONLY_LOOKS, rehearsal.k, rehearsal.seen, shown)
            compare_facts(ONLY_LOOKS, rehearsal.k, episode.site, controller.site)
            rehearsal.step(asked)


def _asks_no_free_port(make: Make) -> None:
    for k, (seen, asked) in enumerate(steps_of(make, trial())):
        busy = asked != 0.0
        if (busy & ~seen.occupied).any():
            port = int(np.argmax(busy & ~seen.occupied))
            raise BrokenRuleError("asks nothing of a free port", k, f"port {port}: {asked[port]:g} kW")


def _continues_from_its_state(make: Make) -> None:
    rule = "continues from its state"
    episode = trial()
    played = list(steps_of(make, episode))
    asked = [answer for _, answer in played]
    controller = controller_of(make, episode)
    for k, (seen, _) in enumerate(played):
        try:
            fresh = controller_of(make, episode, seed=SEED + 1)
            fresh.set_state(json.loads(json.dumps(controller.get_state())))
        except Exception as error:
            fail(rule, k, "get_state, JSON and set_state", error)
        rest = [ask(fresh, later, copied(what)) for later, (what, _) in enumerate(played[k:], start=k)]
        compare(rule, asked[k:], rest, f"by a fresh policy with the state of step {k}", first=k)
        ask(controller, k, copied(seen))


def _ports_in_any_order(make: Make) -> None:
    rule = "ports in any order, same answers"
    episode = trial()
    played = list(steps_of(make, episode))
    ports = np.arange(len(episode.ports))
    for order in (ports[::-1], np.roll(ports, 2)):
        other = Controller(make(), reordered(episode.site, order), 1, np.random.default_rng(SEED))
        back = np.argsort(order)
        answers = [ask(other, k, reordered(seen, order))[back] for k, (seen, _) in enumerate(played)]
        why = f"when the ports come in the order {order.tolist()}; break ties by session"
        compare(rule, [asked for _, asked in played], answers, why, tolerance_kw=TOLERANCE_KW)


def _knows_no_future(make: Make) -> None:
    asked = asked_in(make, trial())
    for t in range(N_STEPS):
        for draw in range(FUTURES):
            other = changed_after(trial(), t, np.random.default_rng([t, draw]))
            why = f"when only what comes after step {t} differs"
            compare("knows no future", asked[: t + 1], asked_in(make, other, t + 1), why)
