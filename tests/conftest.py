import gc
import signal

import pytest
from scenario_runs import ScenarioRuns


def pytest_collection_finish() -> None:
    """Every run ends with a look through all objects: not through those of the suite, which stay anyway."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def interrupts_are_heard() -> None:
    """A shell has what it starts in the background ignore SIGINT, and processes pass that on."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def scenario_runs(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> ScenarioRuns:
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if hasattr(request.config, "workerinput") else own
    return ScenarioRuns(tmp_path_factory.mktemp("scenarios"), shared / "results")
