"""Limits of the feeder that are broken before any car charges: no controller can be blamed for them."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cosim.scenario.background import BackgroundPower
from cosim.scenario.pv_inputs import FeederPvPower
from cosim.scenario.schema import Scenario
from cosim.scenario.site_inputs import SiteInputs
from sims.clock import Clock

if TYPE_CHECKING:
    from pandapower.auxiliary import pandapowerNet

    from sims.feeder.powerflow import Engine, Solution

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

RATING_PERCENT = 100.0
EN50160_PU = (0.9, 1.1)
# power flows are tried in at most so many steps: a quarter of a second
MOST_BUS_STEPS, MOST_PANDAPOWER_STEPS = 300_000, 10


def broken_without_charging(
    scenario: Scenario,
    clock: Clock,
    net: "pandapowerNet",
    background: BackgroundPower | None,
    pv: FeederPvPower | None,
    sites: Sequence[SiteInputs],
) -> Iterator[str]:
    """Sentences: each overloaded line and transformer, the lowest and the highest voltage beyond +-10 %.

    Buildings, PV and background draw what they draw, the ports nothing. Of a run too long to be solved
    here whole, the steps with the highest and the lowest power of the feeder and of each site are tried.

    Raises
    ------
    ScenarioError, DataError, SimulationError
        No engine can be made of this network and these connections.
    """
    from sims.feeder.powerflow import ENGINES, make_engine

    buses = sorted({bus for site in sites for bus in (site.building_bus, *site.evse_bus.tolist())})
    buses = sorted({*buses, *(() if pv is None else pv.bus.tolist())})
    # an unbalanced engine's mean is a balanced one's; make it the way the run does where it can be
    name = scenario.feeder.engine if scenario.feeder.engine in ENGINES else "zbus"
    engine = make_engine(name, net, buses)
    p_kw, q_kvar = _drawn(buses, clock.n_steps, pv, sites)
    steps = _telling_steps(engine, net, p_kw, background)
    solved: list[Solution] = []
    slow = 0
    for k in steps:
        if background is not None:
            engine.set_background(background.p_kw[k], background.q_kvar[k])
        solved.append(engine.solve(p_kw[k], q_kvar[k]))
        # what needs pandapower takes long, and longest where there is no solution
        slow += solved[-1].solver == "pandapower"
        if not solved[-1].converged or slow >= MOST_PANDAPOWER_STEPS:
            break
    when = [clock.local_time(clock.start_s + k * clock.step_s).isoformat(timespec="minutes") for k in steps]
    tried = "" if len(solved) == clock.n_steps else f" of {len(solved)} tried"
    if not solved[-1].converged:
        yield f"without any charging: the power flow has no solution at {when[len(solved) - 1]}"
    yield from _overloads(net, np.array([solution.loading_percent for solution in solved]), when, tried)
    yield from _voltages(net, np.array([solution.vm_pu for solution in solved]), when, tried)


def _drawn(
    buses: Sequence[int], n_steps: int, pv: FeederPvPower | None, sites: Sequence[SiteInputs]
) -> tuple[Floats, Floats]:
    """Power at each connection in every step, shape (n_steps, n_connections) [kW], [kvar]."""
    place = {bus: column for column, bus in enumerate(buses)}
    p_kw, q_kvar = np.zeros((n_steps, len(buses))), np.zeros((n_steps, len(buses)))
    for site in sites:
        column, described = place[site.building_bus], site.site.building
        factor = 1.0 if described is None else described.power_factor
        p_kw[:, column] += site.building_kw - (0.0 if site.pv_kw is None else site.pv_kw)
        q_kvar[:, column] += site.building_kw * np.tan(np.arccos(factor))
    if pv is not None:
        for plant, bus in enumerate(pv.bus.tolist()):
            p_kw[:, place[bus]] -= pv.p_kw[:, plant]
    return p_kw, q_kvar


def _telling_steps(
    engine: "Engine", net: "pandapowerNet", p_kw: Floats, background: BackgroundPower | None
) -> Ints:
    """Steps worth solving: all, or those with the highest and lowest power in all and at each connection."""
    n_steps = len(p_kw)
    allowed = MOST_PANDAPOWER_STEPS if engine.name == "pandapower" else MOST_BUS_STEPS // max(1, len(net.bus))
    if n_steps <= allowed:
        return np.arange(n_steps)
    total_kw = p_kw.sum(axis=1) + (0.0 if background is None else background.p_kw.sum(axis=1))
    series = np.column_stack([total_kw, p_kw])
    each = max(1, allowed // (2 * series.shape[1]))
    order = np.argsort(series, axis=0, kind="stable")
    return np.unique(np.concatenate([order[:each].ravel(), order[-each:].ravel()]))


def _overloads(net: "pandapowerNet", loading: Floats, when: Sequence[str], tried: str) -> Iterator[str]:
    from sims.feeder.names import element_names

    names = [f"line {name}" for name in element_names(net, "line")]
    names += [f"transformer {name}" for name in element_names(net, "trafo")]
    over = np.nan_to_num(loading) > RATING_PERCENT
    for column in np.flatnonzero(over.any(axis=0)):
        worst = int(np.nanargmax(loading[:, column]))
        yield (
            f"without any charging: {names[column]} is loaded {loading[worst, column]:.1f} % at {when[worst]}"
            f" (rating {RATING_PERCENT:g} %), above it in {int(over[:, column].sum())} steps{tried}"
        )


def _voltages(net: "pandapowerNet", vm: Floats, when: Sequence[str], tried: str) -> Iterator[str]:
    from sims.feeder.names import element_names

    names, (lowest, highest) = element_names(net, "bus"), EN50160_PU
    for sign, limit, word in ((-1.0, lowest, "falls to"), (1.0, highest, "rises to")):
        beyond = np.nan_to_num(sign * (vm - limit)) > 0.0
        if beyond.any():
            row, bus = np.unravel_index(int(np.nanargmax(sign * vm)), vm.shape)
            yield (
                f"without any charging: {names[int(bus)]} {word} {vm[row, bus]:.4f} pu at {when[int(row)]}"
                f" (EN 50160: {lowest:g} .. {highest:g} pu), {int(beyond.any(axis=0).sum())} buses beyond in "
                f"{int(beyond.any(axis=1).sum())} steps{tried}"
            )
