"""One step of a run as a network of pandapower, for studies this package does not do."""

import tomllib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from math import acos, tan
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

from cosim.results.disk import write_whole
from cosim.results.run import Run
from cosim.scenario.background import read_background
from cosim.scenario.check import data_files
from cosim.scenario.gather import Gathered
from cosim.scenario.pv_inputs import read_feeder_pv, read_sky
from cosim.scenario.schema import Building, Chargers, Scenario, Site
from sims.clock import Clock
from sims.faults import DataError, Fault, ScenarioError

if TYPE_CHECKING:
    from sims.feeder.snapshot import Drawn, Parked, pandapowerNet


@dataclass(frozen=True, slots=True)
class Exported:
    """A written network.

    Parameters
    ----------
    path : Path
        The file.
    step : int
        Step of the run, from 0 [-].
    apart_pu : float
        Largest difference between the voltages that `runpp` finds for it and those of the run, NaN when one
        of the two has none [pu].
    """

    path: Path
    step: int
    apart_pu: float


def export_network(
    run: Run, at: datetime | str, out: Path | str | None = None, folder: Path | str | None = None
) -> Exported:
    """Write the network with what everything drew in the step that holds an instant.

    Parameters
    ----------
    run : Run
        The run.
    at : datetime or str
        Local time of the run, or a time with an offset, in ISO 8601 when it is text; the step that holds it
        counts.
    out : path, optional
        JSON file, replaced when it exists; default beside the run, with the start of the step in its name.
    folder : path, optional
        Folder of the scenario; needed when the network, its background or PV plants come from files.

    Returns
    -------
    Exported
        The file, the step, and how far `runpp` on the network is from the run.

    Raises
    ------
    ScenarioError
        The instant is not in the run, or the run is not a balanced one.
    DataError
        A file that the network is made of is not there; all are named.

    Notes
    -----
    Buildings (with their PV), PV plants and the network's own loads are loads, generation negative; the ports
    of a bus are one storage, its energy that of the cars that are there.
    """
    from sims.feeder.network import load_network
    from sims.feeder.snapshot import as_json, snapshot, voltages

    step = step_at(run.clock, at)
    if "unbalanced" in run.header.features:
        what = "the run is unbalanced: its state does not fit into a balanced network"
        raise ScenarioError([Fault("S38", "cosim export network", what)])
    scenario = _scenario(run, folder)
    net = load_network(scenario.feeder.network, scenario.feeder.options, scenario.folder)
    now = Clock(run.clock.start_s + step * run.clock.step_s, run.clock.step_s, 1, run.clock.zone)
    background = read_background(scenario, net, now)
    there = snapshot(
        net,
        None if background is None else (background.p_kw[0], background.q_kvar[0]),
        [*_buildings(run, scenario, net, step), *_plants(scenario, net, run.clock, step)],
        _parked(run, scenario, net, step),
        _tap_positions(run, net, step),
    )
    path = Path(out) if out else _beside(run, step)
    write_whole(path, as_json(there).encode())
    apart = np.abs(voltages(there) - run.feeder.vm_pu[step])
    known = ~np.isnan(run.feeder.vm_pu[step])
    return Exported(path, step, float(apart[known].max()) if known.any() else float("nan"))


def step_at(clock: Clock, at: datetime | str) -> int:
    """Step that holds an instant; a time without offset is local.

    Raises
    ------
    ScenarioError
        No time, or one the run does not hold; the message says what it holds.
    """
    try:
        given = datetime.fromisoformat(at) if isinstance(at, str) else at
    except ValueError:
        what = f'"{at}": no time; write 2019-06-03T14:00'
        raise ScenarioError([Fault("S23", "--at", what)]) from None
    instant = given if given.tzinfo else given.replace(tzinfo=ZoneInfo(clock.zone))
    step = int((instant.timestamp() - clock.start_s) // clock.step_s)
    if 0 <= step < clock.n_steps:
        return step
    first, last = (
        clock.local_time(end).isoformat(timespec="minutes") for end in (clock.start_s, clock.end_s)
    )
    what = f"{given.isoformat()}: not in the run; allowed {first} to before {last} ({clock.zone})"
    raise ScenarioError([Fault("S23", "--at", what)])


def _beside(run: Run, step: int) -> Path:
    start = run.clock.local_time(run.clock.start_s + step * run.clock.step_s)
    return run.path.with_name(f"{run.path.stem}_{start:%Y-%m-%dT%H%M}.json")


def _scenario(run: Run, folder: Path | str | None) -> Scenario:
    """The scenario of the run in its folder; every file the network is made of is there."""
    scenario = Scenario.in_folder(Path(folder or "."), tomllib.loads(run.scenario_toml))
    needed = [(loc, text) for loc, text in data_files(scenario) if loc[0] == "feeder"]
    hint = "not in that folder" if folder else "give the folder of the scenario: --folder"
    faults = [
        Fault("D01", scenario.places.where(loc), f'"{text}": {hint}')
        for loc, text in needed
        if folder is None or not (scenario.folder / text).is_file()
    ]
    if faults:
        raise DataError(faults)
    return scenario


def _bus(net: "pandapowerNet", site: Site, part: Building | Chargers | None) -> int:
    from sims.feeder.network import find_bus

    own = part.connection if part is not None else None
    return find_bus(net, site.connection if own is None else own, f"sites.{site.name}")


def _buildings(run: Run, scenario: Scenario, net: "pandapowerNet", step: int) -> Iterator["Drawn"]:
    from sims.feeder.snapshot import Drawn

    for site in scenario.sites:
        p_kw = float(run.site(site.name).building_kw[step])
        pv_kw = float(run.site(site.name).pv_kw[step]) if "pv" in run.header.features else 0.0
        tan_phi = tan(acos(site.building.power_factor)) if site.building else 0.0
        bus = _bus(net, site, site.building)
        yield Drawn(f"{site.name} building", bus, p_kw, (p_kw + pv_kw) * tan_phi)


def _plants(scenario: Scenario, net: "pandapowerNet", clock: Clock, step: int) -> Iterator["Drawn"]:
    from sims.feeder.snapshot import Drawn

    found = Gathered()
    plants = read_feeder_pv(scenario, net, read_sky(scenario, clock), clock, found)
    found.raise_if_any()
    if plants is not None:
        for i, (bus, p_kw) in enumerate(zip(plants.bus.tolist(), plants.p_kw[step].tolist(), strict=True)):
            yield Drawn(f"pv {scenario.feeder.pv[i].connection}", bus, -p_kw, 0.0)


def _parked(run: Run, scenario: Scenario, net: "pandapowerNet", step: int) -> list["Parked"]:
    """Ports and cars of every bus that has ports."""
    from sims.feeder.snapshot import Drawn, Parked

    sums: dict[int, np.ndarray] = defaultdict(lambda: np.zeros(5))
    owners: dict[int, dict[str, None]] = defaultdict(dict)
    for site in scenario.sites:
        series, capacity_kwh = run.site(site.name), run.sessions(site.name)["capacity_kwh"].to_numpy(float)
        here = series.session[step] >= 0
        cars_kwh = np.zeros(len(here))
        cars_kwh[here] = capacity_kwh[series.session[step][here]]
        energy_kwh = np.where(here, np.nan_to_num(series.soc[step]) * cars_kwh, 0.0)
        kvar = series.evse_kvar[step] if "reactive" in run.header.features else np.zeros(len(here))
        first = 0
        for group in site.chargers:
            ports = slice(first, first + group.count)
            first += group.count
            bus = _bus(net, site, group)
            owners[bus][site.name] = None
            rated_kva = group.count * group.p_max_kw
            power_kw = series.evse_kw[step][ports].sum()
            cars = (cars_kwh[ports].sum(), energy_kwh[ports].sum())
            sums[bus] += (power_kw, kvar[ports].sum(), rated_kva, *cars)
    return [
        Parked(Drawn(f"{', '.join(owners[bus])} chargers", bus, p_kw, q_kvar), rated, capacity, energy)
        for bus, (p_kw, q_kvar, rated, capacity, energy) in sums.items()
    ]


def _tap_positions(run: Run, net: "pandapowerNet", step: int) -> dict[int, float]:
    """Position of every transformer that has taps, by its index, where the run followed them."""
    if "taps" not in run.header.features:
        return {}
    positions = run.feeder.tap_pos[step]
    return {int(i): float(at) for i, at in zip(net.trafo.index, positions, strict=True) if not np.isnan(at)}
