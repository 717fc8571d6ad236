"""The stack a user assembles from PyPI today, as the peer our own step is timed against.

mosaik + mosaik-csv + mosaik-pandapower-2, an EV and a controller simulator in the shape of the mosaik
tutorial (one entity each, scalar attributes, time-based), and an AC power flow every step on pandapower's
116-bus Kerber village.

    t           0                 900               1800
    homes       p(0)              p(900)            p(1800)      one CSV column, to all 57 house connections
    controller  limit(0)          limit(900)        ...          wish(900) was published by the EVSEs at 0
    evses       charge 0..900     charge 900..1800
    grid        flow(0)           flow(900)
    collector   evse_kw, Vm       evse_kw, Vm                    kept in memory, no result file

`python tests/benchmarks/stock_stack.py` prints the CPU time of a step over two working days.
"""

import csv
import math
import random
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import mosaik
import mosaik_api_v3
import numpy as np
import pandapower
from pandapower.networks import create_kerber_dorfnetz

N_EVSE = 15
MIDNIGHT = datetime(2024, 5, 6)  # a Monday; local wall clock, as mosaik-csv has no zones
WARM_UP_STEPS = 4
ENERGY_TOLERANCE_KWH = 1e-6

SIMULATORS: Any = {
    "Csv": {"python": "mosaik_csv:CSV"},
    "Grid": {"python": "mosaik_components.pandapower:Simulator"},
    "Evses": {"python": f"{__name__}:EvseSimulator"},
    "Controllers": {"python": f"{__name__}:ControllerSimulator"},
    "Collector": {"python": f"{__name__}:Collector"},
}


class Session(NamedTuple):
    """One stay at one EVSE, half-open in steps; the energy is counted at the grid side."""

    evse: int
    arrival_step: int
    departure_step: int
    energy_kwh: float
    p_max_kw: float = 20.0


class StockResult(NamedTuple):
    """What a run took and what it moved."""

    ms_per_step: float  # CPU time inside world.run [ms]
    steps: int
    power_flows: int
    needed_kwh: float  # asked for by all sessions
    feasible_kwh: float  # of it, what p_max_kw and the stay allow
    delivered_kwh: float
    v_min_pu: float  # over all buses and steps
    p_evse_max_kw: float  # highest sum over the EVSEs


# ------------------------------------------------------------------------------
# EVSEs: one entity each


class Evse:
    """One EVSE and its queue of sessions."""

    def __init__(self, sessions: Sequence[Session], dt_h: float) -> None:
        self.coming = deque(enumerate(sessions))
        self.dt_h = dt_h
        self.delivered_kwh = [0.0] * len(sessions)
        self.parked: tuple[int, Session] | None = None
        self.evse_kw = 0.0
        self.plug(0)

    @property
    def wish_kw(self) -> float:
        """Power the parked car would take now [kW]."""
        if self.parked is None:
            return 0.0
        i, session = self.parked
        return min(session.p_max_kw, (session.energy_kwh - self.delivered_kwh[i]) / self.dt_h)

    def charge(self, limit_kw: float) -> None:
        """Hold the allowed power for one step."""
        self.evse_kw = min(limit_kw, self.wish_kw)
        if self.parked is not None:
            self.delivered_kwh[self.parked[0]] += self.evse_kw * self.dt_h

    def plug(self, step: int) -> None:
        """Departures, then arrivals of this step."""
        if self.parked is not None and self.parked[1].departure_step <= step:
            self.parked = None
        if self.coming and self.coming[0][1].arrival_step <= step:
            self.parked = self.coming.popleft()


class EvseSimulator(mosaik_api_v3.Simulator):
    """mosaik adapter of the EVSEs: `limit_kw` in; out the power of this step and `wish_kw` of the next."""

    def __init__(self) -> None:
        super().__init__(
            {
                "api_version": "3.0",
                "type": "time-based",
                "models": {
                    "Evse": {
                        "public": True,
                        "params": ["sessions"],
                        "attrs": ["limit_kw", "wish_kw", "evse_kw", "p_mw"],
                    }
                },
                "extra_methods": ["get_delivered_kwh"],
            }
        )
        self.evses: dict[str, Evse] = {}

    def init(self, sid: str, time_resolution: float, step_s: int) -> Any:
        self.step_s = step_s
        return self.meta

    def create(self, num: int, model: str, sessions: Sequence[Session]) -> Any:
        made = []
        for _ in range(num):
            eid = f"Evse_{len(self.evses)}"
            evse = self.evses[eid] = Evse(sessions, self.step_s / 3600.0)
            made.append({"eid": eid, "type": model, "extra_info": {"wish_kw": evse.wish_kw}})
        return made

    def step(self, time: int, inputs: Any, max_advance: int) -> int:
        next_step = time // self.step_s + 1
        for eid, attrs in inputs.items():
            (limit_kw,) = attrs["limit_kw"].values()
            evse = self.evses[eid]
            evse.charge(limit_kw)
            evse.plug(next_step)
        return time + self.step_s

    def get_data(self, outputs: Any) -> Any:
        data: dict[str, dict[str, float]] = {}
        for eid, attrs in outputs.items():
            evse = self.evses[eid]
            values = {"wish_kw": evse.wish_kw, "evse_kw": evse.evse_kw, "p_mw": evse.evse_kw / 1000.0}
            data[eid] = {attr: values[attr] for attr in attrs}
        return data

    def get_delivered_kwh(self) -> dict[str, list[float]]:
        """Energy of every session, by EVSE [kWh]."""
        return {eid: evse.delivered_kwh for eid, evse in self.evses.items()}


# ------------------------------------------------------------------------------
# Controllers: one entity an EVSE, one cap over all


class ControllerSimulator(mosaik_api_v3.Simulator):
    """Every EVSE gets the same share of its wish, so that the sum stays under the cap."""

    def __init__(self) -> None:
        super().__init__(
            {
                "api_version": "3.0",
                "type": "time-based",
                "models": {"Controller": {"public": True, "params": [], "attrs": ["wish_kw", "limit_kw"]}},
            }
        )
        self.limit_kw: dict[str, float] = {}

    def init(self, sid: str, time_resolution: float, step_s: int, cap_kw: float) -> Any:
        self.step_s, self.cap_kw = step_s, cap_kw
        return self.meta

    def create(self, num: int, model: str) -> Any:
        eids = [f"Controller_{i}" for i in range(len(self.limit_kw), len(self.limit_kw) + num)]
        self.limit_kw.update(dict.fromkeys(eids, 0.0))
        return [{"eid": eid, "type": model} for eid in eids]

    def step(self, time: int, inputs: Any, max_advance: int) -> int:
        wish_kw = {eid: sum(attrs["wish_kw"].values()) for eid, attrs in inputs.items()}
        total_kw = sum(wish_kw.values())
        share = min(1.0, self.cap_kw / total_kw) if total_kw > 0.0 else 1.0
        self.limit_kw = {eid: share * kw for eid, kw in wish_kw.items()}
        return time + self.step_s

    def get_data(self, outputs: Any) -> Any:
        return {eid: {"limit_kw": self.limit_kw[eid]} for eid in outputs}


class Collector(mosaik_api_v3.Simulator):
    """Keeps what it is sent: the tutorial's collector, time-based and without its print-out."""

    def __init__(self) -> None:
        super().__init__(
            {
                "api_version": "3.0",
                "type": "time-based",
                "models": {"Monitor": {"public": True, "any_inputs": True, "params": [], "attrs": []}},
                "extra_methods": ["get_readings"],
            }
        )
        self.readings: list[dict[str, dict[str, float]]] = []

    def init(self, sid: str, time_resolution: float, step_s: int) -> Any:
        self.step_s = step_s
        return self.meta

    def create(self, num: int, model: str) -> Any:
        return [{"eid": "Monitor", "type": model}]

    def step(self, time: int, inputs: Any, max_advance: int) -> int:
        self.readings.append(inputs["Monitor"])
        return time + self.step_s

    def get_data(self, outputs: Any) -> Any:
        return {}

    def get_readings(self) -> list[dict[str, dict[str, float]]]:
        """One mapping a step: attribute, then source entity, then value."""
        return self.readings


# ------------------------------------------------------------------------------
# The run


class Flow(NamedTuple):
    """What one converged power flow saw."""

    load_kw: float
    v_min_pu: float


class Readings(NamedTuple):
    """What one world left behind, one row a step."""

    cpu_s: float
    flows: list[Flow]
    home_kw: np.ndarray  # one house connection
    homes: int
    evse_kw: np.ndarray  # (steps, N_EVSE)
    vm_pu: np.ndarray  # (steps, N_EVSE), at the buses of the EVSEs
    delivered_kwh: dict[str, list[float]]


def run_stock_stack(
    sessions: Sequence[Session],
    days: int,
    step_s: int = 900,
    *,
    cap_kw: float = math.inf,
    pf_options: Mapping[str, Any] | None = None,
) -> StockResult:
    """Run the stack, warm, and prove that it moved the energy and solved every step.

    Parameters
    ----------
    sessions : sequence of Session
        Stays at EVSEs 0..14; those at one EVSE must not overlap.
    days : int
        Length of the run [d].
    step_s : int
        Length of a step [s].
    cap_kw : float
        Proportional limit on the sum of the EVSEs; inf is uncontrolled charging [kW].
    pf_options : mapping, optional
        Given to `pandapower.set_user_pf_options`; None leaves the adapter its bare `runpp(net)`.
    """
    n_steps = days * 86_400 // step_s
    by_evse = _queues(sessions)
    net = _village()
    if pf_options:
        pandapower.runpp(net)  # init="results" starts from these
        pandapower.set_user_pf_options(net, **pf_options)
    _simulate(by_evse, deepcopy(net), WARM_UP_STEPS, step_s, cap_kw)
    seen = _simulate(by_evse, net, n_steps, step_s, cap_kw)
    feasible_kwh = _check_energy(by_evse, seen, n_steps, step_s, cap_kw)
    _check_flows(seen, n_steps)
    return StockResult(
        ms_per_step=1000.0 * seen.cpu_s / n_steps,
        steps=n_steps,
        power_flows=len(seen.flows),
        needed_kwh=sum(session.energy_kwh for session in sessions),
        feasible_kwh=feasible_kwh,
        delivered_kwh=sum(map(sum, seen.delivered_kwh.values())),
        v_min_pu=min(flow.v_min_pu for flow in seen.flows),
        p_evse_max_kw=float(seen.evse_kw.sum(axis=1).max()),
    )


def _simulate(by_evse: list[list[Session]], net: Any, n_steps: int, step_s: int, cap_kw: float) -> Readings:
    """Build a world and run it; only `world.run` is on the clock."""
    home_kw = _home_kw(n_steps, step_s)
    with (
        tempfile.TemporaryDirectory() as folder,
        mosaik.World(SIMULATORS, skip_greetings=True, configure_logging=False) as world,
    ):
        homes_csv = Path(folder, "homes.csv")
        _write_profile(homes_csv, home_kw, step_s)
        homes_sim = world.start(
            "Csv", sim_start=str(MIDNIGHT), datafile=str(homes_csv), date_format="%Y-%m-%d %H:%M:%S"
        )
        grid_sim = world.start("Grid", step_size=step_s)
        evse_sim = world.start("Evses", step_s=step_s)
        controller_sim = world.start("Controllers", step_s=step_s, cap_kw=cap_kw)
        collector_sim = world.start("Collector", step_s=step_s)

        grid = grid_sim.Grid(net=net)
        loads = [child for child in grid.children if child.type == "Load"]
        grid_sim.disable_elements([load.eid for load in loads])  # the homes of the CSV take their place
        bus_of = {child.extra_info["index"]: child for child in grid.children if child.type == "Bus"}
        load_buses = [bus_of[load.extra_info["bus"]] for load in loads]
        evse_buses = load_buses[:: len(load_buses) // N_EVSE + 1]

        homes = homes_sim.Homes()
        evses = [evse_sim.Evse(sessions=queue) for queue in by_evse]
        controllers = controller_sim.Controller.create(N_EVSE)
        monitor = collector_sim.Monitor()

        for bus in load_buses:
            world.connect(homes, bus, ("p_mw", "P_load[MW]"))
        for evse, controller, bus in zip(evses, controllers, evse_buses, strict=True):
            world.connect(
                evse,
                controller,
                "wish_kw",
                time_shifted=True,
                initial_data={"wish_kw": evse.extra_info["wish_kw"]},
            )
            world.connect(controller, evse, "limit_kw")
            world.connect(evse, bus, ("p_mw", "P_load[MW]"))
            world.connect(evse, monitor, "evse_kw")
            world.connect(bus, monitor, "Vm[pu]")

        with _watched_flows() as flows:
            start_s = time.process_time()
            world.run(until=n_steps * step_s, print_progress=False)
            cpu_s = time.process_time() - start_s

        readings = collector_sim.get_readings()
        return Readings(
            cpu_s=cpu_s,
            flows=flows,
            home_kw=home_kw,
            homes=len(load_buses),
            evse_kw=np.array([[row["evse_kw"][evse.full_id] for evse in evses] for row in readings]),
            vm_pu=np.array([[row["Vm[pu]"][bus.full_id] for bus in evse_buses] for row in readings]),
            delivered_kwh=evse_sim.get_delivered_kwh(),
        )


def _queues(sessions: Sequence[Session]) -> list[list[Session]]:
    """Sessions by EVSE, in order of arrival."""
    queues: list[list[Session]] = [[] for _ in range(N_EVSE)]
    for session in sorted(sessions, key=lambda one: one.arrival_step):
        if not 0 <= session.evse < N_EVSE:
            raise ValueError(f"{session}: evse outside 0..{N_EVSE - 1}")
        if not 0 <= session.arrival_step < session.departure_step:
            raise ValueError(f"{session}: must arrive at step 0 or later and before it departs")
        queue = queues[session.evse]
        if queue and queue[-1].departure_step > session.arrival_step:
            raise ValueError(f"{session}: overlaps {queue[-1]}")
        queue.append(session)
    return queues


def _village() -> Any:
    """The 116-bus Kerber village; pandapower draws its cable types from the global generator, so pin it."""
    state = random.getstate()
    random.seed(0)
    try:
        return create_kerber_dorfnetz()
    finally:
        random.setstate(state)


def _home_kw(n_steps: int, step_s: int) -> np.ndarray:
    """A smooth house: base load, a small bump at 8 h, a large one at 19 h [kW]."""
    hour = np.arange(n_steps) * step_s / 3600.0 % 24.0
    return 0.4 + 0.6 * np.exp(-(((hour - 8.0) / 1.5) ** 2)) + 1.2 * np.exp(-(((hour - 19.0) / 2.5) ** 2))


def _write_profile(path: Path, home_kw: np.ndarray, step_s: int) -> None:
    """A file as mosaik-csv wants it: model name, header, one row a step."""
    with path.open("w", newline="") as file:
        file.write("Homes\n")
        rows = csv.writer(file)
        rows.writerow(["time", "p_mw"])
        for step, kw in enumerate(home_kw.tolist()):
            rows.writerow([MIDNIGHT + timedelta(seconds=step * step_s), kw / 1000.0])


@contextmanager
def _watched_flows() -> Iterator[list[Flow]]:
    """Note what every `pandapower.runpp` solved, at some 0.03 ms a call."""
    runpp, flows = pandapower.runpp, []

    def watched(net: Any, *args: Any, **kwargs: Any) -> None:
        runpp(net, *args, **kwargs)
        flows.append(
            Flow(
                1000.0 * float(net.res_load.p_mw.to_numpy().sum()), float(net.res_bus.vm_pu.to_numpy().min())
            )
        )

    pandapower.runpp = watched
    try:
        yield flows
    finally:
        pandapower.runpp = runpp


def _check_energy(
    by_evse: list[list[Session]], seen: Readings, n_steps: int, step_s: int, cap_kw: float
) -> float:
    """Every session got what was feasible, less only under a binding cap, and the EVSEs metered the same.

    Returns the feasible energy of all sessions [kWh].
    """
    dt_h = step_s / 3600.0
    cap_bound = bool((seen.evse_kw.sum(axis=1) > cap_kw - 1e-6).any())
    total_kwh = 0.0
    for queue, delivered in zip(by_evse, seen.delivered_kwh.values(), strict=True):
        for session, kwh in zip(queue, delivered, strict=True):
            stay_h = max(0, min(session.departure_step, n_steps) - session.arrival_step) * dt_h
            feasible = min(session.energy_kwh, session.p_max_kw * stay_h)
            total_kwh += feasible
            if kwh > feasible + ENERGY_TOLERANCE_KWH or (
                not cap_bound and kwh < feasible - ENERGY_TOLERANCE_KWH
            ):
                raise RuntimeError(f"{session}: {kwh} kWh delivered, {feasible} kWh feasible")
    metered_kwh = seen.evse_kw.sum(axis=0) * dt_h
    delivered_kwh = [sum(delivered) for delivered in seen.delivered_kwh.values()]
    if not np.allclose(metered_kwh, delivered_kwh, rtol=0.0, atol=ENERGY_TOLERANCE_KWH):
        raise RuntimeError(f"EVSEs metered {metered_kwh} kWh, cars took {delivered_kwh} kWh")
    if (seen.evse_kw.sum(axis=1) > cap_kw + 1e-6).any():
        raise RuntimeError(f"EVSEs above their cap of {cap_kw} kW")
    return total_kwh


def _check_flows(seen: Readings, n_steps: int) -> None:
    """One AC flow a step, each with the load of its own step, and the voltage falls when the load rises."""
    if len(seen.flows) != n_steps:
        raise RuntimeError(f"{len(seen.flows)} power flows in {n_steps} steps")
    load_kw, v_min_pu = np.array(seen.flows).T
    expected_kw = seen.homes * seen.home_kw + seen.evse_kw.sum(axis=1)
    if not np.allclose(load_kw, expected_kw, rtol=0.0, atol=1e-6):
        raise RuntimeError("the power flows did not carry the homes and the EVSEs of their step")
    busiest, quietest = load_kw.argmax(), load_kw.argmin()
    for name, vm_pu in (("lowest", v_min_pu), ("EVSE", seen.vm_pu.mean(axis=1))):
        if not vm_pu[busiest] < vm_pu[quietest] - 1e-3:
            raise RuntimeError(f"{name} voltage does not answer to the load")


def workday_sessions(days: int, step_s: int = 900, seed: int = 1) -> list[Session]:
    """One stay an EVSE and day: arrival 7 to 8 h, 8 h long, 10 to 20 kWh."""
    rng = np.random.default_rng(seed)
    per_hour = 3600 // step_s
    sessions = []
    for day in range(days):
        arrivals = (24 * day + 7) * per_hour + rng.integers(0, per_hour + 1, N_EVSE)
        needs_kwh = rng.uniform(10.0, 20.0, N_EVSE)
        sessions += [
            Session(evse, arrival, arrival + 8 * per_hour, kwh)
            for evse, (arrival, kwh) in enumerate(zip(arrivals.tolist(), needs_kwh.tolist(), strict=True))
        ]
    return sessions


if __name__ == "__main__":
    for label, options in (("as its README says", None), ("flow started from the last", {"init": "results"})):
        result = run_stock_stack(workday_sessions(days=2), days=2, pf_options=options)
        print(
            f"{label}: {result.ms_per_step:.1f} ms of CPU a step; "
            f"{result.power_flows} flows in {result.steps} steps, "
            f"{result.delivered_kwh:.1f} of {result.needed_kwh:.1f} kWh delivered, "
            f"up to {result.p_evse_max_kw:.0f} kW, lowest voltage {result.v_min_pu:.4f} pu"
        )
