"""One step of all ports of a site: limits, site rules and the batteries behind them.

Powers are grid side, charging positive. Charging stores `eta_charge` of the metered energy,
discharging takes 1/`eta_discharge` of it from the battery: the difference is loss, and is metered.
"""

from math import expm1, isfinite

import numba as nb
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

NO_TAPER = 1.0
CLAMP_TOLERANCE_KW = 1e-6


@nb.njit(cache=True)
def soc_after(
    soc: float, p_kw: float, p_max_kw: float, capacity_kwh: float, eta: float, dt_h: float, taper_soc: float
) -> float:
    """State of charge after charging at a constant requested power.

    Parameters
    ----------
    soc : float
        State of charge at the start of the step, 0..1 [-].
    p_kw : float
        Grid-side power asked for over the step, 0..p_max_kw [kW].
    p_max_kw : float
        Largest grid-side power of the car at this port [kW].
    capacity_kwh : float
        Usable battery energy [kWh].
    eta : float
        Battery energy per metered energy, 0..1 [-].
    dt_h : float
        Length of the step [h].
    taper_soc : float
        State of charge from which full power falls off; 1 for a curve without taper [-].

    Returns
    -------
    float
        State of charge at the end of the step, 0..1 [-].

    Notes
    -----
    An exact flow: two half steps equal one whole step at the same power.
    Source: Lee et al., ACN-Sim (IEEE Trans. Smart Grid 12(6), 2021), two-stage model.
    """
    gain = eta * p_kw * dt_h / capacity_kwh
    if taper_soc >= NO_TAPER or gain <= 0.0:
        return min(1.0, soc + gain)
    above_knee = (1.0 - taper_soc) * p_kw / p_max_kw
    knee = 1.0 - above_knee
    if soc + gain <= knee:
        return soc + gain
    if soc < knee:
        return knee - above_knee * expm1(-(soc + gain - knee) / above_knee)
    return soc - (1.0 - soc) * expm1(-gain / above_knee)


@nb.njit(cache=True)
def limited_kw(
    asked_kw: float,
    energy_kwh: float,
    floor_kwh: float,
    ceiling_kwh: float,
    charge_max_kw: float,
    discharge_max_kw: float,
    eta_charge: float,
    eta_discharge: float,
    dt_h: float,
) -> float:
    """What is left of a request [kW] within the limits of port, car and usable battery range."""
    if asked_kw >= 0.0:
        room_kwh = max(0.0, ceiling_kwh - energy_kwh)
        return min(asked_kw, charge_max_kw, room_kwh / (eta_charge * dt_h))
    spare_kwh = max(0.0, energy_kwh - floor_kwh)
    return max(asked_kw, -discharge_max_kw, -spare_kwh * eta_discharge / dt_h)


@nb.njit(cache=True)
def drawn_kw(
    asked_kw: float,
    limited_kw: float,
    plugged_share: float,
    energy_kwh: float,
    capacity_kwh: float,
    charge_max_kw: float,
    discharge_max_kw: float,
    eta: float,
    dt_h: float,
    taper_soc: float,
) -> float:
    """Mean power [kW] that an early unplug and the two-stage curve leave of a request within its limits.

    The curve bends the request itself, not what the ceiling leaves of it: so two half steps equal one.
    """
    full_kw = charge_max_kw * plugged_share
    p_kw = max(min(limited_kw, full_kw), -discharge_max_kw * plugged_share)
    if p_kw <= 0.0 or taper_soc >= NO_TAPER:
        return p_kw
    soc = energy_kwh / capacity_kwh
    gain = soc_after(soc, min(asked_kw, full_kw), full_kw, capacity_kwh, eta, dt_h, taper_soc) - soc
    return min(p_kw, gain * capacity_kwh / (eta * dt_h))


@nb.njit(cache=True)
def site_factors(
    load_kw: float,
    charging_kw: float,
    uncontrolled_kw: float,
    discharging_kw: float,
    site_cap_kw: float,
    export_limit_kw: float,
) -> tuple[float, float, float]:
    """Factors on all discharging, controllable and uncontrolled charging that keep the site's rules.

    One factor a group, so that the order of ports never matters. Discharging shrinks until the site feeds
    back no more than it may; under a cap controllable charging gives way first. What the load itself feeds
    back (PV) is not the ports' to prevent.
    """
    discharging = charging = uncontrolled = 1.0
    if discharging_kw > 0.0:
        drawn_kw = load_kw + charging_kw + uncontrolled_kw
        discharging = min(1.0, max(0.0, drawn_kw + export_limit_kw) / discharging_kw)
    room_kw = max(0.0, site_cap_kw - load_kw + discharging * discharging_kw)
    if charging_kw + uncontrolled_kw > room_kw:
        if charging_kw > 0.0:
            charging = max(0.0, room_kw - uncontrolled_kw) / charging_kw
        if uncontrolled_kw > room_kw:
            uncontrolled = room_kw / uncontrolled_kw
    return discharging, charging, uncontrolled


@nb.njit(cache=True)
def advance_ports(
    energy_kwh: Floats,
    p_kw: Floats,
    clamped: Ints,
    setpoint_kw: Floats,
    capacity_kwh: Floats,
    floor_kwh: Floats,
    ceiling_kwh: Floats,
    charge_max_kw: Floats,
    discharge_max_kw: Floats,
    plugged_share: Floats,
    uncontrolled: npt.NDArray[np.bool_],
    eta_charge: Floats,
    eta_discharge: Floats,
    building_kw: float,
    site_cap_kw: float,
    export_limit_kw: float,
    dt_h: float,
    taper_soc: float,
) -> None:
    """Hold the setpoints over one step: the first three arrays are written, the rest is read.

    Parameters
    ----------
    energy_kwh : floats, shape (n,)
        Energy in each battery, at the start of the step before, at its end after [kWh].
    p_kw : floats, shape (n,)
        Mean grid-side power of the step, written [kW].
    clamped : ints, shape (n,)
        Requests so far that went beyond port, car, battery range or site rules, counted up. What no
        controller can know is no fault of it: taper and plugged share are not counted [-].
    setpoint_kw : floats, shape (n,)
        What the controller asks for; uncontrolled ports do not listen [kW].
    capacity_kwh, floor_kwh, ceiling_kwh : floats, shape (n,)
        Battery size and the range its energy may be moved in [kWh].
    charge_max_kw, discharge_max_kw : floats, shape (n,)
        Smaller limit of port and car, 0 at a free port [kW].
    plugged_share : floats, shape (n,)
        Share of this step the car is plugged in, 0..1 [-].
    uncontrolled : bools, shape (n,)
        Ports that always charge at full power.
    eta_charge, eta_discharge : floats, shape (n,)
        Efficiencies [-].
    building_kw : float
        Load beside the ports, less PV [kW].
    site_cap_kw : float
        Main-breaker limit, inf for none [kW].
    export_limit_kw : float
        What the site may feed back, 0 for no export, inf for no limit [kW].
    dt_h : float
        Length of the step [h].
    taper_soc : float
        Start of the two-stage curve, 1 for none [-].

    Raises
    ------
    ValueError
        A setpoint or the load is not finite; batteries are untouched.
    """
    if not isfinite(building_kw):
        raise ValueError("building_kw is not finite")
    beyond = np.zeros(len(p_kw), dtype=np.bool_)
    charging_kw = uncontrolled_kw = discharging_kw = 0.0
    for i in range(len(p_kw)):
        asked_kw = charge_max_kw[i] if uncontrolled[i] else setpoint_kw[i]
        if not isfinite(asked_kw):
            raise ValueError("a setpoint is not finite")
        p = limited_kw(
            asked_kw,
            energy_kwh[i],
            floor_kwh[i],
            ceiling_kwh[i],
            charge_max_kw[i],
            discharge_max_kw[i],
            eta_charge[i],
            eta_discharge[i],
            dt_h,
        )
        beyond[i] = abs(asked_kw - p) > CLAMP_TOLERANCE_KW
        p = drawn_kw(
            asked_kw,
            p,
            plugged_share[i],
            energy_kwh[i],
            capacity_kwh[i],
            charge_max_kw[i],
            discharge_max_kw[i],
            eta_charge[i],
            dt_h,
            taper_soc,
        )
        p_kw[i] = p
        discharging_kw -= min(p, 0.0)
        uncontrolled_kw += p if uncontrolled[i] else 0.0
        charging_kw += 0.0 if uncontrolled[i] else max(p, 0.0)
    discharging, charging, stubborn = site_factors(
        building_kw, charging_kw, uncontrolled_kw, discharging_kw, site_cap_kw, export_limit_kw
    )
    for i in range(len(p_kw)):
        factor = discharging if p_kw[i] < 0.0 else (stubborn if uncontrolled[i] else charging)
        p = p_kw[i] * factor + 0.0  # no -0.0
        beyond[i] |= abs(p - p_kw[i]) > CLAMP_TOLERANCE_KW
        clamped[i] += beyond[i] and not uncontrolled[i]
        p_kw[i] = p
        energy_kwh[i] += (eta_charge[i] * p if p > 0.0 else p / eta_discharge[i]) * dt_h
