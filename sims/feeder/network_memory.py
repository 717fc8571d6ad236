"""Networks that were built before, for a process that runs one case of a study after the other."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pandapower.auxiliary import pandapowerNet

MOST = 4
"""Networks that are held at a time: the fewer, the less memory a worker needs."""


class NetworkMemory:
    """Holds the last few networks by name, options and content; gives copies, so that no case sees another.

    Off until `switch_on`: a single run builds its network once anyway.
    """

    def __init__(self) -> None:
        self._on = False
        self._held: dict[str, pandapowerNet] = {}

    def switch_on(self) -> None:
        """Hold networks from now on, for the rest of the process."""
        self._on = True

    def get(
        self, name: str, options: Mapping[str, object], folder: Path, build: "Callable[[], pandapowerNet]"
    ) -> "pandapowerNet":
        """The network, as `build` gives it."""
        if not self._on:
            return build()
        key = _key(name, options, folder)
        net = self._held.pop(key, None) or build()
        self._held[key] = net
        while len(self._held) > MOST:
            del self._held[next(iter(self._held))]
        return deepcopy(net)


def _key(name: str, options: Mapping[str, object], folder: Path) -> str:
    file = folder / name
    content = sha256(file.read_bytes()).hexdigest() if name.endswith(".json") and file.is_file() else ""
    return repr((name, sorted(options.items()), str(folder) if content else "", content))


memory = NetworkMemory()
