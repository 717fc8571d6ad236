"""The feeder around a site as a controller may see it: the last solved state, and how power moves it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from sims.control.arrays import frozen

Floats = npt.NDArray[np.float64]
Complexes = npt.NDArray[np.complex128]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Limits:
    """State of the feeder in the last step and its derivatives there; arrays are read-only.

    The derivatives are exact at that state, all else held: other sites, background, taps. The
    building keeps its power factor, ports draw no reactive power.
    Currents are phasors: an idle cable's loading does not move at first, its current does.

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
    dvm_pu_per_kw, dvm_pu_per_building_kw : floats, shapes (n_bus, n), (n_bus,)
        Change of the voltages with the power of each port and of the building [pu/kW].
    current_percent : complexes, shape (n_element,)
        Current over rating; its size is the loading [%].
    dcurrent_percent_per_kw, dcurrent_percent_per_building_kw : complexes, shapes (n_element, n), (n_element,)
        Change of the currents with the power of each port and of the building [%/kW].
    """

    buses: tuple[str, ...]
    elements: tuple[str, ...]
    vm_pu: Floats
    loading_percent: Floats
    building_kw: float
    evse_kw: Floats
    dvm_pu_per_kw: Floats
    dvm_pu_per_building_kw: Floats
    current_percent: Complexes
    dcurrent_percent_per_kw: Complexes
    dcurrent_percent_per_building_kw: Complexes

    @classmethod
    def received(cls, said: Mapping[str, Any]) -> "Limits":
        """From what came over the wire: columns by the buses of the ports, the building's last."""
        ports, building = np.asarray(said["port_column"], dtype=np.int64), -1
        n_columns = ports.max(initial=-1) + 2
        dvm = np.asarray(said["dvm_pu_per_kw"], dtype=np.float64).reshape(-1, n_columns)
        dcurrent = _phasors(said["dcurrent_percent_per_kw"]).reshape(-1, n_columns)
        return cls(
            buses=tuple(said["buses"]),
            elements=tuple(said["elements"]),
            vm_pu=frozen(said["vm_pu"]),
            loading_percent=frozen(said["loading_percent"]),
            building_kw=said["building_kw"],
            evse_kw=frozen(said["evse_kw"]),
            dvm_pu_per_kw=frozen(dvm[:, ports]),
            dvm_pu_per_building_kw=frozen(dvm[:, building]),
            current_percent=frozen(_phasors(said["current_percent"]), np.complex128),
            dcurrent_percent_per_kw=frozen(dcurrent[:, ports], np.complex128),
            dcurrent_percent_per_building_kw=frozen(dcurrent[:, building], np.complex128),
        )

    @property
    def dloading_percent_per_kw(self) -> Floats:
        """Change of the loadings with the power of each port, shape (n_element, n) [%/kW]."""
        size = np.abs(self.current_percent)[:, None]
        along = (np.conj(self.current_percent)[:, None] * self.dcurrent_percent_per_kw).real
        return np.divide(along, size, out=np.abs(self.dcurrent_percent_per_kw), where=size > 0.0)

    def current_percent_at(self, p_kw: Floats, building_kw: float) -> Complexes:
        """Currents over rating expected with ports at `p_kw` and this building, shape (n_element,) [%]."""
        grown = self.dcurrent_percent_per_building_kw * (building_kw - self.building_kw)
        return self.current_percent + self.dcurrent_percent_per_kw @ (p_kw - self.evse_kw) + grown

    def vm_pu_at(self, p_kw: Floats, building_kw: float) -> Floats:
        """Voltages expected with ports at `p_kw`, shape (n,), and this building; shape (n_bus,) [pu]."""
        grown = self.dvm_pu_per_building_kw * (building_kw - self.building_kw)
        return self.vm_pu + self.dvm_pu_per_kw @ (p_kw - self.evse_kw) + grown

    def reordered(self, order: Ints) -> "Limits":
        """The same with the ports in another order, in arrays of its own."""
        columns: dict[str, Any] = {}
        for entry in fields(self):
            value = getattr(self, entry.name)
            if isinstance(value, np.ndarray):
                by_port = entry.name in ("evse_kw", "dvm_pu_per_kw", "dcurrent_percent_per_kw")
                columns[entry.name] = frozen(value[..., order] if by_port else value, value.dtype.type)
        return replace(self, **columns)


def _phasors(parts: Any) -> Complexes:
    real, imaginary = (np.asarray(part, dtype=np.float64) for part in parts)
    return real + 1j * imaginary
