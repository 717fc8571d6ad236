"""Tap changers of a feeder at work: positions, what they see, and the engine that goes with them."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

import numpy as np
from pandapower.auxiliary import pandapowerNet

from sims.feeder.powerflow import Engine, make_engine
from sims.feeder.solution import Floats
from sims.feeder.tapped import TappedEngine
from sims.feeder.taps import TapControl, TapState, next_state


class TapRegulator:
    """On-load changers, which move from step to step, and off-load ones, which stay where they are set.

    Parameters
    ----------
    engine : str
        Name of the engine.
    net : pandapowerNet
        The network, with tap changers of known type at the transformers named; not changed.
    buses : sequence of int
        Bus index of each connection.
    changers : sequence of mappings
        By changer: `row` and `tap`, `on_load` and, where that is true, `bus_row`, `target_pu`,
        `dead_band_pu`, `delay_s`, `tap_min`, `tap_max` and `raises`; see `TapControl`.
    step_s : int
        Length of a step [s].
    """

    def __init__(
        self,
        engine: str,
        net: pandapowerNet,
        buses: Sequence[int],
        changers: Sequence[Mapping[str, Any]],
        step_s: int,
    ) -> None:
        net = deepcopy(net)
        rows = [changer["row"] for changer in changers]
        net.trafo.loc[net.trafo.index[rows], "tap_pos"] = [changer["tap"] for changer in changers]
        self._position = net.trafo["tap_pos"].to_numpy(np.float64, copy=True)
        moving = [changer for changer in changers if changer["on_load"]]
        self._control = _control(moving)
        self._rows = np.array([changer["row"] for changer in moving], dtype=np.int64)
        self._bus_rows = np.array([changer["bus_row"] for changer in moving], dtype=np.int64)
        tap = np.array([changer["tap"] for changer in moving], dtype=np.int64)
        self._state = TapState(tap, np.zeros_like(tap))
        self._engines = TappedEngine(make_engine(engine, net, buses), self._rows, tap)
        self._step_s = step_s

    @property
    def engine(self) -> Engine:
        """The engine of the network in the present positions."""
        return self._engines.engine

    @property
    def position(self) -> Floats:
        """Present position of every transformer, NaN without taps, shape (n_trafo,) [-]."""
        self._position[self._rows] = self._state.tap
        return self._position

    def see(self, vm_pu: Floats) -> None:
        """Take notice of the voltages of this step, shape (n_bus,) [pu]; a move holds from the next one."""
        if self._rows.size:
            self._enter(next_state(self._control, self._state, vm_pu[self._bus_rows], self._step_s))

    def get_state(self) -> dict[str, Any]:
        """JSON-able state."""
        return {"tap": self._state.tap.tolist(), "outside_s": self._state.outside_s.tolist()}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Continue from a state of `get_state`."""
        tap, outside_s = (np.array(state[name], dtype=np.int64) for name in ("tap", "outside_s"))
        self._enter(TapState(tap, outside_s))

    def _enter(self, state: TapState) -> None:
        self._state = state
        self._engines.move(state.tap)


def _control(moving: Sequence[Mapping[str, Any]]) -> TapControl:
    """Settings of the changers that move, a column a setting."""

    def column(name: str, dtype: type) -> Any:
        return np.array([changer[name] for changer in moving], dtype=dtype)

    return TapControl(
        target_pu=column("target_pu", np.float64),
        dead_band_pu=column("dead_band_pu", np.float64),
        delay_s=column("delay_s", np.float64),
        tap_min=column("tap_min", np.int64),
        tap_max=column("tap_max", np.int64),
        raises=column("raises", np.int64),
    )
