"""Public holidays by country and subdivision, from the `holidays` package."""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from sims.faults import nearest


def known_holidays(place: str) -> None:
    """Raise ValueError unless `place` ("IT", "US-CA") has public holidays we know."""
    import holidays

    country, _, subdivision = place.partition("-")
    supported = holidays.list_supported_countries()
    if country not in supported:
        raise ValueError(f'"{country}": no such country; {nearest(country, supported)}')
    if subdivision and subdivision not in supported[country]:
        raise ValueError(
            f'"{subdivision}": no such part of {country}; {nearest(subdivision, supported[country])}'
        )


@lru_cache(maxsize=64)
def holiday_dates(place: str, years: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """Public holidays of the years, as observed, sorted, as proleptic Gregorian ordinals, shape (n,)."""
    import holidays

    country, _, subdivision = place.partition("-")
    free = holidays.country_holidays(country, subdiv=subdivision or None, years=years)
    return np.array(sorted(day.toordinal() for day in free), dtype=np.int64)
