"""From checked inputs through every step of a run, window by window.

Each window is a world of its own (`world.py`), wired as `wiring.py` draws it. What was done is kept at its
end and at the gate (`gate.py`); simulators in other processes (`own_process.py`) and those here (`watch.py`)
are given up when they are silent for too long.
"""

import gc
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any

from cosim.orchestrate.gate import Gate, Saved
from cosim.orchestrate.own_process import OwnProcess
from cosim.orchestrate.watch import watching
from cosim.orchestrate.window import Window, windows
from cosim.orchestrate.wiring import create, wire, wire_recorder
from cosim.orchestrate.world import SIMULATORS, OnStep, new_world, run_world, start
from cosim.results.checkpoints import Checkpoint
from cosim.results.header import RunHeader
from cosim.results.writer import RunWriter
from cosim.scenario.inputs import Inputs
from cosim.step_timeout import STEP_TIMEOUT_S
from cosim.stopping import Stop, StoppedError
from sims.clock import Clock
from sims.faults import SimulationError

__all__ = ["SIMULATORS", "Progress", "State", "Window", "simulate", "windows"]

Progress = Callable[[int, int], None]
"""Called with the number of steps done and of all steps; raise in it to cancel the run."""

State = dict[str, Any]


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
    sites = [site.name for site in inputs.scenario.sites]

    def keep(first: int, blocks: Mapping[str, Any], saved: Saved) -> None:
        writer.write_segment(first, blocks)
        writer.write_checkpoint(saved)

    for window in windows(clock.n_steps, clock.step_s, window_days, begin.step):
        gate = Gate(window.first, clock.step_s, sites, stop, keep)
        own = {
            name: OwnProcess(name, partial(window.instant, clock), step_timeout_s) for name in out_of_process
        }
        on_step = _reporter(progress, gate, stop, window, clock.n_steps)
        blocks, saved = _through(inputs, header, window, gate, own, saved["states"], on_step, step_timeout_s)
        keep(window.first + gate.kept, {path: block[gate.kept :] for path, block in blocks.items()}, saved)
        if stop.asked:
            raise StoppedError
        del gate, on_step, blocks
        gc.collect()  # a world is one big knot of references: without this they pile up, 10 MB a window
    return saved["outcome"]


def _through(
    inputs: Inputs,
    header: RunHeader,
    window: Window,
    gate: Gate,
    own: Mapping[str, OwnProcess],
    states: Mapping[str, State],
    on_step: OnStep,
    step_timeout_s: float | None,
) -> tuple[Mapping[str, Any], Saved]:
    """Run one window from the states at its start; give its blocks, and the states at its end."""
    clock = inputs.clock
    with new_world(gate, own) as world:
        sims = start(world, clock, window, on_step)
        entities = create(sims, inputs, header, own.keys())
        for name, state in states.items():
            sims[name].set_state(state)
        wire(world, sims, entities, inputs)
        wire_recorder(world, entities, header)
        foreseen = any(site.forecasts.needed for site in inputs.sites)
        with watching(step_timeout_s, partial(_last_finished, sims["recorder"], window, clock)):
            run_world(world, window.n_steps * clock.step_s, in_lockstep=foreseen)
        blocks = sims["recorder"].blocks()
        _check_complete(blocks, window, clock)
        return blocks, {
            "states": {name: sims[name].get_state() for name in SIMULATORS},
            "outcome": {site.site.name: sims["fleet"].outcome(site.site.name) for site in inputs.sites},
        }


def _reporter(progress: Progress | None, gate: Gate, stop: Stop, window: Window, n_steps: int) -> OnStep:
    """What the recorder calls after every step: tells the caller, who may have enough, and the gate."""

    def on_step(rows: int, blocks: Callable[[], Mapping[str, Any]]) -> None:
        if progress is not None and not stop.asked:
            try:
                progress(window.first + rows, n_steps)
            except BaseException as enough:  # it gets what it raised, once the steps are kept
                stop.ask(enough)
        gate.recorded(rows, blocks)

    return on_step


def _check_complete(blocks: Mapping[str, Any], window: Window, clock: Clock) -> None:
    """mosaik can end a run early without an error: a short record tells of it."""
    rows = _rows(blocks)
    if rows < window.n_steps:
        raise SimulationError(f"the run stopped at {window.instant(clock, rows * clock.step_s)}")


def _last_finished(recorder: Any, window: Window, clock: Clock) -> str:
    """Local time and step of the last step that every simulator has finished."""
    rows = _rows(recorder.blocks())
    if window.first + rows == 0:
        return "none"
    return window.instant(clock, (rows - 1) * clock.step_s)


def _rows(blocks: Mapping[str, Any]) -> int:
    return min(len(block) for block in blocks.values())
