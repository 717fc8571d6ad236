"""What a worker does with a case: check it, or run it and leave the run on the disk."""

import gc
import shutil
import tempfile
import time
import tomllib
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

from cosim.results.kpi_table import flatten
from cosim.results.run import Run
from cosim.runner import run_inputs
from cosim.scenario.inputs import read_inputs
from cosim.scenario.positions import Places, site_names
from cosim.scenario.schema import Scenario
from cosim.scenario.validate import validated
from cosim.study.case import CaseResult, Payload
from cosim.study.folder import SCRATCH, Folder
from sims.faults import FaultsFoundError, GridparkError
from sims.feeder.network_memory import memory

EXIT_CODE = "exit_code"


def check_case(payload: Payload) -> CaseResult:
    """Read all data of a case without running it; the figure `exit_code` says which kind of fault it has."""
    memory.switch_on()
    try:
        read_inputs(_scenario(payload), allow_code=payload["allow_code"], yes_large=payload["yes_large"])
    except GridparkError as error:
        return replace(CaseResult.failed(payload["case_id"], _said(error)), kpis={EXIT_CODE: error.exit_code})
    return CaseResult(payload["case_id"], "done")


def run_case(payload: Payload) -> CaseResult:
    """Run a case; its file and marker are whole or absent, whoever else works on the same case.

    The run is written in a folder of its own and moved to its name: a worker that was believed dead does
    no harm.
    """
    memory.switch_on()
    folder, started = Folder(Path(payload["out"])), time.perf_counter()
    result = _attempt(payload["case_id"], lambda: _run(payload, folder))
    _settle()
    return replace(result, wall_s=time.perf_counter() - started)


@cache
def _settle() -> None:
    """Once a process has run a case, what it loaded for that stays.

    Every run ends with a look for what can be let go; with the libraries that takes a tenth of a case.
    """
    gc.collect()
    gc.freeze()


def _attempt(case_id: str, work: Callable[[], CaseResult]) -> CaseResult:
    """What `work` gives, or why it failed."""
    try:
        return work()
    except GridparkError as error:
        return CaseResult.failed(case_id, _said(error))
    except MemoryError:
        return CaseResult.failed(case_id, "out of memory")
    except Exception as error:  # a defect of one case is no reason to lose the others
        return CaseResult.failed(case_id, f"unexpected {type(error).__name__}: {error}")


def _run(payload: Payload, folder: Folder) -> CaseResult:
    case_id = payload["case_id"]
    scratch = Path(tempfile.mkdtemp(prefix=f"{case_id}.", suffix=SCRATCH, dir=folder.cases))
    try:
        flags = {key: payload[key] for key in ("allow_code", "yes_large")}
        inputs = read_inputs(_scenario(payload), **flags)
        # nobody resumes a case, a case that is lost is run again: so no request, and no checkpoints
        done: Run = run_inputs(inputs, scratch / "run.h5")
        kpis = flatten(done.kpis)
        done.path.replace(folder.run(case_id))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    result = CaseResult(case_id, "done", kpis, path=f"{folder.cases.name}/{case_id}.h5")
    folder.write_marker(result)
    return result


def _scenario(payload: Payload) -> Scenario:
    """The scenario of a case, its keys placed where the study sets them."""
    raw = tomllib.loads(payload["scenario_toml"])
    set_at = {tuple(loc): at for loc, at in payload["set_at"]}
    places = Places(Path(payload["scenario"]).name, {}, site_names(raw), set_at=set_at)
    return validated(raw, Path(payload["folder"]), places)


def _said(error: GridparkError) -> str:
    """Faults one a line, without the count that ends them on a terminal."""
    return "\n".join(map(str, error.faults)) if isinstance(error, FaultsFoundError) else str(error)
