"""The engine of a network whose taps move: one for every position, made when it is first needed."""

import numpy as np

from sims.feeder.powerflow import Engine
from sims.feeder.runpp import RunppEngine
from sims.feeder.solution import Ints
from sims.feeder.zbus import ZbusEngine

MAX_KEPT = 64


class TappedEngine:
    """Keeps the engine that is right for the present positions.

    Taps are pandapower's: another position costs two of its power flows (the matrices of the fixed point and
    the check against it), so the last `MAX_KEPT` engines stay. All share one reference, which is put into the
    positions of the engine at work.

    Parameters
    ----------
    engine : Engine
        Of the network in the first positions; zbus or pandapower.
    rows : ints, shape (n,)
        Rows of the transformers in `net.trafo`.
    tap : ints, shape (n,)
        Their positions in the network `engine` was made from [-].

    Attributes
    ----------
    engine : Engine
        The engine in the present positions.
    """

    def __init__(self, engine: Engine, rows: Ints, tap: Ints) -> None:
        self.engine = engine
        self._rows, self._tap = rows, tuple(tap.tolist())
        self._kept = {self._tap: engine}

    def move(self, tap: Ints) -> None:
        """Go to other positions, shape (n,) [-]; the background of the network's own loads stays."""
        wanted = tuple(int(position) for position in tap)
        if wanted == self._tap:
            return
        reference = self.engine.reference if isinstance(self.engine, ZbusEngine) else self.engine
        if not isinstance(reference, RunppEngine):
            raise TypeError(f"taps do not move in the {self.engine.name} engine")
        reference.put_taps(self._rows, np.asarray(tap))
        if isinstance(self.engine, ZbusEngine):
            self.engine = self._kept.pop(wanted, None) or self._made(reference)
            self.engine.set_background(reference.own_p_kw, reference.own_q_kvar)
            self._kept[wanted] = self.engine
            while len(self._kept) > MAX_KEPT:
                self._kept.pop(next(iter(self._kept)))
        self._tap = wanted

    def _made(self, reference: RunppEngine) -> ZbusEngine:
        reference.restart()
        return ZbusEngine(reference)
