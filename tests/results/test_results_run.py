"""Reading a run: frames in local time, and files that are not what they seem."""

import subprocess
import sys
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import h5py
import numpy as np
import pytest
import synthetic
import xarray as xr

from cosim.results import open_run
from cosim.results.run import local_times
from sims.clock import Clock
from sims.faults import StoreError

ZONE = ZoneInfo("America/Los_Angeles")


def test_arrays_are_attributes_read_when_asked_for(run):
    office = run.site("office")
    assert "evse_kw" not in vars(office)
    assert office.evse_kw.shape == (192, 2)
    assert "soc_end" in dir(office)
    with pytest.raises(AttributeError, match="has no power; it has building_kw"):
        _ = office.power


def test_frame_has_local_times_and_a_column_a_port(run):
    frame = run.site("office").frame()
    assert frame.index[0] == datetime(2019, 6, 3, tzinfo=ZONE)
    assert frame.index[-1] == datetime(2019, 6, 4, 23, 45, tzinfo=ZONE)
    assert list(frame["evse_kw"].columns) == ["p0", "p1"]
    assert frame["building_kw"].sum() * 0.25 == 510.0
    assert run.site("yard").frame()["site_kw"].shape == (192,)
    assert run.signals("two").frame()["price_per_kwh"].iloc[-1] == 0.20
    assert run.feeder.frame()["vm_pu", "garage <b>"].min() == 0.93


def test_sessions_table_has_local_times(run):
    table = run.sessions("office")
    assert table["arrival"][0] == datetime(2019, 6, 3, 7, 59, tzinfo=ZONE)
    assert table["vehicle_id"].tolist() == ["car a", "car b", "car c", "car d", "car e", "car f"]
    assert len(run.sessions("yard")) == 0


def test_local_times_of_the_hour_that_comes_twice():
    clock = Clock.from_local(datetime(2019, 11, 3), 1, 3600, "America/Los_Angeles")
    hours = local_times(clock, 3600 * np.arange(clock.n_steps)).hour
    assert hours.tolist()[:4] == [0, 1, 1, 2]


def test_unknown_site_is_named_with_the_known_ones(run):
    with pytest.raises(KeyError, match="no sites/offce; its sites are office, yard"):
        run.site("offce")


def test_html_of_a_run_is_a_small_table_of_text(run):
    html = run._repr_html_()
    assert "648.40" in html  # of all sites
    assert "562.40" in html
    assert "1 of 192 steps have no power-flow solution" in html
    assert "garage <b>" not in html
    assert "href" not in html
    assert "<Run" not in html


def test_figures_show_what_they_promise(run):
    power = {trace.name: trace for trace in run.plot_site("office").data}
    assert set(power) == {
        "demand windows",
        "building alone",
        "with EVs",
        "threshold 45 kW",
        "billed peak",
        "demand charge so far",
    }
    assert power["with EVs"].y.max() == 48.0
    assert len(power["with EVs"].x) == 193
    assert power["billed peak"].x[0] == datetime(2019, 6, 4, 14)
    loading = {trace.name: trace for trace in run.plot_transformer().data}
    assert loading["above 100 %"].y.tolist() == [120.0] * 4 + [110.0]
    ports = run.plot_occupancy("office").data[0]
    assert np.isnan(ports.z).sum() == 2 * 192 - 40
    assert run.plot_occupancy("yard").layout.annotations[0].text == "no charging ports"


def test_names_in_figures_are_text_not_markup(tmp_path):
    synthetic.write_feeder_only(tmp_path / "run.h5", 1500)
    assert open_run(tmp_path / "run.h5").plot_transformer().data[0].name == "&lt;b&gt;t"


def test_times_of_a_figure_are_local(run):
    assert str(run.plot_site("office").data[0].x[0])[:13] in {"2019-06-03T00", "2019-06-03 00"}


@pytest.mark.parametrize("content", [b"", b"hello", b"\x89HDF\r\n\x1a\n" + bytes(200)])
def test_a_file_that_is_no_result_is_told_so(tmp_path, content):
    path = tmp_path / "x.h5"
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"x\.h5: not a result file"):
        open_run(path)


def test_a_missing_file_and_a_folder_are_told_so(tmp_path):
    with pytest.raises(StoreError, match="no such file"):
        open_run(tmp_path / "none.h5")
    with pytest.raises(StoreError, match="not a result file"):
        open_run(tmp_path)


@pytest.mark.parametrize("kept", [0.3, 0.9, 0.999])
def test_a_cut_file_is_told_so(tmp_path, run_path, kept):
    whole = run_path.read_bytes()
    path = tmp_path / "cut.h5"
    path.write_bytes(whole[: int(kept * len(whole))])
    with pytest.raises(StoreError, match="cut short"):
        open_run(path)


def changed(tmp_path: Path, run_path: Path, change) -> Path:
    path = tmp_path / "changed.h5"
    path.write_bytes(run_path.read_bytes())
    with h5py.File(path, "r+") as file:
        change(file)
    return path


def test_another_version_is_named(tmp_path, run_path):
    path = changed(tmp_path, run_path, lambda file: file.attrs.modify("schema_version", 99))
    with pytest.raises(StoreError, match=r"schema version 99, written by gridpark .*; this one reads 1"):
        open_run(path)
    path = changed(tmp_path, run_path, lambda file: file.attrs.pop("schema_version"))
    with pytest.raises(StoreError, match="not a result of gridpark"):
        open_run(path)


def put(name, make):
    def change(file):
        del file[name]
        make(file, name)

    return change


STRANGE = {
    "external link": ("link", lambda file, name: file.__setitem__(name, h5py.ExternalLink("other.h5", "/x"))),
    "soft link": ("link", lambda file, name: file.__setitem__(name, h5py.SoftLink("/sites/office/site_kw"))),
    "loop": ("nested too deep", lambda file, name: file.__setitem__(name, file["sites"])),
    "external storage": (
        "not a plain dataset",
        lambda file, name: file.create_dataset(name, (192,), "f8", external=[("/etc/passwd", 0, 1536)]),
    ),
    "virtual": (
        "not a plain dataset",
        lambda file, name: file.create_virtual_dataset(name, h5py.VirtualLayout((192,), "f8")),
    ),
    "eight terabytes": (
        "not a plain dataset",
        lambda file, name: file.create_dataset(name, (10**12,), "f8", chunks=(10**6,)),
    ),
    "opaque": ("not a plain dataset", lambda file, name: file.create_dataset(name, data=np.zeros(192, "V8"))),
    "compound": (
        "not a plain dataset",
        lambda file, name: file.create_dataset(name, data=np.zeros(192, [("a", "f8")])),
    ),
    "other filter": (
        "not a plain dataset",
        lambda file, name: file.create_dataset(name, data=np.zeros(192), compression="lzf"),
    ),
    "other shape": ("has the shape", lambda file, name: file.create_dataset(name, data=np.zeros(191))),
    "group": ("is no dataset", lambda file, name: file.create_group(name)),
    "absent": ("doesn't exist", lambda file, name: None),
}


@pytest.mark.parametrize("kind", STRANGE)
def test_a_strangers_file_is_refused(tmp_path, run_path, kind):
    words, make = STRANGE[kind]
    path = changed(tmp_path, run_path, put("sites/office/building_kw", make))
    with pytest.raises(StoreError, match=rf"changed\.h5: .*{words}"):
        open_run(path)


def test_a_file_that_claims_a_trillion_steps_is_refused(tmp_path, run_path):
    path = changed(tmp_path, run_path, lambda file: file.attrs.modify("n_steps", 10**12))
    with pytest.raises(StoreError, match=r"has the shape \(192,\), not \(1000000000000,\)"):
        open_run(path)


def test_damaged_numbers_are_told_when_read(tmp_path, run_path):
    whole = bytearray(run_path.read_bytes())
    with h5py.File(run_path, "r") as file:
        chunk = file["sites/office/building_kw"].id.get_chunk_info(0)
    for i in range(chunk.byte_offset + 2, chunk.byte_offset + chunk.size):
        whole[i] ^= 0xFF
    path = tmp_path / "damaged.h5"
    path.write_bytes(whole)
    with pytest.raises(StoreError, match="damaged"):
        _ = open_run(path).site("office").building_kw


def test_reading_does_not_import_what_it_does_not_need():
    heavy = ("pandas", "plotly", "pandapower", "xarray", "mosaik")
    code = f"import sys, cosim.results; print([name for name in {heavy} if name in sys.modules])"
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_xarray_reads_a_run_that_is_open_here(run, run_path):
    assert run.site("office").building_kw[0] == 10.0
    with xr.open_dataset(run_path, group="/sites/office", engine="h5netcdf") as data:
        assert data["building_kw"].values[0] == 10.0


def test_degraded_steps_and_logged_warnings_are_told(tmp_path):
    done = open_run(synthetic.write(tmp_path / "run.h5", 192))
    assert (
        done.warnings
        == done.degraded
        == [
            "1 of 192 steps have no power-flow solution",
            "4 requests of the policy were clamped to limits",
        ]
    )
    (tmp_path / "run.log.json").write_text('{"warnings": ["ports exceed the transformer"]}')
    assert done.warnings == ["ports exceed the transformer", *done.degraded]
    assert done.path == tmp_path / "run.h5"


def test_run_says_where_it_came_from(run):
    assert run.scenario_toml == synthetic.HEADER.scenario_toml
    assert f"numpy {np.__version__}" in run.versions["packages"]
    assert repr(run) == "<Run synthetic: 192 steps from 2019-06-03 00:00:00-07:00, sites office, yard>"
