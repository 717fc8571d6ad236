"""The seal of a result file: the hash of all its bytes, at their end.

HDF5 never looks behind the end it has written down, so every reader opens a sealed file, and a program that
changes the file cuts the seal off. Bytes are checked before the HDF5 library sees them: a flipped byte can
make it crash, and then no message is left to give.
"""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Literal

WORD = b"\ngridpark sha256 "
LENGTH = len(WORD) + 64 + 1
BLOCK_BYTES = 1 << 20

Seal = Literal["whole", "broken", "absent"]


def sealed(image: bytes) -> bytes:
    """An image of a file with its seal."""
    return b"".join((image, WORD, sha256(image).hexdigest().encode(), b"\n"))


def read_seal(path: Path) -> Seal:
    """Whether the bytes of a file are those that were written, where it says so.

    Returns
    -------
    str
        "whole": not a bit has changed. "broken": the hash is another one. "absent": there is no seal.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    length = path.stat().st_size - LENGTH
    with path.open("rb") as file:
        digest = sha256()
        for block in _blocks(file, max(0, length)):
            digest.update(block)
        end = file.read(LENGTH)
    if length < 0 or not end.startswith(WORD):
        return "absent"
    return "whole" if end == b"".join((WORD, digest.hexdigest().encode(), b"\n")) else "broken"


def _blocks(file: BinaryIO, length: int) -> Iterator[bytes]:
    while length > 0 and (block := file.read(min(BLOCK_BYTES, length))):
        yield block
        length -= len(block)
