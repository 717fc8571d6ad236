"""A year of the office: its CPU time and memory, measured in a process of its own."""

import csv
import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.benchmarks import reading

ROOT = Path(__file__).parents[2]
ZONE = ZoneInfo("America/Los_Angeles")


def main() -> None:
    """Print the figures as JSON."""
    import cosim
    from cosim import orchestrate  # noqa: F401 - imports count as imports
    from cosim.scenario import inputs  # noqa: F401
    from sims.feeder import powerflow  # noqa: F401

    imports_mb = _peak_mb()
    with tempfile.TemporaryDirectory() as folder:
        scenario = cosim.load_scenario(year_of_the_office(Path(folder)))
        start = time.process_time()
        run = cosim.run(scenario, Path(folder) / "year.h5")
        seconds = time.process_time() - start
        size_mb, peak_mb = run.path.stat().st_size / 1e6, _peak_mb()
        column_s = reading.column_s(run.path)
    figures = {
        "CPU time, everything after the imports": (seconds, "s", "bar 45 s"),
        "peak memory over the imports": (peak_mb - imports_mb, "MB", "bar 100 MB"),
        "memory of the imports": (imports_mb, "MB", ""),
        "result file": (size_mb, "MB", ""),
        "opening it and reading one column, wall": (column_s, "s", "bar 0.3 s"),
    }
    print(json.dumps(figures))


def help_time() -> dict[str, tuple[float, str, str]]:
    """CPU time of `cosim --help` in a fresh process."""
    used: list[float] = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "cosim", "--help"], check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return {"cosim --help": (min(used), "s", "")}


def year_of_the_office(folder: Path) -> Path:
    """The office with generated sessions for 2019; its building repeats four weeks of June by weekday."""
    with (ROOT / "scenarios/data/office_g0m_2019-06.csv").open() as file:
        june = [float(row["kw"]) for row in csv.DictReader(file)]
    first_saturday, at = june[: 28 * 96], datetime(2019, 1, 1, tzinfo=ZONE)
    with (folder / "office.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["time", "kw"])
        while at.year == 2019:
            local = at.astimezone(ZONE)
            day = (local.date() - datetime(2019, 6, 1).date()).days % 28
            rows.writerow([local.isoformat(), first_saturday[day * 96 + local.hour * 4 + local.minute // 15]])
            at = (at.astimezone(ZoneInfo("UTC")) + timedelta(minutes=15)).astimezone(ZONE)
    text = (ROOT / "scenarios/office_v2b.toml").read_text()
    for old, new in (
        ("start = 2019-06-01", "start = 2019-01-01"),
        ("days = 30", "days = 365"),
        ("data/office_g0m_2019-06.csv", "office.csv"),
        ('emissions.average.file = "data/pge_moer_2019-06.csv"', ""),
        ('sessions = "data/jpl_level1_2019-06.csv"\n', "generator = {}\n"),
    ):
        if old not in text:
            raise ValueError(f"office_v2b.toml no longer says {old}")
        text = text.replace(old, new)
    path = folder / "office_year.toml"
    path.write_text(text)
    return path


def _peak_mb() -> float:
    """Highest memory of this process; unlike `ru_maxrss` it forgets that of the process it came from."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (peak,) = (line for line in lines if line.startswith("VmHWM"))
    return int(peak.split()[1]) / 1024


if __name__ == "__main__":
    main()
