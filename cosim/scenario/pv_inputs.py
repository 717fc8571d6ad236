"""PV plants of a scenario as power in every step: from a profile, or from the sun above the feeder."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cosim.scenario.gather import Gathered
from cosim.scenario.positions import Finding, Loc
from cosim.scenario.schema import Pv, Scenario
from sims.building.pv import Panel, Sky, draw_clearness, pv_kw
from sims.clock import Clock
from sims.faults import ScenarioError
from sims.seeds import component_rng
from sims.tables import on_clock, read_series

if TYPE_CHECKING:
    from pandapower.auxiliary import pandapowerNet

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class FeederPvPower:
    """Plants on the feeder: bus index, shape (n_pv,), and generation, shape (n_steps, n_pv) [kW]."""

    bus: Ints
    p_kw: Floats


def read_sky(scenario: Scenario, clock: Clock) -> Sky | None:
    """The sun and the clouds, the same for all plants of a run; None without a location.

    Raises
    ------
    ScenarioError
        Mean and spread of the clearness contradict each other.
    """
    place = scenario.location
    if place is None:
        return None
    rng = component_rng(scenario.seed, "clearness")
    days = int(clock.calendar().day[-1]) + 1
    try:
        clearness = draw_clearness(days, place.clearness, place.clearness_spread, rng)
    except ValueError as error:
        loc: Loc = ("location", "clearness_spread")
        finding = Finding("S38", loc, str(error), place.clearness_spread)
        raise _refused(scenario, finding) from error
    return Sky(place.latitude, place.longitude, clearness)


def read_pv(scenario: Scenario, plant: Pv, loc: Loc, sky: Sky | None, clock: Clock) -> Floats:
    """Generation of a plant in every step, shape (n_steps,) [kW]; `loc` is its place in the scenario.

    Raises
    ------
    ScenarioError
        A key is missing that its kind of plant needs.
    DataError
        The profile is wrong.
    """
    if plant.profile is not None:
        return _profile_kw(scenario, plant, loc, clock)
    if plant.peak_kw is None:
        what = "a plant without `profile` needs its peak_kw [kW]"
        raise _refused(scenario, Finding("S07", (*loc, "peak_kw"), what))
    if sky is None:
        what = "a plant without `profile` is computed from the sun: add [location] latitude, longitude"
        raise _refused(scenario, Finding("S07", loc, what))
    panel = Panel(plant.peak_kw, plant.tilt_deg, plant.azimuth_deg, plant.performance_ratio)
    return pv_kw(panel, sky, clock)


def read_feeder_pv(
    scenario: Scenario, net: "pandapowerNet", sky: Sky | None, clock: Clock, found: Gathered
) -> FeederPvPower | None:
    """Plants on the feeder's other buses, None when there are none; faults are noted in `found`."""
    from sims.feeder.network import find_bus

    buses: list[int] = []
    powers: list[Floats] = []
    for i, plant in enumerate(scenario.feeder.pv):
        loc: Loc = ("feeder", "pv", i)
        where = scenario.places.where((*loc, "connection"))
        bus = found.attempt(find_bus, net, plant.connection, where)
        p_kw = found.attempt(read_pv, scenario, plant, loc, sky, clock)
        if bus is not None and p_kw is not None:
            buses.append(bus)
            powers.append(p_kw)
    if not buses:
        return None
    return FeederPvPower(np.array(buses, dtype=np.int64), np.stack(powers, axis=1))


def _profile_kw(scenario: Scenario, plant: Pv, loc: Loc, clock: Clock) -> Floats:
    series = read_series(scenario.folder / str(plant.profile), ("kw",), clock.zone)
    generation = on_clock(series, "kw", clock)
    lowest, highest = float(series.values["kw"].min()), float(series.values["kw"].max())
    if lowest < 0.0:
        what = f"goes down to {lowest:g} kW: generation is positive here; turn the sign round"
        raise _refused(scenario, Finding("S38", (*loc, "profile"), what, plant.profile))
    if plant.peak_kw is None:
        return generation
    if highest <= 0.0:
        what = f"the profile's maximum is {highest:g} kW: it cannot be scaled to a peak"
        raise _refused(scenario, Finding("S38", (*loc, "peak_kw"), what, plant.peak_kw))
    return generation * (plant.peak_kw / highest)


def _refused(scenario: Scenario, finding: Finding) -> ScenarioError:
    return ScenarioError([finding.fault(scenario.places)])
