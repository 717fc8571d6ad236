"""The tap changer's state machine alone: hand-worked sequences and what must hold for any voltage."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sims.feeder.taps import TapControl, TapState, next_state

NAN = float("nan")
STEP_S = 300


def control(delay_s=600.0, raises=-1, tap_min=-2, tap_max=2, target_pu=1.0, dead_band_pu=0.04) -> TapControl:
    """One changer on the high-voltage side, +-2 positions, 0.98 .. 1.02 pu, ten minutes."""
    return TapControl(
        target_pu=np.array([target_pu]),
        dead_band_pu=np.array([dead_band_pu]),
        delay_s=np.array([delay_s]),
        tap_min=np.array([tap_min]),
        tap_max=np.array([tap_max]),
        raises=np.array([raises]),
    )


def positions(settings: TapControl, voltages: list[float], tap: int = 0) -> list[int]:
    """Position in every step and in the one after the last."""
    state = TapState(np.array([tap]), np.array([0]))
    seen = [tap]
    for vm_pu in voltages:
        state = next_state(settings, state, np.array([vm_pu]), STEP_S)
        seen.append(int(state.tap[0]))
    return seen


# Steps of 5 min; the position in brackets is the one after the last step.
SEQUENCES = {
    # low for two steps = 10 min: the tap moves for the third; the delay then runs anew
    "waits its delay": (control(), [0.97] * 5, [0, 0, -1, -1, -2, -2]),
    "inside the band nothing moves": (control(), [0.981, 1.019, 1.0] * 2, [0] * 7),
    "the edge of the band is inside": (control(dead_band_pu=0.0625), [0.96875, 1.03125] * 3, [0] * 7),
    "back inside, the delay is forgotten": (control(), [0.97, 1.0, 0.97, 1.0, 0.97], [0] * 6),
    "the other side, the delay is forgotten": (control(), [0.97, 1.03, 0.97, 1.03], [0] * 5),
    "high voltage, the other way": (control(), [1.05] * 4, [0, 0, 1, 1, 2]),
    "at the end of its range it stays": (control(delay_s=0), [0.9] * 5, [0, -1, -2, -2, -2, -2]),
    "without delay one tap a step": (control(delay_s=0), [1.2, 1.1, 1.0], [0, 1, 2, 2]),
    "taps on the low side, the other way": (control(delay_s=0, raises=1), [0.9, 1.1], [0, 1, 0]),
    "no solution, no move, no forgetting": (control(), [0.97, NAN, NAN, 0.97], [0, 0, 0, 0, -1]),
    "a delay of no whole steps": (control(delay_s=700), [0.9] * 3, [0, 0, 0, -1]),
}


@pytest.mark.parametrize(("settings", "voltages", "expected"), SEQUENCES.values(), ids=SEQUENCES)
def test_hand_worked_sequences(settings, voltages, expected):
    assert positions(settings, voltages) == expected


voltage = st.one_of(st.just(NAN), st.floats(0.8, 1.2))


@settings(deadline=None, derandomize=True, max_examples=200)
@given(
    voltages=st.lists(voltage, max_size=60),
    delay_s=st.sampled_from([0.0, 300.0, 450.0, 1800.0]),
    raises=st.sampled_from([-1, 1]),
)
def test_range_band_and_delay_hold_for_any_voltage(voltages, delay_s, raises):
    taps = positions(control(delay_s=delay_s, raises=raises), voltages)
    steps = np.diff(taps)
    assert set(taps) <= {-2, -1, 0, 1, 2}
    assert (np.abs(steps) <= 1).all()
    since = 0
    for k, vm_pu in enumerate(voltages):
        if np.isnan(vm_pu):
            assert steps[k] == 0
            continue
        side = 0 if abs(vm_pu - 1.0) <= 0.02 else (1 if vm_pu > 1.0 else -1)
        since = 0 if side == 0 else (since if since * side > 0 else 0) + side * STEP_S
        if side == 0:
            assert steps[k] == 0
        if steps[k]:
            assert abs(since) >= delay_s
            assert steps[k] == -side * raises  # towards the target
            since = 0
        elif side and abs(since) >= delay_s:
            assert taps[k] == -2 * side * raises  # it can go no further


def test_changers_do_not_know_of_each_other():
    both = TapControl(*(np.repeat(getattr(control(), name), 2) for name in TapControl.__slots__))
    state = TapState(np.array([0, 1]), np.array([-300, 0]))
    after = next_state(both, state, np.array([0.97, 1.0]), STEP_S)
    np.testing.assert_array_equal(after.tap, [-1, 1])
    np.testing.assert_array_equal(after.outside_s, [0, 0])
