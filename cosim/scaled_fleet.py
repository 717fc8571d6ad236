"""A site's fleet made larger or smaller, ports and the cars that come to them together.

The fleets are nested: the ports and sessions of a smaller one are among those of a larger one. So what a
larger fleet adds is all that differs between two runs.
"""

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from cosim.scenario.inputs import Inputs
from cosim.scenario.schema import Chargers
from cosim.scenario.site_inputs import SiteInputs
from sims.fleet.evse import Ports
from sims.fleet.sessions import Sessions
from sims.seeds import component_rng

Ints = npt.NDArray[np.int64]

# copies of a session come up to this much earlier or later than it, or they would all plug in at once
SHIFT_S = 3600


def with_ports(inputs: Inputs, site: str, n_ports: int) -> Inputs:
    """The same run with `n_ports` ports at a site, in the mix it has, and as many more or fewer sessions.

    Parameters
    ----------
    inputs : Inputs
        Checked inputs; the site has ports.
    site : str
        Name of the site.
    n_ports : int
        Ports it gets, 0 or more [-].

    Notes
    -----
    Sessions beyond the site's own are copies of them, each shifted by a whole number of minutes within an
    hour, drawn from the scenario's seed; the last copy, and a fleet smaller than the own, takes the share
    of sessions that belongs to it, also drawn.
    """
    return _changed(inputs, site, lambda chosen: _resized(chosen, n_ports, inputs))


def with_power(inputs: Inputs, site: str, factor: float) -> Inputs:
    """The same run with the power of every port of a site times `factor`, > 0 [-]."""
    return _changed(inputs, site, lambda chosen: _repowered(chosen, factor))


def _changed(inputs: Inputs, site: str, change: Callable[[SiteInputs], SiteInputs]) -> Inputs:
    sites = tuple(change(one) if one.site.name == site else one for one in inputs.sites)
    scenario = inputs.scenario.model_copy(update={"sites": [one.site for one in sites]})
    return replace(inputs, sites=sites, scenario=scenario)


def _resized(site: SiteInputs, n_ports: int, inputs: Inputs) -> SiteInputs:
    groups, own = site.site.chargers, len(site.ports)
    counts = scaled_counts([group.count for group in groups], n_ports)
    resized = [group.model_copy(update={"count": n}) for group, n in zip(groups, counts, strict=True)]
    first = np.cumsum([0, *(group.count for group in groups)])[:-1]
    bus = [site.evse_bus[start : start + 1] for start in first]
    rng = component_rng(inputs.scenario.seed, f"fleet size {site.site.name}")
    sessions = _scaled_sessions(site.sessions, n_ports / own, rng)
    return replace(
        _with_groups(site, resized),
        evse_bus=np.concatenate([np.repeat(at, n) for at, n in zip(bus, counts, strict=True)]),
        sessions=sessions.within(inputs.clock.start_s, inputs.clock.end_s),
    )


def _repowered(site: SiteInputs, factor: float) -> SiteInputs:
    def stronger(group: Chargers) -> Chargers:
        back = group.p_discharge_max_kw
        changed = {"p_max_kw": factor * group.p_max_kw, "p_discharge_max_kw": back and factor * back}
        return group.model_copy(update=changed)

    return _with_groups(site, [stronger(group) for group in site.site.chargers])


def _with_groups(site: SiteInputs, groups: list[Chargers]) -> SiteInputs:
    described = site.site.model_copy(update={"chargers": groups})
    return replace(site, site=described, ports=Ports.from_groups(groups))


def scaled_counts(counts: list[int], total: int) -> list[int]:
    """Ports of each group when there are `total` of them in the mix of `counts`, nested as `total` grows."""
    own = sum(counts)
    # ports of the own fleet in an order in which every beginning has nearly its mix
    order = sorted((i, (j + 0.5) / n) for i, n in enumerate(counts) for j in range(n))
    mixed = [i for i, _ in sorted(order, key=lambda port: (port[1], port[0]))]
    copies, rest = divmod(total, own)
    return [copies * n + mixed[:rest].count(i) for i, n in enumerate(counts)]


def _scaled_sessions(sessions: Sessions, factor: float, rng: np.random.Generator) -> Sessions:
    n, copies = len(sessions), int(np.ceil(factor))
    parts: list[Sessions] = []
    for copy in range(copies):
        rank, shift_s = rng.permutation(n), 60 * rng.integers(-SHIFT_S // 60, SHIFT_S // 60 + 1, n)
        kept = np.flatnonzero(rank < round(min(1.0, factor - copy) * n))
        part = sessions if copy == 0 else _copied(sessions, copy, shift_s)
        parts.append(part.take(kept))
    return _joined(parts) if parts else sessions.take(np.zeros(0, dtype=np.int64))


def _copied(sessions: Sessions, copy: int, shift_s: Ints) -> Sessions:
    times = ("arrival_s", "departure_s", "window_start_s", "window_end_s")
    return replace(
        sessions,
        **{name: getattr(sessions, name) + shift_s for name in times},
        session_id=tuple(f"{name} +{copy}" for name in sessions.session_id),
        vehicle_id=tuple(f"{name} +{copy}" for name in sessions.vehicle_id),
    )


def _joined(parts: list[Sessions]) -> Sessions:
    def column(name: str) -> Any:
        columns: list[Any] = [getattr(part, name) for part in parts]
        return sum(columns, ()) if isinstance(columns[0], tuple) else np.concatenate(columns)

    return Sessions(**{entry.name: column(entry.name) for entry in fields(Sessions)})
