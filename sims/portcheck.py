"""What is checked at every port of a simulator: who may send, and that values are finite numbers."""

import math
from collections.abc import Mapping
from typing import Any, Protocol

from sims.faults import SimulationError


class InputPort(Protocol):
    """What the checks must know of an input."""

    @property
    def nan(self) -> bool: ...


class PortError(SimulationError):
    """What is wrong at the port `name`; `VectorSimulator` adds simulator, entity, local time and step."""

    def __init__(self, name: str, what: str) -> None:
        super().__init__(what)
        self.name = name


def check_sources(name: str, sources: Mapping[str, Any], port: InputPort | None) -> None:
    """Refuse what comes to a port that takes nothing, and what is not finite where it must be."""
    if port is None:
        raise PortError(name, f"is an output, takes nothing from {', '.join(sources)}")
    if port.nan:
        return
    for source, value in sources.items():
        if not is_finite(value):
            raise PortError(name, f"got {worst(value)} from {source}")


def only(name: str, sources: Mapping[str, Any]) -> Any:
    """The value of the one source."""
    if len(sources) > 1:
        raise PortError(name, f"has {len(sources)} sources, takes one: {', '.join(sources)}")
    return next(iter(sources.values()))


def by_entity(name: str, sources: Mapping[str, Any]) -> dict[str, Any]:
    """Values by the entity id of their source: "Fleet-0.office" is sent by the site "office"."""
    values = {source.partition(".")[2]: value for source, value in sources.items()}
    if len(values) < len(sources):
        raise PortError(name, f"two sources have the same entity id: {', '.join(sources)}")
    return values


def is_finite(value: Any) -> bool:
    """Whether a number, or each number of a list, is finite (one pass of C code: a sum keeps NaN and inf)."""
    if isinstance(value, dict):
        return all(is_finite(part) for part in value.values())
    try:
        return math.isfinite(sum(value) if isinstance(value, list) else value)
    except TypeError:
        return False


def worst(value: Any) -> str:
    """Says of a value that is not finite which part of it is not."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        if not is_finite(part):
            return f"{part!r} at [{key}], which is no finite number"
    return f"{value!r}, which is no finite number"
