"""The short form of `python -m tests.faults`: a few of each kind of fault."""

import pytest
from crashes import cut_at_every_write, full_at_every_write
from kills import killed_again_and_again, killed_at_random
from refusals import refused_targets
from small_run import SmallRun

from cosim.orchestrate import gate
from cosim.scenario import inputs
from sims.feeder import feeder


@pytest.fixture(scope="module")
def small_run(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gate, "EVERY_S", gate.EVERY_S)  # put back afterwards, as what reads the inputs
        patch.setattr(inputs, "read_inputs", inputs.read_inputs)
        patch.setattr(feeder, "make_engine", feeder.make_engine)
        yield SmallRun(tmp_path_factory.mktemp("faults"))


def must_hold(tally):
    assert tally.n > 2
    assert tally.holds, tally


def test_killed_runs_go_on_to_the_same_bytes(small_run):
    must_hold(killed_at_random(small_run, 3, seed=1))
    assert killed_again_and_again(small_run, 1, seed=1).holds


def test_power_lost_at_some_writes(small_run):
    must_hold(cut_at_every_write(small_run, every=29))


def test_a_full_disk_is_told_and_what_was_done_is_kept(small_run):
    must_hold(full_at_every_write(small_run, every=17))


def test_places_that_cannot_be_written_are_told(small_run):
    must_hold(refused_targets(small_run))
