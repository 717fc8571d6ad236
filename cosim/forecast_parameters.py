"""Which forecasts the simulators of a site are asked for, as plain parameters of their entities."""

from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any

from cosim.scenario.inputs import Inputs, SiteInputs
from sims.clock import SECONDS_PER_HOUR
from sims.forecast import ForecastRequest
from sims.seeds import component_seed

PUBLICATION_HOUR = 13
"""Local hour from which day-ahead prices of the next day are public: Europe's auction clears at noon and its
results stand before one (EPEX SPOT, GME)."""


def requests(inputs: Inputs, site: SiteInputs, *quantities: str) -> dict[str, dict[str, Any]]:
    """Those of `quantities` that the site's policy looks at, each as fields of a `ForecastRequest`."""
    wanted = [name for name in site.forecasts.needed if name in quantities]
    return {name: asdict(_request(inputs, site, name)) for name in wanted}


def signal_requests(inputs: Inputs, sites: Iterable[str]) -> dict[str, dict[str, dict[str, Any]]]:
    """What each of these sites that asks is told of the signals to come, by site."""
    asked = {site.site.name: requests(inputs, site, "price", "co2") for site in inputs.sites}
    return {name: asked[name] for name in sites if asked[name]}


def decision_steps(inputs: Inputs, site: SiteInputs) -> int:
    """Steps from one decision of the policy to the next [-]."""
    step_s = inputs.clock.step_s
    return (site.site.policy.every_minutes or step_s // 60) * 60 // step_s


def _request(inputs: Inputs, site: SiteInputs, quantity: str) -> ForecastRequest:
    section, step_s = site.forecasts.section, inputs.clock.step_s
    model = section.model_of(quantity)
    plain = ForecastRequest(
        model=model,
        horizon_steps=section.horizon_hours * SECONDS_PER_HOUR // step_s,
        every_steps=decision_steps(inputs, site),
    )
    if model == "noisy":
        noise = {
            "share_after_1h": section.noise_percent / 100.0,
            "most_share": section.noise_most_percent / 100.0,
            "seed": component_seed(inputs.scenario.seed, f"forecast {quantity} {site.site.name}"),
        }
        return replace(plain, noise=noise)
    if quantity == "load":
        return replace(plain, before=site.forecasts.load_before_kw.tolist())
    if quantity == "price" and model == "published":
        return _published(inputs, site, plain)
    return plain


def _published(inputs: Inputs, site: SiteInputs, plain: ForecastRequest) -> ForecastRequest:
    """A market publishes a day ahead; what a tariff asks after the run stands in it already."""
    if site.tariff.real_time is not None:
        return replace(plain, publication_hour=PUBLICATION_HOUR)
    clock = inputs.clock
    after = replace(clock, start_s=clock.end_s, n_steps=plain.horizon_steps)
    return replace(plain, after=site.tariff.price_per_kwh(after.calendar()).tolist())
