"""One sweep a folder: the operating system holds the lock, so that a killed sweep leaves none behind."""

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sims.faults import StoreError


@contextmanager
def only_writer(path: Path) -> Iterator[None]:
    """Hold the lock file `path`, which goes at the end.

    Raises
    ------
    StoreError
        Another sweep holds it; the message says which process on which host.
    """
    handle = _held(path)
    try:
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()} on {socket.gethostname()}".encode())
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(handle)


def _held(path: Path) -> int:
    """Open lock file, held, and still the one of that name: another may just have given it up."""
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.read(handle, 200).decode(errors="replace") or "unknown"
            os.close(handle)
            raise StoreError(f"{path.parent}: a sweep is writing there: process {holder}") from None
        if path.exists() and os.fstat(handle).st_ino == path.stat().st_ino:
            return handle
        os.close(handle)
