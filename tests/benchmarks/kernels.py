"""The compiled inner loops alone."""

import random
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from sims.feeder.network import load_network
from sims.feeder.powerflow import Engine, make_engine
from sims.feeder.sensitivity import Watch
from sims.fleet.battery import NO_TAPER, advance_ports

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


def _fleet_us(n: int) -> float:
    rng = np.random.default_rng(0)
    capacity = np.full(n, 60.0)
    energy, power = capacity * rng.uniform(0.2, 0.9, n), np.zeros(n)
    clamped = np.zeros(n, dtype=np.int64)
    setpoint = rng.uniform(-20, 20, n)
    ones, limits = np.ones(n), np.full(n, 20.0)
    uncontrolled = np.zeros(n, dtype=np.bool_)
    floor, ceiling, eta = 0.1 * capacity, capacity.copy(), np.full(n, 0.95)

    def call() -> None:
        advance_ports(
            energy,
            power,
            clamped,
            setpoint,
            capacity,
            floor,
            ceiling,
            limits,
            limits,
            ones,
            uncontrolled,
            eta,
            eta,
            100.0,
            1e9,
            False,
            0.25,
            NO_TAPER,
        )

    return microseconds(call, 2000)
