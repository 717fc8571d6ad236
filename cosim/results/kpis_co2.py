"""What a site emits, and what that is worth."""

import numpy as np

from cosim.results.header import RunHeader, SiteHeader
from cosim.results.kpi_table import Figures
from cosim.results.layout import Arrays
from sims.signals.market.emissions import co2_kg, co2_price_per_kwh


def co2_figures(header: RunHeader, site: SiteHeader, arrays: Arrays) -> Figures:
    """CO2 of building, EVs and import, and its cost; None where no intensity or no price is given.

    Building and EVs are charged with the average intensity of each step, and what EVs discharge is taken
    off at that of its step. Import is what came through the meter: fed-back energy takes nothing off it,
    nor off its cost, which is money of its own and on no bill.
    """
    group, dt_h = f"sites/{site.name}", header.clock.dt_h
    figures: Figures = {
        "building_co2_kg": None,
        "ev_co2_kg": None,
        "import_co2_kg": None,
        "ev_co2_marginal_kg": None,
        "co2_cost": None,
    }
    ev_kwh = (arrays[f"{group}/evse_kw"] * dt_h).sum(axis=1)
    average, marginal = (
        arrays[path] if (path := f"signals/{site.signals}/{name}") in arrays else None
        for name in ("co2_g_per_kwh", "co2_marginal_g_per_kwh")
    )
    if average is not None and average.any():  # all zero: the scenario has no emissions
        import_kwh = arrays[f"{group}/site_kw"].clip(min=0.0) * dt_h
        figures["building_co2_kg"] = co2_kg(average, arrays[f"{group}/building_kw"] * dt_h)
        figures["ev_co2_kg"] = co2_kg(average, ev_kwh)
        figures["import_co2_kg"] = co2_kg(average, import_kwh)
        if site.co2_cost_per_t is not None:
            figures["co2_cost"] = float(co2_price_per_kwh(average, site.co2_cost_per_t) @ import_kwh)
    if marginal is not None and not np.isnan(marginal).any():
        figures["ev_co2_marginal_kg"] = co2_kg(marginal, ev_kwh)
    return figures
