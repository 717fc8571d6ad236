"""A site played through without mosaik: the models of the co-simulation, step for step in its order.

seen    what holds and is measured at the start of step k; the meter's reading of step k-1
asked   setpoints of a policy, a search, or an agent
step    the fleet moves energy over k, then cars go and come
"""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np

from sims.clock import Clock
from sims.control.controller import Controller
from sims.control.observe import Observer
from sims.control.policy import Floats, Ints, Observation, Policy, SiteInfo
from sims.control.stand_in import StandInFeeder
from sims.fleet.evse import Assignment, Ports, bidirectional_first
from sims.fleet.fleet import Fleet
from sims.fleet.parked import Parked
from sims.fleet.rules import SiteRules
from sims.fleet.sessions import Sessions
from sims.fleet.stays import plan_stays
from sims.forecast import ForecastRequest
from sims.forecaster import Forecasters
from sims.signals.response.event_notice import NoticeBoard
from sims.signals.response.events import Event


@dataclass(frozen=True, slots=True)
class Episode:
    """What happens at a site whatever its controller does.

    Parameters
    ----------
    sessions : Sessions
        Who comes; each has some part inside the episode.
    ports : Ports
        The n ports.
    building_kw, price_per_kwh, export_price_per_kwh, co2_g_per_kwh : floats, shape (n_steps,)
        Load of the building less PV, energy price, what fed-back energy earns and grid intensity
        [kW, 1/kWh, 1/kWh, g/kWh].
    demand_window, billing_month : ints, shape (n_steps,)
        Demand window, -1 for none, and billing month of each step [-].
    rules : SiteRules
        Limits the site enforces.
    assignment : callable
        Order in which an arriving car tries the ports.
    power_share : floats, shape (n_steps,), optional
        Share of its power a car can charge and discharge with, 1 by default [-].
    building_peak_kw : float
        Configured peak of the building, 0 when there is none [kW].
    steps_per_window : int
        Steps in one demand window [-].
    feeder : StandInFeeder, optional
        What stands for the feeder; without one a policy is told nothing of it.
    start_s, step_s : int
        Start since the epoch, length of a step [s].
    persistent_vehicles : bool
        Whether a car that comes back brings what it left with.
    wear_price_per_kwh : float
        Wear of the batteries per kWh of throughput [1/kWh].
    events : tuple of Event
        Demand-response events, times in seconds since the epoch.
    forecasts : mapping of str to ForecastRequest
        What a policy may have forecast, by quantity.
    zone : str
        IANA time zone, for forecasts that look back to other days.
    """

    sessions: Sessions
    ports: Ports
    building_kw: Floats
    price_per_kwh: Floats
    export_price_per_kwh: Floats
    co2_g_per_kwh: Floats
    demand_window: Ints
    billing_month: Ints
    rules: SiteRules = field(default_factory=SiteRules)
    assignment: Assignment = bidirectional_first
    power_share: Floats | None = None
    building_peak_kw: float = 0.0
    steps_per_window: int = 1
    feeder: StandInFeeder | None = None
    start_s: int = 0
    step_s: int = 900
    persistent_vehicles: bool = False
    wear_price_per_kwh: float = 0.0
    events: tuple[Event, ...] = ()
    forecasts: Mapping[str, ForecastRequest] = field(default_factory=dict[str, ForecastRequest])
    zone: str = "UTC"

    @property
    def n_steps(self) -> int:
        """Number of steps [-]."""
        return len(self.building_kw)

    @property
    def site(self) -> SiteInfo:
        """What a policy knows before the first step."""
        return SiteInfo.at(
            self.ports,
            step_s=self.step_s,
            site_cap_kw=self.rules.site_cap_kw,
            export_limit_kw=self.rules.export_limit_kw,
            building_peak_kw=self.building_peak_kw,
            limits_kw=self.rules.limits_kw,
            limited_ports=self.rules.limited_ports,
            wear_price_per_kwh=self.wear_price_per_kwh,
        )


@dataclass(frozen=True, slots=True)
class Played:
    """What became of an episode.

    Parameters
    ----------
    setpoint_kw, evse_kw : floats, shape (n_steps, n)
        Power asked for and metered at each port [kW].
    soc : floats, shape (n_steps, n)
        State of charge at the start of each step, NaN at free ports [-].
    site_kw : floats, shape (n_steps,)
        Building plus ports [kW].
    outcome : dict
        What became of every session, and the requests that were clamped (`Fleet.outcome`).
    """

    setpoint_kw: Floats
    evse_kw: Floats
    soc: Floats
    site_kw: Floats
    outcome: dict[str, Any]


class Rehearsal:
    """An episode on its way: `seen` holds until `step` is called with what the ports are asked.

    Parameters
    ----------
    episode : Episode
        Played from its first step.
    needs_forecasts : collection of str, optional
        Quantities to be forecast; default: all the episode offers.

    Attributes
    ----------
    seen : Observation
        Observation at the start of step `k`; after the last step that of the last step.
    """

    def __init__(self, episode: Episode, needs_forecasts: Collection[str] | None = None) -> None:
        stays = plan_stays(
            episode.sessions,
            episode.ports,
            episode.assignment,
            start_s=episode.start_s,
            step_s=episode.step_s,
            n_steps=episode.n_steps,
        )
        self.episode = episode
        self.fleet = Fleet(
            episode.sessions,
            stays,
            episode.ports,
            episode.rules,
            start_s=episode.start_s,
            step_s=episode.step_s,
            power_share=episode.power_share,
            persistent_vehicles=episode.persistent_vehicles,
        )
        self._observer = Observer(episode.step_s, episode.steps_per_window)
        self._building_kw = episode.building_kw.tolist()
        self._signals = _signals(episode)
        self._notices = NoticeBoard([event.moved(-episode.start_s) for event in episode.events])
        self._forecasters = _forecasters(episode, needs_forecasts)
        self._parked: Parked | None = None
        self._table: dict[str, Any] = {}
        shape = (episode.n_steps, len(episode.ports))
        self._setpoint_kw, self._evse_kw, self._soc = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        self._site_kw = np.zeros(episode.n_steps)
        self.seen: Observation = self._observe()

    @property
    def k(self) -> int:
        """The step that comes next [-]."""
        return self.fleet.k

    @property
    def done(self) -> bool:
        """Whether the last step has been run."""
        return self.k == self.episode.n_steps

    def step(self, setpoint_kw: Floats) -> None:
        """Run step `k` with these setpoints, shape (n,) [kW], and look at what holds after it."""
        k, fleet = self.k, self.fleet
        self._soc[k] = fleet.soc
        self._setpoint_kw[k] = setpoint_kw
        fleet.step(self._setpoint_kw[k], self._building_kw[k])
        self._evse_kw[k], self._site_kw[k] = fleet.p_kw, fleet.site_kw
        if not self.done:
            self.seen = self._observe()

    def played(self) -> Played:
        """The steps run so far."""
        k = self.k
        return Played(
            self._setpoint_kw[:k], self._evse_kw[:k], self._soc[:k], self._site_kw[:k], self.fleet.outcome()
        )

    def _observe(self) -> Observation:
        if self.fleet.parked is not self._parked:  # a new table only when a car came or went
            self._parked = self.fleet.parked
            self._table = {entry.name: getattr(self._parked, entry.name) for entry in fields(Parked)}
        fleet = self.fleet
        state = {"parked": self._table, "energy_kwh": fleet.energy_kwh, "site_kw": fleet.site_kw}
        state["power_share"] = fleet.power_share
        received: dict[str, Any] = {
            "building_kw": self._building_kw[self.k],
            "signals": self._signals[self.k],
            "state": state,
            "signal_forecasts": self._forecasters.issue(self.k),
        }
        feeder, k = self.episode.feeder, self.k
        if known := self._notices.known_at(k * self.episode.step_s):
            received["events"] = [asdict(event) for event in known]
        if feeder is not None and k > 0:
            received |= feeder.says(self._building_kw[k - 1], self._evse_kw[k - 1])
        return self._observer.observe(k, received)


def rehearse(policy: Policy, episode: Episode, rng: np.random.Generator, *, every_steps: int = 1) -> Played:
    """Play a whole episode with a policy.

    Parameters
    ----------
    policy : Policy
        Reset here.
    episode : Episode
        What happens at the site.
    rng : numpy Generator
        The policy's only source of randomness.
    every_steps : int
        Steps an action holds [-].
    """
    rehearsal = Rehearsal(episode, policy.needs_forecasts)
    controller = Controller(policy, episode.site, every_steps, rng)
    while not rehearsal.done:
        rehearsal.step(controller.decide(rehearsal.k, rehearsal.seen))
    return rehearsal.played()


def _signals(episode: Episode) -> list[dict[str, Any]]:
    """What is priced in each step, as the signals simulator sends it."""
    names = ("price_per_kwh", "export_price_per_kwh", "co2_g_per_kwh", "demand_window", "billing_month")
    columns = (getattr(episode, name).tolist() for name in names)
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _forecasters(episode: Episode, wanted: Collection[str] | None) -> Forecasters:
    """Who issues what building, signals and fleet issue in the co-simulation."""
    clock = Clock(episode.start_s, episode.step_s, episode.n_steps, episode.zone)
    asked = {
        quantity: asdict(request)
        for quantity, request in episode.forecasts.items()
        if wanted is None or quantity in wanted
    }
    series = {"load": episode.building_kw, "price": episode.price_per_kwh, "co2": episode.co2_g_per_kwh}
    if "arrivals" in asked:
        series["arrivals"] = episode.sessions.arrivals(clock)
    return Forecasters(asked, series, clock)
