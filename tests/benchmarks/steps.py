"""What a step of the whole co-simulation costs, and where it goes."""

import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mosaik

from cosim.orchestrate import simulate
from cosim.results.recorder import RecorderSimulator
from cosim.results.writer import RunWriter
from cosim.run_header import run_header
from cosim.scenario.inputs import Inputs, read_inputs
from cosim.scenario.load import load_scenario
from sims.fleet.evse import ASSIGNMENTS
from sims.fleet.stays import plan_stays
from sims.vector import VectorSimulator
from tests.benchmarks.stock_stack import N_EVSE, Session, run_stock_stack

SCENARIOS = Path(__file__).parents[2] / "scenarios" / "benchmarks"
KERBER, SCHUTTERWALD = SCENARIOS / "kerber.toml", SCENARIOS / "schutterwald.toml"
SITE = "sites.car_park"
PARTS = ("building", "signals", "control", "fleet", "feeder", "recorder")
STOCK_DAYS = 3
REPEATS = 3


def villages() -> dict[str, tuple[float, str, str]]:
    """CPU time per step with 15, 100 and 1,000 ports, and its split."""
    figures: dict[str, tuple[float, str, str]] = {}
    for n_ports, bar in ((15, "bar 1.0 ms"), (100, ""), (1000, "bar 2.0 ms")):
        inputs = village(n_ports, 28)
        total = min(step_ms(inputs)["total"] for _ in range(REPEATS))
        figures[f"{n_ports} ports"] = (total, "ms", bar)
        split = step_ms(inputs, watched=True)
        for part in ("mosaik", *PARTS):
            figures[f"{n_ports} ports, of it {part} (while watched)"] = (split[part], "ms", "")
    return figures


def town() -> dict[str, tuple[float, str, str]]:
    """A day of schutterwald's 2,940 buses: CPU time per step, and of it the feeder's; reading it once."""
    start = time.process_time()
    inputs = read_inputs(load_scenario(SCHUTTERWALD))
    reading_s = time.process_time() - start
    runs = [step_ms(inputs, watched=True) for _ in range(REPEATS)]
    best = min(runs, key=lambda split: split["total"])
    return {
        "2,940 buses, 10 sites, 40 ports (while watched)": (best["total"], "ms", ""),
        "of it feeder": (best["feeder"], "ms", ""),
        "of it mosaik": (best["mosaik"], "ms", ""),
        "reading network and scenario": (reading_s, "s", ""),
    }


def against_stock() -> dict[str, tuple[float, str, str]]:
    """Both stacks on 15 ports of the village, with the same sessions."""
    inputs = village(N_EVSE, STOCK_DAYS)
    sessions = stock_sessions(inputs)
    ours, plain, warm = [], [], []
    for _ in range(REPEATS):  # in turn, so that a slower spell of the machine meets all of them
        ours.append(step_ms(inputs)["total"])
        plain.append(run_stock_stack(sessions, STOCK_DAYS))
        warm.append(run_stock_stack(sessions, STOCK_DAYS, pf_options={"init": "results"}))
    own_ms, run = min(ours), plain[0]
    plain_ms, warm_ms = (min(done.ms_per_step for done in runs) for runs in (plain, warm))
    return {
        "gridpark": (own_ms, "ms", ""),
        "stack from PyPI as its documents say": (plain_ms, "ms", "fair within 15..60 ms"),
        "stack from PyPI, power flow started warm": (warm_ms, "ms", ""),
        "energy its cars got": (run.delivered_kwh, "kWh", f"of {run.feasible_kwh:.1f} feasible"),
        "power flows it ran": (run.power_flows, "flows", f"in {run.steps} steps"),
        "times less CPU, as documented": (plain_ms / own_ms, "x", "bar 30"),
        "times less CPU, started warm": (warm_ms / own_ms, "x", ""),
    }


def village(n_ports: int, days: int) -> Inputs:
    """The kerber scenario with another number of ports and days."""
    bidirectional = n_ports // 3
    scenario = load_scenario(
        KERBER,
        [
            f"days={days}",
            f"{SITE}.chargers.0.count={n_ports - bidirectional}",
            f"{SITE}.chargers.1.count={bidirectional}",
        ],
    )
    return read_inputs(scenario)


def step_ms(inputs: Inputs, *, watched: bool = False) -> dict[str, float]:
    """CPU time per step inside `world.run`, and with `watched` the share of each simulator [ms]."""
    spent: dict[str, float] = defaultdict(float)
    header = run_header(inputs)
    with (
        tempfile.TemporaryDirectory() as folder,
        _timed_run(spent),
        _timed_parts(spent, watched),
        RunWriter(Path(folder) / "run.h5", header) as writer,
    ):
        simulate(inputs, header, writer, window_days=inputs.scenario.days)
    ours = sum(spent[part] for part in PARTS)
    spent["mosaik"] = spent["total"] - ours
    return {part: 1000.0 * seconds / inputs.clock.n_steps for part, seconds in spent.items()}


def stock_sessions(inputs: Inputs) -> list[Session]:
    """The scenario's sessions as the stock stack takes them: metered energy, whole steps."""
    (site,) = inputs.sites
    clock, sessions = inputs.clock, site.sessions
    stays = plan_stays(
        sessions,
        site.ports,
        ASSIGNMENTS[site.site.fleet.assignment],
        start_s=clock.start_s,
        step_s=clock.step_s,
        n_steps=clock.n_steps,
    )
    need_kwh = (sessions.soc_required - sessions.soc_arrival) * sessions.capacity_kwh / 0.95
    return [
        Session(
            int(stays.evse[i]), int(stays.first_step[i]), int(stays.end_step[i]), float(need_kwh[i]), 11.0
        )
        for i in range(len(sessions))
        if stays.evse[i] >= 0
    ]


@contextmanager
def _timed_run(spent: dict[str, float]) -> Iterator[None]:
    plain = mosaik.World.run

    def timed(world: mosaik.World, *args: Any, **kwargs: Any) -> None:
        start = time.process_time()
        plain(world, *args, **kwargs)
        spent["total"] += time.process_time() - start

    mosaik.World.run = timed  # type: ignore[method-assign]
    try:
        yield
    finally:
        mosaik.World.run = plain  # type: ignore[method-assign]


@contextmanager
def _timed_parts(spent: dict[str, float], watched: bool) -> Iterator[None]:
    """Put a stop-watch round `step` and `get_data` of every simulator of ours."""
    if not watched:
        yield
        return
    plain = [
        (owner, name, getattr(owner, name))
        for owner in (VectorSimulator, RecorderSimulator)
        for name in ("step", "get_data")
    ]
    for owner, name, method in plain:
        setattr(owner, name, _stop_watch(method, spent))
    try:
        yield
    finally:
        for owner, name, method in plain:
            setattr(owner, name, method)


def _stop_watch(method: Any, spent: dict[str, float]) -> Any:
    def timed(simulator: Any, *args: Any, **kwargs: Any) -> Any:
        start = time.process_time()
        answer = method(simulator, *args, **kwargs)
        part = type(simulator).__name__.removesuffix("Simulator").lower()
        spent[part] += time.process_time() - start
        return answer

    # mosaik looks at the argument names of `step`
    timed.__wrapped__ = method
    return timed
