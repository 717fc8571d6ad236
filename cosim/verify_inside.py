"""What is inside a result file, against its hashes, the layout and the rules of a run.

Run as a program it looks at one file and prints what it found as JSON: a damaged file can make the HDF5
library crash, and that must not take the caller along.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from cosim.results.check_run import check_run
from cosim.results.layout import DTYPE, coordinates, shapes
from cosim.results.manifest import Part, part_of
from cosim.results.run import Run
from cosim.results.store import RunFile
from sims.clock import Clock
from sims.faults import GridparkError

Found = dict[str, Any]


def look_inside(path: Path) -> Found:
    """Everything that is wrong inside a file.

    Parameters
    ----------
    path : Path
        A result file, or what claims to be one.

    Returns
    -------
    dict
        `damage`: sentences that name what is not as it was written; `violations`: rules a run keeps and
        this one does not, as dicts, looked for only where nothing is damaged; `hashes`: how many were
        compared, None of a file that holds none.
    """
    found: Found = {"damage": [], "violations": [], "hashes": None}
    try:
        file = RunFile(path)
        manifest = file.manifest()
        if manifest is not None:
            found["hashes"] = len(manifest)
            found["damage"] += _changed(file, manifest)
        found["damage"] += _strange(file)
        if not found["damage"]:
            found["violations"] = [asdict(violation) for violation in check_run(Run(file))]
    except GridparkError as error:
        found["damage"].append(str(error).removeprefix(f"{path}: "))
    except Exception as error:  # values nobody wrote lead anywhere
        found["damage"].append(f"cannot be evaluated: {type(error).__name__}: {error}")
    return found


def _changed(file: RunFile, manifest: dict[str, str]) -> Iterator[str]:
    """Sentences on every part whose hash is not the one that was written."""
    present = {part.key: part for part in file.parts()}
    for key in sorted(present.keys() - manifest.keys()):
        yield f"{_told(present[key], file.header.clock)}: nothing of the kind was written"
    for key, written in manifest.items():
        told = _told(part_of(key), file.header.clock)
        if key not in present:
            yield f"{told}: was written and is not there"
            continue
        try:
            if file.part_hash(present[key]) != written:
                yield f"{told}: not as written"
        except GridparkError as error:
            yield f"{told}: cannot be read: {str(error).removeprefix(f'{file.name}: ')}"


def _told(part: Part, clock: Clock) -> str:
    if part.attributes:
        return f"/{part.path}: attributes"
    if part.rows is None:
        return f"/{part.path}"
    first, last = part.rows
    start, end = (
        clock.local_time(clock.start_s + step * clock.step_s).isoformat(timespec="minutes")
        for step in (first, last)
    )
    return f"/{part.path}: steps {first} to {last - 1} ({start} to {end})"


def _strange(file: RunFile) -> Iterator[str]:
    """Sentences on every dataset of another type, unit or meaning than the layout's; shapes are checked."""
    sites = [site.name for site in file.header.sites]
    rows = {name: len(file[f"sessions/{name}/session"]) for name in sites}
    axes = coordinates(file.header, rows)
    for quantity in (*axes, *shapes(file.header, rows)):
        if quantity.path not in file:
            continue
        dtype, expected = file.dtype(quantity.path), np.dtype(DTYPE[quantity.kind])
        if dtype != expected:
            yield f"/{quantity.path}: its type is {dtype}, not {expected}"
        attributes = file.attributes(quantity.path)
        for name, word in (("units", quantity.units), ("long_name", quantity.long_name)):
            if attributes.get(name) != word:
                yield f"/{quantity.path}: its {name} is {attributes.get(name)!r}, not {word!r}"
    for quantity, values in axes.items():
        if list(file[quantity.path]) != list(values):
            yield f"/{quantity.path}: is not the axis the file's header tells"


if __name__ == "__main__":
    print(json.dumps(look_inside(Path(sys.argv[1]))))
