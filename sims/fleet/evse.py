"""Ports (EVSEs) as arrays, and the rule by which an arriving car finds one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from sims.fleet.arrays import Floats, Ints, Outlets
from sims.fleet.efficiency import Points, efficiency_at

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
    def efficiency_curve(self) -> Points | None: ...
    @property
    def p_min_kw(self) -> float | None: ...
    @property
    def steps_kw(self) -> Sequence[float] | None: ...
    @property
    def ports_per_station(self) -> int: ...
    @property
    def station_limit_kw(self) -> float | None: ...
    @property
    def phases(self) -> int: ...


def _none() -> Floats:
    return np.zeros(0)


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
        Battery energy per metered energy, and metered energy per battery energy; at full power where
        they depend on it [-].
    phases : ints, shape (n,)
        Phases the port is wired to, 1 or 3; its limits are those of all of them together [-].
    p_min_kw : floats, shape (n,)
        Least charging power a port can be set to, 0 for none [kW].
    steps_kw : floats, shape (n, s)
        Charging powers a port can be set to, ascending; a row of inf for any [kW].
    curve_kw, curve_eta : floats, shape (n, c)
        Points of the efficiency, either way, over the power; a row of inf where it is constant [kW, -].
    station_index : ints, shape (n,)
        Number of the station that shares one limit among its ports, -1 for none [-].
    station_limit_kw : floats, shape (n,)
        Limit of that station, inf for none [kW].

    Notes
    -----
    The last six are of length 0 when no port has such a thing.
    """

    kind: Ints
    p_max_kw: Floats
    p_discharge_max_kw: Floats
    eta_charge: Floats
    eta_discharge: Floats
    phases: Ints
    p_min_kw: Floats = field(default_factory=_none)
    steps_kw: Floats = field(default_factory=_none)
    curve_kw: Floats = field(default_factory=_none)
    curve_eta: Floats = field(default_factory=_none)
    station_index: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    station_limit_kw: Floats = field(default_factory=_none)

    def __len__(self) -> int:
        return len(self.kind)

    @classmethod
    def from_groups(cls, groups: Sequence[PortGroup]) -> "Ports":
        """Ports of all groups, one after the other."""
        counts = [group.count for group in groups]

        def spread(values: Sequence[float] | Sequence[Sequence[float]], wanted: bool = True) -> Floats:
            return np.repeat(np.asarray(values, dtype=np.float64), counts, axis=0) if wanted else _none()

        least_kw, limit_kw = [_least_kw(group) for group in groups], [_shared_kw(group) for group in groups]
        curves = [np.array(group.efficiency_curve or ()).reshape(-1, 2) for group in groups]
        coarse, curved, shared = any(least_kw), any(map(len, curves)), min(limit_kw, default=np.inf) < np.inf
        powers_kw = [curve[:, 0] * group.p_max_kw for curve, group in zip(curves, groups, strict=True)]
        return cls(
            kind=np.repeat(np.asarray([KINDS.index(group.kind) for group in groups], dtype=np.int64), counts),
            p_max_kw=spread([group.p_max_kw for group in groups]),
            p_discharge_max_kw=spread([_discharge_max_kw(group) for group in groups]),
            eta_charge=spread([_full_power_eta(group, charging=True) for group in groups]),
            eta_discharge=spread([_full_power_eta(group, charging=False) for group in groups]),
            phases=np.repeat(np.asarray([group.phases for group in groups], dtype=np.int64), counts),
            p_min_kw=spread(least_kw, coarse),
            steps_kw=spread(_rows([group.steps_kw or () for group in groups]), coarse),
            curve_kw=spread(_rows(powers_kw), curved),
            curve_eta=spread(_rows([curve[:, 1] for curve in curves]), curved),
            station_index=_stations(groups) if shared else np.zeros(0, dtype=np.int64),
            station_limit_kw=spread(limit_kw, shared),
        )

    @property
    def outlets(self) -> Outlets:
        """The ports as the kernel of a step reads them."""
        n = len(self)
        return Outlets(
            uncontrolled=self.kind == UNCONTROLLED,
            eta_charge=self.eta_charge,
            eta_discharge=self.eta_discharge,
            p_min_kw=self.p_min_kw,
            steps_kw=_table(self.steps_kw, n),
            curve_kw=_table(self.curve_kw, n),
            curve_eta=_table(self.curve_eta, n),
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


def _full_power_eta(group: PortGroup, *, charging: bool) -> float:
    if group.efficiency_curve is None:
        return group.efficiency_charge if charging else group.efficiency_discharge
    full_kw = group.p_max_kw if charging else _discharge_max_kw(group)
    return efficiency_at(group.efficiency_curve, full_kw / group.p_max_kw)


def _least_kw(group: PortGroup) -> float:
    return group.steps_kw[0] if group.steps_kw else group.p_min_kw or 0.0


def _shared_kw(group: PortGroup) -> float:
    return np.inf if group.station_limit_kw is None else group.station_limit_kw


def _stations(groups: Sequence[PortGroup]) -> Ints:
    """Number of the station of each port: so many ports of a group, one after the other, make one."""
    numbers: list[Ints] = []
    used = 0
    for group in groups:
        alone = group.station_limit_kw is None
        own = np.arange(group.count) // group.ports_per_station + used
        numbers.append(np.full(group.count, -1) if alone else own)
        used += 0 if alone else -(-group.count // group.ports_per_station)
    return np.concatenate(numbers).astype(np.int64)


def _rows(rows: Sequence[Sequence[float] | Floats]) -> list[list[float]]:
    """Rows of one length: each filled up with its last entry, an empty one with inf."""
    length = max(map(len, rows), default=0)
    return [[*row, *[row[-1] if len(row) else np.inf] * (length - len(row))] for row in rows]


def _table(rows: Floats, n: int) -> Floats:
    return np.ascontiguousarray(rows) if rows.ndim == 2 else np.zeros((n, 0))


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
