"""How a path is read: its functions, its constants, and the steps into objects and tables."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

import numpy as np

from cosim.results.kpis_thermal import LONG_EMERGENCY_C, NORMAL_CYCLIC_C

LIMITS = {
    "voltage_band_percent": 10.0,
    "hotspot_normal_c": NORMAL_CYCLIC_C,
    "hotspot_emergency_c": LONG_EMERGENCY_C,
}
"""Limits a sentence may name: voltage band of EN 50160, hot spots of IEC 60076-7."""

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "difference": lambda a, b: a - b,
    "share": lambda a, b: 100.0 * a / b,
    "quotient": lambda a, b: a / b,
    "grams_per_kwh": lambda kg, kwh: 1000.0 * kg / kwh,
    "minus": lambda a: -a,
    "percent": lambda a: 100.0 * a,
    "sum": lambda a: float(np.sum(a)),
    "mean": lambda a: float(np.mean(a)),
    "min": lambda a: float(np.min(a)),
    "max": lambda a: float(np.max(a)),
    "count": len,
    "positive": lambda a: int(np.sum(np.asarray(a) > 0.0)),
}
OF_TWO = ("difference", "share", "quotient", "grams_per_kwh")
_STEP = re.compile(r"([A-Za-z]\w*)|\[(\d+)\]|\.")


def cell(table: Any, key: str, rest: str) -> Any:
    """Column of the row that "[<key>].<column>" names."""
    name, _, column = rest.removeprefix("[").rpartition("].")
    rows = table[table[key] == name]
    if not len(rows) or column not in rows:
        raise KeyError(rest)
    return rows[column].iloc[0]


def walk(place: Any, rest: str) -> Any:
    """Follow "lines[2].amount" through objects, mappings and sequences."""
    for found in _STEP.finditer(rest):
        if place is None:
            return None
        if found[2]:
            place = place[int(found[2])]
        elif found[1]:
            place = place.get(found[1]) if isinstance(place, Mapping) else getattr(place, found[1], None)
    return place


def plain(value: Any) -> Any:
    """Numbers of Python, times as text; NaN is nothing."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds" if value.second else "minutes")
    if isinstance(value, date):
        return value.isoformat()
    value = value.item() if isinstance(value, np.generic | np.ndarray) and value.ndim == 0 else value
    return None if isinstance(value, float) and np.isnan(value) else value
