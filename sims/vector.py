"""The one base of all simulators: vector entities with scalar children, and checks at every port.

A simulator lists its models in `MODELS`. A vector entity (a site, a feeder) carries whole arrays as
plain lists, one entity an edge; its scalar children (`Evse`, `Bus`, ...) give the same numbers one by
one to third-party simulators, and cost nothing until somebody connects them.
"""

import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import mosaik_api_v3

from sims.faults import GridparkError, SimulationError
from sims.portcheck import PortError, by_entity, check_sources, is_finite, only, worst


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

    Every fault leaves as a `SimulationError` that names simulator, entity, attribute, local time and
    step: "Fleet-0.office.setpoint_kw at 2019-06-03T06:15:00-07:00 (step 217): got nan from ...".
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
        self._k = t0_s // step_s
        return self.meta

    def create(self, num: int, model: str, **params: Any) -> list[Any]:
        """Make `num` entities; a `name` parameter becomes the entity's id."""
        created: list[Any] = []
        for _ in range(num):
            given = dict(params)
            eid = str(given.pop("name", f"{model}-{len(self.entities)}"))
            if eid in self.entities:
                raise SimulationError(f'{self.sid}: there is already an entity "{eid}"')
            try:
                self.entities[eid] = self.make(eid, model, **given)
            except (GridparkError, MemoryError):
                raise
            except Exception as error:  # a policy's `reset`, for one
                what = f"{type(error).__name__}: {error}"
                raise SimulationError(f"{self.sid}.{eid}, before the first step: {what}") from error
            self._model_of[eid] = self.MODELS[model]
            created.append({"eid": eid, "type": model, "children": self._make_children(eid)})
        return created

    def step(self, time: int, inputs: Mapping[str, Any], max_advance: int) -> int:
        """Advance every entity by one step."""
        self._k = (self.t0_s + time) // self.step_s
        gathered = self._gather(inputs)
        for eid in self.entities:
            try:
                received = self._receive(eid, gathered.get(eid, {}))
                self._published[eid] = self.advance(eid, self._k, received)
            except MemoryError:  # the machine's fault, not the simulator's
                raise
            except Exception as error:
                raise self.located(eid, error) from error
        return time + self.step_s

    def get_data(self, outputs: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        """Give the published values, checked to be complete and finite."""
        data: dict[str, Any] = {}
        for eid, names in outputs.items():
            try:
                data[eid] = {name: self._published_value(eid, name) for name in names}
            except PortError as error:
                raise self.located(eid, error) from error
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
        cells: dict[tuple[str, str], dict[int, float]] = {}
        for eid in driven:
            parent, child, index = self._children[eid]
            for name, sources in inputs[eid].items():
                vector = child.inputs.get(name, "")
                try:
                    check_sources(name, sources, self._model_of[parent].inputs.get(vector))
                    cells.setdefault((parent, vector), {})[index] = math.fsum(sources.values())
                except Exception as error:
                    raise self.located(eid, error) from error
        for (parent, vector), values in cells.items():
            ports = gathered.setdefault(parent, {})
            ports[vector] = {**ports.get(vector, {}), "children": values}
        return gathered

    def _receive(self, eid: str, inputs: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        ports = self._model_of[eid].inputs
        for name, sources in inputs.items():
            check_sources(name, sources, ports.get(name))
        received: dict[str, Any] = {}
        for name, port in ports.items():
            sources = inputs.get(name)
            if sources:
                received[name] = by_entity(name, sources) if port.many else only(name, sources)
            elif not port.optional:
                raise PortError(name, "nothing is connected or nothing came")
        return received

    def _published_value(self, eid: str, name: str) -> Any:
        parent, child, index = self._children.get(eid, (eid, None, None))
        vector = name if child is None else child.outputs.get(name, "")
        port = self._model_of[parent].outputs.get(vector)
        if port is None:
            raise PortError(name, "is an input, publishes nothing")
        try:
            whole = self._published[parent][vector]
            value = whole if index is None else whole[index]
        except LookupError:
            raise PortError(name, "nothing was published") from None
        if not port.nan and not is_finite(value):
            raise PortError(name, f"published {worst(value)}")
        return value

    @property
    def k(self) -> int:
        """Step of the run that it is in [-]."""
        return self._k

    def located(self, eid: str, error: Exception) -> SimulationError:
        """The same error, saying where and when it was."""
        place = f"{self.sid}.{eid}.{error.name}" if isinstance(error, PortError) else f"{self.sid}.{eid}"
        instant = datetime.fromtimestamp(self.start_s + self._k * self.step_s, ZoneInfo(self.zone))
        what = str(error) if isinstance(error, GridparkError) else f"{type(error).__name__}: {error}"
        return SimulationError(f"{place} at {instant.isoformat()} (step {self._k}): {what}")


def child_values(value: Any, size: int) -> list[float]:
    """Vector of an input that came either whole or, by element, through scalar children."""
    if isinstance(value, dict):
        return [float(value.get(index, 0.0)) for index in range(size)]
    return value


def _meta(models: Mapping[str, Model], extra_methods: Sequence[str]) -> Any:
    described: dict[str, Any] = {}
    for name, model in models.items():
        described[name] = {
            "public": True,
            "params": ["name", *model.params],
            "attrs": list(dict.fromkeys([*model.inputs, *model.outputs])),
        }
        for kind, child in model.children.items():
            described[kind] = {"public": False, "params": [], "attrs": [*child.inputs, *child.outputs]}
    return {
        "api_version": "3.0",
        "type": "time-based",
        "models": described,
        "extra_methods": extra_methods,
    }
