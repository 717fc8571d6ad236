"""What a result says of a run apart from its numbers, from its checked inputs."""

from typing import TYPE_CHECKING

from cosim import parameters
from cosim.results.event_table import EventHeader
from cosim.results.header import RunHeader, SiteHeader
from cosim.scenario.load import dump_scenario

if TYPE_CHECKING:
    from cosim.scenario.inputs import Inputs, SiteInputs


def run_header(inputs: "Inputs") -> RunHeader:
    """What the result file says of a run apart from its numbers."""
    from sims.feeder.names import element_names

    scenario, chosen = inputs.scenario, parameters.signal_sets(inputs)
    return RunHeader(
        name=scenario.name,
        scenario_toml=dump_scenario(scenario),
        seed=scenario.seed,
        clock=inputs.clock,
        sites=tuple(_site_header(site, chosen[site.site.name].name) for site in inputs.sites),
        features=run_features(inputs),
        signals={used.name: used.tariff.model_dump_json() for used in chosen.values()},
        buses=element_names(inputs.net, "bus"),
        lines=element_names(inputs.net, "line"),
        transformers=element_names(inputs.net, "trafo"),
    )


def run_features(inputs: "Inputs") -> tuple[str, ...]:
    """What a run has besides the usual, sorted; `cosim/results/layout.py` says what each brings."""
    chargers = [group for site in inputs.scenario.sites for group in site.chargers]
    features = {
        "degradation": any(site.site.fleet.degradation is not None for site in inputs.sites),
        "export_price": any(site.tariff.pays_export for site in inputs.sites),
        "pv": any(site.pv_kw is not None for site in inputs.sites),
        "thermal": inputs.scenario.feeder.thermal is not None,
        "unbalanced": inputs.unbalanced,
        "reactive": any(group.draws_kvar for group in chargers),
        "taps": bool(inputs.tap_changers),
        "volt_watt": any(group.volt_watt is not None for group in chargers),
        "events": any(site.events is not None for site in inputs.sites),
        "market": any(site.market_price_per_kwh is not None for site in inputs.sites),
        "co2_marginal": any(site.co2_marginal_g_per_kwh is not None for site in inputs.sites),
    }
    return tuple(sorted(name for name, on in features.items() if on))


def _site_header(site: "SiteInputs", signals: str) -> SiteHeader:
    from sims.fleet.evse import KINDS
    from sims.signals.billing.ratchet import history_by_period

    return SiteHeader(
        name=site.site.name,
        evse=site.ports.names,
        evse_kind=tuple(KINDS[kind] for kind in site.ports.kind),
        signals=signals,
        currency=site.site.currency,
        peak_threshold_kw=site.site.policy.parameters.get("peak_threshold_kw"),
        demand_history_kw=history_by_period(site.tariff, site.site.demand_history_kw) or None,
        events=_event_header(site),
        oracle_forecasts=site.forecasts.oracles,
        co2_cost_per_t=None if site.site.emissions is None else site.site.emissions.cost_per_t,
    )


def _event_header(site: "SiteInputs") -> EventHeader:
    """What is known of the events of a site before the run."""
    if site.events is None:
        return EventHeader()
    programmes = tuple(programme.model_dump_json() for programme in site.events.programmes)
    return EventHeader(programmes, site.events.events, tuple(site.events.history_kw.tolist()))
