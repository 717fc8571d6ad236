"""The compiled inner loops alone."""

import random
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from sims.feeder.ageing import step_with_ageing
from sims.feeder.network import load_network
from sims.feeder.powerflow import Engine, make_engine
from sims.feeder.sensitivity import Watch
from sims.feeder.thermal import steady_state
from sims.feeder.thermal_presets import thermal_preset
from sims.fleet.arrays import NO_TAPER, Standing, StepRules
from sims.fleet.battery import advance_ports
from sims.fleet.evse import UNIDIRECTIONAL, Ports
from sims.fleet.rules import SiteRules, shared_limits

REPEATS = 5


def microseconds(call: Callable[[], object], calls: int) -> float:
    """CPU time of a call: the least of several rounds [us]."""
    call()
    rounds: list[float] = []
    for _ in range(REPEATS):
        start = time.process_time()
        for _ in range(calls):
            call()
        rounds.append((time.process_time() - start) / calls * 1e6)
    return min(rounds)


def fleet() -> dict[str, tuple[float, str, str]]:
    """The kernel of one step of all ports."""
    return {f"{n} ports": (_fleet_us(n), "us", f"bar {bar} us") for n, bar in ((15, 10), (1000, 60))}


def feeder() -> dict[str, tuple[float, str, str]]:
    """A zbus solve with all voltages, flows and loadings, the same by `runpp`, and sensitivities."""
    figures: dict[str, tuple[float, str, str]] = {}
    for name, bar_us in (("create_kerber_dorfnetz", 60), ("create_kerber_vorstadtnetz_kabel_1", 120)):
        net = load_network(f"pandapower:{name}", {}, Path())
        buses = [int(bus) for bus in net.load.bus[:50]]
        fast, runpp = (make_engine(engine, net, buses) for engine in ("zbus", "pandapower"))
        rng = random.Random(0)  # noqa: S311 - loads of a benchmark
        loads = [np.array([rng.uniform(-5, 10) for _ in buses]) for _ in range(64)]
        solve_us, runpp_us = (
            _solve_us(engine, loads, calls) for engine, calls in ((fast, 2000), (runpp, 20))
        )
        n, zero = len(buses), np.zeros(len(buses))
        watch = Watch(np.arange(n), zero, np.arange(len(net.bus)), np.arange(len(net.line) + len(net.trafo)))
        told_us = microseconds(lambda e=fast, p=loads[0], q=zero, w=watch: e.sensitivities(p, q, w), 50)
        size = f"{len(net.bus)} buses"
        figures[size] = (solve_us, "us", f"bar {bar_us} us")
        figures[f"{size}, runpp of pandapower"] = (runpp_us / 1e3, "ms", "")
        figures[f"{size}, times less CPU than runpp"] = (runpp_us / solve_us, "x", "bar 200")
        figures[f"{size}, sensitivities of all for {n} connections"] = (told_us / 1e3, "ms", "bar 5 ms")
    return figures


def _solve_us(engine: Engine, loads: list[np.ndarray], calls: int) -> float:
    turn, zero = iter(range(10**9)), np.zeros(len(loads[0]))
    return microseconds(lambda: engine.solve(loads[next(turn) % len(loads)], zero), calls)


def by_phase() -> dict[str, tuple[float, str, str]]:
    """A solve of all three phases of the European feeder: 55 houses, a port on one phase at each."""
    from pathlib import Path

    net = load_network("ieee_european_lv", {}, Path())
    buses = [int(bus) for bus in net.asymmetric_load.bus]
    engine = make_engine("power-grid-model", net, buses, [k % 3 + 1 for k in range(len(buses))])
    loads = np.random.default_rng(0).uniform(0.0, 4.0, (64, len(buses)))
    turn, zero = iter(range(10**9)), np.zeros(len(buses))
    used = microseconds(lambda: engine.solve(loads[next(turn) % 64], zero), 200)
    return {f"{len(net.bus)} buses, voltages, loadings and unbalance": (used / 1000.0, "ms", "bar 5 ms")}


def thermal() -> dict[str, tuple[float, str, str]]:
    """A step of 15 min of the transformers' heat with the ageing over it."""
    return {f"{n} transformers": (_thermal_us(n), "us", "") for n in (1, 14)}


def _thermal_us(n: int) -> float:
    loads = np.random.default_rng(0).uniform(0.1, 1.3, (64, n))
    parameters = thermal_preset("onan_distribution")
    state, turn = steady_state(parameters, loads[0], 20.0), iter(range(10**9))

    def call() -> None:
        step_with_ageing(parameters, state, loads[next(turn) % 64], 25.0, 15.0, "kraft")

    return microseconds(call, 2000)


def _fleet_us(n: int) -> float:
    rng = np.random.default_rng(0)
    capacity, limits, eta = np.full(n, 60.0), np.full(n, 20.0), np.full(n, 0.95)
    energy, power = capacity * rng.uniform(0.2, 0.9, n), np.zeros(n)
    clamped = np.zeros(n, dtype=np.int64)
    setpoint = rng.uniform(-20, 20, n)
    ports = Ports(np.full(n, UNIDIRECTIONAL), limits, limits, eta, eta, np.full(n, 3))
    cars = Standing(capacity, 0.1 * capacity, capacity.copy(), limits, limits, np.ones(n))
    outlets, shared = ports.outlets, shared_limits(ports, SiteRules())
    rules = StepRules(site_cap_kw=1e9, export_limit_kw=0.0, dt_h=0.25, taper_soc=NO_TAPER)

    def call() -> None:
        advance_ports(energy, power, clamped, setpoint, 100.0, cars, outlets, shared, rules)

    return microseconds(call, 2000)
