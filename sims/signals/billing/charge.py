"""A charge: one row of the bill over all cases and months."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sims.signals.billing.blocks import DemandBlock, EnergyBlock
from sims.signals.billing.months import Months

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Charge:
    """Quantity times rate of every case and month.

    Parameters
    ----------
    kind, label, unit : str
        As in a `BillLine`.
    quantity, amount : floats, shape (n_cases, n_months)
        In `unit` and in money; zero where nothing is charged.
    rate : float or floats, shape (n_cases, n_months)
        Money per unit.
    shown : bools, shape (n_cases, n_months)
        Where the bill has a line of it.
    tier : int
        Counted from 1, 0 without tiers.
    demand : int
        Number of the demand rate it is of, -1 for other charges.
    set_by : ints, shape (n_cases, n_months), or None
        Month whose demand set the quantity, counted from the run's first, negative ones before it;
        `sims.signals.billing.ratchet.MINIMUM` where the least billed demand did. None for other charges.
    """

    kind: str
    label: str
    unit: str
    quantity: Floats
    rate: float | Floats
    amount: Floats
    shown: Bools
    tier: int = 0
    demand: int = -1
    set_by: Ints | None = None


def by_tier(total: Floats, ends: Sequence[float | Floats]) -> Iterator[Floats]:
    """How much of a total lies in each tier.

    Parameters
    ----------
    total : floats, shape (n_cases, n_months)
        Not negative.
    ends : sequence of float or floats of shape (n_months,)
        Upper end of each tier but the last, rising.

    Yields
    ------
    floats, shape (n_cases, n_months)
        Part of the total between the end below and the tier's own.
    """
    below: float | Floats = 0.0
    for end in ends:
        yield np.clip(total - below, 0.0, np.asarray(end) - below)
        below = end
    yield np.maximum(total - below, 0.0)


def in_season(block: EnergyBlock | DemandBlock, months: Months, like: Floats) -> Bools:
    """Months on some day of which a rate holds, shape (n_cases, n_months) as `like`."""
    return np.broadcast_to(block.months[months.month - 1], like.shape)
