"""Row 114: a file from a stranger is refused before anything in it is read, quickly and in little memory."""

import os
import resource
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import h5py
import numpy as np
import pytest
import synthetic

from cosim.results import RunWriter, open_run
from cosim.results.store_audit import REFERENCE
from sims.faults import StoreError

SERIES = "sites/office/building_kw"
MEMORY_BYTES, SECONDS = 200_000_000, 1.0


def strange(path: Path, whole: bytes, change: Callable[[h5py.File], object]) -> Path:
    path.write_bytes(whole)
    with h5py.File(path, "r+") as file:
        change(file)
    return path


def refusal(path: Path) -> str:
    """Message of the refusal in a process of its own that gets 200 MB more than it has."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + MEMORY_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        started, said = time.process_time(), "nothing was refused"
        try:
            open_run(path)
        except StoreError as error:
            said = str(error)
        except BaseException as error:
            said = f"not refused but {error!r}"
        if time.process_time() - started > SECONDS:
            said = f"took {time.process_time() - started:.1f} s: {said}"
        os.write(writing, said.encode()[:60_000])
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read().decode()
    _, status = os.waitpid(child, 0)
    assert status == 0
    return said


def instead(make: Callable[[h5py.File, str], object]) -> Callable[[h5py.File], object]:
    def change(file: h5py.File) -> None:
        del file[SERIES]
        make(file, SERIES)

    return change


def filtered(number: int) -> Callable[[h5py.File, str], object]:
    """A dataset that asks for a filter which a plug-in would have to bring."""

    def make(file: h5py.File, name: str) -> None:
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_chunk((192,))
        plist.set_filter(number, h5py.h5z.FLAG_OPTIONAL, ())
        h5py.h5d.create(file.id, name.encode(), h5py.h5t.IEEE_F64LE, h5py.h5s.create_simple((192,)), plist)

    return make


def external(file: h5py.File, name: str) -> None:
    """A dataset whose values are the bytes of another file: the password file's, say."""
    secret = Path(file.filename).with_name("secret.txt")
    secret.write_bytes(b"secret!!" * 192)
    file.create_dataset(name, (192,), "f8", external=[(str(secret), 0, 192 * 8)])


def virtual(file: h5py.File, name: str) -> None:
    layout = h5py.VirtualLayout((192,), "f8")
    layout[:] = h5py.VirtualSource("elsewhere.h5", "x", (192,))
    file.create_virtual_dataset(name, layout)


def fan_out(file: h5py.File) -> None:
    """Three levels of groups that all hold all: a walk would meet a billion objects."""
    levels = [file.create_group(f"level{i}") for i in range(3)]
    for upper, lower in pairwise(levels):
        for i in range(1000):
            upper[f"link{i}"] = lower


def nested(file: h5py.File) -> None:
    group = file
    for _ in range(200):
        group = group.create_group("g")


KINDS: dict[str, tuple[str, Callable[[h5py.File], object]]] = {
    "second name": ("is a link", lambda file: file.__setitem__("again", file[SERIES])),
    "loop": ("is a link", lambda file: file["sites/office"].__setitem__("up", file["sites"])),
    "fan-out": ("is a link", fan_out),
    "deep": ("nested too deep", nested),
    "soft link to nothing": ("is a link", lambda file: file.__setitem__("x", h5py.SoftLink("/none"))),
    "link to another file": (
        "is a link",
        instead(lambda file, name: file.__setitem__(name, h5py.ExternalLink("elsewhere.h5", "/x"))),
    ),
    "external storage": ("not a plain", instead(external)),
    "virtual": ("not a plain", instead(virtual)),
    "opaque": ("not a plain", instead(lambda file, name: file.create_dataset(name, (192,), "V8"))),
    "committed type": ("not a plain", lambda file: file.__setitem__("type", np.dtype("f8"))),
    "references": (
        "not a plain",
        instead(lambda file, name: file.create_dataset(name, data=[file.ref], dtype=h5py.ref_dtype)),
    ),
    "regions": (
        "not a plain",
        instead(lambda file, name: file.create_dataset(name, (192,), dtype=h5py.regionref_dtype)),
    ),
    "vectors": (
        "not a plain",
        instead(lambda file, name: file.create_dataset(name, (192,), dtype=h5py.vlen_dtype(float))),
    ),
    "vectors of records": (
        "damaged|not a plain",
        instead(lambda file, name: file.create_dataset(name, (192,), dtype=h5py.vlen_dtype([("a", "f8")]))),
    ),
    "arrays": ("not a plain", instead(lambda file, name: file.create_dataset(name, (192,), "(1000000,)f8"))),
    "complex": ("not a plain", instead(lambda file, name: file.create_dataset(name, (192,), "c16"))),
    "checksums": (
        "not a plain",
        instead(lambda file, name: file.create_dataset(name, (192,), "f8", fletcher32=True)),
    ),
    "plug-in": ("not a plain", instead(filtered(32015))),
    "no space": ("not a plain|damaged", instead(lambda file, name: file.create_dataset(name, dtype="f8"))),
    "eight terabytes": (
        "not a plain",
        instead(lambda file, name: file.create_dataset(name, (10**12,), "f8")),
    ),
    "a chunk of 3 GB": (
        "not a plain",
        instead(
            lambda file, name: file.create_dataset(
                name, (192,), "f8", maxshape=(None,), chunks=(400_000_000,), compression="gzip"
            )
        ),
    ),
    "room to grow": (
        "not a plain",
        instead(lambda file, name: file.create_dataset(name, (192,), "f8", maxshape=(None,))),
    ),
    "compressed text": (
        "not a plain",
        instead(
            lambda file, name: file.create_dataset(
                name, (10**7,), h5py.string_dtype(), chunks=(10**6,), compression="gzip"
            )
        ),
    ),
    "text of fixed length": (
        "not a plain",
        instead(lambda file, name: file.create_dataset(name, (192,), h5py.string_dtype(length=10**6))),
    ),
    "large attribute": (
        "has the attribute big",
        lambda file: file[SERIES].attrs.create("big", np.zeros(5000)),
    ),
    "attribute of references": (
        "has the attribute at",
        lambda file: file[SERIES].attrs.create("at", file.ref, dtype=h5py.ref_dtype),
    ),
    "attribute of records": (
        "has the attribute rec",
        lambda file: file["kpis"].attrs.create("rec", np.zeros(1, [("a", "f8")])),
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_no_run_writes_is_refused(tmp_path, run_path, kind):
    words, change = KINDS[kind]
    whole = run_path.read_bytes()
    try:
        path = strange(tmp_path / "strange.h5", whole, change)
    except (ValueError, OSError, TypeError) as error:
        pytest.skip(f"this HDF5 cannot write it: {error}")
    said = refusal(path)
    assert said.startswith(f"{path}: "), said
    assert any(word in said for word in words.split("|")), said


def test_many_cells_that_name_one_long_text_are_refused(tmp_path, run_path):
    path = tmp_path / "strange.h5"

    def change(file: h5py.File) -> None:
        del file["sessions/office/session_id"]
        file.create_dataset("sessions/office/session_id", data=["x"] * 5000, dtype=h5py.string_dtype())
        file.create_dataset("long", data="y" * 1_000_000)

    strange(path, run_path.read_bytes(), change)
    with h5py.File(path, "r") as file:
        one, many = file["long"].id.get_offset(), file["sessions/office/session_id"].id.get_offset()
    content = bytearray(path.read_bytes())
    size = REFERENCE.itemsize
    content[many : many + 5000 * size] = bytes(content[one : one + size]) * 5000
    path.write_bytes(content)
    with h5py.File(path, "r") as file:  # five gigabytes out of a megabyte
        assert file["sessions/office/session_id"].asstr()[4999] == "y" * 1_000_000
    assert "session_id is not a plain dataset" in refusal(path)


def test_bytes_in_front_are_refused(tmp_path):
    path = tmp_path / "strange.h5"
    with h5py.File(path, "w", userblock_size=512) as file:
        file.attrs["schema_version"] = 1
    assert "bytes before its HDF5 part" in refusal(path)


def test_another_programs_file_is_told_so(tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["Relations/pv"] = np.zeros((3, 3))
    assert "an HDF5 file, but not a result of gridpark" in refusal(tmp_path / "other.h5")


def test_pipes_and_devices_are_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.h5")
    for path in (tmp_path / "pipe.h5", Path("/dev/zero")):
        assert "not a regular file" in refusal(path)


def test_control_characters_of_a_name_stay_out_of_the_message(tmp_path, run_path):
    whole = run_path.read_bytes()
    name = "\x1b[31mred\n\u202e"
    path = strange(
        tmp_path / "strange.h5", whole, lambda file: file.create_dataset(name, (3,), "V8", track_times=False)
    )
    said = refusal(path)
    assert "not a plain dataset" in said
    assert said.isprintable()


def test_markup_in_names_of_sites_and_ports_is_text_in_the_report(tmp_path):
    evil = "<script>alert(1)&"
    office = replace(synthetic.OFFICE, name=evil, evse=(evil, "<img src=x onerror=alert(2)>"))
    header = replace(synthetic.HEADER, name=evil, sites=(office,), buses=(evil, evil), lines=(evil,))
    blocks = {
        path.replace("/office/", f"/{evil}/"): values
        for path, values in synthetic.blocks().items()
        if "/yard/" not in path
    }
    with RunWriter(tmp_path / "run.h5", header) as writer:
        writer.write_segment(0, blocks)
        path = writer.finish({evil: synthetic.sessions()}, {evil: synthetic.ports()})
    run = open_run(path)
    page = run.report().read_text("utf-8")
    assert "alert(1)" in page
    for told in (page, run._repr_html_()):
        assert evil not in told
        assert "<img src=x" not in told
