"""Whether a result file is as it was written, whole, and keeps the rules of a run."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cosim
from cosim.results.seal import Seal, read_seal
from cosim.results.violation import Violation

# a damaged file can also make the HDF5 library run in circles
SECONDS, SECONDS_PER_MB = 60.0, 2.0


@dataclass(frozen=True)
class Verdict:
    """What was found of one file.

    Parameters
    ----------
    path : Path
        The file.
    damage : tuple of str
        What is not as it was written, or is no result at all, one sentence each.
    violations : tuple of Violation
        Rules of a run that it breaks; looked for only where nothing is damaged.
    notes : tuple of str
        What could not be checked.
    hashes : int
        Blocks and sets of attributes whose hashes were compared.
    """

    path: Path
    damage: tuple[str, ...] = ()
    violations: tuple[Violation, ...] = ()
    notes: tuple[str, ...] = ()
    hashes: int = field(default=0)

    @property
    def sound(self) -> bool:
        """Nothing damaged, nothing violated."""
        return not self.damage and not self.violations


def verify_file(path: Path | str) -> Verdict:
    """Check the bytes, the hashes, the layout, the key figures and the rules of a result file.

    The bytes are compared with the seal first. Only a file whose seal is whole is opened in this process;
    any other is opened in one of its own, for the HDF5 library may crash on it.

    Parameters
    ----------
    path : Path or str
        A result file, or what claims to be one.

    Notes
    -----
    The hashes tell accidents, not forgers: who changes a file on purpose can make new ones.
    """
    path = Path(path)
    if not path.is_file():
        what = "not a regular file" if path.exists() else "no such file"
        return Verdict(path, damage=(what,))
    try:
        seal = read_seal(path)
    except OSError as error:
        return Verdict(path, damage=(f"cannot be read: {error.strerror or error}",))
    if seal == "whole":
        from cosim.verify_inside import look_inside

        return verdict_of(path, seal, look_inside(path))
    return verdict_of(path, seal, _in_own_process(path))


def verdict_of(path: Path, seal: Seal, found: dict[str, Any]) -> Verdict:
    """The verdict on a file from its seal and from what `look_inside` found."""
    damage: list[str] = found["damage"]
    kept = "; every value is as written" if found["hashes"] and not damage else ""
    if seal == "broken":
        damage.insert(0, f"bytes have changed since it was written{kept}")
    elif seal == "absent" and found["hashes"]:
        damage.insert(0, f"the seal at its end is gone: cut off, or the file was changed{kept}")
    violations = tuple(Violation(**one) for one in found["violations"])
    return Verdict(path, tuple(damage), violations, tuple(_notes(path, found)), found["hashes"] or 0)


def _notes(path: Path, found: dict[str, Any]) -> Iterator[str]:
    if not found["hashes"] and not found["damage"]:
        yield "holds no hashes (written by an older gridpark): bytes cannot be checked"
    parts = path.with_suffix(".parts")
    if found["damage"] and parts.is_dir():
        yield f"finished steps of a run are kept in {parts}"


def _in_own_process(path: Path) -> dict[str, Any]:
    """What `look_inside` finds, or how it died."""
    home = str(Path(cosim.__file__).parents[1])
    known = os.environ.get("PYTHONPATH")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (home, known)))}
    seconds = SECONDS + SECONDS_PER_MB * path.stat().st_size / 1e6
    nothing: dict[str, Any] = {"violations": [], "hashes": None}
    try:
        done = subprocess.run(  # noqa: S603 - our own module on the path that was given
            [sys.executable, "-m", "cosim.verify_inside", str(path)],
            env=environment,
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"damage": [f"reading it does not end within {seconds:.0f} s"], **nothing}
    if done.returncode:
        return {"damage": [f"reading it ends the process (code {done.returncode})"], **nothing}
    return json.loads(done.stdout)
