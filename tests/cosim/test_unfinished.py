"""A run that is not finished can be read: what it has kept, with the names and times that go with it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_sites import Small, car, ports, ran, site
from typer.testing import CliRunner

import cosim
from cosim.cli import app
from cosim.results.checkpoints import last_checkpoint
from sims.faults import StoreError

pytestmark = pytest.mark.usefixtures("one_network")

TWO_DAYS = Small(days=2, step_minutes=60)


class EnoughError(Exception):
    """Raised by a progress callback."""


def two_sites() -> list[dict]:
    office = site(20.0 + np.arange(48), [car("a", 2, 30)], [ports(2)])
    return [office, site(5.0, name="hall", tariff="flat.toml")]


@pytest.fixture(scope="module")
def whole(folder, one_network) -> cosim.Run:
    return ran(folder / "whole", *two_sites(), when=TWO_DAYS)


@pytest.fixture(scope="module")
def left(folder, one_network) -> Path:
    """Result file of a run that ended after some thirty steps, in two segments."""

    def progress(done: int, total: int) -> None:
        if done == 30:
            raise EnoughError

    with pytest.raises(EnoughError):
        ran(folder / "left", *two_sites(), when=TWO_DAYS, window_days=1, progress=progress)
    return folder / "left" / "result.h5"


def test_steps_and_names_are_those_of_the_finished_run(left, whole):
    seen = cosim.open_unfinished(left)
    assert 30 <= seen.n_steps < 48
    assert len(last_checkpoint(left.with_suffix(".parts")).segments) == 2
    assert (seen.total_steps, seen.header.clock.n_steps, seen.path) == (48, seen.n_steps, left)
    for name, group in seen.sites.items():
        pd.testing.assert_frame_equal(group.frame(), whole.site(name).frame().iloc[: seen.n_steps])
    for name, group in seen.signals.items():
        pd.testing.assert_frame_equal(group.frame(), whole.signals(name).frame().iloc[: seen.n_steps])
    pd.testing.assert_frame_equal(seen.feeder.frame(), whole.feeder.frame().iloc[: seen.n_steps])
    assert set(seen.sites) == {"office", "hall"}
    assert set(seen.signals) == set(whole.header.signals)
    assert seen.arrays["sites/office/building_kw"].tolist() == [20.0 + k for k in range(seen.n_steps)]


def test_it_says_how_far_it_came_and_how_to_go_on(left):
    seen = cosim.open_unfinished(left.with_suffix(".parts"))
    said = f"<Unfinished small: {seen.n_steps} of 48 steps; go on with: cosim run --resume {left}>"
    assert repr(seen) == said


def test_what_only_the_end_knows_is_not_there(left):
    seen = cosim.open_unfinished(left)
    assert "sites/office/soc_end" not in seen.arrays
    with pytest.raises(KeyError, match="not kept before the run is finished"):
        seen.arrays["sites/office/soc_end"]
    with pytest.raises(AttributeError, match="has no soc_end"):
        _ = seen.sites["office"].soc_end


def test_reading_changes_nothing_and_does_not_wait_for_the_run(folder, whole):
    """A run in its second day is read from within: its first day is there."""
    result, seen = folder / "during" / "result.h5", []

    def progress(done: int, total: int) -> None:
        if done == 6:
            with pytest.raises(StoreError, match=r"result\.parts: none of its steps is kept yet"):
                cosim.open_unfinished(result)
        if done == 30:
            seen.append(cosim.open_unfinished(result))
            assert seen[0].sites["hall"].building_kw.tolist() == [5.0] * 24

    done = ran(result.parent, *two_sites(), when=TWO_DAYS, window_days=1, progress=progress)
    assert seen[0].n_steps == 24
    assert done.path.read_bytes() == whole.path.read_bytes()
    with pytest.raises(StoreError, match="no such file"):
        seen[0].arrays["feeder/import_kw"]
    with pytest.raises(StoreError, match="no unfinished run"):
        cosim.open_unfinished(result)


def test_opening_it_as_a_result_says_what_to_do(left):
    for name in (left, left.with_suffix(".parts")):
        with pytest.raises(StoreError) as caught:
            cosim.open_run(name)
        assert f"cosim run --resume {name}`" in str(caught.value)
        assert "cosim.open_unfinished" in str(caught.value)
    told = CliRunner().invoke(app, ["kpis", str(left)])
    assert (told.exit_code, "is not finished" in told.stderr) == (5, True)


def test_what_is_not_there(tmp_path):
    for name in ("no.h5", "no.parts"):
        with pytest.raises(StoreError, match="no unfinished run"):
            cosim.open_unfinished(tmp_path / name)
    with pytest.raises(StoreError, match=r"no\.h5: no such file"):
        cosim.open_run(tmp_path / "no.h5")
