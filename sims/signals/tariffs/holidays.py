"""Public holidays by country and subdivision, from the `holidays` package, and those a utility keeps."""

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sims.faults import nearest

if TYPE_CHECKING:
    from holidays import HolidayBase

OBSERVED = " (observed)"
FRIDAY = 4
# names of holidays come and go with laws; these years know all that a tariff can mean
NAMING_YEARS = tuple(range(2000, 2031))


def known_holidays(place: str, names: tuple[str, ...] = ()) -> None:
    """Raise ValueError unless `place` ("IT", "US-CA") has public holidays we know, with these names."""
    import holidays

    country, _, subdivision = place.partition("-")
    supported = holidays.list_supported_countries()
    if country not in supported:
        raise ValueError(f'"{country}": no such country; {nearest(country, supported)}')
    if subdivision and subdivision not in supported[country]:
        raise ValueError(
            f'"{subdivision}": no such part of {country}; {nearest(subdivision, supported[country])}'
        )
    for name in names:
        if name not in (known := _names(place)):
            raise ValueError(f'holiday_names: "{name}": no holiday of {place}; {nearest(name, known)}')


@lru_cache(maxsize=64)
def holiday_dates(
    place: str, years: tuple[int, ...], names: tuple[str, ...] = (), *, saturdays_stay: bool = False
) -> npt.NDArray[np.int64]:
    """Public holidays of the years, as observed, sorted, as proleptic Gregorian ordinals, shape (n,).

    Parameters
    ----------
    place : str
        Country, or country and subdivision: "IT", "US-CA".
    years : tuple of int
        Calendar years.
    names : tuple of str
        Keep only these; none means all.
    saturdays_stay : bool
        The Friday before a holiday on a Saturday is an ordinary day.
    """
    days = [
        day.toordinal()
        for day, said in _calendar(place, years).items()
        if any(
            (not names or name.removesuffix(OBSERVED) in names)
            and not (saturdays_stay and name.endswith(OBSERVED) and day.weekday() == FRIDAY)
            for name in said.split("; ")
        )
    ]
    return np.array(sorted(days), dtype=np.int64)


def _calendar(place: str, years: tuple[int, ...]) -> "HolidayBase":
    import holidays

    country, _, subdivision = place.partition("-")
    return holidays.country_holidays(country, subdiv=subdivision or None, years=years, language="en_US")


@lru_cache(maxsize=16)
def _names(place: str) -> frozenset[str]:
    """Names that days of a place have or had."""
    said = _calendar(place, NAMING_YEARS).values()
    return frozenset(name.removesuffix(OBSERVED) for names in said for name in names.split("; "))
