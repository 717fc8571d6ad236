"""What Q(V) and tap changers add to the feeder's share of a step."""

from itertools import cycle
from typing import Any

import numpy as np

from sims.feeder.network import load_network
from sims.feeder.simulator import FeederSimulator
from tests.benchmarks.kernels import microseconds

NETWORK, N_PORTS, RATED_KVA = "pandapower:create_kerber_dorfnetz", 15, 12.2
CHANGER = {
    "row": 0,
    "tap": 0,
    "on_load": True,
    "bus_row": 1,
    "target_pu": 1.0,
    "dead_band_pu": 0.04,
    "delay_s": 60.0,
    "tap_min": -2,
    "tap_max": 2,
    "raises": -1,
}
CURVE_PU, CURVE_SHARE = [0.92, 0.98, 1.02, 1.08], [-0.44, 0.0, 0.0, 0.44]


def feeder() -> dict[str, tuple[float, str, str]]:
    """The feeder's step of the village with 15 ports of 11 kW, plain and with what answers to voltage."""
    plain = _step_us()
    q, taps, both = _step_us(volt_var=True), _step_us(taps=True), _step_us(volt_var=True, taps=True)
    return {
        "feeder's step": (plain, "us", ""),
        "  more with Q(V) of 15 ports": (q - plain, "us", ""),
        "  more with a tap changer": (taps - plain, "us", ""),
        "  more with both": (both - plain, "us", "bar 140 us, 20 % of a step"),
        "another tap position, first time": (_tap_ms(), "ms", ""),
    }


def _simulator(*, volt_var: bool = False, taps: bool = False) -> tuple[FeederSimulator, int]:
    from pathlib import Path

    net = load_network(NETWORK, {}, Path())
    buses = [int(bus) for bus in net.load.bus[-N_PORTS:]]
    site: dict[str, Any] = {"building_bus": buses[0], "evse_bus": buses}
    if volt_var:
        site["reactive"] = {
            "tan_phi": [0.0] * N_PORTS,
            "port": list(range(N_PORTS)),
            "volt_var_pu": [CURVE_PU] * N_PORTS,
            "volt_var_kvar": [[RATED_KVA * share for share in CURVE_SHARE]] * N_PORTS,
            "rated_kva": [RATED_KVA] * N_PORTS,
        }
    simulator = FeederSimulator()
    simulator.init("feeder-0", step_s=900)
    changers = [CHANGER] if taps else []
    simulator.create(1, "Feeder", name="feeder", network=net, sites={"street": site}, tap_changers=changers)
    return simulator, N_PORTS


def _step_us(*, volt_var: bool = False, taps: bool = False) -> float:
    simulator, n_ports = _simulator(volt_var=volt_var, taps=taps)
    rng = np.random.default_rng(0)
    powers = cycle([rng.uniform(0.0, 11.0, n_ports).tolist() for _ in range(64)])
    return microseconds(lambda: simulator.advance("feeder", 0, {"evse_kw": {"street": next(powers)}}), 1000)


def _tap_ms() -> float:
    import time

    simulator, _ = _simulator(taps=True)
    regulator = simulator.entities["feeder"].taps
    start = time.process_time()
    for tap in (-2, -1, 1, 2):
        regulator.set_state({"tap": [tap], "outside_s": [0]})
    return (time.process_time() - start) / 4.0 * 1e3
