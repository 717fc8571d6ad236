"""The peak a policy is told is the one the bill bills, in every zone and over changes of the clock."""

from datetime import datetime

import numpy as np
import pytest

from cosim.parameters import SignalSet, signals
from sims.clock import Clock
from sims.control.running_peak import RunningPeak
from sims.signals.billing.bill import bill
from sims.signals.billing.windows import window_numbers
from sims.signals.tariffs.tariff import Tariff

ZONES = ["America/Los_Angeles", "Europe/Rome", "Asia/Kolkata", "Australia/Lord_Howe"]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("minutes", [15, 30, 60])
@pytest.mark.parametrize("start", [datetime(2019, 3, 20), datetime(2019, 10, 1)])
def test_the_running_peak_of_a_month_is_the_billed_peak(zone, minutes, start):
    clock = Clock.from_local(start, 45, 900, zone)
    tariff = Tariff.model_validate(
        {
            "name": "t",
            "currency": "USD",
            "source": "made for tests",
            "demand_window_minutes": minutes,
            "energy": [{"name": "e", "price_per_kwh": 0.1}],
            "demand": [{"name": "d", "price_per_kw": 1.0, "hours": [[1, 12]]}],
        }
    )
    told = signals(SignalSet("s", tariff, np.zeros(clock.n_steps)), clock)
    load_kw = np.random.default_rng(minutes).uniform(0.0, 100.0, clock.n_steps)
    meter, peaks = RunningPeak(minutes // 15), {}
    for kw, window, month in zip(load_kw, told["demand_window"], told["billing_month"], strict=True):
        meter.meter(float(kw), window, month)
        peaks[month] = meter.kw(month)
    months = bill(tariff, clock, load_kw).months
    assert list(peaks.values()) == pytest.approx([month.billed_peak_kw for month in months])


@pytest.mark.parametrize(("zone", "first"), [("Asia/Kolkata", [0] * 4 + [1] * 4), ("UTC", [0] * 4 + [1] * 4)])
def test_hours_start_with_the_local_hour(zone, first):
    clock = Clock.from_local(datetime(2019, 6, 3), 1, 900, zone)
    assert window_numbers(clock, clock.calendar(), 60)[:8].tolist() == first


# local 00:45 | 01:00 01:15 01:30 01:45 | 01:00 01:15 01:30 01:45 | 02:00
def test_the_hour_that_comes_twice_is_two_windows():
    clock = Clock.from_local(datetime(2019, 11, 3), 1, 900, "America/Los_Angeles")
    numbers = window_numbers(clock, clock.calendar(), 60)
    assert numbers[3:13].tolist() == [0, 1, 1, 1, 1, 2, 2, 2, 2, 3]
    assert numbers[-1] == 24
