"""The manifest of a result file: a hash of every block of values and of every set of attributes.

A key says what was hashed: `/sites/office/soc[672:1344]` are steps 672 to 1343 of a series,
`/feeder/bus[:]` is a whole dataset, `/feeder/bus@` are its attributes.
"""

import json
import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any, NamedTuple

import numpy as np

from cosim.results.layout import STEPS_PER_CHUNK, Array

PATH = "manifest"
# what HDF5 keeps there to tie dimensions together: no values of ours
PLUMBING = {"CLASS", "NAME", "DIMENSION_LIST", "REFERENCE_LIST", "_Netcdf4Dimid", "_Netcdf4Coordinates"}

_KEY = re.compile(r"/(?P<path>.*)(?:\[(?P<rows>\d*:\d*)\]|@)", re.DOTALL)


class Part(NamedTuple):
    """What one key of the manifest stands for; `rows` is None for all of it."""

    path: str
    rows: tuple[int, int] | None
    attributes: bool

    @property
    def key(self) -> str:
        """How the manifest names it."""
        if self.attributes:
            return f"/{self.path}@"
        return f"/{self.path}[{'{}:{}'.format(*self.rows) if self.rows else ':'}]"


def part_of(key: str) -> Part:
    """The part a key names; an unknown form names a path that no file has."""
    found = _KEY.fullmatch(key)
    if found is None:
        return Part(key, None, attributes=False)
    rows = found["rows"] or ":"
    first, last = rows.split(":")
    return Part(found["path"], (int(first), int(last)) if first and last else None, key.endswith("@"))


def value_parts(path: str, n_rows: int, *, series: bool) -> Iterator[Part]:
    """The parts of a dataset: blocks of steps of a series, all of it otherwise."""
    if not series:
        yield Part(path, None, attributes=False)
        return
    for first in range(0, n_rows, STEPS_PER_CHUNK):
        yield Part(path, (first, min(first + STEPS_PER_CHUNK, n_rows)), attributes=False)


def values_hash(values: Any) -> str:
    """Hash of a block of values, its type and its shape; text counts by its characters."""
    array = np.asarray(values)
    digest = sha256(f"{'str' if array.dtype.kind in 'OU' else array.dtype.str} {array.shape} ".encode())
    if array.dtype.kind in "OU":
        digest.update(json.dumps(array.tolist()).encode())
    else:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def attributes_hash(attributes: Mapping[str, Any]) -> str:
    """Hash of a set of attributes: names, types and values."""
    told = [[name, *_told(value)] for name, value in sorted(attributes.items()) if name not in PLUMBING]
    return sha256(json.dumps(told).encode()).hexdigest()


def manifest_text(hashes: Mapping[str, str]) -> str:
    """The manifest as the file stores it, one line a key."""
    return json.dumps(hashes, indent=0)


def read_manifest(text: str) -> dict[str, str]:
    """Hash by key.

    Raises
    ------
    ValueError
        Not a manifest.
    """
    hashes = json.loads(text)
    if not isinstance(hashes, dict):
        raise ValueError("the manifest is no table")
    return {str(key): str(value) for key, value in hashes.items()}


def series_hashes(first_step: int, block: Mapping[str, Array]) -> dict[str, str]:
    """Hashes of one block of steps, cut as `value_parts` cuts."""
    return {
        Part(path, (first_step, first_step + len(values)), attributes=False).key: values_hash(values)
        for path, values in block.items()
    }


def _told(value: Any) -> tuple[str, Any]:
    array = np.asarray(value)
    return ("str" if array.dtype.kind in "OUS" else array.dtype.str), array.tolist()
