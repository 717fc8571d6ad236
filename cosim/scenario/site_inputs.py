"""Everything one site needs for a run, read from its files and looked up by its names."""

from dataclasses import dataclass
from textwrap import shorten
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cosim.scenario.demand_history import check_demand_history
from cosim.scenario.event_inputs import EventInputs
from cosim.scenario.forecast_inputs import ForecastInputs, forecast_warnings, read_forecasts
from cosim.scenario.gather import Gathered, relocated
from cosim.scenario.paths import names_a_file
from cosim.scenario.positions import Finding, Loc
from cosim.scenario.prices_inputs import check_market, read_average, read_marginal, read_prices
from cosim.scenario.pv_inputs import read_pv
from cosim.scenario.schema import Generator, Scenario, Site
from sims.building.pv import Sky
from sims.clock import Clock
from sims.control.policy import Policy
from sims.control.registry import find_policy
from sims.faults import DataError, Fault, ScenarioError, nearest
from sims.files import file_problem
from sims.fleet.evse import ASSIGNMENTS, Ports
from sims.fleet.sessions import Sessions
from sims.fleet.sessions_csv import no_sessions, read_sessions
from sims.seeds import component_rng
from sims.signals.tariffs.files import MAX_TARIFF_BYTES, load_tariff
from sims.signals.tariffs.tariff import Tariff
from sims.tables import on_clock, read_series

if TYPE_CHECKING:
    from pandapower.auxiliary import pandapowerNet

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LOW_VOLTAGE_KV = 1.0
MAX_NAMES = 20
LONGEST_NOTE = 160


@dataclass(frozen=True, slots=True)
class SiteInputs:
    """Checked inputs of a site.

    Parameters
    ----------
    site : Site
        Its section of the scenario.
    building_kw : floats, shape (n_steps,)
        Load of the building, zeros without one [kW].
    pv_kw : floats, shape (n_steps,), or None
        Generation of the PV plant behind the meter, None without one [kW].
    building_bus : int
        Bus index of the building.
    sessions : Sessions
        Who comes when, in the order of the file.
    dropped_zero : int
        Sessions of zero length left out [-].
    ports : Ports
        The charging ports, n_evse of them.
    evse_bus : ints, shape (n_evse,)
        Bus index of each port.
    tariff : Tariff
        What energy and demand cost.
    co2_g_per_kwh : floats, shape (n_steps,)
        Average intensity of the grid, zeros when none is given [g/kWh].
    policy : type of Policy
        Class that decides on charging; its parameters have been tried.
    events : EventInputs or None
        Demand-response programmes and events, None of a site without.
    forecasts : ForecastInputs
        What the policy is told of the hours to come.
    market_price_per_kwh : floats, shape (n_steps,), or None
        Market price the tariff buys at, None where it does not [currency/kWh].
    co2_marginal_g_per_kwh : floats, shape (n_steps,), or None
        Marginal intensity of the grid, None when none is given [g/kWh].
    """

    site: Site
    building_kw: Floats
    pv_kw: Floats | None
    building_bus: int
    sessions: Sessions
    dropped_zero: int
    ports: Ports
    evse_bus: Ints
    tariff: Tariff
    co2_g_per_kwh: Floats
    policy: type[Policy]
    forecasts: ForecastInputs
    events: EventInputs | None = None
    market_price_per_kwh: Floats | None = None
    co2_marginal_g_per_kwh: Floats | None = None

    def price_per_kwh(self, clock: Clock) -> Floats:
        """What a kWh costs in every step, shape (n_steps,) [currency/kWh]."""
        return self.tariff.price_per_kwh(clock.calendar(), self.market_price_per_kwh)


@dataclass(frozen=True, slots=True)
class SiteReader:
    """Reads one site of a scenario."""

    scenario: Scenario
    index: int
    clock: Clock
    sky: Sky | None
    found: Gathered

    def read(self, net: "pandapowerNet | None", *, allow_code: bool) -> SiteInputs | None:
        """Its inputs, or None after noting all that is wrong; `net` is None while it is wrong itself."""
        attempt = self.found.attempt
        building_kw = attempt(self._building_kw)
        pv_kw = attempt(self._pv_kw)
        building_bus = attempt(self._bus, net, "building")
        fleet = attempt(self._sessions)
        evse_bus = attempt(self._evse_bus, net)
        tariff = attempt(self._tariff)
        scenario, emissions, clock = self.scenario, self.site.emissions, self.clock
        market_price_per_kwh = attempt(read_prices, scenario, self.site.prices, clock)
        if tariff is not None:
            history = check_demand_history(self.site, ("sites", self.index), tariff)
            self.found.add(finding.fault(self.scenario.places) for finding in history)
            attempt(check_market, scenario, tariff, self.site.prices, self._loc())
        co2_g_per_kwh = attempt(read_average, scenario, emissions, clock)
        co2_marginal_g_per_kwh = attempt(read_marginal, scenario, emissions, clock)
        attempt(self._check_assignment)
        policy = attempt(self._policy, allow_code=allow_code)
        forecasts = None if policy is None else attempt(read_forecasts, self, policy)
        if building_kw is None or building_bus is None or fleet is None or evse_bus is None:
            return None
        if tariff is None or co2_g_per_kwh is None or policy is None or forecasts is None:
            return None
        sessions, dropped = fleet
        if self.site.fleet.persistent_vehicles and len(set(sessions.vehicle_id)) == len(sessions):
            where = self._where("fleet", "persistent_vehicles")
            self.found.warnings.append(f"{where}: no car comes twice (vehicle_id): it changes nothing")
        self.found.warnings += forecast_warnings(self, forecasts)
        return SiteInputs(
            site=self.site,
            building_kw=building_kw,
            pv_kw=pv_kw,
            building_bus=building_bus,
            sessions=sessions,
            dropped_zero=dropped,
            ports=Ports.from_groups(self.site.chargers),
            evse_bus=evse_bus,
            tariff=tariff,
            co2_g_per_kwh=co2_g_per_kwh,
            policy=policy,
            forecasts=forecasts,
            market_price_per_kwh=market_price_per_kwh,
            co2_marginal_g_per_kwh=co2_marginal_g_per_kwh,
        )

    @property
    def site(self) -> Site:
        """Section of the scenario."""
        return self.scenario.sites[self.index]

    def net_load_kw(self) -> Floats:
        """Load less PV in every step, shape (n_steps,) [kW]."""
        pv_kw = self._pv_kw()
        return self._building_kw() - (0.0 if pv_kw is None else pv_kw)

    def _where(self, *keys: str | int) -> str:
        return self.scenario.places.where(self._loc(*keys))

    def _loc(self, *keys: str | int) -> Loc:
        return ("sites", self.index, *keys)

    def _refused(self, code: str, loc: Loc, what: str, value: object) -> ScenarioError:
        return ScenarioError([Finding(code, loc, what, value).fault(self.scenario.places)])

    def _building_kw(self) -> Floats:
        """Power of the building in every step, shape (n_steps,) [kW]; `peak_kw` is the file's maximum."""
        building = self.site.building
        if building is None:
            return np.zeros(self.clock.n_steps)
        column = building.column
        alone = ("kw",) if column == "kw" else None
        series = read_series(self.scenario.folder / building.profile, alone, self.clock.zone)
        if column not in series.values:
            what = f"the profile has no such column; {nearest(column, series.values)}"
            raise self._refused("S26", self._loc("building", "column"), what, column)
        power_kw = on_clock(series, column, self.clock)
        if building.peak_kw is None:
            return power_kw
        highest_kw = float(series.values[column].max())
        if highest_kw <= 0.0:
            what = f"the profile's maximum is {highest_kw:g} kW: it cannot be scaled to a peak"
            raise self._refused("S38", self._loc("building", "peak_kw"), what, building.peak_kw)
        return power_kw * (building.peak_kw / highest_kw)

    def _pv_kw(self) -> Floats | None:
        """Generation behind the meter in every step, shape (n_steps,) [kW]; None without a plant."""
        plant = self.site.pv
        return None if plant is None else read_pv(self.scenario, plant, self._loc("pv"), self.sky, self.clock)

    def _bus(self, net: "pandapowerNet | None", *keys: str | int) -> int:
        """Bus of the building or of a group of ports: its own connection or else the site's."""
        from sims.feeder.network import find_bus

        if net is None:
            return -1
        own = self.site.building if keys[0] == "building" else self.site.chargers[int(keys[1])]
        given = own.connection if own is not None else None
        name = self.site.connection if given is None else given
        loc = self._loc("connection") if given is None else self._loc(*keys, "connection")
        bus = find_bus(net, name, self.scenario.places.where(loc))
        vn_kv = float(net.bus.at[bus, "vn_kv"])
        if vn_kv > LOW_VOLTAGE_KV:
            low = ", ".join(map(str, net.bus.loc[net.bus["vn_kv"] <= LOW_VOLTAGE_KV, "name"][:MAX_NAMES]))
            what = f"is at {vn_kv:g} kV; sites connect at low voltage (<= 1 kV): {low or 'no such bus'}"
            raise self._refused("S28", loc, what, name)
        return bus

    def _evse_bus(self, net: "pandapowerNet | None") -> Ints:
        """Bus of each port, shape (n_evse,)."""
        chargers = self.site.chargers
        buses = [self.found.attempt(self._bus, net, "chargers", j) for j in range(len(chargers))]
        known = np.array([-1 if bus is None else bus for bus in buses], dtype=np.int64)
        return np.repeat(known, [group.count for group in chargers])

    def _sessions(self) -> tuple[Sessions, int]:
        """Sessions of the site and how many of zero length were left out."""
        fleet = self.site.fleet
        if fleet.generator is not None:
            return self._generated(fleet.generator), 0
        if fleet.sessions is None:
            return no_sessions(), 0
        path = self.scenario.folder / fleet.sessions
        sessions, dropped = read_sessions(
            path,
            self.clock.zone,
            drop_zero=fleet.drop_zero,
            persistent_vehicles=fleet.persistent_vehicles,
        )
        if fleet.stations is not None:
            sessions = self._at_stations(sessions, tuple(fleet.stations))
        inside = (sessions.arrival_s < self.clock.end_s) & (sessions.departure_s > self.clock.start_s)
        if len(sessions) and not inside.any():
            self.found.warnings.append(f"{self._where('fleet', 'sessions')}: no session lies in the run")
        return sessions.within(self.clock.start_s, self.clock.end_s), dropped

    def _at_stations(self, sessions: Sessions, stations: tuple[str, ...]) -> Sessions:
        """Sessions that really stood at one of these stations."""
        unknown = [name for name in stations if not any(s.startswith(name) for s in sessions.station)]
        if unknown:
            what = f"no session stood there; {nearest(unknown[0], sorted(set(sessions.station)))}"
            raise self._refused("S26", self._loc("fleet", "stations"), what, unknown[0])
        kept = [station.startswith(stations) for station in sessions.station]
        return sessions.take(np.flatnonzero(kept))

    def _generated(self, generator: Generator) -> Sessions:
        """Sessions drawn for the ports of the site; the site's name and the seed decide them."""
        from sims.fleet.generative import generate_sessions

        n_ports = sum(group.count for group in self.site.chargers)
        rng = component_rng(self.scenario.seed, f"sessions {self.site.name}")
        drawn = generate_sessions(
            n_ports, self.clock, rng, activity=generator.activity, workdays_only=generator.workdays_only
        )
        return drawn.within(self.clock.start_s, self.clock.end_s)

    def _tariff(self) -> Tariff:
        """The tariff, in the site's currency and with demand windows the steps fill."""
        name, step = self.site.tariff, self.scenario.step_minutes
        if names_a_file(name) and (problem := file_problem(self.scenario.folder / name, MAX_TARIFF_BYTES)):
            raise DataError(
                [Fault(f"D{problem.number}", f'{self._where("tariff")} = "{name}"', problem.what)]
            )
        tariff = load_tariff(name, self.scenario.folder, self._where("tariff"))
        self.found.warnings.extend(
            f"{self._where('tariff')}: {tariff.name}: {shorten(note, LONGEST_NOTE)}" for note in tariff.notes
        )
        window = tariff.demand_window_minutes
        if window % step:
            what = f"its demand window of {window} min is no multiple of step_minutes = {step}"
            raise self._refused("S23", self._loc("tariff"), what, name)
        if tariff.currency != self.site.currency:
            what = f'the tariff "{tariff.name}" is in {tariff.currency}; write currency = "{tariff.currency}"'
            raise self._refused("S38", self._loc("currency"), what, self.site.currency)
        if not tariff.is_effective(self.clock):
            dates = f"{tariff.effective_from or 'any day'} .. {tariff.effective_until or 'today'}"
            self.found.warnings.append(
                f"{self._where('tariff')}: {tariff.name} is stated for {dates}, the run lies outside"
            )
        return tariff

    def _policy(self, *, allow_code: bool) -> type[Policy]:
        """Class of the policy, its parameters tried."""
        section = self.site.policy
        try:
            policy = find_policy(section.name, section.parameters, allow_code=allow_code, where="policy")
        except ScenarioError as error:
            places = self.scenario.places
            raise relocated(error, places, lambda where: self._loc(*where.split(".", 1))) from error
        if policy.needs_limits and self.scenario.feeder.engine == "power-grid-model":
            what = "looks at sensitivities, which a flow by phases does not give; use another engine"
            raise self._refused("S38", self._loc("policy", "name"), what, section.name)
        return policy

    def _check_assignment(self) -> None:
        name = self.site.fleet.assignment
        if name not in ASSIGNMENTS:
            what = f"no such rule; {nearest(name, ASSIGNMENTS)}"
            raise self._refused("S26", self._loc("fleet", "assignment"), what, name)
