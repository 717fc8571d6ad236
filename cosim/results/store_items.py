"""Datasets, groups and attributes of an open file, each of the kind that is expected there."""

from typing import Any

import h5py

from cosim.results.manifest import PLUMBING


def dataset_at(file: h5py.File, path: str) -> h5py.Dataset:
    """The dataset at a path; `TypeError` when something else is there."""
    item = file[path]
    if not isinstance(item, h5py.Dataset):
        raise TypeError(f"/{path} is no dataset")
    return item


def group_at(file: h5py.File, path: str) -> h5py.Group:
    """The group at a path; `TypeError` when something else is there."""
    item = file[path]
    if not isinstance(item, h5py.Group):
        raise TypeError(f"/{path} is no group")
    return item


def attributes_of(item: h5py.Group | h5py.Dataset | h5py.Datatype) -> dict[str, Any]:
    """Attributes by name, without those that tie dimensions together."""
    return {name: item.attrs[name] for name in item.attrs if name not in PLUMBING}


def values_at(file: h5py.File, path: str, rows: slice | tuple[()] = ()) -> Any:
    """Values of the dataset at a path, or of some of its rows; text as `str`."""
    data = dataset_at(file, path)
    return data.asstr()[rows] if h5py.check_string_dtype(data.dtype) else data[rows]
