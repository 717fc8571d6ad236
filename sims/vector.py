"""The one base of all simulators: vector entities with scalar children, and checks at every port.

A simulator lists its models in `MODELS`. A vector entity (a site, a feeder) carries whole arrays as
plain lists, one entity an edge; its scalar children (`Evse`, `Bus`, ...) give the same numbers one by
one to third-party simulators, and cost nothing until somebody connects them.
"""

import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import mosaik_api_v3

from sims.faults import GridparkError, SimulationError


@dataclass(frozen=True, slots=True)
class Port:
    """An attribute of a vector entity.

    Parameters
    ----------
    description : str
        What it is, ending in its unit.
    nan : bool
        Whether single values may be NaN, as the SoC of an empty port is.
    optional : bool
        Inputs only: whether the entity works without it.
    many : bool
        Inputs only: whether it takes several sources, received as values by the source's entity id.
    """

    description: str
    nan: bool = False
    optional: bool = False
    many: bool = False


@dataclass(frozen=True, slots=True)
class Child:
    """Scalar children of a vector entity: each attribute is one element of a vector port."""

    outputs: Mapping[str, str] = field(default_factory=dict[str, str])
    inputs: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Model:
    """A vector entity's parameters, ports and the kinds of its children."""

    params: Sequence[str]
    inputs: Mapping[str, Port] = field(default_factory=dict[str, Port])
    outputs: Mapping[str, Port] = field(default_factory=dict[str, Port])
    children: Mapping[str, Child] = field(default_factory=dict[str, Child])


class VectorSimulator(mosaik_api_v3.Simulator):
    """Base of the adapters: a subclass makes entities and advances one entity by one step.

    Every fault inside a step leaves as a `SimulationError` that names simulator, entity, attribute,
    local time and step.
    """

    MODELS: ClassVar[Mapping[str, Model]]
    EXTRA_METHODS: ClassVar[Sequence[str]] = ()

    def __init__(self) -> None:
        super().__init__(_meta(self.MODELS, ["get_state", "set_state", *self.EXTRA_METHODS]))
        self.entities: dict[str, Any] = {}
        self._model_of: dict[str, Model] = {}
        self._children: dict[str, tuple[str, Child, int]] = {}
        self._published: dict[str, dict[str, Any]] = {}

    def init(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        sid: str,
        time_resolution: float = 1.0,
        step_s: int = 900,
        start_s: int = 0,
        t0_s: int = 0,
        zone: str = "UTC",
    ) -> Any:
        """Take the time axis: run start `start_s` (epoch seconds), this world's offset `t0_s` from it."""
        if time_resolution != 1.0:
            raise SimulationError(f"{sid}: time_resolution = {time_resolution}: must be 1.0 s")
        self.sid, self.step_s, self.start_s, self.t0_s, self.zone = sid, step_s, start_s, t0_s, zone
        return self.meta

    def create(self, num: int, model: str, **params: Any) -> list[Any]:
        """Make `num` entities; a `name` parameter becomes the entity's id."""
        created: list[Any] = []
        for _ in range(num):
            given = dict(params)
            eid = str(given.pop("name", f"{model}-{len(self.entities)}"))
            if eid in self.entities:
                raise SimulationError(f'{self.sid}: there is already an entity "{eid}"')
            self.entities[eid] = self.make(eid, model, **given)
            self._model_of[eid] = self.MODELS[model]
            created.append({"eid": eid, "type": model, "children": self._make_children(eid)})
        return created

    def step(self, time: int, inputs: Mapping[str, Any], max_advance: int) -> int:
        """Advance every entity by one step."""
        k = (self.t0_s + time) // self.step_s
        gathered = self._gather(inputs)
        for eid in self.entities:
            try:
                received = self._receive(eid, gathered.get(eid, {}))
                self._published[eid] = self.advance(eid, k, received)
            except GridparkError as error:
                raise SimulationError(f"{self._place(eid, k)}: {error}") from error
            except Exception as error:
                raise SimulationError(f"{self._place(eid, k)}: {type(error).__name__}: {error}") from error
        return time + self.step_s

    def get_data(self, outputs: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        """Give the published values, checked to be complete and finite."""
        data: dict[str, Any] = {}
        for eid, attributes in outputs.items():
            if eid in self._children:
                data[eid] = self._child_data(eid, attributes)
            else:
                data[eid] = {name: self._published_value(eid, name) for name in attributes}
        return data

    @abstractmethod
    def make(self, eid: str, model: str, **params: Any) -> Any:
        """Build the entity of a model."""

    @abstractmethod
    def advance(self, eid: str, k: int, received: dict[str, Any]) -> dict[str, Any]:
        """Run entity `eid` over step `k` of the run; give what it publishes."""

    def children(self, eid: str) -> Mapping[str, Sequence[str]]:
        """Names of the scalar children of an entity, by kind."""
        return {}

    def get_state(self) -> dict[str, Any]:
        """JSON-able state of all entities at the end of the step just run."""
        return {}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Continue from a state that `get_state` gave."""

    def _make_children(self, eid: str) -> list[Any]:
        kinds = self._model_of[eid].children
        made: list[Any] = []
        for kind, names in self.children(eid).items():
            for index, name in enumerate(names):
                self._children[f"{eid}/{name}"] = (eid, kinds[kind], index)
                made.append({"eid": f"{eid}/{name}", "type": kind})
        return made

    def _gather(self, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        """Put what scalar children receive into their parent's vectors."""
        driven = inputs.keys() & self._children.keys()
        if not driven:
            return inputs
        gathered = {eid: dict(values) for eid, values in inputs.items() if eid not in driven}
        for eid in driven:
            parent, child, index = self._children[eid]
            for name, sources in inputs[eid].items():
                port = child.inputs[name]
                vectors = gathered.setdefault(parent, {}).setdefault(port, {"children": {}})
                cells = vectors["children"]
                cells[index] = cells.get(index, 0.0) + math.fsum(sources.values())
        return gathered

    def _receive(self, eid: str, inputs: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        received: dict[str, Any] = {}
        for name, port in self._model_of[eid].inputs.items():
            sources = inputs.get(name)
            if not sources:
                if not port.optional:
                    raise SimulationError(f"{name}: nothing is connected or nothing came")
                continue
            for source, value in sources.items():
                if not port.nan and not _is_finite(value):
                    raise SimulationError(f"{name}: got a value that is not finite from {source}: {value}")
            received[name] = _by_entity(sources) if port.many else _only(sources, name)
        return received

    def _published_value(self, eid: str, name: str) -> Any:
        try:
            value = self._published[eid][name]
        except KeyError:
            raise SimulationError(f"{self.sid}.{eid}.{name}: nothing was published") from None
        if not self._model_of[eid].outputs[name].nan and not _is_finite(value):
            raise SimulationError(f"{self.sid}.{eid}.{name}: published a value that is not finite: {value}")
        return value

    def _child_data(self, eid: str, attributes: Sequence[str]) -> dict[str, float]:
        parent, child, index = self._children[eid]
        return {name: self._published_value(parent, child.outputs[name])[index] for name in attributes}

    def _place(self, eid: str, k: int) -> str:
        instant = datetime.fromtimestamp(self.start_s + k * self.step_s, UTC).astimezone(ZoneInfo(self.zone))
        return f"{self.sid}.{eid} at {instant.isoformat()} (step {k})"


def child_values(value: Any, size: int) -> list[float]:
    """Vector of an input that came either whole or, by element, through scalar children."""
    if isinstance(value, dict):
        return [float(value.get(index, 0.0)) for index in range(size)]
    return value


def _by_entity(sources: Mapping[str, Any]) -> dict[str, Any]:
    """Values by the entity id of their source: "Fleet-0.office" sent by the site "office"."""
    return {source.partition(".")[2]: value for source, value in sources.items()}


def _only(sources: Mapping[str, Any], name: str) -> Any:
    if len(sources) > 1:
        raise SimulationError(f"{name}: has {len(sources)} sources, takes one: {', '.join(sources)}")
    return next(iter(sources.values()))


def _is_finite(value: Any) -> bool:
    """Whether a number, or each number of a list, is finite (one pass of C code: a sum keeps NaN and inf)."""
    if isinstance(value, dict):
        return all(_is_finite(part) for part in value.values())
    try:
        return math.isfinite(sum(value) if isinstance(value, list) else value)
    except TypeError:
        return False


def _meta(models: Mapping[str, Model], extra_methods: Sequence[str]) -> Any:
    described: dict[str, Any] = {}
    for name, model in models.items():
        described[name] = {
            "public": True,
            "params": ["name", *model.params],
            "attrs": [*model.inputs, *model.outputs],
        }
        for kind, child in model.children.items():
            described[kind] = {"public": False, "params": [], "attrs": [*child.inputs, *child.outputs]}
    return {
        "api_version": "3.0",
        "type": "time-based",
        "models": described,
        "extra_methods": extra_methods,
    }
