"""Every bus, line and transformer of a run with what an engineer asks of it, one row an element."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cosim.results.layout import Arrays
from cosim.results.voltage_quality import ANSI_RANGE_A, EN_50160, keeps_en50160, out_of_band_minutes
from sims.clock import Clock

if TYPE_CHECKING:
    from cosim.results.header import RunHeader

Floats = npt.NDArray[np.float64]
Columns = dict[str, npt.NDArray[np.generic]]

OVERLOAD_PERCENT = 100.0


def overload_minutes(loading_percent: Floats, step_s: int) -> Floats:
    """Time above the rating of each element, shape (n,), of loadings of shape (n_steps, n) [min]."""
    return (loading_percent > OVERLOAD_PERCENT).sum(axis=0) * (step_s / 60.0)


def rated_kva(kind: str, n: int, arrays: Arrays) -> Floats:
    """Ratings of the lines or transformers, shape (n,) [kVA]; NaN in a file that does not have them."""
    path = f"feeder/{kind}_rated_kva"
    return arrays[path] if path in arrays else np.full(n, np.nan)


def overload_kvah(loading_percent: Floats, rated: Floats, dt_h: float) -> Floats:
    """Apparent energy above the rating of each element.

    Parameters
    ----------
    loading_percent : floats, shape (n_steps, n)
        Loadings by current, NaN where unknown [%].
    rated : floats, shape (n,)
        Ratings at rated voltage [kVA].
    dt_h : float
        Length of a step [h].

    Returns
    -------
    floats, shape (n,)
        Rated power times excess loading times time [kVAh].
    """
    excess = np.nansum(np.maximum(loading_percent - OVERLOAD_PERCENT, 0.0), axis=0) / 100.0
    return excess * rated * dt_h


def buses(header: "RunHeader", arrays: Arrays) -> Columns:
    """Voltages of every bus: extremes, time out of band, whether EN 50160 seems kept."""
    vm_pu, step_s = arrays["feeder/vm_pu"], header.clock.step_s
    return {
        "name": np.array(header.buses, dtype=object),
        "vm_min_pu": _over_time(np.fmin, vm_pu),
        "vm_max_pu": _over_time(np.fmax, vm_pu),
        "out_of_en50160_minutes": out_of_band_minutes(vm_pu, EN_50160, step_s),
        "out_of_ansi_a_minutes": out_of_band_minutes(vm_pu, ANSI_RANGE_A, step_s),
        "keeps_en50160_indicative": keeps_en50160(vm_pu, step_s),
    }


def lines(header: "RunHeader", arrays: Arrays) -> Columns:
    """Loading of every line."""
    return _loaded(header.lines, "line", header.clock, arrays)


def transformers(header: "RunHeader", arrays: Arrays) -> Columns:
    """Loading of every transformer."""
    return _loaded(header.transformers, "transformer", header.clock, arrays)


ELEMENTS: dict[str, Callable[["RunHeader", Arrays], Columns]] = {
    "buses": buses,
    "lines": lines,
    "transformers": transformers,
}


def _loaded(names: tuple[str, ...], kind: str, clock: Clock, arrays: Arrays) -> Columns:
    loading, rated = arrays[f"feeder/{kind}_loading_percent"], rated_kva(kind, len(names), arrays)
    return {
        "name": np.array(names, dtype=object),
        "rated_kva": rated,
        "max_loading_percent": _over_time(np.fmax, loading),
        "overload_minutes": overload_minutes(loading, clock.step_s),
        "overload_kvah": overload_kvah(loading, rated, clock.dt_h),
    }


def _over_time(extreme: np.ufunc, values: Floats) -> Floats:
    """Extreme of each column, NaN where nothing is known."""
    return extreme.reduce(values, axis=0, initial=np.nan)
