"""Files that are whole or absent: written beside their name, forced to the disk, then renamed."""

import os
import shutil
import socket
from pathlib import Path

from sims.faults import StoreError

OWNER = "owner"


def write_whole(path: Path, content: bytes) -> None:
    """Write `content` so that `path` never names a half-written file, not even after a power cut.

    Raises
    ------
    StoreError
        The disk is full or refuses; what `path` named before is untouched.
    """
    beside = path.with_name(path.name + ".tmp")
    try:
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise StoreError(
            f"{path}: cannot write {_size(len(content))}: {error.strerror or error}; {_free(path.parent)}"
        ) from error


def check_target(path: Path, *, overwrite: bool) -> None:
    """Refuse a result path that cannot be written, without touching the disk.

    Raises
    ------
    StoreError
        The path is a folder or an existing result, or its folder is missing or read-only.
    """
    try:
        if path.is_dir():
            raise StoreError(f"{path}: is a folder; name a file, for example {path / 'run.h5'}")
        if path.exists() and not overwrite:
            how = "choose another name, or replace it with --overwrite (overwrite=True)"
            raise StoreError(f"{path}: exists; {how}")
        if not path.parent.is_dir():
            raise StoreError(f"{path}: its folder {path.parent.resolve()} does not exist")
    except OSError as error:
        raise StoreError(f"{path}: cannot be looked at: {error.strerror or error}") from error
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise StoreError(f"{path}: its folder {path.parent.resolve()} is read-only")


def claim(folder: Path) -> None:
    """Make `folder` empty and this process its only writer, until `release`.

    Raises
    ------
    StoreError
        Another run is writing there, or the disk refuses.
    """
    owner = folder / OWNER
    try:
        if owner.exists() and _is_alive(*owner.read_text("utf-8").split()):
            raise StoreError(f"{folder}: process {owner.read_text('utf-8')} is writing there")
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir()
        owner.write_text(f"{os.getpid()} {socket.gethostname()}", "utf-8")
    except OSError as error:
        raise StoreError(f"{folder}: cannot be made: {error.strerror or error}") from error


def release(folder: Path) -> None:
    """Give up `folder`; what is in it stays, an empty one goes."""
    (folder / OWNER).unlink(missing_ok=True)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def check_space(folder: Path, needed_bytes: int) -> None:
    """Refuse to start when the disk has less than `needed_bytes` [B] free.

    Raises
    ------
    StoreError
        Too little room.
    """
    if shutil.disk_usage(folder).free < needed_bytes:
        raise StoreError(f"{folder}: the run may need {_size(needed_bytes)}; {_free(folder)}")


def _is_alive(pid: str, host: str) -> bool:
    """Whether a process still runs; one of another host is believed to."""
    if host != socket.gethostname():
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    return True


def _sync_folder(folder: Path) -> None:
    """Force a rename to the disk; only POSIX can open a folder for that."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _free(folder: Path) -> str:
    return f"{_size(shutil.disk_usage(folder).free)} are free there"


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB"
