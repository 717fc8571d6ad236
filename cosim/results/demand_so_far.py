"""How the demand charge of a site grows over a run, window by window."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sims.signals.billing.demand_rating import demand_charges
from sims.signals.billing.metering import Meter, Metered
from sims.signals.billing.ratchet import history_by_period

if TYPE_CHECKING:
    from cosim.results.run import Run
    from sims.signals.tariffs.tariff import Tariff

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def demand_so_far(run: "Run", name: str) -> tuple[Ints, Floats]:
    """Demand charges of the bill as they add up.

    Parameters
    ----------
    run : Run
        The run.
    name : str
        Site.

    Returns
    -------
    steps : ints, shape (n,)
        Ends of the windows that raise it, and firsts of the months; rising from 0 [-].
    charge : floats, shape (n,)
        Demand charges of the months before, and of this month by its highest windows so far [currency].

    Notes
    -----
    Each value is rated as the bill is, with the load cut off there: several rates, tiers, ratchets and least
    billed demand count from the first of their month, and the last value is the bill's own.
    """
    tariff, month = run.tariff(name), run.clock.calendar().billing_month
    meter, history = (
        Meter(tariff, run.clock),
        history_by_period(tariff, run.header.site(name).demand_history_kw),
    )
    firsts = np.append(0, np.flatnonzero(np.diff(month)) + 1)
    rises = _rises(run, name, tariff, meter)
    steps = np.unique(np.concatenate([firsts, *(ends for by_month in rises for ends, _ in by_month)]))
    # a window that ends with a month raises the charge of that month, the first of the next begins at least
    place = np.searchsorted(firsts, steps, side="right") - 1
    peak_kw = np.zeros((len(steps), len(meter.months), len(meter.demand)))
    for number, by_month in enumerate(rises):
        for at, (ends, highest_kw) in enumerate(by_month):
            known = np.searchsorted(ends, steps, side="right")
            peak_kw[:, at, number] = np.append(0.0, highest_kw)[known]
    nothing = np.zeros((len(steps), len(meter.months), max(1, len(meter.energy))))
    no_money = np.zeros(nothing.shape[:2])
    metered = Metered(nothing, nothing, no_money, no_money, peak_kw)
    paid = np.zeros(no_money.shape)
    for charge in demand_charges(meter, metered, history):
        paid += np.where(charge.shown, charge.amount, 0.0)
    begun = np.arange(len(meter.months)) <= place[:, None]
    return steps, np.where(begun, paid, 0.0).sum(axis=1)


def _rises(run: "Run", name: str, tariff: "Tariff", meter: Meter) -> list[list[tuple[Ints, Floats]]]:
    """Of every rate and month the ends of the windows above all before in its hours, and their means [kW]."""
    clock, calendar = run.clock, run.clock.calendar()
    means, starts = meter.windows(run.site(name).site_kw[None, :])[0], meter.window_starts
    month, per_window = calendar.billing_month[starts], tariff.demand_window_minutes * 60 // clock.step_s
    rises: list[list[tuple[Ints, Floats]]] = []
    for block in meter.demand:
        held = block.table[calendar.day_of_year, tariff.day_type(calendar), calendar.hour][starts]
        rises.append([])
        for at in range(len(meter.months)):
            inside = np.flatnonzero(held & (month == at))
            above = np.diff(np.maximum.accumulate(np.append(0.0, means[inside]))) > 0.0
            rises[-1].append((starts[inside[above]] + per_window, means[inside[above]]))
    return rises
