"""The contract of every policy: what it sees, what it answers, what it may keep.

A policy is a class with a keyword-only constructor (its parameters, with defaults), `reset` before
the first step and `act` at every decision. It sees an `Observation` and nothing else: no scenario,
no future session, no true departure. `sims.control.check_policy` tests any class against this page.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from sims.control.limits import Limits
from sims.fleet.evse import BIDIRECTIONAL, UNCONTROLLED, Ports
from sims.forecast import Forecast
from sims.signals.response.events import Event

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

EN50160_LOWEST_PU = 0.9


@dataclass(frozen=True, slots=True)
class SiteInfo:
    """What a policy knows of its site before the first step.

    Parameters
    ----------
    step_s : int
        Length of a step [s].
    p_max_kw, p_discharge_max_kw : floats, shape (n,)
        Limits of the ports, both positive [kW].
    controllable, bidirectional : bools, shape (n,)
        Ports that listen to setpoints; ports that may discharge.
    eta_charge, eta_discharge : floats, shape (n,)
        Efficiencies, at full power where they depend on it [-].
    p_min_kw : floats, shape (n,)
        Least charging power a port can be set to, 0 for none: below it the port pauses [kW].
    steps_kw : floats, shape (n, s)
        Charging powers a port can be set to, others are rounded down; a row of inf for any [kW].
    station_index : ints, shape (n,)
        Station whose limit the port shares with others, -1 for none [-].
    station_limit_kw : floats, shape (n,)
        What that station may charge, and discharge, in all, inf for none [kW].
    in_set : bools, shape (n, g)
        Whether the port belongs to each of g sets with a limit of their own.
    set_limit_kw : tuple of float, length g
        What each set may charge, and discharge, in all [kW].
    site_cap_kw : float
        Main-breaker limit, inf for none [kW].
    export_limit_kw : float
        What the site may feed back, 0 for no export, inf for no limit [kW].
    building_peak_kw : float
        Configured peak of the building, 0 when there is none [kW].
    wear_price_per_kwh : float
        What battery wear costs per kWh that goes into or comes out of a battery, 0 when no price is set,
        in the currency of the site [1/kWh].
    """

    step_s: int
    p_max_kw: Floats
    p_discharge_max_kw: Floats
    controllable: Bools
    bidirectional: Bools
    eta_charge: Floats
    eta_discharge: Floats
    p_min_kw: Floats
    steps_kw: Floats
    station_index: Ints
    station_limit_kw: Floats
    in_set: Bools
    set_limit_kw: tuple[float, ...]
    site_cap_kw: float
    export_limit_kw: float
    building_peak_kw: float
    wear_price_per_kwh: float = 0.0

    @classmethod
    def at(
        cls,
        ports: Ports,
        *,
        step_s: int,
        site_cap_kw: float,
        export_limit_kw: float,
        building_peak_kw: float,
        limits_kw: Sequence[float] = (),
        limited_ports: Sequence[Sequence[int]] = (),
        wear_price_per_kwh: float = 0.0,
    ) -> "SiteInfo":
        """What a policy knows of a site with these ports, and sets of them with a limit."""
        n = len(ports)
        in_set = np.zeros((n, len(limits_kw)), dtype=np.bool_)
        for number, chosen in enumerate(limited_ports):
            in_set[np.asarray(chosen, dtype=np.int64), number] = True
        shared = len(ports.station_index) > 0
        return cls(
            step_s=step_s,
            p_max_kw=ports.p_max_kw,
            p_discharge_max_kw=ports.p_discharge_max_kw,
            controllable=ports.kind != UNCONTROLLED,
            bidirectional=ports.kind == BIDIRECTIONAL,
            eta_charge=ports.eta_charge,
            eta_discharge=ports.eta_discharge,
            p_min_kw=ports.p_min_kw if len(ports.p_min_kw) else np.zeros(n),
            steps_kw=ports.outlets.steps_kw,
            station_index=ports.station_index if shared else np.full(n, -1, dtype=np.int64),
            station_limit_kw=ports.station_limit_kw if shared else np.full(n, np.inf),
            in_set=in_set,
            set_limit_kw=tuple(limits_kw),
            site_cap_kw=site_cap_kw,
            export_limit_kw=export_limit_kw,
            building_peak_kw=building_peak_kw,
            wear_price_per_kwh=wear_price_per_kwh,
        )

    @property
    def dt_h(self) -> float:
        """Length of a step [h]."""
        return self.step_s / 3600.0


@dataclass(frozen=True, slots=True)
class Observation:
    """What is known at the start of a step; arrays are read-only, of shape (n,), 0 at free ports.

    Parameters
    ----------
    time_s : float
        Start of the step since the start of the run [s].
    building_kw : float
        Building load less PV of this step, as metered now [kW].
    price_per_kwh, export_price_per_kwh, co2_g_per_kwh : float
        Energy price, what fed-back energy earns, and grid intensity of this step [1/kWh, 1/kWh, g/kWh].
    in_demand_window : bool
        Whether this step can set a demand charge.
    running_peak_kw : float
        Highest finished demand window of this billing month [kW].
    transformer_loading_percent, vm_min_pu : float
        Highest transformer loading and lowest voltage of the last step; NaN when unknown [%, pu].
    session : ints
        Session at each port, -1 when free [-].
    occupied : bools
        Ports with a car.
    energy_kwh, capacity_kwh, required_kwh, floor_kwh, ceiling_kwh : floats
        Battery now, its size, what the driver wants at departure, and the usable range [kWh].
    charge_max_kw, discharge_max_kw : floats
        Smaller limit of port and car [kW].
    arrival_s, window_start_s, window_end_s : floats
        Arrival and declared departure window since the start of the run [s].
    limits : Limits or None
        The feeder around the site in the last step, for a policy with `needs_limits`; None in the first
        step, and after one without a power-flow solution.
    events : tuple of Event
        Demand-response events told by now and not over, by their start; times are seconds since the start
        of the run. Nobody knows of an event before its notice.
    forecasts : mapping of str to Forecast
        Those the policy `needs_forecasts` of, by quantity, each issued now.
    """

    time_s: float
    building_kw: float
    price_per_kwh: float
    export_price_per_kwh: float
    co2_g_per_kwh: float
    in_demand_window: bool
    running_peak_kw: float
    transformer_loading_percent: float
    vm_min_pu: float
    session: Ints
    occupied: Bools
    energy_kwh: Floats
    capacity_kwh: Floats
    required_kwh: Floats
    floor_kwh: Floats
    ceiling_kwh: Floats
    charge_max_kw: Floats
    discharge_max_kw: Floats
    arrival_s: Floats
    window_start_s: Floats
    window_end_s: Floats
    limits: Limits | None = None
    events: tuple[Event, ...] = ()
    forecasts: Mapping[str, Forecast] = field(default_factory=dict[str, Forecast])

    @property
    def loading_headroom_percent(self) -> float:
        """Room of the most loaded transformer below its rating in the last step, < 0 overloaded [%]."""
        return 100.0 - self.transformer_loading_percent

    @property
    def voltage_headroom_pu(self) -> float:
        """Room of the lowest voltage above EN 50160's 0.9 pu in the last step, < 0 below it [pu]."""
        return self.vm_min_pu - EN50160_LOWEST_PU


class Policy(ABC):
    """Base of all policies; a subclass needs `act`, and `reset` when it keeps anything.

    Attributes
    ----------
    oracle : bool
        Whether the policy is told the future; such a policy is marked wherever it appears.
    needs_limits : bool
        Whether `Observation.limits` is wanted: it costs a sensitivity analysis of the feeder every step.
    needs_forecasts : tuple of str
        Quantities whose forecasts are wanted, keys of `sims.forecast.QUANTITIES`; a constructor may set it.
    """

    oracle: ClassVar[bool] = False
    needs_limits: ClassVar[bool] = False
    needs_forecasts: tuple[str, ...] = ()

    site: SiteInfo
    rng: np.random.Generator

    def reset(self, site: SiteInfo, rng: np.random.Generator) -> None:
        """Begin a run; all randomness comes from `rng`."""
        self.site, self.rng = site, rng

    @abstractmethod
    def act(self, seen: Observation) -> Floats:
        """Grid-side power of each port, charging positive, held until the next decision, shape (n,) [kW]."""

    def get_state(self) -> dict[str, Any]:
        """JSON-able memory of the policy."""
        return {}

    def set_state(self, state: Mapping[str, Any]) -> None:  # noqa: B027 - most policies keep nothing
        """Continue from a memory that `get_state` gave."""
