"""Reading a run that is not finished: the steps it has put on the disk, also while it goes on."""

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np

from cosim.results.checkpoints import Segment, last_checkpoint, parts_folder, read_request, resume_command
from cosim.results.header import RunHeader
from cosim.results.layout import Array, Quantity, coordinates, shapes
from cosim.results.run import Group
from cosim.results.store import read_segment
from cosim.scenario.schema import Scenario
from sims.faults import StoreError


def open_unfinished(path: Path | str) -> "Unfinished":
    """Open what an unfinished run has kept so far; the run may be going on meanwhile.

    Parameters
    ----------
    path : path
        Result file the run will have, or the folder `<stem>.parts` beside it. Open only what you started: a
        policy that is code is loaded, as the run was allowed to.

    Returns
    -------
    Unfinished
        Its first steps; open it anew to see further ones.

    Raises
    ------
    StoreError
        No unfinished run is there, or none of its steps is kept yet.
    ScenarioError, DataError
        The scenario or its data are no longer readable.
    """
    from cosim.run_header import run_header
    from cosim.scenario.inputs import read_inputs

    path = Path(path)
    parts = parts_folder(path)
    request = read_request(parts)
    if request is None:
        raise StoreError(f"{path}: no unfinished run; there is no {parts}, or not what was asked in it")
    checkpoint = last_checkpoint(parts)
    if not checkpoint.step:
        raise StoreError(f"{parts}: none of its steps is kept yet")
    scenario = Scenario.in_folder(Path(request["folder"]), tomllib.loads(request["scenario"]))
    inputs = read_inputs(scenario, allow_code=request["allow_code"], yes_large=request["yes_large"])
    header = replace(run_header(inputs), resumed_with_changes=tuple(request["changes"]))
    return Unfinished(parts, parts.with_name(request["result"]), header, checkpoint.segments)


class Unfinished:
    """The first steps of a run.

    Parameters
    ----------
    parts : Path
        Its folder.
    result : Path
        File it will end in.
    header : RunHeader
        Of the whole run.
    segments : tuple of Segment
        What is kept, from step 0 on.
    """

    def __init__(self, parts: Path, result: Path, header: RunHeader, segments: tuple[Segment, ...]) -> None:
        self.path = result
        """File the run will end in."""
        self.n_steps = sum(segment.n_steps for segment in segments)
        """Steps that can be read [-]."""
        self.total_steps = header.clock.n_steps
        """Steps of the whole run [-]."""
        self.header = replace(header, clock=replace(header.clock, n_steps=self.n_steps))
        """Names, prices and the clock, cut to the steps that can be read."""
        self.arrays = KeptArrays(parts, self.header, segments)
        """Series by path, for example "sites/office/site_kw", each of shape (n_steps, ...)."""

    @cached_property
    def sites(self) -> Mapping[str, Group]:
        """Series of every site, as `Run.site` gives them."""
        return {site.name: self._group(f"sites/{site.name}") for site in self.header.sites}

    @cached_property
    def signals(self) -> Mapping[str, Group]:
        """Series of every set of signals, as `Run.signals` gives them."""
        return {name: self._group(f"signals/{name}") for name in self.header.signals}

    @cached_property
    def feeder(self) -> Group:
        """Series of the feeder."""
        return self._group("feeder")

    def _group(self, path: str) -> Group:
        return Group(self.arrays, path, tuple(q for q in self.arrays.series if q.group == path))

    def __repr__(self) -> str:
        steps = f"{self.n_steps} of {self.total_steps} steps"
        return f"<Unfinished {self.header.name}: {steps}; go on with: {resume_command(self.path)}>"


class KeptArrays:
    """Series of a run by path, joined from its segments, and the names that go with them.

    Each is read anew. Once the run is finished its segments are gone, and reading raises StoreError.
    """

    def __init__(self, parts: Path, header: RunHeader, segments: tuple[Segment, ...]) -> None:
        self.header = header
        self._files = [parts / segment.name for segment in segments]
        self._names = {quantity.path: values for quantity, values in coordinates(header, {}).items()}
        known = [quantity for quantity in shapes(header, {}) if quantity.dims[0] == "time"]
        optional = read_segment(self._files[0], [quantity.path for quantity in known if quantity.optional])
        self.series: tuple[Quantity, ...] = tuple(q for q in known if not q.optional or q.path in optional)
        """Every quantity that was kept."""
        self._paths = {quantity.path for quantity in self.series}

    def __contains__(self, path: object) -> bool:
        return path in self._paths or path in self._names

    def __getitem__(self, path: str) -> Array:
        if path in self._names:
            return np.array(self._names[path])
        if path not in self._paths:
            raise KeyError(f"{path}: not kept before the run is finished, or no such series")
        return np.concatenate([read_segment(file, [path])[path] for file in self._files])
