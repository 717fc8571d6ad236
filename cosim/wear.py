"""The wear columns of a sessions table, from what a run recorded of its batteries."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from cosim.scenario.wear_form import Degradation
from sims.fleet.degradation import USUAL_C, calendar_loss, cyclic_loss
from sims.fleet.usage import Usage, battery_usage, cycles_until

Floats = npt.NDArray[np.float64]
DAY_S = 86_400.0


def wear_columns(
    section: Degradation | None,
    table: Mapping[str, Any],
    series: Mapping[str, Any],
    temperature_c: Floats | None,
    step_s: int,
) -> dict[str, Floats]:
    """Wear of every session of a site.

    Parameters
    ----------
    section : Degradation or None
        How wear is reckoned; a site without has its cycles counted and no losses.
    table : mapping of str to array, each of shape (m,)
        Sessions table.
    series : mapping of str to array
        `soc` and `session`, shape (n_steps, n_evse), and `soc_end`, shape (n_evse,).
    temperature_c : floats, shape (n_steps,), or None
        Outside air, taken for the battery's temperature; 25 degC when not known [degC].
    step_s : int
        Length of a step [s].

    Returns
    -------
    dict of str to floats, shape (m,)
        `equivalent_full_cycles`, `calendar_loss`, `cyclic_loss` (shares of the capacity when new) and
        `wear_cost` (in the currency of the site); NaN where the section does not say.

    Notes
    -----
    Wear does not shrink the batteries of the run: within months it stays far below a per cent of them.
    """
    usage = battery_usage(
        series["soc"],
        series["session"],
        series["soc_end"],
        table["soc_departure"],
        table["departure"],
        step_s,
    )
    calendar = cyclic = cost = np.full(len(usage.cycles), np.nan)
    if section is not None and section.model == "throughput":
        cost = section.wear_price_per_kwh * 2.0 * usage.cycles * table["capacity_kwh"]
    elif section is not None:
        age_days = section.battery_age_days + usage.since_s / DAY_S
        mean_c = _mean_c(temperature_c, usage, step_s)
        calendar = calendar_loss(usage.mean_soc, mean_c, age_days, usage.stay_s / DAY_S)
        before = section.full_cycles_before + cycles_until(
            table["vehicle_id"], table["soc_arrival"], table["soc_departure"], usage
        )
        cyclic = cyclic_loss(usage.swing, before, usage.cycles)
        if section.battery_price_per_kwh is not None:
            cost = section.battery_price_per_kwh * (calendar + cyclic) * table["capacity_kwh"]
    return {
        "equivalent_full_cycles": usage.cycles,
        "calendar_loss": calendar,
        "cyclic_loss": cyclic,
        "wear_cost": cost,
    }


def _mean_c(temperature_c: Floats | None, usage: Usage, step_s: int) -> Floats:
    """Mean temperature over each stay, shape (m,) [degC]."""
    if temperature_c is None:
        return np.full(len(usage.cycles), USUAL_C)
    at_s = step_s * np.arange(len(temperature_c) + 1)
    degree_s = np.append(0.0, np.cumsum(temperature_c * step_s))
    over = np.interp(usage.since_s + usage.stay_s, at_s, degree_s) - np.interp(usage.since_s, at_s, degree_s)
    return np.divide(over, usage.stay_s, out=np.full(len(over), USUAL_C), where=usage.stay_s > 0.0)
