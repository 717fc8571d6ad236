"""The figures a study is judged by, from its table: a column each, whatever its sites and transformers."""

# pandas comes without types: what a frame gives is read as any of several things
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
# pyright: reportGeneralTypeIssues=false, reportReturnType=false

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import pandas as pd


class Judged(NamedTuple):
    """A figure of merit; `better` is "lower" or "higher"."""

    name: str
    label: str
    unit: str
    better: str = "lower"

    @property
    def axis(self) -> str:
        """Title of an axis: `Missing energy (kWh)`."""
        return f"{self.label} ({self.unit})" if self.unit else self.label


COST = Judged("cost", "Bill", "money")
MISSING = Judged("missing_kwh", "Missing energy", "kWh")
OVERLOAD_KVAH = Judged("overload_kvah", "Overload", "kVAh")
OVERLOAD_MINUTES = Judged("overload_minutes", "Time above rating", "min")
PEAK = Judged("peak_kw", "Import peak", "kW")
LOADING = Judged("max_loading_percent", "Highest loading", "%")
VOLTAGE = Judged("vm_min_pu", "Lowest voltage", "pu", "higher")
JUDGED = (COST, MISSING, OVERLOAD_KVAH, OVERLOAD_MINUTES, PEAK, LOADING, VOLTAGE)


def judged_table(table: "pd.DataFrame", axes: Mapping[str, str]) -> "pd.DataFrame":
    """Axes of a study's table beside the figures its cases are judged by.

    Parameters
    ----------
    table : DataFrame
        `Study.table`: one row a case, key figures by dotted name.
    axes : mapping of str to str
        Columns that are axes, `seed` among them where there is one, and what to call them: see
        `cosim.study.roles.short_names`.

    Returns
    -------
    DataFrame
        Same rows; the axes, then the columns of `JUDGED`, NaN where a case does not know one. `cost` is the
        bill of all sites [currency]; `missing_kwh` what sessions with and without a port lacked; overloads
        are summed over lines and transformers, `max_loading_percent` is the highest of them.
    """
    import pandas as pd

    def total(columns: Iterable[str]) -> "pd.Series":
        """Sum of what is known, NaN where nothing is."""
        return _numbers(table, columns).sum(axis=1, min_count=1)

    judged = {
        "cost": total(["totals.bill_total"]),
        "missing_kwh": total(["totals.missing_kwh", "totals.never_connected_kwh"]),
        "overload_kvah": total(["feeder.line_overload_kvah", *_of_transformers(table, "overload_kvah")]),
        "overload_minutes": total(
            ["feeder.line_overload_minutes", *_of_transformers(table, "overload_minutes")]
        ),
        "peak_kw": total(["feeder.import_peak_kw"]),
        "max_loading_percent": _numbers(
            table, ["feeder.line_max_loading_percent", *_of_transformers(table, "max_loading_percent")]
        ).max(axis=1),
        "vm_min_pu": _numbers(table, ["feeder.vm_phase_min_pu", "feeder.vm_min_pu"]).min(axis=1),
    }
    asked = table[list(axes)].rename(columns=dict(axes))
    return pd.concat([asked, pd.DataFrame(judged, index=table.index)], axis=1)


def currency(table: "pd.DataFrame") -> str:
    """Currency of the bills; "money" where cases pay in several or none is known."""
    known = table["totals.currency"].dropna().unique() if "totals.currency" in table else []
    return str(known[0]) if len(known) == 1 else "money"


def _of_transformers(table: "pd.DataFrame", name: str) -> list[str]:
    return [column for column in table if column.startswith("transformers.") and column.endswith(f".{name}")]


def _numbers(table: "pd.DataFrame", columns: Iterable[str]) -> "pd.DataFrame":
    """Columns of the table that are there, as numbers; a text counts as unknown."""
    import pandas as pd

    there = [column for column in columns if column in table]
    if not there:
        return pd.DataFrame({"nothing": float("nan")}, index=table.index)
    return table[there].apply(pd.to_numeric, errors="coerce").astype(float)
