"""One run, from a scenario to its result file."""

import asyncio
import json
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cosim.library_warnings import once_each
from cosim.results.checkpoints import Checkpoint
from cosim.results.disk import write_whole
from cosim.results.header import RunHeader
from cosim.results.writer import RunWriter
from cosim.run_ends import add_wear, at_end, events_at_end
from cosim.run_header import run_header
from cosim.scenario.schema import Scenario
from cosim.step_timeout import STEP_TIMEOUT_S, step_timeout_fault
from cosim.stopping import Stop, StoppedError, on_signals
from sims.faults import Fault, ScenarioError, StoreError, nearest

if TYPE_CHECKING:
    from cosim.orchestrate import Progress
    from cosim.results.run import Run
    from cosim.scenario.inputs import Inputs

WINDOW_DAYS = 28

Outcome = Mapping[str, Mapping[str, Any]]
"""What became of sessions and batteries, by site."""


def run(
    scenario: Scenario,
    out: Path | str | None = None,
    *,
    overwrite: bool = False,
    allow_code: bool = False,
    yes_large: bool = False,
    window_days: int = WINDOW_DAYS,
    progress: "Progress | None" = None,
    out_of_process: Collection[str] = (),
    step_timeout_s: float | None = STEP_TIMEOUT_S,
) -> "Run":
    """Check a scenario, simulate it and open its result.

    Parameters
    ----------
    scenario : Scenario
        From `load_scenario` or built in Python.
    out : path, optional
        Result file; default `results/<name>.h5` below the working folder.
    overwrite : bool
        Replace an existing result once the new one is whole.
    allow_code : bool
        Whether the scenario may name a policy as `module:Class`.
    yes_large : bool
        Run a scenario whose result is larger than the usual limit.
    window_days : int
        Days after which results are put safely on the disk; they do not depend on it [d].
    progress : callable, optional
        Called with the steps done and all steps; raise in it to cancel.
    out_of_process : collection of str
        Simulators to run in processes of their own ("building", "signals", "control", "fleet", "feeder").
    step_timeout_s : float or None
        Silence in one step after which a simulator or policy is named, again after 3 and 6 times that;
        after 10 times the run ends. None waits forever [s].

    Returns
    -------
    Run
        The result, open for reading.

    Raises
    ------
    ScenarioError, DataError
        What is wrong with the scenario or its data, all of it, before the first step.
    SimulationError
        A simulator or policy failed; finished windows stay in `<out>.parts`.
    StoreError
        The result cannot be written.
    Interrupted
        A KeyboardInterrupt: SIGINT or SIGTERM ended the run after its current step. As after every other
        end but those before the first step, `resume(out)` goes on from there.
    """
    from cosim.resuming import request_of
    from cosim.scenario.inputs import read_inputs

    if faults := [*_call_faults(scenario, window_days, out_of_process, step_timeout_s)]:
        raise ScenarioError(faults)
    path = Path(out) if out is not None else Path("results") / f"{scenario.name}.h5"
    inputs = read_inputs(scenario, allow_code=allow_code, yes_large=yes_large)
    if out is None:
        _make_folder(path.parent)
    how = {
        "window_days": window_days,
        "out_of_process": [*out_of_process],
        "step_timeout_s": step_timeout_s,
    }
    asked = {"allow_code": allow_code, "yes_large": yes_large, "overwrite": overwrite}
    return run_inputs(
        inputs,
        path,
        overwrite=overwrite,
        window_days=window_days,
        progress=progress,
        out_of_process=out_of_process,
        request=request_of(inputs, path, **asked, **how),
        step_timeout_s=step_timeout_s,
    )


def run_inputs(
    inputs: "Inputs",
    path: Path,
    *,
    overwrite: bool = False,
    window_days: int = WINDOW_DAYS,
    progress: "Progress | None" = None,
    out_of_process: Collection[str] = (),
    request: Mapping[str, Any] | None = None,
    begin: Checkpoint | None = None,
    step_timeout_s: float | None = STEP_TIMEOUT_S,
) -> "Run":
    """Simulate checked inputs and open the result; arguments and errors as in `run`.

    With `request`, of `cosim.resuming.request_of`, the run can be resumed; `begin` is where it was left.
    """
    from cosim.orchestrate import simulate
    from cosim.results.run import open_run

    started = time.perf_counter()
    header, stop = run_header(inputs), Stop()
    header = replace(header, resumed_with_changes=tuple((request or {}).get("changes", ())))
    with RunWriter(path, header, overwrite=overwrite, request=request, begin=begin) as writer:
        work = partial(
            simulate,
            inputs,
            header,
            writer,
            window_days=window_days,
            progress=progress,
            out_of_process=out_of_process,
            stop=stop,
            begin=begin,
            step_timeout_s=step_timeout_s,
        )
        try:
            with on_signals(stop), once_each() as counted:
                outcome = _outside_any_loop(work)
        except StoppedError:
            raise stop.reason from None
        _finish(inputs, header, writer, outcome)
    _write_log(path, time.perf_counter() - started, [*inputs.warnings, *counted])
    return open_run(path)


def _finish(inputs: "Inputs", header: RunHeader, writer: RunWriter, outcome: Outcome) -> None:
    """Add what is known at the end, and make the result of it."""
    from sims.feeder.topology import topology

    ends = {
        site.site.name: at_end(site, inputs, outcome[site.site.name], header.features)
        for site in inputs.sites
    }
    if "degradation" in header.features:
        add_wear(ends, inputs, writer)
    writer.finish(
        {name: end[0] for name, end in ends.items()},
        {name: end[1] for name, end in ends.items()},
        topology(inputs.net),
        events_at_end(header, writer) if "events" in header.features else None,
    )


def _call_faults(
    scenario: Scenario, window_days: int, out_of_process: Collection[str], step_timeout_s: float | None
) -> Iterator[Fault]:
    """What no scenario file can say and a caller can get wrong."""
    from cosim.orchestrate import SIMULATORS

    if window_days < 1:
        yield Fault("S23", "window_days", f"{window_days}: allowed 1, 2, 3, ... days")
    if fault := step_timeout_fault(step_timeout_s, "step_timeout_s", step_timeout_s):
        yield fault
    for name in out_of_process:
        if name not in SIMULATORS:
            yield Fault("S26", "out_of_process", f'"{name}": no such simulator; {nearest(name, SIMULATORS)}')
    code = [site.policy.name for site in scenario.sites if ":" in site.policy.name]
    if code and "control" in out_of_process:
        what = f'"control" with the policy "{code[0]}": a process of its own knows registered policies only'
        yield Fault("S31", "out_of_process", what)


def _outside_any_loop(work: Callable[[], Outcome]) -> Outcome:
    """Run `work` here, or in a thread of its own when this one has an event loop, as in a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return work()
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(work).result()


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder}: cannot be made: {error.strerror or error}") from error


def _write_log(path: Path, wall_s: float, warnings: Collection[str]) -> None:
    """Wall time and warnings lie beside the result: the result itself has no clock."""
    log = {"wall_s": round(wall_s, 3), "warnings": list(warnings)}
    write_whole(path.with_suffix(".log.json"), (json.dumps(log, indent=2) + "\n").encode())
