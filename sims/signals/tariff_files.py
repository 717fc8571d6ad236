"""Tariffs by name: the shipped presets, and files beside a scenario: TOML of ours, JSON of OpenEI's URDB."""

import re
import tomllib
from pathlib import Path
from typing import Any

import tomli_w
from pydantic import ValidationError

from sims.faults import DataError, Fault, ScenarioError, nearest
from sims.signals.tariff import Tariff
from sims.signals.urdb import read_urdb

PRESETS = Path(__file__).parent / "presets"
MAX_TARIFF_BYTES = 2**20
# numbers, words and lists of them that tomli_w puts on a line each; no text has a bare line break in it
_SHORT_LIST = re.compile(r'\[\n\s*((?:(?:\d+|"\w+"|\[[\d, ]+\]),\n\s*)+)\]')


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


def tariff_toml(tariff: Tariff) -> str:
    """TOML from which `load_tariff` makes the same tariff; what is as by default is left out."""
    fields = tariff.model_dump(exclude_defaults=True)
    text = tomli_w.dumps(
        {
            key: [_name_first(part) for part in value] if key in ("energy", "demand") else value
            for key, value in fields.items()
        }
    )
    for _ in range(2):  # lists, then lists of lists
        text = _SHORT_LIST.sub(_on_one_line, text)
    return text


def _on_one_line(found: re.Match[str]) -> str:
    return f"[{' '.join(found[1].split()).rstrip(',')}]"


def _name_first(period: dict[str, Any]) -> dict[str, Any]:
    return {"name": period["name"], **period}
