"""Places a result cannot be written to: each is refused with exit code 5, and what was there stays."""

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from crashes import Tally
from small_run import SmallRun

from cosim.results.disk import claim
from sims.faults import StoreError

Change = Callable[[Path], None]


def refused_targets(run: SmallRun) -> Tally:
    """Try every place; the figures are as those of other faults: readable, nothing lost, then mended."""
    tally = Tally(told=0)
    for name, (spoil, mend, words) in PLACES.items():
        if name == "read-only" and os.access("/", os.W_OK):
            tally.notes.append("read-only: not tried, this user may write everywhere")
            continue
        folder = run.folder.parent / name
        folder.mkdir()
        with spoil(folder) as kept:
            told = _refusal(run, folder)
            tally.told = (tally.told or 0) + (told is not None and words in told)
            tally.opened += all(path.read_bytes() == content for path, content in kept.items())
        mend(folder)
        tally.n += 1
        tally.same += run.is_same(folder)
        if told is None or words not in told:
            tally.notes.append(f"{name}: {told}")
        shutil.rmtree(folder)
    return tally


def _refusal(run: SmallRun, folder: Path) -> str | None:
    try:
        run.begin(folder)
    except StoreError as error:
        return str(error)
    return None


@contextmanager
def _existing(folder: Path) -> Iterator[dict[Path, bytes]]:
    (folder / "run.h5").write_bytes(b"an older result")
    yield {folder / "run.h5": b"an older result"}


@contextmanager
def _a_folder(folder: Path) -> Iterator[dict[Path, bytes]]:
    (folder / "run.h5").mkdir()
    yield {}


@contextmanager
def _read_only(folder: Path) -> Iterator[dict[Path, bytes]]:
    folder.chmod(0o500)
    yield {}
    folder.chmod(0o700)


@contextmanager
def _second_writer(folder: Path) -> Iterator[dict[Path, bytes]]:
    """Another process that holds the run's folder."""
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        claim(folder / "run.parts")
        os.write(tell, b"!")
        signal.pause()
    os.read(told, 1)
    owner = folder / "run.parts" / "owner"
    yield {owner: owner.read_bytes()}
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(told)
    os.close(tell)


def _nothing(folder: Path) -> None:
    """The place mends itself."""


PLACES: dict[str, tuple[Callable, Change, str]] = {
    "existing": (_existing, lambda folder: (folder / "run.h5").unlink(), "exists"),
    "folder": (_a_folder, lambda folder: (folder / "run.h5").rmdir(), "is a folder"),
    "read-only": (_read_only, _nothing, "is read-only"),
    "second-writer": (_second_writer, _nothing, "is writing there"),
}
