"""Axes under a name that is no key of the scenario: which key was meant."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cosim.scenario.positions import Finding, site_names
from cosim.scenario.schema import Scenario
from cosim.study.axes import Axis
from sims.faults import nearest

OF_FEEDER = ("feeder.network", "feeder.options.transformer_kva")
OF_SITE = ("policy.name", "tariff", "chargers[0].count", "fleet.sessions", "building.peak_kw")
OTHER_NAMES = {"ports": "count", "fleet_size": "count", "transformer": "transformer_kva", "seeds": "seed"}


def unknown_names(axes: Sequence[Axis], raw: Mapping[str, Any]) -> Iterator[Finding]:
    """Axes that set a key of their own name, which the scenario `raw` cannot have.

    Dotted names are not looked at: where they lead is known once they are applied.
    """
    keys = usual_keys(raw)
    for axis in axes:
        own = axis.span is not None or any(axis.name in level.settings for level in axis.levels)
        if own and "." not in axis.name and axis.name not in Scenario.model_fields:
            name = OTHER_NAMES.get(axis.name, axis.name)
            meant = [key for key in keys if name in re.split(r"[.\[\]]", key)]
            near = nearest(axis.name, [*keys, *Scenario.model_fields])
            hint = f"did you mean {' or '.join(meant)}?" if meant else near
            yield Finding("S06", axis.loc, f"no key of the scenario; {hint}")


def usual_keys(raw: Mapping[str, Any]) -> list[str]:
    """Keys that studies usually vary, as a study names them: feeder, then site by site."""
    sites = [name for name in site_names(raw) if name]
    return [*OF_FEEDER, *(f"sites.{site}.{key}" for site in sites for key in OF_SITE)]
