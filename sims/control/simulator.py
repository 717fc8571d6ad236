"""The controllers as a mosaik simulator: one `Controller` entity a site."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from sims.control.controller import Controller
from sims.control.observe import Observer
from sims.control.policy import Policy, SiteInfo
from sims.control.registry import POLICIES
from sims.vector import Child, Model, Port, VectorSimulator


class ControlSimulator(VectorSimulator):
    """Reads building, signals and the fleet's state at the start of a step; sets each port's power."""

    MODELS: ClassVar[Mapping[str, Model]] = {
        "Controller": Model(
            params=["policy", "parameters", "site", "every_steps", "steps_per_window", "seed"],
            inputs={
                "building_kw": Port("building load of this step [kW]"),
                "signals": Port("price, intensity, demand window and billing month of this step"),
                "state": Port("fleet state at the start of this step, time-shifted", nan=True),
                "transformer_loading_percent": Port(
                    "highest transformer loading of the last step, time-shifted [%]", nan=True, optional=True
                ),
                "vm_min_pu": Port(
                    "lowest voltage of the last step, time-shifted [pu]", nan=True, optional=True
                ),
                "limits": Port(
                    "feeder around the site in the last step, time-shifted; empty when not solved",
                    nan=True,
                    optional=True,
                ),
                "events": Port("events told by now and not over, one record each", nan=True, optional=True),
                "load_forecast": Port("issued now by the building, as `load`", nan=True, optional=True),
                "signal_forecasts": Port("issued now, by quantity", nan=True, optional=True),
            },
            outputs={"setpoint_kw": Port("requested power of each port [kW]")},
            children={"PortController": Child(outputs={"setpoint_kw": "setpoint_kw"})},
        )
    }

    def make(self, eid: str, model: str, **params: Any) -> tuple[Controller, Observer]:
        """Controller of a site.

        Parameters are `policy` (a registered name, or a class when in process), its `parameters`, the
        `site` (fields of `SiteInfo` but `step_s`; what ports share and how coarsely they can be set may be
        left out where they do not), `every_steps` between decisions, `steps_per_window`
        of the demand window and a `seed` (list of int).
        """
        policy = params["policy"]
        policy_class: type[Policy] = POLICIES[policy] if isinstance(policy, str) else policy
        site = SiteInfo(step_s=self.step_s, **_facts(params["site"]))
        rng = np.random.default_rng(params.get("seed", 0))
        chosen = policy_class(**params.get("parameters", {}))
        controller = Controller(chosen, site, params.get("every_steps", 1), rng)
        return controller, Observer(self.step_s, params.get("steps_per_window", 1))

    def children(self, eid: str) -> Mapping[str, Sequence[str]]:
        controller, _ = self.entities[eid]
        return {"PortController": [f"port_{i}" for i in range(len(controller.site.p_max_kw))]}

    def advance(self, eid: str, k: int, received: dict[str, Any]) -> dict[str, Any]:
        controller, observer = self.entities[eid]
        return {"setpoint_kw": controller.decide(k, observer.observe(k, received)).tolist()}

    def get_state(self) -> dict[str, Any]:
        return {eid: [part.get_state() for part in parts] for eid, parts in self.entities.items()}

    def set_state(self, state: Mapping[str, Any]) -> None:
        for eid, parts in self.entities.items():
            for part, saved in zip(parts, state[eid], strict=True):
                part.set_state(saved)


def _facts(site: Mapping[str, Any]) -> dict[str, Any]:
    """Facts of a site as arrays; ports for which nothing else is said share no limit and take any power."""
    n = len(site["p_max_kw"])
    plain = {
        "p_min_kw": np.zeros(n),
        "steps_kw": np.full((n, 1), np.inf),
        "station_index": np.full(n, -1, dtype=np.int64),
        "station_limit_kw": np.full(n, np.inf),
        "in_set": np.zeros((n, 0), dtype=np.bool_),
        "set_limit_kw": (),
    }
    given = {name: np.asarray(value) if isinstance(value, list) else value for name, value in site.items()}
    return plain | given | {"set_limit_kw": tuple(site.get("set_limit_kw", ()))}
