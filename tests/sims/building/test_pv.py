"""PV plants: the sun from pvlib, the clouds drawn, the panel; against published yields and plain geometry."""

from datetime import datetime

import numpy as np
import pytest

from sims.building.pv import Panel, Sky, draw_clearness, pv_kw
from sims.clock import Clock

LATITUDE, LONGITUDE = 34.2, -118.17  # Pasadena
SOUTH = Panel(peak_kw=10.0, tilt_deg=30.0, azimuth_deg=180.0, performance_ratio=0.8)


def clock(start: datetime, days: int, step_s: int = 900, zone: str = "America/Los_Angeles") -> Clock:
    return Clock.from_local(start, days, step_s, zone)


def sky(days: int, clearness: float = 1.0) -> Sky:
    return Sky(LATITUDE, LONGITUDE, np.full(days, clearness))


def test_a_cloudless_june_day():
    day = clock(datetime(2019, 6, 21), 1)
    power = pv_kw(SOUTH, sky(1), day)
    hours = np.arange(96) / 4.0
    assert (power >= 0.0).all()
    # sunrise 05:40 and sunset 20:07 local summer time (US Naval Observatory, Pasadena, 21 June)
    assert (power[hours < 5.25] == 0.0).all() and (power[hours >= 20.5] == 0.0).all()
    assert power[(hours > 6.5) & (hours < 18.5)].min() > 0.0
    # the sun stands highest at 12:54
    assert hours[power.argmax()] == pytest.approx(12.75, abs=0.5)


def test_the_yield_of_a_year_is_that_of_the_region():
    """Clear-sky yield x mean clearness lies in what PVWatts states for Los Angeles, 1,500..1,800 kWh/kW."""
    year = clock(datetime(2019, 1, 1), 365, step_s=3600)
    yield_kwh = pv_kw(SOUTH, sky(365, 0.8), year).sum() / SOUTH.peak_kw
    assert 1500.0 < yield_kwh < 1800.0


def test_steps_of_any_length_hold_the_same_energy():
    start = datetime(2019, 3, 9)  # two days with a change to summer time
    energies = [
        pv_kw(SOUTH, sky(2), clock(start, 2, step_s)).sum() * step_s / 3600.0 for step_s in (300, 900, 3600)
    ]
    np.testing.assert_allclose(energies, energies[0], rtol=1e-9)


def test_clearness_belongs_to_the_local_day():
    two = clock(datetime(2019, 6, 1), 2)
    power = pv_kw(SOUTH, Sky(LATITUDE, LONGITUDE, np.array([1.0, 0.25])), two).reshape(2, 96)
    clear = pv_kw(SOUTH, sky(2), two).reshape(2, 96)
    np.testing.assert_allclose(power, clear * [[1.0], [0.25]], rtol=1e-12)


def test_panels_see_what_they_face():
    day = clock(datetime(2019, 6, 21), 1)
    east, west = (
        pv_kw(Panel(10.0, 60.0, azimuth, 0.8), sky(1), day).reshape(2, 48).sum(axis=1)
        for azimuth in (90, 270)
    )
    assert east[0] > 1.5 * east[1] and west[1] > west[0]
    assert pv_kw(Panel(10.0, 0.0, 0.0, 1.0), sky(1), day).max() <= 10.0


def test_clearness_has_the_mean_and_spread_asked_for():
    drawn = draw_clearness(20_000, 0.7, 0.2, np.random.default_rng(1))
    assert drawn.mean() == pytest.approx(0.7, abs=0.005)
    assert drawn.std() == pytest.approx(0.2, abs=0.005)
    assert drawn.min() >= 0.05 and drawn.max() <= 1.0
    assert (draw_clearness(5, 0.6, 0.0, np.random.default_rng(1)) == 0.6).all()


@pytest.mark.parametrize(("mean", "spread"), [(0.95, 0.4), (0.5, 0.48), (1.0, 0.1)])
def test_impossible_clearness_is_refused(mean, spread):
    with pytest.raises(ValueError, match="allowed spread below"):
        draw_clearness(5, mean, spread, np.random.default_rng(1))
