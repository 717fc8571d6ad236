"""gridpark's fleet and controller in somebody else's world: mosaik-csv and mosaik-pandapower-2 from PyPI.

    pip install mosaik-csv mosaik-pandapower-2
    python scenarios/mixed_mosaik.py

A household profile comes from mosaik-csv, four cars charge at our ports under our trickle policy, and
mosaik-pandapower-2 solves the power flow of a kerber village. Our simulators are plain mosaik
simulators: whole vectors between themselves, scalar children (`Evse`) for others.
"""

import csv
import random
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import mosaik
import mosaik_api_v3
from pandapower.networks import create_kerber_dorfnetz

STEP_S = 900
N_STEPS = 96
MIDNIGHT = datetime(2024, 5, 6)
START_S = 1_714_946_400  # 2024-05-06T00:00:00+02:00
HOUR_S = 3600

SIMULATORS: Any = {
    "Homes": {"python": "mosaik_csv:CSV"},
    "Fleet": {"python": "sims.fleet.simulator:FleetSimulator"},
    "Control": {"python": "sims.control.simulator:ControlSimulator"},
    "Signals": {"python": "sims.signals.simulator:SignalsSimulator"},
    "Grid": {"python": "mosaik_components.pandapower:Simulator"},
    "Monitor": {"python": f"{__name__}:Monitor"},
}

N_PORTS = 4
PORTS = {
    "kind": [1] * N_PORTS,
    "p_max_kw": [11.0] * N_PORTS,
    "p_discharge_max_kw": [0.0] * N_PORTS,
    "eta_charge": [0.95] * N_PORTS,
    "eta_discharge": [0.95] * N_PORTS,
    "phases": [3] * N_PORTS,
}
ARRIVALS_S = [START_S + hour * HOUR_S for hour in (7, 8, 9, 17)]
SESSIONS = {
    "session_id": ["a", "b", "c", "d"],
    "vehicle_id": ["a", "b", "c", "d"],
    "station": ["", "", "", ""],
    "arrival_s": ARRIVALS_S,
    "departure_s": [arrival + 6 * HOUR_S for arrival in ARRIVALS_S],
    "window_start_s": [arrival + 6 * HOUR_S for arrival in ARRIVALS_S],
    "window_end_s": [arrival + 6 * HOUR_S for arrival in ARRIVALS_S],
    "capacity_kwh": [60.0] * N_PORTS,
    "soc_arrival": [0.4] * N_PORTS,
    "soc_required": [0.8] * N_PORTS,
    "soc_min": [0.1] * N_PORTS,
    "soc_max": [1.0] * N_PORTS,
    "p_charge_max_kw": [11.0] * N_PORTS,
    "p_discharge_max_kw": [0.0] * N_PORTS,
    "phases": [3] * N_PORTS,
}
SITE = {
    "p_max_kw": PORTS["p_max_kw"],
    "p_discharge_max_kw": PORTS["p_discharge_max_kw"],
    "controllable": [True] * N_PORTS,
    "bidirectional": [False] * N_PORTS,
    "eta_charge": PORTS["eta_charge"],
    "eta_discharge": PORTS["eta_discharge"],
    "site_cap_kw": float("inf"),
    "export_limit_kw": 0.0,
    "building_peak_kw": 0.0,
}


class Monitor(mosaik_api_v3.Simulator):
    """Keeps what it is sent, one mapping a step."""

    def __init__(self) -> None:
        model = {"public": True, "any_inputs": True, "params": [], "attrs": []}
        super().__init__(
            {
                "api_version": "3.0",
                "type": "time-based",
                "models": {"Monitor": model},
                "extra_methods": ["readings"],
            }
        )
        self._readings: list[Any] = []

    def init(self, sid: str, time_resolution: float = 1.0) -> Any:
        return self.meta

    def create(self, num: int, model: str) -> Any:
        return [{"eid": "monitor", "type": model}]

    def step(self, time: int, inputs: Any, max_advance: int) -> int:
        self._readings.append(inputs["monitor"])
        return time + STEP_S

    def get_data(self, outputs: Any) -> Any:
        return {}

    def readings(self) -> list[Any]:
        return self._readings


def write_homes(path: Path) -> None:
    """A household profile as mosaik-csv reads it: the model's name, a header, one row a step."""
    with path.open("w", newline="") as file:
        file.write("Homes\n")
        rows = csv.writer(file)
        rows.writerow(["time", "p_kw", "p_mw"])
        for step in range(N_STEPS):
            kw = 1.5 if 18 <= step // 4 < 22 else 0.4
            rows.writerow([MIDNIGHT + timedelta(seconds=step * STEP_S), kw, kw / 1000])


def main() -> list[dict[str, dict[str, float]]]:
    """Wire, run one day, print the highest charging power and the lowest voltage."""
    with (
        tempfile.TemporaryDirectory() as folder,
        mosaik.World(SIMULATORS, skip_greetings=True, configure_logging=False) as world,
    ):
        profile = Path(folder, "homes.csv")
        write_homes(profile)
        axis = {"step_s": STEP_S, "start_s": START_S, "zone": "Europe/Berlin"}
        homes = world.start(
            "Homes", sim_start=str(MIDNIGHT), datafile=str(profile), date_format="%Y-%m-%d %H:%M:%S"
        ).Homes()
        flat = {
            "price_per_kwh": [0.3] * N_STEPS,
            "export_price_per_kwh": [0.0] * N_STEPS,
            "co2_g_per_kwh": [0.0] * N_STEPS,
            "demand_window": [-1] * N_STEPS,
            "billing_month": [0] * N_STEPS,
        }
        signals = world.start("Signals", **axis).Signals(**flat)
        control = world.start("Control", **axis).Controller(name="car_park", policy="trickle", site=SITE)
        fleet_sim = world.start("Fleet", **axis)
        fleet = fleet_sim.Fleet(name="car_park", sessions=SESSIONS, ports=PORTS, n_steps=N_STEPS)
        grid_sim = world.start("Grid", step_size=STEP_S)
        random.seed(0)  # pandapower draws the village's cables from Python's global generator
        grid = grid_sim.Grid(net=create_kerber_dorfnetz())
        buses = [child for child in grid.children if child.type == "Bus"]
        monitor_sim = world.start("Monitor")
        monitor = monitor_sim.Monitor()

        world.connect(homes, control, ("p_kw", "building_kw"))
        world.connect(homes, fleet, ("p_kw", "building_kw"))
        world.connect(signals, control, "signals")
        world.connect(control, fleet, "setpoint_kw")
        first = fleet_sim.fed_back("car_park")
        world.connect(fleet, control, ("state_next", "state"), time_shifted=True, initial_data=first)
        for evse, bus in zip(fleet.children, buses[-N_PORTS:], strict=True):
            world.connect(evse, bus, ("p_kw", "P_load[MW]"), transform=lambda kw: kw / 1000)
            world.connect(evse, monitor, "p_kw")
            world.connect(bus, monitor, "Vm[pu]")
        world.run(until=N_STEPS * STEP_S, print_progress=False, shutdown=False)
        readings = monitor_sim.readings()
    highest = max(sum(step["p_kw"].values()) for step in readings)
    lowest = min(min(step["Vm[pu]"].values()) for step in readings)
    energy = sum(sum(step["p_kw"].values()) for step in readings) * STEP_S / HOUR_S
    print(f"charged {energy:.1f} kWh, at most {highest:.1f} kW; lowest voltage at the ports {lowest:.4f} pu")
    return readings


if __name__ == "__main__":
    main()
