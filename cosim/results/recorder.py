"""Keeps what the simulators publish, one entity for each group of the result file."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import mosaik_api_v3
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


class RecorderSimulator(mosaik_api_v3.Simulator):
    """A `Group` entity takes any attribute and stores it under that name, one row a step.

    It runs in the orchestrator's process only: the rows of a window stay in memory until the window ends.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "api_version": "3.0",
                "type": "time-based",
                "models": {
                    "Group": {"public": True, "params": ["name", "columns"], "attrs": [], "any_inputs": True}
                },
                "extra_methods": ["blocks"],
            }
        )
        self._columns: dict[str, dict[str, Array]] = {}
        self._rows = 0

    def init(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        sid: str,
        time_resolution: float = 1.0,
        step_s: int = 900,
        n_steps: int = 0,
        on_step: Callable[[int, Callable[[], dict[str, Array]]], None] | None = None,
    ) -> Any:
        """Take the window's length; `on_step` is called with the number of steps recorded and `blocks`."""
        self._step_s, self._n_steps, self._on_step = step_s, n_steps, on_step
        return self.meta

    def create(self, num: int, model: str, **params: Any) -> list[Any]:
        """Make the group `name` with `columns`: shape of one row and type, by attribute."""
        columns: Mapping[str, tuple[tuple[int, ...], str]] = params["columns"]
        self._columns[params["name"]] = {
            name: np.empty((self._n_steps, *shape), dtype=dtype) for name, (shape, dtype) in columns.items()
        }
        return [{"eid": params["name"], "type": model}]

    def step(self, time: int, inputs: Mapping[str, Any], max_advance: int) -> int:
        """Store one row of every column."""
        k = time // self._step_s
        for group, columns in self._columns.items():
            received = inputs[group]
            for name, column in columns.items():
                (column[k],) = received[name].values()
        self._rows = k + 1
        if self._on_step is not None:
            self._on_step(self._rows, self.blocks)
        return time + self._step_s

    def get_data(self, outputs: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        """Nothing reads from the recorder."""
        return {}

    def blocks(self) -> dict[str, Array]:
        """What was recorded, by path in the file, each of shape (steps recorded, ...)."""
        return {
            f"{group}/{name}": column[: self._rows]
            for group, columns in self._columns.items()
            for name, column in columns.items()
        }
