"""A tariff's energy prices as a table of the year: months down, hours across, kinds of day apart."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from string import ascii_letters

import numpy as np
import numpy.typing as npt

from sims.signals.tariffs.periods import DAY_TYPES, DAYS_OF_YEAR, LEAP_YEAR, MONTH_OF_DAY
from sims.signals.tariffs.tariff import EnergyPeriod, Tariff

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

KIND_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "holidays")
MONTH_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Rate:
    """One price of a tariff, however many periods have it; `letter` stands for it in tables."""

    letter: str
    period: EnergyPeriod


@dataclass(frozen=True, slots=True)
class Season:
    """Days of the year with the same prices.

    Parameters
    ----------
    days : bools, shape (366,)
        Its days, by their place in a leap year.
    rates : ints, shape (24,)
        Number of the rate of every hour.
    """

    days: Bools
    rates: Ints


@dataclass(frozen=True, slots=True)
class DayTable:
    """Prices of the kinds of day that share them.

    Parameters
    ----------
    days : str
        The kinds of day: "Mon-Fri", "Sun, holidays".
    numbers : ints, shape (366, 24)
        Number of the rate of every day, by its place in a leap year, and hour.
    """

    days: str
    numbers: Ints

    def seasons(self) -> list[Season]:
        """Groups of days with the same prices, by their first day."""
        different, which = np.unique(self.numbers, axis=0, return_inverse=True)
        first = [int(np.argmax(which == i)) for i in range(len(different))]
        return [Season(which == i, different[i]) for i in np.argsort(first)]

    def month_rows(self) -> Iterator[tuple[str, Ints]]:
        """Name and rates, shape (24,), of every month; a month that changes inside has several rows."""
        for month in range(1, 13):
            days = np.flatnonzero(month == MONTH_OF_DAY)
            changes = np.flatnonzero((np.diff(self.numbers[days], axis=0) != 0).any(axis=1)) + 1
            for part in np.split(days, changes):
                name = MONTH_NAMES[month - 1]
                whole = len(part) == len(days)
                yield name if whole else f"{name} {part[0] - days[0] + 1}", self.numbers[part[0]]


def year_table(tariff: Tariff) -> tuple[list[Rate], list[DayTable]]:
    """Prices of a tariff and when they hold.

    Returns
    -------
    rates : list of Rate
        The different prices, in the order of the file.
    tables : list of DayTable
        One for the kinds of day that do not differ; `holiday` only where the tariff has holidays.
    """
    rates: dict[tuple[object, ...], Rate] = {}
    number_of: list[int] = []
    for period in tariff.energy:
        key = (period.name, period.price_per_kwh, period.tiers, period.tiers_per, period.export_price_per_kwh)
        rates.setdefault(key, Rate(_letter(len(rates)), period))
        number_of.append(list(rates).index(key))
    numbers = np.array(number_of)[tariff.period_table]
    kinds = list(range(len(DAY_TYPES) - (tariff.holidays is None)))
    tables: list[DayTable] = []
    while kinds:
        same = [kind for kind in kinds if np.array_equal(numbers[:, kind], numbers[:, kinds[0]])]
        tables.append(DayTable(kinds_named(same, all_kinds=tariff.holidays is not None), numbers[:, same[0]]))
        kinds = [kind for kind in kinds if kind not in same]
    return list(rates.values()), tables


def kinds_named(kinds: Iterable[int], *, all_kinds: bool) -> str:
    """Kinds of day in words: "every day", "Mon-Fri", "Sat, holidays"."""
    given = sorted(kinds)
    every = list(range(len(DAY_TYPES)))
    if given == every or (not all_kinds and given == every[:-1]):
        return "every day"
    return ", ".join(
        KIND_NAMES[first] if first == last else f"{KIND_NAMES[first]}-{KIND_NAMES[last]}"
        for first, last in [*runs(kind for kind in given if kind < 7), *runs(k for k in given if k == 7)]
    )


def days_named(days: Bools) -> str:
    """Days of a leap year, shape (366,), in words: "all year", "months 6-9", "11-15..03-14"."""
    if days.all():
        return "all year"
    months = [m for m in range(1, 13) if days[m == MONTH_OF_DAY].any()]
    if np.array_equal(days, np.isin(MONTH_OF_DAY, months)):
        ranges = [str(a) if a == b else f"{a}-{b}" for a, b in _over_new_year(list(runs(months)), 12)]
        return f"month{'s' if len(months) > 1 else ''} {', '.join(ranges)}"
    spans = _over_new_year([(a + 1, b + 1) for a, b in runs(np.flatnonzero(days).tolist())], DAYS_OF_YEAR)
    return ", ".join(f"{_month_day(a)}..{_month_day(b)}" for a, b in spans)


def hours_named(inside: Bools) -> str:
    """Hours of the day, shape (24,), in words: "all day", "06-22", "21-08"."""
    if inside.all():
        return "all day"
    spans = _over_new_year([(a + 1, b + 1) for a, b in runs(np.flatnonzero(inside).tolist())], 24)
    return ", ".join(f"{a - 1:02d}-{b:02d}" for a, b in spans)


def hour_spans(rates: Ints) -> Iterator[tuple[int, int, int]]:
    """First hour, end hour and rate of every run of equal rates of a day of shape (24,)."""
    start = 0
    for rate, run in groupby(rates.tolist()):
        end = start + len(list(run))
        yield start, end, rate
        start = end


def runs(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """First and last of every run of successive numbers; the numbers rise."""
    for _, run in groupby(enumerate(numbers), key=lambda item: item[1] - item[0]):
        found = [number for _, number in run]
        yield found[0], found[-1]


def _over_new_year(spans: list[tuple[int, int]], last: int) -> list[tuple[int, int]]:
    """Spans of 1..last, a span that touches the end joined with one that touches the start."""
    if len(spans) > 1 and spans[0][0] == 1 and spans[-1][1] == last:
        return [(spans[-1][0], spans[0][1]), *spans[1:-1]]
    return spans


def _month_day(place: int) -> str:
    """Place 1..366 as "month-day"."""
    return f"{date.fromordinal(date(LEAP_YEAR, 1, 1).toordinal() + place - 1):%m-%d}"


def _letter(number: int) -> str:
    """A to Z, a to z, then A1 and so on."""
    times, place = divmod(number, len(ascii_letters))
    letters = ascii_letters[26:] + ascii_letters[:26]
    return letters[place] + (str(times) if times else "")
