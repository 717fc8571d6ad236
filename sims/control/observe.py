"""Turns what came over the wire at the start of a step into an `Observation`."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from sims.control.arrays import frozen
from sims.control.limits import Limits
from sims.control.policy import Observation
from sims.control.running_peak import RunningPeak
from sims.forecast import Forecast
from sims.signals.response.events import Event

CAR_FIELDS = (
    "capacity_kwh",
    "required_kwh",
    "floor_kwh",
    "ceiling_kwh",
    "charge_max_kw",
    "discharge_max_kw",
    "arrival_s",
    "window_start_s",
    "window_end_s",
)
POWER_FIELDS = ("charge_max_kw", "discharge_max_kw")


class Observer:
    """Builds observations, step by step, and keeps the running peak.

    The table of parked cars changes only when a car comes or goes: it is converted again only then.
    """

    def __init__(self, step_s: int, steps_per_window: int) -> None:
        self.step_s = step_s
        self.peak = RunningPeak(steps_per_window)
        self._last: tuple[int, int] | None = None
        self._table: Mapping[str, Any] | None = None
        self._cars: dict[str, np.ndarray] = {}

    def observe(self, k: int, received: Mapping[str, Any]) -> Observation:
        """Observation at the start of step `k`; `received` has the input ports of a controller."""
        state, signals, limits = received["state"], received["signals"], received.get("limits")
        window, month = signals["demand_window"], signals["billing_month"]
        if self._last is not None:
            self.peak.meter(state["site_kw"], *self._last)
        self._last = (window, month)
        if state["parked"] is not self._table:
            self._read_cars(state["parked"])
        return Observation(
            time_s=float(k * self.step_s),
            building_kw=received["building_kw"],
            price_per_kwh=signals["price_per_kwh"],
            export_price_per_kwh=signals["export_price_per_kwh"],
            co2_g_per_kwh=signals["co2_g_per_kwh"],
            in_demand_window=window >= 0,
            running_peak_kw=self.peak.kw(month),
            transformer_loading_percent=received.get("transformer_loading_percent", float("nan")),
            vm_min_pu=received.get("vm_min_pu", float("nan")),
            limits=Limits.received(limits) if limits else None,
            forecasts=_forecasts(received, state),
            energy_kwh=frozen(state["energy_kwh"]),
            events=tuple(Event(**record) for record in received.get("events", ())),
            **self._cars_now(state.get("power_share", 1.0)),
        )

    def get_state(self) -> dict[str, Any]:
        """JSON-able state."""
        return {"peak": self.peak.get_state(), "last": self._last}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Continue from a state of `get_state`."""
        self.peak.set_state(state["peak"])
        self._last = None if state["last"] is None else tuple(state["last"])

    def _cars_now(self, power_share: float) -> Mapping[str, np.ndarray]:
        """The cars with the share of their power that the weather leaves them in this step."""
        if power_share >= 1.0:
            return self._cars
        lowered = {name: frozen(power_share * self._cars[name]) for name in POWER_FIELDS}
        return {**self._cars, **lowered}

    def _read_cars(self, parked: Mapping[str, Any]) -> None:
        self._table = parked
        self._cars = {name: frozen(parked[name]) for name in CAR_FIELDS}
        session = frozen(parked["session"], np.int64)
        occupied = session >= 0
        occupied.flags.writeable = False
        self._cars |= {"session": session, "occupied": occupied}


def _forecasts(received: Mapping[str, Any], state: Mapping[str, Any]) -> Mapping[str, Forecast]:
    """Forecasts of all who issue any, by quantity; nobody can change the mapping."""
    issued = {
        **received.get("load_forecast", {}),
        **received.get("signal_forecasts", {}),
        **state.get("forecasts", {}),
    }
    return MappingProxyType({name: Forecast.received(said) for name, said in issued.items()})
