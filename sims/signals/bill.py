"""What a site's load costs: line items per month and period, and the interval that set each demand."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from sims.clock import Calendar, Clock
from sims.signals.tariff import DemandPeriod, Tariff

Floats = npt.NDArray[np.float64]

KINDS = ("energy", "export", "demand", "fixed", "minimum", "adjustment", "event")


@dataclass(frozen=True, slots=True)
class BillLine:
    """One line: quantity times rate is amount.

    `month` is "2019-06"; `kind` is one of `KINDS`; `quantity` is in `unit`; what is earned has a negative
    amount; `tier` counts from 1 where a rate has tiers, and is 0 where it has none; `at` is the local start
    of the demand window that set a demand line.
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
class Bill:
    """Line items of one site over a run."""

    currency: str
    lines: tuple[BillLine, ...]

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


def bill(tariff: Tariff, clock: Clock, site_kw: Floats) -> Bill:
    """Bill a load that is metered at the site's connection.

    Parameters
    ----------
    tariff : Tariff
        Prices; exported energy earns the export price of its period.
    clock : Clock
        Time axis of the load; its step divides the tariff's demand window.
    site_kw : floats, shape (n_steps,)
        Mean net power of each step, import positive [kW].

    Returns
    -------
    Bill
        One energy line per month and energy period name, one export line where it has an export price,
        one demand line per month and demand period. A month the run covers in part is billed for what was
        covered.
    """
    calendar = clock.calendar()
    lines: list[BillLine] = []
    for billing_month in range(int(calendar.billing_month[-1]) + 1):
        chosen = calendar.billing_month == billing_month
        first = int(np.argmax(chosen))
        month = clock.local_time(clock.start_s + first * clock.step_s).strftime("%Y-%m")
        lines += _energy_lines(tariff, calendar, chosen, site_kw * clock.dt_h, month)
        lines += _export_lines(tariff, calendar, chosen, site_kw * clock.dt_h, month)
        lines += [
            _demand_line(period, tariff, clock, calendar, chosen, site_kw, month) for period in tariff.demand
        ]
    return Bill(tariff.currency, tuple(lines))


def demand_windows(
    site_kw: Floats, clock: Clock, window_minutes: int
) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Mean power of every whole demand window, and the step each starts at.

    Parameters
    ----------
    site_kw : floats, shape (n_steps,)
        Mean power of each step [kW].
    clock : Clock
        Time axis.
    window_minutes : int
        Averaging window; windows start at whole multiples of it in UTC [min].

    Returns
    -------
    means : floats, shape (n_windows,)
        Mean power of each window [kW].
    starts : ints, shape (n_windows,)
        Step at which each window starts [-].
    """
    per_window = window_minutes * 60 // clock.step_s
    skip = (-clock.start_s % (window_minutes * 60)) // clock.step_s
    n_windows = (len(site_kw) - skip) // per_window
    means = site_kw[skip : skip + n_windows * per_window].reshape(n_windows, per_window).mean(axis=1)
    return means, skip + per_window * np.arange(n_windows, dtype=np.int64)


def _energy_lines(
    tariff: Tariff,
    calendar: Calendar,
    chosen: npt.NDArray[np.bool_],
    energy_kwh: Floats,
    month: str,
) -> list[BillLine]:
    imported = np.where(chosen, np.maximum(energy_kwh, 0.0), 0.0)
    sums: dict[tuple[str, float], float] = {}
    for period in tariff.energy:
        key = (period.name, period.first_price_per_kwh)
        sums[key] = sums.get(key, 0.0) + float(imported[tariff.holds(period, calendar)].sum())
    return [
        BillLine(month, "energy", name, quantity, "kWh", rate, quantity * rate)
        for (name, rate), quantity in sums.items()
    ]


def _export_lines(
    tariff: Tariff,
    calendar: Calendar,
    chosen: npt.NDArray[np.bool_],
    energy_kwh: Floats,
    month: str,
) -> list[BillLine]:
    exported = np.where(chosen, np.maximum(-energy_kwh, 0.0), 0.0)
    sums: dict[tuple[str, float], float] = {}
    for period in tariff.energy:
        if period.export_price_per_kwh != 0.0:
            key = (period.name, period.export_price_per_kwh)
            sums[key] = sums.get(key, 0.0) + float(exported[tariff.holds(period, calendar)].sum())
    return [
        BillLine(month, "export", f"{name}, fed back", quantity, "kWh", rate, -quantity * rate)
        for (name, rate), quantity in sums.items()
    ]


def _demand_line(
    period: DemandPeriod,
    tariff: Tariff,
    clock: Clock,
    calendar: Calendar,
    chosen: npt.NDArray[np.bool_],
    site_kw: Floats,
    month: str,
) -> BillLine:
    means, starts = demand_windows(site_kw, clock, tariff.demand_window_minutes)
    counted = (chosen & tariff.holds(period, calendar))[starts]
    rate = 0.0 if period.price_per_kw is None else period.price_per_kw
    if not counted.any():
        return BillLine(month, "demand", period.name, 0.0, "kW", rate, 0.0)
    highest = int(np.argmax(np.where(counted, means, -np.inf)))
    peak = max(0.0, float(means[highest]))
    at = clock.local_time(clock.start_s + int(starts[highest]) * clock.step_s)
    return BillLine(month, "demand", period.name, peak, "kW", rate, peak * rate, at)
