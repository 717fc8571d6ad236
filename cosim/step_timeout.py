"""How long a simulator or a policy may be silent in one step, as a caller says it."""

import math

from sims.faults import Fault, ScenarioError

STEP_TIMEOUT_S = 60.0
"""Silence after which a simulator is named for the first time [s]."""
OFF = "off"


def parse_step_timeout(text: str) -> float | None:
    """Seconds of `--step-timeout`; None for "off".

    Raises
    ------
    ScenarioError
        Neither a number above 0 nor "off".
    """
    if text == OFF:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if fault := step_timeout_fault(seconds, "--step-timeout", text):
        raise ScenarioError([fault])
    return seconds


def step_timeout_fault(seconds: float | None, where: str, said: object) -> Fault | None:
    """What is wrong with a time-out, if anything."""
    if seconds is None or 0.0 < seconds < math.inf:
        return None
    return Fault("S23", where, f'{said}: allowed more than 0 s, or "{OFF}" (None in Python) to wait forever')
