"""Hashes and seal: what they cover, that they cost no bytes of sameness, and I23, the file written anew."""

import json
import struct
from collections.abc import Iterator, Mapping

import h5py
import numpy as np
import pytest
import synthetic
from hypothesis import given, settings
from hypothesis import strategies as st

from cosim.results import open_run
from cosim.results.kpis import kpi_attributes
from cosim.results.layout import STEPS_PER_CHUNK, Array, shapes
from cosim.results.manifest import Part, attributes_hash, part_of, value_parts, values_hash
from cosim.results.seal import LENGTH, read_seal, sealed
from cosim.results.store import RunFile, run_image


def written_anew(file: RunFile) -> bytes:
    """The image of a run made from nothing but what its file holds."""
    rows = {site.name: len(file[f"sessions/{site.name}/session"]) for site in file.header.sites}
    held = {q.path: q for q in shapes(file.header, rows) if q.path in file}
    series = {path: file[path] for path, q in held.items() if q.dims[0] == "time"}
    ends = {path: file[path] for path, q in held.items() if q.dims[0] != "time"}
    return run_image(file.header, _cut(series, file.header.clock.n_steps), ends, kpi_attributes)


def _cut(series: Mapping[str, Array], n_steps: int) -> Iterator[Mapping[str, Array]]:
    for first in range(0, n_steps, STEPS_PER_CHUNK):
        yield {path: values[first : first + STEPS_PER_CHUNK] for path, values in series.items()}


def test_i23_a_file_written_anew_has_the_same_bytes(run_path):
    assert written_anew(open_run(run_path).arrays) == run_path.read_bytes()


SCENARIOS = (
    ("office_heat.toml", "days=1"),
    ("village_voltage.toml", "days=1"),
    ("campus_v2c.toml", "days=1"),
    ("cleanest_hours.toml", "days=8"),
)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda asked: asked[0])
def test_i23_with_heat_taps_plants_and_many_chunks(scenario_runs, scenario):
    run = scenario_runs.run(*scenario)
    assert written_anew(run.arrays) == run.path.read_bytes()


def test_every_value_and_attribute_has_a_hash(run_path):
    manifest = open_run(run_path).arrays.manifest()
    with h5py.File(run_path) as file:
        found: list[str] = []
        file.visit(found.append)
        assert {part_of(key).path for key in manifest} == {"", *found} - {"manifest"}
        assert {f"/{name}@" for name in ("", *found) if name != "manifest"} <= set(manifest)
        building = file["sites/office/building_kw"][()]
    assert manifest["/sites/office/building_kw[0:192]"] == values_hash(building)
    assert json.loads(h5py.File(run_path)["manifest"].asstr()[()]) == manifest


def test_blocks_of_a_long_series_have_their_own_hashes(tmp_path):
    synthetic.write_feeder_only(tmp_path / "long.h5", 400)
    keys = open_run(tmp_path / "long.h5").arrays.manifest()
    blocks = [key for key in keys if key.startswith("/feeder/import_kw[")]
    assert blocks == [f"/feeder/import_kw[{a}:{b}]" for a, b in ((0, 672), (672, 1344), (1344, 1500))]


@settings(deadline=None)
@given(path=st.text(), rows=st.none() | st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)))
def test_a_key_tells_its_part(path, rows):
    for part in (Part(path, rows, attributes=False), Part(path, None, attributes=True)):
        assert part_of(part.key) == part


@settings(deadline=None)
@given(st.integers(0, 3000))
def test_blocks_cover_every_step_once(n_rows):
    rows = [part.rows for part in value_parts("x", n_rows, series=True)]
    assert [step for first, last in rows for step in range(first, last)] == list(range(n_rows))


def test_a_hash_tells_type_shape_order_and_every_bit():
    values = np.arange(6.0)
    others = [
        values.astype(np.float32),
        values.reshape(2, 3),
        values[::-1],
        np.where(values == 3, np.nextafter(3.0, 4.0), values),
        np.where(values == 0, -0.0, values),
    ]
    assert len({values_hash(one) for one in (values, *others)}) == 6
    assert values_hash(values.reshape(2, 3).T) == values_hash(np.ascontiguousarray(values.reshape(2, 3).T))
    texts = (["ab", "c"], ["a", "bc"], ["abc"], ["ab", "c", ""])
    assert len({values_hash(np.array(text, dtype=object)) for text in texts}) == 4
    nan = np.array([struct.unpack("d", struct.pack("Q", 0x7FF8000000000001))[0], np.nan])
    assert values_hash(nan[:1]) != values_hash(nan[1:])
    assert attributes_hash({"a": 1}) != attributes_hash({"a": 1.0}) != attributes_hash({"a": "1"})
    assert attributes_hash({"a": 1, "b": 2}) == attributes_hash({"b": 2, "a": 1})


@settings(deadline=None, max_examples=50)
@given(content=st.binary(max_size=3000), data=st.data())
def test_the_seal_tells_every_changed_bit(tmp_path_factory, content, data):
    path = tmp_path_factory.mktemp("seal") / "x"
    whole = sealed(content)
    path.write_bytes(whole)
    assert read_seal(path) == "whole"
    changed = bytearray(whole)
    at = data.draw(st.integers(0, len(whole) - 1))
    changed[at] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(changed)
    assert read_seal(path) == ("broken" if len(content) > at or at >= len(whole) - LENGTH + 17 else "absent")
    path.write_bytes(whole[:at])
    assert read_seal(path) != "whole"
    path.write_bytes(whole + b"x")
    assert read_seal(path) != "whole"


def test_no_other_program_sees_the_seal(run_path):
    whole = run_path.read_bytes()
    with h5py.File(run_path) as file:
        assert file.id.get_filesize() == len(whole)
        assert file["sites/office/building_kw"].shape == (192,)
    assert read_seal(run_path) == "whole"
