"""The transformers of a feeder through a run: their temperatures and the life of their paper."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from sims.feeder.ageing import Paper, step_with_ageing
from sims.feeder.thermal import Floats, ThermalParameters, ThermalState, steady_state


class Heat:
    """Thermal state of all transformers, in the order of the network.

    Before the first step they are in the steady state of its load and air: a start that nobody knows, and
    the best one can assume. The load of a step whose power flow has no solution is unknown; the last
    known one is held over it, none before the first.

    Parameters
    ----------
    parameters : mapping of str to float
        Fields of `ThermalParameters`, the same for all transformers.
    paper : Paper
        "kraft" or "upgraded".
    ambient_c : floats, shape (n_steps,)
        Temperature of the air around the transformers in every step of the run [degC].
    in_service : bools, shape (n,)
        The others have no temperature: NaN.
    dt_min : float
        Length of a step [min].
    """

    def __init__(
        self,
        parameters: Mapping[str, float],
        paper: Paper,
        ambient_c: Sequence[float],
        in_service: npt.NDArray[np.bool_],
        dt_min: float,
    ) -> None:
        self._parameters = ThermalParameters(**parameters)
        self._paper: Paper = paper
        self._ambient_c = [float(value) for value in ambient_c]
        self._dead = np.flatnonzero(~in_service)
        self._dt_min = dt_min
        self._load_factor: Floats = np.zeros(len(in_service))
        self._state: ThermalState | None = None

    def advance(self, k: int, loading_percent: Floats) -> dict[str, Any]:
        """What the feeder publishes of step `k`, from the loading of every transformer, shape (n,) [%]."""
        ambient_c = self._ambient_c[k]
        self._load_factor = np.where(np.isnan(loading_percent), self._load_factor, loading_percent / 100.0)
        before = self._state or steady_state(self._parameters, self._load_factor, ambient_c)
        self._state, rate = step_with_ageing(
            self._parameters, before, self._load_factor, ambient_c, self._dt_min, self._paper
        )
        published = {
            "theta_topoil_c": self._state.theta_topoil_c,
            "theta_hotspot_c": self._state.theta_hotspot_c,
            "ageing_rate": rate,
        }
        return {"ambient_c": ambient_c} | {name: self._alive(values) for name, values in published.items()}

    def get_state(self) -> dict[str, list[float]] | None:
        """JSON-able state, None before the first step."""
        if self._state is None:
            return None
        return {
            "load_factor": self._load_factor.tolist(),
            "theta_topoil_c": self._state.theta_topoil_c.tolist(),
            "gradient_winding_k": self._state.gradient_winding_k.tolist(),
            "gradient_oil_k": self._state.gradient_oil_k.tolist(),
        }

    def set_state(self, state: Mapping[str, Sequence[float]] | None) -> None:
        """Continue from what `get_state` gave."""
        if state is None:
            self._state = None
            return
        arrays = {name: np.array(values, dtype=np.float64) for name, values in state.items()}
        self._load_factor = arrays.pop("load_factor")
        self._state = ThermalState(**arrays)

    def _alive(self, values: Floats) -> list[float]:
        listed: list[float] = values.tolist()
        for i in self._dead:
            listed[i] = float("nan")
        return listed
