"""A scenario to everything a run needs: all files read, all names looked up, all faults said at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cosim.scenario.background import BackgroundPower, read_background
from cosim.scenario.check import check_scenario
from cosim.scenario.event_inputs import EventReader
from cosim.scenario.gather import Gathered, relocated
from cosim.scenario.load import load_scenario
from cosim.scenario.positions import Finding, Loc
from cosim.scenario.pv_inputs import FeederPvPower, read_feeder_pv, read_sky
from cosim.scenario.schema import Scenario
from cosim.scenario.site_inputs import SiteInputs, SiteReader
from cosim.scenario.tap_inputs import TapInput, read_tap_changers
from cosim.scenario.validate import BrokenFormError
from cosim.scenario.zero_charging import broken_without_charging
from sims.clock import Clock
from sims.control.rules import ThresholdRule
from sims.faults import DataError, Fault, ScenarioError
from sims.files import file_problem
from sims.tables import on_clock, read_series

if TYPE_CHECKING:
    from pandapower.auxiliary import pandapowerNet

Floats = npt.NDArray[np.float64]

MAX_VALUES = 500_000_000
MAX_NETWORK_BYTES = 256 * 2**20
VALUES_PER_PORT, VALUES_PER_SITE, VALUES_PER_LINE = 6, 12, 3
VALUES_PER_BUS_BY_PHASE = 4
SMALL_BUILDING_KW = 1.0
UNBALANCED = "power-grid-model"


@dataclass(frozen=True, slots=True)
class Inputs:
    """Checked inputs of a run.

    Parameters
    ----------
    scenario : Scenario
        What was asked for.
    clock : Clock
        Its time axis.
    net : pandapowerNet
        The feeder, without faults.
    background : BackgroundPower or None
        Power of the feeder's own loads; None: as the network has them.
    pv : FeederPvPower or None
        PV plants on the feeder's other buses.
    temperature_c : floats, shape (n_steps,), or None
        Outside air in every step, None when the scenario has no weather [degC].
    tap_changers : tuple of TapInput
        Those of the scenario.
    sites : tuple of SiteInputs
        In the order of the scenario.
    warnings : tuple of str
        What is legal but worth a look.
    """

    scenario: Scenario
    clock: Clock
    net: "pandapowerNet"
    background: BackgroundPower | None
    pv: FeederPvPower | None
    temperature_c: Floats | None
    tap_changers: tuple[TapInput, ...]
    sites: tuple[SiteInputs, ...]
    warnings: tuple[str, ...]

    @property
    def unbalanced(self) -> bool:
        """Whether the feeder is solved phase by phase."""
        return self.scenario.feeder.engine == UNBALANCED


def read_inputs(scenario: Scenario, *, allow_code: bool = False, yes_large: bool = False) -> Inputs:
    """Read every data file of a scenario and resolve every reference.

    Parameters
    ----------
    scenario : Scenario
        From `load_scenario` or built in Python.
    allow_code : bool
        Whether a policy may be given as `module:Class`.
    yes_large : bool
        Whether a run of more than `MAX_VALUES` stored values is meant.

    Raises
    ------
    ScenarioError
        The scenario has faults; those of its data are listed too.
    DataError
        Only its data files or network have faults.
    """
    if findings := check_scenario(scenario):
        raise ScenarioError([finding.fault(scenario.places) for finding in findings])
    clock = Clock.from_local(scenario.start, scenario.days, scenario.step_minutes * 60, scenario.timezone)
    found = Gathered()
    net = found.attempt(_network, scenario)
    background = found.attempt(read_background, scenario, net, clock) if net is not None else None
    temperature_c = found.attempt(_temperature_c, scenario, clock)
    tap_changers = () if net is None else read_tap_changers(scenario, net, found)
    sky = found.attempt(read_sky, scenario, clock)
    pv = found.attempt(read_feeder_pv, scenario, net, sky, clock, found) if net is not None else None
    sites = [
        SiteReader(scenario, i, clock, sky, found).read(net, allow_code=allow_code)
        for i in range(len(scenario.sites))
    ]
    events = [
        EventReader(scenario, i, clock, site and site.price_per_kwh(clock), temperature_c, found).read()
        for i, site in enumerate(sites)
    ]
    if net is not None and not yes_large:
        found.add(_too_large(scenario, net, clock))
    found.raise_if_any()
    read = tuple(replace(site, events=events[i]) for i, site in enumerate(sites) if site is not None)
    if net is None or len(read) != len(sites):
        raise AssertionError("an input is missing without a fault")
    found.warnings += _unlikely(scenario, net, read)
    found.warnings += broken_without_charging(scenario, clock, net, background, pv, read)
    warnings = tuple(found.warnings)
    return Inputs(scenario, clock, net, background, pv, temperature_c, tap_changers, read, warnings)


def load_checked(
    path: str | Path, overrides: Sequence[str] = (), *, allow_code: bool = False, yes_large: bool = False
) -> Scenario:
    """`load_scenario`; of a file whose form is broken, also what it names and reads is checked.

    Raises
    ------
    ScenarioError
        All faults of the file, and of its data where its form is broken.
    """
    try:
        return load_scenario(path, overrides)
    except BrokenFormError as error:
        broken = error
    if check_scenario(broken.mended):  # said already, or a judgement on what was mended
        raise broken
    try:
        read_inputs(broken.mended, allow_code=allow_code, yes_large=yes_large)
    except (ScenarioError, DataError) as error:
        known = set(broken.faults)
        raise broken.with_faults(fault for fault in error.faults if fault not in known) from None
    raise broken


def _network(scenario: Scenario) -> "pandapowerNet":
    """The feeder, checked."""
    from sims.feeder.network import load_network
    from sims.feeder.precheck import check_network
    from sims.feeder.zero_sequence import add_zero_sequence, check_phases

    feeder, places = scenario.feeder, scenario.places
    if feeder.network.endswith(".json"):
        problem = file_problem(scenario.folder / feeder.network, MAX_NETWORK_BYTES)
        if problem:
            where = f'{places.where(("feeder", "network"))} = "{feeder.network}"'
            raise DataError([Fault(f"D{problem.number}", where, problem.what)])
    try:
        net = load_network(feeder.network, feeder.options, scenario.folder)
    except ScenarioError as error:
        raise relocated(error, places, _network_loc) from error
    if feeder.zero_sequence == "typical":
        add_zero_sequence(net)
    by_phase = check_phases(net) if feeder.engine == UNBALANCED else []
    if faults := [*check_network(net), *by_phase]:
        raise DataError(faults)
    if feeder.thermal is not None and not net.trafo.in_service.any():
        what = "the network has no transformer in service whose heat could be followed: leave it out"
        raise ScenarioError([Finding("S38", ("feeder", "thermal"), what).fault(places)])
    return net


def _temperature_c(scenario: Scenario, clock: Clock) -> Floats | None:
    """Outside air in every step, shape (n_steps,) [degC]; None without weather."""
    weather = scenario.weather
    if weather is None:
        return None
    if weather.file is None:
        return np.full(clock.n_steps, weather.temperature_c, dtype=np.float64)
    series = read_series(scenario.folder / weather.file, ("temperature_c",), clock.zone)
    return on_clock(series, "temperature_c", clock)


def _network_loc(where: str) -> Loc:
    """Place of a fault of the network's name (`feeder.network`) or options (`feeder.network options.x`)."""
    name, _, options = where.partition(" ")
    return ("feeder", *options.split(".", 1)) if options else tuple(name.split("."))


def _too_large(scenario: Scenario, net: "pandapowerNet", clock: Clock) -> Iterator[Fault]:
    """Refuse a run that would surprise disk and patience."""
    ports = sum(group.count for site in scenario.sites for group in site.chargers)
    branches = len(net.line) + len(net.trafo)
    per_bus = 1 + (VALUES_PER_BUS_BY_PHASE if scenario.feeder.engine == UNBALANCED else 0)
    columns = (
        len(net.bus) * per_bus + len(net.load) + len(net.asymmetric_load) + VALUES_PER_LINE * branches
        + VALUES_PER_PORT * ports + VALUES_PER_SITE * len(scenario.sites)
    )  # fmt: skip
    values = clock.n_steps * columns
    if values > MAX_VALUES:
        what = (
            f"{clock.n_steps:,} steps x {columns:,} columns = {values:,} stored values (about "
            f"{values * 8 / 1e9:.0f} GB); allowed {MAX_VALUES:,}; fewer days, longer steps, or --yes-large"
        )
        yield Finding("S24", ("days",), what, scenario.days).fault(scenario.places)


def _unlikely(scenario: Scenario, net: "pandapowerNet", sites: tuple[SiteInputs, ...]) -> Iterator[str]:
    """Things that are legal but often a slip."""
    from sims.feeder.topology import placeholder_ratings

    if placeholder_ratings(net):
        what = "every line has the same placeholder for a rating: the loading of its lines means nothing"
        yield f'{scenario.places.where(("feeder", "network"))} = "{scenario.feeder.network}": {what}'
    rated_kva = 1e3 * float((net.trafo["sn_mva"] * net.trafo["parallel"])[net.trafo["in_service"]].sum())
    ports_kw = sum(float(site.ports.p_max_kw.sum()) for site in sites)
    if 0.0 < rated_kva < ports_kw:
        ratio = ports_kw / rated_kva
        yield f"ports can draw {ports_kw:g} kW, {ratio:.2f} x the {rated_kva:g} kVA of the transformers"
    if scenario.feeder.engine != UNBALANCED and len(net.asymmetric_load):
        single = len(net.asymmetric_load)
        yield f"{single} single-phase loads are spread over three phases: the engine is balanced"
    for i, site in enumerate(sites):
        building, policy = site.site.building, site.site.policy
        no_peak = building is None or building.peak_kw is None
        if (
            no_peak
            and issubclass(site.policy, ThresholdRule)
            and "peak_threshold_kw" not in policy.parameters
        ):
            told = "has no peak_threshold_kw and the building no peak_kw: it starts from 0 kW"
            yield f"{scenario.places.where(('sites', i, 'policy'))}: {policy.name} {told}"
        if building is None:
            continue
        where = scenario.places.where(("sites", i, "building", "profile"))
        highest_kw = float(site.building_kw.max(initial=0.0))
        if 0.0 < highest_kw < SMALL_BUILDING_KW:
            yield f"{where}: never exceeds {highest_kw:g} kW; in MW, or a shape that needs `peak_kw`?"
        if 0.0 < 5.0 * rated_kva < highest_kw:
            yield f"{where}: reaches {highest_kw:g} kW behind {rated_kva:g} kVA; W instead of kW?"
