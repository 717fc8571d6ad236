"""From the month's highest windows to demand charges: one for each period name, by tiers."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from sims.signals.billing.charge import Charge, by_tier, in_season
from sims.signals.billing.metering import Meter, Metered
from sims.signals.billing.ratchet import billed_demand

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def demand_charges(meter: Meter, metered: Metered, history_kw: Mapping[str, Sequence[float]]) -> list[Charge]:
    """Demand charges of every load.

    One demand a month and period name: of the rates of one name the one that comes to most is charged.

    Parameters
    ----------
    meter : Meter
        The one that read `metered`.
    metered : Metered
        What is billed.
    history_kw : mapping of str to floats
        Monthly maxima before the run by ratcheted period, oldest first [kW].
    """
    charges: list[Charge] = []
    names = dict.fromkeys(block.name for block in meter.demand)
    for name in names:
        rates = [number for number, block in enumerate(meter.demand) if block.name == name]
        named_kw = metered.peak_kw[:, :, rates].max(axis=2)
        of_rate = [_rate_of_demand(meter, metered, n, named_kw, history_kw.get(name, ())) for n in rates]
        sums = np.array([np.sum([charge.amount for charge in tiers], axis=0) for tiers in of_rate])
        held = np.array([tiers[0].shown for tiers in of_rate])
        dearest = np.argmax(np.where(held, sums, -1.0), axis=0)
        for place, tiers in enumerate(of_rate):
            charges += [_only(charge, held[place] & (dearest == place)) for charge in tiers]
    return charges


def _rate_of_demand(
    meter: Meter, metered: Metered, number: int, named_kw: Floats, history_kw: Sequence[float]
) -> list[Charge]:
    """Charges of one rate of demand in every month, by tier."""
    block = meter.demand[number]
    period, own_kw = block.period, metered.peak_kw[:, :, number]
    billed_kw, set_by = billed_demand(period, own_kw, named_kw, history_kw, meter.months.month)
    shown = in_season(block, meter.months, own_kw)
    ends = [tier.up_to_kw or 0.0 for tier in period.tiers[:-1]]
    prices = [tier.price_per_kw for tier in period.tiers] or [period.price_per_kw or 0.0]
    return [
        Charge(
            kind="demand",
            label=block.name,
            unit="kW",
            quantity=part_kw,
            rate=price,
            amount=part_kw * price,
            shown=shown & ((part_kw > 0.0) | (place == 0)),
            tier=place + 1 if period.tiers else 0,
            demand=number,
            set_by=set_by,
        )
        for place, (price, part_kw) in enumerate(zip(prices, by_tier(billed_kw, ends), strict=True))
    ]


def _only(charge: Charge, where: Bools) -> Charge:
    """A charge in some cases and months, nothing in the others."""
    quantity, amount = (np.where(where, values, 0.0) for values in (charge.quantity, charge.amount))
    return replace(charge, quantity=quantity, amount=amount, shown=charge.shown & where)
