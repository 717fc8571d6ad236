"""Asks a policy when a decision is due, and holds its answer in between."""

from collections.abc import Mapping
from dataclasses import replace
from reprlib import repr as shortened
from typing import Any

import numpy as np

from sims.control.arrays import frozen
from sims.control.policy import Floats, Observation, Policy, SiteInfo
from sims.faults import SimulationError

FLOATS = (
    *("p_max_kw", "p_discharge_max_kw", "eta_charge", "eta_discharge"),
    *("p_min_kw", "steps_kw", "station_limit_kw"),
)
BOOLS = ("controllable", "bidirectional", "in_set")
INTS = ("station_index",)


class Controller:
    """One site's policy with its decision interval.

    Parameters
    ----------
    policy : Policy
        Reset here, before the first step.
    site : SiteInfo
        Static facts of the site.
    every_steps : int
        Steps an action holds [-].
    rng : numpy Generator
        The policy's only source of randomness.
    """

    def __init__(self, policy: Policy, site: SiteInfo, every_steps: int, rng: np.random.Generator) -> None:
        self.policy, self.site, self.every_steps, self.rng = policy, _read_only(site), every_steps, rng
        policy.reset(self.site, rng)
        self.setpoint_kw: Floats = np.zeros(len(site.p_max_kw))

    def decide(self, k: int, seen: Observation) -> Floats:
        """Setpoints of step `k`, shape (n,) [kW]: the policy's, if a decision is due, else the last ones."""
        if k % self.every_steps == 0:
            for quantity in self.policy.needs_forecasts:
                _check_issued(quantity, seen, type(self.policy).__name__)
            self.setpoint_kw = self._checked(self.policy.act(seen))
        return self.setpoint_kw

    def get_state(self) -> dict[str, Any]:
        """JSON-able state."""
        return {
            "setpoint_kw": self.setpoint_kw.tolist(),
            "policy": self.policy.get_state(),
            "rng": self.rng.bit_generator.state,
        }

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Continue from a state of `get_state`."""
        self.setpoint_kw = np.asarray(state["setpoint_kw"], dtype=np.float64)
        self.policy.set_state(state["policy"])
        self.rng.bit_generator.state = state["rng"]

    def _checked(self, answer: Any) -> Floats:
        name, n = type(self.policy).__name__, len(self.site.p_max_kw)
        try:
            power = np.asarray(answer)
        except ValueError as error:  # rows of different lengths
            raise SimulationError(f"policy {name} answered no array of numbers: {error}") from error
        if power.dtype.kind not in "fiu":  # text that looks like numbers, truth values and None are none
            raise SimulationError(f"policy {name} answered {shortened(answer)}: must be {n} numbers [kW]")
        if power.shape != (n,):
            raise SimulationError(
                f"policy {name} answered shape {power.shape}, must be ({n},): one kW a port"
            )
        if not np.isfinite(power).all():
            port = int(np.argmin(np.isfinite(power)))
            raise SimulationError(f"policy {name} answered {power[port]} kW for port {port}: must be finite")
        return power.astype(np.float64)  # a copy: the policy may go on using its own array


def _check_issued(quantity: str, seen: Observation, name: str) -> None:
    """A forecast that is wanted is there and was issued now, not later."""
    forecast = seen.forecasts.get(quantity)
    if forecast is None:
        raise SimulationError(f"policy {name} needs a forecast of {quantity}: none came")
    if forecast.issue_s > seen.time_s:
        what = f"was issued at {forecast.issue_s:g} s, after the step's start at {seen.time_s:g} s"
        raise SimulationError(f"forecast of {quantity} {what}")


def _read_only(site: SiteInfo) -> SiteInfo:
    """The same facts in arrays of their own, typed also where there is no port."""
    arrays = {name: frozen(getattr(site, name)) for name in FLOATS}
    arrays |= {name: frozen(getattr(site, name), np.bool_) for name in BOOLS}
    arrays |= {name: frozen(getattr(site, name), np.int64) for name in INTS}
    return replace(site, **arrays)
