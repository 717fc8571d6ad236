"""Key figures of a feeder solved phase by phase: voltages of single phases, and how uneven they are."""

import numpy as np
import numpy.typing as npt

from cosim.results.header import RunHeader
from cosim.results.kpi_table import Figures
from cosim.results.layout import PHASES, Arrays

Floats = npt.NDArray[np.float64]

# EN 50160: ten-minute means of the negative sequence within 0..2 % of the positive one for 95 % of a week
UNBALANCE_PERCENT = 2.0
NAMES = (
    *("unbalance_max_percent", "unbalance_max_bus", "unbalance_max_at", "unbalance_minutes"),
    *("vm_phase_min_pu", "vm_phase_min_bus", "vm_phase_min_phase", "vm_phase_min_at"),
    *("vm_phase_max_pu", "vm_phase_max_bus", "vm_phase_max_phase", "vm_phase_max_at"),
)


def phase_figures(header: RunHeader, arrays: Arrays) -> Figures:
    """Key figures of the phases; all None when the feeder was solved as balanced or never converged."""
    figures: Figures = dict.fromkeys(NAMES)
    if "unbalanced" not in header.features:
        return figures
    unbalance, vm_pu = arrays["feeder/unbalance_percent"], arrays["feeder/vm_phase_pu"]
    if np.isnan(unbalance).all():
        return figures
    step, bus = _place(unbalance)
    figures |= {
        "unbalance_max_percent": float(unbalance[step, bus]),
        "unbalance_max_bus": header.buses[bus],
        "unbalance_max_at": _at(header, step),
        "unbalance_minutes": int((unbalance > UNBALANCE_PERCENT).any(axis=1).sum())
        * header.clock.step_s
        / 60.0,
    }
    for which, sign in (("min", -1.0), ("max", 1.0)):
        step, bus, phase = _place(sign * vm_pu)
        figures |= {
            f"vm_phase_{which}_pu": float(vm_pu[step, bus, phase]),
            f"vm_phase_{which}_bus": header.buses[bus],
            f"vm_phase_{which}_phase": PHASES[phase],
            f"vm_phase_{which}_at": _at(header, step),
        }
    return figures


def _place(values: Floats) -> tuple[int, ...]:
    """Indices of the highest value, the first of equals."""
    return tuple(int(i) for i in np.unravel_index(int(np.nanargmax(values)), values.shape))


def _at(header: RunHeader, step: int) -> str:
    clock = header.clock
    return clock.local_time(clock.start_s + step * clock.step_s).isoformat(timespec="minutes")
