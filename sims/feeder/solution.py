"""What a power flow says, and the check of what it is asked."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sims.faults import SimulationError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Solution:
    """State of the feeder under one set of injections; load-positive.

    Loading is by current, the larger end against the rating, as pandapower's default: rating is
    `max_i_ka * df * parallel` of a line, `sn / (sqrt(3) vn) * df * parallel` of a transformer.
    Elements out of service read what `runpp` reads: 0, or NaN beside a bus without voltage.

    A step that did not converge has NaN voltages and loadings; nothing is known of its flows, so import is
    the sum of all demand (unserved in truth), losses count 0, and import = demand + losses still holds.

    Parameters
    ----------
    vm_pu : Floats
        Voltage magnitudes, shape (n_bus,), order of `net.bus`; NaN where there is no supply [pu].
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
        Iterations of the solver that gave the solution [-]; 0 if none did.
    solver : str
        `zbus` or `pandapower`: which one gave this solution.
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


def checked(values: Sequence[float] | Floats, count: int, what: str) -> Floats:
    """`values` as an array of shape (count,), every one finite; else a SimulationError naming the index."""
    array = np.asarray(values, dtype=np.float64)
    if array.shape != (count,):
        raise SimulationError(f"{what}: shape {array.shape}, expected ({count},)")
    if not np.isfinite(array).all():
        index = int(np.flatnonzero(~np.isfinite(array))[0])
        raise SimulationError(f"{what}[{index}] = {array[index]}: not a finite number")
    return array
