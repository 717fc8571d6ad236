"""HDF5 in and out: images of segments and of whole runs, and the careful reading of files.

The only module that knows h5py. Images are built in memory: a disk that fills up inside the HDF5
library takes the interpreter down with it, and a killed writer leaves a file nobody can open.
"""

import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from itertools import chain
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from cosim.results.event_table import EventHeader, read_event_header
from cosim.results.header import RunHeader, SiteHeader
from cosim.results.layout import DTYPE, SCHEMA_VERSION, Array, Arrays, Quantity, chunks, coordinates, shapes
from sims.clock import Clock
from sims.faults import StoreError

Attributes = dict[str, float | int | str]

LIBVER = ("earliest", "v110")
FILTERS = {"shuffle": True, "compression": "gzip", "compression_opts": 4}
KNOWN_FILTERS = {h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_DEFLATE}
PACKAGES = (
    "h5py",
    "mosaik",
    "numba",
    "numpy",
    "pandapower",
    "pandas",
    "power-grid-model",
    "pydantic",
    "scipy",
)
# Deflate shrinks at most 1032 times: a dataset that claims to hold more than that is a trap.
MOST_COMPRESSED, SMALL_BYTES = 1032, 65536


def segment_image(blocks: Mapping[str, Array]) -> bytes:
    """HDF5 image of a few steps, one dataset a block."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", libver=LIBVER) as file:
        for path, block in blocks.items():
            _create_series(file, path, block.shape, block.dtype)[...] = block
    return buffer.getvalue()


def read_segment(path: Path, paths: Iterable[str]) -> dict[str, Array]:
    """The blocks of a segment file that are among `paths`."""
    with _told_as_store_error(path), h5py.File(path, "r") as file:
        return {name: _values(file, name) for name in paths if name in file}


def run_image(
    header: RunHeader,
    blocks: Iterator[Mapping[str, Array]],
    ends: Mapping[str, Array],
    kpis: Callable[[RunHeader, Arrays], Attributes],
) -> bytes:
    """HDF5 image of a whole run.

    Parameters
    ----------
    header : RunHeader
        The run.
    blocks : iterator of mapping of str to array
        Consecutive steps by path of the series, cut at whole chunks, together the whole run.
    ends : mapping of str to array
        What is known at the end, by path: sessions tables and the ports' last state.
    kpis : callable
        Makes the attributes of `/kpis` from the header and the stored arrays.
    """
    buffer = io.BytesIO()
    first = next(blocks)
    n_sessions = {site.name: len(ends[f"sessions/{site.name}/session_id"]) for site in header.sites}
    with h5py.File(buffer, "w", libver=LIBVER) as file:
        _write_header(file, header)
        for quantity, values in coordinates(header, n_sessions).items():
            scale = _create(file, quantity.path, np.array(values, dtype=DTYPE[quantity.kind]))
            _describe(scale, quantity).make_scale(quantity.name)
        for quantity, shape in shapes(header, n_sessions).items():
            if quantity.path in first:
                data = _create_series(file, quantity.path, shape, first[quantity.path].dtype)
                _attach(_describe(data, quantity), quantity)
            elif quantity.path in ends:
                _attach(_describe(_create(file, quantity.path, ends[quantity.path]), quantity), quantity)
        start = 0
        for block in chain([first], blocks):
            for path, values in block.items():
                _dataset(file, path)[start : start + len(values)] = values
            start += len(next(iter(block.values())))
        file.create_group("kpis").attrs.update(kpis(header, StoredArrays(file, "image of the run")))
    return buffer.getvalue()


class StoredArrays:
    """Arrays of an open file by path, read when asked for."""

    def __init__(self, file: h5py.File, name: str) -> None:
        self._file = file
        self.name = name

    def __contains__(self, path: object) -> bool:
        return path in self._file

    def __getitem__(self, path: str) -> Array:
        with _told_as_store_error(self.name):
            return _values(self._file, path)


class RunFile(StoredArrays):
    """A result file opened for reading, checked before anything in it is believed.

    Parameters
    ----------
    source : Path or bytes
        File, or the image of one.

    Raises
    ------
    StoreError
        Not a result file, cut short, of another version, or holding what no run writes.
    """

    def __init__(self, source: Path | bytes) -> None:
        name = str(source) if isinstance(source, Path) else "image of the run"
        with _told_as_store_error(name):
            opened = source if isinstance(source, Path) else io.BytesIO(source)
            super().__init__(h5py.File(opened, "r"), name)
            _check_version(self._file, self.name)
            _check_plain(self._file, self.name)
            self.header = _read_header(self._file)
            self._check_shapes()

    def attributes(self, path: str) -> Attributes:
        """Attributes of the group or dataset at `path`."""
        with _told_as_store_error(self.name):
            return {name: _plain_value(value) for name, value in _attributes(self._file[path]).items()}

    def _check_shapes(self) -> None:
        sites = [site.name for site in self.header.sites]
        n_sessions = {name: len(_dataset(self._file, f"sessions/{name}/session")) for name in sites}
        expected = {q: (len(values),) for q, values in coordinates(self.header, n_sessions).items()}
        for quantity, shape in {**expected, **shapes(self.header, n_sessions)}.items():
            if quantity.path in self._file or not quantity.optional:
                seen = _dataset(self._file, quantity.path).shape
                if seen != shape:
                    raise StoreError(f"{self.name}: /{quantity.path} has the shape {seen}, not {shape}")


def _create(file: h5py.File, path: str, values: Array) -> h5py.Dataset:
    dtype = h5py.string_dtype() if values.dtype.kind == "O" else values.dtype
    return file.create_dataset(path, data=values, dtype=dtype, track_times=False)


def _create_series(file: h5py.File, path: str, shape: tuple[int, ...], dtype: np.dtype) -> h5py.Dataset:
    how = {"chunks": chunks(shape), **FILTERS} if 0 not in shape else {}
    return file.create_dataset(path, shape, dtype, track_times=False, **how)


def _describe(data: h5py.Dataset, quantity: Quantity) -> h5py.Dataset:
    data.attrs["units"] = quantity.units
    data.attrs["long_name"] = quantity.long_name
    if quantity.units.startswith("seconds since"):
        data.attrs["calendar"] = "standard"
    return data


def _attach(data: h5py.Dataset, quantity: Quantity) -> None:
    for axis, dim in enumerate(quantity.dims):
        data.dims[axis].attach_scale(_dataset(data.file, f"{quantity.group}/{dim}"))


def _write_header(file: h5py.File, header: RunHeader) -> None:
    file.attrs.update(
        {
            "Conventions": "CF-1.11",
            "title": header.name,
            "schema_version": SCHEMA_VERSION,
            "gridpark_version": _version("gridpark"),
            "packages": _packages(),
            "seed": header.seed,
            "timezone": header.clock.zone,
            "start_s": header.clock.start_s,
            "step_s": header.clock.step_s,
            "n_steps": header.clock.n_steps,
            "loading_definition": header.loading_definition,
            "features": " ".join(header.features),
            "sites": np.array([site.name for site in header.sites], dtype=h5py.string_dtype()),
        }
    )
    if header.resumed_with_changes:
        file.attrs["resumed_with_changes"] = "\n".join(header.resumed_with_changes)
    file.create_dataset("scenario", data=header.scenario_toml, track_times=False)
    file.create_group("signals")
    for name, tariff in sorted(header.signals.items()):
        file.create_dataset(f"signals/{name}/tariff", data=tariff, track_times=False)
    for site in header.sites:
        group = file.create_group(f"sites/{site.name}")
        group.attrs["signals"], group.attrs["currency"] = site.signals, site.currency
        if site.peak_threshold_kw is not None:
            group.attrs["peak_threshold_kw"] = site.peak_threshold_kw
        if site.demand_history_kw is not None:
            group.attrs["demand_history_kw"] = json.dumps(dict(site.demand_history_kw))
        if "events" in header.features:
            programmes = json.dumps(site.events.programmes)
            file.create_dataset(f"events/{site.name}/programmes", data=programmes, track_times=False)
        if site.oracle_forecasts:
            group.attrs["oracle_forecasts"] = " ".join(site.oracle_forecasts)
        if site.co2_cost_per_t is not None:
            group.attrs["co2_cost_per_t"] = site.co2_cost_per_t


def _read_header(file: h5py.File) -> RunHeader:
    attrs = _attributes(file)
    clock = Clock(int(attrs["start_s"]), int(attrs["step_s"]), int(attrs["n_steps"]), str(attrs["timezone"]))
    return RunHeader(
        name=str(attrs["title"]),
        scenario_toml=str(_values(file, "scenario")),
        seed=int(attrs["seed"]),
        clock=clock,
        sites=tuple(_read_site(file, str(name), clock) for name in attrs["sites"]),
        signals={str(name): str(_values(file, f"signals/{name}/tariff")) for name in _group(file, "signals")},
        features=tuple(str(attrs["features"]).split()),
        buses=tuple(_values(file, "feeder/bus")),
        lines=tuple(_values(file, "feeder/line")),
        transformers=tuple(_values(file, "feeder/transformer")),
        loading_definition=str(attrs["loading_definition"]),
        resumed_with_changes=tuple(str(attrs.get("resumed_with_changes", "")).splitlines()),
    )


def _read_site(file: h5py.File, name: str, clock: Clock) -> SiteHeader:
    attrs = _attributes(file[f"sites/{name}"])
    threshold, history = attrs.get("peak_threshold_kw"), attrs.get("demand_history_kw")
    co2_cost = attrs.get("co2_cost_per_t")
    return SiteHeader(
        name=name,
        evse=tuple(_values(file, f"sites/{name}/evse")),
        evse_kind=tuple(_values(file, f"sites/{name}/evse_kind")),
        signals=str(attrs["signals"]),
        currency=str(attrs["currency"]),
        peak_threshold_kw=None if threshold is None else float(threshold),
        demand_history_kw=None if history is None else _read_history(str(history)),
        events=_read_events(file, f"events/{name}", clock.start_s),
        oracle_forecasts=tuple(str(attrs.get("oracle_forecasts", "")).split()),
        co2_cost_per_t=None if co2_cost is None else float(co2_cost),
    )


def _read_events(file: h5py.File, path: str, start_s: int) -> EventHeader:
    """Programmes and events of a site, none where the run has no such group."""
    if path not in file:
        return EventHeader()
    table = {str(key): _values(file, f"{path}/{key}") for key in _group(file, path)}
    return read_event_header(str(table["programmes"]), table, table["history_kw"], start_s)


def _read_history(text: str) -> dict[str, tuple[float, ...]]:
    return {name: tuple(map(float, maxima)) for name, maxima in json.loads(text).items()}


def _check_version(file: h5py.File, name: str) -> None:
    seen = _attributes(file).get("schema_version")
    if seen is None:
        raise StoreError(f"{name}: an HDF5 file, but not a result of gridpark (no schema_version)")
    if int(seen) != SCHEMA_VERSION:
        wrote = _attributes(file).get("gridpark_version", "unknown")
        raise StoreError(
            f"{name}: schema version {seen}, written by gridpark {wrote}; this one reads {SCHEMA_VERSION}"
        )


def _check_plain(group: h5py.Group, name: str, depth: int = 0) -> None:
    """Refuse links out of the file, foreign storage, foreign types and sizes that cannot be true."""
    for key in group:
        if depth > 2 or not isinstance(group.get(key, getlink=True), h5py.HardLink):
            raise StoreError(f"{name}: {group.name}/{key} is a link or nested too deep; refused")
        item = group[key]
        if isinstance(item, h5py.Group):
            _check_plain(item, name, depth + 1)
        elif not _is_plain(item):
            raise StoreError(f"{name}: {group.name}/{key} is not a plain dataset of numbers or text; refused")


def _is_plain(item: h5py.Dataset | h5py.Datatype) -> bool:
    if not isinstance(item, h5py.Dataset) or item.is_virtual or item.external is not None:
        return False
    plist = item.id.get_create_plist()
    filters = {plist.get_filter(i)[0] for i in range(plist.get_nfilters())}
    stored = item.id.get_storage_size()
    return (
        (item.dtype.kind in "fi" or h5py.check_string_dtype(item.dtype) is not None)
        and filters <= KNOWN_FILTERS
        and item.nbytes <= MOST_COMPRESSED * stored + SMALL_BYTES
    )


def _dataset(file: h5py.File, path: str) -> h5py.Dataset:
    item = file[path]
    if not isinstance(item, h5py.Dataset):
        raise TypeError(f"/{path} is no dataset")
    return item


def _group(file: h5py.File, path: str) -> h5py.Group:
    item = file[path]
    if not isinstance(item, h5py.Group):
        raise TypeError(f"/{path} is no group")
    return item


def _attributes(item: h5py.Group | h5py.Dataset | h5py.Datatype) -> dict[str, Any]:
    return dict(item.attrs)


def _values(file: h5py.File, path: str) -> Any:
    data = _dataset(file, path)
    return data.asstr()[()] if h5py.check_string_dtype(data.dtype) else data[()]


def _plain_value(value: object) -> float | int | str:
    return value.item() if isinstance(value, np.generic) else str(value)


@cache
def _packages() -> str:
    return ", ".join(f"{name} {_version(name)}" for name in PACKAGES)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


@contextmanager
def _told_as_store_error(name: object) -> Iterator[None]:
    """What h5py throws at a broken file, as one error that names it."""
    try:
        yield
    except FileNotFoundError as error:
        raise StoreError(f"{name}: no such file") from error
    except (OSError, KeyError, RuntimeError, TypeError, ValueError, AttributeError) as error:
        raise StoreError(f"{name}: not a result file, or cut short or damaged: {error}") from error
