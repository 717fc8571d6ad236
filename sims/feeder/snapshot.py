"""One moment of a feeder as a network of pandapower: what was drawn in a step, as rows of its tables."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import pandapower as pp
from pandapower.auxiliary import pandapowerNet
from pandapower.toolbox import clear_result_tables

from sims.feeder.solution import Floats


@dataclass(frozen=True, slots=True)
class Drawn:
    """Power drawn at a bus.

    Parameters
    ----------
    name : str
        What draws it.
    bus : int
        Bus index.
    p_kw, q_kvar : float
        Consumption positive [kW], [kvar].
    """

    name: str
    bus: int
    p_kw: float
    q_kvar: float


@dataclass(frozen=True, slots=True)
class Parked:
    """The ports of a bus with the cars at them, as one storage.

    Parameters
    ----------
    drawn : Drawn
        Their power, charging positive.
    rated_kva : float
        Sum of the ports' largest power [kVA].
    capacity_kwh, energy_kwh : float
        Usable energy of the batteries that are there, and what they hold at the start of the step [kWh].
    """

    drawn: Drawn
    rated_kva: float
    capacity_kwh: float
    energy_kwh: float


def snapshot(
    net: pandapowerNet,
    background: tuple[Floats, Floats] | None,
    loads: Sequence[Drawn],
    parked: Sequence[Parked],
    tap_pos: Mapping[int, float] | None = None,
) -> pandapowerNet:
    """A copy of the network in which everything draws what it drew in one step.

    Parameters
    ----------
    net : pandapowerNet
        The feeder; not changed.
    background : pair of floats, each of shape (n_load,), or None
        Power of the network's own loads [kW], [kvar]; None: as they are.
    loads : sequence of Drawn
        Become rows of the load table; generation is negative.
    parked : sequence of Parked
        Become rows of the storage table.
    tap_pos : mapping of int to float, optional
        Tap position of transformers, by index, that are not where the network has them [-].

    Returns
    -------
    pandapowerNet
        Without results; `pp.runpp` on it gives the state of the step.
    """
    net = deepcopy(net)
    clear_result_tables(net)
    if background is not None:
        net.load["p_mw"], net.load["q_mvar"] = (power / 1e3 for power in background)
        net.load["scaling"] = 1.0
    for drawn in loads:
        pp.create_load(net, drawn.bus, p_mw=drawn.p_kw / 1e3, q_mvar=drawn.q_kvar / 1e3, name=drawn.name)
    for cars in parked:
        pp.create_storage(
            net,
            cars.drawn.bus,
            p_mw=cars.drawn.p_kw / 1e3,
            q_mvar=cars.drawn.q_kvar / 1e3,
            max_e_mwh=cars.capacity_kwh / 1e3,
            soc_percent=100.0 * cars.energy_kwh / cars.capacity_kwh if cars.capacity_kwh else np.nan,
            sn_mva=cars.rated_kva / 1e3,
            name=cars.drawn.name,
        )
    for trafo, position in (tap_pos or {}).items():
        net.trafo.loc[trafo, "tap_pos"] = position
    return net


def as_json(net: pandapowerNet) -> str:
    """The network as pandapower's JSON text."""
    return str(pp.to_json(net))


def voltages(net: pandapowerNet) -> Floats:
    """Voltage of every bus, shape (n_bus,), NaN without supply or solution; results stay in `net` [pu]."""
    try:
        pp.runpp(net, tolerance_mva=1e-10, lightsim2grid=False, numba=False)
    except pp.LoadflowNotConverged:
        return np.full(len(net.bus), np.nan)
    return net.res_bus["vm_pu"].to_numpy(np.float64)
