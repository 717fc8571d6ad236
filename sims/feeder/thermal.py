"""Heat of oil-immersed transformers: the differential equations of IEC 60076-7, each stepped exactly."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Value = float | Floats


@dataclass(frozen=True, slots=True)
class ThermalParameters:
    """Thermal characteristics of one transformer, or of n: each a number or of shape (n,).

    Symbols and meaning as in IEC 60076-7; `thermal_presets.py` has values and where each is stated.

    Parameters
    ----------
    loss_ratio : Value
        R, load losses at rated current over no-load losses [-].
    oil_exponent : Value
        x, exponent of the total losses in the top-oil rise [-].
    winding_exponent : Value
        y, exponent of the current in the winding gradient [-].
    tau_oil_min : Value
        tau_o, oil time constant [min].
    tau_winding_min : Value
        tau_w, winding time constant [min].
    k11, k21, k22 : Value
        Constants of the thermal model [-].
    topoil_rise_k : Value
        Top-oil rise over ambient at rated losses, steady [K].
    gradient_k : Value
        g_r, average-winding to average-oil gradient at rated current [K].
    hotspot_factor : Value
        H; H times g_r is the hot-spot to top-oil gradient at rated current [-].
    """

    loss_ratio: Value
    oil_exponent: Value
    winding_exponent: Value
    tau_oil_min: Value
    tau_winding_min: Value
    k11: Value
    k21: Value
    k22: Value
    topoil_rise_k: Value
    gradient_k: Value
    hotspot_factor: Value


@dataclass(frozen=True, slots=True)
class ThermalState:
    """What a transformer remembers of its past; every array has shape (n,).

    Parameters
    ----------
    theta_topoil_c : Floats
        Top-oil temperature [degC].
    gradient_winding_k : Floats
        First component of the hot-spot to top-oil gradient: the winding heats its oil, quickly [K].
    gradient_oil_k : Floats
        Second component, subtracted: the oil starts to flow, slowly; 0 throughout where k21 = 1 [K].
    """

    theta_topoil_c: Floats
    gradient_winding_k: Floats
    gradient_oil_k: Floats

    @property
    def theta_hotspot_c(self) -> Floats:
        """Hot-spot temperature, shape (n,) [degC]."""
        return self.theta_topoil_c + self.gradient_winding_k - self.gradient_oil_k


def steady_state(parameters: ThermalParameters, load_factor: Value, ambient_c: Value) -> ThermalState:
    """State that a constant load and ambient temperature lead to, and do not leave.

    Parameters
    ----------
    parameters : ThermalParameters
        Of the transformers.
    load_factor : Value
        K, load current over rated current, >= 0, shape (n,) [-].
    ambient_c : Value
        Temperature of the air around the transformers [degC].

    Notes
    -----
    Source: IEC 60076-7, ultimate values of the differential equations.
    """
    p, load = parameters, np.asarray(load_factor, dtype=np.float64)
    losses = (1.0 + p.loss_ratio * load * load) / (1.0 + p.loss_ratio)
    gradient_k = p.hotspot_factor * p.gradient_k * load**p.winding_exponent
    return ThermalState(
        theta_topoil_c=ambient_c + p.topoil_rise_k * losses**p.oil_exponent,
        gradient_winding_k=p.k21 * gradient_k,
        gradient_oil_k=(p.k21 - 1.0) * gradient_k,
    )


def step(
    parameters: ThermalParameters,
    state: ThermalState,
    load_factor: Value,
    ambient_c: Value,
    dt_min: Value,
) -> ThermalState:
    """State after a time in which load and ambient temperature stay the same.

    Parameters
    ----------
    parameters : ThermalParameters
        Of the transformers.
    state : ThermalState
        At the start.
    load_factor : Value
        K, load current over rated current, >= 0, shape (n,) [-].
    ambient_c : Value
        Temperature of the air around the transformers [degC].
    dt_min : Value
        Length of the time; of shape (m, 1) for the states, shape (m, n), after m different times [min].

    Notes
    -----
    An exact flow: two half steps equal one whole step. The ambient temperature reaches the oil through its
    own mass, with the oil's time constant: it is the top-oil temperature that follows, not its rise.
    Source: IEC 60076-7, differential equations of top oil and hot spot; solved, not differenced.
    """
    p, end = parameters, steady_state(parameters, load_factor, ambient_c)
    return ThermalState(
        _towards(end.theta_topoil_c, state.theta_topoil_c, dt_min / (p.k11 * p.tau_oil_min)),
        _towards(end.gradient_winding_k, state.gradient_winding_k, dt_min / (p.k22 * p.tau_winding_min)),
        _towards(end.gradient_oil_k, state.gradient_oil_k, dt_min * p.k22 / p.tau_oil_min),
    )


def _towards(ultimate: Floats, now: Floats, time_constants: Value) -> Floats:
    """First-order approach to an ultimate value over a number of time constants."""
    return now - (ultimate - now) * np.expm1(-time_constants)
