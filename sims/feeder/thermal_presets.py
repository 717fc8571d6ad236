"""Shipped thermal characteristics of transformers, each number with its source."""

import tomllib
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from pathlib import Path

from sims.faults import Fault, ScenarioError, nearest
from sims.feeder.thermal import ThermalParameters

FILE = Path(__file__).parent / "presets" / "transformers.toml"
NAMES = tuple(field.name for field in fields(ThermalParameters))


def list_thermal_presets() -> list[str]:
    """Names of the shipped presets."""
    return sorted(set(_tables()) - {"sources"})


def thermal_preset(
    name: str, changes: Mapping[str, float] | None = None, where: str = "preset"
) -> ThermalParameters:
    """Parameters of a preset, single ones replaced by `changes`.

    Raises
    ------
    ScenarioError
        No such preset; `where` says who asked.
    """
    known = list_thermal_presets()
    if name not in known:
        what = f'"{name}": no such preset of transformers; {nearest(name, known)}'
        raise ScenarioError([Fault("S26", where, what)])
    table = _tables()[name]
    values = {parameter: float(table[parameter]["value"]) for parameter in NAMES}
    return ThermalParameters(**values | dict(changes or {}))


def thermal_sources(name: str) -> dict[str, str]:
    """Where each parameter of a preset is stated, by its name."""
    sources, table = _tables()["sources"], _tables()[name]
    return {parameter: sources[table[parameter]["source"]] for parameter in NAMES}


@cache
def _tables() -> dict[str, dict]:
    return tomllib.loads(FILE.read_text("utf-8"))
