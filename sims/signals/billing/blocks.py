"""Periods of a tariff that are one rate: the same name and the same prices at other hours or seasons."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from sims.clock import DAYS_BEFORE_MONTH
from sims.signals.tariffs.periods import Period
from sims.signals.tariffs.tariff import DemandPeriod, EnergyPeriod

Bools = npt.NDArray[np.bool_]
PeriodT = TypeVar("PeriodT", EnergyPeriod, DemandPeriod)
WHEN = {name: Period.model_fields[name].default for name in ("months", "dates", "days", "hours")}


@dataclass(frozen=True, slots=True)
class Block(Generic[PeriodT]):
    """A rate with all hours it holds.

    Parameters
    ----------
    period : EnergyPeriod or DemandPeriod
        Name and prices; what it says of hours and seasons is not to be used.
    table : bools, shape (366, 8, 24)
        Day of the year, kind of day and hour at which it holds.
    months : bools, shape (12,)
        Calendar months on some day of which it holds.
    """

    period: PeriodT
    table: Bools
    months: Bools

    @property
    def name(self) -> str:
        """Name of its periods."""
        return self.period.name


EnergyBlock = Block[EnergyPeriod]
DemandBlock = Block[DemandPeriod]


@lru_cache(maxsize=64)
def energy_blocks(periods: tuple[EnergyPeriod, ...]) -> tuple[EnergyBlock, ...]:
    """Rates of energy, in the order in which the tariff first names them."""
    return _blocks(periods)


@lru_cache(maxsize=64)
def demand_blocks(periods: tuple[DemandPeriod, ...]) -> tuple[DemandBlock, ...]:
    """Rates of demand, in the order in which the tariff first names them."""
    return _blocks(periods)


@lru_cache(maxsize=64)
def rate_table(periods: tuple[EnergyPeriod, ...]) -> npt.NDArray[np.int32]:
    """Which of the `energy_blocks` holds, shape (366, 8, 24); 0 where none needs to."""
    table = np.zeros((366, 8, 24), dtype=np.int32)
    for number, block in enumerate(energy_blocks(periods)):
        table[block.table] = number
    return table


def _blocks(periods: Sequence[PeriodT]) -> tuple[Block[PeriodT], ...]:
    tables: dict[PeriodT, Bools] = {}
    for period in periods:
        rate = period.model_copy(update=WHEN)
        table = period.table()
        tables[rate] = tables[rate] | table if rate in tables else table
    return tuple(Block(rate, table, _months(table)) for rate, table in tables.items())


def _months(table: Bools) -> Bools:
    return np.logical_or.reduceat(table.any(axis=(1, 2)), DAYS_BEFORE_MONTH)
