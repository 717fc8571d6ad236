"""gridpark: co-simulation of EV parking, buildings and the low-voltage feeder that carries them."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cosim.bill_file import bill_load as bill_load
    from cosim.comparison import compare as compare
    from cosim.results.check_run import check_run as check_run
    from cosim.results.run import Run as Run
    from cosim.results.run import open_run as open_run
    from cosim.resuming import resume as resume
    from cosim.runner import run as run
    from cosim.scenario.load import load_scenario as load_scenario
    from cosim.scenario.schema import Scenario as Scenario
    from cosim.study.study import Study as Study
    from cosim.study.study import open_study as open_study
    from cosim.study.sweep import sweep as sweep
    from cosim.unfinished import open_unfinished as open_unfinished
    from cosim.verify import verify_file as verify_file

__all__ = [
    "Run",
    "Scenario",
    "Study",
    "bill_load",
    "check_run",
    "compare",
    "load_scenario",
    "open_run",
    "open_study",
    "open_unfinished",
    "resume",
    "run",
    "sweep",
    "verify_file",
]

_HOME = {
    "Run": "cosim.results.run",
    "Scenario": "cosim.scenario.schema",
    "Study": "cosim.study.study",
    "bill_load": "cosim.bill_file",
    "check_run": "cosim.results.check_run",
    "compare": "cosim.comparison",
    "load_scenario": "cosim.scenario.load",
    "open_run": "cosim.results.run",
    "open_study": "cosim.study.study",
    "open_unfinished": "cosim.unfinished",
    "resume": "cosim.resuming",
    "run": "cosim.runner",
    "sweep": "cosim.study.sweep",
    "verify_file": "cosim.verify",
}


def __getattr__(name: str) -> Any:
    """Import a public name on first use, so that `cosim --help` stays quick."""
    if name not in _HOME:
        raise AttributeError(f"module 'cosim' has no attribute '{name}'")
    return getattr(import_module(_HOME[name]), name)
