"""What a site enforces whatever its policy asks."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sims.fleet.arrays import NO_TAPER, Ints, SharedLimits
from sims.fleet.evse import Ports


@dataclass(frozen=True, slots=True)
class SiteRules:
    """Limits of a site beyond those of its ports and cars.

    Parameters
    ----------
    site_cap_kw : float
        Main-breaker limit on building plus chargers, inf for none [kW].
    export_limit_kw : float
        What the site may feed back, 0 for no export, inf for no limit [kW].
    taper_soc : float
        SoC where the two-stage charging curve starts, 1 for no taper [-].
    limits_kw : sequence of float, length g
        What each of g sets of ports may charge, and discharge, together [kW].
    limited_ports : sequence of sequence of int, length g
        The ports of each set; sets may overlap [-].
    """

    site_cap_kw: float = float("inf")
    export_limit_kw: float = 0.0
    taper_soc: float = NO_TAPER
    limits_kw: Sequence[float] = ()
    limited_ports: Sequence[Sequence[int]] = ()


def shared_limits(ports: Ports, rules: SiteRules) -> SharedLimits:
    """Stations and sets of ports for the kernel: stations first, then smaller sets before larger ones.

    Sets of one size are held at once, so that the order in which they are written never matters.
    """
    numbers = ports.station_index if len(ports.station_index) else np.full(len(ports), -1, dtype=np.int64)
    stations = [np.flatnonzero(numbers == number) for number in np.unique(numbers[numbers >= 0])]
    by_size = sorted(zip(rules.limited_ports, rules.limits_kw, strict=True), key=lambda one: len(one[0]))
    members = [*stations, *(np.asarray(chosen, dtype=np.int64) for chosen, _ in by_size)]
    limits = [*(float(ports.station_limit_kw[at[0]]) for at in stations), *(limit for _, limit in by_size)]
    level = [0] * len(stations) + [len(chosen) for chosen, _ in by_size]
    return SharedLimits(
        level_start=_starts(np.unique(level, return_counts=True)[1].tolist()),
        start=_starts([len(chosen) for chosen in members]),
        port=np.concatenate([np.zeros(0, dtype=np.int64), *members]),
        limit_kw=np.array(limits, dtype=np.float64),
        every_port=np.arange(len(ports), dtype=np.int64),
    )


def _starts(counts: Sequence[int]) -> Ints:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
