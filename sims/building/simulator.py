"""Buildings as a mosaik simulator: one `Building` entity a site, playing its profile."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import acos, tan
from typing import Any, ClassVar

from sims.faults import SimulationError
from sims.vector import Model, Port, VectorSimulator


@dataclass(frozen=True, slots=True)
class Building:
    """Load and PV generation of every step of the run [kW], and tan phi of the load [-]."""

    load_kw: list[float]
    pv_kw: list[float]
    tan_phi: float


class BuildingSimulator(VectorSimulator):
    """Publishes each building's load of the step, less what its PV gives."""

    MODELS: ClassVar[Mapping[str, Model]] = {
        "Building": Model(
            params=["load_kw", "pv_kw", "power_factor"],
            outputs={
                "p_kw": Port("load less PV, mean of the step, < 0 when PV gives more [kW]"),
                "q_kvar": Port("reactive power of the load, mean of the step [kvar]"),
                "pv_kw": Port("PV generation, mean of the step, >= 0 [kW]"),
            },
        )
    }

    def make(self, eid: str, model: str, **params: Any) -> Building:
        """Building of `load_kw` and, where it has PV, `pv_kw`, one mean power a step; `power_factor` lags."""
        load_kw = [float(p) for p in params["load_kw"]]
        pv_kw = params.get("pv_kw")
        given = [0.0] * len(load_kw) if pv_kw is None else [float(p) for p in pv_kw]
        return Building(load_kw, given, tan(acos(params.get("power_factor", 1.0))))

    def advance(self, eid: str, k: int, received: dict[str, Any]) -> dict[str, Any]:
        building: Building = self.entities[eid]
        if k >= len(building.load_kw):
            raise SimulationError(f"load_kw has {len(building.load_kw)} steps, step {k} is asked for")
        load_kw, pv_kw = building.load_kw[k], building.pv_kw[k]
        return {"p_kw": load_kw - pv_kw, "q_kvar": load_kw * building.tan_phi, "pv_kw": pv_kw}
