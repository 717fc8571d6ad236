"""What a site's load costs: line items per month, period and tier, and the interval that set each demand."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import numpy.typing as npt

from sims.clock import Clock
from sims.signals.billing.charge import Charge
from sims.signals.billing.metering import Meter
from sims.signals.billing.peaks import Peaks
from sims.signals.billing.ratchet import MINIMUM, History, history_by_period
from sims.signals.billing.rating import rated
from sims.signals.tariffs.tariff import Tariff

Floats = npt.NDArray[np.float64]

KINDS = ("energy", "export", "demand", "fixed", "minimum", "adjustment", "event")
ONE = 0
"""The only case of a bill of one load."""


@dataclass(frozen=True, slots=True)
class BillLine:
    """One line: quantity times rate is amount.

    `month` is "2019-06"; `kind` is one of `KINDS`; `quantity` is in `unit`; what is earned has a negative
    rate and amount; `tier` counts from 1 where a rate has tiers, and is 0 where it has none; `at` is the
    local start of the demand window that set a demand line: of this month, or of the earlier one whose share
    a ratchet bills. It is None when that month lies before the run or the least billed demand sets the line.
    """

    month: str
    kind: str
    label: str
    quantity: float
    unit: str
    rate: float
    amount: float
    at: datetime | None = None
    tier: int = 0


@dataclass(frozen=True, slots=True)
class BillMonth:
    """What a month of a bill covers, and its peaks.

    Parameters
    ----------
    month : str
        "2019-06".
    first_day, last_day : date
        First and last local day with a step.
    days_covered : float
        Days the bill covers; a day that the run starts or ends in counts its share [d].
    days_of_month : int
        Days the month has [d].
    billed_peak_kw : float or None
        Highest demand window in the hours of any demand charge, before ratchet and least billed demand;
        None without one [kW].
    billed_peak_at : datetime or None
        Local start of that window.
    peak_kw : float or None
        Highest demand window at any time; None when no whole window is covered [kW].
    peak_at : datetime or None
        Local start of that window.
    """

    month: str
    first_day: date
    last_day: date
    days_covered: float
    days_of_month: int
    billed_peak_kw: float | None
    billed_peak_at: datetime | None
    peak_kw: float | None
    peak_at: datetime | None

    @property
    def partial(self) -> bool:
        """Whether the bill covers the month in part only."""
        return self.days_covered < self.days_of_month


@dataclass(frozen=True, slots=True)
class Bill:
    """Line items of one site over a run, and what each month covers."""

    currency: str
    lines: tuple[BillLine, ...]
    months: tuple[BillMonth, ...] = ()

    def sum_of(self, *kinds: str) -> float:
        """Sum of the lines of these kinds, negative for what is earned [currency]."""
        return sum(line.amount for line in self.lines if line.kind in kinds)

    def has(self, kind: str) -> bool:
        """Whether there is a line of the kind."""
        return any(line.kind == kind for line in self.lines)

    @property
    def energy(self) -> float:
        """Sum of the energy lines [currency]."""
        return self.sum_of("energy")

    @property
    def export(self) -> float:
        """Sum of the export lines, negative for what is earned [currency]."""
        return self.sum_of("export")

    @property
    def demand(self) -> float:
        """Sum of the demand lines [currency]."""
        return self.sum_of("demand")

    @property
    def total(self) -> float:
        """Sum of all lines [currency]."""
        return sum(line.amount for line in self.lines)


def bill(
    tariff: Tariff,
    clock: Clock,
    site_kw: Floats,
    *,
    market_price_per_kwh: Floats | None = None,
    demand_history_kw: History | None = None,
) -> Bill:
    """Bill a load that is metered at the site's connection.

    Parameters
    ----------
    tariff : Tariff
        Prices; exported energy earns the export price of its period.
    clock : Clock
        Time axis of the load; its step divides the tariff's demand window.
    site_kw : floats, shape (n_steps,)
        Mean net power of each step, import positive [kW].
    market_price_per_kwh : floats, shape (n_steps,), or None
        Market price of every step, for a tariff with `real_time` and for no other [1/kWh].
    demand_history_kw : mapping of str to floats, or floats, or None
        Maxima of the months before the run by ratcheted period, oldest first; one list when a single
        period is ratcheted. None or empty: the ratchet begins with the run [kW].

    Returns
    -------
    Bill
        Lines of each month in the order energy, export, demand, fixed, minimum, adjustments.

    Raises
    ------
    ValueError
        Arrays of another length than the clock, a market price that is missing or not asked for, or a
        history that does not fit the ratchets.

    Notes
    -----
    A month that the run covers in part is billed for what was covered: its energy, its peaks in full, the
    share of covered days of fixed and minimum charges; tiers by the month keep their ends.
    Energy of several rates of one name fills the tiers of each in proportion. Of several demand rates of
    one name that hold in a month the one that comes to most is charged, so a season that changes within a
    month costs one demand, not two.
    """
    load = _checked(site_kw, clock, "site_kw")[None, :]
    meter, history = Meter(tariff, clock), history_by_period(tariff, demand_history_kw)
    metered = meter.read(load, checked_market(tariff, clock, market_price_per_kwh))
    charges = rated(tariff, meter, metered, history)
    peaks = Peaks(meter, load[ONE])
    lines = (
        _line(charge, place, meter, peaks)
        for place in range(len(meter.months))
        for charge in charges
        if charge.shown[ONE, place]
    )
    return Bill(tariff.currency, tuple(lines), tuple(_bill_months(meter, peaks)))


def checked_market(tariff: Tariff, clock: Clock, market_price_per_kwh: Floats | None) -> Floats | None:
    """The market price, if and only if the tariff buys at it."""
    if (tariff.real_time is None) != (market_price_per_kwh is None):
        needs = "no market price" if tariff.real_time is None else "a market price of every step"
        raise ValueError(f"{tariff.name} needs {needs} (market_price_per_kwh)")
    if market_price_per_kwh is None:
        return None
    return _checked(market_price_per_kwh, clock, "market_price_per_kwh")


def _checked(series: Floats, clock: Clock, name: str) -> Floats:
    series = np.asarray(series, dtype=np.float64)
    if series.shape != (clock.n_steps,):
        raise ValueError(f"{name} has shape {series.shape}, the clock has {clock.n_steps} steps")
    return series


def _line(charge: Charge, place: int, meter: Meter, peaks: Peaks) -> BillLine:
    """A charge of one month as a line."""
    label, at = charge.label, None
    if charge.set_by is not None:
        setter = int(charge.set_by[ONE, place])
        label += _how_set(charge, place, setter, meter)
        ratchet = meter.demand[charge.demand].period.ratchet
        is_mean = ratchet is not None and ratchet.rule == "average" and setter != MINIMUM
        at = peaks.setting(charge.demand, place, place if is_mean else setter)
    rate = charge.rate[ONE, place] if isinstance(charge.rate, np.ndarray) else charge.rate
    return BillLine(
        month=meter.months.name(place),
        kind=charge.kind,
        label=label,
        quantity=float(charge.quantity[ONE, place]),
        unit=charge.unit,
        rate=float(rate),
        amount=float(charge.amount[ONE, place]) + 0.0,  # no -0.0
        at=at,
        tier=charge.tier,
    )


def _how_set(charge: Charge, place: int, setter: int, meter: Meter) -> str:
    """What the label adds when another month than this one, or the minimum, sets the demand."""
    period = meter.demand[charge.demand].period
    if setter == MINIMUM:
        return f", least billed demand {period.minimum_kw:g} kW"
    if setter == place or period.ratchet is None:
        return ""
    month = meter.months.name(setter)
    if period.ratchet.rule == "average":
        return f", ratchet: mean with {month}"
    return f", ratchet: {period.ratchet.percent:g} % of {month}"


def _bill_months(meter: Meter, peaks: Peaks) -> Iterator[BillMonth]:
    months = meter.months
    for place in range(len(months)):
        billed_kw, billed_at = peaks.billed(place)
        peak_kw, peak_at = peaks.any_time(place)
        yield BillMonth(
            month=months.name(place),
            first_day=months.first_day[place],
            last_day=months.last_day[place],
            days_covered=float(months.days_covered[place]),
            days_of_month=int(months.days_of_month[place]),
            billed_peak_kw=billed_kw,
            billed_peak_at=billed_at,
            peak_kw=peak_kw,
            peak_at=peak_at,
        )
