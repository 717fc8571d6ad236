"""Writing a run: segments while it goes on, one whole file when it ends."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from cosim.results.checkpoints import (
    FINISHED,
    Checkpoint,
    Segment,
    has_checkpoint,
    mark_finished,
    parts_folder,
    resume_command,
    write_checkpoint,
    write_request,
)
from cosim.results.disk import check_space, check_target, claim, clear, release, write_whole
from cosim.results.header import RunHeader
from cosim.results.kpis import kpi_attributes
from cosim.results.layout import DTYPE, STEPS_PER_CHUNK, Array, Quantity, shapes
from cosim.results.store import RunFile, read_segment, run_image, segment_image
from sims.faults import StoreError

SUFFIX = ".h5"


class RunWriter:
    """Writes one run, as a context manager around its steps.

    Until `finish`, the steps lie in `<stem>.parts`; the result's name never holds a half-written
    file. A run that fails leaves there what `--resume` needs to go on.

    Parameters
    ----------
    path : Path
        Result file; its folder exists.
    header : RunHeader
        The run.
    overwrite : bool
        Replace an existing result, when the new one is whole, or what is left of an unfinished run.
    request : mapping, optional
        What `--resume` needs to know, JSON-able; a run without it writes no checkpoints.
    begin : Checkpoint, optional
        Where the run was left; this process has claimed its folder.

    Raises
    ------
    StoreError
        The path or the disk will not take the result, or it would not be called an HDF5 file.
    """

    def __init__(
        self,
        path: Path,
        header: RunHeader,
        *,
        overwrite: bool = False,
        request: Mapping[str, Any] | None = None,
        begin: Checkpoint | None = None,
    ) -> None:
        check_target(path, overwrite=overwrite)
        if path.suffix != SUFFIX:
            raise StoreError(f"{path}: a result is an HDF5 file; name it {path.with_suffix(SUFFIX).name}")
        self.path = path
        self.header = header
        self._overwrite = overwrite
        self._parts = parts_folder(path)
        self._request, self._begin = request, begin
        self._shapes = {q: shape for q, shape in shapes(header, {}).items() if q.dims[0] == "time"}
        self._segments = list(begin.segments) if begin else []
        self._n_written = begin.step if begin else 0

    def __enter__(self) -> Self:
        # segments and result stand side by side at the end, at worst uncompressed
        to_come = 1.0 - self._n_written / self.header.clock.n_steps
        check_space(self.path.parent, math.ceil((1.0 + to_come) * self._raw_bytes()))
        if self._begin is None:
            claim(self._parts)
        try:
            self._make_ready()
        except BaseException:
            release(self._parts)
            raise
        return self

    def _make_ready(self) -> None:
        if self._begin is None:
            if has_checkpoint(self._parts) and not self._overwrite:
                how = f"go on with `{resume_command(self.path)}`, or drop it with --overwrite"
                raise StoreError(f"{self._parts}: holds an unfinished run; {how} (overwrite=True)")
            clear(self._parts)
        if self._request is not None:
            write_request(self._parts, self._request)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and self._request is not None:
            if self._n_written:
                error.add_note(self._how_to_go_on())
            else:
                with suppress(StoreError):
                    clear(self._parts)  # nothing was done: nothing to resume
        release(self._parts)

    def _how_to_go_on(self) -> str:
        total = self.header.clock.n_steps
        return f"{self._n_written} of {total} steps are kept; go on with: {resume_command(self.path)}"

    def write_segment(self, first_step: int, blocks: Mapping[str, Array]) -> Path:
        """Put a few steps safely on the disk.

        Parameters
        ----------
        first_step : int
            Step the blocks start at; segments follow one another without gap [-].
        blocks : mapping of str to array, each of shape (n_steps of the segment, ...)
            By path in the file, for example "sites/office/evse_kw".

        Returns
        -------
        Path
            The segment's file.
        """
        n_steps = len(next(iter(blocks.values())))
        if first_step != self._n_written or first_step + n_steps > self.header.clock.n_steps:
            raise ValueError(
                f"segment of steps {first_step}..{first_step + n_steps}: expected it to start at"
                f" {self._n_written} and to end by {self.header.clock.n_steps}"
            )
        expected = {quantity: (n_steps, *shape[1:]) for quantity, shape in self._shapes.items()}
        path, image = self._parts / f"segment-{first_step}.h5", segment_image(_typed(blocks, expected))
        write_whole(path, image)
        self._segments.append(Segment(path.name, n_steps, sha256(image).hexdigest()))
        self._n_written += n_steps
        return path

    def write_checkpoint(self, saved: Mapping[str, Any]) -> None:
        """Keep the states after the last segment: `states` by simulator, `outcome` by site, JSON-able."""
        if self._request is not None:
            write_checkpoint(self._parts, Checkpoint(self._n_written, tuple(self._segments), **saved))

    def recorded(self, group: str, names: Sequence[str]) -> dict[str, Array]:
        """Series of a group as written so far, by name, each of shape (steps written, ...)."""
        paths = [f"{group}/{name}" for name in names]
        parts = [read_segment(self._parts / segment.name, paths) for segment in self._segments]
        return {
            name: np.concatenate([part[path] for part in parts])
            for name, path in zip(names, paths, strict=True)
        }

    def finish(
        self,
        sessions: Mapping[str, Mapping[str, Array]],
        ports: Mapping[str, Mapping[str, Array]],
        network: Mapping[str, Array] | None = None,
        events: Mapping[str, Mapping[str, Array]] | None = None,
    ) -> Path:
        """Join the segments to the result file, with its KPIs, and check it before it gets its name.

        Parameters
        ----------
        sessions : mapping of str to mapping of str to array, each of shape (n_sessions,)
            Columns of the sessions table, by site; times in seconds since the start of the run.
        ports : mapping of str to mapping of str to array, each of shape (n_evse,)
            `soc_end` and `clamped_requests` of each port, by site.
        network : mapping of str to array, optional
            Elements of the feeder, by the names of `layout.NETWORK`; without, the run has no network picture.
        events : mapping of str to mapping of str to array, each of shape (n_events,), optional
            Columns of the table of events, by site; of a run with the feature "events".

        Returns
        -------
        Path
            The result file.
        """
        if self._n_written != self.header.clock.n_steps:
            raise ValueError(f"{self._n_written} of {self.header.clock.n_steps} steps were written")
        ends = self._ends(sessions, ports, network or {}, events or {})
        paths = [quantity.path for quantity in self._shapes]
        segments = (read_segment(self._parts / segment.name, paths) for segment in self._segments)
        image = run_image(self.header, recut(segments, STEPS_PER_CHUNK), ends, kpi_attributes)
        RunFile(image)
        check_target(self.path, overwrite=self._overwrite)
        mark_finished(self._parts, image)
        write_whole(self.path, image)
        remove_parts(self._parts)
        return self.path

    def _ends(
        self,
        sessions: Mapping[str, Mapping[str, Array]],
        ports: Mapping[str, Mapping[str, Array]],
        network: Mapping[str, Array],
        events: Mapping[str, Mapping[str, Array]],
    ) -> dict[str, Array]:
        blocks: dict[str, Array] = {f"feeder/{name}": values for name, values in network.items()}
        for site in self.header.sites:
            blocks[f"sites/{site.name}/evse_kind"] = np.array(site.evse_kind, dtype=object)
            for name, values in ports[site.name].items():
                blocks[f"sites/{site.name}/{name}"] = values
            for column, values in sessions[site.name].items():
                blocks[f"sessions/{site.name}/{column}"] = values
            if site.name in events:
                blocks[f"events/{site.name}/history_kw"] = np.array(site.events.history_kw)
                blocks |= {f"events/{site.name}/{name}": values for name, values in events[site.name].items()}
        n_sessions = {site: len(table["session_id"]) for site, table in sessions.items()}
        expected = shapes(self.header, n_sessions)
        return _typed(blocks, {q: shape for q, shape in expected.items() if q.dims[0] != "time"})

    def _raw_bytes(self) -> int:
        return sum(8 * math.prod(shape) for shape in self._shapes.values())


def remove_parts(folder: Path) -> None:
    """Remove the claimed folder of a finished run; what tells that it is finished goes last."""
    clear(folder, but=[FINISHED])
    clear(folder)
    release(folder)


def recut(segments: Iterable[Mapping[str, Array]], n_rows: int) -> Iterator[Mapping[str, Array]]:
    """Cut consecutive segments anew, so that the file does not show where they ended.

    Parameters
    ----------
    segments : iterable of mapping of str to array, each of shape (n_steps of the segment, ...)
        The steps of a run by path.
    n_rows : int
        Steps of every block but the last [-].
    """
    held: Mapping[str, Array] = {}
    for segment in segments:
        held = {path: np.concatenate([held[path], new]) if held else new for path, new in segment.items()}
        n_held = len(next(iter(held.values())))
        whole = n_held - n_held % n_rows
        for start in range(0, whole, n_rows):
            yield {path: values[start : start + n_rows] for path, values in held.items()}
        held = {path: values[whole:] for path, values in held.items()} if whole < n_held else {}
    if held:
        yield held


def _typed(blocks: Mapping[str, Array], expected: Mapping[Quantity, tuple[int, ...]]) -> dict[str, Array]:
    """The blocks in the order and type of the file; every one named, none unknown, each of its shape."""
    unknown = set(blocks) - {quantity.path for quantity in expected}
    missing = {quantity.path for quantity in expected if not quantity.optional} - set(blocks)
    if unknown or missing:
        raise ValueError(f"blocks missing: {sorted(missing)}; blocks without place: {sorted(unknown)}")
    typed: dict[str, Array] = {}
    for quantity, shape in expected.items():
        if quantity.path in blocks:
            values = np.asarray(blocks[quantity.path], dtype=DTYPE[quantity.kind])
            if values.shape != shape:
                raise ValueError(f"{quantity.path} has the shape {values.shape}, not {shape}")
            typed[quantity.path] = values
    return typed
