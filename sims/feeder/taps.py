"""On-load tap changers: a dead band, a delay, one tap a step.

A controller watches the voltage of one bus. Once it has been outside the dead band, always on the same side,
for the delay, the tap moves by one position, and the delay starts anew. What it sees is the result of a step;
the new position holds from the next step on. A changer without load (off-load) is never moved in a run: its
position is set in the network before the first step, and nothing of it is here.
"""

from dataclasses import dataclass, replace

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
    known = ~np.isnan(vm_pu)
    deviation_pu = np.where(known, vm_pu, control.target_pu) - control.target_pu
    outside = np.abs(deviation_pu) > control.dead_band_pu / 2.0
    side = np.where(outside, np.sign(deviation_pu), 0.0).astype(np.int64)
    before_s = np.where(np.sign(state.outside_s) == side, state.outside_s, 0)
    outside_s = before_s + side * step_s
    wanted = np.clip(state.tap - side * control.raises, control.tap_min, control.tap_max)
    moves = known & (np.abs(outside_s) >= control.delay_s) & (wanted != state.tap)
    moved = TapState(np.where(moves, wanted, state.tap), np.where(moves, 0, outside_s))
    return replace(moved, outside_s=np.where(known, moved.outside_s, state.outside_s))
