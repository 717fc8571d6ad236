"""The run that is hurt: one site, heat and cars for a day of hours, its states kept after every step."""

import contextlib
from hashlib import sha256
from pathlib import Path

import cosim
from cosim.orchestrate import gate
from cosim.results.checkpoints import last_checkpoint, read_request
from cosim.results.store import read_segment
from cosim.scenario import inputs
from sims.feeder import feeder

SCENARIO = """
name = "small"
start = 2019-06-03T00:00:00
days = 1
step_minutes = 60
timezone = "America/Los_Angeles"
[feeder]
network = "office_site"
thermal = { preset = "onan_distribution", paper = "kraft" }
[weather]
temperature_c = 25.0
[[sites]]
name = "office"
connection = "main_board"
tariff = "hours.toml"
building = { profile = "load.csv" }
chargers = [{ count = 2, kind = "bidirectional", p_max_kw = 11.0 }]
fleet = { sessions = "cars.csv" }
policy = { name = "llf", peak_threshold_kw = 60.0 }
"""
TARIFF = """
name = "hours"
currency = "USD"
source = "made for tests"
demand_window_minutes = 60
energy = [{ name = "energy", price_per_kwh = 0.15 }]
demand = [{ name = "day", price_per_kw = 10.0, hours = [[6, 22]] }]
"""
SESSION_COLUMNS = "session_id,arrival,departure,window_start,window_end,capacity_kwh,soc_arrival,soc_required"


class SmallRun:
    """A scenario in a folder of its own, and the bytes of its uninterrupted run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "scenario"
        self.folder.mkdir()
        (self.folder / "small.toml").write_text(SCENARIO)
        (self.folder / "hours.toml").write_text(TARIFF)
        rows = [f"2019-06-03T{hour:02d}:00,{40 + 3 * hour}" for hour in range(24)]
        (self.folder / "load.csv").write_text("\n".join(["time,kw", *rows, ""]))
        cars = [
            f"c{i},2019-06-03T{8 + i:02d}:10,{end},{end},{end},60,0.3,0.8"
            for i in range(3)
            for end in [f"2019-06-03T{17 + i:02d}:20"]
        ]
        (self.folder / "cars.csv").write_text("\n".join([SESSION_COLUMNS, *cars, ""]))
        # by steps, not by seconds: the same writes on every machine, however busy
        gate.EVERY_S = 0.0
        self._make_inputs_once()
        self.scenario = cosim.load_scenario(self.folder / "small.toml")
        whole = folder / "whole"
        whole.mkdir()
        self.file = self.begin(whole)
        self.expected = digest(self.file)

    def begin(self, folder: Path) -> Path:
        """Run it in a folder; the result file."""
        return cosim.run(self.scenario, folder / "run.h5").path

    def go_on(self, folder: Path) -> Path:
        """Resume what was left in a folder; a run that had not yet put down what it is to do begins anew."""
        if not (folder / "run.h5").exists() and read_request(folder / "run.parts") is None:
            return self.begin(folder)
        return cosim.resume(folder / "run.h5").path

    def is_same(self, folder: Path) -> bool:
        """Whether the run left in a folder, gone on with, ends as the uninterrupted one does."""
        return digest(self.go_on(folder)) == self.expected and not (folder / "run.parts").exists()

    def _make_inputs_once(self) -> None:
        """Inputs and engine are made once for all runs: that takes most of the time of a short one."""
        known, read, make_engine = {}, inputs.read_inputs, feeder.make_engine

        def read_once(scenario, **how):
            text = scenario.model_dump_json()
            if text not in known:
                known[text] = read(scenario, **how)
            return known[text]

        def make_once(name, net, buses, *phases):
            key = (name, id(net), tuple(buses), str(phases))
            if key not in known:
                known[key] = make_engine(name, net, buses, *phases)
            return known[key]

        inputs.read_inputs, feeder.make_engine = read_once, make_once


def digest(path: Path) -> str:
    """What tells two files apart."""
    return sha256(path.read_bytes()).hexdigest()


def kept_steps(folder: Path) -> int | None:
    """Steps of the run in a folder that can be read, None when something of them cannot."""
    if (folder / "run.h5").exists():
        with contextlib.suppress(Exception):
            return cosim.open_run(folder / "run.h5").clock.n_steps
        return None
    parts = folder / "run.parts"
    checkpoint = last_checkpoint(parts)
    try:
        rows = [
            len(read_segment(parts / segment.name, ["sites/office/site_kw"])["sites/office/site_kw"])
            for segment in checkpoint.segments
        ]
    except Exception:
        return None
    return checkpoint.step if sum(rows) == checkpoint.step else None
