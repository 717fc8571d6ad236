"""How long each bus lies outside the voltage bands of two standards, from stored voltages alone.

EN 50160 judges ten-minute means over a week; steps of another length cannot prove it, so what is said of it
here is indicative. ANSI C84.1 range A is the band of normal service.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

DAYS_PER_WEEK = 7
SECONDS_PER_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Band:
    """Voltages of normal service, both ends included [pu]."""

    lowest_pu: float
    highest_pu: float

    def left(self, vm_pu: Floats) -> Bools:
        """Where voltages lie outside; an unknown voltage (NaN) does not, shape as given."""
        return np.logical_or(vm_pu < self.lowest_pu, vm_pu > self.highest_pu)


EN_50160 = Band(0.90, 1.10)
EN_50160_ALWAYS = Band(0.85, 1.10)
EN_50160_SHARE = 0.95
ANSI_RANGE_A = Band(0.95, 1.05)


def out_of_band_minutes(vm_pu: Floats, band: Band, step_s: int) -> Floats:
    """Time each bus spends outside a band.

    Parameters
    ----------
    vm_pu : floats, shape (n_steps, n_bus)
        Voltages, NaN where unknown [pu].
    band : Band
        Voltages of normal service.
    step_s : int
        Length of a step [s].

    Returns
    -------
    floats, shape (n_bus,)
        Time outside [min].
    """
    return band.left(vm_pu).sum(axis=0) * (step_s / 60.0)


def keeps_en50160(vm_pu: Floats, step_s: int) -> Bools:
    """Buses that keep to EN 50160, as far as steps of this length can tell.

    In every week 95 % of the known steps lie within 10 % of the rated voltage, and all within +10/-15 %.
    Weeks count from the start; the last may be shorter.

    Parameters
    ----------
    vm_pu : floats, shape (n_steps, n_bus)
        Voltages, NaN where unknown [pu].
    step_s : int
        Length of a step [s].

    Returns
    -------
    bools, shape (n_bus,)
        Whether each bus keeps to it.
    """
    keeps = ~EN_50160_ALWAYS.left(vm_pu).any(axis=0)
    per_week = DAYS_PER_WEEK * SECONDS_PER_DAY // step_s
    for start in range(0, len(vm_pu), per_week):
        week = vm_pu[start : start + per_week]
        known = (~np.isnan(week)).sum(axis=0)
        keeps &= EN_50160.left(week).sum(axis=0) <= (1.0 - EN_50160_SHARE) * known
    return keeps
