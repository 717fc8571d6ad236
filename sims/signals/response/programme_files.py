"""Demand-response programmes by name: the shipped presets, and TOML files beside a scenario."""

import tomllib
from pathlib import Path

from pydantic import ValidationError

from sims.faults import DataError, Fault, ScenarioError, nearest
from sims.signals.response.programme import PROGRAMME, Programme

PROGRAMMES = Path(__file__).parent / "programmes"


def list_programmes() -> list[str]:
    """Names of the shipped presets."""
    return sorted(path.stem for path in PROGRAMMES.glob("*.toml"))


def load_programme(name: str, folder: Path, where: str = "programme") -> Programme:
    """Programme of a preset's name or of a TOML file below `folder`.

    Raises
    ------
    ScenarioError
        No such preset or file.
    DataError
        The file is no valid programme: every fault is listed.
    """
    path = folder / name if name.endswith(".toml") else PROGRAMMES / f"{name}.toml"
    if not path.is_file():
        hint = nearest(name, list_programmes())
        raise ScenarioError([Fault("S26", where, f'"{name}": no such programme preset or TOML file; {hint}')])
    try:
        return PROGRAMME.validate_python(tomllib.loads(path.read_text("utf-8-sig")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError([Fault("D04", path.name, f"not readable as TOML: {error}")]) from error
    except ValidationError as error:
        raise DataError(
            [
                Fault("D61", f"{path.name} {'.'.join(map(str, entry['loc']))}".strip(), entry["msg"])
                for entry in error.errors()
            ]
        ) from error
