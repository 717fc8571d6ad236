"""Power flow of the feeder: one small interface, three engines behind it."""

import logging
from collections.abc import Sequence
from typing import Protocol

from pandapower.auxiliary import pandapowerNet

from sims.faults import Fault, ScenarioError, nearest
from sims.feeder.admittance import obstacle
from sims.feeder.runpp import RunppEngine
from sims.feeder.sensitivity import Sensitivities, Watch
from sims.feeder.solution import Floats, Solution
from sims.feeder.zbus import ZbusEngine

__all__ = ["BALANCED", "ENGINES", "UNBALANCED", "Engine", "Floats", "Solution", "make_engine"]

BALANCED = ("zbus", "pandapower")
UNBALANCED = "power-grid-model"
ENGINES = (*BALANCED, UNBALANCED)
LOG = logging.getLogger(__name__)


class Engine(Protocol):
    """AC power flow of one network with power drawn at given connections."""

    name: str
    """The engine at work, one of `ENGINES`."""

    def solve(self, p_kw: Floats, q_kvar: Floats) -> Solution:
        """State of the feeder while the connections draw constant power.

        The network's own loads and generators draw theirs besides. The answer does not depend on what was
        solved before, a failed step included.

        Parameters
        ----------
        p_kw, q_kvar : Floats
            Power drawn at each connection, > 0 consumption, shape (n_connections,) [kW], [kvar].

        Raises
        ------
        SimulationError
            A value is not finite; the message names its index. No convergence is not an error: see Solution.
        """
        ...

    def sensitivities(self, p_kw: Floats, q_kvar: Floats, watch: Watch) -> Sensitivities | None:
        """How voltages and loadings move with active power, in the state `solve` gives; None if it has none.

        Exact (the Jacobian of the fixed point) from zbus; central differences over 0.04 kW from pandapower.

        Parameters
        ----------
        p_kw, q_kvar : Floats
            As for `solve`, shape (n_connections,) [kW], [kvar].
        watch : Watch
            Connections to vary, buses and elements to look at.
        """
        ...

    def set_background(self, p_kw: Floats, q_kvar: Floats) -> None:
        """Consumption of the network's own static loads from now on.

        Before the first call they draw `p_mw * scaling` of the table. The given power is what is consumed:
        `scaling` is not applied to it. A load that is out of service, or whose bus is, stays at nothing.

        Parameters
        ----------
        p_kw, q_kvar : Floats
            Shape (n_load,), order of `net.load`, then `net.asymmetric_load`: of these the sum of the phases,
            each of which keeps its share [kW], [kvar].
        """
        ...


def make_engine(
    name: str, net: pandapowerNet, buses: Sequence[int], phases: Sequence[int] | None = None
) -> Engine:
    """Engine for a network and the buses power is drawn at.

    Parameters
    ----------
    name : str
        `zbus`, `pandapower`, or `power-grid-model` for a flow by phases. A network zbus cannot take
        (voltage-controlled generators, three-winding transformers, voltage-dependent loads, power
        electronics) gets `pandapower`, with a warning in the log; `Engine.name` and `Solution.solver` say
        who is at work.
    net : pandapowerNet
        A network without faults of `check_network`; it is copied, later changes to it have no effect.
    buses : Sequence[int]
        Bus index of each connection, shape (n_connections,); a bus may occur more than once.
    phases : Sequence[int], optional
        What each connection draws on: 0 the three phases alike (default), 1, 2, 3 that phase alone. A
        balanced engine spreads all power over the phases, whatever this says.

    Raises
    ------
    ScenarioError
        No such engine, or a connection at a bus that is missing, out of service or without supply.
    DataError
        The network does not converge even without its loads, a connection shares its bus with a
        voltage-dependent load, or the network lacks what a flow by phases needs.
    SimulationError
        The engine and pandapower do not agree on this network.
    """
    if name not in ENGINES:
        raise ScenarioError(
            [Fault("N06", "feeder.engine", f'"{name}": no such engine; {nearest(name, ENGINES)}')]
        )
    missing = [bus for bus in buses if bus not in net.bus.index]
    if missing:
        raise ScenarioError([Fault("N05", f"network.bus[{bus}]", "no such bus index") for bus in missing])
    if name == UNBALANCED:
        # power-grid-model is loaded only for those who use it
        from sims.feeder.three_phase import ThreePhaseEngine

        return ThreePhaseEngine(net, buses, [0] * len(buses) if phases is None else phases)
    reference = RunppEngine(net, buses)
    if name == "pandapower":
        reference.compiled = True
        return reference
    reason = obstacle(reference.net)
    if reason is not None:
        LOG.warning("zbus cannot take a network with %s: solving with pandapower", reason)
        reference.compiled = True
        return reference
    return ZbusEngine(reference)
