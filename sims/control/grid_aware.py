"""Charging as far as the feeder allows, judged by its last state and the sensitivities at it."""

from typing import ClassVar

import numpy as np

from sims.control.limits import Complexes
from sims.control.policy import Floats, Observation, Policy
from sims.control.sharing import full_kw


class GridAware(Policy):
    """Full power until each need is met, least slack first, while loading and voltage keep their limits.

    What the feeder will do is foreseen from its last state, the building's load of this step and the
    sensitivities to each port. Cars at uncontrolled ports take full power whatever is asked. Before the
    feeder has been seen, and after a step it could not solve, nobody else charges. Nobody discharges.

    Parameters
    ----------
    loading_limit_percent : float
        Loading that no line or transformer between the ports and the grid should be foreseen to exceed
        [%]. Currents grow as voltages fall and other sites move: two points below the rating leave room.
    vm_min_pu : float
        Voltage that no bus of the site should fall below [pu].
    """

    needs_limits: ClassVar[bool] = True

    def __init__(self, *, loading_limit_percent: float = 98.0, vm_min_pu: float = 0.9) -> None:
        if not 0.0 < loading_limit_percent <= 1000.0:
            raise ValueError(f"loading_limit_percent = {loading_limit_percent}: allowed > 0 .. 1000 %")
        if not 0.5 <= vm_min_pu <= 1.5:
            raise ValueError(f"vm_min_pu = {vm_min_pu}: allowed 0.5 .. 1.5 pu")
        self.loading_limit_percent, self.vm_min_pu = loading_limit_percent, vm_min_pu

    def act(self, seen: Observation) -> Floats:
        listening = self.site.controllable
        power = np.where(listening, 0.0, full_kw(self.site, seen, seen.ceiling_kwh))
        limits = seen.limits
        if limits is None:
            return power
        current = limits.current_percent_at(power, seen.building_kw)
        voltage = limits.vm_pu_at(power, seen.building_kw)
        wanted = np.where(listening, full_kw(self.site, seen, seen.required_kwh), 0.0)
        for port in np.lexsort((seen.session, self._slack_h(seen))):
            if wanted[port] > 0.0:
                gain, drop = limits.dcurrent_percent_per_kw[:, port], -limits.dvm_pu_per_kw[:, port]
                power[port] = min(
                    wanted[port],
                    most_by_current_kw(current, gain, self.loading_limit_percent),
                    most_by_voltage_kw(voltage, drop, self.vm_min_pu),
                )
                current, voltage = current + gain * power[port], voltage - drop * power[port]
        return power

    def _slack_h(self, seen: Observation) -> Floats:
        """Hours to the declared departure less hours of charging still needed [h]."""
        full_power = np.maximum(self.site.eta_charge * seen.charge_max_kw, 1e-9)
        left_h = (seen.window_start_s - seen.time_s) / 3600.0
        return left_h - (seen.required_kwh - seen.energy_kwh) / full_power


def most_by_current_kw(current: Complexes, gain: Complexes, limit: float) -> float:
    """Largest power, >= 0, with every |current + gain * power| <= limit, inf where nothing gains.

    Parameters
    ----------
    current : complexes, shape (n,)
        Currents before [%].
    gain : complexes, shape (n,)
        What a kW adds to each [%/kW].
    limit : float
        Allowed size [%]; a current beyond it may not grow.
    """
    moved = np.abs(gain) > 0.0
    square, size = np.abs(gain[moved]) ** 2, np.abs(current[moved])
    along = (np.conj(current[moved]) * gain[moved]).real
    # the larger root of |current + gain p|^2 = limit^2
    inside = np.maximum(along**2 - square * (size**2 - limit**2), 0.0)
    return float(np.min(np.maximum(np.sqrt(inside) - along, 0.0) / square, initial=np.inf))


def most_by_voltage_kw(voltage: Floats, drop: Floats, lowest: float) -> float:
    """Largest power, >= 0, with every voltage - drop * power >= lowest, inf where nothing drops.

    Parameters
    ----------
    voltage : floats, shape (n,)
        Voltages before [pu].
    drop : floats, shape (n,)
        What a kW takes of each [pu/kW].
    lowest : float
        Allowed voltage [pu]; one below it may not fall.
    """
    falls = drop > 0.0
    return float(np.min(np.maximum(voltage[falls] - lowest, 0.0) / drop[falls], initial=np.inf))
