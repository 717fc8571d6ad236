"""A tariff as the command line names it: a preset, or a file anywhere."""

from pathlib import Path

from cosim.scenario.paths import names_a_file
from sims.faults import DataError, Fault
from sims.files import file_problem
from sims.signals.tariffs.files import MAX_TARIFF_BYTES, load_tariff
from sims.signals.tariffs.tariff import Tariff


def tariff_named(name: str, where: str = "tariff") -> Tariff:
    """Tariff of a preset's name or of a file, from the working directory.

    Raises
    ------
    ScenarioError
        No such preset; the nearest is named.
    DataError
        The file is missing or no tariff: every fault is listed.
    """
    if not names_a_file(name):
        return load_tariff(name, Path(), where)
    path = Path(name)
    if problem := file_problem(path, MAX_TARIFF_BYTES):
        raise DataError([Fault(f"D{problem.number}", f'{where} "{name}"', problem.what)])
    return load_tariff(path.name, path.parent, where)
