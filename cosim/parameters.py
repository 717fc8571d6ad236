"""What each simulator is told of a scenario: checked inputs as plain parameters of its entities."""

from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from cosim.forecast_parameters import decision_steps, requests
from cosim.scenario.charger_form import Limit, group_number
from cosim.scenario.inputs import Inputs, SiteInputs
from cosim.scenario.phases import building_phase, port_phases
from cosim.scenario.schema import Site
from cosim.voltage_parameters import reactive, volt_watt
from sims.clock import Clock
from sims.control.policy import SiteInfo
from sims.feeder.thermal_presets import thermal_preset
from sims.fleet.arrays import NO_TAPER
from sims.fleet.rules import SiteRules
from sims.fleet.temperature import power_share
from sims.seeds import component_seed
from sims.signals.billing.windows import window_numbers
from sims.signals.tariffs.tariff import Tariff

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SignalSet:
    """A tariff with market price and grid intensities, shape (n_steps,): what one or several sites are told.

    The average intensity [g/kWh] is always there; market price [currency/kWh] and marginal intensity [g/kWh]
    are None where the scenario has none.
    """

    name: str
    tariff: Tariff
    co2_g_per_kwh: Floats
    market_price_per_kwh: Floats | None = None
    co2_marginal_g_per_kwh: Floats | None = None

    def is_of(self, site: SiteInputs) -> bool:
        """Whether the site is told exactly this."""
        return (
            self.tariff == site.tariff
            and np.array_equal(self.co2_g_per_kwh, site.co2_g_per_kwh)
            and _same(self.market_price_per_kwh, site.market_price_per_kwh)
            and _same(self.co2_marginal_g_per_kwh, site.co2_marginal_g_per_kwh)
        )


def signal_sets(inputs: Inputs) -> dict[str, SignalSet]:
    """Signals of each site, by site name; sites that are told the same share one set."""
    chosen: dict[str, SignalSet] = {}
    for site in inputs.sites:
        same = [known for known in chosen.values() if known.is_of(site)]
        taken = {known.name for known in chosen.values()}
        plain = site.tariff.name
        own = f"{plain}_{site.site.name}" if plain in taken else plain
        chosen[site.site.name] = same[0] if same else _signal_set(own, site)
    return chosen


def _same(one: Floats | None, other: Floats | None) -> bool:
    return one is other or (one is not None and other is not None and np.array_equal(one, other))


def _signal_set(name: str, site: SiteInputs) -> SignalSet:
    return SignalSet(
        name, site.tariff, site.co2_g_per_kwh, site.market_price_per_kwh, site.co2_marginal_g_per_kwh
    )


def signals(chosen: SignalSet, clock: Clock) -> dict[str, Any]:
    """Parameters of a `Signals` entity."""
    calendar, market = clock.calendar(), chosen.market_price_per_kwh
    marginal = chosen.co2_marginal_g_per_kwh
    numbers = window_numbers(clock, calendar, chosen.tariff.demand_window_minutes)
    return {
        "price_per_kwh": chosen.tariff.price_per_kwh(calendar, market).tolist(),
        "export_price_per_kwh": chosen.tariff.export_price_per_kwh(calendar, market).tolist(),
        "co2_g_per_kwh": chosen.co2_g_per_kwh.tolist(),
        "demand_window": np.where(chosen.tariff.in_demand_window(calendar), numbers, -1).tolist(),
        "billing_month": calendar.billing_month.tolist(),
        "market_price_per_kwh": None if market is None else market.tolist(),
        "co2_marginal_g_per_kwh": None if marginal is None else marginal.tolist(),
    }


def events(site: SiteInputs, clock: Clock) -> dict[str, Any]:
    """Parameters of an `Events` entity: records with times since the start of the run."""
    told = () if site.events is None else site.events.events
    return {"events": [asdict(event.moved(-clock.start_s)) for event in told]}


def building(site: SiteInputs) -> dict[str, Any]:
    """Parameters of a `Building` entity."""
    described = site.site.building
    return {
        "load_kw": site.building_kw.tolist(),
        "pv_kw": None if site.pv_kw is None else site.pv_kw.tolist(),
        "power_factor": 1.0 if described is None else described.power_factor,
    }


def controller(inputs: Inputs, site: SiteInputs, *, remote: bool) -> dict[str, Any]:
    """Parameters of a `Controller` entity; a process of its own gets the policy by name."""
    section, step_s = site.site.policy, inputs.clock.step_s
    info = site_info(site, step_s)
    known = {entry.name: getattr(info, entry.name) for entry in fields(SiteInfo) if entry.name != "step_s"}
    return {
        "policy": section.name if remote else site.policy,
        "parameters": section.parameters,
        "site": _listed(known),
        "every_steps": decision_steps(inputs, site),
        "steps_per_window": site.tariff.demand_window_minutes * 60 // step_s,
        "seed": component_seed(inputs.scenario.seed, f"policy {site.site.name}"),
    }


def site_info(site: SiteInputs, step_s: int) -> SiteInfo:
    """What a policy knows of its site before the first step."""
    described, degradation = site.site.building, site.site.fleet.degradation
    # the configured peak: the highest of the series would be knowledge of the future
    peak_kw = 0.0 if described is None or described.peak_kw is None else described.peak_kw
    rules = site_rules(site)
    return SiteInfo.at(
        site.ports,
        step_s=step_s,
        site_cap_kw=rules.site_cap_kw,
        export_limit_kw=rules.export_limit_kw,
        building_peak_kw=peak_kw,
        limits_kw=rules.limits_kw,
        limited_ports=rules.limited_ports,
        wear_price_per_kwh=0.0 if degradation is None else degradation.wear_price_per_kwh,
    )


def site_rules(site: SiteInputs) -> SiteRules:
    """What the site enforces whatever its policy asks."""
    described, cap_kw = site.site, site.site.site_cap_kw
    return SiteRules(
        site_cap_kw=float("inf") if cap_kw is None else cap_kw,
        export_limit_kw=described.most_export_kw,
        taper_soc=NO_TAPER if described.fleet.taper == "none" else described.fleet.taper_soc,
        limits_kw=[limit.limit_kw for limit in described.limits],
        limited_ports=[_ports_of(limit, described) for limit in described.limits],
    )


def _ports_of(limit: Limit, described: Site) -> list[int]:
    """Ports of the groups of chargers that share a limit."""
    first = np.cumsum([0, *(group.count for group in described.chargers)]).tolist()
    numbers = [group_number(named, described.chargers) for named in limit.chargers]
    return [port for j in numbers if j is not None for port in range(first[j], first[j + 1])]


def fleet(inputs: Inputs, site: SiteInputs) -> dict[str, Any]:
    """Parameters of a `Fleet` entity."""
    described = site.site
    return {
        "sessions": _listed({e.name: getattr(site.sessions, e.name) for e in fields(site.sessions)}),
        "ports": _listed({e.name: getattr(site.ports, e.name) for e in fields(site.ports)}),
        "assignment": described.fleet.assignment,
        "rules": asdict(site_rules(site)),
        "n_steps": inputs.clock.n_steps,
        "power_share": _power_share(inputs, site),
        "tell_phases": inputs.unbalanced,
        "persistent_vehicles": described.fleet.persistent_vehicles,
        "volt_watt": volt_watt(described),
        "forecasts": requests(inputs, site, "arrivals"),
    }


def _power_share(inputs: Inputs, site: SiteInputs) -> list[float] | None:
    """Share of its power a car can charge and discharge with in every step, None where it always can."""
    limit = site.site.fleet.temperature_limit
    if limit is None or inputs.temperature_c is None:
        return None
    return power_share(limit.points, inputs.temperature_c).tolist()


def feeder(inputs: Inputs, *, remote: bool) -> dict[str, Any]:
    """Parameters of the `Feeder` entity; a process of its own loads the network itself."""
    section, background, pv = inputs.scenario.feeder, inputs.background, inputs.pv
    sites = zip(inputs.sites, port_phases(inputs.scenario), strict=True)
    return {
        "network": section.network if remote else inputs.net,
        "options": section.options,
        "folder": str(inputs.scenario.folder),
        "engine": section.engine,
        "zero_sequence": section.zero_sequence,
        "sites": {site.site.name: _feeder_site(site, phases) for site, phases in sites},
        "background": None if background is None else [background.p_kw.tolist(), background.q_kvar.tolist()],
        "pv": None if pv is None else {"bus": pv.bus.tolist(), "p_kw": pv.p_kw.tolist()},
        "stop_on_divergence": section.on_divergence == "stop",
        "thermal": thermal(inputs),
        "limits_for": [site.site.name for site in inputs.sites if site.policy.needs_limits],
        "tap_changers": [asdict(changer) for changer in inputs.tap_changers],
    }


def _feeder_site(site: SiteInputs, phases: list[int]) -> dict[str, Any]:
    """Where a site draws its power, and how its ports answer to voltage."""
    kvar = reactive(site.site)
    return {
        "building_bus": site.building_bus,
        "building_phase": building_phase(site.site),
        "evse_bus": site.evse_bus.tolist(),
        "evse_phases": site.ports.phases.tolist(),
        "evse_phase": phases,
        "volt_watt": any(group.volt_watt is not None for group in site.site.chargers),
        **({} if kvar is None else {"reactive": kvar}),
    }


def thermal(inputs: Inputs) -> dict[str, Any] | None:
    """What the `Feeder` entity must know to follow its transformers' temperatures, None when not asked to."""
    section = inputs.scenario.feeder.thermal
    if section is None or inputs.temperature_c is None:
        return None
    return {
        "parameters": asdict(thermal_preset(section.preset, section.changes)),
        "paper": section.paper,
        "ambient_c": inputs.temperature_c.tolist(),
    }


def _listed(columns: dict[str, Any]) -> dict[str, Any]:
    """Arrays as plain lists, which every process understands."""
    return {
        name: column.tolist() if isinstance(column, np.ndarray) else column
        for name, column in columns.items()
    }
