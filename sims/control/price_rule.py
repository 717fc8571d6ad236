"""Buying when energy is cheap and selling when it is dear, in the hours a car does not need its battery."""

import numpy as np

from sims.control.policy import Floats, Observation
from sims.control.rules import Trickle
from sims.control.sharing import full_kw


class PriceThreshold(Trickle):
    """Charge below one price, discharge above another, else wait; always in time for the declared departure.

    A car whose time runs short charges whatever the price. Bidirectional cars discharge, the same share of
    what each could give, as far as the site may feed back. What sold energy earns is the export price where
    the site feeds back, and the energy price it saves where the building takes it. Discharging must also
    earn what it wears the battery, once on the way out and once when the energy is put back.

    Parameters
    ----------
    charge_below_per_kwh, discharge_above_per_kwh : float
        Energy prices, the first the lower one; by default energy must be better than free, and no price is
        high enough to discharge [1/kWh].
    overcharge : bool
        Whether cheap energy fills cars beyond their need, to have something to give back.
    """

    def __init__(
        self,
        *,
        charge_below_per_kwh: float = 0.0,
        discharge_above_per_kwh: float = float("inf"),
        overcharge: bool = False,
    ) -> None:
        if not charge_below_per_kwh < discharge_above_per_kwh:
            raise ValueError(
                f"charge_below_per_kwh = {charge_below_per_kwh}: must be lower than "
                f"discharge_above_per_kwh = {discharge_above_per_kwh}"
            )
        self.charge_below = charge_below_per_kwh
        self.discharge_above = discharge_above_per_kwh
        self.overcharge = overcharge

    def act(self, seen: Observation) -> Floats:
        lowest = self.lowest_kw(seen)
        full = full_kw(self.site, seen, seen.ceiling_kwh)
        power = np.maximum(lowest, 0.0)
        if seen.price_per_kwh < self.charge_below:
            power = full if self.overcharge else full_kw(self.site, seen, seen.required_kwh)
        power = np.where(self.site.controllable, power, full)
        worth = seen.price_per_kwh if self.site.export_limit_kw == 0.0 else seen.export_price_per_kwh
        if worth - 2.0 * self.site.wear_price_per_kwh > self.discharge_above:
            givable = np.where(self.site.bidirectional, np.minimum(lowest, 0.0), 0.0)
            power = power + givable * self._sold_share(power, givable, seen)
        return power

    def _sold_share(self, power: Floats, givable: Floats, seen: Observation) -> float:
        """Share of what the cars could give that the site can use or feed back [-]."""
        taken_kw = seen.building_kw + float(power.sum()) + self.site.export_limit_kw
        offered_kw = -float(givable.sum())
        return min(1.0, max(0.0, taken_kw) / offered_kw) if offered_kw > 0.0 else 0.0
