"""Small car parks for the fleet's tests: a car is a dict, its hours count from the start of the run."""

from typing import Any

import numpy as np

from sims.fleet.evse import KINDS, Assignment, Ports, fcfs
from sims.fleet.fleet import Fleet, SiteRules
from sims.fleet.sessions import Sessions
from sims.fleet.stays import plan_stays

CAR: dict[str, Any] = {
    "capacity_kwh": 60.0,
    "soc_arrival": 0.5,
    "soc_required": 0.8,
    "soc_min": 0.1,
    "soc_max": 1.0,
    "p_charge_max_kw": np.inf,
    "p_discharge_max_kw": np.inf,
    "phases": 3,
}


def car(name: str, arrival_h: float, departure_h: float, declared_h: float | None = None, **other) -> dict:
    """A session; `declared_h` is the departure the driver declared, by default the true one."""
    declared_s = round(3600 * (departure_h if declared_h is None else declared_h))
    return CAR | {
        "session_id": name,
        "vehicle_id": name,
        "station": "",
        "arrival_s": round(3600 * arrival_h),
        "departure_s": round(3600 * departure_h),
        "window_start_s": declared_s,
        "window_end_s": declared_s,
        **other,
    }


def table(*cars: dict) -> Sessions:
    """Sessions of cars; none at all is fine too."""
    columns = {name: [one[name] for one in cars] for name in car("", 0, 0)}
    text = ("session_id", "vehicle_id", "station")
    return Sessions(**{k: tuple(v) if k in text else np.array(v, _dtype(k)) for k, v in columns.items()})


def make_ports(
    *kinds: str, p_max_kw: float = 20.0, eta_charge: float = 1.0, eta_discharge: float = 1.0
) -> Ports:
    """Ports by kind: "u"ncontrolled, "c"ontrolled unidirectional, "b"idirectional."""
    kind = np.array(["ucb".index(letter) for letter in kinds], dtype=np.int64)
    n = len(kind)
    return Ports(
        kind=kind,
        p_max_kw=np.full(n, p_max_kw),
        p_discharge_max_kw=np.where(kind == KINDS.index("bidirectional"), p_max_kw, 0.0),
        eta_charge=np.full(n, eta_charge),
        eta_discharge=np.full(n, eta_discharge),
        phases=np.full(n, 3),
    )


def make_fleet(
    sessions: Sessions,
    ports: Ports,
    n_steps: int,
    *,
    step_s: int = 900,
    assignment: Assignment = fcfs,
    rules: SiteRules | None = None,
    start_s: int = 0,
) -> Fleet:
    """A fleet at the start of its first step."""
    stays = plan_stays(sessions, ports, assignment, start_s=start_s, step_s=step_s, n_steps=n_steps)
    return Fleet(sessions, stays, ports, rules or SiteRules(), start_s=start_s, step_s=step_s)


def _dtype(name: str) -> type:
    return np.int64 if name.endswith("_s") or name == "phases" else np.float64
