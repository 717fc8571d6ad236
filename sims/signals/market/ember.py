"""Hourly day-ahead prices as Ember publishes them: one row a country and hour, EUR/MWh, times in UTC."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from sims.cells import Block, Floats, Ints, TableFaults, display, numbers, times
from sims.csvfile import Columns, read_blocks
from sims.faults import DataError, Fault, nearest
from sims.signals.market.day_profiles import KWH_PER_MWH
from sims.tables import Series, even_step

COUNTRY, ISO3, UTC_TIME, LOCAL_TIME = "Country", "ISO3 Code", "Datetime (UTC)", "Datetime (Local)"
PRICE = "Price (EUR/MWhe)"
# the files have been written with these headers over the years
LAYOUT = Columns(
    (UTC_TIME, PRICE, COUNTRY),
    optional=(ISO3, LOCAL_TIME),
    instead={COUNTRY: ISO3},
    spellings={
        "ISO3": ISO3,
        "Price": PRICE,
        "Price (EUR/MWh)": PRICE,
        "Datetime UTC": UTC_TIME,
        "Datetime Local": LOCAL_TIME,
    },
)
# the mean of a month of any market is far above this; a whole file below it is per kWh already
LEAST_EUR_PER_MWH = 2.0
MOST_OF_A_HEADER = 1000
# no European auction goes beyond half of this
MOST_EUR_PER_MWH = 10_000.0


def is_ember(path: Path) -> bool:
    """Whether the first line of a file is a header of this layout; the file may be anything."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return UTC_TIME in file.readline(MOST_OF_A_HEADER)
    except (OSError, UnicodeDecodeError):
        return False


def read_ember(path: Path, country: str | None, zone: str) -> Series:
    """Price series of one country of a file in Ember's layout.

    Parameters
    ----------
    path : Path
        CSV file with the columns Country, ISO3 Code, Datetime (UTC), Datetime (Local), Price (EUR/MWhe);
        Datetime (UTC) says when, Datetime (Local) is not looked at.
    country : str or None
        Its name or ISO3 code; None where the file has only one.
    zone : str
        IANA time zone for messages.

    Returns
    -------
    Series
        Column `price_per_kwh` [EUR/kWh]; negative prices are kept.

    Raises
    ------
    DataError
        Everything that is wrong with the file, gaps named by their first hour.
    """
    faults = TableFaults(path)
    seen: dict[str, str] = {}
    rows: list[Ints] = []
    time_s: list[Ints] = []
    prices: list[Floats] = []
    for block in read_blocks(path, LAYOUT, faults):
        seen |= _codes(block)
        chosen = _of_country(block, country)
        rows.append(chosen.rows)
        time_s.append(times(chosen, UTC_TIME, "UTC", faults))
        prices.append(numbers(chosen, PRICE, faults))
    if strange := _country_fault(path, country, seen):
        raise DataError([*faults.listed(), strange])
    every_row, every_time, price = np.concatenate(rows), np.concatenate(time_s), np.concatenate(prices)
    _check_unit(price, every_row, faults)
    step_s = even_step(every_time, every_row, zone, faults)
    if faults:
        raise DataError(faults.listed())
    return Series(path, every_time, step_s, {"price_per_kwh": price / KWH_PER_MWH})


def _codes(block: Block) -> dict[str, str]:
    """Codes of the countries of a block by their names; a file may have only one of the two."""
    known = [block.columns[column] for column in (COUNTRY, ISO3) if column in block.columns]
    return dict(zip(known[0], known[-1], strict=True))


def _of_country(block: Block, country: str | None) -> Block:
    """The rows of a country, all where none is asked for."""
    if country is None:
        return block
    meant = {name for name, code in _codes(block).items() if _is(country, name, code)}
    names = block.columns[COUNTRY if COUNTRY in block.columns else ISO3]
    kept = [i for i, name in enumerate(names) if name in meant]
    return Block(block.rows[kept], {name: [texts[i] for i in kept] for name, texts in block.columns.items()})


def _is(country: str, name: str, code: str) -> bool:
    return country.casefold() in {name.casefold(), code.casefold()}


def _country_fault(path: Path, country: str | None, seen: Mapping[str, str]) -> Fault | None:
    """What is wrong with the choice of a country, None when nothing is."""
    where = f"{display(path)}:{COUNTRY}"
    if not seen:
        return Fault("D03", f"{display(path)}:2", "no rows below the header")
    if country is None and len(seen) > 1:
        what = f'the file holds {len(seen)} countries; choose one, for example country = "{next(iter(seen))}"'
        return Fault("D07", where, what)
    if country is not None and not any(_is(country, name, code) for name, code in seen.items()):
        return Fault("D07", where, f'"{country}": the file has no row of it; {nearest(country, seen)}')
    return None


def _check_unit(price: Floats, rows: Ints, faults: TableFaults) -> None:
    """Refuse prices that only another unit explains; negative ones are as good as others."""
    size = np.abs(price)
    beyond = np.flatnonzero(size > MOST_EUR_PER_MWH)
    if beyond.size:
        what = f"outside +-{MOST_EUR_PER_MWH:g} EUR/MWh; in cents?"
        faults.add("D57", PRICE, rows[beyond], what, f"{price[beyond[0]]:g}")
    if 0.0 < float(np.nanmax(size, initial=0.0)) < LEAST_EUR_PER_MWH:
        what = f"no price beyond {LEAST_EUR_PER_MWH:g} EUR/MWh: per kWh given? this layout is per MWh"
        faults.add("D57", PRICE, rows[:1], what)
