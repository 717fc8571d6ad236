"""Cars and ports with different numbers of phases."""

import numpy as np
import pytest
from fleet_cases import car, make_fleet, make_ports, table
from hypothesis import given
from hypothesis import strategies as st

from sims.fleet.phases import power_on_shared_phases, shared_phases
from sims.fleet.simulator import FleetSimulator

phases = st.sampled_from([1, 3])
limits_kw = st.floats(0.1, 400.0) | st.just(float("inf"))


@pytest.mark.parametrize(
    ("car_kw", "n_car", "port_kw", "n_port", "expected_kw"),
    [
        (11.04, 3, 11.04, 3, 11.04),  # 230 V, 16 A, three phases
        (3.68, 1, 11.04, 3, 3.68),  # one phase of it
        (7.36, 1, 11.04, 3, 3.68),  # the port's 16 A bind
        (11.04, 3, 3.68, 1, 3.68),
        (11.04, 3, 7.36, 1, 3.68),  # the car's 16 A bind
        (float("inf"), 1, 22.08, 3, 7.36),
        (float("inf"), 3, 20.0, 3, 20.0),
    ],
)
def test_power_by_voltage_and_current(car_kw, n_car, port_kw, n_port, expected_kw):
    arrays = (np.array([value]) for value in (car_kw, n_car, port_kw, n_port))
    assert power_on_shared_phases(*arrays)[0] == pytest.approx(expected_kw)


@given(car_kw=limits_kw, port_kw=st.floats(0.1, 400.0), n=phases)
def test_with_as_many_phases_the_smaller_limit_to_the_last_digit(car_kw, port_kw, n):
    one = np.array([n])
    assert power_on_shared_phases(np.array([car_kw]), one, np.array([port_kw]), one)[0] == min(
        car_kw, port_kw
    )


def test_a_one_phase_car_gets_a_third_of_a_three_phase_port():
    cars = table(car("a", 0, 4, phases=1), car("b", 0, 4))
    fleet = make_fleet(cars, make_ports("u", "u", p_max_kw=11.04), 4, step_s=3600)
    fleet.step(np.zeros(2), 0.0)
    assert fleet.p_kw.tolist() == pytest.approx([3.68, 11.04])


def test_phases_in_use():
    assert shared_phases(np.array([1, 3]), np.array([3, 1, 3, 3]), [0, 1, 1, -1]) == [1, 1, 3, 0]


def test_the_simulator_tells_phases_when_asked_to():
    columns = {name: list(values) for name, values in vars_of(table(car("a", 0, 1, phases=1))).items()}
    ports = {name: values.tolist() for name, values in vars_of(make_ports("u", "u")).items()}
    simulator = FleetSimulator()
    simulator.init("Fleet-0", step_s=3600)
    given = {"sessions": columns, "ports": ports, "assignment": "fcfs", "n_steps": 2}
    simulator.create(1, "Fleet", name="told", tell_phases=True, **given)
    simulator.create(1, "Fleet", name="silent", **given)
    asked = {
        name: {"setpoint_kw": {"c": [0.0, 0.0]}, "building_kw": {"b": 0.0}} for name in ("told", "silent")
    }
    simulator.step(0, asked, 3600)
    assert simulator.get_data({"told": ["evse_phases"]}) == {"told": {"evse_phases": [1, 0]}}
    assert "evse_phases" not in simulator._published["silent"]
    simulator.step(3600, asked, 7200)
    assert simulator.get_data({"told": ["evse_phases"]}) == {"told": {"evse_phases": [0, 0]}}


def vars_of(record) -> dict:
    return {name: getattr(record, name) for name in record.__dataclass_fields__}
