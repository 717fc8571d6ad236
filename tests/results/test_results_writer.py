"""The result's name holds a whole result or nothing, whatever goes wrong."""

import os
import resource
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
import synthetic

from cosim.results import RunHeader, RunWriter, SiteHeader, open_run
from cosim.results import writer as writer_module
from sims.faults import StoreError


@contextmanager
def without_privileges():
    """Root may write anywhere, so it becomes nobody for a moment."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


@contextmanager
def files_no_larger_than(size):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def finish(writer):
    return writer.finish(
        {"office": synthetic.sessions(), "yard": synthetic.sessions(0)},
        {"office": synthetic.ports(), "yard": synthetic.ports(0)},
    )


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_finished_run_leaves_one_file(tmp_path):
    synthetic.write(tmp_path / "run.h5", 96)
    assert names(tmp_path) == ["run.h5"]


def test_an_existing_result_is_refused_and_kept(tmp_path):
    path = tmp_path / "run.h5"
    path.write_bytes(b"precious")
    with pytest.raises(StoreError, match=r"run\.h5: exists"):
        RunWriter(path, synthetic.HEADER)
    assert path.read_bytes() == b"precious"


def test_overwrite_replaces_an_existing_result(tmp_path, run_path):
    path = tmp_path / "run.h5"
    path.write_bytes(b"old")
    synthetic.write(path, 96, overwrite=True)
    assert path.read_bytes() == run_path.read_bytes()


def test_a_reader_keeps_the_result_it_opened(tmp_path):
    path = synthetic.write(tmp_path / "run.h5", 96)
    before = open_run(path)
    synthetic.write(path, 96, overwrite=True)
    assert before.site("office").building_kw[0] == 10.0


def test_a_result_that_appears_during_the_run_is_kept(tmp_path):
    path = tmp_path / "run.h5"
    with RunWriter(path, synthetic.HEADER) as writer:
        writer.write_segment(0, synthetic.blocks())
        path.write_bytes(b"precious")
        with pytest.raises(StoreError, match="exists"):
            finish(writer)
    assert path.read_bytes() == b"precious"


@pytest.mark.parametrize("old", [None, b"old result"])
def test_a_failure_at_the_end_leaves_no_half_written_file(tmp_path, monkeypatch, old):
    path = tmp_path / "run.h5"
    if old:
        path.write_bytes(old)

    def fail(header, arrays):
        raise RuntimeError("KPIs failed")

    monkeypatch.setattr(writer_module, "kpi_attributes", fail)
    with pytest.raises(RuntimeError), RunWriter(path, synthetic.HEADER, overwrite=True) as writer:
        writer.write_segment(0, synthetic.blocks())
        finish(writer)
    assert names(tmp_path) == (["run.h5"] if old else []) + ["run.parts"]
    assert names(tmp_path / "run.parts") == ["segment-0.h5"]
    assert old is None or path.read_bytes() == old


@pytest.mark.parametrize("at_end", [False, True])
def test_a_full_disk_is_told_and_the_old_result_kept(tmp_path, at_end):
    path = tmp_path / "run.h5"
    path.write_bytes(b"old result")
    with RunWriter(path, synthetic.HEADER, overwrite=True) as writer:
        if at_end:
            writer.write_segment(0, synthetic.blocks())
        with files_no_larger_than(20_000), pytest.raises(StoreError, match=r"cannot write .* free there"):
            finish(writer) if at_end else writer.write_segment(0, synthetic.blocks())
    assert path.read_bytes() == b"old result"
    assert list(tmp_path.rglob("*.tmp")) == []
    assert len(list(tmp_path.rglob("segment-*.h5"))) == at_end


def test_too_little_room_is_told_before_the_first_step(tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    with pytest.raises(StoreError, match="may need"), RunWriter(tmp_path / "run.h5", synthetic.HEADER):
        pass
    assert names(tmp_path) == []


def test_a_folder_or_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(StoreError, match="is a folder"):
        RunWriter(tmp_path, synthetic.HEADER)
    with pytest.raises(StoreError, match=r"missing.*does not exist"):
        RunWriter(tmp_path / "missing" / "run.h5", synthetic.HEADER)
    with pytest.raises(StoreError, match="cannot be looked at"):
        RunWriter(tmp_path / ("x" * 300), synthetic.HEADER)
    with pytest.raises(StoreError, match=r"run\.csv: a result is an HDF5 file; name it run\.h5"):
        RunWriter(tmp_path / "run.csv", synthetic.HEADER)


def test_a_read_only_folder_is_refused(tmp_path_factory):
    folder = tmp_path_factory.mktemp("open") / "read-only"
    folder.mkdir()
    folder.chmod(0o555)
    for parent in (folder.parent, folder.parent.parent, folder.parent.parent.parent):
        parent.chmod(0o755)
    with (
        without_privileges(),
        pytest.raises(StoreError, match="read-only"),
        RunWriter(folder / "run.h5", synthetic.HEADER),
    ):
        pass
    assert names(folder) == []


def test_two_runs_under_one_name_are_refused(tmp_path):
    with RunWriter(tmp_path / "run.h5", synthetic.HEADER) as first:
        first.write_segment(0, synthetic.blocks())
        with pytest.raises(StoreError, match=f"process {os.getpid()} .* is writing there"):
            RunWriter(tmp_path / "run.h5", synthetic.HEADER).__enter__()
        finish(first)


def test_what_a_killed_run_left_is_cleared(tmp_path, run_path):
    killed = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True
    )
    parts = tmp_path / "run.parts"
    parts.mkdir()
    (parts / "owner").write_text(f"{int(killed.stdout)} {os.uname().nodename}")
    (parts / "segment-999.h5").write_bytes(b"stale")
    assert synthetic.write(tmp_path / "run.h5", 96).read_bytes() == run_path.read_bytes()
    assert names(tmp_path) == ["run.h5"]


def test_a_run_of_another_host_is_left_alone(tmp_path):
    parts = tmp_path / "run.parts"
    parts.mkdir()
    (parts / "owner").write_text("1 elsewhere")
    with pytest.raises(StoreError, match="1 elsewhere"):
        RunWriter(tmp_path / "run.h5", synthetic.HEADER).__enter__()


def test_segments_follow_one_another_and_fill_the_run(tmp_path):
    half = {path: block[:96] for path, block in synthetic.blocks().items()}
    with RunWriter(tmp_path / "run.h5", synthetic.HEADER) as writer:
        with pytest.raises(ValueError, match="expected it to start at 0"):
            writer.write_segment(96, half)
        writer.write_segment(0, half)
        with pytest.raises(ValueError, match="96 of 192 steps"):
            finish(writer)
        with pytest.raises(ValueError, match="end by 192"):
            writer.write_segment(96, synthetic.blocks())


def test_blocks_are_complete_known_and_of_their_shape(tmp_path):
    blocks = synthetic.blocks()
    with RunWriter(tmp_path / "run.h5", synthetic.HEADER) as writer:
        with pytest.raises(ValueError, match=r"missing: \['feeder/vm_pu'\]"):
            writer.write_segment(0, {path: block for path, block in blocks.items() if path != "feeder/vm_pu"})
        with pytest.raises(ValueError, match=r"without place: \['sites/office/typo'\]"):
            writer.write_segment(0, {**blocks, "sites/office/typo": blocks["feeder/losses_kw"]})
        with pytest.raises(ValueError, match=r"office/soc has the shape \(192, 3\), not \(192, 2\)"):
            writer.write_segment(0, {**blocks, "sites/office/soc": np.zeros((192, 3))})


@pytest.mark.parametrize("name", ["a/b", "", "..", "."])
def test_names_that_are_no_groups_are_refused(name):
    with pytest.raises(StoreError, match="cannot name a group"):
        replace(synthetic.HEADER, sites=(SiteHeader(name, (), (), "two", "USD"),))
    with pytest.raises(StoreError, match="cannot name a group"):
        RunHeader("x", "", 1, synthetic.CLOCK, (), signals={name: "{}"})
