"""A run is cut into windows, and simulators may live in other processes: the file must not show it.

steps      0 .............. 96 .............. 192 ............. 288
one world  |-------------------------------------------------------|
by day     |-- world 0 ----|-- world 1 -------|-- world 2 ----------|
           state: built     state: of world 0  state: of world 1      cars parked, memory, month's peak
"""

import asyncio
import gc
import json
import os
import subprocess
import sys
import threading
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from small_sites import Guessing, Remembering, Small, car, fingerprint, policy_of, ports, ran, site, write

from cosim import load_scenario, run
from cosim.orchestrate import SIMULATORS, Window, windows
from sims.building.simulator import BuildingSimulator
from sims.control.simulator import ControlSimulator
from sims.faults import ScenarioError
from sims.feeder.simulator import FeederSimulator
from sims.fleet.simulator import FleetSimulator
from sims.signals.simulator import SignalsSimulator

MONTHS_END = Small(start=datetime(2019, 6, 28, 13), days=6, step_minutes=30)
ONE_DAY = Small(step_minutes=60)


def awkward_sites() -> list[dict]:
    """Cuts at 13:00 with cars parked, policies that remember and draw, a peak to forget on 1 July."""
    steps = np.arange(MONTHS_END.n_steps)
    office_cars = [car(f"c{i:02d}", 5.3 * i - 3.0, 5.3 * i + 9.7, soc_arrival=0.3) for i in range(28)]
    home_cars = [car(f"n{i}", 24.0 * i - 6.0, 24.0 * i + 7.4, declared_h=24.0 * i + 8.0) for i in range(7)]
    return [
        site(
            60 + 40 * np.sin(steps / 9) + 120 * (steps % 48 == 47),  # a peak just before every cut
            office_cars,
            [ports(2), ports(1, "unidirectional", 7.4), ports(1, "uncontrolled", 3.7)],
            policy_of(Remembering),
        ),
        site(5.0, home_cars, [ports(1)], "llf", name="home", connection="building_board"),
        site(20.0, [], [], name="hall", tariff="flat.toml"),
    ]


@pytest.fixture(scope="module")
def uncut(folder, one_network) -> Path:
    """Result of the awkward sites in one world."""
    return ran(folder / "uncut", *awkward_sites(), when=MONTHS_END, window_days=28).path


@pytest.mark.parametrize(
    ("n_steps", "step_s", "days", "expected"),
    [
        (96, 900, 1, [(0, 96)]),
        (240, 900, 1, [(0, 96), (96, 96), (192, 48)]),
        (92, 900, 28, [(0, 92)]),
        (100, 900, 1, [(0, 96), (96, 4)]),
        (50, 3600, 2, [(0, 48), (48, 2)]),
    ],
)
def test_windows_cover_the_run_once(n_steps, step_s, days, expected):
    assert list(windows(n_steps, step_s, days)) == [Window(*window) for window in expected]


@pytest.mark.parametrize("window_days", [1, 2, 5])
def test_the_file_does_not_show_where_it_was_cut(uncut, folder, one_network, window_days):
    cut = ran(folder / f"cut_{window_days}", *awkward_sites(), when=MONTHS_END, window_days=window_days)
    assert fingerprint(cut.path) == fingerprint(uncut)


def test_the_awkward_run_is_awkward(uncut, folder, one_network):
    run = ran(folder / "look", *awkward_sites(), when=MONTHS_END)
    cuts = np.arange(1, 6) * 48
    for name in ("office", "home"):
        assert (run.site(name).session[cuts] >= 0).any(axis=1).all()
    office = run.site("office")
    assert (office.setpoint_kw[cuts] != office.setpoint_kw[cuts - 1]).any()
    assert len({line.month for line in run.bill("home").lines}) == 2


def test_every_state_survives_json(uncut, folder, one_network, monkeypatch):
    simulators = (BuildingSimulator, SignalsSimulator, ControlSimulator, FleetSimulator, FeederSimulator)
    texts: list[str] = []

    def through_json(state):
        text = json.dumps(state)
        texts.append(text)
        return json.loads(text)

    for kind in simulators:
        original = kind.get_state
        monkeypatch.setattr(kind, "get_state", lambda self, get=original: through_json(get(self)))
    cut = ran(folder / "json", *awkward_sites(), when=MONTHS_END, window_days=1)
    assert fingerprint(cut.path) == fingerprint(uncut)
    assert len(texts) == len(simulators) * MONTHS_END.days


def test_a_state_set_is_the_state_got(folder, one_network, monkeypatch):
    seen: list[bool] = []
    for kind in (ControlSimulator, FleetSimulator, FeederSimulator):
        original = kind.set_state

        def set_and_compare(self, state, set_state=original):
            set_state(self, state)
            seen.append(json.dumps(self.get_state()) == json.dumps(state))

        monkeypatch.setattr(kind, "set_state", set_and_compare)
    ran(folder / "got", *awkward_sites(), when=MONTHS_END, window_days=2)
    assert seen == [True] * 6


def test_one_seed_one_result_and_another_another(folder, one_network):
    guesses = site(cars=[car("a", 1, 20)], chargers=[ports()], policy=policy_of(Guessing))
    first, again, other = (
        fingerprint(ran(folder / f"seed_{i}", guesses, when=Small(step_minutes=60, seed=seed)).path)
        for i, seed in enumerate((1, 1, 2))
    )
    assert first == again
    assert first != other


def short_sites() -> list[dict]:
    """Two sites for the runs in other processes."""
    cars = [car("a", -2, 9.5, soc_arrival=0.2), car("b", 8, 20.2), car("c", 10, 15)]
    chargers = [ports(), ports(1, "unidirectional", 7.4)]
    load_kw = 50.0 + np.arange(24)
    return [
        site(load_kw, cars, chargers, {"name": "llf", "peak_threshold_kw": 62.0}, site_cap_kw=80.0),
        site(9.0, [car("d", 0, 30)], [ports(1)], "trickle", name="home", allow_export=True),
    ]


@pytest.fixture(scope="module")
def in_process(folder) -> Path:
    return ran(folder / "in_process", *short_sites(), when=ONE_DAY).path


@pytest.mark.parametrize("names", [("building",), ("signals",), ("control",), ("fleet",), SIMULATORS])
def test_other_processes_give_the_same_bytes(in_process, folder, capfd, names):
    remote = ran(folder / "-".join(names), *short_sites(), when=ONE_DAY, out_of_process=names)
    assert fingerprint(remote.path) == fingerprint(in_process)
    assert capfd.readouterr() == ("", "")


def test_windows_and_other_processes_together(folder, one_network):
    office = site(50.0, [car("a", 20, 30, soc_arrival=0.1)], [ports()], "llf")
    when = Small(days=2, step_minutes=60)
    here = ran(folder / "both_here", office, when=when)
    there = ran(folder / "both_there", office, when=when, window_days=1, out_of_process=("control", "fleet"))
    assert fingerprint(there.path) == fingerprint(here.path)


def test_hash_seed_and_process_do_not_matter(folder):
    guessing = site(30.0, [car("e", 1, 20)], [ports()], policy_of(Guessing), name="lot")
    here = ran(folder / "hash", *short_sites(), guessing, when=ONE_DAY).path
    code = "import sys, cosim; cosim.run(cosim.load_scenario(sys.argv[1]), sys.argv[2], allow_code=True)"
    results = [folder / f"hash_{seed}.h5" for seed in (0, 1)]
    started = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", code, str(folder / "hash" / "small.toml"), str(result)],
            env=os.environ | {"PYTHONHASHSEED": str(seed)},
            cwd=Path(__file__).parent,  # where the policy is
        )
        for seed, result in enumerate(results)
    ]
    assert [process.wait(timeout=120) for process in started] == [0, 0]
    assert [fingerprint(result) for result in results] == [fingerprint(here)] * 2


@pytest.mark.parametrize("names", [(), ("building",)])
def test_run_works_inside_a_running_loop(in_process, folder, names):
    async def cell() -> Path:
        return ran(folder / "notebook", *short_sites(), when=ONE_DAY, out_of_process=names).path

    assert fingerprint(asyncio.run(cell())) == fingerprint(in_process)


def left_behind() -> tuple[int, set[str], list[str]]:
    """Open descriptors, threads and child processes of this process."""
    gc.collect()
    children = Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text().split()
    return (
        len([*Path("/proc/self/fd").iterdir()]),
        {thread.name for thread in threading.enumerate()},
        children,
    )


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts descriptors the Linux way")
@pytest.mark.parametrize("names", [(), ("building",)])
def test_runs_in_one_process_leave_nothing_behind(folder, one_network, names):
    scenario = load_scenario(write(folder / "clean", *short_sites(), when=ONE_DAY))
    mine = asyncio.new_event_loop()
    asyncio.set_event_loop(mine)
    try:
        run(scenario, folder / "clean" / "first.h5", overwrite=True)
        before = left_behind()
        for _ in range(2):
            run(scenario, folder / "clean" / "again.h5", overwrite=True, out_of_process=names)
        assert left_behind() == before
        assert asyncio.get_event_loop_policy().get_event_loop() is mine
        assert not mine.is_closed()
    finally:
        asyncio.set_event_loop(None)
        mine.close()
    assert {path.name for path in (folder / "clean").iterdir() if path.suffix not in {".csv", ".toml"}} <= {
        *("first.h5", "first.log.json", "again.h5", "again.log.json")
    }


def test_no_warning_hides_in_the_log(in_process):
    assert json.loads(in_process.with_suffix(".log.json").read_text())["warnings"] == []


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"window_days": 0}, "S23 window_days: 0: allowed 1, 2, 3, ... days"),
        ({"out_of_process": ["feder"]}, 'S26 out_of_process: "feder": no such simulator; nearest: "feeder"'),
        (
            {"out_of_process": ["control"]},
            'S31 out_of_process: "control" with the policy "small_sites:Guessing"',
        ),
    ],
)
def test_what_a_caller_can_get_wrong_is_said_before_the_run(folder, how, said):
    with pytest.raises(ScenarioError) as caught:
        ran(folder / "wrong", site(policy=policy_of(Guessing)), when=ONE_DAY, **how)
    assert str(caught.value).startswith(said)
    assert not (folder / "wrong" / "result.h5").exists()
