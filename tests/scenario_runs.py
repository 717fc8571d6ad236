"""Runs of the shipped scenarios that several tests look at: each is simulated once a session."""

import shutil
from hashlib import sha256
from pathlib import Path

import cosim
from cosim import Run

SCENARIOS = Path(__file__).parents[1] / "scenarios"


class ScenarioRuns:
    """A copy of `scenarios/` in `folder`, and the results of what was run there in `results`.

    Processes that share the tests share the results: the same scenario gives the same bytes.
    """

    def __init__(self, folder: Path, results: Path) -> None:
        self.folder = folder
        self._results = results
        self._known: dict[tuple[str, ...], Run] = {}
        for path in (*SCENARIOS.rglob("*.toml"), *SCENARIOS.rglob("*.csv")):
            copy = folder / path.relative_to(SCENARIOS)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
        self._results.mkdir(exist_ok=True)

    def run(self, scenario: str, *overrides: str) -> Run:
        """Result of a scenario file of `folder`, simulated when first asked for."""
        asked = (scenario, *overrides)
        if asked not in self._known:
            path = self._results / f"{sha256(repr(asked).encode()).hexdigest()}.h5"
            if not path.exists():
                read = cosim.load_scenario(self.folder / scenario, overrides)
                cosim.run(read, self.folder / "result.h5").path.replace(path)
            self._known[asked] = cosim.open_run(path)
        return self._known[asked]
