"""Buildings as a mosaik simulator: one `Building` entity a site, playing its profile."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import acos, tan
from typing import Any, ClassVar

from sims.faults import SimulationError
from sims.vector import Model, Port, VectorSimulator


@dataclass(frozen=True, slots=True)
class Building:
    """Mean power of every step of the run [kW] and tan phi [-]."""

    p_kw: list[float]
    tan_phi: float


class BuildingSimulator(VectorSimulator):
    """Publishes each building's load of the step."""

    MODELS: ClassVar[Mapping[str, Model]] = {
        "Building": Model(
            params=["p_kw", "power_factor"],
            outputs={
                "p_kw": Port("mean active power of the step [kW]"),
                "q_kvar": Port("mean reactive power of the step [kvar]"),
            },
        )
    }

    def make(self, eid: str, model: str, **params: Any) -> Building:
        """Building of `p_kw`, one mean power a step of the run, and `power_factor` (lagging)."""
        return Building([float(p) for p in params["p_kw"]], tan(acos(params.get("power_factor", 1.0))))

    def advance(self, eid: str, k: int, received: dict[str, Any]) -> dict[str, Any]:
        building: Building = self.entities[eid]
        if k >= len(building.p_kw):
            raise SimulationError(f"p_kw has {len(building.p_kw)} steps, step {k} is asked for")
        p_kw = building.p_kw[k]
        return {"p_kw": p_kw, "q_kvar": p_kw * building.tan_phi}
