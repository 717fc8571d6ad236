"""Files that are whole or absent: written beside their name, forced to the disk, then renamed."""

import os
import shutil
import socket
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
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
        with suppress(OSError):
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
    """Make this process the only writer in `folder`, until `release`; what is in it stays.

    Raises
    ------
    StoreError
        Another run is writing there, or the disk refuses.
    """
    owner = folder / OWNER
    try:
        with _alone_in(folder.parent):
            folder.mkdir(exist_ok=True)
            holder = owner.read_text("utf-8", errors="replace").split() if owner.exists() else []
            if _is_alive(holder):
                what = f"process {holder[0]} {holder[1]} is writing there (if it is gone, remove {owner})"
                raise StoreError(f"{folder}: {what}")
            pid = os.getpid()
            owner.write_text(f"{pid} {socket.gethostname()} {_started(pid)}", "utf-8")
    except OSError as error:
        raise StoreError(f"{folder}: cannot be made: {error.strerror or error}") from error


def clear(folder: Path, *, but: Collection[str] = ()) -> None:
    """Remove every file of a claimed folder but those named; the owner's stays."""
    try:
        for path in [*folder.iterdir()]:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path.name != OWNER and path.name not in but:
                path.unlink()
    except OSError as error:
        raise StoreError(f"{folder}: cannot be cleared: {error.strerror or error}") from error


def is_bare(folder: Path) -> bool:
    """Whether a folder holds nothing but its owner's file."""
    return all(path.name == OWNER for path in folder.iterdir())


def release(folder: Path) -> None:
    """Give up `folder`; what is in it stays, an empty one goes. Nothing a disk says can stop it."""
    with suppress(OSError):
        (folder / OWNER).unlink(missing_ok=True)
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


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Hold the folder's own lock for a moment: two processes must not both find a dead owner.

    A file system without such locks (some network drives) goes without.
    """
    if os.name != "posix":
        yield
        return
    import fcntl

    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _is_alive(holder: Sequence[str]) -> bool:
    """Whether the process of an owner file (pid, host, its start) still runs.

    On another host it is believed to. A torn file is nobody's, and so is one whose process number
    another program has by now.
    """
    pid, host, start = (*holder, "", "", "")[:3]
    if not pid.isdecimal() or not int(pid) or not host:  # 0 would be every process of ours
        return False
    if host != socket.gethostname():
        return True
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # somebody else's
        pass
    return start in {"", _started(int(pid))}


def _started(pid: int) -> str:
    """When a process started, in ticks since the machine did; "" where that cannot be known."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def _sync_folder(folder: Path) -> None:
    """Force a rename to the disk; only POSIX can open a folder for that."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _free(folder: Path) -> str:
    try:
        return f"{_size(shutil.disk_usage(folder).free)} are free there"
    except OSError:
        return "its folder is gone"


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB"
