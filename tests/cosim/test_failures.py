"""What goes wrong while a run is going on: it stops, says where and when, and keeps what was finished.

windows   |----- 0 -----|----- 1 --x            x: something fails at step 30
on disk   segment-0.h5                          nothing under the result's name
"""

import asyncio
import gc
import logging
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest
from small_sites import (
    ANSWERS,
    Asking,
    Failing,
    Idle,
    Meddling,
    Small,
    Unready,
    Watching,
    car,
    fingerprint,
    policy_of,
    ports,
    ran,
    read,
    simulated,
    site,
)

from cosim import parameters
from cosim.orchestrate import own_process
from sims.faults import SimulationError

TWO_DAYS = Small(days=2, step_minutes=60)
ONE_DAY = Small(step_minutes=60)
CAR = car("a", 2, 40, soc_arrival=0.5)
AT_30 = "2019-06-04T06:00:00-07:00 (step 30)"

pytestmark = pytest.mark.usefixtures("one_network", "quiet")


@pytest.fixture
def quiet(capfd, caplog) -> Iterator[None]:
    """Nothing on the terminal: no complaint of asyncio about a task that nobody ended or read."""
    yield
    gc.collect()
    assert capfd.readouterr() == ("", "")
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []


def processes() -> dict[str, int]:
    """Simulators that run in processes of their own, by module."""
    children = (path.read_text().split() for path in Path("/proc/self/task").glob("*/children"))
    found = {}
    for pid in (pid for pids in children for pid in pids):
        words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
        found |= {word: int(pid) for word in words if word.startswith("sims.")}
    return found


def segments(folder: Path) -> list[str]:
    """Segments of the run that was left in a folder."""
    return sorted(path.name for path in (folder / "result.parts").glob("segment-*"))


def at_step(step: int, act: Callable[[], None]) -> Callable[[int, int], None]:
    """A progress callback that does something when `step` steps are done."""

    def progress(done: int, total: int) -> None:
        if done == step:
            act()

    return progress


# policies


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("raise", "KeyError: 'no such car'"),
        ("nan", "policy Failing answered nan kW for port 0: must be finite"),
        ("inf", "policy Failing answered inf kW for port 0: must be finite"),
        ("short", "policy Failing answered shape (1,), must be (2,): one kW a port"),
        ("text", "policy Failing answered ['full', 'full']: must be 2 numbers [kW]"),
        ("none", "policy Failing answered None: must be 2 numbers [kW]"),
    ],
)
def test_a_policy_that_fails(folder, how, said):
    assert set(ANSWERS) < {"raise", *ANSWERS}
    here = folder / f"policy_{how}"
    fails = site(50.0, [CAR], [ports()], policy_of(Failing, at_s=30 * 3600, how=how))
    with pytest.raises(SimulationError) as caught:
        ran(here, fails, when=TWO_DAYS, window_days=1)
    assert str(caught.value) == f"control-0.office at {AT_30}: {said}"
    assert not (here / "result.h5").exists()
    assert segments(here) == ["segment-0.h5"]
    with h5py.File(here / "result.parts" / "segment-0.h5") as segment:
        assert segment["sites/office/building_kw"][:].tolist() == [50.0] * 24


def test_after_a_failure_the_next_run_clears_up_and_an_old_result_stays(folder):
    here, fine = folder / "again", site(50.0, [CAR], [ports()], "llf")
    before = fingerprint(ran(here, fine, when=TWO_DAYS).path)
    with pytest.raises(SimulationError):
        ran(here, site(50.0, [CAR], [ports()], policy_of(Failing, at_s=3600)), when=TWO_DAYS)
    assert fingerprint(here / "result.h5") == before
    assert fingerprint(ran(here, fine, when=TWO_DAYS).path) == before
    assert not (here / "result.parts").exists()


def test_a_policy_that_fails_before_the_first_step(folder):
    with pytest.raises(
        SimulationError, match=r"^control-0.office, before the first step: ValueError: no fore"
    ):
        ran(folder / "unready", site(chargers=[ports()], policy=policy_of(Unready)), when=ONE_DAY)


def test_a_policy_cannot_change_what_it_is_shown(folder):
    with pytest.raises(SimulationError, match=r"\(step 0\): ValueError: assignment destination is read-only"):
        ran(folder / "meddling", site(chargers=[ports()], policy=policy_of(Meddling)), when=ONE_DAY)


def test_requests_over_the_limits_are_clamped_and_counted(folder):
    chargers = [ports(1, p_max_kw=11.0), ports(1, "unidirectional", 7.4)]
    described = site(50.0, [CAR], chargers, policy_of(Asking, p_kw=1000.0), site_cap_kw=60.0)
    run = ran(folder / "greedy", described, when=ONE_DAY)
    office = run.site("office")
    assert (office.setpoint_kw == 1000.0).all()
    assert office.evse_kw[2, 0] == pytest.approx(10.0)  # 60 of the cap less 50 of the building
    assert office.site_kw.max() <= 60.0 + 1e-9
    assert office.clamped_requests.tolist() == [24, 24]
    assert run.kpis["totals"]["clamped_requests"] == 48


def test_a_request_within_the_limits_is_kept_and_not_counted(folder):
    described = site(
        50.0, [car("a", -1, 40, soc_arrival=0.0, capacity_kwh=100)], [ports(1)], policy_of(Asking, p_kw=3.0)
    )
    series, outcome = simulated(read(folder / "modest", described, when=ONE_DAY))
    assert (series["sites/office/evse_kw"] == 3.0).all()
    assert outcome["office"]["clamped_requests"] == [0]


def test_a_car_that_is_not_there_gives_nothing(folder):
    described = site(50.0, [CAR], [ports(2)], policy_of(Asking, p_kw=-8.0))
    series, _ = simulated(read(folder / "absent", described, when=ONE_DAY))
    absent = series["sites/office/session"] < 0
    assert absent[:2].all()
    assert (series["sites/office/evse_kw"][absent] == 0.0).all()
    assert series["sites/office/evse_kw"].min() == -8.0
    assert np.nanmin(series["sites/office/soc"]) == pytest.approx(0.0, abs=1e-12)  # no more than it had


# simulators in processes of their own


needs_proc = pytest.mark.skipif(
    not Path("/proc/self/task").is_dir(), reason="finds the processes the Linux way"
)


@needs_proc
@pytest.mark.parametrize(
    ("name", "at"),
    [
        ("fleet", re.escape(AT_30)),
        ("building", r"2019-06-0\dT\d\d:00:00-07:00 \(step (3|4)\d\)"),  # it may be ahead of the others
    ],
)
def test_a_killed_process_is_noticed_at_once(folder, name, at):
    killed_at: list[float] = []

    def kill() -> None:
        killed_at.append(time.monotonic())
        os.kill(processes()[f"sims.{name}"], signal.SIGKILL)

    described = site(cars=[CAR], chargers=[ports()])
    how = {"window_days": 1, "progress": at_step(30, kill), "out_of_process": [name]}
    with pytest.raises(SimulationError) as caught:
        ran(folder / "killed", described, when=TWO_DAYS, **how)
    last = r"; last finished: 2019-06-0\dT\d\d:00:00-07:00 \(step (29|3\d)\)"
    said = rf"{name}-0 \(office\) at {at}: its process ended \(exit code -9\){last}"
    assert re.fullmatch(said, str(caught.value))
    assert time.monotonic() - killed_at[0] < 10.0
    resume = f"24 of 48 steps are kept; go on with: cosim run --resume {folder / 'killed' / 'result.h5'}"
    assert caught.value.__notes__ == [resume]
    assert processes() == {}
    assert segments(folder / "killed") == ["segment-0.h5"]


@needs_proc
def test_an_error_in_another_process_is_told_as_in_this_one(folder, monkeypatch):
    whole = parameters.building
    monkeypatch.setattr(
        parameters, "building", lambda one: {**whole(one), "load_kw": whole(one)["load_kw"][:30]}
    )
    said = []
    for names in ((), ("building",)):
        with pytest.raises(SimulationError) as caught:
            ran(folder / "raises", site(), when=TWO_DAYS, out_of_process=names)
        said.append(str(caught.value))
    assert said == [f"building-0.office at {AT_30}: load_kw has 30 steps, step 30 is asked for"] * 2
    assert processes() == {}


@needs_proc
def test_a_process_that_does_not_start(folder, monkeypatch):
    monkeypatch.setattr(own_process.sys, "executable", "/bin/false")
    with pytest.raises(SimulationError, match=r"^building-0: its process did not start \(exit code 1\)$"):
        ran(folder / "no_start", site(), when=ONE_DAY, out_of_process=["building"])


@needs_proc
def test_a_failure_here_ends_the_processes_too(folder):
    fails = site(50.0, [CAR], [ports()], policy_of(Failing, at_s=30 * 3600))
    with pytest.raises(SimulationError, match=r"^control-0.office at"):
        ran(folder / "both", fails, when=TWO_DAYS, out_of_process=["building"])
    assert processes() == {}


# callers


class EnoughError(Exception):
    """Raised by a progress callback."""


@pytest.mark.parametrize("names", [(), pytest.param(("building",), marks=needs_proc)])
@pytest.mark.parametrize("kind", [EnoughError, KeyboardInterrupt])
def test_a_progress_callback_that_raises_cancels_the_run(folder, kind, names):
    def give_up() -> None:
        raise kind("enough")

    here = folder / "cancelled"
    with pytest.raises(kind, match="enough"):
        ran(here, site(cars=[CAR], chargers=[ports()]), when=TWO_DAYS, window_days=1,
            progress=at_step(30, give_up), out_of_process=names)  # fmt: skip
    assert not (here / "result.h5").exists()
    assert segments(here) == ["segment-0.h5", "segment-24.h5"]
    assert processes() == {}


def test_a_failure_inside_a_running_loop_is_the_same(folder):
    async def cell() -> None:
        ran(folder / "loop", site(chargers=[ports()], policy=policy_of(Failing, at_s=3600)), when=ONE_DAY)

    with pytest.raises(SimulationError, match=r"\(step 1\): KeyError"):
        asyncio.run(cell())


def test_progress_counts_every_step_across_windows(folder):
    told: list[tuple[int, int]] = []
    ran(folder / "counted", site(), when=TWO_DAYS, window_days=1, progress=lambda *count: told.append(count))
    assert told == [(done, 48) for done in range(1, 49)]


# a power flow without solution
#
#     building [kW]   50 50 50 ... 5000 50 50
#     converged        1  1  1 ...    0  1  1

ABSURD = 10
ABSURD_KW = np.where(np.arange(24) == ABSURD, 5000.0, 50.0)


@pytest.fixture(scope="module")
def absurd(folder, one_network):
    """Run with one step no feeder could carry, and what its policy saw."""
    Watching.seen.clear()
    described = site(ABSURD_KW, [CAR], [ports()], policy_of(Watching, peak_threshold_kw=6000.0))
    run = ran(folder / "absurd", described, when=ONE_DAY)
    seen = [observation for observation, _ in Watching.seen]
    Watching.seen.clear()
    return run, seen


def test_the_step_is_marked_and_nothing_is_made_up(absurd):
    feeder, steps = absurd[0].feeder, np.arange(24)
    np.testing.assert_array_equal(feeder.converged, steps != ABSURD)
    for name in ("vm_pu", "transformer_loading_percent", "line_loading_percent"):
        unknown = np.isnan(getattr(feeder, name))
        assert unknown[ABSURD].all()
        assert not unknown[steps != ABSURD].any()
    assert absurd[0].kpis["feeder"]["non_converged_steps"] == 1
    assert absurd[0].degraded == ["1 of 24 steps have no power-flow solution"]


def test_energy_totals_are_still_right(absurd):
    run, _ = absurd
    office, feeder = run.site("office"), run.feeder
    assert office.site_kw[ABSURD] >= 5000.0
    np.testing.assert_allclose(feeder.import_kw, office.site_kw + feeder.losses_kw, rtol=0, atol=1e-6)
    assert feeder.losses_kw[ABSURD] == 0.0
    kpis = run.kpis["sites"]["office"]
    assert kpis["building_kwh"] == pytest.approx(23 * 50.0 + 5000.0)
    assert kpis["import_kwh"] == pytest.approx(office.site_kw.sum())
    assert run.kpis["feeder"]["import_kwh"] == pytest.approx(office.site_kw.sum() + feeder.losses_kw.sum())


def test_the_controller_is_told_that_nothing_is_known(absurd):
    unknown = [np.isnan(seen.transformer_loading_percent) and np.isnan(seen.vm_min_pu) for seen in absurd[1]]
    assert [k for k, nothing in enumerate(unknown) if nothing] == [0, ABSURD + 1]


def test_the_next_step_is_as_if_nothing_had_been(folder):
    runs = [
        simulated(read(folder / "next", site(load_kw, [CAR], [ports()], policy_of(Idle)), when=ONE_DAY))[0]
        for load_kw in (ABSURD_KW, 50.0)
    ]
    for name in ("feeder/vm_pu", "feeder/import_kw", "feeder/line_loading_percent"):
        np.testing.assert_array_equal(runs[0][name][ABSURD + 1 :], runs[1][name][ABSURD + 1 :])


def test_the_run_stops_there_if_asked_to(folder):
    stops = Small(step_minutes=60, feeder={"network": "office_site", "on_divergence": "stop"})
    with pytest.raises(SimulationError) as caught:
        ran(folder / "stops", site(ABSURD_KW), when=stops)
    assert str(caught.value) == (
        "feeder-0.feeder at 2019-06-03T10:00:00-07:00 (step 10): "
        "the power flow has no solution (feeder.on_divergence is stop)"
    )
