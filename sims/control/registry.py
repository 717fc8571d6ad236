"""The policies a scenario can name, and the way from a name to a class."""

import importlib
import inspect
from collections.abc import Mapping
from typing import Any

from sims.control.cheapest_hours import CheapestHours
from sims.control.grid_aware import GridAware
from sims.control.policy import Policy
from sims.control.price_rule import PriceThreshold
from sims.control.rules import (
    EarliestDeadlineFirst,
    FirstComeFirstServed,
    LeastLaxityFirst,
    Required,
    Trickle,
    Uncontrolled,
)
from sims.faults import Fault, ScenarioError, nearest

POLICIES: dict[str, type[Policy]] = {
    "uncontrolled": Uncontrolled,
    "required": Required,
    "trickle": Trickle,
    "fcfs": FirstComeFirstServed,
    "edf": EarliestDeadlineFirst,
    "llf": LeastLaxityFirst,
    "grid_aware": GridAware,
    "price_threshold": PriceThreshold,
    "cheapest_hours": CheapestHours,
}


def find_policy(
    name: str, parameters: Mapping[str, Any], *, allow_code: bool = False, where: str = "policy"
) -> type[Policy]:
    """Class of a policy's name, or of `module:Class` when code is allowed; its parameters are checked.

    Raises
    ------
    ScenarioError
        Unknown name, code that is not allowed, no `Policy`, or parameters it does not take.
    """
    if ":" in name:
        policy = _import_policy(name, allow_code, where)
    else:
        if name not in POLICIES:
            hint = f"{nearest(name, POLICIES)} (`cosim list policies` shows all)"
            raise ScenarioError([Fault("S26", f"{where}.name", f'"{name}": no such policy; {hint}')])
        policy = POLICIES[name]
    faults = _parameter_faults(policy, parameters, where)
    if faults:
        raise ScenarioError(faults)
    return policy


def _import_policy(name: str, allow_code: bool, where: str) -> type[Policy]:
    if not allow_code:
        what = f'"{name}": names code; run with --allow-code if you trust it'
        raise ScenarioError([Fault("S31", f"{where}.name", what)])
    module, _, attribute = name.partition(":")
    try:
        found: Any = getattr(importlib.import_module(module), attribute)
    except Exception as error:  # whatever a stranger's module raises while it is imported
        what = f'"{name}": {type(error).__name__}: {error}'
        raise ScenarioError([Fault("S31", f"{where}.name", what)]) from error
    if not (inspect.isclass(found) and issubclass(found, Policy)):
        what = f'"{name}": is no subclass of sims.control.policy.Policy'
        raise ScenarioError([Fault("S31", f"{where}.name", what)])
    return found


def _parameter_faults(policy: type[Policy], parameters: Mapping[str, Any], where: str) -> list[Fault]:
    accepted = inspect.signature(policy).parameters
    faults = [
        Fault("S32", f"{where}.{key}", f"{policy.__name__}{inspect.signature(policy)} does not take it; "
              f"{nearest(key, [*accepted, 'name', 'every_minutes'])}")
        for key in parameters
        if key not in accepted
    ]  # fmt: skip
    if faults:
        return faults
    try:
        policy(**parameters)
    except (TypeError, ValueError) as error:
        faults.append(Fault("S32", where, f"{policy.__name__}{inspect.signature(policy)}: {error}"))
    return faults
