"""Charging in the cheapest forecast steps before departure."""

from typing import Literal

import numpy as np

from sims.control.policy import Floats, Observation
from sims.control.rules import Trickle, at_least_kw, full_kw


class CheapestHours(Trickle):
    """Charge each car in the cheapest forecast steps before its declared departure, to its need.

    It takes full power in them. What is cheap is what the forecast says, and the plan is made anew at every
    decision. Equal steps are used as early as possible; a car past its declared departure charges at once.
    Nobody discharges, and the plans of the cars do not know of each other: where they meet a limit of the
    site, its rules share the power out.

    With a forecast that comes true and no limit in the way this is the least cost at which each car can have
    its need: the price hangs on the step alone, so the linear programme falls apart into one for each
    car, which is solved by taking the steps in the order of their price (Saif, "Digital Twin for Smart
    Charging Systems", Politecnico di Torino, 2025, model 3.1).

    Parameters
    ----------
    by : "price" or "co2"
        Whether a step is cheap by its energy price or by the grid's intensity.
    """

    def __init__(self, *, by: Literal["price", "co2"] = "price") -> None:
        if by not in ("price", "co2"):
            raise ValueError(f'by = "{by}": allowed "price" or "co2"')
        self.by = by
        self.needs_forecasts = (by,)

    def act(self, seen: Observation) -> Floats:
        need_kwh = np.maximum(seen.required_kwh - seen.energy_kwh, 0.0) / self.site.eta_charge
        later_kwh = self.cheaper_h(seen) * seen.charge_max_kw
        planned_kw = np.clip((need_kwh - later_kwh) / self.site.dt_h, 0.0, seen.charge_max_kw)
        planned_kw = at_least_kw(self.site, seen, planned_kw)
        return np.where(self.site.controllable, planned_kw, full_kw(self.site, seen, seen.ceiling_kwh))

    def cheaper_h(self, seen: Observation) -> Floats:
        """Time after this step and before each car's declared departure that is cheaper than now [h]."""
        cost = seen.forecasts[self.by].values
        cheaper = np.append(cost < cost[0], False)
        before = np.cumsum(cheaper) - cheaper  # number of cheaper steps before each step
        left = np.clip((seen.window_start_s - seen.time_s) / self.site.step_s, 0.0, len(cost))
        whole = left.astype(np.int64)
        return (before[whole] + (left - whole) * cheaper[whole]) * self.site.dt_h
