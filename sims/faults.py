"""What can be wrong, said once: a fault names place, value, allowed range and the nearest right name."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

MAX_LISTED = 50


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with an input.

    Parameters
    ----------
    code : str
        Short stable code: `S..` scenario file, `D..` data file, `N..` network.
    where : str
        File with line or row, then the dotted field: `office.toml:23 sites.office.chargers[1].p_max_kw`.
    what : str
        The value seen, what is wrong, the allowed range and the nearest valid name.
    """

    code: str
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.code} {self.where}: {self.what}"


class GridparkError(Exception):
    """Base of all errors a user can meet; `exit_code` is what the command line returns."""

    exit_code = 1


class FaultsFoundError(GridparkError):
    """One or more faults of an input, all listed, found before the first step."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        listed = [str(fault) for fault in self.faults[:MAX_LISTED]]
        if len(self.faults) > MAX_LISTED:
            listed.append(f"... and {len(self.faults) - MAX_LISTED} more")
        count = f"{len(self.faults)} fault{'s' if len(self.faults) != 1 else ''}, nothing was run"
        super().__init__("\n".join([*listed, count]))


class ScenarioError(FaultsFoundError):
    """The scenario file or the command is wrong."""

    exit_code = 2


class DataError(FaultsFoundError):
    """A data file (load, price, sessions, network) is wrong."""

    exit_code = 3


class SimulationError(GridparkError):
    """A simulator or policy failed while running."""

    exit_code = 4


class StoreError(GridparkError):
    """The result file or the disk is the trouble."""

    exit_code = 5


def nearest(name: str, valid: Iterable[str]) -> str:
    """Clause naming the valid name nearest to `name`, or all of them if none is near.

    Examples
    --------
    >>> nearest("lff", ["llf", "edf"])
    'nearest: "llf"'
    >>> nearest("zzz", ["llf", "edf"])
    'valid: edf, llf'
    """
    names = sorted(valid)
    close = get_close_matches(name, names, n=1, cutoff=0.5)
    return f'nearest: "{close[0]}"' if close else f"valid: {', '.join(names)}"
