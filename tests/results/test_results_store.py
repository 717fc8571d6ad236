"""What is in the file, that others can read it, and that the same run gives the same bytes."""

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import h5py
import numpy as np
import pytest
import synthetic
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from cosim.results import RunHeader, RunWriter, open_run
from cosim.results.layout import AT_END, COORDINATES, SERIES, TABLE
from cosim.results.writer import recut
from sims.clock import Clock


def all_datasets(path: Path) -> dict[str, h5py.Dataset]:
    found = {}
    file = h5py.File(path, "r")
    file.visititems(lambda name, item: found.update({name: item}) if isinstance(item, h5py.Dataset) else None)
    return found


def test_every_dataset_has_the_unit_and_meaning_of_the_table(run_path):
    units = {"time": "seconds since 2019-06-03T07:00:00Z", "currency": "USD"}
    table = {q.name: q for q in (*SERIES, *AT_END, *TABLE, *COORDINATES)}
    for path, data in all_datasets(run_path).items():
        if path in {"scenario", "manifest"} or path.endswith("/tariff"):
            continue
        quantity = table[path.rsplit("/", 1)[1]]
        if path.endswith("/session"):  # row number as a coordinate, row number as a series
            quantity = next(
                q for q in (*SERIES, *COORDINATES) if q.name == "session" and len(q.dims) == data.ndim
            )
        assert data.attrs["units"] == quantity.units.format(**units), path
        assert data.attrs["long_name"] == quantity.long_name, path
        assert data.ndim == len(quantity.dims), path


def test_every_series_of_the_table_is_in_the_file(run_path):
    stored = set(all_datasets(run_path))
    for quantity in (*SERIES, *AT_END, *TABLE):
        group = quantity.group.format(site="office", signals="two")
        assert quantity.optional or quantity.needs or f"{group}/{quantity.name}" in stored


def test_series_are_float64_in_compressed_chunks(run_path):
    data = all_datasets(run_path)["sites/office/evse_kw"]
    assert (data.dtype, data.chunks, data.shuffle, data.compression) == (np.float64, (192, 2), True, "gzip")


def test_xarray_reads_the_whole_tree(run_path):
    with xr.open_datatree(run_path, engine="h5netcdf") as tree:
        assert set(tree.children) == {"signals", "sites", "sessions", "feeder", "kpis"}
        office = tree["sites/office"]
        np.testing.assert_array_equal(office["evse_kw"], synthetic.blocks()["sites/office/evse_kw"])
        assert list(office["evse"].values) == ["p0", "p1"]
        assert office["evse_kw"].dims == ("time", "evse")
        assert tree["sessions/office"]["arrival"].values[0] == np.datetime64("2019-06-03T14:59:00")
        assert tree["kpis"].attrs["transformers.T 1/2.max_loading_percent"] == 120.0


def test_xarray_reads_a_group_alone_and_its_times_are_the_clock(run_path):
    for group in ("/sites/office", "/sites/yard", "/signals/two", "/feeder"):
        with xr.open_dataset(run_path, group=group, engine="h5netcdf") as data:
            seconds = data["time"].values.astype("datetime64[s]").astype(np.int64)
            np.testing.assert_array_equal(seconds, synthetic.CLOCK.epoch_s())


def test_reading_gives_back_what_was_written(run):
    assert run.header == synthetic.HEADER
    for path, block in synthetic.blocks().items():
        np.testing.assert_array_equal(run._file[path], block, err_msg=path)


@pytest.mark.parametrize("steps", [192, 96, 7])
def test_bytes_do_not_depend_on_the_segments(tmp_path, run_path, steps):
    assert synthetic.write(tmp_path / "other.h5", steps).read_bytes() == run_path.read_bytes()


@pytest.mark.parametrize("hash_seed", ["0", "1"])
def test_bytes_do_not_depend_on_the_process(tmp_path, run_path, hash_seed):
    path = tmp_path / "other.h5"
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(root)}
    subprocess.run([sys.executable, synthetic.__file__, path, "50"], check=True, env=environment)
    assert path.read_bytes() == run_path.read_bytes()


def test_bytes_do_not_depend_on_segments_that_cross_chunks(tmp_path):
    once = synthetic.write_feeder_only(tmp_path / "once.h5", 1500)
    assert synthetic.write_feeder_only(tmp_path / "many.h5", 333) == once
    assert synthetic.write_feeder_only(tmp_path / "chunks.h5", 672) == once
    feeder = open_run(tmp_path / "once.h5").feeder
    np.testing.assert_array_equal(feeder.import_kw, np.random.default_rng(1).normal(size=1500))


@given(lengths=st.lists(st.integers(1, 40), min_size=1, max_size=8), rows=st.integers(1, 30))
def test_recut_keeps_every_step_once(lengths, rows):
    edges = np.cumsum([0, *lengths])
    steps = np.arange(edges[-1])
    segments = [{"a": steps[i:j]} for i, j in pairwise(edges)]
    blocks = [block["a"] for block in recut(segments, rows)]
    np.testing.assert_array_equal(np.concatenate(blocks), steps)
    assert all(len(block) == rows for block in blocks[:-1])
    assert 0 < len(blocks[-1]) <= rows


def test_wide_series_are_chunked_by_column(tmp_path):
    header = RunHeader("wide", "", 1, Clock(0, 900, 4, "UTC"), (), buses=tuple(f"b{i}" for i in range(100)))
    empty = np.zeros((4, 0))
    blocks = {
        "feeder/vm_pu": np.ones((4, 100)),
        "feeder/transformer_loading_percent": empty,
        "feeder/line_loading_percent": empty,
        **{f"feeder/{name}": np.ones(4) for name in ("import_kw", "losses_kw", "converged")},
    }
    with RunWriter(tmp_path / "wide.h5", header) as writer:
        writer.write_segment(0, blocks)
        writer.finish({}, {})
    assert all_datasets(tmp_path / "wide.h5")["feeder/vm_pu"].chunks == (4, 64)
