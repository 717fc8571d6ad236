"""How voltages and loadings move with the active power a connection draws, at a solved state."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from sims.feeder.solution import Floats, Solution

Complexes = npt.NDArray[np.complex128]
Ints = npt.NDArray[np.int64]

DIFFERENCE_KW = 0.02


@dataclass(frozen=True, slots=True)
class Watch:
    """What is varied and what is looked at.

    Parameters
    ----------
    connections : Ints
        Connections whose power is varied, by their index in the engine, shape (n_varied,).
    kvar_per_kw : Floats
        Reactive power that comes with each varied kW, shape (n_varied,) [kvar/kW].
    buses : Ints
        Rows of `net.bus`, all of them supplied, shape (n_bus,).
    elements : Ints
        Rows of `net.line`, then of `net.trafo` counted on from the last line, shape (n_element,).
    """

    connections: Ints
    kvar_per_kw: Floats
    buses: Ints
    elements: Ints


@dataclass(frozen=True, slots=True)
class Sensitivities:
    """Derivatives by the active power drawn at a connection, all else held: other powers, taps.

    Parameters
    ----------
    dvm_pu_per_kw : Floats
        Of voltage magnitudes, shape (n_bus, n_varied) [pu/kW].
    current_percent : Complexes
        Current over rating at the more loaded end of each element, shape (n_element,) [%].
    dcurrent_percent_per_kw : Complexes
        Derivatives of that current, shape (n_element, n_varied) [%/kW].
    """

    dvm_pu_per_kw: Floats
    current_percent: Complexes
    dcurrent_percent_per_kw: Complexes

    @property
    def dloading_percent_per_kw(self) -> Floats:
        """Of loadings by current, shape (n_element, n_varied) [%/kW].

        An element without current gains loading whichever way the power goes: the gain is given.
        """
        size = np.abs(self.current_percent)[:, None]
        along = np.conj(self.current_percent)[:, None] * self.dcurrent_percent_per_kw
        idle = np.abs(self.dcurrent_percent_per_kw)
        return np.divide(along.real, size, out=idle, where=size > 0.0)


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
        None where a neighbouring state has no solution. Currents are real: their phase is not known, so
        that what is foreseen from them is linear in the loading.
    """
    here = engine.solve(p_kw, q_kvar)
    vm = np.empty((len(watch.buses), len(watch.connections)))
    loading = np.empty((len(watch.elements), len(watch.connections)))
    for column, connection in enumerate(watch.connections):
        ends: list[tuple[Floats, Floats]] = []
        for change_kw in (step_kw, -step_kw):
            moved_kw, moved_kvar = p_kw.copy(), q_kvar.copy()
            moved_kw[connection] += change_kw
            moved_kvar[connection] += change_kw * watch.kvar_per_kw[column]
            solution = engine.solve(moved_kw, moved_kvar)
            if not solution.converged:
                return None
            ends.append((solution.vm_pu[watch.buses], solution.loading_percent[watch.elements]))
        vm[:, column] = (ends[0][0] - ends[1][0]) / (2.0 * step_kw)
        loading[:, column] = (ends[0][1] - ends[1][1]) / (2.0 * step_kw)
    current = here.loading_percent[watch.elements].astype(np.complex128)
    return Sensitivities(vm, current, loading.astype(np.complex128))
