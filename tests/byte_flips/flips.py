"""Damage a result file at random and see who notices: HDF5, the hashes inside, the seal, or nobody.

Each damaged file is opened in a forked process, for HDF5 may crash on it.
"""

import json
import os
import signal
from collections import Counter
from pathlib import Path

import h5py
import numpy as np

from cosim.results.manifest import PATH, PLUMBING
from cosim.results.seal import read_seal
from cosim.verify import verdict_of
from cosim.verify_inside import look_inside

SECONDS = 30


def damaged(whole: bytes, rng: np.random.Generator) -> bytes:
    """The file with one bit or byte changed, or a few bytes in a row, or its end cut off."""
    content, at = bytearray(whole), int(rng.integers(len(whole)))
    kind = rng.choice(["bit", "byte", "row", "cut"], p=[0.5, 0.3, 0.15, 0.05])
    if kind == "cut":
        return bytes(content[:at])
    if kind == "bit":
        content[at] ^= 1 << int(rng.integers(8))
    elif kind == "byte":
        content[at] ^= int(rng.integers(1, 256))
    else:
        count = int(rng.integers(2, 64))
        content[at : at + count] = rng.bytes(len(content[at : at + count]))
    return bytes(content)


def values(path: Path) -> dict[str, object]:
    """Every value and attribute of a file, read with h5py and nothing of ours."""
    found: dict[str, object] = {}

    def keep(name: str, item: h5py.Group | h5py.Dataset) -> None:
        if isinstance(item, h5py.Dataset) and name != PATH:
            array = np.asarray(item[()])
            # equal as bytes, so that NaN is itself
            content = array.tolist() if array.dtype.kind == "O" else array.tobytes()
            found[name] = (str(item.dtype), item.shape, content)
        found[f"{name}@"] = {key: repr(item.attrs[key]) for key in item.attrs if key not in PLUMBING}

    with h5py.File(path, "r") as file:
        keep("", file)
        file.visititems(keep)
    return found


def judged(path: Path, true_values: dict[str, object]) -> dict[str, object]:
    """What a forked process says of a file: its verdict, and whether plain h5py reads other values."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        signal.alarm(SECONDS)
        answer: dict[str, object] = {"inside": look_inside(path)}
        try:
            answer["plain"] = "same" if values(path) == true_values else "wrong"
        except Exception:
            answer["plain"] = "refused"
        with os.fdopen(writing, "w") as pipe:
            json.dump(answer, pipe)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    if status or not said:
        return {
            "inside": {"damage": ["the process died"], "violations": [], "hashes": None},
            "plain": "crash",
        }
    return json.loads(said)


def counted(whole: bytes, path: Path, mutations: int, seed: int) -> dict[str, Counter[str]]:
    """Outcomes of so many mutations: of plain h5py, of the hashes inside alone, and of `verify`.

    `path` is overwritten with the damaged files; "missed" are wrong values that nobody told of.
    """
    path.write_bytes(whole)
    true_values = values(path)
    rng = np.random.default_rng(seed)
    tables: dict[str, Counter[str]] = {name: Counter() for name in ("plain h5py", "hashes inside", "verify")}
    for _ in range(mutations):
        content = damaged(whole, rng)
        if content == whole:
            continue
        path.write_bytes(content)
        said = judged(path, true_values)
        plain, inside = said["plain"], said["inside"]
        assert isinstance(inside, dict)
        hidden = {"same": "harmless", "wrong": "missed"}
        tables["plain h5py"][hidden.get(str(plain), str(plain))] += 1
        told = bool(inside["damage"] or inside["violations"])
        tables["hashes inside"]["crash" if plain == "crash" else "told" if told else hidden[str(plain)]] += 1
        tables["verify"]["missed" if verdict_of(path, read_seal(path), inside).sound else "told"] += 1
    return tables
