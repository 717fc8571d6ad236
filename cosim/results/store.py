"""HDF5 in and out: images of segments and of whole runs, and the careful reading of files.

h5py is known here and in the `store_*` files alone. Images are built in memory: a disk
that fills up inside the HDF5 library takes the interpreter down with it, and a killed writer leaves a file
nobody can open.
"""

import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

import h5py
import numpy as np

from cosim.results.header import RunHeader
from cosim.results.layout import DTYPE, SCHEMA_VERSION, Array, Arrays, Quantity, chunks, coordinates, shapes
from cosim.results.manifest import (
    PATH,
    Part,
    attributes_hash,
    manifest_text,
    read_manifest,
    series_hashes,
    value_parts,
    values_hash,
)
from cosim.results.seal import sealed
from cosim.results.store_audit import audit
from cosim.results.store_header import read_header, write_header
from cosim.results.store_items import attributes_of, dataset_at, values_at
from sims.faults import StoreError

Attributes = dict[str, float | int | str]

LIBVER = ("earliest", "v110")
FILTERS = {"shuffle": True, "compression": "gzip", "compression_opts": 4}


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
        return {name: values_at(file, name) for name in paths if name in file}


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

    Returns
    -------
    bytes
        With the hashes of all it holds in `/manifest` and the seal behind its end.
    """
    buffer, hashes = io.BytesIO(), dict[str, str]()
    first = next(blocks)
    n_sessions = {site.name: len(ends[f"sessions/{site.name}/session_id"]) for site in header.sites}
    with h5py.File(buffer, "w", libver=LIBVER) as file:
        write_header(file, header)
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
                dataset_at(file, path)[start : start + len(values)] = values
            hashes |= series_hashes(start, block)
            start += len(next(iter(block.values())))
        file.create_group("kpis").attrs.update(kpis(header, StoredArrays(file, "image of the run")))
        parts = list(_parts(file, set(first)))
        whole = {part.key: hashes.get(part.key) or _part_hash(file, part) for part in parts}
        file.create_dataset(PATH, data=manifest_text(whole), track_times=False)
    return sealed(buffer.getvalue())


class StoredArrays:
    """Arrays of an open file by path, read when asked for."""

    def __init__(self, file: h5py.File, name: str) -> None:
        self._file = file
        self.name = name

    def __contains__(self, path: object) -> bool:
        return path in self._file

    def __getitem__(self, path: str) -> Array:
        with _told_as_store_error(self.name):
            return values_at(self._file, path)


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
            super().__init__(_opened(source), name)
            _check_version(self._file, self.name)
            audit(self._file, self.name, _reader(source))
            self.header = read_header(self._file)
            self._check_shapes()

    def attributes(self, path: str) -> Attributes:
        """Attributes of the group or dataset at `path`."""
        with _told_as_store_error(self.name):
            return {name: _plain_value(value) for name, value in attributes_of(self._file[path]).items()}

    def manifest(self) -> dict[str, str] | None:
        """Hash by key as it was written; None in a file of a gridpark that wrote none."""
        with _told_as_store_error(self.name):
            return read_manifest(str(values_at(self._file, PATH))) if PATH in self._file else None

    def parts(self) -> list[Part]:
        """Everything in the file that has a hash, in its order."""
        with _told_as_store_error(self.name):
            series = {quantity.path for quantity in shapes(self.header, {}) if quantity.dims[0] == "time"}
            return list(_parts(self._file, series))

    def part_hash(self, part: Part) -> str:
        """Hash of a part of the file as it is now."""
        with _told_as_store_error(self.name):
            return _part_hash(self._file, part)

    def dtype(self, path: str) -> np.dtype:
        """Type of the values of a dataset."""
        return dataset_at(self._file, path).dtype

    def _check_shapes(self) -> None:
        sites = [site.name for site in self.header.sites]
        n_sessions = {name: len(dataset_at(self._file, f"sessions/{name}/session")) for name in sites}
        expected = {q: (len(values),) for q, values in coordinates(self.header, n_sessions).items()}
        for quantity, shape in {**expected, **shapes(self.header, n_sessions)}.items():
            if quantity.path in self._file or not quantity.optional:
                seen = dataset_at(self._file, quantity.path).shape
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
        data.dims[axis].attach_scale(dataset_at(data.file, f"{quantity.group}/{dim}"))


def _check_version(file: h5py.File, name: str) -> None:
    seen = attributes_of(file).get("schema_version")
    if seen is None:
        raise StoreError(f"{name}: an HDF5 file, but not a result of gridpark (no schema_version)")
    if int(seen) != SCHEMA_VERSION:
        wrote = attributes_of(file).get("gridpark_version", "unknown")
        raise StoreError(
            f"{name}: schema version {seen}, written by gridpark {wrote}; this one reads {SCHEMA_VERSION}"
        )


def _opened(source: Path | bytes) -> h5py.File:
    """The file, where it is one at all: a pipe or a device would be waited for."""
    if isinstance(source, bytes):
        return h5py.File(io.BytesIO(source), "r")
    if source.exists() and not source.is_file():
        raise OSError("a folder, name a file in it" if source.is_dir() else "not a regular file")
    if source.is_file() and not h5py.is_hdf5(source):
        raise OSError("empty" if not source.stat().st_size else "it does not begin as an HDF5 file does")
    return h5py.File(source, "r")


def _reader(source: Path | bytes) -> Callable[[int, int], bytes]:
    """Gives raw bytes of the file."""
    if isinstance(source, bytes):
        return lambda at, count: source[at : at + count]

    def read_at(at: int, count: int) -> bytes:
        with source.open("rb") as file:
            file.seek(at)
            return file.read(count)

    return read_at


def _parts(file: h5py.File, series: set[str]) -> Iterator[Part]:
    """Attributes and values of every object but the manifest."""
    yield Part("", None, attributes=True)
    found: list[str] = []
    file.visit(found.append)
    for path in found:
        if path == PATH:
            continue
        yield Part(path, None, attributes=True)
        item = file[path]
        if isinstance(item, h5py.Dataset):
            n_rows = item.shape[0] if path in series else 0
            yield from value_parts(path, n_rows, series=path in series)


def _part_hash(file: h5py.File, part: Part) -> str:
    if part.attributes:
        return attributes_hash(attributes_of(file[f"/{part.path}"]))
    return values_hash(values_at(file, part.path, slice(*part.rows) if part.rows else ()))


def _plain_value(value: object) -> float | int | str:
    return value.item() if isinstance(value, np.generic) else str(value)


@contextmanager
def _told_as_store_error(name: object) -> Iterator[None]:
    """What h5py throws at a broken file, as one error that names it."""
    try:
        yield
    except FileNotFoundError as error:
        raise StoreError(f"{name}: no such file") from error
    except (OSError, KeyError, RuntimeError, TypeError, ValueError, AttributeError) as error:
        raise StoreError(f"{name}: not a result file, or cut short or damaged: {error}") from error
