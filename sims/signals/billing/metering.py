"""From a load to what a meter reads for the bill: energy and highest demand by month and rate."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sims.clock import Clock
from sims.signals.billing.blocks import DemandBlock, EnergyBlock, demand_blocks, energy_blocks, rate_table
from sims.signals.billing.months import Months
from sims.signals.billing.windows import whole_windows, window_means
from sims.signals.tariffs.tariff import Tariff

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
AnyInts = npt.NDArray[np.signedinteger[Any]]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Cells:
    """Which of `n_cells` sums each column of a load goes to, sorted so that one pass takes them all.

    Parameters
    ----------
    order : ints, shape (n_counted,), or None
        Columns that count, those of a cell together; None: all columns as they are.
    starts : ints, shape (n_used,)
        Place in `order` at which each cell begins [-].
    cell : ints, shape (n_used,)
        Number of that cell, rising [-].
    n_cells : int
        Number of cells, used or not.
    """

    order: Ints | None
    starts: Ints
    cell: Ints
    n_cells: int

    @classmethod
    def of(cls, key: AnyInts, n_cells: int, counted: Bools | None = None) -> "Cells":
        """Cells by the number each column goes to; columns that are not `counted` go nowhere."""
        columns = None if counted is None or counted.all() else np.flatnonzero(counted)
        # sorting and comparing of 16-bit numbers is quick
        short: AnyInts = key.astype(np.int16 if n_cells < 2**15 else np.int64)
        short = short if columns is None else short[columns]
        if (short[1:] < short[:-1]).any():
            by_key = np.argsort(short, kind="stable")
            columns = by_key if columns is None else columns[by_key]
        sizes = np.bincount(short, minlength=n_cells)
        cell = np.flatnonzero(sizes)
        return cls(columns, (np.cumsum(sizes) - sizes)[cell], cell, n_cells)

    def sums(self, values: Floats) -> Floats:
        """Sum of the columns of each cell, shape (n_cases, n_cells) for values of shape (n_cases, n)."""
        sums = np.zeros((len(values), self.n_cells))
        if len(self.starts):
            sums[:, self.cell] = np.add.reduceat(self._taken(values), self.starts, axis=1)
        return sums

    def maxima(self, values: Floats) -> Floats:
        """Highest column of each cell, -inf for a cell without, shape (n_cases, n_cells)."""
        highest = np.full((len(values), self.n_cells), -np.inf)
        if len(self.starts):
            highest[:, self.cell] = np.maximum.reduceat(self._taken(values), self.starts, axis=1)
        return highest

    def highest_columns(self, values: Floats) -> Ints:
        """First column with the highest value of each cell, -1 for a cell without, shape (n_cells,)."""
        found = np.full(self.n_cells, -1, dtype=np.int64)
        taken = self._taken(values[None, :])[0]
        ends = [*self.starts[1:], len(taken)][: len(self.starts)]
        for cell, start, end in zip(self.cell, self.starts, ends, strict=True):
            place = start + int(np.argmax(taken[start:end]))
            found[cell] = place if self.order is None else self.order[place]
        return found

    def _taken(self, values: Floats) -> Floats:
        return values if self.order is None else np.take(values, self.order, axis=1)


@dataclass(frozen=True, slots=True)
class Metered:
    """What is billed of loads, first axis the case, second the month.

    Parameters
    ----------
    import_kwh, export_kwh : floats, shape (n_cases, n_months, n_energy_rates)
        Energy by rate; export is zero where no rate pays it [kWh].
    market_cost, market_earned : floats, shape (n_cases, n_months)
        Imported and exported energy at the market price; zeros without one [money].
    peak_kw : floats, shape (n_cases, n_months, n_demand_rates)
        Highest window in the hours of each rate, at least 0 [kW].
    """

    import_kwh: Floats
    export_kwh: Floats
    market_cost: Floats
    market_earned: Floats
    peak_kw: Floats


class Meter:
    """Reads loads on one clock for one tariff.

    Parameters
    ----------
    tariff : Tariff
        Whose rates are metered.
    clock : Clock
        Time axis of every load; its step divides the tariff's demand window.
    """

    def __init__(self, tariff: Tariff, clock: Clock) -> None:
        if tariff.demand_window_minutes * 60 % clock.step_s:
            raise ValueError(
                f"{tariff.name}: its demand window of {tariff.demand_window_minutes} min "
                f"is no multiple of the step of {clock.step_s} s"
            )
        calendar = clock.calendar()
        self.clock = clock
        self.months = Months.of(clock, calendar)
        self.energy: tuple[EnergyBlock, ...] = energy_blocks(tariff.energy)
        self.demand: tuple[DemandBlock, ...] = demand_blocks(tariff.demand)
        n_months, month = len(self.months), calendar.billing_month.astype(np.int32)
        place = np.ravel_multi_index(
            (calendar.day_of_year, tariff.day_type(calendar), calendar.hour), self.energy[0].table.shape
        )
        rate = rate_table(tariff.energy).ravel()[place]
        self._energy = Cells.of(month * len(self.energy) + rate, n_months * len(self.energy))
        self._month = Cells.of(month, n_months)
        self._per_window = tariff.demand_window_minutes * 60 // clock.step_s
        self._starts, self._whole = whole_windows(clock, calendar, tariff.demand_window_minutes)
        self.window_starts = self._starts[self._whole]
        steps = slice(None) if self._per_window == 1 else self.window_starts
        at, in_month = place[steps], month[steps]
        self._demand = [Cells.of(in_month, n_months, block.table.ravel()[at]) for block in self.demand]
        self._any_time = Cells.of(in_month, n_months)
        self._pays_export = tariff.pays_export

    def windows(self, loads_kw: Floats) -> Floats:
        """Mean power of the whole demand windows, shape (n_cases, n_windows) [kW]."""
        return window_means(loads_kw, self._starts, self._whole, self._per_window)

    def read(self, loads_kw: Floats, market_price_per_kwh: Floats | None) -> Metered:
        """What is billed of loads of shape (n_cases, n_steps) [kW] at a market price [1/kWh], if any."""
        n_cases, n_months = len(loads_kw), len(self.months)
        shape = (n_cases, n_months, len(self.energy))
        imported = np.maximum(loads_kw, 0.0)
        no_money = np.zeros((n_cases, n_months))
        cost = earned = no_money
        import_kwh = self._energy.sums(imported).reshape(shape) * self.clock.dt_h
        export_kwh = np.zeros(shape)
        if market_price_per_kwh is not None:
            cost = self._month.sums(imported * market_price_per_kwh) * self.clock.dt_h
        if self._pays_export:
            exported = np.maximum(-loads_kw, 0.0)
            export_kwh = self._energy.sums(exported).reshape(shape) * self.clock.dt_h
            if market_price_per_kwh is not None:
                earned = self._month.sums(exported * market_price_per_kwh) * self.clock.dt_h
        return Metered(import_kwh, export_kwh, cost, earned, self._peak_kw(loads_kw))

    def highest_windows(self, means: Floats) -> tuple[list[Ints], Ints]:
        """Highest window of each month among the `windows` of one load, -1 for none.

        Parameters
        ----------
        means : floats, shape (n_windows,)
            Mean power of the whole windows [kW].

        Returns
        -------
        by_rate : list of ints of shape (n_months,)
            In the hours of each rate of demand, the first of equal ones [-].
        any_time : ints, shape (n_months,)
            At any time [-].
        """
        by_rate = [cells.highest_columns(means) for cells in self._demand]
        return by_rate, self._any_time.highest_columns(means)

    def _peak_kw(self, loads_kw: Floats) -> Floats:
        peaks = np.zeros((len(loads_kw), len(self.months), len(self.demand)))
        if self.demand:
            means = self.windows(loads_kw)
            for number, cells in enumerate(self._demand):
                peaks[:, :, number] = np.maximum(cells.maxima(means), 0.0)
        return peaks
