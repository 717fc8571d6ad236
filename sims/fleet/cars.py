"""The battery behind a session: which pack, how full on arrival, and how full it must be."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# Packs on the road in California in 2019 (sizes: makers' data); the shares are ours.
PACK_KWH = np.array([24.0, 40.0, 60.0, 62.0, 75.0, 100.0])
PACK_SHARE = np.array([0.10, 0.25, 0.20, 0.15, 0.20, 0.10])
REQUIRED_SOC = np.array([0.8, 0.9, 1.0])
REQUIRED_SHARE = np.array([0.5, 0.3, 0.2])
STORED_PER_METERED = 0.95
SOC_MIN, SOC_MAX = 0.1, 1.0
LARGEST_FILL, USUAL_FILL = 0.9, 0.8


@dataclass(frozen=True, slots=True)
class Cars:
    """Batteries of n cars: sizes in kWh, states of charge 0..1."""

    capacity_kwh: Floats
    soc_arrival: Floats
    soc_required: Floats


def draw_cars(metered_kwh: Floats, rng: np.random.Generator) -> Cars:
    """Draw a battery for each car that is known to take `metered_kwh`, shape (n,) [kWh].

    The pack is one that this energy fills by at most 0.8 of its size, else the largest. The driver wants
    0.8, 0.9 or 1.0, and arrives as far below that as the energy reaches, never below the floor.
    """
    stored_kwh = STORED_PER_METERED * metered_kwh
    share = np.where(stored_kwh[:, None] <= USUAL_FILL * PACK_KWH, PACK_SHARE, 0.0)
    share[:, -1] = np.where(share.any(axis=1), share[:, -1], 1.0)
    reached = np.cumsum(share, axis=1)
    pack = (rng.random(len(stored_kwh)) * reached[:, -1] >= reached[:, :-1].T).sum(axis=0)
    capacity_kwh = PACK_KWH[pack]
    fill = np.minimum(stored_kwh / capacity_kwh, LARGEST_FILL)
    wanted = rng.choice(REQUIRED_SOC, size=len(fill), p=REQUIRED_SHARE)
    soc_required = np.maximum(wanted, np.minimum(SOC_MAX, SOC_MIN + fill))
    return Cars(capacity_kwh, np.maximum(soc_required - fill, SOC_MIN), soc_required)
