"""Rules of the feeder: what comes in is drawn or lost, marked steps say nothing, hot oil was warmed."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from cosim.results.run import Run
from cosim.results.violation import Violation, beyond, broken

Floats = npt.NDArray[np.float64]

OTHERS_KW, LOSS_KW, KELVIN = 1e-3, 1e-6, 1e-6
HIGHEST_PU = 3.0


def feeder_violations(run: Run, scenario: Mapping[str, Any]) -> Iterator[Violation]:
    """Rules I3 and I21 of a run; `scenario` is what it was made from and may be empty."""
    solved = run.feeder.converged == 1
    known = solved | (run.feeder.converged == 0)
    yield from broken("I3", "/feeder/converged", "must be 0 or 1", ~known, run.clock)
    yield from _powers(run, solved, scenario)
    yield from _voltages(run, solved)
    for kind, names in (("line", run.header.lines), ("transformer", run.header.transformers)):
        loading = getattr(run.feeder, f"{kind}_loading_percent")
        wrong = loading < 0.0
        where = f"/feeder/{kind}_loading_percent"
        yield from broken("I3", where, "must not be negative", wrong, run.clock, names)
    if "thermal" in run.header.features:
        yield from _heat(run)


def _powers(run: Run, solved: npt.NDArray[np.bool_], scenario: Mapping[str, Any]) -> Iterator[Violation]:
    import_kw, losses_kw = run.feeder.import_kw, run.feeder.losses_kw
    for name, values in (("import_kw", import_kw), ("losses_kw", losses_kw)):
        wrong = ~np.isfinite(values)
        yield from broken("I25", f"/feeder/{name}", "must be a finite number", wrong, run.clock)
    gained_kw = np.clip(-losses_kw, 0.0, None)
    yield from beyond("I3", "/feeder/losses_kw", "must not be negative [kW]", gained_kw, LOSS_KW, run.clock)
    if not _others_are_constant(scenario) or not solved.any():
        return
    sites_kw = sum((run.site(name).site_kw for name in run.sites), np.zeros(run.clock.n_steps))
    others_kw = import_kw - losses_kw - sites_kw
    usual_kw = float(np.median(others_kw[solved]))
    off_kw = np.where(solved, np.abs(others_kw - usual_kw), 0.0)
    what = f"must be the sites, the losses and the {usual_kw:.3f} kW of others, who never change [kW]"
    tolerance_kw = OTHERS_KW * max(1.0, float(np.abs(import_kw[solved]).max()) / 1000.0)
    yield from beyond("I3", "/feeder/import_kw", what, off_kw, tolerance_kw, run.clock)


def _others_are_constant(scenario: Mapping[str, Any]) -> bool:
    """Whether the scenario gives the other loads and plants of the feeder no series of their own."""
    feeder = scenario.get("feeder")
    if not isinstance(feeder, Mapping) or str(feeder.get("network", "")).startswith("simbench:"):
        return False
    return not feeder.get("background", {}).get("profile") and not feeder.get("pv")


def _voltages(run: Run, solved: npt.NDArray[np.bool_]) -> Iterator[Violation]:
    vm_pu, where = run.feeder.vm_pu, "/feeder/vm_pu"
    buses = run.header.buses
    wrong = ~solved[:, None] & ~np.isnan(vm_pu)
    yield from broken("I3", where, "must be NaN where not converged", wrong, run.clock, buses)
    if solved.any():
        # a bus out of service has no voltage in any step
        dead = np.isnan(vm_pu[solved]).all(axis=0)
        wrong = solved[:, None] & ~dead & ~((vm_pu > 0.0) & (vm_pu < HIGHEST_PU))
        yield from broken("I3", where, f"must lie in 0..{HIGHEST_PU:g}", wrong, run.clock, buses)


def _heat(run: Run) -> Iterator[Violation]:
    """Oil follows the air and the losses above it: it is never colder than both its start and all air."""
    topoil_c, names = run.feeder.theta_topoil_c, run.header.transformers
    coldest_c = np.minimum(topoil_c[0], run.feeder.ambient_c.min())
    below = np.where(np.isnan(topoil_c), 0.0, np.clip(coldest_c - topoil_c, 0.0, None))
    what = "must not be colder than all air and its start [K]"
    yield from beyond("I21", "/feeder/theta_topoil_c", what, below, KELVIN, run.clock, names)
    in_service = ~np.isnan(run.feeder.theta_hotspot_c[0])
    for name in ("theta_topoil_c", "theta_hotspot_c", "ageing_rate"):
        values = getattr(run.feeder, name)
        wrong = np.isnan(values) == in_service
        what = "must be a number in service and NaN out of service, always"
        yield from broken("I21", f"/feeder/{name}", what, wrong, run.clock, names)
    wrong = in_service & ~(run.feeder.ageing_rate > 0.0)
    yield from broken("I21", "/feeder/ageing_rate", "must be positive", wrong, run.clock, names)
