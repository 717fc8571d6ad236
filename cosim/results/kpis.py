"""Key figures of a run, computed from its stored arrays alone."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from cosim.results.billing import site_bill
from cosim.results.header import RunHeader, SiteHeader
from cosim.results.kpi_table import TOTALS, Figures, Kpis, Value, flatten
from cosim.results.kpis_co2 import co2_figures
from cosim.results.kpis_events import event_figures
from cosim.results.kpis_feeder import feeder_figures, transformer_figures
from cosim.results.kpis_sessions import session_figures
from cosim.results.kpis_voltage import site_voltage_figures
from cosim.results.kpis_wear import wear_figures
from cosim.results.layout import Arrays
from sims.clock import Clock
from sims.signals.billing.bill import Bill

Floats = npt.NDArray[np.float64]


def compute_kpis(header: RunHeader, arrays: Arrays) -> Kpis:
    """Key figures of every site, of the feeder and of the run.

    Parameters
    ----------
    header : RunHeader
        Names, clock and tariffs.
    arrays : Arrays
        Stored arrays by path, for example "sites/office/site_kw".

    Returns
    -------
    Kpis
        Plain numbers and strings, units in `kpi_table`; None where a figure does not apply.
    """
    sites = {site.name: site_figures(header, site, arrays) for site in header.sites}
    return Kpis(
        totals=_totals(list(sites.values())),
        sites=sites,
        feeder=feeder_figures(header, arrays),
        transformers=transformer_figures(header, arrays),
    )


def kpi_attributes(header: RunHeader, arrays: Arrays) -> dict[str, float | int | str]:
    """Key figures as they are stored: by dotted name, without those that do not apply."""
    return flatten(compute_kpis(header, arrays))


def site_figures(header: RunHeader, site: SiteHeader, arrays: Arrays) -> Figures:
    """Key figures of one site."""
    clock, group = header.clock, f"sites/{site.name}"
    paid, alone = (site_bill(header, site, arrays, power) for power in ("site_kw", "building_kw"))
    figures: Figures = {
        "currency": site.currency,
        "oracle_forecasts": " ".join(site.oracle_forecasts) or None,
    }
    figures |= _money(paid, alone, clock, arrays[f"{group}/site_kw"])
    figures |= session_figures(header, site, arrays)
    connected = int(figures["sessions_connected"] or 0)
    ev_energy_cost = float(figures["ev_energy_cost"] or 0.0)
    figures["ev_energy_cost_per_session"] = ev_energy_cost / connected if connected else None
    return {
        **figures,
        **event_figures(header, site, arrays, paid),
        **wear_figures(site, arrays),
        **_coincidence(site, arrays),
        **_energy(header, site, arrays),
        **co2_figures(header, site, arrays),
        **site_voltage_figures(header, site, arrays),
    }


def _money(paid: Bill, alone: Bill, clock: Clock, site_kw: Floats) -> Figures:
    """What the site pays, what it would pay without EVs, and the powers that set it.

    The EVs' share of the energy cost is the energy bill, export included, less that of the building alone:
    power they give back to the building lowers it, power they export earns its export price.
    """
    (billed_kw, billed_at), (alone_kw, _) = _billed_peak(paid), _billed_peak(alone)
    saved_kw = None if billed_kw is None or alone_kw is None else alone_kw - billed_kw
    highest = int(np.argmax(site_kw))
    return {
        "bill_total": paid.total,
        "bill_energy": paid.energy,
        "bill_export": paid.export if paid.has("export") else None,
        "bill_demand": paid.demand,
        "bill_fixed": paid.sum_of("fixed") if paid.has("fixed") else None,
        "bill_minimum": paid.sum_of("minimum") if paid.has("minimum") else None,
        "bill_adjustments": paid.sum_of("adjustment") if paid.has("adjustment") else None,
        "building_bill_total": alone.total,
        "ev_cost": paid.total - alone.total,
        "ev_energy_cost": paid.energy + paid.export - alone.energy - alone.export,
        "billed_peak_kw": billed_kw,
        "billed_peak_at": billed_at,
        "building_billed_peak_kw": alone_kw,
        "peak_reduction_kw": saved_kw,
        "peak_increase_kw": None if saved_kw is None else -saved_kw,
        "peak_kw": float(site_kw[highest]),
        "peak_at": clock.local_time(clock.start_s + highest * clock.step_s).isoformat(timespec="minutes"),
    }


def _billed_peak(paid: Bill) -> tuple[float | None, str | None]:
    """Highest window of the demand hours of all months and its start, not below 0; None without a charge."""
    if not paid.has("demand"):
        return None, None
    months = [month for month in paid.months if month.billed_peak_kw is not None]
    highest = max(months, key=lambda month: month.billed_peak_kw or 0.0, default=None)
    if highest is None or highest.billed_peak_at is None:
        return 0.0, None
    return max(0.0, highest.billed_peak_kw or 0.0), highest.billed_peak_at.isoformat(timespec="minutes")


def _coincidence(site: SiteHeader, arrays: Arrays) -> Figures:
    """How much of its peak a site draws when the feeder has its own, and its ports when the site has."""
    group = f"sites/{site.name}"
    site_kw, charging_kw = arrays[f"{group}/site_kw"], arrays[f"{group}/evse_kw"].clip(min=0.0)
    peak_kw = float(site_kw.max())
    at_feeder_peak = float(site_kw[int(np.argmax(arrays["feeder/import_kw"]))])
    own_peaks_kw = float(charging_kw.max(axis=0, initial=0.0).sum())
    together_kw = float(charging_kw.sum(axis=1).max())
    return {
        "coincidence_percent": 100.0 * at_feeder_peak / peak_kw if peak_kw > 0.0 else None,
        "ev_simultaneity_percent": 100.0 * together_kw / own_peaks_kw if own_peaks_kw > 0.0 else None,
    }


def _energy(header: RunHeader, site: SiteHeader, arrays: Arrays) -> Figures:
    group, dt_h = f"sites/{site.name}", header.clock.dt_h
    building_kwh, site_kwh = arrays[f"{group}/building_kw"] * dt_h, arrays[f"{group}/site_kw"] * dt_h
    evse_kwh = arrays[f"{group}/evse_kw"] * dt_h
    figures: Figures = {
        "building_kwh": float(building_kwh.sum()),
        "import_kwh": float(site_kwh.clip(min=0.0).sum()),
        "export_kwh": float((-site_kwh).clip(min=0.0).sum()),
        "ev_charged_kwh": float(evse_kwh.clip(min=0.0).sum()),
        "ev_discharged_kwh": float((-evse_kwh).clip(min=0.0).sum()),
        "pv_kwh": None,
        "pv_used_percent": None,
    }
    if f"{group}/pv_kw" in arrays:
        pv_kwh = arrays[f"{group}/pv_kw"] * dt_h
        fed_back_kwh = float(np.minimum(pv_kwh, (-site_kwh).clip(min=0.0)).sum())
        generated_kwh = float(pv_kwh.sum())
        if generated_kwh > 0.0:
            figures["pv_kwh"] = generated_kwh
            figures["pv_used_percent"] = 100.0 * (1.0 - fed_back_kwh / generated_kwh)
    return figures


def _totals(sites: Sequence[Mapping[str, Value]]) -> Figures:
    """Sums over the sites; money only when all pay in one currency, others only when every site has them."""
    currencies = {figures["currency"] for figures in sites}
    totals: Figures = {"currency": currencies.pop() if len(currencies) == 1 else None}
    for kpi in TOTALS[1:]:
        values = [value for figures in sites if isinstance(value := figures[kpi.name], float | int)]
        summable = len(values) == len(sites) and (kpi.unit != "money" or totals["currency"])
        totals[kpi.name] = sum(values) if summable else None
    return totals
