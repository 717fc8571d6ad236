"""Small scenarios on disk, and policies that watch, wait, guess, remember and fail.

A site is the dict of its TOML section, with `load_kw` (one value a step) and `cars` in place of files;
a car is a dict whose hours count from the start of the run.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import numpy as np
import tomli_w

from cosim import Run, load_scenario, run
from cosim.orchestrate import simulate
from cosim.run_header import run_header
from cosim.scenario.inputs import Inputs, read_inputs
from sims.clock import Clock
from sims.control.policy import Observation, Policy, SiteInfo
from sims.control.rules import LeastLaxityFirst

MONDAY = datetime(2019, 6, 3)
CALIFORNIA = "America/Los_Angeles"
FLAT_PRICE = 0.15
SESSION_COLUMNS = (
    *("session_id", "vehicle_id", "arrival", "departure", "window_start", "window_end", "capacity_kwh"),
    *("soc_arrival", "soc_required", "soc_min", "soc_max", "p_charge_max_kw", "p_discharge_max_kw", "phases"),
)


def car(name: str, arrival_h: float, departure_h: float, declared_h: float | None = None, **other) -> dict:
    """A session; `declared_h` is the departure its driver declared, by default the true one."""
    usual = {"capacity_kwh": 60.0, "soc_arrival": 0.4, "soc_required": 0.8}
    declared_h = departure_h if declared_h is None else declared_h
    return usual | {"session_id": name, "hours": (arrival_h, departure_h, declared_h)} | other


def ports(count: int = 2, kind: str = "bidirectional", p_max_kw: float = 11.0, **other) -> dict:
    """A group of ports."""
    return {"count": count, "kind": kind, "p_max_kw": p_max_kw, **other}


def site(
    load_kw: Iterable[float] | float | None = 50.0,
    cars: Sequence[Mapping[str, Any]] = (),
    chargers: Sequence[Mapping[str, Any]] = (),
    policy: str | Mapping[str, Any] = "llf",
    *,
    name: str = "office",
    building: Mapping[str, Any] | None = None,
    **other,
) -> dict:
    """A site at the main board with the hourly tariff below; `load_kw` may be one value for all steps."""
    usual = {"connection": "main_board", "tariff": "hourly.toml"}
    own = {"chargers": [dict(group) for group in chargers], "policy": _policy(policy), "name": name}
    return usual | own | {"load_kw": load_kw, "cars": list(cars), "building": dict(building or {})} | other


def _policy(policy: str | Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(policy, str):
        return dict(policy)
    return {"name": policy} | ({"peak_threshold_kw": 60.0} if policy in {"edf", "llf"} else {})


@dataclass(frozen=True)
class Small:
    """When a scenario runs, on which feeder, and further tables of it (weather, location)."""

    start: datetime = MONDAY
    days: int = 1
    step_minutes: int = 15
    zone: str = CALIFORNIA
    seed: int = 1
    feeder: Mapping[str, Any] = field(default_factory=lambda: {"network": "office_site"})
    tables: Mapping[str, Any] = field(default_factory=dict)

    @property
    def clock(self) -> Clock:
        """Its time axis."""
        return Clock.from_local(self.start, self.days, 60 * self.step_minutes, self.zone)

    @property
    def n_steps(self) -> int:
        """Its number of steps [-]."""
        return self.clock.n_steps


def write(folder: Path, *sites: Mapping[str, Any], when: Small | None = None) -> Path:
    """Write a scenario with all its files into `folder`; give the path of the scenario file."""
    when = when or Small()
    folder.mkdir(parents=True, exist_ok=True)
    window_minutes = max(15, when.step_minutes)
    (folder / "hourly.toml").write_text(tomli_w.dumps(hourly_tariff(window_minutes)))
    (folder / "flat.toml").write_text(tomli_w.dumps(flat_tariff(window_minutes)))
    scenario = {
        "name": "small",
        "start": when.start,
        "days": when.days,
        "step_minutes": when.step_minutes,
        "timezone": when.zone,
        "seed": when.seed,
        "feeder": dict(when.feeder),
        **when.tables,
        "sites": [_written(folder, one, when.clock) for one in sites],
    }
    path = folder / "small.toml"
    path.write_text(tomli_w.dumps(scenario))
    return path


def _written(folder: Path, one: Mapping[str, Any], clock: Clock) -> dict[str, Any]:
    section = {key: value for key, value in one.items() if key not in {"load_kw", "cars", "building"}}
    name, load_kw = section["name"], one["load_kw"]
    if load_kw is not None:
        power = np.broadcast_to(np.asarray(load_kw, dtype=float), clock.n_steps)
        at = [utc(second) for second in clock.epoch_s().tolist()]
        rows = [f"{time},{kw!r}" for time, kw in zip(at, power.tolist(), strict=True)]
        (folder / f"{name}_load.csv").write_text("\n".join(["time,kw", *rows, ""]))
        section["building"] = {"profile": f"{name}_load.csv", **one["building"]}
    if one["chargers"] or one["cars"]:
        rows = [_row(described, clock) for described in one["cars"]]
        (folder / f"{name}_cars.csv").write_text("\n".join([",".join(SESSION_COLUMNS), *rows, ""]))
        section["fleet"] = {"sessions": f"{name}_cars.csv", **section.get("fleet", {})}
    return section


def _row(described: Mapping[str, Any], clock: Clock) -> str:
    arrival_h, departure_h, declared_h = described["hours"]
    hours = (
        ("arrival", arrival_h),
        ("departure", departure_h),
        ("window_start", declared_h),
        ("window_end", declared_h),
    )
    times = {name: utc(clock.start_s + round(3600 * hour)) for name, hour in hours}
    return ",".join(str({**described, **times}.get(column, "")) for column in SESSION_COLUMNS)


def utc(epoch_s: float) -> str:
    """An instant as our files write it."""
    return datetime.fromtimestamp(epoch_s, UTC).isoformat()


def hourly_tariff(window_minutes: int) -> dict[str, Any]:
    """A price of its own for every local hour, 0.10 + 0.01 h, and a charge on the demand by day."""
    hours = [
        {"name": f"h{hour:02d}", "price_per_kwh": hourly_price(hour), "hours": [[hour, hour + 1]]}
        for hour in range(24)
    ]
    return {
        "name": "hourly",
        "currency": "USD",
        "source": "made for tests",
        "demand_window_minutes": window_minutes,
        "energy": hours,
        "demand": [{"name": "day", "price_per_kw": 10.0, "hours": [[6, 22]]}],
    }


def flat_tariff(window_minutes: int) -> dict[str, Any]:
    """0.15 for every kWh at any time, nothing for demand."""
    return {
        "name": "flat",
        "currency": "USD",
        "source": "made for tests",
        "demand_window_minutes": window_minutes,
        "energy": [{"name": "energy", "price_per_kwh": FLAT_PRICE}],
    }


def hourly_price(hour: int) -> float:
    """Price of a local clock hour [1/kWh]."""
    return round(0.10 + 0.01 * hour, 2)


def policy_of(kind: type[Policy], **parameters) -> dict[str, Any]:
    """Policy section that names a class of this file."""
    return {"name": f"{__name__}:{kind.__name__}", **parameters}


class Idle(Policy):
    """Asks for nothing."""

    def act(self, seen: Observation) -> np.ndarray:
        return np.zeros(len(seen.session))


class Asking(Policy):
    """Asks the same power of every port, car or not."""

    def __init__(self, *, p_kw: float = 11.0) -> None:
        self.p_kw = p_kw

    def act(self, seen: Observation) -> np.ndarray:
        return np.full(len(seen.session), self.p_kw)


class Guessing(Policy):
    """Asks for anything up to twice what the ports can do, either way."""

    def act(self, seen: Observation) -> np.ndarray:
        return 2.0 * self.site.p_max_kw * self.rng.uniform(-1.0, 1.0, len(seen.session))


class Watching(LeastLaxityFirst):
    """Least laxity first that keeps every observation, with what it answered."""

    seen: ClassVar[list[tuple[Observation, np.ndarray]]] = []

    def act(self, seen: Observation) -> np.ndarray:
        answer = super().act(seen)
        self.seen.append((seen, answer))
        return answer


class Remembering(Policy):
    """Answers from all it has ever seen and drawn: a memory that is lost or doubled shows at once."""

    def reset(self, site: SiteInfo, rng: np.random.Generator) -> None:
        super().reset(site, rng)
        self.sum_kw, self.decisions, self.peak_kw = 0.0, 0, 0.0

    def act(self, seen: Observation) -> np.ndarray:
        self.sum_kw += seen.building_kw
        self.decisions += 1
        self.peak_kw = max(self.peak_kw, seen.running_peak_kw)
        known = [self.sum_kw, self.peak_kw, seen.transformer_loading_percent, seen.vm_min_pu]
        share = math.sin(sum(value for value in known if math.isfinite(value))) + self.rng.uniform(-0.2, 0.2)
        return share * self.site.p_max_kw

    def get_state(self) -> dict[str, Any]:
        return {"sum_kw": self.sum_kw, "decisions": self.decisions, "peak_kw": self.peak_kw}

    def set_state(self, state: Mapping[str, Any]) -> None:
        self.sum_kw, self.decisions, self.peak_kw = state["sum_kw"], state["decisions"], state["peak_kw"]


ANSWERS: dict[str, Callable[[int], Any]] = {
    "nan": lambda n: np.full(n, np.nan),
    "inf": lambda n: np.full(n, np.inf),
    "short": lambda n: np.zeros(n - 1),
    "text": lambda n: ["full"] * n,
    "none": lambda n: None,
}


class Failing(Policy):
    """Raises or answers nonsense from a step on."""

    def __init__(self, *, at_s: int, how: str = "raise") -> None:
        self.at_s, self.how = at_s, how

    def act(self, seen: Observation) -> np.ndarray:
        if seen.time_s < self.at_s:
            return np.zeros(len(seen.session))
        if self.how == "raise":
            raise KeyError("no such car")
        return ANSWERS[self.how](len(seen.session))


class Meddling(Policy):
    """Wants to change what it is shown."""

    def act(self, seen: Observation) -> np.ndarray:
        seen.energy_kwh[:] = seen.capacity_kwh
        return np.zeros(len(seen.session))


class Unready(Policy):
    """Fails before the first step."""

    def reset(self, site: SiteInfo, rng: np.random.Generator) -> None:
        raise ValueError("no forecast")

    def act(self, seen: Observation) -> np.ndarray:
        return np.zeros(len(seen.session))


class Kept:
    """Takes the segments of a run in memory, as `RunWriter` takes them on disk."""

    def __init__(self) -> None:
        self.segments: list[Mapping[str, np.ndarray]] = []

    def write_segment(self, first_step: int, blocks: Mapping[str, np.ndarray]) -> None:
        self.segments.append(blocks)

    def write_checkpoint(self, saved: Mapping[str, Any]) -> None:
        """Nothing is resumed from memory."""


Series = dict[str, np.ndarray]


def simulated(inputs: Inputs, window_days: int = 28) -> tuple[Series, dict[str, Any]]:
    """Every series of a run by path, and the outcome by site, without a file."""
    kept = Kept()
    outcome = simulate(inputs, run_header(inputs), kept, window_days=window_days)  # type: ignore[arg-type]
    return {
        path: np.concatenate([part[path] for part in kept.segments]) for path in kept.segments[0]
    }, outcome


def read(folder: Path, *sites: Mapping[str, Any], when: Small | None = None) -> Inputs:
    """Inputs of a scenario written into `folder`."""
    return read_inputs(load_scenario(write(folder, *sites, when=when)), allow_code=True)


def ran(folder: Path, *sites: Mapping[str, Any], when: Small | None = None, **how) -> Run:
    """Run of a scenario written into `folder`, with its result there; an older one is replaced."""
    scenario = load_scenario(write(folder, *sites, when=when))
    return run(scenario, folder / "result.h5", overwrite=True, allow_code=True, **how)


def fingerprint(path: Path) -> str:
    """What tells two files apart."""
    return sha256(path.read_bytes()).hexdigest()


def local_hours(clock: Clock) -> list[int]:
    """Local clock hour in which each step starts, from the instants alone."""
    zone = ZoneInfo(clock.zone)
    return [datetime.fromtimestamp(second, zone).hour for second in clock.epoch_s().tolist()]
