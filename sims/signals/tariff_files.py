"""Tariffs by name: the shipped presets, and TOML files beside a scenario."""

import tomllib
from pathlib import Path

from pydantic import ValidationError

from sims.faults import DataError, Fault, ScenarioError, nearest
from sims.signals.tariff import Tariff

PRESETS = Path(__file__).parent / "presets"


def list_tariffs() -> list[str]:
    """Names of the shipped presets."""
    return sorted(path.stem for path in PRESETS.glob("*.toml"))


def load_tariff(name: str, folder: Path, where: str = "tariff") -> Tariff:
    """Tariff of a preset's name or of a TOML file below `folder`.

    Raises
    ------
    ScenarioError
        No such preset or file.
    DataError
        The file is no valid tariff: every fault is listed.
    """
    path = folder / name if name.endswith(".toml") else PRESETS / f"{name}.toml"
    if not path.is_file():
        hint = nearest(name, list_tariffs())
        raise ScenarioError([Fault("S26", where, f'"{name}": no such tariff preset or TOML file; {hint}')])
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
