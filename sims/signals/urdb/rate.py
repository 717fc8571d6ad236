"""A rate of OpenEI's Utility Rate Database (version 7 or 8, JSON) as our tariff: billed or refused by name.

Holidays are unknown to the database: a holiday is billed as the day of the week it falls on.

Source: OpenEI, "Get Utility Rates", versions 7 and 8, field list; as read by SAM and by REopt.jl.
"""

import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sims.faults import DataError
from sims.signals.tariffs.tariff import Tariff
from sims.signals.urdb.charges import read_demand, read_fixed, read_minimum, read_window
from sims.signals.urdb.energy import read_energy
from sims.signals.urdb.file import Rate, read_rate, shown
from sims.signals.urdb.keys import check_keys

DOLLAR_COUNTRIES = ("USA", "ASM", "GUM", "MNP", "PRI", "VIR")
LAST_EPOCH_S = datetime(2200, 1, 1, tzinfo=UTC).timestamp()
LONGEST_NAME = 60


def read_urdb(path: Path, label: str | None = None) -> Tariff:
    """Tariff of a rate in a JSON file.

    Parameters
    ----------
    path : Path
        One rate, or the answer of the service with `items`.
    label : str or None
        Which of several rates.

    Raises
    ------
    DataError
        The file is no rate, or has faults or features that are not billed: all are listed.
    ScenarioError
        No rate of the file has the label.
    """
    rate = read_rate(path, label)
    check_keys(rate)
    fields: dict[str, Any] = _read_names(rate) | _read_dates(rate) | {"currency": "USD"}
    fields["energy"], fields["demand"] = read_energy(rate), read_demand(rate)
    fields["demand_window_minutes"] = read_window(rate, has_demand=bool(fields["demand"]))
    fields["fixed"], fields["minimum"] = read_fixed(rate), read_minimum(rate)
    if rate.faults:
        raise DataError(rate.faults)
    return Tariff(**fields, derived=tuple(rate.derived), notes=tuple(rate.notes))


def _read_names(rate: Rate) -> dict[str, Any]:
    """Name (one word, it names a group of result files), label, utility and source of the tariff."""
    for key in ("name", "utility"):
        if key not in rate.keys:
            rate.fault("D07", key, "missing; the rate needs it to be told from others")
    if rate.text("country").upper() not in ("", *DOLLAR_COUNTRIES):
        allowed = f"allowed: {', '.join(DOLLAR_COUNTRIES)}"
        rate.fault("D38", "country", f"{shown(rate.keys['country'])}: its currency is not stated; {allowed}")
    title, sector, eia = rate.text("name"), rate.text("sector"), rate.text("eiaid")
    entry = f"OpenEI URDB rate {rate.text('label')}".strip()
    return {
        "name": re.sub("[^a-z0-9]+", "_", title.lower()).strip("_")[:LONGEST_NAME].strip("_") or "urdb",
        "label": f"{title} ({sector})" if sector else title,
        "utility": rate.text("utility") + (f" (EIA {eia})" if eia else ""),
        "source": "; ".join(part for part in (entry, rate.text("source"), rate.text("uri")) if part),
    }


def _read_dates(rate: Rate) -> dict[str, date | None]:
    first, last = _read_date(rate, "startdate"), _read_date(rate, "enddate")
    if first is not None and last is not None and last < first:
        rate.fault("D58", "enddate", f"{last}: lies before startdate, {first}")
    return {"effective_from": first, "effective_until": last}


def _read_date(rate: Rate, key: str) -> date | None:
    """Day of an ISO date or of seconds since 1970; exports have midnight of UTC or of a zone west of it."""
    value = rate.keys.get(key)
    if value is None:
        return None
    if isinstance(value, str):
        try:
            return date.fromisoformat(value.strip()[:10])
        except ValueError:
            rate.fault(
                "D58", key, f"{shown(value)}: seconds since 1970 or a date such as 2024-01-31 is needed"
            )
            return None
    seconds = rate.number(key, value, 0.0, LAST_EPOCH_S, "s since 1970")
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).date()
