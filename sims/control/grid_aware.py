"""Charging as far as the feeder allows, judged by its last state and the sensitivities at it."""

from typing import ClassVar

import numpy as np

from sims.control.limits import Limits
from sims.control.policy import Floats, Observation, Policy
from sims.control.rules import full_kw


class GridAware(Policy):
    """Full power until each need is met, least slack first, while loading and voltage keep their limits.

    What the feeder will do is foreseen from its last state, the building's load of this step and the
    sensitivities to each port. Cars at uncontrolled ports take full power whatever is asked. Before the
    feeder has been seen, and after a step it could not solve, nobody else charges. Nobody discharges.

    Parameters
    ----------
    loading_limit_percent : float
        Loading that no line or transformer between the ports and the grid should be foreseen to exceed
        [%]. Loadings grow faster than linear: three points below the rating make up for it.
    vm_min_pu : float
        Voltage that no bus of the site should fall below [pu].
    """

    needs_limits: ClassVar[bool] = True

    def __init__(self, *, loading_limit_percent: float = 97.0, vm_min_pu: float = 0.9) -> None:
        if not 0.0 < loading_limit_percent <= 1000.0:
            raise ValueError(f"loading_limit_percent = {loading_limit_percent}: allowed > 0 .. 1000 %")
        if not 0.5 <= vm_min_pu <= 1.5:
            raise ValueError(f"vm_min_pu = {vm_min_pu}: allowed 0.5 .. 1.5 pu")
        self.loading_limit_percent, self.vm_min_pu = loading_limit_percent, vm_min_pu

    def act(self, seen: Observation) -> Floats:
        listening = self.site.controllable
        power = np.where(listening, 0.0, full_kw(self.site, seen, seen.ceiling_kwh))
        if seen.limits is None:
            return power
        room, use_per_kw = self._room(seen.limits, power, seen.building_kw)
        wanted = np.where(listening, full_kw(self.site, seen, seen.required_kwh), 0.0)
        for port in np.lexsort((seen.session, self._slack_h(seen))):
            if wanted[port] > 0.0:
                power[port] = min(wanted[port], most_kw(room, use_per_kw[:, port]))
                room -= use_per_kw[:, port] * power[port]
        return power

    def _room(self, limits: Limits, power: Floats, building_kw: float) -> tuple[Floats, Floats]:
        """Room of each limit beside `power` [%, pu], and what a kW at each port takes of it."""
        loading = self.loading_limit_percent - limits.loading_percent_at(power, building_kw)
        voltage = limits.vm_pu_at(power, building_kw) - self.vm_min_pu
        use_per_kw = np.vstack([limits.dloading_percent_per_kw, -limits.dvm_pu_per_kw])
        return np.concatenate([loading, voltage]), use_per_kw

    def _slack_h(self, seen: Observation) -> Floats:
        """Hours to the declared departure less hours of charging still needed [h]."""
        full_power = np.maximum(self.site.eta_charge * seen.charge_max_kw, 1e-9)
        left_h = (seen.window_start_s - seen.time_s) / 3600.0
        return left_h - (seen.required_kwh - seen.energy_kwh) / full_power


def most_kw(room: Floats, use_per_kw: Floats) -> float:
    """Largest power, >= 0, that leaves no limit short of room; inf where it uses none.

    Parameters
    ----------
    room : floats, shape (n,)
        What each limit has left, in its own unit; a limit already broken has none.
    use_per_kw : floats, shape (n,)
        What a kW takes of each; limits it relieves do not count.
    """
    taken = use_per_kw > 0.0
    return float(np.min(np.maximum(room[taken], 0.0) / use_per_kw[taken], initial=np.inf))
