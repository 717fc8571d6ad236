"""Prices, emissions and events as a mosaik simulator.

One `Signals` entity for each tariff and grid intensity, one `Events` entity a site that may have events.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, ClassVar

from sims.faults import SimulationError
from sims.signals.event_notice import NoticeBoard
from sims.signals.events import Event
from sims.vector import Model, Port, VectorSimulator

SERIES = ("price_per_kwh", "export_price_per_kwh", "co2_g_per_kwh", "demand_window", "billing_month")


class SignalsSimulator(VectorSimulator):
    """Publishes what is priced and measured in the step."""

    MODELS: ClassVar[Mapping[str, Model]] = {
        "Signals": Model(
            params=list(SERIES),
            outputs={
                "signals": Port("all of the following in one record, for controllers"),
                "price_per_kwh": Port("energy price of the step [1/kWh]"),
                "export_price_per_kwh": Port("what fed-back energy earns in the step [1/kWh]"),
                "co2_g_per_kwh": Port("intensity of the grid in the step [g/kWh]"),
                "demand_window": Port("number of the demand window the step belongs to, -1 for none [-]"),
                "billing_month": Port("number of the billing month of the step [-]"),
            },
        ),
        "Events": Model(
            params=["events"],
            outputs={
                # records with names in them: there is nothing to be finite
                "events": Port("events told by now and not over, one record each, by their start", nan=True),
                "event": Port("0 no event is known, 1 one is announced, 2 one holds in the step [-]"),
            },
        ),
    }

    def make(self, eid: str, model: str, **params: Any) -> "dict[str, list[float]] | NoticeBoard":
        """Signals of five series, one value a step of the run; or `events`, as records of `Event`.

        Times of events are seconds since the start of the run.
        """
        if model == "Events":
            return NoticeBoard([Event(**record) for record in params["events"]])
        return {name: list(params[name]) for name in SERIES}

    def advance(self, eid: str, k: int, received: dict[str, Any]) -> dict[str, Any]:
        entity = self.entities[eid]
        if isinstance(entity, NoticeBoard):
            now_s = k * self.step_s
            known = [asdict(event) for event in entity.known_at(now_s)]
            return {"events": known, "event": entity.status_at(now_s)}
        series: dict[str, list[float]] = entity
        if k >= len(series["price_per_kwh"]):
            raise SimulationError(
                f"the series have {len(series['price_per_kwh'])} steps, step {k} is asked for"
            )
        now = {name: values[k] for name, values in series.items()}
        return {"signals": now, **now}
