"""Tariffs by name: the shipped presets, and files beside a scenario: TOML of ours, JSON of OpenEI's URDB."""

import tomllib
from pathlib import Path

from pydantic import ValidationError

from sims.faults import DataError, Fault, ScenarioError, nearest
from sims.signals.tariff import Tariff
from sims.signals.urdb import read_urdb

PRESETS = Path(__file__).parent / "presets"
MAX_TARIFF_BYTES = 2**20


def list_tariffs() -> list[str]:
    """Names of the shipped presets."""
    return sorted(path.stem for path in PRESETS.glob("*.toml"))


def load_tariff(name: str, folder: Path, where: str = "tariff") -> Tariff:
    """Tariff of a preset's name, or of a TOML file or a URDB rate (JSON) below `folder`.

    Raises
    ------
    ScenarioError
        No such preset or file.
    DataError
        The file is no valid tariff: every fault is listed.
    """
    is_file = name.endswith((".toml", ".json"))
    path = folder / name if is_file else PRESETS / f"{name}.toml"
    if not path.is_file():
        what = f'"{name}": no such tariff preset or file; {nearest(name, list_tariffs())}'
        raise ScenarioError([Fault("S26", where, what)])
    if path.suffix == ".json":
        return read_urdb(path)
    try:
        return Tariff.model_validate(tomllib.loads(path.read_text("utf-8-sig")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError([Fault("D04", path.name, f"not readable as TOML: {error}")]) from error
    except ValidationError as error:
        raise DataError(
            [
                Fault("D58", f"{path.name} {'.'.join(map(str, entry['loc']))}".strip(), entry["msg"])
                for entry in error.errors()
            ]
        ) from error
