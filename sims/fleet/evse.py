"""Ports (EVSEs) as arrays, and the rule by which an arriving car finds one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

UNCONTROLLED, UNIDIRECTIONAL, BIDIRECTIONAL = 0, 1, 2
KINDS = ("uncontrolled", "unidirectional", "bidirectional")


class PortGroup(Protocol):
    """A group of equal ports, as the scenario describes it."""

    @property
    def count(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def p_max_kw(self) -> float: ...
    @property
    def p_discharge_max_kw(self) -> float | None: ...
    @property
    def efficiency_charge(self) -> float: ...
    @property
    def efficiency_discharge(self) -> float: ...
    @property
    def phases(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Ports:
    """The n ports of a site, one array a property.

    Parameters
    ----------
    kind : ints, shape (n,)
        UNCONTROLLED, UNIDIRECTIONAL or BIDIRECTIONAL [-].
    p_max_kw, p_discharge_max_kw : floats, shape (n,)
        Largest charging and discharging power, both positive, grid side [kW].
    eta_charge, eta_discharge : floats, shape (n,)
        Battery energy per metered energy, and metered energy per battery energy [-].
    phases : ints, shape (n,)
        Phases the port is wired to, 1 or 3; its limits are those of all of them together [-].
    """

    kind: Ints
    p_max_kw: Floats
    p_discharge_max_kw: Floats
    eta_charge: Floats
    eta_discharge: Floats
    phases: Ints

    def __len__(self) -> int:
        return len(self.kind)

    @classmethod
    def from_groups(cls, groups: Sequence[PortGroup]) -> "Ports":
        """Ports of all groups, one after the other."""
        counts = [group.count for group in groups]

        def spread(values: list[float]) -> Floats:
            return np.repeat(np.asarray(values, dtype=np.float64), counts)

        return cls(
            kind=np.repeat(np.asarray([KINDS.index(group.kind) for group in groups], dtype=np.int64), counts),
            p_max_kw=spread([group.p_max_kw for group in groups]),
            p_discharge_max_kw=spread([_discharge_max_kw(group) for group in groups]),
            eta_charge=spread([group.efficiency_charge for group in groups]),
            eta_discharge=spread([group.efficiency_discharge for group in groups]),
            phases=np.repeat(np.asarray([group.phases for group in groups], dtype=np.int64), counts),
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Identifiers of the ports: `evse_00`, `evse_01`, ..."""
        width = max(2, len(str(len(self) - 1)))
        return tuple(f"evse_{index:0{width}d}" for index in range(len(self)))


def _discharge_max_kw(group: PortGroup) -> float:
    if group.kind != "bidirectional":
        return 0.0
    return group.p_max_kw if group.p_discharge_max_kw is None else group.p_discharge_max_kw


def bidirectional_first(ports: Ports) -> Ints:
    """Bidirectional before unidirectional ports, then the stronger, then the controlled, then in order."""
    controlled = ports.kind != UNCONTROLLED
    order = np.lexsort((np.arange(len(ports)), ~controlled, -ports.p_max_kw, ports.kind != BIDIRECTIONAL))
    return order.astype(np.int64)


def fcfs(ports: Ports) -> Ints:
    """The first free port in the order of the scenario."""
    return np.arange(len(ports), dtype=np.int64)


Assignment = Callable[[Ports], Ints]
"""Gives the order in which an arriving car tries the ports; it takes the first free one."""

ASSIGNMENTS: dict[str, Assignment] = {"bidirectional_first": bidirectional_first, "fcfs": fcfs}
