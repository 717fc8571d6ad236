"""Going on with a run that was killed, stopped or ran out of disk: same bytes as if nothing had been."""

import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cosim.fingerprint import differences, fingerprint, scenario_differences
from cosim.results.checkpoints import is_finished, last_checkpoint, parts_folder, read_request
from cosim.results.disk import claim, is_bare, release
from cosim.results.writer import remove_parts
from cosim.scenario.load import dump_scenario, load_scenario
from cosim.scenario.schema import Scenario
from sims.faults import Fault, ScenarioError, StoreError

if TYPE_CHECKING:
    from cosim.orchestrate import Progress
    from cosim.results.run import Run
    from cosim.scenario.inputs import Inputs

MOST_CHANGES = 100


def resume(path: Path | str, *, force: bool = False, progress: "Progress | None" = None) -> "Run":
    """Go on with an unfinished run from its last whole checkpoint, and open its result.

    Parameters
    ----------
    path : path
        Result file of the run, or the folder `<stem>.parts` beside it.
    force : bool
        Go on although the scenario file, data or programs have changed since the run began: with the
        scenario as it was then and the rest as it is now. The result then lists what had changed.
    progress : callable, optional
        Called with the steps done and all steps; raise in it to cancel.

    Returns
    -------
    Run
        The result; of a run that is finished, just that.

    Raises
    ------
    ScenarioError
        What has changed since the run began, all of it.
    StoreError
        There is nothing to resume, another process is at it, or the disk refuses.
    SimulationError
        A simulator or policy failed.
    """
    from cosim.results.run import open_run

    path = Path(path)
    parts = parts_folder(path)
    result = path.with_suffix(".h5") if path == parts else path
    if not parts.is_dir():
        if result.is_file():
            return open_run(result)
        raise StoreError(f"{path}: nothing to resume; there is no {parts}")
    claim(parts)
    try:
        request = read_request(parts)
        if request:
            result = parts.with_name(request["result"])
        if is_finished(parts, result) or (result.is_file() and is_bare(parts)):
            done = open_run(result)
            remove_parts(parts)  # the run was killed while it did that
            return done
        if request:
            return _go_on(parts, request, result, force=force, progress=progress)
        raise StoreError(f"{parts}: nothing to resume; what was asked was not written whole")
    finally:
        release(parts)


def request_of(
    inputs: "Inputs", path: Path, *, allow_code: bool, yes_large: bool, overwrite: bool, **how: Any
) -> dict[str, Any]:
    """What has to be known to go on with a run, JSON-able; `how` it was run comes on top."""
    scenario = inputs.scenario
    places = scenario.places
    return {
        "result": path.name,
        "scenario": dump_scenario(scenario),
        "folder": str(scenario.folder.absolute()),
        "file": places.file,
        "overrides": list(places.overrides),
        "allow_code": allow_code,
        "yes_large": yes_large,
        "overwrite": overwrite,
        "fingerprint": fingerprint(inputs),
        "changes": [],
        **how,
    }


def _go_on(
    parts: Path, request: Mapping[str, Any], result: Path, *, force: bool, progress: "Progress | None"
) -> "Run":
    from cosim.runner import run_inputs
    from cosim.scenario.inputs import read_inputs

    folder = Path(request["folder"])
    scenario = Scenario.in_folder(folder, tomllib.loads(request["scenario"]))
    inputs = read_inputs(scenario, allow_code=request["allow_code"], yes_large=request["yes_large"])
    now = fingerprint(inputs)
    changes = [*_changes_of_file(request, scenario), *differences(request["fingerprint"], now)]
    if changes and not force:
        refused = ScenarioError([*map(_fault, changes)])
        refused.add_note(HOW_TO_FORCE)
        raise refused
    known = [*request["changes"], *(line for line in changes if line not in request["changes"])]
    return run_inputs(
        inputs,
        result,
        overwrite=request["overwrite"],
        window_days=request["window_days"],
        out_of_process=request["out_of_process"],
        step_timeout_s=request["step_timeout_s"],
        progress=progress,
        request={**request, "fingerprint": now, "changes": known[:MOST_CHANGES]},
        begin=last_checkpoint(parts),
    )


HOW_TO_FORCE = (
    "the run would not end as it began; undo the changes, or --force (force=True) to go on with the scenario"
    " as it was and the rest as it is now, which the result will say"
)


def _fault(change: str) -> Fault:
    what, _, how = change.partition(": ")
    return Fault("R01", what, how)


def _changes_of_file(request: Mapping[str, Any], scenario: Scenario) -> Collection[str]:
    """What the scenario file says otherwise by now; one that is gone says nothing."""
    path = Path(request["folder"]) / request["file"]
    if not request["file"] or not path.is_file():
        return []
    try:
        now = load_scenario(path, request["overrides"])
    except ScenarioError as error:
        return [f"scenario file {path.name}: has faults now, first {error.faults[0]}"]
    return scenario_differences(scenario.model_dump(exclude_none=True), now.model_dump(exclude_none=True))
