"""The run that is hurt: one site, heat and cars for a day, its states kept as often as possible."""

import contextlib
from hashlib import sha256
from pathlib import Path

import cosim
from cosim.orchestrate import gate
from cosim.results.checkpoints import last_checkpoint, read_request
from cosim.results.store import read_segment
from cosim.scenario import inputs

DAYS = 1
OFTEN_S = 0.02
SCENARIO = f"""
name = "small"
start = 2019-06-03T00:00:00
days = {DAYS}
step_minutes = 15
timezone = "America/Los_Angeles"
[feeder]
network = "office_site"
thermal = {{ preset = "onan_distribution", paper = "kraft" }}
[weather]
temperature_c = 25.0
[[sites]]
name = "office"
connection = "main_board"
tariff = "svp_cb1_paper"
building = {{ profile = "load.csv" }}
chargers = [{{ count = 2, kind = "bidirectional", p_max_kw = 11.0 }}]
fleet = {{ sessions = "cars.csv" }}
policy = {{ name = "llf", peak_threshold_kw = 60.0 }}
"""


class SmallRun:
    """A scenario in a folder of its own, and the bytes of its uninterrupted run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "scenario"
        self.folder.mkdir()
        (self.folder / "small.toml").write_text(SCENARIO)
        hours = [(3 + k // 24, k % 24) for k in range(24 * DAYS)]
        rows = [f"2019-06-{day:02d}T{hour:02d}:00,{40 + 3 * hour}" for day, hour in hours]
        (self.folder / "load.csv").write_text("\n".join(["time,kw", *rows, ""]))
        columns = "session_id,arrival,departure,window_start,window_end,capacity_kwh,soc_arrival,soc_required"
        cars = [
            f"c{day}{i},2019-06-{day:02d}T{8 + i:02d}:10,{end},{end},{end},60,0.3,0.8"
            for day in (3,)
            for i in range(3)
            for end in [f"2019-06-{day:02d}T{17 + i:02d}:20"]
        ]
        (self.folder / "cars.csv").write_text("\n".join([columns, *cars, ""]))
        gate.EVERY_S = OFTEN_S
        self._read_once()
        self.scenario = cosim.load_scenario(self.folder / "small.toml")
        whole = folder / "whole"
        whole.mkdir()
        self.expected = digest(self.begin(whole))

    def begin(self, folder: Path) -> Path:
        """Run it in a folder; the result file."""
        return cosim.run(self.scenario, folder / "run.h5").path

    def is_same(self, folder: Path) -> bool:
        """Whether the run left in a folder, gone on with, ends as the uninterrupted one does.

        A run that was ended before it had put down what it is to do begins anew.
        """
        parts = folder / "run.parts"
        if not (folder / "run.h5").exists() and read_request(parts) is None:
            path = self.begin(folder)
        else:
            path = cosim.resume(folder / "run.h5").path
        return digest(path) == self.expected and not parts.exists()

    def _read_once(self) -> None:
        """Inputs are read once for all runs: that takes most of the time of a short one."""
        known, read = {}, inputs.read_inputs

        def read_once(scenario, **how):
            text = scenario.model_dump_json()
            if text not in known:
                known[text] = read(scenario, **how)
            return known[text]

        inputs.read_inputs = read_once


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
