"""Key figures of what answers to voltage: reactive power, P(V) and tap changers; and of steps without any."""

import numpy as np

from cosim.results.header import RunHeader, SiteHeader
from cosim.results.kpi_table import Figures
from cosim.results.layout import Arrays


def site_voltage_figures(header: RunHeader, site: SiteHeader, arrays: Arrays) -> Figures:
    """Reactive energy of the ports, either way, and the port minutes in which P(V) cut a request."""
    figures: Figures = {"ev_reactive_kvarh": None, "volt_watt_minutes": None}
    kvar, steps = f"sites/{site.name}/evse_kvar", f"sites/{site.name}/volt_watt_steps"
    if kvar in arrays:
        figures["ev_reactive_kvarh"] = float(np.abs(arrays[kvar]).sum() * header.clock.dt_h)
    if steps in arrays:
        figures["volt_watt_minutes"] = int(arrays[steps].sum()) * header.clock.step_s / 60.0
    return figures


def feeder_voltage_figures(header: RunHeader, arrays: Arrays) -> Figures:
    """What steps without a solution were asked to serve, and steps in which Q(V) found no rest."""
    marked = arrays["feeder/converged"] == 0
    unserved_kw = arrays["feeder/import_kw"][marked].clip(min=0.0)
    figures: Figures = {
        "unserved_kwh": float(unserved_kw.sum() * header.clock.dt_h) if marked.any() else None,
        "volt_var_unsettled_steps": None,
    }
    if "feeder/volt_var_settled" in arrays:
        figures["volt_var_unsettled_steps"] = int(np.sum(arrays["feeder/volt_var_settled"] == 0))
    return figures


def tap_operations(arrays: Arrays, transformer: int) -> int | None:
    """Moves of a transformer's tap; None without tap changers in the run, or without taps."""
    if "feeder/tap_pos" not in arrays:
        return None
    moved = np.abs(np.diff(arrays["feeder/tap_pos"][:, transformer]))
    return None if np.isnan(arrays["feeder/tap_pos"][0, transformer]) else int(moved.sum())
