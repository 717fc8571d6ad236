"""A run that ended anywhere goes on from there, to the bytes of one that never ended.

steps       0 ........ k ........ n
whole       |-------------------|
stopped     |--------|                 request, segments, checkpoint in result.parts
resumed              |----------|      result.h5, and nothing else
"""

import json
import os
import shutil
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest
from small_sites import Remembering, Small, car, fingerprint, policy_of, ports, ran, site
from typer.testing import CliRunner

import cosim
from cosim.cli import app
from cosim.orchestrate import gate
from cosim.results.checkpoints import last_checkpoint, read_request, write_request
from cosim.scenario import inputs
from cosim.stopping import Interrupted
from sims.control.policy import Observation
from sims.control.rules import LeastLaxityFirst
from sims.faults import SimulationError, StoreError

pytestmark = pytest.mark.usefixtures("one_network")

FAR, NEAR = "loadbus_3_16", "loadbus_5_7"
CHANGER = {"transformer": "trafo 1", "mode": "on_load", "bus": FAR, "target_pu": 0.97, "delay_minutes": 60}
FEEDER = {
    "network": "pandapower:create_kerber_dorfnetz",
    "tap_changers": [CHANGER],
    "thermal": {"preset": "onan_distribution", "paper": "kraft"},
}
DAY = Small(step_minutes=60, feeder=FEEDER, tables={"weather": {"temperature_c": 25.0}})
TWO_DAYS = Small(days=2, step_minutes=60)
HEADER = "event_id,programme,notice,start,end,kind,value\n"
EVENT = "cap,firm_service_level,2019-06-03T08:00,2019-06-03T10:00,2019-06-03T12:00,limit,25\n"
CAP = {"programme": "firm_service_level", "file": "events.csv"}


class Foreseeing(LeastLaxityFirst):
    """Answers by every number of every forecast, and by how often it was asked."""

    needs_forecasts = ("load", "price", "arrivals")

    def __init__(self) -> None:
        super().__init__(peak_threshold_kw=60.0)
        self.asked = 0

    def act(self, seen: Observation) -> np.ndarray:
        self.asked += 1
        told = sum(float(np.nansum(forecast.values)) for forecast in seen.forecasts.values())
        return np.minimum(super().act(seen), 6.0 + 4.0 * np.sin(told + self.asked) + self.rng.uniform())

    def get_state(self) -> dict:
        return {"asked": self.asked}

    def set_state(self, state: dict) -> None:
        self.asked = state["asked"]


def everything() -> list[dict]:
    """Every feature that keeps state from one step to the next."""
    cars = [car(f"c{i}", i, i + 9, capacity_kwh=300.0, soc_required=0.9) for i in range(7)]
    back = [car(f"v{i}", -1 + 6 * i, 3 + 6 * i, vehicle_id="v", soc_arrival=0.4) for i in range(4)]
    curves = {"volt_var": {}, "volt_watt": {}}
    return [
        site(2.0, cars, [ports(7, "uncontrolled", 22.0, connection=FAR, **curves)], name="street",
             connection=FAR),
        site(20 + 10 * np.sin(np.arange(24)), back, [ports(2)], f"{__name__}:Foreseeing", name="office",
             connection=NEAR, fleet={"persistent_vehicles": True}, events=[CAP]),
        site(30.0, [car("l", 2, 20)], [ports(1)], "llf", name="home", connection=NEAR),
        site(5.0, [car("m", 3, 22)], [ports(1)], policy_of(Remembering), name="shop", connection=NEAR),
    ]  # fmt: skip


def in_office(**other) -> dict:
    cars = [car(f"c{i}", 7.3 * i - 3.0, 7.3 * i + 9.7, soc_arrival=0.3) for i in range(6)]
    return site(60.0, cars, [ports(2), ports(1, "unidirectional", 7.4)], policy_of(Remembering), **other)


def run_everything(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "events.csv").write_text(HEADER + EVENT)
    return ran(folder, *everything(), when=DAY).path


@pytest.fixture
def stop_at(monkeypatch) -> Iterator:
    """`stop_at(k)`: every run ends when its controllers are about to run step k, or not at all."""
    arrive = gate.Gate.arrive
    wanted: list[int | None] = [None]

    async def arrives(self, time_s):
        if self._first + time_s // self._step_s == wanted[0]:
            self._stop.ask()
        await arrive(self, time_s)

    monkeypatch.setattr(gate.Gate, "arrive", arrives)
    return lambda step: wanted.__setitem__(0, step)


def stopped(folder: Path, stop_at, step: int, *sites, when=TWO_DAYS, **how) -> Path:
    """Result file of a run that ended at a step."""
    stop_at(step)
    with pytest.raises(Interrupted):
        ran(folder, *(sites or [in_office()]), when=when, **how)
    stop_at(None)
    return folder / "result.h5"


@pytest.fixture(scope="module")
def whole(folder, one_network) -> str:
    return fingerprint(ran(folder / "whole", in_office(), when=TWO_DAYS).path)


def test_a_run_that_ends_at_every_step_gives_the_same_bytes(folder, one_network, stop_at, monkeypatch):
    """I16: each step is run by itself, from what the checkpoint before it says."""
    expected = fingerprint(run_everything(folder / "all_at_once"))
    files = cosim.load_scenario(folder / "all_at_once" / "small.toml")
    known = inputs.read_inputs(files, allow_code=True)  # reading them takes most of a run of one step
    monkeypatch.setattr(inputs, "read_inputs", lambda *_, **__: known)
    with h5py.File(folder / "all_at_once" / "result.h5") as file:
        assert len(np.unique(file["feeder/tap_pos"][:])) > 1
        assert len(np.unique(file["sites/office/event"][:])) > 1
        assert file["sites/street/volt_watt_steps"][:].any()
        assert (file["sites/street/evse_kvar"][:] != 0.0).any()
    here = folder / "one_by_one"
    stop_at(1)
    with pytest.raises(Interrupted):
        run_everything(here)
    for k in range(2, 24):
        stop_at(k)
        with pytest.raises(Interrupted):
            cosim.resume(here / "result.h5")
        assert last_checkpoint(here / "result.parts").step == k
    stop_at(None)
    assert fingerprint(cosim.resume(here / "result.parts").path) == expected
    assert not (here / "result.parts").exists()


@pytest.mark.parametrize("step", [1, 13, 24, 25, 47])
def test_a_run_that_ends_once(folder, whole, stop_at, step):
    path = stopped(folder / f"once_{step}", stop_at, step, window_days=1)
    assert not path.exists()
    assert fingerprint(cosim.resume(path).path) == whole


def test_after_some_wall_time_what_was_done_is_kept(folder, whole, monkeypatch):
    monkeypatch.setattr(gate, "EVERY_S", 0.0)
    seen = []

    def progress(done: int, total: int) -> None:
        seen.append(len([*(folder / "often" / "result.parts").glob("segment-*")]))

    assert fingerprint(ran(folder / "often", in_office(), when=TWO_DAYS, progress=progress).path) == whole
    assert max(seen) > 10
    checkpoints = [*(folder / "often").rglob("checkpoint-*")]
    assert checkpoints == []


def test_two_checkpoints_are_kept(folder, stop_at):
    path = stopped(folder / "two", stop_at, 30, window_days=1)
    cosim_stops = (36, 42)
    for step in cosim_stops:
        stop_at(step)
        with pytest.raises(Interrupted):
            cosim.resume(path)
    names = sorted(file.name for file in path.with_suffix(".parts").glob("checkpoint-*"))
    assert names == ["checkpoint-36.json", "checkpoint-42.json"]


# signals and callers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_run_at_the_next_step_and_says_how_to_go_on(folder, whole, number):
    before = signal.getsignal(number)

    def progress(done: int, total: int) -> None:
        if done == 10:
            os.kill(os.getpid(), number)

    with pytest.raises(Interrupted) as caught:
        ran(folder / "signal", in_office(), when=TWO_DAYS, progress=progress)
    path = folder / "signal" / "result.h5"
    assert last_checkpoint(path.with_suffix(".parts")).step in {10, 11, 12}
    assert caught.value.__notes__[0].endswith(f"of 48 steps are kept; go on with: cosim run --resume {path}")
    assert signal.getsignal(number) is before
    assert fingerprint(cosim.resume(path).path) == whole


def test_a_second_signal_ends_it_at_once(folder, monkeypatch):
    monkeypatch.setattr(gate.Gate, "recorded", lambda *_: None)  # it never comes to an end by itself

    def progress(done: int, total: int) -> None:
        if done == 10:
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        ran(folder / "second", in_office(), when=TWO_DAYS, progress=progress)
    assert not (folder / "second" / "result.h5").exists()


def test_signals_stay_with_the_main_thread(folder, whole):
    results = []
    work = threading.Thread(
        target=lambda: results.append(ran(folder / "thread", in_office(), when=TWO_DAYS).path)
    )
    work.start()
    work.join()
    assert fingerprint(results[0]) == whole


@pytest.mark.parametrize("error", [MemoryError(), SimulationError("the line was cut")])
def test_what_a_progress_callback_raises_comes_out_and_the_rest_is_kept(folder, whole, error):
    def progress(done: int, total: int) -> None:
        if done == 7:
            raise error

    with pytest.raises(type(error)) as caught:
        ran(folder / "raised", in_office(), when=TWO_DAYS, progress=progress)
    assert "--resume" in caught.value.__notes__[0]
    assert fingerprint(cosim.resume(folder / "raised" / "result.h5").path) == whole


def test_simulators_in_processes_of_their_own_go_on_too(folder, whole, stop_at):
    path = stopped(folder / "remote", stop_at, 30, out_of_process=["fleet"])
    assert last_checkpoint(path.with_suffix(".parts")).step == 30
    assert fingerprint(cosim.resume(path).path) == whole


# what is refused ------------------------------------------------------------------------------------------


def test_a_finished_run_is_left_as_it_is(folder, whole, stop_at):
    path = ran(folder / "finished", in_office(), when=TWO_DAYS).path
    before = path.stat()
    for name in (path, path.with_suffix(".parts")):
        done = CliRunner().invoke(app, ["run", "--resume", str(name)])
        assert done.exit_code == 0, done.output
    assert path.stat() == before


def test_nothing_to_resume_is_said(folder, tmp_path):
    for name in ("no.h5", "no.parts"):
        done = CliRunner().invoke(app, ["run", "--resume", str(tmp_path / name)])
        assert (done.exit_code, "nothing to resume" in done.stderr) == (5, True)
    (tmp_path / "empty.parts").mkdir()
    with pytest.raises(StoreError, match="nothing to resume"):
        cosim.resume(tmp_path / "empty.parts")


@pytest.mark.parametrize(
    "words", [["a.toml", "--resume", "x.h5"], ["--force"], ["--resume", "x.h5", "--overwrite"]]
)
def test_options_that_do_not_go_together(words):
    done = CliRunner().invoke(app, ["run", *words])
    assert (done.exit_code, done.stderr.startswith("R02 cosim run")) == (2, True)


def test_an_unfinished_run_is_not_lost_by_starting_anew(folder, whole, stop_at):
    path = stopped(folder / "anew", stop_at, 30)
    scenario = cosim.load_scenario(folder / "anew" / "small.toml")
    with pytest.raises(StoreError, match=r"holds an unfinished run; go on with `cosim run --resume"):
        cosim.run(scenario, path, allow_code=True)
    assert last_checkpoint(path.with_suffix(".parts")).step == 30
    assert fingerprint(cosim.run(scenario, path, allow_code=True, overwrite=True).path) == whole


def changed_data(here: Path) -> str:
    cars = here / "office_cars.csv"
    cars.write_text(cars.read_text() + "\n")
    return "R01 file office_cars.csv: its content has changed"


def changed_scenario(here: Path) -> str:
    file = here / "small.toml"
    file.write_text(file.read_text().replace("seed = 1", "seed = 2"))
    return "R01 scenario seed: 1, now 2"


def broken_scenario(here: Path) -> str:
    file = here / "small.toml"
    file.write_text(file.read_text().replace("seed = 1", "seeds = 2"))
    return "R01 scenario file small.toml: has faults now, first S"


def changed_version(here: Path) -> str:
    request = read_request(here / "result.parts")
    request["fingerprint"]["package numpy"] = "1.0"
    write_request(here / "result.parts", request)
    return f"R01 package numpy: 1.0, now {np.__version__}"


def changed_program(here: Path) -> str:
    request = read_request(here / "result.parts")
    request["fingerprint"]["gridpark"] = "0" * 64
    request["fingerprint"]["policy small_sites:Remembering"] = "1" * 64
    write_request(here / "result.parts", request)
    return (
        "R01 gridpark: its content has changed\nR01 policy small_sites:Remembering: its content has changed"
    )


@pytest.mark.parametrize(
    "change", [changed_data, changed_scenario, broken_scenario, changed_version, changed_program]
)
def test_what_has_changed_is_listed_and_refused_unless_forced(folder, whole, stop_at, change):
    path = stopped(folder / change.__name__, stop_at, 30)
    said = change(path.parent)
    refused = CliRunner().invoke(app, ["run", "--resume", str(path)])
    assert refused.exit_code == 2
    assert refused.stderr.startswith(said)
    assert "--force" in refused.stderr
    assert not path.exists()
    # once forced, a further stop does not make it forget
    stop_at(40)
    with pytest.raises(Interrupted):
        cosim.resume(path, force=True)
    stop_at(None)
    done = cosim.resume(path, force=change in {changed_scenario, broken_scenario})
    told = "\n".join(done.header.resumed_with_changes)
    assert all(line.removeprefix("R01 ") in told for line in said.splitlines())
    with h5py.File(path) as file:
        assert file.attrs["resumed_with_changes"] == told


def test_a_scenario_file_that_is_gone_is_not_needed(folder, whole, stop_at):
    path = stopped(folder / "gone", stop_at, 30)
    (path.parent / "small.toml").unlink()
    assert fingerprint(cosim.resume(path).path) == whole


def test_overrides_are_part_of_what_was_asked(folder, stop_at):
    here = folder / "overrides"
    expected = fingerprint(ran(here, in_office(), when=Small(days=2, step_minutes=60, seed=7)).path)
    path = stopped(here, stop_at, 30)
    shutil.rmtree(path.with_suffix(".parts"))
    stop_at(30)
    with pytest.raises(Interrupted):
        scenario = cosim.load_scenario(here / "small.toml", ["seed=7"])
        cosim.run(scenario, path, overwrite=True, allow_code=True)
    stop_at(None)
    assert fingerprint(cosim.resume(path).path) == expected


# damage ---------------------------------------------------------------------------------------------------


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def altered(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


@pytest.mark.parametrize("damage", [cut_short, altered, Path.unlink])
@pytest.mark.parametrize(
    ("names", "step"),
    [
        (["checkpoint-40.json"], 30),
        (["segment-30.h5"], 30),
        (["checkpoint-40.json", "checkpoint-30.json"], 0),
        (["segment-0.h5"], 0),
    ],
)
def test_damage_falls_back_to_what_is_whole(folder, whole, stop_at, damage, names, step):
    path = stopped(folder / "damage", stop_at, 30)
    stop_at(40)
    with pytest.raises(Interrupted):
        cosim.resume(path)
    stop_at(None)
    for name in names:
        damage(path.with_suffix(".parts") / name)
    assert last_checkpoint(path.with_suffix(".parts")).step == step
    assert fingerprint(cosim.resume(path).path) == whole


def test_a_damaged_request_is_said_and_nothing_is_removed(folder, stop_at):
    path = stopped(folder / "request", stop_at, 30)
    altered(path.with_suffix(".parts") / "request.json")
    path.write_bytes(b"an older result")
    with pytest.raises(StoreError, match="nothing to resume; what was asked was not written whole"):
        cosim.resume(path)
    assert last_checkpoint(path.with_suffix(".parts")).step == 30


def test_a_state_of_another_form_is_refused(folder, stop_at):
    path = stopped(folder / "form", stop_at, 30)
    request = read_request(path.with_suffix(".parts"))
    (path.with_suffix(".parts") / "request.json").write_text(json.dumps(request))
    with pytest.raises(StoreError, match="nothing to resume"):
        cosim.resume(path)
