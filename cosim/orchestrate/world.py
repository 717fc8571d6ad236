"""The mosaik world of one window: its simulators are started in it, and it is run to its end."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import mosaik

from cosim.orchestrate.gate import STATEFUL, Gate
from cosim.orchestrate.own_process import OwnProcess
from cosim.orchestrate.window import Window
from sims.clock import Clock
from sims.control.simulator import ControlSimulator
from sims.feeder.simulator import FeederSimulator
from sims.fleet.simulator import FleetSimulator

SIMULATORS = ("building", "signals", "control", "fleet", "feeder")
AT_GATE = {"control": ControlSimulator, "fleet": FleetSimulator, "feeder": FeederSimulator}

OnStep = Callable[[int, Callable[[], Mapping[str, Any]]], None]
"""Called by the recorder after every step with the rows it has, and with what gives their blocks."""


def new_world(gate: Gate, own: Mapping[str, OwnProcess]) -> mosaik.World:
    """World in which nothing is started; simulators of `own` will be in processes of their own."""
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


def start(world: mosaik.World, clock: Clock, window: Window, on_step: OnStep) -> dict[str, Any]:
    """Start every simulator, by name, and the recorder."""
    axis = {
        "step_s": clock.step_s,
        "start_s": clock.start_s,
        "t0_s": window.first * clock.step_s,
        "zone": clock.zone,
    }
    sims = {name: world.start(name, **axis) for name in SIMULATORS}
    sims["recorder"] = world.start("recorder", step_s=clock.step_s, n_steps=window.n_steps, on_step=on_step)
    return sims


def run_world(world: mosaik.World, until_s: int, *, in_lockstep: bool) -> None:
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
