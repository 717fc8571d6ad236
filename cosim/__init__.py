"""gridpark: co-simulation of EV parking, buildings and the low-voltage feeder that carries them."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cosim.bill_file import bill_load as bill_load
    from cosim.results.run import Run as Run
    from cosim.results.run import open_run as open_run
    from cosim.runner import run as run
    from cosim.scenario.load import load_scenario as load_scenario
    from cosim.scenario.schema import Scenario as Scenario
    from cosim.study.study import Study as Study
    from cosim.study.study import open_study as open_study
    from cosim.study.sweep import sweep as sweep

__all__ = ["Run", "Scenario", "Study", "bill_load", "load_scenario", "open_run", "open_study", "run", "sweep"]

_HOME = {
    "Run": "cosim.results.run",
    "Scenario": "cosim.scenario.schema",
    "Study": "cosim.study.study",
    "bill_load": "cosim.bill_file",
    "load_scenario": "cosim.scenario.load",
    "open_run": "cosim.results.run",
    "open_study": "cosim.study.study",
    "run": "cosim.runner",
    "sweep": "cosim.study.sweep",
}


def __getattr__(name: str) -> Any:
    """Import a public name on first use, so that `cosim --help` stays quick."""
    if name not in _HOME:
        raise AttributeError(f"module 'cosim' has no attribute '{name}'")
    return getattr(import_module(_HOME[name]), name)
