"""The network's own loads over a run: as they are, off, or following a profile."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cosim.scenario.positions import Finding, Loc
from cosim.scenario.schema import Scenario
from sims.clock import Clock
from sims.faults import ScenarioError, nearest
from sims.tables import on_clock, read_series

if TYPE_CHECKING:
    from pandapower.auxiliary import pandapowerNet

    from sims.feeder.static_loads import StaticLoads

Floats = npt.NDArray[np.float64]
LOC: Loc = ("feeder", "background", "profile")


@dataclass(frozen=True, slots=True)
class BackgroundPower:
    """Power of the network's own static loads, shape (n_steps, n_load) [kW], [kvar].

    In the order of `net.load`, then `net.asymmetric_load`; of the latter the sum of their phases.
    """

    p_kw: Floats
    q_kvar: Floats


def read_background(scenario: Scenario, net: "pandapowerNet", clock: Clock) -> BackgroundPower | None:
    """Power of the static loads in every step, or None when they stay as the network has them.

    A single `kw` column is the total of the loads in service: they follow it together. Columns
    `<load name>_kw` set those loads and leave the others. The ratio of q to p of each load stays. Without a
    profile of the scenario, loads of a SimBench network follow the year of profiles it comes with.

    Raises
    ------
    ScenarioError
        The profile names loads the network does not have, or there is nothing to scale.
    DataError
        The file is wrong.
    """
    from sims.feeder.static_loads import static_loads

    section, own = scenario.feeder.background, static_loads(net)
    own_p_kw, own_q_kvar = own.p_kw, own.q_kvar
    if section.loads == "none":
        nothing = np.zeros((clock.n_steps, len(own_p_kw)))
        return BackgroundPower(nothing, nothing)
    if section.profile is None:
        return _own_year(scenario, clock, own)
    series = read_series(scenario.folder / section.profile, None, clock.zone)
    profiles = {name: on_clock(series, name, clock) for name in series.values}
    p_kw = np.tile(own_p_kw, (clock.n_steps, 1))
    q_kvar = np.tile(own_q_kvar, (clock.n_steps, 1))
    if "kw" in profiles:
        share = profiles["kw"] / _total_kw(scenario, own, profiles)
        return BackgroundPower(p_kw * share[:, None], q_kvar * share[:, None])
    for column, load in _columns(scenario, own, profiles).items():
        p_kw[:, load] = profiles[column]
        ratio = own_q_kvar[load] / own_p_kw[load] if own_p_kw[load] else 0.0
        q_kvar[:, load] = ratio * profiles[column]
    return BackgroundPower(p_kw, q_kvar)


def _own_year(scenario: Scenario, clock: Clock, own: "StaticLoads") -> BackgroundPower | None:
    """Loads of a network that comes with a year of profiles, None for one that does not."""
    from sims.feeder.simbench_nets import SIMBENCH, load_simbench

    network = scenario.feeder.network
    if not network.startswith(SIMBENCH):
        return None
    _, year = load_simbench(network.removeprefix(SIMBENCH))
    p, q = year.on_clock(clock)
    return BackgroundPower(p * own.p_kw, q * own.q_kvar)


def _total_kw(scenario: Scenario, own: "StaticLoads", profiles: Mapping[str, Floats]) -> float:
    """Power of all static loads in service [kW]."""
    if len(profiles) > 1:
        others = ", ".join(name for name in profiles if name != "kw")
        what = f"has the total `kw` and {others}: give the total or the loads, not both"
        raise _refused(scenario, what)
    total_kw = float(own.p_kw[own.in_service].sum())
    if total_kw == 0.0:
        raise _refused(scenario, "the network has no static loads in service that could follow the total")
    return total_kw


def _columns(scenario: Scenario, own: "StaticLoads", profiles: Mapping[str, Floats]) -> dict[str, int]:
    """Row of the load that each column sets."""
    rows = {f"{name}_kw": row for row, name in enumerate(own.names)}
    strange = [column for column in profiles if column not in rows]
    if strange:
        what = "; ".join(f'"{column}": no such load; {nearest(column, rows)}' for column in strange)
        raise _refused(scenario, what)
    return {column: rows[column] for column in profiles}


def _refused(scenario: Scenario, what: str) -> ScenarioError:
    profile = scenario.feeder.background.profile
    return ScenarioError([Finding("S26", LOC, what, profile).fault(scenario.places)])
