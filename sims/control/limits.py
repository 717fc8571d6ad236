"""The feeder around a site as a controller may see it: the last solved state, and how power moves it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from sims.control.arrays import frozen

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Limits:
    """State of the feeder in the last step, linear in what the site draws; arrays are read-only.

    The derivatives are exact at that state (all else held: other sites, background, reactive power, taps).
    Loadings grow a little faster than linear, so a large step towards a limit ends slightly beyond it.

    Parameters
    ----------
    buses, elements : tuple of str
        Buses of building and ports; `line/<name>` and `transformer/<name>` between ports and grid.
    vm_pu : floats, shape (n_bus,)
        Voltage of each bus [pu].
    loading_percent : floats, shape (n_element,)
        Loading by current of each element [%].
    building_kw : float
        What the building drew in that step [kW].
    evse_kw : floats, shape (n,)
        What each port drew in that step [kW].
    dvm_pu_per_kw, dloading_percent_per_kw : floats, shapes (n_bus, n), (n_element, n)
        Change with the power of each port [pu/kW, %/kW].
    dvm_pu_per_building_kw, dloading_percent_per_building_kw : floats, shapes (n_bus,), (n_element,)
        Change with the power of the building [pu/kW, %/kW].
    """

    buses: tuple[str, ...]
    elements: tuple[str, ...]
    vm_pu: Floats
    loading_percent: Floats
    building_kw: float
    evse_kw: Floats
    dvm_pu_per_kw: Floats
    dloading_percent_per_kw: Floats
    dvm_pu_per_building_kw: Floats
    dloading_percent_per_building_kw: Floats

    @classmethod
    def received(cls, said: Mapping[str, Any]) -> "Limits":
        """From what came over the wire: derivatives by connection, and the connection of each port."""
        ports = np.asarray(said["port_column"], dtype=np.int64)
        columns: dict[str, Floats] = {}
        for name, count in (("dvm_pu", len(said["buses"])), ("dloading_percent", len(said["elements"]))):
            by_connection = np.asarray(said[f"{name}_per_kw"], dtype=np.float64).reshape(count, -1)
            columns[f"{name}_per_kw"] = frozen(by_connection[:, ports])
            columns[f"{name}_per_building_kw"] = frozen(by_connection[:, said["building_column"]])
        return cls(
            buses=tuple(said["buses"]),
            elements=tuple(said["elements"]),
            vm_pu=frozen(said["vm_pu"]),
            loading_percent=frozen(said["loading_percent"]),
            building_kw=said["building_kw"],
            evse_kw=frozen(said["evse_kw"]),
            **columns,
        )

    def loading_percent_at(self, p_kw: Floats, building_kw: float) -> Floats:
        """Loadings expected with ports at `p_kw`, shape (n,), and this building; shape (n_element,) [%]."""
        moved = self.dloading_percent_per_kw @ (p_kw - self.evse_kw)
        grown = self.dloading_percent_per_building_kw * (building_kw - self.building_kw)
        return self.loading_percent + moved + grown

    def vm_pu_at(self, p_kw: Floats, building_kw: float) -> Floats:
        """Voltages expected with ports at `p_kw`, shape (n,), and this building; shape (n_bus,) [pu]."""
        moved = self.dvm_pu_per_kw @ (p_kw - self.evse_kw)
        return self.vm_pu + moved + self.dvm_pu_per_building_kw * (building_kw - self.building_kw)

    def reordered(self, order: Ints) -> "Limits":
        """The same with the ports in another order, in arrays of its own."""
        return replace(
            self,
            evse_kw=frozen(self.evse_kw[order]),
            dvm_pu_per_kw=frozen(self.dvm_pu_per_kw[:, order]),
            dloading_percent_per_kw=frozen(self.dloading_percent_per_kw[:, order]),
            **{
                name: frozen(getattr(self, name))
                for name in (
                    *("vm_pu", "loading_percent"),
                    *("dvm_pu_per_building_kw", "dloading_percent_per_building_kw"),
                )
            },
        )
