"""Hosting capacity: the largest fleet a feeder carries before a limit is broken, found by whole runs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from cosim.largest import Found, largest
from cosim.scaled_fleet import with_ports, with_power
from cosim.scenario.positions import Finding
from sims.faults import Fault, ScenarioError, nearest

if TYPE_CHECKING:
    from cosim.results.run import Run
    from cosim.scenario.inputs import Inputs

Floats = npt.NDArray[np.float64]
Scale = Literal["ports", "kw"]

MOST_TIMES = 16  # how far beyond the scenario's own fleet the search goes


@dataclass(frozen=True, slots=True)
class Limits:
    """What the feeder may not exceed in any step.

    Parameters
    ----------
    loading_percent : float
        Of lines and transformers, by current [%].
    vm_min_pu, vm_max_pu : float
        Voltages of all buses [pu].
    """

    loading_percent: float = 100.0
    vm_min_pu: float = 0.9
    vm_max_pu: float = 1.1


@dataclass(frozen=True, slots=True)
class Use:
    """How much of its limit the most strained element uses, 1 is the limit, and when that is.

    Parameters
    ----------
    element : str
        "transformer T1", "line cable" or "bus board".
    value : float
        What it reaches [% or pu].
    unit : str
        "%" or "pu".
    share : float
        Loading over its limit, or voltage drop or rise over the largest allowed; inf without a solution [-].
    at : str
        Local start of the step.
    """

    element: str
    value: float
    unit: str
    share: float
    at: str


@dataclass(frozen=True, slots=True)
class Capacity:
    """Hosting capacity of a feeder under one policy.

    Parameters
    ----------
    policy : str
        Name of the policy.
    scale : "ports" or "kw"
        What was made larger.
    found : Found
        The search, in ports or kW of all ports.
    holds, breaks : Use or None
        The most strained element of the largest fleet that holds, and of the smallest that does not.
    """

    policy: str
    scale: Scale
    found: Found
    holds: Use | None
    breaks: Use | None


def hosting_capacity(
    inputs: "Inputs",
    site: str,
    folder: Path,
    *,
    scale: Scale = "ports",
    limits: Limits | None = None,
    most: int | None = None,
    resolution: int = 1,
    report: Callable[[int, Use], None] | None = None,
) -> Capacity:
    """Largest fleet at a site under the site's policy.

    Parameters
    ----------
    inputs : Inputs
        Checked inputs of the scenario.
    site : str
        The site whose fleet is scaled; all others stay as they are.
    folder : Path
        The runs of the largest fleet that holds and of the smallest that breaks are left here; it exists.
    scale : "ports" or "kw"
        Scale the number of ports with their sessions, or the power of all ports.
    limits : Limits, optional
        What may not be exceeded.
    most : int, optional
        Where the search ends; default 16 times the scenario's own fleet [ports or kW].
    resolution : int
        Uncertainty that is left [ports or kW].
    report : callable, optional
        Called after each run with the size and the most strained element.

    Raises
    ------
    ScenarioError
        The site has no ports, or the bounds of the search contradict each other.
    """
    from cosim.runner import run_inputs

    limits = limits or Limits()
    own = own_size(inputs, site, scale)
    most = MOST_TIMES * own if most is None else most
    _check_search(most, resolution)
    policy = next(one.site.policy.name for one in inputs.sites if one.site.name == site)
    uses: dict[int, Use] = {}

    def path(size: int) -> Path:
        return folder / f"{policy}_{size}_{scale}.h5"

    def holds(size: int) -> bool:
        done = run_inputs(_scaled(inputs, site, scale, size), path(size), overwrite=True)
        uses[size] = most_strained(done, limits)
        if report is not None:
            report(size, uses[size])
        return uses[size].share <= 1.0

    found = largest(holds, min(own, most), most, resolution)
    for size in found.tried.keys() - {found.holds, found.breaks}:
        path(size).unlink()
        path(size).with_suffix(".log.json").unlink()
    of = {None: None, **uses}
    return Capacity(policy, scale, found, of[found.holds], of[found.breaks])


def own_size(inputs: "Inputs", site: str, scale: Scale) -> int:
    """Ports, or whole kW of all ports, of the scenario's own fleet at a site."""
    known = {one.site.name: one for one in inputs.sites}
    if site not in known:
        raise ScenarioError([Fault("S26", "--site", f'"{site}": no such site; {nearest(site, known)}')])
    ports = known[site].ports
    if not len(ports):
        index = list(known).index(site)
        what = "has no ports: there is no fleet to scale"
        raise ScenarioError(
            [Finding("S07", ("sites", index, "chargers"), what).fault(inputs.scenario.places)]
        )
    return len(ports) if scale == "ports" else ceil(float(ports.p_max_kw.sum()))


def most_strained(done: "Run", limits: Limits) -> Use:
    """The element that uses most of its limit in a run; a step without a power flow beats them all."""
    unsolved = np.flatnonzero(done.feeder.converged == 0)
    if len(unsolved):
        return Use("feeder without a power-flow solution", np.nan, "%", float("inf"), _at(done, unsolved[0]))
    return max(_uses(done, limits), key=lambda use: use.share)


def _uses(done: "Run", limits: Limits) -> Iterator[Use]:
    feeder, header = done.feeder, done.header
    for kind, names in (("transformer", header.transformers), ("line", header.lines)):
        loading = getattr(feeder, f"{kind}_loading_percent")
        yield from _highest(done, kind, names, loading, loading / limits.loading_percent, "%")
    vm_pu = feeder.vm_phase_pu if "unbalanced" in header.features else feeder.vm_pu
    drop, rise = (1.0 - vm_pu) / (1.0 - limits.vm_min_pu), (vm_pu - 1.0) / (limits.vm_max_pu - 1.0)
    for share in (drop, rise):
        yield from _highest(done, "bus", header.buses, vm_pu, share, "pu")


def _highest(
    done: "Run", kind: str, names: tuple[str, ...], values: Floats, share: Floats, unit: str
) -> Iterator[Use]:
    known = np.where(np.isnan(share), -np.inf, share)
    if known.size:
        found = tuple(int(i) for i in np.unravel_index(int(np.argmax(known)), known.shape))
        place = f"{kind} {names[found[1]]}"
        yield Use(place, float(values[found]), unit, float(known[found]), _at(done, found[0]))


def _at(done: "Run", step: int) -> str:
    clock = done.clock
    return clock.local_time(clock.start_s + int(step) * clock.step_s).isoformat(timespec="minutes")


def _scaled(inputs: "Inputs", site: str, scale: Scale, size: int) -> "Inputs":
    if scale == "ports" or size == 0:
        return with_ports(inputs, site, size)
    own_kw = sum(float(one.ports.p_max_kw.sum()) for one in inputs.sites if one.site.name == site)
    return with_power(inputs, site, size / own_kw)


def _check_search(most: int, resolution: int) -> None:
    faults = [
        Fault("S23", name, f"{value}: allowed 1, 2, 3, ...")
        for name, value in (("--most", most), ("--resolution", resolution))
        if value < 1
    ]
    if faults:
        raise ScenarioError(faults)
