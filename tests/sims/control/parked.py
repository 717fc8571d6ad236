"""Cars at ports, as a policy sees them: one line a car, so that a test can be worked by hand.

All ports give 20 kW, store 0.9 of what they take and give back 0.8 of what leaves the battery.
"""

from dataclasses import dataclass, fields

import numpy as np

from sims.control.policy import Floats, Observation, Policy, SiteInfo
from sims.forecast import Forecast

HOUR_S = 3600.0
P_MAX_KW, ETA_CHARGE, ETA_DISCHARGE = 20.0, 0.9, 0.8
DEARER_LATER = Forecast("price_per_kwh", 0.0, 900, np.linspace(0.14, 0.3, 96), 96, "published", False)


@dataclass(frozen=True)
class Car:
    """A parked car; `leaves_h` is the declared departure. `None` in a row of cars is a free port."""

    energy_kwh: float = 20.0
    required_kwh: float = 40.0
    leaves_h: float = 4.0
    session: int = 0
    arrived_h: float = -1.0
    kind: str = "bidirectional"
    floor_kwh: float = 6.0
    ceiling_kwh: float = 60.0
    capacity_kwh: float = 60.0


def site_of(cars: tuple[Car | None, ...], **facts: object) -> SiteInfo:
    """Site with a port for each car; a free port is unidirectional."""
    kind = np.array([car.kind if car else "unidirectional" for car in cars], dtype=np.str_)
    n, bidirectional = len(cars), kind == "bidirectional"
    known = {"site_cap_kw": np.inf, "export_limit_kw": 0.0, "building_peak_kw": 100.0} | facts
    return SiteInfo(
        step_s=900,
        p_max_kw=np.full(n, P_MAX_KW),
        p_discharge_max_kw=np.where(bidirectional, P_MAX_KW, 0.0),
        controllable=kind != "uncontrolled",
        bidirectional=bidirectional,
        eta_charge=np.full(n, ETA_CHARGE),
        eta_discharge=np.full(n, ETA_DISCHARGE),
        p_min_kw=np.zeros(n),
        steps_kw=np.zeros((n, 0)),
        station_index=np.full(n, -1),
        station_limit_kw=np.full(n, np.inf),
        in_set=np.zeros((n, 0), dtype=np.bool_),
        set_limit_kw=(),
        **known,
    )


def seen_of(cars: tuple[Car | None, ...], **facts: object) -> Observation:
    """What is seen at time 0 of these cars."""
    known = {"building_kw": 0.0, "running_peak_kw": 0.0, "time_s": 0.0} | facts
    prices = {"price_per_kwh": 0.14, "export_price_per_kwh": 0.0, "forecasts": {"price": DEARER_LATER}}

    def column(name: str) -> Floats:
        return np.array([getattr(car, name) if car else 0.0 for car in cars], dtype=np.float64)

    occupied = np.array([car is not None for car in cars], dtype=np.bool_)
    bidirectional = np.array([car is not None and car.kind == "bidirectional" for car in cars])
    seen = Observation(
        co2_g_per_kwh=300.0,
        in_demand_window=True,
        transformer_loading_percent=np.nan,
        vm_min_pu=np.nan,
        session=np.array([car.session if car else -1 for car in cars], dtype=np.int64),
        occupied=occupied,
        **{name: column(name) for name in ("energy_kwh", "capacity_kwh", "required_kwh")},
        **{name: column(name) for name in ("floor_kwh", "ceiling_kwh")},
        charge_max_kw=np.where(occupied, P_MAX_KW, 0.0),
        discharge_max_kw=np.where(bidirectional, P_MAX_KW, 0.0),
        arrival_s=column("arrived_h") * HOUR_S,
        window_start_s=column("leaves_h") * HOUR_S,
        window_end_s=column("leaves_h") * HOUR_S,
        **(prices | known),
    )
    for entry in fields(seen):
        if isinstance(array := getattr(seen, entry.name), np.ndarray):
            array.flags.writeable = False
    return seen


def answer(
    policy: Policy, *cars: Car | None, site: dict[str, object] | None = None, **facts: object
) -> Floats:
    """What the policy asks of these cars at time 0."""
    policy.reset(site_of(cars, **(site or {})), np.random.default_rng(0))
    return policy.act(seen_of(cars, **facts))
