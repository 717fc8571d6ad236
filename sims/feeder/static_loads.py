"""The loads a network carries itself: balanced ones and those with a power of their own on each phase."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pandapower.auxiliary import pandapowerNet

from sims.feeder.names import element_names
from sims.feeder.solution import Floats

PHASE_LETTERS = ("a", "b", "c")


@dataclass(frozen=True, slots=True)
class StaticLoads:
    """The n static loads of a network: the rows of `net.load`, then those of `net.asymmetric_load`.

    Parameters
    ----------
    names : tuple of str, length n
        One each, for files and messages.
    bus : ints, shape (n,)
        Bus index.
    p_kw, q_kvar : Floats
        Power of all phases together as the network has it, `scaling` applied, shape (n,) [kW], [kvar].
    p_share, q_share : Floats
        Share of each phase in it, rows add up to 1, shape (n, 3) [-].
    in_service : bools, shape (n,)
        Whether the load is switched on.
    """

    names: tuple[str, ...]
    bus: npt.NDArray[np.int64]
    p_kw: Floats
    q_kvar: Floats
    p_share: Floats
    q_share: Floats
    in_service: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.bus)


def static_loads(net: pandapowerNet) -> StaticLoads:
    """Static loads of a network; a balanced load has a third of its power on each phase."""
    own, single = net.load, net.asymmetric_load
    p_mw, q_mvar = (
        np.column_stack([single[f"{kind}_{phase}_{unit}"] for phase in PHASE_LETTERS]).astype(np.float64)
        for kind, unit in (("p", "mw"), ("q", "mvar"))
    )
    thirds = np.full((len(own), 3), 1.0 / 3.0)

    def total(balanced: str, phases: Floats) -> Floats:
        scaled = (own[balanced] * own["scaling"]).to_numpy(float), phases.sum(axis=1) * single["scaling"]
        return 1e3 * np.concatenate(scaled)

    p_share = _shares(p_mw, np.full_like(p_mw, 1.0 / 3.0))
    return StaticLoads(
        names=_names(net),
        bus=np.concatenate([own["bus"], single["bus"]]).astype(np.int64),
        p_kw=total("p_mw", p_mw),
        q_kvar=total("q_mvar", q_mvar),
        p_share=np.vstack([thirds, p_share]),
        q_share=np.vstack([thirds, _shares(q_mvar, p_share)]),
        in_service=np.concatenate([own["in_service"], single["in_service"]]).astype(np.bool_),
    )


def _shares(power: Floats, otherwise: Floats) -> Floats:
    """Share of each phase in the sum of its row; where the sum is 0, those of `otherwise`."""
    total = power.sum(axis=1, keepdims=True)
    return np.divide(power, total, out=otherwise.copy(), where=total != 0.0)


def _names(net: pandapowerNet) -> tuple[str, ...]:
    """Names of both tables; one that occurs in both stands for neither."""
    named = {kind: element_names(net, kind) for kind in ("load", "asymmetric_load")}
    often = Counter(name for names in named.values() for name in names)
    return tuple(
        name if often[name] == 1 else f"{kind}_{int(row)}"
        for kind, names in named.items()
        for name, row in zip(names, net[kind].index, strict=True)
    )
