"""What a long series keeps when it is made short: its extremes, its mean, and its last partial column."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cosim.results.figures.thinning import (
    MOST_COLUMNS,
    column_length,
    column_means,
    extreme_steps,
    steps_per_column,
)
from sims.clock import Clock

VALUES = arrays(np.float64, st.integers(1, 60), elements=st.floats(-1e3, 1e3) | st.just(np.nan))


@given(VALUES, st.integers(1, 9))
def test_extremes_and_order_are_kept(values, per):
    kept = extreme_steps(values, per)
    assert (np.diff(kept) > 0).all()
    assert kept.min() >= 0
    assert kept.max() < len(values)
    if np.isfinite(values).any():
        assert np.nanmax(values[kept]) == np.nanmax(values)
        assert np.nanmin(values[kept]) == np.nanmin(values)
    if per > 1:
        assert len(kept) <= 2 * -(-len(values) // (2 * per))


@given(VALUES, st.integers(1, 9))
def test_a_column_is_the_mean_of_what_is_known(values, per):
    means = column_means(values, per)
    assert len(means) == -(-len(values) // per)
    for i, mean in enumerate(means):
        known = values[i * per : (i + 1) * per]
        known = known[np.isfinite(known)]
        assert np.isnan(mean) if not len(known) else mean == pytest.approx(known.mean(), abs=1e-9)


@pytest.mark.parametrize(
    ("step_s", "days", "per", "told"),
    [
        (900, 30, 1, "15 min"),
        (900, 31, 1, "15 min"),
        (900, 365, 12, "3 h"),
        (300, 30, 3, "15 min"),
        (60, 1, 1, "1 min"),
        (60, 366, 180, "3 h"),
        (3600, 3653, 48, "48 h"),
    ],
)
def test_columns_have_a_length_people_know(step_s, days, per, told):
    clock = Clock(0, step_s, days * 86_400 // step_s, "UTC")
    assert steps_per_column(clock) == per
    assert column_length(clock) == told
    assert clock.n_steps / per <= MOST_COLUMNS
