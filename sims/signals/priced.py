"""What is priced and measured in every step, and what each site that asks is told of the steps to come."""

from collections.abc import Mapping
from typing import Any

from sims.clock import Clock
from sims.faults import SimulationError
from sims.forecaster import Forecasters

SERIES = ("price_per_kwh", "export_price_per_kwh", "co2_g_per_kwh", "demand_window", "billing_month")
RECORDED = ("market_price_per_kwh", "co2_marginal_g_per_kwh")
"""Series for the record alone; where there is none, NaN is published."""
NOTHING_RECORDED = dict.fromkeys(RECORDED, float("nan"))


class Priced:
    """The series of one set of signals.

    Parameters
    ----------
    series : mapping of str to list of float
        Those of `SERIES`, and of `RECORDED` where there are any; one value a step of the run.
    asked : mapping of str to mapping
        What each site that asks is told of the `price` and the `co2` to come: by site and by quantity the
        fields of a `ForecastRequest`.
    clock : Clock
        Time axis of the run.
    """

    def __init__(self, series: Mapping[str, Any], asked: Mapping[str, Any], clock: Clock) -> None:
        self._series = {name: list(series[name]) for name in SERIES}
        self._recorded = {name: list(series[name]) for name in RECORDED if series.get(name) is not None}
        truth = {"price": self._series["price_per_kwh"], "co2": self._series["co2_g_per_kwh"]}
        self._forecasters = {site: Forecasters(wanted, truth, clock) for site, wanted in asked.items()}

    @property
    def foreseeing(self) -> list[str]:
        """Sites that ask for forecasts."""
        return list(self._forecasters)

    def at(self, k: int) -> dict[str, Any]:
        """Values of the ports in step `k`."""
        n_steps = len(self._series["price_per_kwh"])
        if k >= n_steps:
            raise SimulationError(f"the series have {n_steps} steps, step {k} is asked for")
        now = {name: values[k] for name, values in self._series.items()}
        kept = {name: values[k] for name, values in self._recorded.items()} if self._recorded else {}
        forecasts = [forecasters.issue(k) for forecasters in self._forecasters.values()]
        return {"signals": now, **now, **NOTHING_RECORDED, **kept, "forecasts": forecasts}
