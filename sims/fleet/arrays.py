"""What the kernel of a step reads, in groups: the cars that stand there, the ports, shared limits, rules.

An option nobody uses has arrays of length 0 and costs nothing.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

NO_TAPER = 1.0


class Standing(NamedTuple):
    """The car at each of n ports in this step; floats of shape (n,), 0 at a free port.

    `capacity_kwh` is the battery, `floor_kwh` and `ceiling_kwh` the range its energy may be moved in
    [kWh]; `charge_max_kw`, `discharge_max_kw` are the smaller limit of port and car [kW];
    `plugged_share` is the share of this step the car is plugged in, 0..1 [-].
    """

    capacity_kwh: Floats
    floor_kwh: Floats
    ceiling_kwh: Floats
    charge_max_kw: Floats
    discharge_max_kw: Floats
    plugged_share: Floats


class Outlets(NamedTuple):
    """The n ports themselves.

    `uncontrolled` ports always charge at full power, shape (n,). `eta_charge`, `eta_discharge` are
    efficiencies, at full power where they depend on it, shape (n,) [-]. `p_min_kw` is the least power a
    port can be set to, shape (n,), or (0,) when none has one [kW]. `steps_kw`, shape (n, s), are the
    powers a port can be set to, ascending; a row of inf for a port without steps [kW]. `curve_kw`,
    `curve_eta`, shape (n, c), are points of efficiency over power; a row of inf where it is constant [kW, -].
    """

    uncontrolled: Bools
    eta_charge: Floats
    eta_discharge: Floats
    p_min_kw: Floats
    steps_kw: Floats
    curve_kw: Floats
    curve_eta: Floats


class SharedLimits(NamedTuple):
    """Sets of ports with a limit of their own, in the order they are held.

    Set `g` has the ports `port[start[g] : start[g + 1]]` and may take, or give back, `limit_kw[g]` [kW].
    The sets of level `l`, `level_start[l] <= g < level_start[l + 1]`, are held at once. `every_port` are
    all ports, shape (n,).
    """

    level_start: Ints
    start: Ints
    port: Ints
    limit_kw: Floats
    every_port: Ints


class StepRules(NamedTuple):
    """Rules of the site, length of the step [h] and start of the two-stage curve, 1 for none [-].

    `site_cap_kw` is the main-breaker limit, inf for none; `export_limit_kw` is what the site may feed
    back, 0 for no export, inf for no limit [kW].
    """

    site_cap_kw: float
    export_limit_kw: float
    dt_h: float
    taper_soc: float
