"""Key figures of heat and life, worked out by hand on a few steps of 15 min."""

import numpy as np
import pytest

from cosim.results.kpis_thermal import NAMES, heat_alarms, thermal_figures
from sims.clock import Clock

CLOCK = Clock(1559545200, 900, 6, "America/Los_Angeles")  # 2019-06-03 00:00 local
HOTSPOT_C = [100.0, 121.0, 139.0, 141.0, 140.0, 120.0]
ARRAYS = {
    "feeder/theta_topoil_c": np.array([[80.0, 90.0, 95.0, 98.0, 99.0, 97.0], [np.nan] * 6]).T,
    "feeder/theta_hotspot_c": np.array([HOTSPOT_C, [np.nan] * 6]).T,
    "feeder/ageing_rate": np.array([[1.0, 14.0, 100.0, 130.0, 120.0, 35.0], [np.nan] * 6]).T,
}


def test_figures_worked_out_by_hand():
    """A limit of exactly 120 or 140 degC is kept; the end of the fourth step is 01:00."""
    assert thermal_figures(CLOCK, ARRAYS, 0) == pytest.approx(
        {
            "max_topoil_c": 99.0,
            "max_hotspot_c": 141.0,
            "max_hotspot_at": "2019-06-03T01:00-07:00",
            "hotspot_above_120_minutes": 60.0,
            "hotspot_above_140_minutes": 15.0,
            "loss_of_life_h": 100.0,
            "loss_of_life_percent": 100.0 * 100.0 / 180_000.0,
            "mean_ageing_rate": 400.0 / 6.0,
        }
    )


def test_out_of_service_or_without_the_feature_there_are_none():
    nothing = dict.fromkeys(NAMES)
    assert thermal_figures(CLOCK, ARRAYS, 1) == thermal_figures(CLOCK, {}, 0) == nothing


def test_an_alarm_says_where_how_long_and_how_hot():
    figures = {"t1": thermal_figures(CLOCK, ARRAYS, 0), "t2": thermal_figures(CLOCK, ARRAYS, 1)}
    assert list(heat_alarms(figures)) == [
        "transformer t1: hot spot above 120 degC for 60 min, 15 min of it above 140 degC (emergency); "
        "highest 141.0 degC on 2019-06-03 01:00"
    ]
