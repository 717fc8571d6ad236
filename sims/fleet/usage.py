"""How each stay used its battery, from the states of charge a run recorded."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# a smaller change of state of charge within a step is rounding, not charging
MOVES_SOC = 1e-12


@dataclass(frozen=True, slots=True)
class Usage:
    """Use of the battery in each of m sessions; all 0 for one that never had a port.

    Parameters
    ----------
    since_s, stay_s : floats, shape (m,)
        When the car was first seen, since the start of the run, and how long it was [s].
    mean_soc : floats, shape (m,)
        Mean state of charge over the stay [-].
    swing : floats, shape (m,)
        2 mean|SoC - mean SoC|, both means over the time in which energy moved [-].
    cycles : floats, shape (m,)
        Equivalent full cycles: throughput, in plus out, over twice the capacity [-].
    """

    since_s: Floats
    stay_s: Floats
    mean_soc: Floats
    swing: Floats
    cycles: Floats


def battery_usage(
    soc: Floats, session: Ints, soc_end: Floats, soc_departure: Floats, departure_s: Ints, step_s: int
) -> Usage:
    """Use of every battery, from what is recorded at the starts of the steps.

    Parameters
    ----------
    soc, session : arrays, shape (n_steps, n_evse)
        State of charge at the start of each step, and the session there, -1 at free ports [-].
    soc_end : floats, shape (n_evse,)
        State of charge at the end of the run [-].
    soc_departure : floats, shape (m,)
        State of charge when the car left [-].
    departure_s : ints, shape (m,)
        End of the stay since the start of the run [s].
    step_s : int
        Length of a step [s].

    Notes
    -----
    Starts of steps suffice: the power is constant within a step, so the state of charge runs straight
    from one start to the next (with the two-stage curve nearly so), and every mean below is the exact one
    of that broken line. Cutting the steps in two changes nothing.
    """
    usage = Usage(*np.zeros((len(fields(Usage)), len(departure_s))))
    for port in range(soc.shape[1]):  # port by port: a year of many ports is large
        step = np.flatnonzero(session[:, port] >= 0)
        row, before = session[step, port], soc[step, port]
        gone_s = departure_s[row]
        leaves = gone_s <= (step + 1) * step_s
        after = np.where(leaves, soc_departure[row], np.append(soc[1:, port], soc_end[port])[step])
        plugged_s = np.minimum(gone_s, (step + 1) * step_s) - step * step_s
        first = np.flatnonzero(np.diff(row, prepend=-1))  # a port holds a car without interruption
        if len(first):
            _enter(usage, row[first], first, step[first] * step_s, plugged_s, before, after)
    return usage


def cycles_until(
    vehicle_id: Sequence[str], soc_arrival: Floats, soc_departure: Floats, usage: Usage
) -> Floats:
    """Equivalent full cycles of each session's car from the start of the run to that session, shape (m,) [-].

    Counted are the earlier stays of the car, and between two of them what it must at least have used its
    battery for to come back with another state of charge than it left with.

    Parameters
    ----------
    vehicle_id : sequence of str, length m
        Car of each session.
    soc_arrival, soc_departure : floats, shape (m,)
        State of charge on arrival and at departure [-].
    usage : Usage
        Of the same sessions; those that never had a port are left out.
    """
    until = np.zeros(len(vehicle_id))
    known: dict[str, tuple[float, float]] = {}
    here = np.flatnonzero(usage.stay_s > 0.0)
    order: list[int] = here[np.argsort(usage.since_s[here], kind="stable")].tolist()
    for row in order:
        vehicle = vehicle_id[row]
        if vehicle in known:
            cycles, left = known[vehicle]
            until[row] = cycles + abs(float(soc_arrival[row]) - left) / 2.0
        known[vehicle] = float(until[row] + usage.cycles[row]), float(soc_departure[row])
    return until


def _enter(
    usage: Usage, rows: Ints, first: Ints, since_s: Ints, plugged_s: Ints, before: Floats, after: Floats
) -> None:
    """Fill in the sessions `rows` of one port, whose steps begin at `first`."""

    def total(values: Floats) -> Floats:
        return np.add.reduceat(values, first)

    count = np.diff(first, append=len(before))
    active_s = np.where(np.abs(after - before) > MOVES_SOC, plugged_s, 0.0)
    active_total_s = np.maximum(total(active_s), 1.0)
    centre = np.repeat(total(active_s * (before + after) / 2.0) / active_total_s, count)
    usage.since_s[rows], usage.stay_s[rows] = since_s, total(plugged_s.astype(np.float64))
    usage.mean_soc[rows] = total(plugged_s * (before + after) / 2.0) / usage.stay_s[rows]
    usage.swing[rows] = 2.0 * total(active_s * _mean_abs(before - centre, after - centre)) / active_total_s
    usage.cycles[rows] = total(np.abs(after - before)) / 2.0


def _mean_abs(a: Floats, b: Floats) -> Floats:
    """Mean absolute value of a line from `a` to `b`, shape (n,)."""
    span = np.abs(a) + np.abs(b)
    crossing = np.divide(a * a + b * b, 2.0 * span, out=np.zeros_like(span), where=span > 0.0)
    return np.where(a * b < 0.0, crossing, span / 2.0)
