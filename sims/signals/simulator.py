"""Prices, emissions and events as a mosaik simulator.

One `Signals` entity for each tariff and grid intensity, one `Events` entity a site that may have events.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, ClassVar

from sims.clock import Clock
from sims.signals.priced import RECORDED, SERIES, Priced
from sims.signals.response.event_notice import NoticeBoard
from sims.signals.response.events import Event
from sims.vector import Child, Model, Port, VectorSimulator


class SignalsSimulator(VectorSimulator):
    """Publishes what is priced and measured in the step."""

    MODELS: ClassVar[Mapping[str, Model]] = {
        "Signals": Model(
            params=[*SERIES, *RECORDED, "forecasts"],
            outputs={
                "signals": Port("what controllers are told, in one record"),
                "price_per_kwh": Port("energy price of the step [1/kWh]"),
                "export_price_per_kwh": Port("what fed-back energy earns in the step [1/kWh]"),
                "co2_g_per_kwh": Port("intensity of the grid in the step [g/kWh]"),
                "demand_window": Port("number of the demand window the step belongs to, -1 for none [-]"),
                "billing_month": Port("number of the billing month of the step [-]"),
                "market_price_per_kwh": Port("market price of the step, NaN for none [1/kWh]", nan=True),
                "co2_marginal_g_per_kwh": Port(
                    "marginal intensity of the step, NaN for none [g/kWh]", nan=True
                ),
                "forecasts": Port("of each site that asks: those issued now, by quantity", nan=True),
            },
            children={"Site": Child(outputs={"forecasts": "forecasts"})},
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

    def make(self, eid: str, model: str, **params: Any) -> Priced | NoticeBoard:
        """Signals of the series, those of `RECORDED` and `forecasts` where there are any; or `events`.

        Events are records of `Event`, their times in seconds since the start of the run.
        """
        if model == "Events":
            return NoticeBoard([Event(**record) for record in params["events"]])
        clock = Clock(self.start_s, self.step_s, len(params["price_per_kwh"]), self.zone)
        return Priced(params, params.get("forecasts", {}), clock)

    def children(self, eid: str) -> Mapping[str, Sequence[str]]:
        entity = self.entities[eid]
        return {"Site": [f"site/{name}" for name in entity.foreseeing]} if isinstance(entity, Priced) else {}

    def advance(self, eid: str, k: int, received: dict[str, Any]) -> dict[str, Any]:
        entity = self.entities[eid]
        if isinstance(entity, Priced):
            return entity.at(k)
        now_s = k * self.step_s
        known = [asdict(event) for event in entity.known_at(now_s)]
        return {"events": known, "event": entity.status_at(now_s)}
