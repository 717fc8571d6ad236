"""What a power flow says, and the check of what it is asked."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sims.faults import SimulationError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PhaseSolution:
    """What a flow by phases says besides.

    Parameters
    ----------
    vm_phase_pu : Floats
        Phase-to-neutral voltage of L1, L2, L3, shape (n_bus, 3), order of `net.bus` [pu].
    unbalance_percent : Floats
        Negative over positive sequence of the voltage, shape (n_bus,) [%].
    """

    vm_phase_pu: Floats
    unbalance_percent: Floats


@dataclass(frozen=True, slots=True)
class Solution:
    """State of the feeder under one set of injections; load-positive.

    Loading is by current, the larger end (and of three phases the worst) against the rating, as pandapower's
    default: rating is `max_i_ka * df * parallel` of a line, `sn / (sqrt(3) vn) * df * parallel` of a
    transformer.
    Elements out of service read what `runpp` reads: 0, or NaN beside a bus without voltage.

    A step that did not converge has NaN voltages and loadings; nothing is known of its flows, so import is
    the sum of all demand (unserved in truth), losses count 0, and import = demand + losses still holds.

    Parameters
    ----------
    vm_pu : Floats
        Voltage magnitudes, shape (n_bus,), order of `net.bus`; NaN where there is no supply. Of a flow by
        phases the positive sequence: what a balanced load there would meet [pu].
    line_loading_percent : Floats
        Shape (n_line,), order of `net.line` [%].
    transformer_loading_percent : Floats
        Shape (n_trafo,), order of `net.trafo` [%].
    import_kw, import_kvar : float
        Power drawn from the slack buses, > 0 into the feeder [kW], [kvar].
    losses_kw : float
        Active losses in all branches: lines, transformers, impedances [kW]. What shunts draw is demand.
    converged : bool
        Whether the power flow has a solution.
    iterations : int
        Iterations of the solver that gave the solution, 1 where it does not tell [-]; 0 if none did.
    solver : str
        `zbus`, `pandapower` or `power-grid-model`: which one gave this solution.
    phases : PhaseSolution or None
        Voltages of each phase; None of a balanced flow.
    """

    vm_pu: Floats
    line_loading_percent: Floats
    transformer_loading_percent: Floats
    import_kw: float
    import_kvar: float
    losses_kw: float
    converged: bool
    iterations: int
    solver: str
    phases: PhaseSolution | None = None

    @property
    def loading_percent(self) -> Floats:
        """Loadings of all lines, then of all transformers, shape (n_line + n_trafo,) [%]."""
        return np.concatenate([self.line_loading_percent, self.transformer_loading_percent])


def checked(values: Sequence[float] | Floats, count: int, what: str) -> Floats:
    """`values` as an array of shape (count,), every one finite; else a SimulationError naming the index."""
    array = np.asarray(values, dtype=np.float64)
    if array.shape != (count,):
        raise SimulationError(f"{what}: shape {array.shape}, expected ({count},)")
    if not np.isfinite(array).all():
        index = int(np.flatnonzero(~np.isfinite(array))[0])
        raise SimulationError(f"{what}[{index}] = {array[index]}: not a finite number")
    return array
