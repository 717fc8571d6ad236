"""Price thresholds: one decision a case, worked by hand.

Ports: 20 kW, eta 0.9 in and 0.8 out, quarter-hour steps; cars of 60 kWh with 20 kWh in them, floor 6.
"""

import numpy as np
import pytest
from parked import Car, answer

from sims.control.price_rule import PriceThreshold

CHEAP, DEAR = 0.10, 0.30
BOTH = {"charge_below_per_kwh": 0.15, "discharge_above_per_kwh": 0.25}
ALL = {"site": {"export_limit_kw": np.inf}}


def asked(*cars, price, export=None, **facts):
    given = {"price_per_kwh": price, "export_price_per_kwh": price if export is None else export}
    return answer(PriceThreshold(**BOTH), *cars, **given, **facts)


def assert_kw(power, *expected):
    np.testing.assert_allclose(power, expected, rtol=0, atol=1e-12)


def test_cheap_energy_fills_every_car_to_its_need_or_to_its_ceiling():
    cars = (Car(20), Car(39), Car(59), None)
    assert_kw(asked(*cars, price=CHEAP), 20, 1 / (0.9 * 0.25), 0, 0)
    filled = answer(PriceThreshold(**BOTH, overcharge=True), *cars, price_per_kwh=CHEAP)
    assert_kw(filled, 20, 20, 1 / (0.9 * 0.25), 0)


def test_between_the_prices_a_car_with_time_waits():
    assert_kw(asked(Car(20, 40, leaves_h=12), price=0.2), 0)


def test_a_car_whose_time_runs_short_charges_whatever_the_price():
    # 20 kWh to go, full power stores 18 kWh an hour: of 1.25 h one step is left to regain 18, so 2 kWh now
    assert_kw(asked(Car(20, 40, leaves_h=1.25), price=DEAR), 2 / (0.9 * 0.25))


def test_dear_energy_empties_a_car_that_can_be_filled_again():
    # 14 kWh above the floor, 11.2 kWh at the meter, 20 kW are 5 kWh a step
    assert_kw(asked(Car(20, 40, leaves_h=12), price=DEAR, **ALL), -20)
    assert_kw(asked(Car(7, 40, leaves_h=12), price=DEAR, **ALL), -0.8 / 0.25)
    assert_kw(asked(Car(20, 40, leaves_h=12, kind="unidirectional"), price=DEAR, **ALL), 0)


def test_all_give_the_same_share_of_what_the_site_may_feed_back():
    cars = (Car(20, 40, leaves_h=12), Car(7, 40, leaves_h=12))
    power = asked(*cars, price=DEAR, site={"export_limit_kw": 5.8}, building_kw=5.8)
    assert_kw(power, *(-11.6 / 23.2 * np.array([20.0, 3.2])))


def test_where_nothing_is_fed_back_the_energy_price_counts():
    assert_kw(asked(Car(leaves_h=12), price=DEAR, export=0.0, building_kw=50.0), -20)
    assert_kw(asked(Car(leaves_h=12), price=DEAR, export=0.0, building_kw=50.0, **ALL), 0)


def test_the_prices_must_be_apart():
    with pytest.raises(ValueError, match="must be lower than"):
        PriceThreshold(charge_below_per_kwh=0.3, discharge_above_per_kwh=0.3)
