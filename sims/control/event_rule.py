"""How a threshold rule answers demand-response events: charge before, wait and give during, service first.

told, not started   room below the threshold first brings every car that stays into the event to its need,
                    then fills bidirectional ones, which then have something to give
"reduce" holds      cars that can wait wait; bidirectional ones give what they have beyond their need
"limit" holds       the same as far as it takes to come down to the cap, last departure first; if that is
                    not enough cars also give what they must regain later

What a car goes without it must be able to regain until its declared departure: with `REGAIN_SHARE` of the
power it can count on, only to keep a cap with all of it. It counts on its own limit and, where station, set
or site have one, on an equal share of that, so that all can regain at once. A driver who leaves before the
declared departure may leave short: nobody can know.
"""

from typing import TYPE_CHECKING

import numpy as np

from sims.control.policy import Bools, Floats, Observation, SiteInfo
from sims.control.sharing import fill_in_order, full_kw
from sims.signals.response.events import Event

if TYPE_CHECKING:
    from sims.control.rules import ThresholdRule

REGAIN_SHARE = 0.5
"""Leaves room for what a rule cannot see: a taper near full, cold batteries, cars that come later [-]."""


def answered(rule: "ThresholdRule", seen: Observation, power: Floats, full: Floats, room_kw: float) -> Floats:
    """Power of each port of a rule that answers the events it knows, shape (n,) [kW].

    Parameters
    ----------
    rule : ThresholdRule
        Whose answer it is.
    seen : Observation
        With at least one event.
    power, full : floats, shape (n,)
        What the rule gives every car before it shares out room, and the most it can [kW].
    room_kw : float
        Room left below the threshold, negative above it [kW].
    """
    holding = [event for event in seen.events if event.start_s <= seen.time_s]
    if not seen.occupied.any():
        return power
    if not holding:
        power, room_kw = charged_before(rule, seen, power, room_kw)
        return rule.share_out(seen, power, full, room_kw)
    power = rule.share_out(seen, power, full, room_kw)
    for event in holding:
        power = given(rule, seen, event, power)
    return power


def charged_before(
    rule: "ThresholdRule", seen: Observation, power: Floats, room_kw: float
) -> tuple[Floats, float]:
    """Power with room below the threshold given to cars that stay into the next event, and the room left."""
    if room_kw <= 0.0:
        return power, room_kw
    stays = rule.site.controllable & (seen.window_start_s > seen.events[0].start_s)
    order = np.lexsort((seen.session, rule.priority(seen)))
    for target_kwh, who in (
        (seen.required_kwh, stays),
        (seen.ceiling_kwh, stays & rule.site.bidirectional),
    ):
        wanted = np.where(who, np.maximum(full_kw(rule.site, seen, target_kwh) - power, 0.0), 0.0)
        shares = fill_in_order(wanted, order, room_kw)
        power, room_kw = power + shares, max(0.0, room_kw - float(shares.sum()))
    return power, room_kw


def given(rule: "ThresholdRule", seen: Observation, event: Event, power: Floats) -> Floats:
    """Power of each port while an event holds, never more than `power` without it, shape (n,) [kW]."""
    if event.value is None:
        return _lowered(rule, seen, power, np.inf)
    for deep in (False, True):
        excess_kw = seen.building_kw + float(power.sum()) - event.value
        power = _lowered(rule, seen, power, max(0.0, excess_kw), deep=deep)
    return power


def _lowered(
    rule: "ThresholdRule", seen: Observation, power: Floats, most_kw: float, *, deep: bool = False
) -> Floats:
    """Power less at most `most_kw`: first cars wait, then they give what the site can use or feed back.

    A car gives no more than it has beyond its need, unless the cut is `deep`.
    """
    site = rule.site
    gain_kw = regain_kw(site, seen, 1.0 if deep else REGAIN_SHARE)
    steps_after = np.maximum(np.floor((seen.window_start_s - seen.time_s) / site.step_s) - 1.0, 0.0)
    lowest = rule.lowest_kw(seen, site.eta_charge * gain_kw * steps_after * site.dt_h)
    if not deep:
        beyond_need = rule.lowest_kw(seen, np.zeros(len(power)))
        lowest = np.maximum(lowest, np.minimum(beyond_need, 0.0))
    movable = np.where(site.controllable, np.maximum(power - lowest, 0.0), 0.0)
    order = np.lexsort((seen.session, -seen.window_start_s))
    waiting = fill_in_order(np.minimum(movable, np.maximum(power, 0.0)), order, most_kw)
    power = power - waiting
    usable_kw = max(0.0, seen.building_kw + float(power.sum()) + site.export_limit_kw)
    room_kw = min(usable_kw, max(0.0, most_kw - float(waiting.sum())))
    # a port that still charges is limited in `waiting`: it has nothing to give
    return power - fill_in_order(np.where(power <= 0.0, movable - waiting, 0.0), order, room_kw)


def regain_kw(site: SiteInfo, seen: Observation, share: float) -> Floats:
    """Charging power that each car may count on to make good what it gave, shape (n,) [kW].

    `share` of its own limit, and of an equal part of what a limit of station, set or site leaves beside
    uncontrolled ports; the building is taken at its configured peak. A port that knows steps only counts
    on one below `REGAIN_SHARE`, as what a rule asks in between is rounded down.
    """
    listening = seen.occupied & site.controllable
    fixed_kw = np.where(seen.occupied & ~site.controllable, seen.charge_max_kw, 0.0)
    building_kw = max(site.building_peak_kw, seen.building_kw)
    power = np.minimum(
        seen.charge_max_kw,
        _equal_share(site.site_cap_kw - building_kw, np.ones_like(listening), listening, fixed_kw),
    )
    for column, limit_kw in enumerate(site.set_limit_kw):
        members = site.in_set[:, column]
        share_kw = _equal_share(limit_kw, members, listening, fixed_kw)
        power = np.where(members, np.minimum(power, share_kw), power)
    for station in np.unique(site.station_index[site.station_index >= 0]):
        members = site.station_index == station
        share_kw = _equal_share(float(site.station_limit_kw[members][0]), members, listening, fixed_kw)
        power = np.where(members, np.minimum(power, share_kw), power)
    stepped = np.isfinite(site.steps_kw).any(axis=1)
    below_kw = np.where(site.steps_kw <= REGAIN_SHARE * power[:, None], site.steps_kw, 0.0)
    power = np.where(stepped, below_kw.max(axis=1, initial=0.0), share * power)
    return np.where(power < site.p_min_kw, 0.0, power)


def _equal_share(limit_kw: float, members: Bools, listening: Bools, fixed_kw: Floats) -> float:
    """What each listening member of a limit gets when all get the same [kW]."""
    left_kw = limit_kw - float(fixed_kw[members].sum())
    return max(0.0, left_kw) / max(1, int((members & listening).sum()))
