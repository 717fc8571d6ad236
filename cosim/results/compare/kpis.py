"""Key figures of several runs against those of a baseline: deltas, and whether they are for the better."""

# pandas comes without types: what a frame gives is read as any of several things
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
# pyright: reportGeneralTypeIssues=false, reportReturnType=false

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from cosim.results.kpi_table import SCOPES, Figures, Kpi, Kpis, Value

if TYPE_CHECKING:
    import pandas as pd

# Figures of which everybody wants less, or more. Of all others a delta is a fact without a verdict:
# who charges more has not done worse.
LOWER_IS_BETTER = frozenset(
    (
        *("bill_total", "bill_energy", "bill_export", "bill_demand", "bill_fixed", "bill_minimum"),
        *("bill_adjustments", "bill_events", "event_excess_kwh", "event_penalty"),
        *("ev_cost", "ev_energy_cost", "ev_energy_cost_per_session", "ev_cost_per_delivered_kwh"),
        *("billed_peak_kw", "peak_increase_kw", "peak_kw"),
        *("volt_watt_minutes", "equivalent_full_cycles", "capacity_loss_kwh", "capacity_loss_mean_percent"),
        *("capacity_loss_max_percent", "battery_wear_cost"),
        *("sessions_never_connected", "sessions_short", "missing_kwh", "never_connected_kwh"),
        *("clamped_requests", "ev_co2_kg", "import_co2_kg", "ev_co2_marginal_kg", "co2_cost"),
        *("unbalance_max_percent", "unbalance_minutes", "out_of_en50160_minutes", "out_of_ansi_a_minutes"),
        *("line_max_loading_percent", "line_overload_minutes", "line_overload_kvah", "import_peak_kw"),
        *("reverse_flow_hours", "reverse_flow_peak_kw", "losses_kwh", "losses_percent"),
        *("non_converged_steps", "unserved_kwh", "volt_var_unsettled_steps"),
        *("max_loading_percent", "overload_minutes", "overload_days", "overload_kvah"),
        *("max_topoil_c", "max_hotspot_c", "hotspot_above_120_minutes", "hotspot_above_140_minutes"),
        *("loss_of_life_h", "loss_of_life_percent", "mean_ageing_rate", "tap_operations"),
    )
)
HIGHER_IS_BETTER = frozenset(
    (
        "peak_reduction_kw",
        "event_reduction_kwh",
        "event_payment",
        "pv_used_percent",
        "vm_min_pu",
        "vm_phase_min_pu",
    )
)
DELIVERED = (
    Kpi(
        "ev_delivered_kwh",
        "kWh",
        "Energy delivered to cars (charged less discharged, grid side)",
        summed=True,
    ),
    Kpi("ev_cost_per_delivered_kwh", "money/kWh", "Cost of EV charging per delivered kWh", decimals=4),
)
"""What a comparison adds to the figures of a site: cost that different service leaves comparable."""
SAME = 1e-9
"""Relative difference of two numbers that counts as none: what the order of a sum can change."""


class Column(NamedTuple):
    """One figure of one run, as a row of `compared_kpis`."""

    kpi: str
    scope: str
    place: str
    name: str
    label: str
    unit: str
    better: str
    run: str
    value: Value
    delta: float
    relative: float
    verdict: str


def compared_kpis(runs: Mapping[str, Kpis], baseline: str) -> "pd.DataFrame":
    """Every key figure of every run, with its difference from the baseline.

    Parameters
    ----------
    runs : mapping of str to Kpis
        Key figures by label of the run.
    baseline : str
        Label of the run the others are held against.

    Returns
    -------
    DataFrame
        One row a figure and run, figures in the order of `kpi_table`, with the columns `kpi` (dotted name),
        `scope`, `place`, `name`, `label`, `unit`, `better` ("lower", "higher" or ""), `run`, `value` (number,
        text or None), `delta` (value less the baseline's, in `unit`), `relative` (delta over the size of the
        baseline's value [-]) and `verdict` ("better", "worse", "same" or ""). `delta` is NaN unless both are
        numbers of the same currency, `relative` also where the baseline's value is 0. Figures that apply to
        no run are left out.
    """
    import pandas as pd

    return pd.DataFrame([*_rows(runs, baseline)], columns=Column._fields)


def _rows(runs: Mapping[str, Kpis], baseline: str) -> Iterator[Column]:
    flat = {label: dict(_places(kpis)) for label, kpis in runs.items()}
    for scope, place in dict.fromkeys(key for places in flat.values() for key in places):
        figures = {label: places.get((scope, place), {}) for label, places in flat.items()}
        for kpi in _kpis_of(scope):
            values = {label: known.get(kpi.name) for label, known in figures.items()}
            if kpi.name != "currency" and any(value is not None for value in values.values()):
                yield from _figure(kpi, scope, place, figures, values, baseline)


def _figure(
    kpi: Kpi,
    scope: str,
    place: str,
    figures: Mapping[str, Figures],
    values: Mapping[str, Value],
    baseline: str,
) -> Iterator[Column]:
    """One key figure of all runs."""
    path = ".".join(filter(None, (scope, place, kpi.name)))
    units = {label: _unit(kpi, known) for label, known in figures.items()}
    better = better_of(kpi.name)
    for label, value in values.items():
        comparable = units[label] == units[baseline]
        delta, relative = _delta(value, values[baseline]) if comparable else (np.nan, np.nan)
        verdict = _verdict(better, delta, value, values[baseline])
        yield Column(
            path,
            scope,
            place,
            kpi.name,
            kpi.long_name,
            units[label],
            better,
            label,
            value,
            delta,
            relative,
            verdict,
        )


def better_of(name: str) -> str:
    """Which direction of a figure is for the better: "lower", "higher" or ""."""
    if name in LOWER_IS_BETTER:
        return "lower"
    return "higher" if name in HIGHER_IS_BETTER else ""


def _delta(value: Value, base: Value) -> tuple[float, float]:
    """Difference from the baseline, and that over the baseline's size; NaN where there is none."""
    if isinstance(value, str) or isinstance(base, str) or value is None or base is None:
        return np.nan, np.nan
    delta = float(value - base)
    return delta, delta / abs(base) if base else np.nan


def _verdict(better: str, delta: float, value: Value, base: Value) -> str:
    if not better or np.isnan(delta):
        return ""
    if abs(delta) <= SAME * max(abs(float(value or 0.0)), abs(float(base or 0.0))):
        return "same"
    return "better" if (delta < 0.0) == (better == "lower") else "worse"


def _places(kpis: Kpis) -> Iterator[tuple[tuple[str, str], Figures]]:
    """Figures by scope and place, with what a comparison adds; the sum over one site is that site."""
    if len(kpis["sites"]) > 1:
        yield ("totals", ""), kpis["totals"] | _delivered(kpis["totals"])
    for name, figures in kpis["sites"].items():
        yield ("sites", name), figures | _delivered(figures)
    yield ("feeder", ""), kpis["feeder"]
    for name, figures in kpis["transformers"].items():
        yield ("transformers", name), figures


def _delivered(figures: Figures) -> Figures:
    """Energy the cars kept, on the grid side, and what a kWh of it cost."""
    charged, back, cost = (figures[name] for name in ("ev_charged_kwh", "ev_discharged_kwh", "ev_cost"))
    if not isinstance(charged, float) or not isinstance(back, float):
        return {"ev_delivered_kwh": None, "ev_cost_per_delivered_kwh": None}
    net_kwh = charged - back
    per_kwh = cost / net_kwh if isinstance(cost, float) and net_kwh > 0.0 else None
    return {"ev_delivered_kwh": net_kwh, "ev_cost_per_delivered_kwh": per_kwh}


def _kpis_of(scope: str) -> tuple[Kpi, ...]:
    return (*SCOPES[scope], *DELIVERED) if scope in {"totals", "sites"} else SCOPES[scope]


def _unit(kpi: Kpi, figures: Figures) -> str:
    return kpi.unit.replace("money", str(figures.get("currency") or "money"))
