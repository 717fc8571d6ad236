"""How voltages and loadings move with the active power a connection draws, at a solved state."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from sims.feeder.solution import Floats, Solution

Ints = npt.NDArray[np.int64]

DIFFERENCE_KW = 0.02


@dataclass(frozen=True, slots=True)
class Watch:
    """What is varied and what is looked at.

    Parameters
    ----------
    connections : Ints
        Connections whose power is varied, by their index in the engine, shape (n_varied,).
    buses : Ints
        Rows of `net.bus`, all of them supplied, shape (n_bus,).
    elements : Ints
        Rows of `net.line`, then of `net.trafo` counted on from the last line, shape (n_element,).
    """

    connections: Ints
    buses: Ints
    elements: Ints


@dataclass(frozen=True, slots=True)
class Sensitivities:
    """Derivatives by the active power drawn at a connection, all else held: other powers, reactive ones, taps.

    Parameters
    ----------
    dvm_pu_per_kw : Floats
        Of voltage magnitudes, shape (n_bus, n_varied) [pu/kW].
    dloading_percent_per_kw : Floats
        Of loadings by current, at the more loaded end, shape (n_element, n_varied) [%/kW].
    """

    dvm_pu_per_kw: Floats
    dloading_percent_per_kw: Floats


class Solver(Protocol):
    """The part of an engine that differences need."""

    def solve(self, p_kw: Floats, q_kvar: Floats) -> Solution: ...


def by_differences(
    engine: Solver, p_kw: Floats, q_kvar: Floats, watch: Watch, step_kw: float = DIFFERENCE_KW
) -> Sensitivities | None:
    """Sensitivities by central differences of the power flow: two solves a connection, any engine.

    Parameters
    ----------
    engine : Solver
        Solves the power flow.
    p_kw, q_kvar : Floats
        State of the connections, shape (n_connections,) [kW], [kvar].
    watch : Watch
        What is varied and looked at.
    step_kw : float
        Half the difference in power [kW].

    Returns
    -------
    Sensitivities or None
        None where a neighbouring state has no solution.
    """
    vm = np.empty((len(watch.buses), len(watch.connections)))
    loading = np.empty((len(watch.elements), len(watch.connections)))
    for column, connection in enumerate(watch.connections):
        ends: list[tuple[Floats, Floats]] = []
        for change_kw in (step_kw, -step_kw):
            moved = p_kw.copy()
            moved[connection] += change_kw
            solution = engine.solve(moved, q_kvar)
            if not solution.converged:
                return None
            ends.append((solution.vm_pu[watch.buses], solution.loading_percent[watch.elements]))
        vm[:, column] = (ends[0][0] - ends[1][0]) / (2.0 * step_kw)
        loading[:, column] = (ends[0][1] - ends[1][1]) / (2.0 * step_kw)
    return Sensitivities(vm, loading)
