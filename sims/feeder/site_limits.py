"""What a site's controller is told of the feeder when it asks: its state, and how the site moves it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from pandapower.auxiliary import pandapowerNet

from sims.feeder.names import element_names
from sims.feeder.powerflow import Engine, Floats, Solution
from sims.feeder.sensitivity import Watch
from sims.feeder.upstream import elements_upstream

Ints = npt.NDArray[np.int64]


class SiteLimits:
    """Voltages at a site's buses, loadings of all between its ports and the grid, and their derivatives.

    Parameters
    ----------
    net : pandapowerNet
        The feeder.
    building_bus : int
        Bus index of the building.
    evse_bus : sequence of int
        Bus index of each port.
    place_of : mapping of int to int
        Engine connection of each bus index.
    """

    def __init__(
        self, net: pandapowerNet, building_bus: int, evse_bus: Sequence[int], place_of: dict[int, int]
    ) -> None:
        ports, buses = sorted(set(evse_bus)), sorted({building_bus, *evse_bus})
        names = element_names(net, "bus")
        lines, transformers = element_names(net, "line"), element_names(net, "trafo")
        elements = [f"line/{name}" for name in lines] + [f"transformer/{name}" for name in transformers]
        self._watch = Watch(
            connections=np.array([place_of[bus] for bus in (*ports, building_bus)], dtype=np.int64),
            kvar_per_kw=np.zeros(len(ports) + 1),
            buses=net.bus.index.get_indexer(buses).astype(np.int64),
            elements=elements_upstream(net, evse_bus),
        )
        self._said = {
            "buses": [names[row] for row in self._watch.buses],
            "elements": [elements[row] for row in self._watch.elements],
            "port_column": [ports.index(bus) for bus in evse_bus],
        }

    def at(
        self,
        engine: Engine,
        solution: Solution,
        drawn: tuple[Floats, Floats],
        building_kva: complex,
        evse_kw: list[float],
    ) -> dict[str, Any]:
        """What is said of a solved step, as plain lists; nothing of one without a solution.

        Parameters
        ----------
        engine : Engine
            The one that solved the step.
        solution : Solution
            What it gave.
        drawn : tuple of Floats
            p and q of all connections in that step, each of shape (n_connections,) [kW], [kvar].
        building_kva : complex
            Power of the site's building in that step; its power factor is kept [kW + j kvar].
        evse_kw : list of float, n_ports
            Power of its ports [kW].
        """
        if not solution.converged:
            return {}
        building_kw = building_kva.real
        # beside PV of about its own load a building has no power factor to keep
        factor_known = abs(building_kva.imag) <= abs(building_kw) > 0.0
        self._watch.kvar_per_kw[-1] = building_kva.imag / building_kw if factor_known else 0.0
        found = engine.sensitivities(*drawn, self._watch)
        if found is None:
            return {}
        return self._said | {
            "vm_pu": solution.vm_pu[self._watch.buses].tolist(),
            "loading_percent": solution.loading_percent[self._watch.elements].tolist(),
            "building_kw": building_kw,
            "evse_kw": evse_kw,
            "dvm_pu_per_kw": found.dvm_pu_per_kw.tolist(),
            "current_percent": _parts(found.current_percent),
            "dcurrent_percent_per_kw": _parts(found.dcurrent_percent_per_kw),
        }


def _parts(values: npt.NDArray[np.complex128]) -> list[Any]:
    """Real and imaginary part as plain lists, which every process understands."""
    return [values.real.tolist(), values.imag.tolist()]
