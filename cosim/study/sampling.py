"""Combinations of the axes: the whole grid, a Latin hypercube, or the cases that are listed."""

from collections.abc import Iterator, Sequence
from itertools import product
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from cosim.scenario.positions import Finding, Loc
from cosim.study.axes import LABEL, Axis, Level, case_settings, shown_as
from cosim.study.case import AxisValue
from cosim.study.form import StudyForm
from sims.seeds import component_rng

Floats = npt.NDArray[np.float64]
Combination = tuple[dict[str, AxisValue], dict[str, tuple[Any, Loc]]]
"""Value on each axis; and for each key of the scenario what it becomes, and where the study says so."""


def count(form: StudyForm, axes: Sequence[Axis]) -> int:
    """Cases of a study before equal ones are merged, seeds and scenarios included."""
    sampled = {
        "grid": prod(len(axis.levels) for axis in axes),
        "latin_hypercube": form.samples or 0,
        "cases": len(form.cases),
    }
    return sampled[form.sampling] * len(form.scenarios) * max(1, len(form.seed_values))


def combinations(form: StudyForm, axes: Sequence[Axis]) -> Iterator[Combination]:
    """Every combination of the axes, without scenarios and seeds."""
    if form.sampling == "cases":
        yield from _listed(form)
        return
    drawn = product(*(axis.levels for axis in axes)) if form.sampling == "grid" else _hypercube(form, axes)
    for levels in drawn:
        chosen = list(zip(axes, levels, strict=True))
        settings = {key: (value, axis.loc) for axis, level in chosen for key, value in level.settings.items()}
        yield {axis.name: level.value for axis, level in chosen}, settings


def latin_hypercube(n: int, names: Sequence[str], seed: int) -> Floats:
    """Shares of every axis, shape (n, len(names)): each of n equal slices of an axis holds one sample [-].

    Source: McKay, Beckman, Conover, Technometrics 21(2), 1979, as `scipy.stats.qmc.LatinHypercube` has it. An
    axis draws from a stream of its own, by its name: another axis moves none.
    """
    from scipy.stats.qmc import LatinHypercube

    streams = [component_rng(seed, f"latin_hypercube/{name}") for name in names]
    shares = np.hstack([LatinHypercube(1, rng=stream).random(n) for stream in streams])
    return np.minimum(shares, np.nextafter(1.0, 0.0))


def double_settings(axes: Sequence[Axis]) -> list[Finding]:
    """Keys that two axes set: the later one would silently win."""
    first: dict[str, Axis] = {}
    found: list[Finding] = []
    for axis in axes:
        keys = [axis.name] if axis.span else dict.fromkeys(key for one in axis.levels for key in one.settings)
        for key in keys:
            if (known := first.setdefault(key, axis)) is not axis:
                found.append(Finding("S38", axis.loc, f"sets {key}, as the axis {known.name} does"))
    return found


def _hypercube(form: StudyForm, axes: Sequence[Axis]) -> Iterator[tuple[Level, ...]]:
    shares = latin_hypercube(form.samples or 0, [axis.name for axis in axes], form.sampling_seed)
    for row in shares:
        yield tuple(axis.at(float(share)) for axis, share in zip(axes, row, strict=True))


def _listed(form: StudyForm) -> Iterator[Combination]:
    """Listed cases; one that does not name a key another names has no value there."""
    listed = case_settings(form)
    names = dict.fromkeys(key for _, table in listed for key in table)
    if LABEL in names:
        names = {LABEL: None, **names}
    for loc, table in listed:
        values = {name: shown_as(table[name]) if name in table else None for name in names}
        yield values, {key: (value, loc) for key, value in table.items() if key != LABEL}
