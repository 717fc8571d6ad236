"""Buildings as a mosaik simulator: one `Building` entity a site, playing its profile."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import acos, tan
from typing import Any, ClassVar

from sims.clock import Clock
from sims.faults import SimulationError
from sims.forecaster import Forecasters
from sims.vector import Model, Port, VectorSimulator


@dataclass(frozen=True, slots=True)
class Building:
    """Load and PV generation of every step of the run [kW], tan phi of the load [-], what is forecast."""

    load_kw: list[float]
    pv_kw: list[float]
    tan_phi: float
    forecasters: Forecasters


class BuildingSimulator(VectorSimulator):
    """Publishes each building's load of the step, less what its PV gives."""

    MODELS: ClassVar[Mapping[str, Model]] = {
        "Building": Model(
            params=["load_kw", "pv_kw", "power_factor", "forecasts"],
            outputs={
                "p_kw": Port("load less PV, mean of the step, < 0 when PV gives more [kW]"),
                "q_kvar": Port("reactive power of the load, mean of the step [kvar]"),
                "pv_kw": Port("PV generation, mean of the step, >= 0 [kW]"),
                "forecasts": Port("forecast of p_kw issued now, as `load`; empty when none is due", nan=True),
            },
        )
    }

    def make(self, eid: str, model: str, **params: Any) -> Building:
        """Building of `load_kw` and, where it has PV, `pv_kw`, one mean power a step; `power_factor` lags.

        `forecasts` may ask for one of the `load` (less PV): fields of `ForecastRequest` by that name.
        """
        load_kw = [float(p) for p in params["load_kw"]]
        pv_kw = params.get("pv_kw")
        given = [0.0] * len(load_kw) if pv_kw is None else [float(p) for p in pv_kw]
        clock = Clock(self.start_s, self.step_s, len(load_kw), self.zone)
        net_kw = [load - pv for load, pv in zip(load_kw, given, strict=True)]
        forecasters = Forecasters(params.get("forecasts", {}), {"load": net_kw}, clock)
        return Building(load_kw, given, tan(acos(params.get("power_factor", 1.0))), forecasters)

    def advance(self, eid: str, k: int, received: dict[str, Any]) -> dict[str, Any]:
        building: Building = self.entities[eid]
        if k >= len(building.load_kw):
            raise SimulationError(f"load_kw has {len(building.load_kw)} steps, step {k} is asked for")
        load_kw, pv_kw = building.load_kw[k], building.pv_kw[k]
        return {
            "p_kw": load_kw - pv_kw,
            "q_kvar": load_kw * building.tan_phi,
            "pv_kw": pv_kw,
            "forecasts": building.forecasters.issue(k),
        }
