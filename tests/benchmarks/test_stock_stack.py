"""The stock peer really charges cars and really solves its grid; how fast it does so is not asserted here."""

import pytest
from stock_stack import N_EVSE, Session, run_stock_stack, workday_sessions

CAP_KW = 120.0
STEP_S = 1800  # half hours, to keep the test short
TOO_SHORT = Session(0, 40, 41, energy_kwh=30.0)  # 20 kW for half an hour: 10 kWh


@pytest.fixture(scope="module")
def one_day():
    return run_stock_stack([*workday_sessions(1, STEP_S), TOO_SHORT], 1, STEP_S, cap_kw=CAP_KW)


def test_every_car_gets_what_is_feasible(one_day):
    assert one_day.needed_kwh > 10.0 * N_EVSE
    assert one_day.feasible_kwh == pytest.approx(one_day.needed_kwh - 20.0, abs=1e-6)
    assert one_day.delivered_kwh == pytest.approx(one_day.feasible_kwh, abs=1e-6)


def test_the_cap_holds(one_day):
    assert one_day.p_evse_max_kw == pytest.approx(CAP_KW)


def test_one_power_flow_a_step(one_day):
    assert one_day.power_flows == one_day.steps == 48
    assert 0.9 < one_day.v_min_pu < 0.98
    assert one_day.ms_per_step > 0.0


@pytest.mark.parametrize(
    "second",
    [Session(0, 3, 9, 5.0), Session(N_EVSE, 5, 9, 5.0), Session(0, 9, 9, 5.0)],
    ids=["overlap", "no such EVSE", "no stay"],
)
def test_impossible_sessions_are_refused(second):
    with pytest.raises(ValueError, match=f"evse={second.evse}"):
        run_stock_stack([Session(0, 0, 4, 5.0), second], days=1)
