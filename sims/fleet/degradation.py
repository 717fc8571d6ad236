"""Battery wear: capacity lost by standing and by cycling, as increments of two root laws.

Both laws are those of Schmalstieg et al. (J. Power Sources 257, 2014) for an 18650 NMC cell, in the form
Orfanoudakis et al. (EV2Gym, IEEE Trans. ITS 2025) use for cars: a battery that already lost
`alpha age^0.75` by its age and `beta sqrt(Q)` by its throughput Q loses the difference more in a stay.
So two half stays cost what the whole one costs, and a new battery is no special case.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Quantity = Floats | float

USUAL_C = 25.0
# one full cycle moves the cell's 2.05 Ah out and in
CELL_AH = 2.05
ZERO_C_IN_K = 273.15


def calendar_loss(
    mean_soc: Quantity, temperature_c: Quantity, age_days: Quantity, stay_days: Quantity
) -> Floats:
    """Share of the capacity a battery loses by getting older.

    Parameters
    ----------
    mean_soc : floats, shape (n,)
        Mean state of charge of the stay, 0..1 [-].
    temperature_c : floats, shape (n,)
        Mean battery temperature of the stay [degC].
    age_days, stay_days : floats, shape (n,)
        Age when the stay begins, and how long it lasts, both >= 0 [d].

    Returns
    -------
    floats, shape (n,)
        Loss relative to the capacity when new, 0..1 [-].
    """
    kelvin = np.add(temperature_c, ZERO_C_IN_K)
    alpha = (7.543e6 * _cell_v(mean_soc) - 23.75e6) * np.exp(-6976.0 / kelvin)
    return alpha * (np.power(np.add(age_days, stay_days), 0.75) - np.power(age_days, 0.75))


def cyclic_loss(swing: Quantity, cycles_before: Quantity, cycles: Quantity) -> Floats:
    """Share of the capacity a battery loses by being charged and discharged.

    Parameters
    ----------
    swing : floats, shape (n,)
        Depth of discharge of the stay, 2 mean|SoC - mean SoC| while energy moves, 0..1 [-].
    cycles_before, cycles : floats, shape (n,)
        Equivalent full cycles before the stay and in it, both >= 0 [-].

    Returns
    -------
    floats, shape (n,)
        Loss relative to the capacity when new, 0..1 [-].
    """
    beta = 7.348e-3 * (_cell_v(0.5) - 3.667) ** 2 + 7.6e-4 + 4.081e-3 * np.asarray(swing)
    before_ah, ah = np.multiply(2.0 * CELL_AH, cycles_before), np.multiply(2.0 * CELL_AH, cycles)
    return beta * (np.sqrt(before_ah + ah) - np.sqrt(before_ah))


def cycling_price_per_kwh(battery_price_per_kwh: float, cycles_before: float) -> float:
    """What the next full cycle of a battery costs per kWh of throughput [money/kWh].

    Parameters
    ----------
    battery_price_per_kwh : float
        Money a kWh of lost capacity is worth [money/kWh].
    cycles_before : float
        Equivalent full cycles so far [-].

    Notes
    -----
    Throughput counts what goes in and what comes out: 2 kWh a cycle for each kWh of capacity, which is why
    the size of the battery cancels. The cycle is 0 to 1 and back at constant power: a swing of 0.5.
    """
    return battery_price_per_kwh * float(cyclic_loss(0.5, cycles_before, 1.0)) / 2.0


def _cell_v(soc: Quantity) -> Floats:
    """Open-circuit voltage of the cell at a state of charge [V]."""
    return 3.3324 + 0.8263 * np.asarray(soc)
