"""What a PV plant behind a meter gives: a clear sky, days that are more or less cloudy, and a panel.

    sun's place -> clear-sky irradiance -> on the panel's plane -> x clearness of the day -> power

Solar position, clear sky and transposition are pvlib's; the clearness of the days is drawn here.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sims.clock import Clock

Floats = npt.NDArray[np.float64]

SAMPLE_S = 300
RATED_W_PER_M2 = 1000.0
# a day without a cloud is 1; nothing is brighter, and no overcast day is darker than this
CLEARNESS_MIN, CLEARNESS_MAX = 0.05, 1.0


@dataclass(frozen=True, slots=True)
class Sky:
    """The sun and the clouds above a feeder.

    Parameters
    ----------
    latitude, longitude : float
        North and east positive [deg].
    clearness : floats, shape (n_days,)
        Irradiance of each local day of the run over that of a clear one, 0..1 [-].
    """

    latitude: float
    longitude: float
    clearness: Floats


@dataclass(frozen=True, slots=True)
class Panel:
    """A fixed plant.

    Parameters
    ----------
    peak_kw : float
        Power under 1000 W/m2 without losses, and most the plant ever gives [kW].
    tilt_deg : float
        0 lies flat, 90 stands upright [deg].
    azimuth_deg : float
        Where it faces: 90 east, 180 south, 270 west [deg].
    performance_ratio : float
        Share of the rated yield that reaches the meter: heat, inverter, cables, dirt [-].
    """

    peak_kw: float
    tilt_deg: float
    azimuth_deg: float
    performance_ratio: float


def draw_clearness(n_days: int, mean: float, spread: float, rng: np.random.Generator) -> Floats:
    """Clearness of each day: independent draws of a beta distribution between the darkest and the clear day.

    Parameters
    ----------
    n_days : int
        Days to draw [-].
    mean : float
        Mean clearness, inside (0.05, 1) [-].
    spread : float
        Standard deviation; 0 makes all days alike [-].
    rng : numpy Generator
        Source of all draws.

    Returns
    -------
    floats, shape (n_days,)
        Clearness of each day [-].

    Raises
    ------
    ValueError
        No beta distribution between the bounds has this mean and spread.
    """
    if spread == 0.0:
        return np.full(n_days, mean)
    width = CLEARNESS_MAX - CLEARNESS_MIN
    share = (mean - CLEARNESS_MIN) / width
    concentration = share * (1.0 - share) / (spread / width) ** 2 - 1.0
    if not 0.0 < share < 1.0 or concentration <= 0.0:
        raise ValueError(f"clearness of mean {mean} and spread {spread}: allowed spread below "
                         f"{width * np.sqrt(max(0.0, share * (1.0 - share))):.2f}")  # fmt: skip
    drawn = rng.beta(share * concentration, (1.0 - share) * concentration, n_days)
    return CLEARNESS_MIN + width * drawn


def pv_kw(panel: Panel, sky: Sky, clock: Clock) -> Floats:
    """Mean power of every step of a run.

    Parameters
    ----------
    panel : Panel
        The plant.
    sky : Sky
        One clearness for each local day of the run.
    clock : Clock
        Time axis.

    Returns
    -------
    floats, shape (n_steps,)
        Generation, not negative [kW].

    Notes
    -----
    Solar position: Reda and Andreas (NREL/TP-560-34302); clear sky: simplified Solis model, Ineichen, Solar
    Energy 82(8), 2008, with its default aerosol and water vapour; diffuse light: isotropic sky, ground
    reflecting a quarter. All as in pvlib. The sun is looked at every 5 minutes and averaged over the step.
    """
    import pandas as pd
    from pvlib import clearsky, irradiance, solarposition

    sample_s = min(SAMPLE_S, clock.step_s)
    middle = np.arange(clock.start_s, clock.end_s, sample_s) + sample_s / 2.0
    sun = solarposition.get_solarposition(
        pd.to_datetime(middle, unit="s", utc=True), sky.latitude, sky.longitude, method="nrel_numpy"
    )
    zenith, azimuth, elevation = (
        np.asarray(sun[name], dtype=np.float64)
        for name in ("apparent_zenith", "azimuth", "apparent_elevation")
    )
    clear = clearsky.simplified_solis(elevation)
    dni, ghi, dhi = (np.asarray(clear[name], dtype=np.float64) for name in ("dni", "ghi", "dhi"))
    plane = irradiance.get_total_irradiance(
        panel.tilt_deg, panel.azimuth_deg, zenith, azimuth, dni, ghi, dhi, model="isotropic"
    )
    w_per_m2 = np.nan_to_num(plane["poa_global"]).clip(min=0.0)
    w_per_m2 = w_per_m2.reshape(clock.n_steps, -1).mean(axis=1) * sky.clearness[clock.calendar().day]
    given = panel.peak_kw * panel.performance_ratio * w_per_m2 / RATED_W_PER_M2
    return np.minimum(given, panel.peak_kw)
