"""The audit of a file before anything in it is read: nothing but what a run writes.

A stranger's HDF5 file can name other files, declare sizes that fill the memory, and ask for code: links out
of the file, external and virtual storage, filters of plug-ins, types that Python would have to build. The
structure alone is looked at here; no value is read, but for the lengths of texts.
"""

from collections.abc import Callable, Iterator

import h5py
import numpy as np
from h5py import h5o  # pyright: ignore[reportAttributeAccessIssue]

from cosim.results.manifest import PLUMBING
from sims.faults import StoreError

KNOWN_FILTERS = {h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_DEFLATE}
# Deflate shrinks at most 1032 times: a dataset that claims to hold more than that is a trap.
MOST_COMPRESSED, SMALL_BYTES = 1032, 65536
DEEPEST, MOST_OBJECTS, MOST_ATTRIBUTES = 2, 100_000, 100_000
# of a vector of texts, such as the names of the sites
MOST_ATTRIBUTE_CELLS = 10_000
REFERENCE = np.dtype([("length", "<u4"), ("address", "<u8"), ("index", "<u4")])

ReadAt = Callable[[int, int], bytes]
"""Bytes of the file: where, how many."""


def audit(file: h5py.File, name: str, read_at: ReadAt) -> None:
    """Refuse a file that holds what no run writes.

    Parameters
    ----------
    file : h5py.File
        The file, just opened.
    name : str
        What messages call it.
    read_at : callable
        Gives bytes of the file: place, count [B].

    Raises
    ------
    StoreError
        Names the first thing that is strange.
    """
    if file.userblock_size:
        raise StoreError(f"{name}: bytes before its HDF5 part; refused")
    size = file.id.get_filesize()
    for count, item in enumerate(_objects(file, name)):
        if count > MOST_OBJECTS:
            raise StoreError(f"{name}: more than {MOST_OBJECTS:,} objects; refused")
        if isinstance(item, h5py.Dataset) and not _is_plain(item, size, read_at):
            raise StoreError(
                f"{name}: {_shown(item.name)} is not a plain dataset of numbers or text; refused"
            )
        _check_attributes(item, name)


def _objects(group: h5py.Group, name: str, depth: int = 0) -> Iterator[h5py.Group | h5py.Dataset]:
    yield group
    for key in group:
        where = f"{name}: {_shown(str(group.name).rstrip('/'))}/{_shown(key)}"
        if depth > DEEPEST or not isinstance(group.get(key, getlink=True), h5py.HardLink):
            raise StoreError(f"{where} is a link or nested too deep; refused")
        item = group[key]
        # a second name of an object is how a group comes to hold itself
        if h5o.get_info(item.id).rc != 1:
            raise StoreError(f"{where} is a link or nested too deep: it has another name; refused")
        if isinstance(item, h5py.Group):
            yield from _objects(item, name, depth + 1)
        elif isinstance(item, h5py.Dataset):
            yield item
        else:
            raise StoreError(f"{where} is not a plain dataset of numbers or text; refused")


def _is_plain(item: h5py.Dataset, file_bytes: int, read_at: ReadAt) -> bool:
    if item.shape is None or item.is_virtual or item.external is not None or item.maxshape != item.shape:
        return False
    plist = item.id.get_create_plist()
    filters = {plist.get_filter(i)[0] for i in range(plist.get_nfilters())}
    # inflating one value takes the memory of its chunk
    if not filters <= KNOWN_FILTERS or (item.chunks and any(np.greater(item.chunks, item.shape))):
        return False
    if h5py.check_string_dtype(item.dtype) is not None:
        return item.chunks is None and _text_fits(item, file_bytes, read_at)
    return item.dtype.kind in "fi" and item.dtype.subdtype is None and _numbers_fit(item)


def _numbers_fit(item: h5py.Dataset) -> bool:
    return item.nbytes <= MOST_COMPRESSED * item.id.get_storage_size() + SMALL_BYTES


def _text_fits(item: h5py.Dataset, file_bytes: int, read_at: ReadAt) -> bool:
    """Whether all texts together are no longer than the file: many cells may name one and the same text."""
    told = h5py.check_string_dtype(item.dtype)
    if item.size is None or item.size * REFERENCE.itemsize > file_bytes or told.length is not None:
        return False
    if item.size == 0:
        return True
    at = item.id.get_offset()
    if at is None:  # never written: every text is empty
        return item.id.get_storage_size() == 0
    cells = np.frombuffer(read_at(at, item.size * REFERENCE.itemsize), dtype=REFERENCE)
    return int(cells["length"].sum(dtype=np.uint64)) <= file_bytes


def _check_attributes(item: h5py.Group | h5py.Dataset, name: str) -> None:
    if len(item.attrs) > MOST_ATTRIBUTES:
        raise StoreError(f"{name}: {_shown(item.name)} has more than {MOST_ATTRIBUTES:,} attributes; refused")
    for key in item.attrs:
        if key in PLUMBING:
            continue
        told = item.attrs.get_id(key)
        numbers = told.dtype.kind in "fi" and told.dtype.subdtype is None and told.shape == ()
        text = h5py.check_string_dtype(told.dtype) is not None and (
            told.shape == () or (len(told.shape) == 1 and told.shape[0] <= MOST_ATTRIBUTE_CELLS)
        )
        if not numbers and not text:
            raise StoreError(
                f"{name}: {_shown(item.name)} has the attribute {_shown(key)}, no number or text; refused"
            )


def _shown(name: str | None) -> str:
    """A name of the file without what a terminal would obey."""
    return repr(name)[1:-1]
