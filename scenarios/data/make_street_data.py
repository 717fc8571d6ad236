"""Make the data of the campus, street and aggregator scenarios; the standard library is enough.

    pip download --no-deps --dest wheels simbench==1.6.3
    python scenarios/data/make_street_data.py wheels

Four tables are written beside this file: loads of a campus (Los Angeles time), of a street and of the village
around it (Berlin time) from SimBench, and the evenings eight cars come home, drawn from a seed. Every run
writes the same bytes. README.md tells what the columns mean and under which licence they stand.
"""

import csv
import io
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from statistics import NormalDist, fmean
from zipfile import ZipFile
from zoneinfo import ZoneInfo

HERE = Path(__file__).parent
PROFILES = "simbench/networks/1-complete_data-mixed-all-0-sw/LoadProfile.csv"
WEEKS_BACK = 156  # 2016 has the same weekdays at this distance

CAMPUS = {"offices": "G1-A", "laboratory": "G3-A", "canteen": "G2-A"}
# SimBench has five single households: the last three houses live as the first three did a week later
STREET = {f"house_{number + 1}": (f"H0-{'ABCGL'[number % 5]}", number // 5) for number in range(8)}
VILLAGE_HOUSES = 57
HOUSE_KWH_PER_YEAR, HOURS_OF_2016 = 4000.0, 8784
MONDAY, DAYS, QUARTER = datetime(2019, 6, 3), 7, timedelta(minutes=15)

# When a commuter is home, what the day took: our assumption.
SEED = 1
HOME_H, LEAVES_H = NormalDist(17.9, 1.3), NormalDist(7.4, 0.6)
DRIVEN_KWH = NormalDist(9.0, 3.5)
CAPACITY_KWH, SOC_REQUIRED, SOC_MIN = 60.0, 0.8, 0.2
HOMES_PER_WEEK = 6 / 7


def read_profiles(wheel: ZipFile, names: Iterable[str]) -> dict[str, list[float]]:
    """Whole year of the named load profiles, 15 min, year maximum 1."""
    with wheel.open(PROFILES) as file:
        rows = csv.reader(io.TextIOWrapper(file, encoding="utf-8"), delimiter=";")
        header = next(rows)
        columns = list(zip(*rows, strict=True))
    return {name: [float(text) for text in columns[header.index(f"{name}_pload")]] for name in names}


def week_of(profile: Sequence[float], weeks_later: int = 0) -> Sequence[float]:
    """The profile at the same clock of the same weekdays, 2016."""
    start = MONDAY - timedelta(weeks=WEEKS_BACK - weeks_later)
    first = (start - datetime(2016, 1, 1)) // QUARTER
    return profile[first : first + DAYS * 96]


def load_rows(columns: Iterable[Sequence[float]], zone: ZoneInfo) -> Iterator[list[str | float]]:
    """Rows of a loads table: local time, then each load."""
    for k, row in enumerate(zip(*columns, strict=True)):
        yield [(MONDAY + k * QUARTER).replace(tzinfo=zone).isoformat(), *row]


def house_kw(profile: Sequence[float], weeks_later: int) -> list[float]:
    """Power of a house over the week, scaled to its consumption of a year [kW]."""
    scale = HOUSE_KWH_PER_YEAR / HOURS_OF_2016 / fmean(profile)
    return [round(scale * share, 5) for share in week_of(profile, weeks_later)]


def evenings(zone: ZoneInfo) -> Iterator[list[str | float]]:
    """Rows of a sessions table: each car comes home on most days and leaves the next morning."""
    for house in STREET:
        draw = Random(f"{SEED} {house}")  # noqa: S311 - no secret hangs on when a car comes home
        for day in range(DAYS):
            midnight = MONDAY + timedelta(days=day)
            stays_away, home, leaves, driven, error = (draw.random() for _ in range(5))
            if stays_away > HOMES_PER_WEEK:
                continue
            arrival = midnight + timedelta(minutes=round(60 * HOME_H.inv_cdf(home)))
            departure = midnight + timedelta(days=1, minutes=round(60 * LEAVES_H.inv_cdf(leaves)))
            declared = departure + timedelta(minutes=round(30 * (error - 0.5)))
            energy_kwh = min(max(DRIVEN_KWH.inv_cdf(driven), 2.0), 25.0)
            soc_arrival = round(SOC_REQUIRED - energy_kwh / CAPACITY_KWH, 4)
            times = [at.replace(tzinfo=zone).isoformat() for at in (arrival, departure, declared, declared)]
            yield [f"{house} {midnight:%a}", f"car of {house}", *times, CAPACITY_KWH, soc_arrival,
                   SOC_REQUIRED, SOC_MIN, 1.0, house]  # fmt: skip


def write_csv(name: str, header: Iterable[str], rows: Iterable[Iterable[str | float]]) -> None:
    """Write a table beside this file."""
    with (HERE / name).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def main(folder: Path) -> None:
    """Write the four tables from the wheel in `folder`."""
    wheels = sorted(folder.glob("simbench-1.6.3-*.whl"))
    if not wheels:
        sys.exit(f"no simbench-1.6.3-*.whl in {folder}: pip download --no-deps simbench==1.6.3")
    berlin, los_angeles = ZoneInfo("Europe/Berlin"), ZoneInfo("America/Los_Angeles")
    with ZipFile(wheels[0]) as wheel:
        used = {*CAMPUS.values(), *(name for name, _ in STREET.values())}
        profiles = read_profiles(wheel, sorted(used))
    campus = [week_of(profiles[name]) for name in CAMPUS.values()]
    street = [house_kw(profiles[name], later) for name, later in STREET.values()]
    for file, names, loads, zone in (
        ("campus_2019-06.csv", CAMPUS, campus, los_angeles),
        ("street_2019-06.csv", STREET, street, berlin),
    ):
        write_csv(file, ("time", *(f"{name}_kw" for name in names)), load_rows(loads, zone))
    village = [[VILLAGE_HOUSES * fmean(homes) for homes in zip(*street, strict=True)]]
    write_csv("village_2019-06.csv", ("time", "kw"), load_rows(village, berlin))
    columns = ("session_id", "vehicle_id", "arrival", "departure", "window_start", "window_end",
               "capacity_kwh", "soc_arrival", "soc_required", "soc_min", "soc_max", "station")  # fmt: skip
    write_csv("street_cars_2019-06.csv", columns, evenings(berlin))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python make_street_data.py WHEEL_DIR")
    main(Path(sys.argv[1]))
