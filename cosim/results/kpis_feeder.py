"""Key figures of the feeder: voltages, loadings, exchange with the grid above and losses."""

from datetime import datetime

import numpy as np
import numpy.typing as npt

from cosim.results.elements import OVERLOAD_PERCENT, overload_kvah, overload_minutes, rated_kva, voltages_pu
from cosim.results.header import RunHeader
from cosim.results.kpi_table import Figures, unique
from cosim.results.kpis_phases import phase_figures
from cosim.results.kpis_thermal import thermal_figures
from cosim.results.kpis_voltage import feeder_voltage_figures, tap_operations
from cosim.results.layout import Arrays
from cosim.results.voltage_quality import ANSI_RANGE_A, EN_50160, Band, keeps_en50160, out_of_band_minutes
from sims.clock import Clock

Floats = npt.NDArray[np.float64]


def feeder_figures(header: RunHeader, arrays: Arrays) -> Figures:
    """Key figures of the whole feeder; steps without a power-flow solution have none to give."""
    clock, vm_pu, judged_pu = header.clock, arrays["feeder/vm_pu"], voltages_pu(arrays)
    loading = arrays["feeder/line_loading_percent"]
    return {
        **_place("vm_min", "pu", "bus", _extreme(-vm_pu), vm_pu, header.buses, clock),
        **_place("vm_max", "pu", "bus", _extreme(vm_pu), vm_pu, header.buses, clock),
        **_worst_bus("out_of_en50160", judged_pu, EN_50160, header),
        "keeps_en50160_indicative": "yes" if keeps_en50160(judged_pu, clock.step_s).all() else "no",
        **_worst_bus("out_of_ansi_a", judged_pu, ANSI_RANGE_A, header),
        **phase_figures(header, arrays),
        **_place("line_max_loading", "percent", "name", _extreme(loading), loading, header.lines, clock),
        "line_overload_minutes": float(overload_minutes(loading, clock.step_s).sum()),
        "line_overload_kvah": _known(
            overload_kvah(loading, rated_kva("line", len(header.lines), arrays), clock.dt_h).sum()
        ),
        **_exchange(clock, arrays["feeder/import_kw"], arrays["feeder/losses_kw"]),
        "non_converged_steps": int(np.sum(arrays["feeder/converged"] == 0)),
        **feeder_voltage_figures(header, arrays),
    }


def transformer_figures(header: RunHeader, arrays: Arrays) -> dict[str, Figures]:
    """Key figures of every transformer, by name."""
    clock = header.clock
    loading, names = arrays["feeder/transformer_loading_percent"], unique(header.transformers)
    rated = rated_kva("transformer", len(names), arrays)
    return {
        name: _transformer(clock, loading[:, [i]], rated[[i]])
        | thermal_figures(clock, arrays, i)
        | {"tap_operations": tap_operations(arrays, i)}
        for i, name in enumerate(names)
    }


def _transformer(clock: Clock, loading_percent: Floats, rated: Floats) -> Figures:
    """Key figures of one transformer from its loading, shape (n_steps, 1) [%], and rating, shape (1,)."""
    highest = _extreme(loading_percent)
    over = np.flatnonzero(loading_percent > OVERLOAD_PERCENT)
    return {
        "max_loading_percent": float(loading_percent[highest]) if highest else None,
        "max_loading_at": _at(clock, highest[0]).isoformat(timespec="minutes") if highest else None,
        "overload_minutes": len(over) * clock.step_s / 60.0,
        "overload_days": len({_at(clock, int(step)).date() for step in over}),
        "overload_kvah": _known(overload_kvah(loading_percent, rated, clock.dt_h)[0]),
    }


def _exchange(clock: Clock, import_kw: Floats, losses_kw: Floats) -> Figures:
    """Energy and extremes of what flows in from the grid above, and what is lost of it."""
    highest = int(np.argmax(import_kw))
    supplied_kwh = float(import_kw.clip(min=0.0).sum() * clock.dt_h)
    losses_kwh = float(losses_kw.sum() * clock.dt_h)
    return {
        "import_kwh": float(import_kw.sum() * clock.dt_h),
        "import_peak_kw": float(import_kw[highest]),
        "import_peak_at": _at(clock, highest).isoformat(timespec="minutes"),
        "reverse_flow_hours": float(np.sum(import_kw < 0.0) * clock.dt_h),
        "reverse_flow_peak_kw": max(0.0, -float(import_kw.min())),
        "losses_kwh": losses_kwh,
        "losses_percent": 100.0 * losses_kwh / supplied_kwh if supplied_kwh > 0.0 else None,
    }


def _worst_bus(name: str, vm_pu: Floats, band: Band, header: RunHeader) -> Figures:
    """Longest time a bus is out of band, and which one it is."""
    minutes = out_of_band_minutes(vm_pu, band, header.clock.step_s)
    longest = float(minutes.max(initial=0.0))
    bus = header.buses[int(np.argmax(minutes))] if longest > 0.0 else None
    return {f"{name}_minutes": longest, f"{name}_bus": bus}


def _place(
    name: str,
    unit: str,
    element: str,
    found: tuple[int, int] | None,
    values: Floats,
    names: tuple[str, ...],
    clock: Clock,
) -> Figures:
    """A value with its element and time, each None when there is none."""
    if found is None:
        return dict.fromkeys((f"{name}_{unit}", f"{name}_{element}", f"{name}_at"))
    step, column = found
    return {
        f"{name}_{unit}": float(values[found]),
        f"{name}_{element}": names[column],
        f"{name}_at": _at(clock, step).isoformat(timespec="minutes"),
    }


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _extreme(values: Floats) -> tuple[int, int] | None:
    """Step and column of the highest value, None when there is none."""
    known = np.where(np.isnan(values), -np.inf, values)
    if known.size == 0 or np.isneginf(known.max()):
        return None
    step, column = np.unravel_index(int(np.argmax(known)), known.shape)
    return int(step), int(column)


def _at(clock: Clock, step: int) -> datetime:
    return clock.local_time(clock.start_s + step * clock.step_s)
