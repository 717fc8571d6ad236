"""A comparison in words: values, deltas and remarks as they are printed."""

# pandas comes without types: what a frame gives is read as any of several things
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
# pyright: reportGeneralTypeIssues=false, reportReturnType=false

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from cosim.results.compare.kpis import DELIVERED
from cosim.results.kpi_table import DECIMALS, SCOPES, Kpi, value_text

if TYPE_CHECKING:
    import pandas as pd

USUAL = (
    *("bill_total", "bill_energy", "bill_demand", "bill_events", "ev_cost", "ev_cost_per_delivered_kwh"),
    *(
        "billed_peak_kw",
        "peak_kw",
        "ev_delivered_kwh",
        "missing_kwh",
        "never_connected_kwh",
        "sessions_short",
    ),
    *("battery_throughput_kwh", "battery_wear_cost", "event_reduction_kwh", "pv_used_percent", "ev_co2_kg"),
    *(
        "vm_min_pu",
        "unbalance_max_percent",
        "out_of_ansi_a_minutes",
        "line_max_loading_percent",
        "losses_kwh",
    ),
    *("max_loading_percent", "overload_minutes", "overload_kvah", "max_hotspot_c", "loss_of_life_percent"),
    *("non_converged_steps", "unserved_kwh"),
)
"""What people ask first of a comparison; all others are in the page, the CSV file and the JSON."""
SERVICE_KWH = 0.1
SERVICE_SHARE = 0.01
"""Service is alike when missing energy agrees within `SERVICE_KWH` and delivered energy within this share."""
SERVICE = ("missing_kwh", "never_connected_kwh", "ev_delivered_kwh")
_KPIS = {(scope, kpi.name): kpi for scope, kpis in SCOPES.items() for kpi in (*kpis, *DELIVERED)}


def kpi_of(scope: str, name: str) -> Kpi:
    """The key figure a row of `compared_kpis` is about."""
    return _KPIS[scope, name]


def told(value: object, kpi: Kpi) -> str:
    """A value as it is printed; nothing where there is none."""
    unknown = value is None or (isinstance(value, float) and np.isnan(value))
    return "" if unknown else value_text(value, kpi)


def delta_text(delta: float, relative: float, kpi: Kpi) -> str:
    """A difference from the baseline: `-12.3 (-4.5 %)`, without the share where the baseline is 0."""
    if np.isnan(delta):
        return ""
    decimals = DECIMALS.get(kpi.unit, 0) if kpi.decimals is None else kpi.decimals
    change = round(delta, decimals) + 0.0  # a rounded -0.0 becomes plain
    words = f"{change:+,.{decimals}f}" if change else "0"
    return words if np.isnan(relative) or not change else f"{words} ({100.0 * relative:+,.1f} %)"


def service_remarks(kpis: "pd.DataFrame", baseline: str) -> Iterator[str]:
    """One sentence a site whose cars are not served alike: its costs are not like for like.

    Parameters
    ----------
    kpis : DataFrame
        From `compared_kpis`.
    baseline : str
        Label of the run the others are held against.
    """
    sites = kpis[kpis["scope"] == "sites"]
    for site in sites["place"].unique():
        mine = sites[sites["place"] == site]
        if _served_alike(mine, baseline):
            continue
        facts = ", ".join(
            filter(
                None, (_each(mine, "missing_kwh", "missing"), _each(mine, "ev_delivered_kwh", "delivered"))
            )
        )
        per_kwh = _each(mine, "ev_cost_per_delivered_kwh", "")
        cost = f"; charging costs per delivered kWh: {per_kwh}" if per_kwh else ""
        yield f"{site} does not serve its cars alike, so costs are not like for like ({facts}){cost}"


def _served_alike(site: "pd.DataFrame", baseline: str) -> bool:
    """Whether all runs of a site deliver as much and leave as much missing as the baseline."""
    for name in SERVICE:
        rows = site[site["name"] == name]
        base = rows.loc[rows["run"] == baseline, "value"]
        share = SERVICE_SHARE * abs(float(base.iloc[0])) if name == "ev_delivered_kwh" and len(base) else 0.0
        if (rows["delta"].abs() > max(SERVICE_KWH, share)).any():
            return False
    return True


def _each(site: "pd.DataFrame", name: str, word: str) -> str:
    """A figure of every run: `missing 0.0 kWh in uncontrolled, 259.8 kWh in llf`."""
    rows = site[site["name"] == name].to_dict("records")
    listed = [
        f"{told(row['value'], kpi_of('sites', name))} {row['unit']} in {row['run']}"
        for row in rows
        if row["value"] is not None
    ]
    return f"{word} {', '.join(listed)}".strip() if listed else ""


def money_remarks(kpis: "pd.DataFrame") -> Iterator[str]:
    """One sentence a place that pays in several currencies: its money is not compared."""
    bills = kpis[kpis["name"] == "bill_total"]
    for place, rows in bills.groupby("place", sort=False):
        if len(set(rows["unit"])) > 1:
            paid = ", ".join(f"{row['unit']} in {row['run']}" for row in rows.to_dict("records"))
            yield f"{place or 'all sites'}: money is not compared, it is {paid}"


def usual(kpis: "pd.DataFrame") -> "pd.DataFrame":
    """The rows people ask for first, place by place, in the order of `USUAL`."""
    asked = kpis[kpis["name"].isin(USUAL)]
    order = asked["name"].map({name: i for i, name in enumerate(USUAL)})
    places = {
        place: i for i, place in enumerate(dict.fromkeys(zip(kpis["scope"], kpis["place"], strict=True)))
    }
    place = [places[key] for key in zip(asked["scope"], asked["place"], strict=True)]
    return (
        asked.assign(_place=place, _order=order)
        .sort_values(["_place", "_order"], kind="stable")
        .drop(columns=["_place", "_order"])
    )


def phrase(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))
