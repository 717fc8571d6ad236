"""Text files a user names: found, regular, of bearable size and UTF-8, or a sentence that says what to do."""

from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

CHUNK_BYTES = 1 << 20
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


class FileProblem(NamedTuple):
    """Why a file cannot be read: the number of its fault code, and a sentence."""

    number: str
    what: str


def file_problem(path: Path, max_bytes: int, *, lines: bool = False) -> FileProblem | None:
    """Why `path` cannot be read as a text file, or None.

    Parameters
    ----------
    path : Path
        File to look at.
    max_bytes : int
        Largest size that is read [B].
    lines : bool
        Whether it is read line by line: then no line may fill the memory.
    """
    try:
        if not path.exists():
            return FileProblem(
                "01", f"no such file (looked in {path.parent.resolve()}){_nearest_files(path)}"
            )
        if path.is_dir():
            return FileProblem("01", f"is a directory, a file is needed{_listed(sorted(path.iterdir()))}")
        if not path.is_file():
            return FileProblem("17", "is not a regular file")
        size = path.stat().st_size
        if size > max_bytes:
            return FileProblem("16", f"has {size:,} bytes; at most {max_bytes:,} are read")
        text_problem = _undecodable(path) or (_endless_line(path) if lines else None)
    except (OSError, ValueError) as error:
        return FileProblem("01", f"cannot be read: {getattr(error, 'strerror', None) or error}")
    return FileProblem("02", text_problem) if text_problem else None


def _nearest_files(path: Path) -> str:
    """Clause naming files whose names are near, in the folder that was looked in."""
    if not path.parent.is_dir():
        return "; the folder does not exist either"
    names = [entry.name for entry in path.parent.iterdir() if entry.is_file()]
    close = get_close_matches(path.name, names, n=3, cutoff=0.5)
    return f"; nearest: {', '.join(close)}" if close else ""


def _listed(entries: list[Path]) -> str:
    """Clause naming the first files of a folder."""
    names = [entry.name for entry in entries if entry.is_file()][:5]
    return f"; it holds {', '.join(names)}" if names else ""


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def _endless_line(path: Path) -> str | None:
    """Name the first line longer than a chunk, or None."""
    running, line = 0, 1
    for chunk in _chunks(path):
        ends = [at for at in (chunk.find(b"\n"), chunk.find(b"\r")) if at >= 0]
        if running + min(ends, default=len(chunk)) > CHUNK_BYTES:
            return f"line {line} has more than {CHUNK_BYTES:,} bytes: not a table"
        last = max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))
        running = running + len(chunk) if last < 0 else len(chunk) - 1 - last
        line += chunk.count(b"\n") or chunk.count(b"\r")
    return None


def _undecodable(path: Path) -> str | None:
    """Name the byte at which a file stops being UTF-8 text, or None."""
    before, rest = 0, b""
    for chunk in _chunks(path):
        data = rest + chunk
        if before == 0 and data[:2] in UTF16_MARKS:
            return f"byte 0 (0x{data[0]:02x}) is not UTF-8; looks like UTF-16: save it as UTF-8"
        if (nul := data.find(b"\0")) >= 0:
            return f"byte {before + nul} is NUL: not a text file"
        try:
            data.decode()
            before, rest = before + len(data), b""
        except UnicodeDecodeError as error:
            # a character cut by the chunk's end is no fault: it is looked at with the next chunk
            if error.reason != "unexpected end of data":
                byte = f"byte {before + error.start} (0x{data[error.start]:02x})"
                return f"{byte} is not UTF-8; save the file as UTF-8"
            before, rest = before + error.start, data[error.start :]
    return f"byte {before} starts a character that is cut off: not UTF-8" if rest else None
