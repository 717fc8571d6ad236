"""The committed outside air is what its script says: the mean June day of a climate table."""

import csv
import importlib.util
from pathlib import Path

import numpy as np

DATA = Path(__file__).parents[2] / "scenarios" / "data"
FILE = DATA / "burbank_june_mean_day_2019-06.csv"


def test_every_day_runs_between_the_two_published_temperatures():
    with FILE.open() as file:
        rows = list(csv.DictReader(file))
    days = np.array([float(row["temperature_c"]) for row in rows]).reshape(30, 24)
    assert (days == days[0]).all()
    low_c, high_c = (61 - 32) / 1.8, (85 - 32) / 1.8
    assert low_c <= days.min() < low_c + 0.1
    assert high_c - 0.1 < days.max() <= high_c
    assert (days[0].argmin(), days[0].argmax()) == (4, 15)  # the hours beside 05:00 and 15:00
    assert rows[0]["time"] == "2019-06-01T00:00:00-07:00"
    assert rows[-1]["time"] == "2019-06-30T23:00:00-07:00"


def test_the_script_writes_the_same_bytes(tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("make_weather", DATA / "make_weather.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    monkeypatch.setattr(script, "OUT", tmp_path / "again.csv")
    script.main()
    assert (tmp_path / "again.csv").read_bytes() == FILE.read_bytes()
