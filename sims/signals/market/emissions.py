"""What CO2 weighs and costs: intensities times energy, and a price per tonne as a price per kWh."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

G_PER_KG = 1e3
G_PER_T = 1e6


def co2_kg(co2_g_per_kwh: Floats, energy_kwh: Floats) -> float:
    """CO2 of energy drawn, negative for what is given back, at the intensity of each step [kg].

    Parameters
    ----------
    co2_g_per_kwh : floats, shape (n_steps,)
        Intensity of the grid [g/kWh].
    energy_kwh : floats, shape (n_steps,)
        Energy of each step [kWh].
    """
    return float((co2_g_per_kwh / G_PER_KG * energy_kwh).sum())


def co2_price_per_kwh(co2_g_per_kwh: Floats, cost_per_t: float) -> Floats:
    """What the CO2 of a kWh costs in every step.

    Parameters
    ----------
    co2_g_per_kwh : floats, shape (n_steps,)
        Intensity of the grid [g/kWh].
    cost_per_t : float
        Money per tonne: 64 EUR/t are 6.4e-5 EUR/g [1/t].

    Returns
    -------
    floats, shape (n_steps,)
        In the currency of `cost_per_t` [1/kWh].
    """
    return co2_g_per_kwh * (cost_per_t / G_PER_T)
