"""Loadings and voltages of single elements, worked by hand."""

import numpy as np
import pytest

from cosim.results.elements import overload_kvah, overload_minutes
from cosim.results.voltage_quality import ANSI_RANGE_A, EN_50160, keeps_en50160, out_of_band_minutes

QUARTER_S = 900
WEEK = 672


def test_overload_of_each_element():
    # 250 kVA: 20 % too much for two quarter hours, 60 % for one; a step without a solution counts nothing
    loading = np.array([[120.0, 90.0], [120.0, 100.0], [160.0, 100.1], [np.nan, np.nan]])
    assert overload_minutes(loading, QUARTER_S).tolist() == [45.0, 15.0]
    kvah = overload_kvah(loading, np.array([250.0, 100.0]), 0.25)
    np.testing.assert_allclose(kvah, [250.0 * 1.0 * 0.25, 100.0 * 0.001 * 0.25], rtol=1e-12)


def test_time_out_of_band_has_closed_bounds():
    vm = np.array([[0.90, 0.95], [0.8999, 1.05], [1.10, 1.0501], [1.1001, np.nan]])
    assert out_of_band_minutes(vm, EN_50160, QUARTER_S).tolist() == [30.0, 0.0]
    assert out_of_band_minutes(vm, ANSI_RANGE_A, QUARTER_S).tolist() == [60.0, 15.0]


@pytest.mark.parametrize(
    ("low_steps", "low_pu", "keeps"),
    [
        (33, 0.89, True),  # 4.9 % of a week
        (34, 0.89, False),  # 5.06 %
        (1, 0.849, False),  # below -15 % at any time
        (0, 0.89, True),
    ],
)
def test_en50160_is_judged_week_by_week(low_steps, low_pu, keeps):
    vm = np.full((2 * WEEK, 2), 1.0)
    vm[WEEK : WEEK + low_steps, 1] = low_pu
    assert keeps_en50160(vm, QUARTER_S).tolist() == [True, keeps]
