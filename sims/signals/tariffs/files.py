"""Tariffs by name: the shipped presets, and files beside a scenario: TOML of ours, JSON of OpenEI's URDB."""

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from sims.faults import DataError, Fault, ScenarioError, nearest
from sims.signals.tariffs.tariff import Tariff
from sims.signals.urdb.rate import read_urdb

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

PRESETS = Path(__file__).parent / "presets"
MAX_TARIFF_BYTES = 2**20
PRICES = ("price_per_kwh", "export_price_per_kwh", "price_per_kw")
CENTS = "cents given? divide by 100"
# nobody pays more at every hour; in cents even the cheapest tariffs stand above it
LARGEST_CHEAPEST_PER_KWH = 1.0


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
    tariff = read_urdb(path) if path.suffix == ".json" else _read_toml(path)
    cheapest = min(period.first_price_per_kwh for period in tariff.energy)
    if cheapest > LARGEST_CHEAPEST_PER_KWH:
        what = f"even the cheapest hour costs {cheapest:g} {tariff.currency}/kWh; {CENTS}"
        raise DataError([Fault("D57", f"{path.name} energy", what)])
    return tariff


def _read_toml(path: Path) -> Tariff:
    try:
        return Tariff.model_validate(tomllib.loads(path.read_text("utf-8-sig")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError([Fault("D04", path.name, f"not readable as TOML: {error}")]) from error
    except ValidationError as error:
        raise DataError([_fault(path.name, entry) for entry in error.errors()]) from error


def _fault(file: str, entry: "ErrorDetails") -> Fault:
    """One fault of a tariff file: the key, its value, what is wrong, and what it looks like."""
    place = ".".join(map(str, entry["loc"]))
    what, is_price = entry["msg"], place.rpartition(".")[2] in PRICES
    value = entry["input"]
    if isinstance(value, int | float | str):
        what = f"{value}: {what}"
    if is_price and entry["type"] in ("less_than_equal", "greater_than_equal"):
        what = f"{what}; {CENTS}"
    return Fault("D57" if is_price else "D58", f"{file} {place}".strip(), what)
