"""What a run rests on besides its scenario's text: data files, programs, versions; and what changed of it."""

import inspect
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cosim.scenario.schema import Scenario

if TYPE_CHECKING:
    from cosim.scenario.inputs import Inputs

PACKAGES = (
    *("gridpark", "h5py", "highspy", "holidays", "mosaik", "mosaik-api-v3", "networkx", "numba", "numpy"),
    *("pandapower", "pandas", "power-grid-model", "pvlib", "pydantic", "scipy", "simbench", "tzdata"),
)
OWN_FOLDERS = ("cosim", "sims", "networks")
OWN_SUFFIXES = {".py", ".toml", ".csv", ".json"}
ABSENT = "absent"


def fingerprint(inputs: "Inputs") -> dict[str, str]:
    """Hash or version of everything a run rests on, by what it is.

    Parameters
    ----------
    inputs : Inputs
        Checked inputs of the scenario.

    Returns
    -------
    dict of str to str
        "file data/cars.csv", "package numpy", "policy my_rules:Mine", ...
    """
    scenario = inputs.scenario
    found = {f"file {name}": _hash(path) for name, path in sorted(_files(scenario))}
    found |= {
        f"policy {site.site.policy.name}": _hash_of_code(site.policy)
        for site in inputs.sites
        if ":" in site.site.policy.name
    }
    return found | _programs()


def differences(then: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """What is no longer as it was, one line each, sorted."""
    lines: list[str] = []
    for key in sorted(then.keys() | now.keys()):
        before, after = then.get(key, ABSENT), now.get(key, ABSENT)
        if before != after:
            said = f"{before}, now {after}"
            hashes = len(before) == len(after) == 64
            lines.append(f"{key}: {'its content has changed' if hashes else said}")
    return lines


def scenario_differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Keys of two dumped scenarios that differ, one line each."""
    before, after = dict(_leaves(then)), dict(_leaves(now))
    return [f"scenario {line}" for line in differences(before, after)]


def _leaves(part: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Every value of nested tables and lists, by its dotted key."""
    if isinstance(part, Mapping):
        for key, value in part.items():
            yield from _leaves(value, f"{place}.{key}".lstrip("."))
    elif isinstance(part, list | tuple):
        for index, value in enumerate(part):
            yield from _leaves(value, f"{place}[{index}]")
    else:
        yield place, str(part)


def _files(scenario: Scenario) -> Iterator[tuple[str, Path]]:
    """Every file the scenario names: its texts that lead to one."""
    for _, text in _leaves(scenario.model_dump(exclude_none=True)):
        with suppress(OSError, ValueError):  # a text that can be no path
            if text and (path := scenario.folder / text).is_file():
                yield text, path


@cache
def _programs() -> dict[str, str]:
    found = {f"package {name}": _version(name) for name in PACKAGES}
    return found | {"python": f"{sys.version_info.major}.{sys.version_info.minor}", "gridpark": _own_hash()}


def _own_hash() -> str:
    """Of every source and preset of gridpark as it lies there: a clone has one version for many states."""
    whole, root = sha256(), Path(__file__).parents[1]
    for folder in OWN_FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in OWN_SUFFIXES:
                whole.update(f"{path.relative_to(root).as_posix()}\0{_hash(path)}\0".encode())
    return whole.hexdigest()


def _hash_of_code(policy: type) -> str:
    """Of the file a policy is written in; of nothing when there is none, as in a notebook."""
    try:
        return _hash(Path(inspect.getfile(policy)))
    except (TypeError, OSError):
        return ABSENT


def _hash(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ABSENT
