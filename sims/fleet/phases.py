"""Cars and ports with one phase or three: what both have in common carries the power."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def power_on_shared_phases(car_kw: Floats, n_car: Ints, port_kw: Floats, n_port: Ints) -> Floats:
    """Largest power of cars at ports that may have another number of phases.

    Parameters
    ----------
    car_kw, port_kw : Floats
        Limit of each car and of its port, each on all its own phases together, shape (n,) [kW].
    n_car, n_port : Ints
        Phases of each car and of its port, shape (n,) [-].

    Returns
    -------
    Floats
        Shape (n,) [kW].

    Notes
    -----
    P = n V I (P = 3.68 kW at one phase of 230 V and 16 A, 11.04 kW at three): on fewer phases than its own
    a limit shrinks in proportion, for its current stays. A one-phase car gets a third of a three-phase port.
    """
    shared = np.minimum(n_car, n_port)
    # written so that a limit on all its own phases stays the same number to the last digit
    of_car = np.where(shared == n_car, car_kw, car_kw / n_car * shared)
    of_port = np.where(shared == n_port, port_kw, port_kw / n_port * shared)
    return np.minimum(of_car, of_port)


def shared_phases(of_session: Ints, of_port: Ints, session: Sequence[int]) -> list[int]:
    """Phases in use at each port while the car of `session` stands there; 0 at a free one (-1)."""
    standing = np.array(session, dtype=np.int64)
    phases, occupied = np.zeros(len(standing), dtype=np.int64), standing >= 0
    phases[occupied] = np.minimum(of_session[standing[occupied]], of_port[occupied])
    return phases.tolist()
