"""Crash images: what lies on the disk at every moment of a run at which the power could go.

A write goes through `<name>.tmp`; an image is taken before it, with the empty, the half and the whole
temporary file, and after the rename; and before every file that is removed.
"""

import errno
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from small_run import SmallRun, kept_steps

import cosim
from cosim.results import checkpoints, disk, writer
from sims.faults import StoreError


@dataclass
class Tally:
    """What came of a kind of fault.

    `n` cases; of these so many `opened`; acknowledged steps `lost` in all; so many that ended the `same`;
    so many `told` with exit code 5 and why, None where the process was gone.
    """

    n: int = 0
    opened: int = 0
    lost: int = 0
    same: int = 0
    told: int | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether every figure is what it must be."""
        told = self.n if self.told is None else self.told
        return self.n > 0 and self.lost == 0 and {self.opened, self.same, told} == {self.n}

    def add(self, run: SmallRun, folder: Path, acknowledged: int) -> None:
        """Look at what one case left, and go on with it."""
        seen = kept_steps(folder)
        self.n += 1
        self.opened += seen is not None
        self.lost += max(0, acknowledged - (seen or 0))
        same = run.is_same(folder)
        self.same += same
        if seen is None or seen < acknowledged or not same:
            self.notes.append(f"case {self.n}: {acknowledged} acknowledged, {seen} read, same: {same}")


@contextmanager
def replaced(*places: tuple[object, str, Callable]):
    """Other functions in some places for a while."""
    before = [(where, name, getattr(where, name)) for where, name, _ in places]
    for where, name, other in places:
        setattr(where, name, other)
    try:
        yield
    finally:
        for where, name, function in before:
            setattr(where, name, function)


def cut_at_every_write(run: SmallRun, every: int = 1) -> Tally:
    """Go on from every `every`-th crash image of a run."""
    tally, folder = Tally(), run.folder.parent / "images"
    folder.mkdir()
    images = crash_images(run, folder)
    for image, acknowledged in images[::every]:
        tally.add(run, image, acknowledged)
        shutil.rmtree(image)
    shutil.rmtree(folder)
    return tally


def crash_images(run: SmallRun, folder: Path) -> list[tuple[Path, int]]:
    """Copies of a run's folder at every moment, with the steps a checkpoint had acknowledged by then."""
    live, number = folder / "live", count()
    live.mkdir()
    images: list[tuple[Path, int]] = []
    acknowledged = 0
    write, unlink, checkpoint = disk.write_whole, Path.unlink, writer.write_checkpoint
    dead = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True
    )

    def take(temporary: Path | None = None, content: bytes = b"") -> None:
        image = folder / f"image-{next(number)}"
        shutil.copytree(live, image)
        if temporary is not None:
            (image / temporary.relative_to(live)).write_bytes(content)
        owner = image / "run.parts" / disk.OWNER
        if owner.exists():
            owner.write_text(f"{int(dead.stdout)} {disk.socket.gethostname()}")
        images.append((image, acknowledged))

    def write_with_images(path: Path, content: bytes) -> None:
        beside = path.with_name(path.name + ".tmp")
        take()
        for length in (0, len(content) // 2, len(content)):
            take(beside, content[:length])
        write(path, content)
        take()

    def unlink_with_image(path: Path, **how) -> None:
        if path.is_relative_to(live):
            take()
        unlink(path, **how)

    def acknowledge(parts: Path, saved: checkpoints.Checkpoint) -> None:
        nonlocal acknowledged
        checkpoint(parts, saved)
        acknowledged = saved.step

    with replaced(
        (checkpoints, "write_whole", write_with_images),
        (writer, "write_whole", write_with_images),
        (writer, "write_checkpoint", acknowledge),
        (Path, "unlink", unlink_with_image),
    ):
        run.begin(live)
    return images


def full_at_every_write(run: SmallRun, every: int = 1) -> Tally:
    """Let the disk be full at one write after the other, then with room again go on."""
    tally = Tally(told=0)
    for at in count(0, every):
        folder = run.folder.parent / f"full-{at}"
        folder.mkdir()
        if not _full_at(run, folder, at, tally):
            return tally
        shutil.rmtree(folder)
    return tally


def _full_at(run: SmallRun, folder: Path, at: int, tally: Tally) -> bool:
    """Run with a disk that is full at its write number `at`; whether it came so far."""
    acknowledged, calls = 0, count()
    sync, checkpoint = disk.os.fsync, writer.write_checkpoint

    def full(handle: int) -> None:
        if next(calls) == at:
            raise OSError(errno.ENOSPC, "No space left on device")
        sync(handle)

    def acknowledge(parts: Path, saved: checkpoints.Checkpoint) -> None:
        nonlocal acknowledged
        checkpoint(parts, saved)
        acknowledged = saved.step

    with replaced((disk.os, "fsync", full), (writer, "write_checkpoint", acknowledge)):
        try:
            cosim.run(run.scenario, folder / "run.h5")
        except StoreError as error:
            assert tally.told is not None
            rightly = error.exit_code == 5 and "No space left" in str(error) and "free" in str(error)
            tally.told += rightly
            if not rightly:
                tally.notes.append(f"write {at}: told {error}")
        else:
            return False
    if list(folder.rglob("*.tmp")):
        tally.notes.append(f"write {at}: a temporary file was left")
    tally.add(run, folder, acknowledged)
    return True
