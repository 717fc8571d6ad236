"""From checked inputs to a mosaik world and through its steps: who is wired to whom, window by window.

    building   signals           what is measured and priced in step k
        |  \\     |
        |   controller  <~~~~~   fleet state at the start of k, feeder result of k-1
        |  /
      fleet  ~~~~~~~~~~~~~~~~>   moves energy over k, publishes the state at the start of k+1
        |
      feeder  ~~~~~~~~~~~~~~~>   AC power flow of step k
        |
     recorder

A wavy edge is time-shifted: what is said in one step arrives in the next.
"""

import asyncio
import gc
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import mosaik

from cosim import parameters
from cosim.forecast_parameters import requests, signal_requests
from cosim.orchestrate.gate import STATEFUL, Gate, Saved
from cosim.orchestrate.own_process import OwnProcess
from cosim.orchestrate.watch import watching
from cosim.results.checkpoints import Checkpoint
from cosim.results.header import RunHeader
from cosim.results.layout import DTYPE, shapes
from cosim.results.writer import RunWriter
from cosim.scenario.inputs import Inputs
from cosim.step_timeout import STEP_TIMEOUT_S
from cosim.stopping import Stop, StoppedError
from sims.control.simulator import ControlSimulator
from sims.faults import SimulationError
from sims.feeder.simulator import FeederSimulator
from sims.fleet.simulator import FleetSimulator

SIMULATORS = ("building", "signals", "control", "fleet", "feeder")
AT_GATE = {"control": ControlSimulator, "fleet": FleetSimulator, "feeder": FeederSimulator}
FEEDER_RESULTS = {"transformer_loading_max_percent": "transformer_loading_percent", "vm_min_pu": "vm_min_pu"}
FEEDER_KNOWS = {"evse_kvar"}
SIGNALS_KNOW = {"event"}
SECONDS_PER_DAY = 86_400

Progress = Callable[[int, int], None]
"""Called with the number of steps done and of all steps; raise in it to cancel the run."""

State = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Window:
    """Steps `[first, first + n_steps)` of a run: one world."""

    first: int
    n_steps: int


def windows(n_steps: int, step_s: int, window_days: int, first_step: int = 0) -> Iterator[Window]:
    """Cut a run from `first_step` on into windows of at most `window_days` days."""
    length = window_days * SECONDS_PER_DAY // step_s
    for first in range(first_step, n_steps, length):
        yield Window(first, min(length, n_steps - first))


def simulate(
    inputs: Inputs,
    header: RunHeader,
    writer: RunWriter,
    *,
    window_days: int,
    progress: Progress | None = None,
    out_of_process: Collection[str] = (),
    stop: Stop | None = None,
    begin: Checkpoint | None = None,
    step_timeout_s: float | None = STEP_TIMEOUT_S,
) -> Mapping[str, State]:
    """Run every window, write its segment, carry the state on; give each site's fleet outcome.

    What was done is kept at the end of every window, after `gate.EVERY_S` of wall time, and when the run
    is asked to stop.

    Parameters
    ----------
    inputs : Inputs
        Checked inputs of the scenario.
    header : RunHeader
        Names and quantities of the result.
    writer : RunWriter
        Takes segments and checkpoints.
    window_days : int
        Longest window; the result does not depend on it [d].
    progress : callable, optional
        Called after every step; what it raises ends the run.
    out_of_process : collection of str
        Simulators (of `SIMULATORS`) that run in processes of their own.
    stop : Stop, optional
        Ends the run at the next step when asked to.
    begin : Checkpoint, optional
        What to go on from; without, the start of the run.
    step_timeout_s : float or None
        Silence in a step after which a simulator is named; ten times that ends the run [s].

    Returns
    -------
    dict
        By site: what became of its sessions and batteries.

    Raises
    ------
    SimulationError
        A simulator failed; the message names it, its entity, the local time and the step.
    StoppedError
        It was asked to stop; what was done is kept.
    """
    clock, begin, stop = inputs.clock, begin or Checkpoint(), stop or Stop()
    saved: Saved = {"states": begin.states or {}, "outcome": begin.outcome or {}}

    def keep(first: int, blocks: Mapping[str, Any], saved: Saved) -> None:
        writer.write_segment(first, blocks)
        writer.write_checkpoint(saved)

    for window in windows(clock.n_steps, clock.step_s, window_days, begin.step):
        sites = [site.name for site in inputs.scenario.sites]
        gate = Gate(window.first, clock.step_s, sites, stop, keep)
        instant = partial(_instant, inputs, window)
        own = {name: OwnProcess(name, instant, step_timeout_s) for name in out_of_process}
        with _world(gate, own) as world:
            sims = _start(world, inputs, window, _reporter(progress, gate, stop, window, clock.n_steps))
            entities = _create(sims, inputs, header, out_of_process)
            for name, state in saved["states"].items():
                sims[name].set_state(state)
            _wire(world, sims, entities, inputs)
            _wire_recorder(world, entities, header)
            foreseen = any(site.forecasts.needed for site in inputs.sites)
            with watching(step_timeout_s, partial(_last_finished, sims["recorder"], window, inputs)):
                _run(world, window.n_steps * clock.step_s, in_lockstep=foreseen)
            blocks = sims["recorder"].blocks()
            _check_complete(blocks, window, inputs)
            saved = {
                "states": {name: sims[name].get_state() for name in SIMULATORS},
                "outcome": {site: sims["fleet"].outcome(site) for site in sites},
            }
        keep(window.first + gate.kept, {path: block[gate.kept :] for path, block in blocks.items()}, saved)
        if stop.asked:
            raise StoppedError
        del world, sims, entities, blocks, gate
        gc.collect()  # a world is one big knot of references: without this they pile up, 10 MB a window
    return saved["outcome"]


def _world(gate: Gate, own: Mapping[str, OwnProcess]) -> mosaik.World:
    config: dict[str, Any] = {
        name: {"python": f"sims.{name}.simulator:{name.capitalize()}Simulator"} for name in SIMULATORS
    }
    config |= own
    config |= {name: gate.starter(name, own.get(name) or AT_GATE[name]) for name in STATEFUL}
    config["recorder"] = {"python": "cosim.results.recorder:RecorderSimulator"}
    return mosaik.World(
        config,
        skip_greetings=True,
        configure_logging=False,
        cache=False,
        asyncio_loop=asyncio.new_event_loop(),  # or mosaik leaves a closed loop behind as the thread's own
    )


def _run(world: mosaik.World, until_s: int, *, in_lockstep: bool) -> None:
    """Run to the end; when a simulator fails, end the tasks of the others, or asyncio complains of each."""
    listening = asyncio.all_tasks(world.loop)  # to processes, until the world ends them
    try:
        # without lazy stepping nobody waits for its successors, which saves a quarter of mosaik's time:
        # buildings and signals run ahead inside the window, the feedback keeps the others within a step.
        # What they are ahead lies in memory: with forecasts that is 10 MB a site and quantity, so they wait
        world.run(until_s, print_progress=False, shutdown=False, lazy_stepping=in_lockstep)
    except BaseException:
        waiting = asyncio.all_tasks(world.loop) - listening
        for task in waiting:
            task.cancel()
        if waiting:
            world.loop.run_until_complete(asyncio.gather(*waiting, return_exceptions=True))
        raise


def _start(
    world: mosaik.World, inputs: Inputs, window: Window, on_step: Callable[[int, Any], None]
) -> dict[str, Any]:
    clock = inputs.clock
    axis = {
        "step_s": clock.step_s,
        "start_s": clock.start_s,
        "t0_s": window.first * clock.step_s,
        "zone": clock.zone,
    }
    sims = {name: world.start(name, **axis) for name in SIMULATORS}
    sims["recorder"] = world.start("recorder", step_s=clock.step_s, n_steps=window.n_steps, on_step=on_step)
    return sims


def _create(
    sims: Mapping[str, Any], inputs: Inputs, header: RunHeader, out_of_process: Collection[str]
) -> dict[str, Any]:
    """All entities, by `<simulator>/<name>`."""
    made: dict[str, Any] = {}
    sets = parameters.signal_sets(inputs)
    for chosen in {chosen.name: chosen for chosen in sets.values()}.values():
        paying = [site for site, used in sets.items() if used.name == chosen.name]
        made[f"signals/{chosen.name}"] = sims["signals"].Signals(
            name=chosen.name,
            **parameters.signals(chosen, inputs.clock),
            forecasts=signal_requests(inputs, paying),
        )
    for site in inputs.sites:
        name = site.site.name
        made[f"building/{name}"] = sims["building"].Building(
            name=name, **parameters.building(site), forecasts=requests(inputs, site, "load")
        )
        made[f"control/{name}"] = sims["control"].Controller(
            name=name, **parameters.controller(inputs, site, remote="control" in out_of_process)
        )
        made[f"fleet/{name}"] = sims["fleet"].Fleet(name=name, **parameters.fleet(inputs, site))
        if "events" in header.features:
            described = parameters.events(site, inputs.clock)
            made[f"events/{name}"] = sims["signals"].Events(name=f"events/{name}", **described)
    made["feeder"] = sims["feeder"].Feeder(
        name="feeder", **parameters.feeder(inputs, remote="feeder" in out_of_process)
    )
    for group, columns in _recorded(header).items():
        made[f"recorder/{group}"] = sims["recorder"].Group(name=group, columns=columns)
    return made


def _recorded(header: RunHeader) -> dict[str, dict[str, Any]]:
    """Shape of a row and type of every series of the result, by group and name."""
    columns: dict[str, dict[str, Any]] = {}
    for quantity, shape in shapes(header, {}).items():
        if quantity.dims[0] == "time" and quantity.dims != (quantity.name,):
            columns.setdefault(quantity.group, {})[quantity.name] = (shape[1:], DTYPE[quantity.kind])
    return columns


def _wire(world: mosaik.World, sims: Mapping[str, Any], made: Mapping[str, Any], inputs: Inputs) -> None:
    feeder = made["feeder"]
    chosen = parameters.signal_sets(inputs)
    given_on = ("pv_kw",) if any(site.pv_kw is not None for site in inputs.sites) else ()
    for place, site in enumerate(inputs.sites):
        name = site.site.name
        building, fleet, control = (made[f"{kind}/{name}"] for kind in ("building", "fleet", "control"))
        foreseen = site.forecasts.needed
        load = [("forecasts", "load_forecast")] if "load" in foreseen else []
        world.connect(building, control, ("p_kw", "building_kw"), *load)
        signals = made[f"signals/{chosen[name].name}"]
        world.connect(signals, control, "signals")
        if {"price", "co2"} & {*foreseen}:
            world.connect(_around(signals, name), control, ("forecasts", "signal_forecasts"))
        if site.events is not None:
            world.connect(made[f"events/{name}"], control, "events")
        world.connect(control, fleet, "setpoint_kw")
        world.connect(building, fleet, ("p_kw", "building_kw"), *given_on)
        world.connect(building, feeder, ("p_kw", "building_kw"), ("q_kvar", "building_kvar"))
        world.connect(fleet, feeder, *["evse_kw", *(["evse_phases"] if inputs.unbalanced else [])])
        if any(group.volt_watt is not None for group in site.site.chargers):
            voltages = {"vm_evse_pu": sims["feeder"].fed_back("feeder")["vm_evse_pu"][place]}
            _feed_back(world, _around(feeder, name), fleet, {"vm_evse_pu": "vm_evse_pu"}, voltages)
        _feed_back(world, fleet, control, {"state_next": "state"}, sims["fleet"].fed_back(name))
        told = sims["feeder"].fed_back("feeder")
        _feed_back(world, feeder, control, FEEDER_RESULTS, told)
        if site.policy.needs_limits:
            limits = {"limits": told["limits"][place]}
            _feed_back(world, _around(feeder, name), control, {"limits": "limits"}, limits)


def _around(entity: Any, site: str) -> Any:
    """The child of feeder or signals that tells what one site is told."""
    return next(child for child in entity.children if child.eid == f"{entity.eid}/site/{site}")


def _wire_recorder(world: mosaik.World, made: Mapping[str, Any], header: RunHeader) -> None:
    """Every series of the file comes from the output port of its name.

    Those of a site come from its fleet, which gives on what it received: each pair of connected simulators
    costs mosaik some 50 us a step. What only the feeder knows comes from its child for the site, whether
    an event is known from the signals.
    """
    for group, columns in _recorded(header).items():
        source, record = made[group.replace("sites/", "fleet/")], made[f"recorder/{group}"]
        elsewhere = FEEDER_KNOWS | SIGNALS_KNOW
        world.connect(source, record, *(name for name in columns if name not in elsewhere))
        for name in FEEDER_KNOWS & columns.keys():
            world.connect(_around(made["feeder"], group.removeprefix("sites/")), record, name)
        for name in SIGNALS_KNOW & columns.keys():
            world.connect(made[group.replace("sites/", "events/")], record, name)


def _feed_back(world: mosaik.World, source: Any, target: Any, ports: Mapping[str, str], first: State) -> None:
    """Connect ports whose value reaches the target one step later; `first` is what it gets in the first."""
    initial = {port: first[port] for port in ports}
    world.connect(source, target, *ports.items(), time_shifted=True, initial_data=initial)


def _reporter(
    progress: Progress | None, gate: Gate, stop: Stop, window: Window, n_steps: int
) -> Callable[[int, Any], None]:
    """What the recorder calls after every step: tells the caller, who may have enough, and the gate."""

    def on_step(rows: int, blocks: Callable[[], Mapping[str, Any]]) -> None:
        if progress is not None and not stop.asked:
            try:
                progress(window.first + rows, n_steps)
            except BaseException as enough:  # it gets what it raised, once the steps are kept
                stop.ask(enough)
        gate.recorded(rows, blocks)

    return on_step


def _check_complete(blocks: Mapping[str, Any], window: Window, inputs: Inputs) -> None:
    """mosaik can end a run early without an error: a short record tells of it."""
    rows = _rows(blocks)
    if rows < window.n_steps:
        raise SimulationError(f"the run stopped at {_instant(inputs, window, rows * inputs.clock.step_s)}")


def _last_finished(recorder: Any, window: Window, inputs: Inputs) -> str:
    """Local time and step of the last step that every simulator has finished."""
    rows = _rows(recorder.blocks())
    if window.first + rows == 0:
        return "none"
    return _instant(inputs, window, (rows - 1) * inputs.clock.step_s)


def _rows(blocks: Mapping[str, Any]) -> int:
    return min(len(block) for block in blocks.values())


def _instant(inputs: Inputs, window: Window, time_s: int) -> str:
    """Local time and step of the run at `time_s` of a window's world."""
    clock = inputs.clock
    k = window.first + time_s // clock.step_s
    return f"{clock.local_time(clock.start_s + k * clock.step_s).isoformat()} (step {k})"
