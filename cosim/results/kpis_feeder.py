"""Key figures of the feeder: loadings, voltages and losses."""

from datetime import datetime

import numpy as np
import numpy.typing as npt

from cosim.results.header import RunHeader
from cosim.results.kpi_table import Figures, unique
from cosim.results.kpis_voltage import feeder_voltage_figures, tap_operations
from cosim.results.layout import Arrays
from sims.clock import Clock

Floats = npt.NDArray[np.float64]

OVERLOAD_PERCENT = 100.0


def feeder_figures(header: RunHeader, arrays: Arrays) -> Figures:
    """Key figures of the whole feeder; steps without a power-flow solution have none to give."""
    clock = header.clock
    vm_pu, line_percent = arrays["feeder/vm_pu"], arrays["feeder/line_loading_percent"]
    lowest, highest = _extreme(-vm_pu), _extreme(line_percent)
    figures: Figures = dict.fromkeys(
        (
            "vm_min_pu",
            "vm_min_bus",
            "vm_min_at",
            "line_max_loading_percent",
            "line_max_loading_name",
            "line_max_loading_at",
        )
    )
    if lowest:
        step, bus = lowest
        figures["vm_min_pu"], figures["vm_min_bus"] = float(vm_pu[lowest]), header.buses[bus]
        figures["vm_min_at"] = _at(clock, step).isoformat(timespec="minutes")
    if highest:
        step, line = highest
        figures["line_max_loading_percent"] = float(line_percent[highest])
        figures["line_max_loading_name"] = header.lines[line]
        figures["line_max_loading_at"] = _at(clock, step).isoformat(timespec="minutes")
    return figures | {
        "import_kwh": float(np.nansum(arrays["feeder/import_kw"]) * clock.dt_h),
        "losses_kwh": float(np.nansum(arrays["feeder/losses_kw"]) * clock.dt_h),
        "non_converged_steps": int(np.sum(arrays["feeder/converged"] == 0)),
        **feeder_voltage_figures(header, arrays),
    }


def transformer_figures(header: RunHeader, arrays: Arrays) -> dict[str, Figures]:
    """Key figures of every transformer, by name."""
    loading = arrays["feeder/transformer_loading_percent"]
    names = unique(header.transformers)
    return {
        name: _transformer(header.clock, loading[:, [i]]) | {"tap_operations": tap_operations(arrays, i)}
        for i, name in enumerate(names)
    }


def _transformer(clock: Clock, loading_percent: Floats) -> Figures:
    """Key figures of one transformer from its loading, shape (n_steps, 1) [%]."""
    highest = _extreme(loading_percent)
    over = np.flatnonzero(loading_percent > OVERLOAD_PERCENT)
    return {
        "max_loading_percent": float(loading_percent[highest]) if highest else None,
        "max_loading_at": _at(clock, highest[0]).isoformat(timespec="minutes") if highest else None,
        "overload_minutes": len(over) * clock.step_s / 60.0,
        "overload_days": len({_at(clock, int(step)).date() for step in over}),
    }


def _extreme(values: Floats) -> tuple[int, int] | None:
    """Step and column of the highest value, None when there is none."""
    known = np.where(np.isnan(values), -np.inf, values)
    if known.size == 0 or np.isneginf(known.max()):
        return None
    step, column = np.unravel_index(int(np.argmax(known)), known.shape)
    return int(step), int(column)


def _at(clock: Clock, step: int) -> datetime:
    return clock.local_time(clock.start_s + step * clock.step_s)
