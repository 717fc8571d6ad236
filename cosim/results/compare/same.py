"""Whether runs can be compared, and in what their circumstances are not the same."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from sims.faults import GridparkError

if TYPE_CHECKING:
    from cosim.results.run import Run

DEMAND = ("vehicle_id", "arrival", "departure", "capacity_kwh", "soc_required")
"""Columns of the sessions table that no policy changes; what a car arrives with may depend on it."""


class NotComparableError(GridparkError):
    """Runs that have no common axis: every reason is named."""

    exit_code = 2


def check_comparable(runs: Mapping[str, "Run"]) -> None:
    """Refuse runs whose series cannot lie over each other.

    Parameters
    ----------
    runs : mapping of str to Run
        Runs by label; each is held against the first.

    Raises
    ------
    NotComparableError
        Fewer than two runs, or runs that differ in start, step, number of steps, time zone or names of sites.
    """
    if len(runs) < 2:
        raise NotComparableError("a comparison needs two runs or more")
    if reasons := [*_reasons(runs)]:
        listed = "\n".join(f"  {reason}" for reason in reasons)
        raise NotComparableError(f"these runs cannot be compared:\n{listed}")


def _reasons(runs: Mapping[str, "Run"]) -> Iterator[str]:
    (first, held), *others = runs.items()
    for label, run in others:
        for what, one, other in _axes(held, run):
            if one != other:
                yield f"{what}: {one} in {first}, {other} in {label}"


def _axes(one: "Run", other: "Run") -> Iterator[tuple[str, str, str]]:
    """What two runs must agree in: name and value of both."""
    a, b = one.clock, other.clock
    yield "start", a.local_time(a.start_s).isoformat(), b.local_time(b.start_s).isoformat()
    yield "step", f"{a.step_s / 60:g} min", f"{b.step_s / 60:g} min"
    yield "steps", str(a.n_steps), str(b.n_steps)
    yield "time zone", a.zone, b.zone
    yield "sites", ", ".join(sorted(one.sites)) or "none", ", ".join(sorted(other.sites)) or "none"


def circumstances(runs: Mapping[str, "Run"]) -> list[str]:
    """What is not the same in runs that should differ by a decision alone, one phrase each.

    Parameters
    ----------
    runs : mapping of str to Run
        Comparable runs by label; each is held against the first.

    Returns
    -------
    list of str
        Of seed, currency, tariff, prices, building load and sessions of each site, and the transformers:
        read from what the files store, so a data file that was changed under its name is found too.
    """
    held, *others = runs.values()
    found = [what for run in others for what in _unlike(held, run)]
    return list(dict.fromkeys(found))


def _unlike(one: "Run", other: "Run") -> Iterator[str]:
    if one.header.seed != other.header.seed:
        yield "seed"
    for site in one.sites:
        mine, its = one.header.site(site), other.header.site(site)
        if mine.currency != its.currency:
            yield f"currency of {site}"
        if one.header.signals[mine.signals] != other.header.signals[its.signals]:
            yield f"tariff of {site}"
        elif not _same_series(one.signals(mine.signals), other.signals(its.signals), "price_per_kwh"):
            yield f"prices of {site}"
        if not _same_series(one.site(site), other.site(site), "building_kw"):
            yield f"building load of {site}"
        if not _same_sessions(one, other, site):
            yield f"sessions of {site}"
    if one.header.transformers != other.header.transformers:
        yield "transformers"


def _same_series(one: Any, other: Any, name: str) -> bool:
    return np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True)


def _same_sessions(one: "Run", other: "Run", site: str) -> bool:
    """Whether the same cars come, at the same times and with the same needs, in the same order."""
    mine, its = one.sessions(site), other.sessions(site)
    return len(mine) == len(its) and all(mine[column].equals(its[column]) for column in DEMAND)
