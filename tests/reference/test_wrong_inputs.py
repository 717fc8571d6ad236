"""A test of the reference test: inputs read wrongly give the figures that betray them, and it fails.

Each mistake is made in a copy of the data; SOURCE.md lists the figures. Where the right data do not
reach (the first hours or days of the month), the wrong series repeats what comes a day or week later.
"""

import importlib.util
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from reference_case import QUARTER, TIMES, Case, Row, altered, cases, table, to_slots
from scenario_runs import SCENARIOS, ScenarioRuns

from cosim import Run
from sims.faults import DataError

EXACTLY = {"within": "last digit"}
OFFICE = next(case for case in cases() if case.name == "office_v2b")
SESSIONS = OFFICE.about["sessions"]


@pytest.fixture(scope="session")
def with_sessions(scenario_runs: ScenarioRuns):
    """Run a row of the office with the sessions of the slot grid, changed."""

    def run(row: str, name: str, *changes: Callable[[Row], None]) -> Run:
        altered(scenario_runs.folder / SESSIONS, scenario_runs.folder / "data" / f"{name}.csv", *changes)
        return scenario_runs.run("office_v2b.toml", *OFFICE.overrides(row, f"data/{name}.csv"))

    return run


@pytest.fixture(scope="session")
def with_series(scenario_runs: ScenarioRuns):
    """Run a row of the office with a series that is read a while too late."""

    def run(row: str, source: str, key: str, column: str, late: timedelta, repeat: timedelta) -> Run:
        rows = table(scenario_runs.folder / source)
        values = [line[column] for line in rows]
        shift, period = late // QUARTER, repeat // QUARTER
        for k, line in enumerate(rows):
            line[column] = values[k - shift if k >= shift else k - shift + period]
        target = scenario_runs.folder / "data" / f"late_{column}.csv"
        target.write_text(
            "\n".join([f"time,{column}", *(f"{line['time']},{line[column]}" for line in rows), ""])
        )
        slots = "data/slots.csv"
        altered(scenario_runs.folder / SESSIONS, scenario_runs.folder / slots, to_slots)
        return scenario_runs.run(
            "office_v2b.toml", *OFFICE.overrides(row, slots), f"sites.office.{key}=data/late_{column}.csv"
        )

    return run


def deviating(case: Case, row: str, run: Run) -> set[str]:
    """Columns in which the reference test would fail."""
    return {line.removeprefix(f"{row} ").partition(":")[0] for line in case.deviations(row, run, EXACTLY)}


def test_arrivals_rounded_down_lower_the_peak(with_sessions):
    def early(row: Row) -> None:
        arrival = datetime.fromisoformat(row["arrival"])
        row["arrival"] = (arrival.replace(second=0) - timedelta(minutes=arrival.minute % 15)).isoformat()

    def nowhere(row: Row) -> None:
        row["station"] = ""

    with pytest.raises(DataError, match=r"AG-1F08.*holds two cars at once"):
        with_sessions("required", "two_at_once", early, to_slots)
    run = with_sessions("required", "arrivals_rounded_down", early, to_slots, nowhere)
    assert OFFICE.found(run, "peak_kw") == pytest.approx(259.8, abs=0.05)
    assert {"peak_kw", "demand_usd", "total_usd"} <= deviating(OFFICE, "required", run)


def test_sessions_read_as_utc_come_seven_hours_late(with_sessions):
    def late(row: Row) -> None:
        for name in TIMES:
            row[name] = (datetime.fromisoformat(row[name]) + timedelta(hours=7)).isoformat()

    run = with_sessions("required", "sessions_in_utc", late, to_slots)
    assert OFFICE.found(run, "peak_kw") == pytest.approx(370, abs=0.5)
    assert {"peak_kw", "transformer_percent"} <= deviating(OFFICE, "required", run)


def test_emissions_read_as_local_shift_the_clean_hours(with_series):
    run = with_series(
        "required",
        "data/pge_moer_2019-06.csv",
        "emissions.average.file",
        "co2_g_per_kwh",
        late=timedelta(hours=7),
        repeat=timedelta(days=1),
    )
    assert OFFICE.found(run, "building_co2_kg") == pytest.approx(12_931, rel=2e-3)  # seven hours are a guess
    assert OFFICE.found(run, "ev_co2_kg") == pytest.approx(1456, rel=1e-3)
    assert deviating(OFFICE, "required", run) == {"ev_co2_kg"}


def test_building_of_another_weekday_moves_energy_and_peak(with_series):
    run = with_series(
        "building",
        "data/office_g0m_2019-06.csv",
        "building.profile",
        "kw",
        late=timedelta(days=3),
        repeat=timedelta(days=7),
    )
    assert OFFICE.found(run, "peak_kw") == pytest.approx(203.3, abs=0.05)
    assert OFFICE.found(run, "building_kwh") == pytest.approx(61_871, rel=2e-3)  # three days are a guess
    assert {"peak_kw", "peak_at", "building_kwh"} <= deviating(OFFICE, "building", run)


@pytest.fixture(scope="session")
def other_cars() -> Callable[[Row], None]:
    """Give a session the car that seed 2 draws for it."""
    path = Path(SCENARIOS) / "data" / "make_office_data.py"
    spec = importlib.util.spec_from_file_location("make_office_data_seed_2", path)
    assert spec is not None
    assert spec.loader is not None
    maker: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    maker.uniform = partial(maker.uniform, seed=2)

    def draw(row: Row) -> None:
        need_kwh = float(row["capacity_kwh"]) * (float(row["soc_required"]) - float(row["soc_arrival"]))
        stay = [maker.slot(datetime.fromisoformat(row[name])) for name in ("arrival", "departure")]
        car = maker.draw_vehicle(row["session_id"], need_kwh / maker.ETA, stay[1] - stay[0])
        for name in ("capacity_kwh", "soc_arrival", "soc_required"):
            row[name] = repr(getattr(car, name))

    return draw


def test_firm_rows_do_not_hang_on_the_cars_that_were_drawn(with_sessions, other_cars):
    run = with_sessions("required", "other_cars", other_cars, to_slots)
    assert OFFICE.deviations("required", run, EXACTLY) == []


def test_other_cars_move_uncontrolled_charging_within_its_spread(with_sessions, other_cars):
    run = with_sessions("uncontrolled", "other_cars", other_cars, to_slots)
    assert {"peak_kw", "ev_kwh"} <= deviating(OFFICE, "uncontrolled", run)
    assert OFFICE.outside("uncontrolled", run) == []
