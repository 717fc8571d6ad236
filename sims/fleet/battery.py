"""One step of all ports of a site: limits, site rules and the batteries behind them.

Powers are grid side, charging positive. Charging stores `eta_charge` of the metered energy,
discharging takes 1/`eta_discharge` of it from the battery: the difference is loss, and is metered.
All compiled code is in this one file: numba's cache does not see a change in another.
"""

from math import expm1, isfinite

import numba as nb
import numpy as np

from sims.fleet.arrays import NO_TAPER, Bools, Floats, Ints, Outlets, SharedLimits, Standing, StepRules

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
    room_kwh: float,
    spare_kwh: float,
    charge_max_kw: float,
    discharge_max_kw: float,
    eta: float,
    dt_h: float,
) -> float:
    """What is left of a request [kW] within port and car, the room above and what is spare below."""
    if asked_kw >= 0.0:
        return min(asked_kw, charge_max_kw, max(0.0, room_kwh) / (eta * dt_h))
    return max(asked_kw, -discharge_max_kw, -max(0.0, spare_kwh) * eta / dt_h)


@nb.njit(cache=True)
def tapered_kw(
    limited_kw: float,
    rate_kw: float,
    full_kw: float,
    energy_kwh: float,
    capacity_kwh: float,
    eta: float,
    dt_h: float,
    taper_soc: float,
) -> float:
    """Mean charging power [kW] that the two-stage curve leaves of a request within its limits.

    The curve bends the power the port is set to, not what the ceiling leaves of it: so two half steps
    equal one.
    """
    soc = energy_kwh / capacity_kwh
    gain = soc_after(soc, min(rate_kw, full_kw), full_kw, capacity_kwh, eta, dt_h, taper_soc) - soc
    return min(limited_kw, gain * capacity_kwh / (eta * dt_h))


@nb.njit(cache=True)
def efficiency(p_kw: float, curve_kw: Floats, curve_eta: Floats, constant: float) -> float:
    """Efficiency at a power [-]: straight lines between the points of a curve, or its constant without."""
    if curve_kw[0] == np.inf:
        return constant
    if p_kw <= curve_kw[0]:
        return curve_eta[0]
    for j in range(1, len(curve_kw)):
        if p_kw < curve_kw[j]:
            part = (p_kw - curve_kw[j - 1]) / (curve_kw[j] - curve_kw[j - 1])
            return curve_eta[j - 1] + part * (curve_eta[j] - curve_eta[j - 1])
    return curve_eta[-1]


@nb.njit(cache=True)
def offered_kw(rate_kw: float, p_min_kw: float, steps_kw: Floats) -> float:
    """Largest power not above `rate_kw` that a port can be set to for charging [kW]."""
    if rate_kw < p_min_kw - CLAMP_TOLERANCE_KW:
        return 0.0
    best = rate_kw
    for step_kw in steps_kw:
        if step_kw == np.inf or step_kw > rate_kw + CLAMP_TOLERANCE_KW:
            break
        best = min(step_kw, rate_kw)
    return best


@nb.njit(cache=True)
def set_kw(asked_kw: float, full_kw: float, brim_kw: float, p_min_kw: float, steps_kw: Floats) -> float:
    """Power a port is set to for a charging request [kW].

    Who asks for all that the car can take, at `full_kw` or to the brim of its battery in this step, is
    never rounded down: it is the car that takes less, or stops.
    """
    if asked_kw >= min(full_kw, brim_kw) - CLAMP_TOLERANCE_KW:
        return min(max(asked_kw, p_min_kw), full_kw)
    return offered_kw(asked_kw, p_min_kw, steps_kw)


@nb.njit(cache=True)
def charging_factors(room_kw: float, charging_kw: float, uncontrolled_kw: float) -> tuple[float, float]:
    """Factors on controllable and uncontrolled charging that make both fit; the former gives way first."""
    charging = uncontrolled = 1.0
    if charging_kw + uncontrolled_kw > room_kw:
        if charging_kw > 0.0:
            charging = max(0.0, room_kw - uncontrolled_kw) / charging_kw
        if uncontrolled_kw > room_kw:
            uncontrolled = room_kw / uncontrolled_kw
    return charging, uncontrolled


@nb.njit(cache=True)
def discharging_factor(drawn_kw: float, discharging_kw: float, export_limit_kw: float) -> float:
    """Factor on all discharging that lets a site which draws `drawn_kw` feed back no more than it may.

    What the load itself feeds back (PV) is not the ports' to prevent.
    """
    if discharging_kw <= 0.0:
        return 1.0
    return min(1.0, max(0.0, drawn_kw + export_limit_kw) / discharging_kw)


@nb.njit(cache=True)
def totals(p_kw: Floats, ports: Ints, uncontrolled: Bools, waiting: Bools) -> tuple[float, float, float]:
    """Controllable charging, uncontrolled charging and discharging of ports that do not wait [kW]."""
    charging_kw = uncontrolled_kw = discharging_kw = 0.0
    for j in range(len(ports)):
        if waiting[j]:
            continue
        i = int(ports[j])
        discharging_kw -= min(p_kw[i], 0.0)
        uncontrolled_kw += p_kw[i] if uncontrolled[i] else 0.0
        charging_kw += 0.0 if uncontrolled[i] else max(p_kw[i], 0.0)
    return charging_kw, uncontrolled_kw, discharging_kw


@nb.njit(cache=True)
def who_waits(
    room_kw: float, ports: Ints, soc: Floats, p_kw: Floats, rate_kw: Floats, outlets: Outlets
) -> Bools:
    """Which of some ports wait, so that the shares of the others are not below what a port can be set to.

    The fullest battery waits first, `soc` being -1 where nobody charges; equally full ones wait together,
    so that the order of ports never matters.
    """
    waiting = np.zeros(len(ports), dtype=np.bool_)
    charging_kw, uncontrolled_kw, _ = totals(p_kw, ports, outlets.uncontrolled, waiting)
    order = np.argsort(-soc)
    first = 0
    while first < len(order) and soc[order[first]] >= 0.0:
        charging, uncontrolled = charging_factors(room_kw, charging_kw, uncontrolled_kw)
        end = first
        while end < len(order) and soc[order[end]] == soc[order[first]]:
            j = int(order[end])
            i = int(ports[j])
            factor = uncontrolled if outlets.uncontrolled[i] else charging
            if (
                factor < 1.0
                and offered_kw(rate_kw[i] * factor, outlets.p_min_kw[i], outlets.steps_kw[i]) == 0.0
            ):
                waiting[j] = True
                uncontrolled_kw -= p_kw[i] if outlets.uncontrolled[i] else 0.0
                charging_kw -= 0.0 if outlets.uncontrolled[i] else p_kw[i]
            end += 1
        first = end
    return waiting


@nb.njit(cache=True)
def share_out(
    room_kw: float,
    ports: Ints,
    energy_kwh: Floats,
    p_kw: Floats,
    rate_kw: Floats,
    cars: Standing,
    outlets: Outlets,
    factor: Floats,
) -> None:
    """Lower the factors, shape (n,), of those of `ports` that charge until they fit into `room_kw`."""
    waiting = np.zeros(len(ports), dtype=np.bool_)
    charging_kw, uncontrolled_kw, _ = totals(p_kw, ports, outlets.uncontrolled, waiting)
    if charging_kw + uncontrolled_kw <= room_kw:
        return
    if len(outlets.p_min_kw) > 0:
        soc = np.full(len(ports), -1.0)
        for j in range(len(ports)):
            if p_kw[ports[j]] > 0.0:
                soc[j] = energy_kwh[ports[j]] / cars.capacity_kwh[ports[j]]
        waiting = who_waits(room_kw, ports, soc, p_kw, rate_kw, outlets)
        charging_kw, uncontrolled_kw, _ = totals(p_kw, ports, outlets.uncontrolled, waiting)
    charging, uncontrolled = charging_factors(room_kw, charging_kw, uncontrolled_kw)
    for j in range(len(ports)):
        i = int(ports[j])
        if p_kw[i] > 0.0:
            own = uncontrolled if outlets.uncontrolled[i] else charging
            factor[i] = min(factor[i], 0.0 if waiting[j] else own)


@nb.njit(cache=True)
def turn_down(factor: Floats, p_kw: Floats, rate_kw: Floats, beyond: Bools, outlets: Outlets) -> None:
    """Scale every port; one that charges goes down to what it can be set to."""
    for i in range(len(p_kw)):
        if factor[i] < 1.0:
            before_kw, rate = p_kw[i], rate_kw[i] * factor[i]
            p_kw[i] = before_kw * factor[i] + 0.0  # no -0.0
            if before_kw > 0.0 and len(outlets.p_min_kw) > 0:
                rate = offered_kw(rate, outlets.p_min_kw[i], outlets.steps_kw[i])
                p_kw[i] = before_kw * (rate / rate_kw[i])
            rate_kw[i] = rate
            beyond[i] |= abs(p_kw[i] - before_kw) > CLAMP_TOLERANCE_KW


@nb.njit(cache=True)
def hold_shared_limits(
    energy_kwh: Floats,
    p_kw: Floats,
    rate_kw: Floats,
    beyond: Bools,
    cars: Standing,
    outlets: Outlets,
    shared: SharedLimits,
) -> None:
    """What a set charges, and what it discharges, both stay within its limit; level by level."""
    for level in range(len(shared.level_start) - 1):
        factor, nobody = np.ones(len(p_kw)), np.zeros(len(p_kw), dtype=np.bool_)
        for g in range(shared.level_start[level], shared.level_start[level + 1]):
            limit_kw, ports = shared.limit_kw[g], shared.port[shared.start[g] : shared.start[g + 1]]
            share_out(limit_kw, ports, energy_kwh, p_kw, rate_kw, cars, outlets, factor)
            discharging_kw = totals(p_kw, ports, outlets.uncontrolled, nobody)[2]
            for i in ports:
                if p_kw[i] < 0.0 and discharging_kw > limit_kw:
                    factor[i] = min(factor[i], limit_kw / discharging_kw)
        turn_down(factor, p_kw, rate_kw, beyond, outlets)


@nb.njit(cache=True)
def hold_site_rules(
    building_kw: float,
    energy_kwh: Floats,
    p_kw: Floats,
    rate_kw: Floats,
    beyond: Bools,
    cars: Standing,
    outlets: Outlets,
    every_port: Ints,
    rules: StepRules,
) -> None:
    """Export limit and main breaker: one factor a kind of power, so that the order of ports never matters."""
    n, coarse = len(p_kw), len(outlets.p_min_kw) > 0
    nobody = np.zeros(n, dtype=np.bool_)
    for again in range(2 if coarse else 1):  # charging that went below its share may leave export behind
        charging_kw, uncontrolled_kw, discharging_kw = totals(p_kw, every_port, outlets.uncontrolled, nobody)
        drawn_kw = building_kw + charging_kw + uncontrolled_kw
        discharging = discharging_factor(drawn_kw, discharging_kw, rules.export_limit_kw)
        room_kw = max(0.0, rules.site_cap_kw - building_kw + discharging * discharging_kw)
        if discharging >= 1.0 and (again or charging_kw + uncontrolled_kw <= room_kw):
            return
        factor = np.ones(n)
        for i in range(n):
            factor[i] = discharging if p_kw[i] < 0.0 else 1.0
        if not again:
            share_out(room_kw, every_port, energy_kwh, p_kw, rate_kw, cars, outlets, factor)
        turn_down(factor, p_kw, rate_kw, beyond, outlets)


@nb.njit(cache=True)
def advance_ports(
    energy_kwh: Floats,
    p_kw: Floats,
    clamped: Ints,
    setpoint_kw: Floats,
    building_kw: float,
    cars: Standing,
    outlets: Outlets,
    shared: SharedLimits,
    rules: StepRules,
) -> None:
    """Hold the setpoints over one step: the first three arrays are written, the rest is read.

    Parameters
    ----------
    energy_kwh : floats, shape (n,)
        Energy in each battery, at the start of the step before, at its end after [kWh].
    p_kw : floats, shape (n,)
        Mean grid-side power of the step, written [kW].
    clamped : ints, shape (n,)
        Requests so far that went beyond port, car, battery range, shared limits or site rules, counted up.
        What no controller can know is no fault of it: taper and plugged share are not counted [-].
    setpoint_kw : floats, shape (n,)
        What the controller asks for; uncontrolled ports do not listen [kW].
    building_kw : float
        Load beside the ports, less PV [kW].
    cars : Standing
        The car at each port.
    outlets : Outlets
        The ports.
    shared : SharedLimits
        Sets of ports with a limit of their own.
    rules : StepRules
        Rules of the site, length of the step.

    Raises
    ------
    ValueError
        A setpoint or the load is not finite; batteries are untouched.

    Notes
    -----
    In this order: port, car and battery; the powers a port can be set to; stations; sets of ports; the
    site. Each limit only lowers what the ones before left, so that all of them hold.
    Efficiency is that of the power a port is set to, also where early unplug, taper or a full battery
    leave less of it in the mean: so two half steps equal one.
    """
    if not isfinite(building_kw):
        raise ValueError("building_kw is not finite")
    n, dt_h, taper_soc = len(p_kw), rules.dt_h, rules.taper_soc
    coarse, curved = len(outlets.p_min_kw) > 0, outlets.curve_kw.shape[1] > 0
    # arrays in hand: taking them out of their group in the loop costs more than what is done with them
    capacity_kwh, floor_kwh, ceiling_kwh, charge_max_kw, discharge_max_kw, plugged_share = cars
    uncontrolled, eta_charge, eta_discharge, p_min_kw, steps_kw, curve_kw, curve_eta = outlets
    beyond, rate_kw = np.zeros(n, dtype=np.bool_), np.empty(n)
    for i in range(n):
        full_kw, least_kw = charge_max_kw[i], -discharge_max_kw[i]
        room_kwh, spare_kwh = ceiling_kwh[i] - energy_kwh[i], energy_kwh[i] - floor_kwh[i]
        asked_kw = full_kw if uncontrolled[i] else setpoint_kw[i]
        if not isfinite(asked_kw):
            raise ValueError("a setpoint is not finite")
        rate = max(min(asked_kw, full_kw), least_kw)
        eta = eta_charge[i] if asked_kw >= 0.0 else eta_discharge[i]
        if coarse and rate > 0.0:
            rate = set_kw(asked_kw, full_kw, room_kwh / (eta * dt_h), p_min_kw[i], steps_kw[i])
        if curved:
            eta = efficiency(abs(rate), curve_kw[i], curve_eta[i], eta)
        p = limited_kw(min(asked_kw, max(rate, 0.0)), room_kwh, spare_kwh, full_kw, -least_kw, eta, dt_h)
        beyond[i] = abs(asked_kw - p) > CLAMP_TOLERANCE_KW
        full_kw *= plugged_share[i]
        p = max(min(p, full_kw), least_kw * plugged_share[i])
        if p > 0.0 and taper_soc < NO_TAPER:
            p = tapered_kw(p, rate, full_kw, energy_kwh[i], capacity_kwh[i], eta, dt_h, taper_soc)
        p_kw[i], rate_kw[i] = p + 0.0, rate  # no -0.0
    if len(shared.limit_kw) > 0:
        hold_shared_limits(energy_kwh, p_kw, rate_kw, beyond, cars, outlets, shared)
    hold_site_rules(building_kw, energy_kwh, p_kw, rate_kw, beyond, cars, outlets, shared.every_port, rules)
    for i in range(n):
        p = p_kw[i]
        clamped[i] += beyond[i] and not uncontrolled[i]
        eta = eta_charge[i] if p > 0.0 else eta_discharge[i]
        if curved:
            eta = efficiency(abs(rate_kw[i]), curve_kw[i], curve_eta[i], eta)
        energy_kwh[i] += (eta * p if p > 0.0 else p / eta) * dt_h
