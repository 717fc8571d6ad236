"""Where each source draws its power: which bus of the feeder and, solved by phases, which phase."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

THREE = 0
L1 = 1


@dataclass(frozen=True, slots=True)
class Places:
    """Where power is drawn: index into the engine's connections, for each source.

    Parameters
    ----------
    building : mapping of str to int
        Connection of each site's building.
    evse : mapping of str to ints, shape (n_evse,)
        Connection of each port of each site.
    one_phase : mapping of str to ints, shape (n_evse,)
        The same while a car charges on one phase: that of the port's first conductor.
    open_bus : mapping of int to int
        Connection of each bus (by its row) that other simulators may load.
    pv : ints, shape (n_pv,)
        Connection of each PV plant on the feeder.
    """

    building: Mapping[str, int]
    evse: Mapping[str, Ints]
    one_phase: Mapping[str, Ints]
    open_bus: Mapping[int, int]
    pv: Ints

    def of_ports(self, site: str, phases_in_use: Sequence[int] | None) -> Ints:
        """Connection of each port of a site, shape (n_evse,), given the phases its cars use."""
        if phases_in_use is None:
            return self.evse[site]
        return np.where(np.asarray(phases_in_use) == 1, self.one_phase[site], self.evse[site])


def make_places(
    sites: Mapping[str, Mapping[str, Any]],
    open_bus: Mapping[int, int],
    pv_bus: Sequence[int],
    *,
    by_phase: bool,
) -> tuple[list[int], list[int], Places]:
    """Bus and phase (0: all three alike) of every connection, each once, and the place of every source.

    Parameters
    ----------
    sites : mapping
        By name: `building_bus`, `evse_bus` (bus of each port) and, where the feeder is solved by phases and
        not all draw on three, `building_phase` (0, 1, 2, 3), `evse_phases` (phases of each port, 1 or 3) and
        `evse_phase` (feeder phase of each port's first conductor, 1, 2, 3).
    open_bus : mapping of int to int
        Bus index, by row, of the buses other simulators may load, on three phases.
    pv_bus : sequence of int
        Bus index of each PV plant on the feeder, which feeds in on three phases.
    by_phase : bool
        Whether phases count; a balanced feeder has one connection a bus.
    """
    building = {name: _building(site, by_phase) for name, site in sites.items()}
    evse = {name: _ports(site, by_phase) for name, site in sites.items()}
    one_phase = {name: _ports(site, by_phase, all_phases=False) for name, site in sites.items()}
    others = {row: (int(bus), THREE) for row, bus in open_bus.items()}
    plants = [(int(bus), THREE) for bus in pv_bus]
    at_ports = [at for ports in (*evse.values(), *one_phase.values()) for at in ports]
    connections = sorted({*building.values(), *others.values(), *plants, *at_ports})
    place = {at: index for index, at in enumerate(connections)}

    def placed(ports: Mapping[str, list[tuple[int, int]]]) -> dict[str, Ints]:
        return {name: np.array([place[at] for at in found], dtype=np.int64) for name, found in ports.items()}

    return (
        [bus for bus, _ in connections],
        [phase for _, phase in connections],
        Places(
            building={name: place[at] for name, at in building.items()},
            evse=placed(evse),
            one_phase=placed(one_phase),
            open_bus={row: place[at] for row, at in others.items()},
            pv=np.array([place[at] for at in plants], dtype=np.int64),
        ),
    )


def _building(site: Mapping[str, Any], by_phase: bool) -> tuple[int, int]:
    return int(site["building_bus"]), int(site.get("building_phase", THREE)) if by_phase else THREE


def _ports(site: Mapping[str, Any], by_phase: bool, *, all_phases: bool = True) -> list[tuple[int, int]]:
    """Bus and phase of each port, with all the phases it has or on its first conductor alone."""
    buses = [int(bus) for bus in site["evse_bus"]]
    if not by_phase:
        return [(bus, THREE) for bus in buses]
    first = site.get("evse_phase", [L1] * len(buses))
    wired = site.get("evse_phases", [3] * len(buses))
    phases = [THREE if all_phases and n == 3 else one for n, one in zip(wired, first, strict=True)]
    return [(bus, int(phase)) for bus, phase in zip(buses, phases, strict=True)]
