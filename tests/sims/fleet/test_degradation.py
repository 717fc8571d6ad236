"""Wear of a battery: worked out by hand, against the linear form it replaces, and what must always hold."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sims.fleet.degradation import calendar_loss, cyclic_loss, cycling_price_per_kwh

# By hand (40 digits), the first row in full:
#   v     = 3.3324 + 0.8263 x 0.5                           = 3.74555 V
#   alpha = (7.543e6 x 3.74555 - 23.75e6) x exp(-6976/298.15)
#         = 4 502 683.65 x 6.8951e-11                        = 3.104665e-4
#   loss  = alpha x (731^0.75 - 730^0.75) = alpha x 0.1442635 = 4.478896e-5
BY_AGE = [  # mean SoC, degC, age and stay in days, loss
    (0.5, 25.0, 730.0, 1.0, 0.0000447889607593),
    (0.8, 25.0, 730.0, 30.0, 0.0018923741965903),
    (0.2, 10.0, 0.0, 365.0, 0.0043891579205166),
    (1.0, 40.0, 3650.0, 0.5, 0.0000777380513855),
]
# By hand, the first row in full:
#   beta  = 7.348e-3 x (3.74555 - 3.667)^2 + 7.6e-4 + 4.081e-3 x 0 = 8.053379e-4
#   loss  = beta x (sqrt(4.1 x 71) - sqrt(4.1 x 70))
#         = beta x (17.0616529 - 16.9410743)                        = 9.710649e-5
BY_CYCLES = [  # swing, cycles before and in the stay, loss
    (0.0, 70.0, 1.0, 0.0000971064885233),
    (0.5, 70.0, 0.2, 0.0000688245199273),
    (0.3, 0.0, 100.0, 0.0410970354650624),
    (1.0, 500.0, 10.0, 0.0022014309235241),
]


@pytest.mark.parametrize(("soc", "celsius", "age", "stay", "loss"), BY_AGE)
def test_calendar_loss_worked_out_by_hand(soc, celsius, age, stay, loss):
    assert calendar_loss(soc, celsius, age, stay) == pytest.approx(loss, rel=1e-10)


@pytest.mark.parametrize(("swing", "before", "cycles", "loss"), BY_CYCLES)
def test_cyclic_loss_worked_out_by_hand(swing, before, cycles, loss):
    assert cyclic_loss(swing, before, cycles) == pytest.approx(loss, rel=1e-10)


def linear_losses(mean_soc, swing, days, metered_kwh):
    """The form of EV2Gym for its one car: 78 kWh, two years, 15,000 km a year at 0.186 kWh/km, 298.15 K."""
    capacity_kwh, age_days, kelvin, cell_ah = 78.0, 730.0, 298.15, 2.05
    v_mean, v_half = 3.3324 + 0.8263 * mean_soc, 3.3324 + 0.8263 * 0.5
    alpha = (7.543e6 * v_mean - 23.75e6) * np.exp(-6976.0 / kelvin)
    beta = 7.348e-3 * (v_half - 3.667) ** 2 + 7.6e-4 + 4.081e-3 * swing
    moved_ah = metered_kwh / capacity_kwh * cell_ah
    so_far_ah = 2.0 * age_days * (15_000.0 / 365.0) * 0.186 * cell_ah / capacity_kwh
    return alpha * 0.75 * days / age_days**0.25, beta * 0.5 * moved_ah / so_far_ah**0.5


class TestTheLinearFormIsTheLimit:
    BEFORE = 30_000.0 * 0.186 / 78.0  # the same car in full cycles: 71.5

    @pytest.mark.parametrize("hours", [0.25, 8.0, 24.0])
    def test_one_session_is_nearly_the_linear_one(self, hours):
        linear = linear_losses(0.6, 0.2, hours / 24.0, 30.0)
        ours = calendar_loss(0.6, 25.0, 730.0, hours / 24.0), cyclic_loss(0.2, self.BEFORE, 30.0 / 156.0)
        # second-order terms: t/(8 age) of the age and Q/(4 Q_acc) of the throughput
        assert ours[0] == pytest.approx(linear[0], rel=hours / 24.0 / 730.0 / 4.0)
        assert ours[1] == pytest.approx(linear[1], rel=30.0 / 156.0 / self.BEFORE / 2.0)

    @given(st.floats(0, 1), st.floats(0, 1), st.floats(1e-3, 3000), st.floats(1e-3, 1e5))
    def test_it_never_loses_less(self, soc, swing, days, moved_kwh):
        linear = linear_losses(soc, swing, days, moved_kwh)
        assert calendar_loss(soc, 25.0, 730.0, days) <= linear[0] * (1 + 1e-9)
        assert cyclic_loss(swing, self.BEFORE, moved_kwh / 156.0) <= linear[1] * (1 + 1e-9)

    def test_not_additive_as_ours_is(self):
        """30 days at once or day by day: the linear form does not know that the battery ages meanwhile."""
        at_once = calendar_loss(0.6, 25.0, 730.0, 30.0)
        by_day = sum(calendar_loss(0.6, 25.0, 730.0 + day, 1.0) for day in range(30))
        assert by_day == pytest.approx(at_once, rel=1e-12)
        assert linear_losses(0.6, 0.2, 30.0, 0.0)[0] > at_once * 1.004


@given(st.floats(0, 1), st.floats(-20, 50), st.floats(0, 5000), st.floats(1e-3, 365), st.floats(0.0, 1.0))
def test_a_stay_cut_anywhere_ages_the_battery_the_same(soc, celsius, age, stay, share):
    first = calendar_loss(soc, celsius, age, share * stay)
    second = calendar_loss(soc, celsius, age + share * stay, (1.0 - share) * stay)
    assert first + second == pytest.approx(calendar_loss(soc, celsius, age, stay), rel=1e-9, abs=1e-12)


@given(st.floats(0, 1), st.floats(0, 3000), st.floats(1e-3, 100), st.floats(0.0, 1.0))
def test_throughput_cut_anywhere_costs_the_same(swing, before, cycles, share):
    first = cyclic_loss(swing, before, share * cycles)
    second = cyclic_loss(swing, before + share * cycles, (1.0 - share) * cycles)
    assert first + second == pytest.approx(cyclic_loss(swing, before, cycles), rel=1e-9, abs=1e-12)


@given(st.floats(0, 0.99), st.floats(-20, 49), st.floats(0, 5000), st.floats(1e-3, 365))
def test_warmer_fuller_and_longer_ages_more_and_older_less(soc, celsius, age, stay):
    loss = calendar_loss(soc, celsius, age, stay)
    assert 0.0 < loss < calendar_loss(soc + 0.01, celsius, age, stay)
    assert loss < calendar_loss(soc, celsius + 1.0, age, stay)
    assert loss < calendar_loss(soc, celsius, age, stay * 1.1)
    assert loss > calendar_loss(soc, celsius, age + 10.0, stay)


@given(st.floats(0, 0.9), st.floats(0, 3000), st.floats(1e-3, 100))
def test_deeper_and_more_cycles_cost_more_and_a_used_battery_less(swing, before, cycles):
    loss = cyclic_loss(swing, before, cycles)
    assert 0.0 < loss < cyclic_loss(swing + 0.1, before, cycles)
    assert loss < cyclic_loss(swing, before, cycles * 1.1)
    assert loss > cyclic_loss(swing, before + 10.0, cycles)


def test_each_car_has_its_own_age_temperature_and_throughput():
    ages = np.array([[0.5, 25.0, 730.0, 1.0], [0.2, 10.0, 0.0, 365.0]])
    np.testing.assert_allclose(calendar_loss(*ages.T), [BY_AGE[0][4], BY_AGE[2][4]], rtol=1e-10)
    uses = np.array([[0.0, 70.0, 1.0], [1.0, 500.0, 10.0]])
    np.testing.assert_allclose(cyclic_loss(*uses.T), [BY_CYCLES[0][3], BY_CYCLES[3][3]], rtol=1e-10)
    # asked twice, and of what it was given nothing changed
    assert ages.tolist()[1] == [0.2, 10.0, 0.0, 365.0]
    np.testing.assert_array_equal(cyclic_loss(*uses.T), cyclic_loss(*uses.T))


def test_nothing_moved_and_no_time_passed_cost_nothing():
    assert calendar_loss(0.5, 25.0, 730.0, 0.0) == cyclic_loss(0.5, 70.0, 0.0) == 0.0
    assert calendar_loss(0.5, 25.0, 0.0, 0.0) == cyclic_loss(0.5, 0.0, 0.0) == 0.0


def test_price_of_the_next_full_cycle():
    """60 kWh at 150 a kWh: one cycle from 0 to 1 and back is 120 kWh of throughput and so much capacity."""
    lost_kwh = 60.0 * cyclic_loss(0.5, 70.0, 1.0)
    assert cycling_price_per_kwh(150.0, 70.0) * 120.0 == pytest.approx(150.0 * lost_kwh)
    assert cycling_price_per_kwh(0.0, 70.0) == 0.0
    assert np.isfinite(cycling_price_per_kwh(150.0, 0.0))
