"""Runs of the shipped scenarios that several tests look at: each is simulated once a session."""

import shutil
from pathlib import Path

import cosim
from cosim import Run

SCENARIOS = Path(__file__).parents[1] / "scenarios"


class ScenarioRuns:
    """A copy of `scenarios/` and the results of what was run there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._results = folder / "results"
        self._known: dict[tuple[str, ...], Run] = {}
        for path in (*SCENARIOS.rglob("*.toml"), *SCENARIOS.rglob("*.csv")):
            copy = folder / path.relative_to(SCENARIOS)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
        self._results.mkdir()

    def run(self, scenario: str, *overrides: str) -> Run:
        """Result of a scenario file of `folder`, simulated when first asked for."""
        asked = (scenario, *overrides)
        if asked not in self._known:
            read = cosim.load_scenario(self.folder / scenario, overrides)
            self._known[asked] = cosim.run(read, self._results / f"{len(self._known)}.h5")
        return self._known[asked]
