"""Row 76: small files that are large once read, and lines that never end, are refused in bounded memory."""

import gzip
import time
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from sims.faults import DataError
from sims.files import CHUNK_BYTES, file_problem
from sims.tables import read_series


def refused(path: Path) -> str:
    tracemalloc.start()
    started = time.perf_counter()
    with pytest.raises(DataError) as caught:
        read_series(path, ("kw",), "UTC")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert time.perf_counter() - started < 5.0
    assert peak < 20e6
    return str(caught.value)


def test_a_packed_file_is_not_unpacked(tmp_path):
    content = b"time,kw\n" + b"2019-06-01T00:00:00Z,1\n" * 100_000
    with gzip.open(tmp_path / "load.csv", "wb") as packed:
        packed.write(content)
    assert "D02" in refused(tmp_path / "load.csv")
    with zipfile.ZipFile(tmp_path / "zipped.csv", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("load.csv", content)
    assert "D02" in refused(tmp_path / "zipped.csv")


def test_a_gigabyte_is_refused_by_its_size(tmp_path):
    with (tmp_path / "load.csv").open("wb") as file:
        file.truncate(10**9)  # takes no room on the disk
    assert "1,000,000,000 bytes" in refused(tmp_path / "load.csv")


@pytest.mark.parametrize(("before", "line"), [(b"", 1), (b"time,kw\n2019-06-01T00:00:00Z,1\n", 3)])
def test_a_line_without_end_is_refused(tmp_path, before, line):
    path = tmp_path / "load.csv"
    path.write_bytes(before + b"1" * 20_000_000)
    assert f"line {line} has more than {CHUNK_BYTES:,} bytes" in refused(path)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_many_lines_are_no_long_line(tmp_path, end):
    path = tmp_path / "load.csv"
    path.write_bytes((b"x" * 99 + end) * 50_000)
    assert file_problem(path, 10**8, lines=True) is None
    path.write_bytes((b"x" * (CHUNK_BYTES - 1) + end) * 3)
    assert file_problem(path, 10**8, lines=True) is None
