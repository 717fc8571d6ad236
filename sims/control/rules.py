"""Rules of thumb: each policy is a sentence, and what two of them share lives in the rule they extend.

Sources: Talusan et al., OPTIMUS; "Online Decision-Making Under Uncertainty for Vehicle-to-Building
Systems" (arXiv 2601.03476); the first-in-first-served model of Saif, "Digital Twin for Smart Charging
Systems" (Politecnico di Torino, 2025).
"""

from abc import abstractmethod
from typing import Literal

import numpy as np

from sims.control.event_rule import answered
from sims.control.policy import Floats, Observation, Policy, SiteInfo
from sims.control.sharing import at_least_kw, fill_in_order, full_kw


class Uncontrolled(Policy):
    """Every car charges at full power from plug-in to its ceiling."""

    def act(self, seen: Observation) -> Floats:
        return full_kw(self.site, seen, seen.ceiling_kwh)


class Required(Policy):
    """Every car charges at full power until it has what its driver wants."""

    def act(self, seen: Observation) -> Floats:
        return full_kw(self.site, seen, seen.required_kwh)


class FirstComeFirstServed(Policy):
    """Full power in the order of arrival, while the site cap leaves room beside all that does not listen."""

    def act(self, seen: Observation) -> Floats:
        listening = self.site.controllable
        power = np.where(listening, 0.0, full_kw(self.site, seen, seen.ceiling_kwh))
        wanted = np.where(listening, full_kw(self.site, seen, seen.required_kwh), 0.0)
        order = np.lexsort((seen.session, seen.arrival_s))
        room_kw = self.site.site_cap_kw - seen.building_kw - float(power.sum())
        return power + fill_in_order(wanted, order, max(0.0, room_kw))


class Trickle(Policy):
    """Every car charges at the constant power that brings it to its need at the declared departure."""

    def act(self, seen: Observation) -> Floats:
        return np.maximum(self.steady_kw(seen), 0.0)

    def hours_left(self, seen: Observation) -> Floats:
        """Time to the declared departure; a car past it may leave any moment, so one step is left [h]."""
        return np.maximum((seen.window_start_s - seen.time_s) / 3600.0, self.site.dt_h)

    def steady_kw(self, seen: Observation) -> Floats:
        """Constant power to the declared departure; negative for what a car has in excess [kW]."""
        need_kwh = seen.required_kwh - seen.energy_kwh
        rate = np.where(need_kwh > 0, need_kwh / self.site.eta_charge, need_kwh * self.site.eta_discharge)
        return self.within_limits(rate / self.hours_left(seen), seen)

    def within_limits(self, p_kw: Floats, seen: Observation) -> Floats:
        """Power within what port and car allow; discharging only while the car has said it stays [kW]."""
        left = (seen.window_start_s - seen.time_s) / self.site.step_s
        staying = np.where(left > 0.0, np.minimum(left, 1.0), 1.0)
        # 0 - x, not -x: a port that cannot discharge gets 0, not -0
        allowed_kw = np.minimum(np.maximum(p_kw, 0.0 - staying * seen.discharge_max_kw), seen.charge_max_kw)
        return at_least_kw(self.site, seen, allowed_kw)

    def lowest_kw(self, seen: Observation, regained_kwh: Floats | None = None) -> Floats:
        """Deepest discharge from which the need is still reached before the declared departure [kW].

        `regained_kwh`, by default full power after this step, is what each car can count on, shape (n,).
        """
        dt_h = self.site.dt_h
        if regained_kwh is None:
            regained_kwh = self.site.eta_charge * seen.charge_max_kw * (self.hours_left(seen) - dt_h)
        lowest_kwh = np.maximum(seen.floor_kwh, seen.required_kwh - regained_kwh)
        move_kwh = lowest_kwh - seen.energy_kwh
        rate = np.where(move_kwh > 0, move_kwh / self.site.eta_charge, move_kwh * self.site.eta_discharge)
        return self.within_limits(rate / dt_h, seen)


class ThresholdRule(Trickle):
    """Keep the site below a peak threshold: fill the room below it, discharge above it.

    Every car trickles, but those at uncontrolled ports, which take full power whatever is asked. Room
    that is left below the threshold goes to bidirectional cars in the order of `priority`, up to their
    ceiling. Above the threshold bidirectional cars give way, the latest departure first, but never so
    much that they could not be charged again in time.

    Parameters
    ----------
    peak_threshold_kw : float, optional
        Power the site should stay below; default 0.8 of the configured building peak [kW]. The
        month's running peak raises it, as a peak already paid for is free; the site cap bounds it.
    overcharge : bool
        Whether cars may be charged beyond their need to have something to give back.
    answer_events : bool
        Whether demand-response events are answered: once one is told, room below the threshold charges the
        cars that will be there; while it holds, they wait and give, as far as they regain their need before
        they leave (`sims.control.event_rule`). Without events it changes nothing.
    """

    def __init__(
        self,
        *,
        peak_threshold_kw: float | None = None,
        overcharge: bool = True,
        answer_events: bool = True,
    ) -> None:
        if peak_threshold_kw is not None and not 0 <= peak_threshold_kw <= 100_000:
            raise ValueError(f"peak_threshold_kw = {peak_threshold_kw}: allowed 0..100000 kW")
        self.peak_threshold_kw = peak_threshold_kw
        self.overcharge = overcharge
        self.answer_events = answer_events

    def reset(self, site: SiteInfo, rng: np.random.Generator) -> None:
        super().reset(site, rng)
        given = self.peak_threshold_kw
        self.threshold_kw = 0.8 * site.building_peak_kw if given is None else given

    @abstractmethod
    def priority(self, seen: Observation) -> Floats:
        """Sort key of the cars that are served first, smallest first."""

    def act(self, seen: Observation) -> Floats:
        full = full_kw(self.site, seen, seen.ceiling_kwh)
        power = np.where(self.site.controllable, self.steady_kw(seen), full)
        limit_kw = min(max(self.threshold_kw, seen.running_peak_kw), self.site.site_cap_kw)
        room_kw = limit_kw - seen.building_kw - float(power.sum())
        if self.answer_events and seen.events:
            return answered(self, seen, power, full, room_kw)
        return self.share_out(seen, power, full, room_kw)

    def share_out(self, seen: Observation, power: Floats, full: Floats, room_kw: float) -> Floats:
        """`power` with room below the threshold filled up to `full`, or given way above it, (n,) [kW]."""
        if room_kw < 0.0:
            return power - self._shared(power - self.lowest_kw(seen), seen, -seen.window_start_s, -room_kw)
        if self.overcharge:
            return power + self._shared(full - power, seen, self.priority(seen), room_kw)
        return power

    def _shared(self, movable_kw: Floats, seen: Observation, key: Floats, room_kw: float) -> Floats:
        """Shares of the bidirectional cars in `room_kw`: smallest key first, ties by session."""
        wanted = np.where(self.site.bidirectional, np.maximum(movable_kw, 0.0), 0.0)
        return fill_in_order(wanted, np.lexsort((seen.session, key)), room_kw)


class EarliestDeadlineFirst(ThresholdRule):
    """Serve the car that leaves first; room below the peak threshold goes in that order."""

    def priority(self, seen: Observation) -> Floats:
        return seen.window_start_s


class LeastLaxityFirst(ThresholdRule):
    """Serve the car with the least slack; room below the peak threshold goes in that order.

    Parameters
    ----------
    peak_threshold_kw, overcharge, answer_events
        As in `ThresholdRule`.
    key : "laxity" or "time_left"
        Slack as hours left minus hours of charging still needed, or hours left alone.
    """

    def __init__(
        self,
        *,
        peak_threshold_kw: float | None = None,
        overcharge: bool = True,
        answer_events: bool = True,
        key: Literal["laxity", "time_left"] = "laxity",
    ) -> None:
        super().__init__(
            peak_threshold_kw=peak_threshold_kw, overcharge=overcharge, answer_events=answer_events
        )
        if key not in ("laxity", "time_left"):
            raise ValueError(f'key = "{key}": allowed "laxity" or "time_left"')
        self.key = key

    def priority(self, seen: Observation) -> Floats:
        left_h = self.hours_left(seen)
        if self.key == "time_left":
            return left_h
        full_power = np.maximum(self.site.eta_charge * seen.charge_max_kw, 1e-9)
        return left_h - (seen.required_kwh - seen.energy_kwh) / full_power
