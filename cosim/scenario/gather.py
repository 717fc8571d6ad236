"""Collecting what many readers find wrong, so that all of it is said at once."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import ParamSpec, TypeVar

from cosim.scenario.positions import Loc, Places
from sims.faults import DataError, Fault, ScenarioError

P = ParamSpec("P")
T = TypeVar("T")


class Gathered:
    """Faults and warnings of all inputs of a run."""

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self._scenario: list[Fault] = []
        self._data: list[Fault] = []

    def attempt(self, read: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
        """What `read` returns, or None after noting the faults it raises."""
        try:
            return read(*args, **kwargs)
        except ScenarioError as error:
            self._scenario += error.faults
        except DataError as error:
            self._data += error.faults
        return None

    def add(self, faults: Iterable[Fault]) -> None:
        """Note faults of the scenario."""
        self._scenario += faults

    def raise_if_any(self) -> None:
        """Raise all faults, each once: as the scenario's if it has any, else as those of its data."""
        scenario, data = dict.fromkeys(self._scenario), dict.fromkeys(self._data)
        if scenario:
            raise ScenarioError([*scenario, *data])
        if data:
            raise DataError([*data])


def relocated(error: ScenarioError, places: Places, loc_of: Callable[[str], Loc]) -> ScenarioError:
    """The same faults with file and line: `loc_of` reads the place a finder of names gave them."""
    return ScenarioError([replace(fault, where=places.where(loc_of(fault.where))) for fault in error.faults])
