"""Prices and emissions as a mosaik simulator: one `Signals` entity for each tariff and grid intensity."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from sims.clock import Clock
from sims.faults import SimulationError
from sims.forecaster import Forecasters
from sims.vector import Child, Model, Port, VectorSimulator

SERIES = ("price_per_kwh", "export_price_per_kwh", "co2_g_per_kwh", "demand_window", "billing_month")


class SignalsSimulator(VectorSimulator):
    """Publishes what is priced and measured in the step."""

    MODELS: ClassVar[Mapping[str, Model]] = {
        "Signals": Model(
            params=[*SERIES, "forecasts"],
            outputs={
                "signals": Port("all of the following in one record, for controllers"),
                "price_per_kwh": Port("energy price of the step [1/kWh]"),
                "export_price_per_kwh": Port("what fed-back energy earns in the step [1/kWh]"),
                "co2_g_per_kwh": Port("intensity of the grid in the step [g/kWh]"),
                "demand_window": Port("number of the demand window the step belongs to, -1 for none [-]"),
                "billing_month": Port("number of the billing month of the step [-]"),
                "forecasts": Port("of each site that asks: those issued now, by quantity", nan=True),
            },
            children={"Site": Child(outputs={"forecasts": "forecasts"})},
        )
    }

    def __init__(self) -> None:
        super().__init__()
        self._forecasters: dict[str, dict[str, Forecasters]] = {}

    def make(self, eid: str, model: str, **params: Any) -> dict[str, list[float]]:
        """Signals of five series, one value a step of the run.

        `forecasts` says what each site that asks is told of the `price` and the `co2` to come: by site
        and by quantity the fields of a `ForecastRequest`.
        """
        series = {name: list(params[name]) for name in SERIES}
        clock = Clock(self.start_s, self.step_s, len(series["price_per_kwh"]), self.zone)
        truth = {"price": series["price_per_kwh"], "co2": series["co2_g_per_kwh"]}
        asked = params.get("forecasts", {}).items()
        self._forecasters[eid] = {site: Forecasters(wanted, truth, clock) for site, wanted in asked}
        return series

    def children(self, eid: str) -> Mapping[str, Sequence[str]]:
        return {"Site": [f"site/{name}" for name in self._forecasters[eid]]}

    def advance(self, eid: str, k: int, received: dict[str, Any]) -> dict[str, Any]:
        series: dict[str, list[float]] = self.entities[eid]
        if k >= len(series["price_per_kwh"]):
            raise SimulationError(
                f"the series have {len(series['price_per_kwh'])} steps, step {k} is asked for"
            )
        now = {name: values[k] for name, values in series.items()}
        forecasts = [forecasters.issue(k) for forecasters in self._forecasters[eid].values()]
        return {"signals": now, **now, "forecasts": forecasts}
