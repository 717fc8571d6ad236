"""P(V): ports charge less while the voltage is low and discharge less while it is high.

A port follows the voltage its bus had in the last step. So late an answer would swing from step to step where
many ports share a weak line: the share a port may use goes half way to its curve in every step, which settles
as long as the ports' full answer moves the voltage by less than three times what caused it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numba as nb
import numpy as np
import numpy.typing as npt

from sims.curves import on_curve, padded

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

HALF_WAY = 0.5


@dataclass(frozen=True, slots=True)
class VoltWattCurves:
    """Curves of the n ports that have one.

    Parameters
    ----------
    port : ints, shape (n,)
        Which of the site's ports [-].
    charge_pu, charge_share : floats, shape (n, m)
        Points of the charging curve: rising voltages, shares of the power limit that do not fall [pu], [-].
    discharge_pu, discharge_share : floats, shape (n, m)
        Points of the discharging curve: rising voltages, shares that do not rise [pu], [-].
    """

    port: Ints
    charge_pu: Floats
    charge_share: Floats
    discharge_pu: Floats
    discharge_share: Floats

    @classmethod
    def of(cls, described: Mapping[str, Any]) -> "VoltWattCurves":
        """Curves from plain lists of the same names; they may be of different length."""
        return cls(
            np.asarray(described["port"], dtype=np.int64),
            *(
                padded(described[name])
                for name in ("charge_pu", "charge_share", "discharge_pu", "discharge_share")
            ),
        )


@nb.njit(cache=True)
def half_way(shares: Floats, vm_pu: Floats, port: Ints, at_pu: Floats, values: Floats) -> None:
    """Move the shares of all ports half way to their curves; where the voltage is not known they stay."""
    for i in range(port.size):
        vm = float(vm_pu[port[i]])
        if not np.isnan(vm):
            wanted = on_curve(vm, at_pu[i], values[i])
            shares[port[i]] += HALF_WAY * (wanted - shares[port[i]])


class VoltWatt:
    """The share of its power each port of a site may use, as it moves from step to step.

    Parameters
    ----------
    curves : VoltWattCurves
        Of the ports that have one; the others keep all their power.
    n_ports : int
        Ports of the site.

    Attributes
    ----------
    charge_share, discharge_share : floats, shape (n_ports,)
        Of the power limits, in the present step [-].
    limited_steps : ints, shape (n_ports,)
        Steps so far in which less than the battery could take or give was allowed of a request [-].
    """

    def __init__(self, curves: VoltWattCurves, n_ports: int) -> None:
        self._curves = curves
        self.charge_share, self.discharge_share = np.ones(n_ports), np.ones(n_ports)
        self.limited_steps = np.zeros(n_ports, dtype=np.int64)

    def see(self, vm_pu: Floats) -> None:
        """Take notice of the voltage at each port in the last step, shape (n_ports,), or NaN [pu]."""
        curves = self._curves
        half_way(self.charge_share, vm_pu, curves.port, curves.charge_pu, curves.charge_share)
        half_way(self.discharge_share, vm_pu, curves.port, curves.discharge_pu, curves.discharge_share)

    def cut(
        self,
        setpoint_kw: Floats,
        charge_max_kw: Floats,
        discharge_max_kw: Floats,
        uncontrolled: Bools,
        can_charge: Bools,
        can_discharge: Bools,
    ) -> tuple[Floats, Floats]:
        """Requests and charging limits of this step; cut ones are counted.

        A request within the port's limits is cut, one beyond them is left for the fleet to clamp and count:
        no controller can know the share, so the cut is no fault of it. The limit itself falls for ports that
        do not listen; for the others it stays, so that the charging curve keeps its scale.

        Parameters
        ----------
        setpoint_kw : floats, shape (n_ports,)
            Requested power [kW].
        charge_max_kw, discharge_max_kw : floats, shape (n_ports,)
            Limits of port and car, 0 at a free port [kW].
        uncontrolled : bools, shape (n_ports,)
            Ports that always charge at full power.
        can_charge, can_discharge : bools, shape (n_ports,)
            Whether the battery is below its ceiling, above its floor.

        Returns
        -------
        tuple of floats, shape (n_ports,)
            Requests and charging limits [kW].
        """
        most_kw, least_kw = self.charge_share * charge_max_kw, -self.discharge_share * discharge_max_kw
        asked_kw = np.where(uncontrolled, charge_max_kw, setpoint_kw)
        over = (asked_kw > most_kw) & (asked_kw <= charge_max_kw) & (charge_max_kw > 0.0)
        under = (asked_kw < least_kw) & (asked_kw >= -discharge_max_kw) & (discharge_max_kw > 0.0)
        self.limited_steps += (over & can_charge) | (under & can_discharge)
        allowed_kw = np.where(over, most_kw, np.where(under, least_kw, setpoint_kw))
        return allowed_kw, np.where(uncontrolled, most_kw, charge_max_kw)

    def get_state(self) -> dict[str, Any]:
        """JSON-able state."""
        return {
            "charge_share": self.charge_share.tolist(),
            "discharge_share": self.discharge_share.tolist(),
            "limited_steps": self.limited_steps.tolist(),
        }

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Continue from a state of `get_state`."""
        self.charge_share = np.asarray(state["charge_share"], dtype=np.float64)
        self.discharge_share = np.asarray(state["discharge_share"], dtype=np.float64)
        self.limited_steps = np.asarray(state["limited_steps"], dtype=np.int64)
