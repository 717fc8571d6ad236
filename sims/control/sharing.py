"""What several rules use: full power to a target, the least a port can be set to, shares in order."""

import numpy as np

from sims.control.policy import Floats, Observation, SiteInfo


def full_kw(site: SiteInfo, seen: Observation, target_kwh: Floats) -> Floats:
    """Full power of each car until it has `target_kwh`, less in the step that gets there, shape (n,) [kW]."""
    room_kwh = np.maximum(target_kwh - seen.energy_kwh, 0.0)
    enough_kw = np.minimum(seen.charge_max_kw, room_kwh / (site.eta_charge * site.dt_h))
    return at_least_kw(site, seen, enough_kw)


def at_least_kw(site: SiteInfo, seen: Observation, p_kw: Floats) -> Floats:
    """The same power, but no car asks for less charging than its port can be set to, shape (n,) [kW].

    Below that the port would pause and the car leave short; so it takes a little more than it needs.
    """
    if not site.p_min_kw.any():
        return p_kw
    brim_kw = np.maximum(seen.ceiling_kwh - seen.energy_kwh, 0.0) / (site.eta_charge * site.dt_h)
    least_kw = np.minimum(np.minimum(site.p_min_kw, seen.charge_max_kw), brim_kw)
    return np.where(p_kw > 0.0, np.maximum(p_kw, least_kw), p_kw)


def fill_in_order(wanted_kw: Floats, order: np.ndarray, room_kw: float) -> Floats:
    """Share out `room_kw` of power: each gets what it wants, in `order`, until the room is gone.

    Parameters
    ----------
    wanted_kw : floats, shape (n,)
        What each could take, not negative [kW].
    order : ints, shape (n,)
        Who is served first.
    room_kw : float
        Power to share out [kW].

    Returns
    -------
    floats, shape (n,)
        Shares, none above `wanted_kw`, in sum at most `room_kw` [kW].
    """
    sorted_kw = wanted_kw[order]
    before = np.cumsum(sorted_kw) - sorted_kw
    shares = np.empty_like(wanted_kw)
    shares[order] = np.minimum(np.maximum(room_kw - before, 0.0), sorted_kw)
    return shares
