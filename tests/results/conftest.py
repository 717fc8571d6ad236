from collections.abc import Iterator
from pathlib import Path

import pytest
import synthetic

from cosim.results import Run, open_run


@pytest.fixture(scope="session")
def run_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Result file of the synthetic run, written in segments of half a day."""
    return synthetic.write(tmp_path_factory.mktemp("run") / "synthetic.h5", 48)


@pytest.fixture
def run(run_path: Path) -> Iterator[Run]:
    yield open_run(run_path)
