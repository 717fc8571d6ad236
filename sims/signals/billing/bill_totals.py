"""Bills of many loads on one clock at once: sums by kind and month, without lines."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sims.clock import Clock
from sims.signals.billing.bill import KINDS, checked_market
from sims.signals.billing.metering import Meter
from sims.signals.billing.ratchet import History, history_by_period
from sims.signals.billing.rating import rated, sum_of
from sims.signals.tariffs.tariff import Tariff

Floats = npt.NDArray[np.float64]

VALUES_AT_ONCE = 2**18
"""Loads are billed in chunks of about this many values, which a processor's cache still holds."""


@dataclass(frozen=True, slots=True)
class BillTotals:
    """Sums of the bills of many loads.

    Parameters
    ----------
    months : tuple of str, length n_months
        "2019-06", ...
    amounts : mapping of str to floats, shape (n_cases, n_months)
        Sum of the lines of each kind, negative for what is earned [money].
    """

    months: tuple[str, ...]
    amounts: Mapping[str, Floats]

    def sum_of(self, *kinds: str) -> Floats:
        """Sum over the run of the lines of these kinds, shape (n_cases,) [money]."""
        return np.sum([self.amounts[kind].sum(axis=1) for kind in kinds], axis=0)

    @property
    def total(self) -> Floats:
        """Total of each bill, shape (n_cases,) [money]."""
        return self.sum_of(*self.amounts)


def bill_totals(
    tariff: Tariff,
    clock: Clock,
    loads_kw: Floats,
    *,
    market_price_per_kwh: Floats | None = None,
    demand_history_kw: History | None = None,
) -> BillTotals:
    """What `bill` comes to for each of many loads.

    Parameters
    ----------
    tariff, clock, market_price_per_kwh, demand_history_kw
        As for `sims.signals.bill.bill`, the same for all loads.
    loads_kw : floats, shape (n_cases, n_steps)
        Mean net power of each step, import positive [kW].

    Raises
    ------
    ValueError
        As `bill`.
    """
    loads_kw = np.asarray(loads_kw, dtype=np.float64)
    if loads_kw.ndim != 2 or loads_kw.shape[1] != clock.n_steps:
        raise ValueError(f"loads_kw has shape {loads_kw.shape}, the clock has {clock.n_steps} steps")
    meter, history = Meter(tariff, clock), history_by_period(tariff, demand_history_kw)
    market = checked_market(tariff, clock, market_price_per_kwh)
    amounts = {kind: np.zeros((len(loads_kw), len(meter.months))) for kind in KINDS if kind != "event"}
    at_once = max(1, VALUES_AT_ONCE // clock.n_steps)
    for first in range(0, len(loads_kw), at_once):
        chunk = slice(first, first + at_once)
        metered = meter.read(loads_kw[chunk], market)
        charges = rated(tariff, meter, metered, history)
        for kind, sums in amounts.items():
            sums[chunk] = sum_of(charges, (kind,), metered.market_cost)
    names = tuple(meter.months.name(place) for place in range(len(meter.months)))
    return BillTotals(names, amounts)
