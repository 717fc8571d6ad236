"""On-load tap changers: a dead band, a delay, one tap a step.

A controller watches the voltage of one bus. Once it has been outside the dead band, always on the same side,
for the delay, the tap moves by one position, and the delay starts anew. What it sees is the result of a step;
the new position holds from the next step on. A changer without load (off-load) is never moved in a run: its
position is set in the network before the first step, and nothing of it is here.
"""

from dataclasses import dataclass

import numba as nb
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TapControl:
    """Settings of n changers, arrays of shape (n,).

    Parameters
    ----------
    target_pu : floats
        Voltage wanted at the controlled bus [pu].
    dead_band_pu : floats
        Whole width of the band around the target in which nothing moves [pu].
    delay_s : floats
        How long the voltage must be outside before a move [s].
    tap_min, tap_max : ints
        Range of the position [-].
    raises : ints
        1 where the next higher position raises the controlled voltage, -1 where it lowers it [-].
    """

    target_pu: Floats
    dead_band_pu: Floats
    delay_s: Floats
    tap_min: Ints
    tap_max: Ints
    raises: Ints


@dataclass(frozen=True, slots=True)
class TapState:
    """Where n changers stand, arrays of shape (n,).

    Parameters
    ----------
    tap : ints
        Position [-].
    outside_s : ints
        How long the voltage has been outside the band: above it > 0, below it < 0, inside 0 [s].
    """

    tap: Ints
    outside_s: Ints


def next_state(control: TapControl, state: TapState, vm_pu: Floats, step_s: int) -> TapState:
    """State at the end of a step.

    Parameters
    ----------
    control : TapControl
        Settings.
    state : TapState
        State at the start of the step.
    vm_pu : floats, shape (n,)
        Controlled voltages, which held over the step; NaN (a step without solution) leaves a changer as it is
        [pu].
    step_s : int
        Length of the step [s].

    Returns
    -------
    TapState
        Positions of the next step and the delays used up so far.

    Notes
    -----
    The usual discrete regulator: Kundur, Power System Stability and Control, 1994, chapter 11 (dead band,
    constant time delay, one tap at a time).
    """
    tap, outside_s = state.tap.copy(), state.outside_s.copy()
    _advance(
        tap,
        outside_s,
        vm_pu,
        step_s,
        control.target_pu,
        control.dead_band_pu,
        control.delay_s,
        control.tap_min,
        control.tap_max,
        control.raises,
    )
    return TapState(tap, outside_s)


@nb.njit(cache=True)
def _advance(
    tap: Ints,
    outside_s: Ints,
    vm_pu: Floats,
    step_s: int,
    target_pu: Floats,
    dead_band_pu: Floats,
    delay_s: Floats,
    tap_min: Ints,
    tap_max: Ints,
    raises: Ints,
) -> None:
    """Write the next positions and delays into `tap` and `outside_s`."""
    for i in range(tap.size):
        deviation_pu = vm_pu[i] - target_pu[i]
        if np.isnan(deviation_pu):
            continue
        if abs(deviation_pu) <= dead_band_pu[i] / 2.0:
            outside_s[i] = 0
            continue
        side = 1 if deviation_pu > 0.0 else -1
        outside_s[i] = (outside_s[i] if outside_s[i] * side > 0 else 0) + side * step_s
        wanted = min(max(tap[i] - side * raises[i], tap_min[i]), tap_max[i])
        if abs(outside_s[i]) >= delay_s[i] and wanted != tap[i]:
            tap[i] = wanted
            outside_s[i] = 0
