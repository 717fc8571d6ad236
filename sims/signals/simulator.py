"""Prices and emissions as a mosaik simulator: one `Signals` entity for each tariff and grid intensity."""

from collections.abc import Mapping
from typing import Any, ClassVar

from sims.faults import SimulationError
from sims.vector import Model, Port, VectorSimulator

SERIES = ("price_per_kwh", "export_price_per_kwh", "co2_g_per_kwh", "demand_window", "billing_month")
RECORDED = ("market_price_per_kwh", "co2_marginal_g_per_kwh")
"""Series for the record alone; where there is none, NaN is published."""
NOTHING_RECORDED = dict.fromkeys(RECORDED, float("nan"))


class SignalsSimulator(VectorSimulator):
    """Publishes what is priced and measured in the step."""

    MODELS: ClassVar[Mapping[str, Model]] = {
        "Signals": Model(
            params=[*SERIES, *RECORDED],
            outputs={
                "signals": Port("all of the following in one record, for controllers"),
                "price_per_kwh": Port("energy price of the step [1/kWh]"),
                "export_price_per_kwh": Port("what fed-back energy earns in the step [1/kWh]"),
                "co2_g_per_kwh": Port("intensity of the grid in the step [g/kWh]"),
                "demand_window": Port("number of the demand window the step belongs to, -1 for none [-]"),
                "billing_month": Port("number of the billing month of the step [-]"),
                "market_price_per_kwh": Port("market price of the step, NaN for none [1/kWh]", nan=True),
                "co2_marginal_g_per_kwh": Port(
                    "marginal intensity of the step, NaN for none [g/kWh]", nan=True
                ),
            },
        )
    }

    def make(self, eid: str, model: str, **params: Any) -> tuple[dict[str, list[float]], ...]:
        """Signals of the series, one value a step of the run; those of `RECORDED` may be left out."""
        given = [name for name in RECORDED if params.get(name) is not None]
        return tuple({name: list(params[name]) for name in names} for names in (SERIES, given))

    def advance(self, eid: str, k: int, received: dict[str, Any]) -> dict[str, Any]:
        series, recorded = self.entities[eid]
        if k >= len(series["price_per_kwh"]):
            raise SimulationError(
                f"the series have {len(series['price_per_kwh'])} steps, step {k} is asked for"
            )
        now = {name: values[k] for name, values in series.items()}
        kept = {name: values[k] for name, values in recorded.items()} if recorded else {}
        return {"signals": now, **now, **NOTHING_RECORDED, **kept}
