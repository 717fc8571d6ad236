"""Key figures of the transformers' heat and life."""

from collections.abc import Iterator, Mapping
from datetime import datetime

import numpy as np

from cosim.results.kpi_table import Figures
from cosim.results.layout import Arrays
from sims.clock import Clock
from sims.feeder.ageing import NORMAL_LIFE_H

NORMAL_CYCLIC_C, LONG_EMERGENCY_C = 120.0, 140.0
"""Hot-spot limits of IEC 60076-7 for normal cyclic and for long-time emergency loading [degC]."""

NAMES = (
    "max_topoil_c",
    "max_hotspot_c",
    "max_hotspot_at",
    "hotspot_above_120_minutes",
    "hotspot_above_140_minutes",
    "loss_of_life_h",
    "loss_of_life_percent",
    "mean_ageing_rate",
)


def thermal_figures(clock: Clock, arrays: Arrays, transformer: int) -> Figures:
    """Heat and life of one transformer; None without the feature, or when it is out of service.

    Hours of life used are those at the reference hot spot of its paper that age it as much; per cent are of
    a normal life of 180,000 h. Temperatures are those at the ends of steps.
    """
    if "feeder/theta_hotspot_c" not in arrays:
        return dict.fromkeys(NAMES)
    hotspot_c = arrays["feeder/theta_hotspot_c"][:, transformer]
    if np.isnan(hotspot_c).any():
        return dict.fromkeys(NAMES)
    rate, hottest = arrays["feeder/ageing_rate"][:, transformer], int(np.argmax(hotspot_c))
    used_h = float(rate.sum()) * clock.dt_h
    at = clock.local_time(clock.start_s + (hottest + 1) * clock.step_s)
    return {
        "max_topoil_c": float(arrays["feeder/theta_topoil_c"][:, transformer].max()),
        "max_hotspot_c": float(hotspot_c[hottest]),
        "max_hotspot_at": at.isoformat(timespec="minutes"),
        "hotspot_above_120_minutes": int((hotspot_c > NORMAL_CYCLIC_C).sum()) * clock.step_s / 60.0,
        "hotspot_above_140_minutes": int((hotspot_c > LONG_EMERGENCY_C).sum()) * clock.step_s / 60.0,
        "loss_of_life_h": used_h,
        "loss_of_life_percent": 100.0 * used_h / NORMAL_LIFE_H,
        "mean_ageing_rate": float(rate.mean()),
    }


def heat_alarms(transformers: Mapping[str, Figures]) -> Iterator[str]:
    """One sentence for each transformer whose hot spot went above a limit of the loading guide."""
    for name, figures in transformers.items():
        minutes = figures["hotspot_above_120_minutes"]
        if not minutes:
            continue
        emergency = figures["hotspot_above_140_minutes"]
        beyond = f", {emergency:g} min of it above {LONG_EMERGENCY_C:g} degC (emergency)" if emergency else ""
        at = datetime.fromisoformat(str(figures["max_hotspot_at"]))
        yield (
            f"transformer {name}: hot spot above {NORMAL_CYCLIC_C:g} degC for {minutes:g} min{beyond}; "
            f"highest {figures['max_hotspot_c']:.1f} degC on {at:%Y-%m-%d %H:%M}"
        )
