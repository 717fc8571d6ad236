"""The committed data of `office_v2b` hold the published counts, and the script that made them draws by name.

Figures come from the source files (counts, energies, peaks) and from the vehicle rule with seed 1.
"""

import csv
import gzip
import importlib.util
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

DATA = Path(__file__).parents[2] / "scenarios" / "data"
SAMPLES = {"jpl_level1": 520, "jpl_levels13": 960, "jpl_all": 1384}
FIRST = "1_1_178_823_2019-06-01 12:45:49.245340"
QUARTER = timedelta(minutes=15)
Table = dict[str, np.ndarray]


def read(stem: str) -> Table:
    """Columns of a committed table: times as datetimes, names as str, the rest as floats."""
    with (DATA / f"{stem}_2019-06.csv").open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    kinds = {
        **dict.fromkeys(("session_id", "vehicle_id", "station"), np.array),
        **dict.fromkeys(("time", "arrival", "departure", "window_start", "window_end"), times),
    }
    columns = zip(*rows, strict=True)
    return {name: kinds.get(name, floats)(column) for name, column in zip(header, columns, strict=True)}


def times(texts: tuple[str, ...]) -> np.ndarray:
    return np.array([datetime.fromisoformat(text) for text in texts])


def floats(texts: tuple[str, ...]) -> np.ndarray:
    return np.array(texts, dtype=float)


def slots(column: np.ndarray) -> np.ndarray:
    """First quarter hour of June that begins at or after each time."""
    first = datetime.fromisoformat("2019-06-01T00:00:00-07:00")
    return np.array([-((first - time) // QUARTER) for time in column])


@pytest.fixture(scope="module")
def level1() -> Table:
    return read("jpl_level1")


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_office_data", DATA / "make_office_data.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# the sessions -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("stem", "count"), SAMPLES.items())
def test_every_sample_is_a_valid_table(stem, count):
    t = read(stem)
    assert len(set(t["session_id"])) == len(t["session_id"]) == count
    assert list(t["arrival"]) == sorted(t["arrival"])
    assert {time.utcoffset() for time in t["arrival"]} == {timedelta(hours=-7)}
    assert (t["departure"] > t["arrival"]).all()
    assert (t["window_end"] > t["arrival"]).all()
    assert (t["window_start"] == t["window_end"]).all()
    assert (t["vehicle_id"] == t["session_id"]).all()
    assert (t["soc_min"] == 0.1).all()
    assert (t["soc_max"] == 1.0).all()
    assert (t["soc_min"] <= t["soc_arrival"]).all()
    assert (t["soc_arrival"] < t["soc_required"]).all()
    assert (t["soc_required"] <= t["soc_max"]).all()


def test_samples_are_the_levels_of_the_car_park():
    full = read("jpl_all")
    for stem, levels in {"jpl_level1": ("AG-1F",), "jpl_levels13": ("AG-1F", "AG-3F")}.items():
        part, kept = read(stem), np.array([name.startswith(levels) for name in full["station"]])
        for name, column in part.items():
            np.testing.assert_array_equal(column, full[name][kept], err_msg=f"{stem} {name}")


def test_level1_counts_of_days_and_of_cars_together(level1):
    weekday = np.array([time.weekday() < 5 for time in level1["arrival"]])
    assert (weekday.sum(), (~weekday).sum()) == (482, 38)
    k = np.arange(2880)[:, None]
    together = ((slots(level1["arrival"]) <= k) & (k < slots(level1["departure"]))).sum(axis=1)
    assert together.max() == 14


def test_every_second_friday_is_off():
    per_day = Counter(time.date().isoformat() for time in read("jpl_all")["arrival"])
    assert [per_day[f"2019-06-{day:02}"] for day in (7, 14, 21, 28)] == [26, 69, 32, 81]


def test_level1_sums(level1):
    c, arrival, required = (level1[name] for name in ("capacity_kwh", "soc_arrival", "soc_required"))
    assert c.sum() == 31198.0
    assert (c * (required - arrival)).sum() == pytest.approx(6199.36, abs=0.005)
    assert (c * arrival).sum() == pytest.approx(21015.51, abs=0.005)
    assert (c * required).sum() == pytest.approx(27214.87, abs=0.005)


def test_level1_packs_and_raised_targets(level1):
    assert Counter(level1["capacity_kwh"]) == {24: 49, 40: 122, 60: 98, 62: 76, 75: 118, 100: 57}
    raised = ~np.isin(level1["soc_required"], [0.8, 0.9, 1.0])
    assert raised.sum() == 7
    np.testing.assert_allclose(level1["soc_arrival"][raised], 0.1, rtol=0, atol=1e-15)


def test_level1_arrival_soc_is_spread(level1):
    quantiles = np.quantile(level1["soc_arrival"], [0.05, 0.25, 0.5, 0.75, 0.95])
    np.testing.assert_allclose(quantiles, [0.31, 0.56, 0.68, 0.77, 0.89], atol=0.005)
    assert level1["soc_arrival"].mean() == pytest.approx(0.652, abs=0.0005)
    assert level1["soc_required"].mean() == pytest.approx(0.872, abs=0.0005)


def test_first_session(level1):
    first = {name: column[0] for name, column in level1.items()}
    assert first["session_id"] == FIRST
    assert first["station"] == "AG-1F08"
    assert first["arrival"].isoformat() == "2019-06-01T05:45:49-07:00"
    assert first["departure"].isoformat() == "2019-06-01T11:41:00-07:00"
    assert first["window_end"].isoformat() == "2019-06-01T11:23:49-07:00"
    assert (slots(level1["arrival"])[0], slots(level1["departure"])[0]) == (24, 47)
    assert (first["capacity_kwh"], first["soc_required"]) == (40.0, 0.9)
    assert first["soc_arrival"] == pytest.approx(0.9 - 0.95 * 11.026 / 40.0, abs=1e-15)  # 11.026 kWh metered


def test_undeclared_departures_are_eight_hours(level1):
    eight = level1["window_end"] - level1["arrival"] == timedelta(hours=8)
    energy = level1["capacity_kwh"] * (level1["soc_required"] - level1["soc_arrival"])
    assert eight.sum() == 15
    assert energy[eight].sum() / 0.95 == pytest.approx(12.029, abs=0.0005)
    assert (level1["window_end"] != level1["departure"]).all()


@pytest.mark.parametrize("stem", SAMPLES)
def test_committed_cars_are_those_the_rule_draws(maker, stem):
    t = read(stem)
    energy = t["capacity_kwh"] * (t["soc_required"] - t["soc_arrival"])
    stay = slots(t["departure"]) - slots(t["arrival"])
    cars = [
        maker.draw_vehicle(*row) for row in zip(t["session_id"], energy / 0.95, stay.tolist(), strict=True)
    ]
    for name in ("capacity_kwh", "soc_arrival", "soc_required"):
        np.testing.assert_allclose([getattr(car, name) for car in cars], t[name], rtol=1e-12)


# the rule ---------------------------------------------------------------------------------------------------


def test_draw_is_the_head_of_a_sha256(maker):
    # printf '1:car:capacity' | sha256sum  ->  1be405eb...;  '2:car:capacity'  ->  39e77a49...
    assert maker.uniform("car", "capacity") == 0x1BE405EB / 2**32
    assert maker.uniform("car", "capacity", seed=2) == 0x39E77A49 / 2**32


def test_pick_takes_the_first_share_that_exceeds(maker):
    weights = {24.0: 1.0, 40.0: 2.0, 60.0: 1.0}
    picked = [maker.pick(u, weights) for u in (0.0, 0.2499, 0.25, 0.7499, 0.75, 1 - 2**-32)]
    assert picked == [24.0, 24.0, 40.0, 40.0, 60.0, 60.0]


def test_energy_of_a_car_is_capped_by_stay_and_battery(maker):
    def energy(car):
        return car.capacity_kwh * (car.soc_required - car.soc_arrival)

    assert energy(maker.draw_vehicle("car", 50.0, 4)) == pytest.approx(0.95 * 20.0)
    full = maker.draw_vehicle("car", 120.0, 40)
    assert full == maker.Vehicle(100.0, 0.1, 1.0)
    assert maker.draw_vehicle("car", 60.0, 40).capacity_kwh >= 0.95 * 60.0 / 0.8


def test_stay_counts_the_quarter_hours_that_begin_in_it(maker):
    moments = ("00:00:00", "00:00:01", "00:15:00", "05:45:49", "11:41:00")
    counts = [maker.slot(datetime.fromisoformat(f"2019-06-01T{moment}-07:00")) for moment in moments]
    assert counts == [0, 1, 1, 24, 47]


SOURCE = (
    "arrival,departure,requested_energy (kWh),delivered_energy (kWh),station_id,session_id,"
    "estimated_departure,claimed"
)
ROWS = (
    "2019-05-31 23:59:59-07:00,2019-06-01 08:00:00-07:00,9.0,8.0,AG-1F01,may,2019-06-01 09:00:00-07:00,True",
    "2019-06-03 07:00:00-07:00,2019-06-03 16:00:00-07:00,9.0,8.0,AG-1F01,one,2019-06-03 15:30:00-07:00,True",
    "2019-06-03 07:10:00-07:00,2019-06-03 11:00:00-07:00,8.0,8.0,AG-1F02,two,2019-06-03 11:00:00-07:00,False",
    "2019-06-03 07:20:00-07:00,2019-06-03 11:00:00-07:00,5.0,4.0,AG-1F03,six,2019-06-03 07:20:00-07:00,True",
    "2019-07-01 00:00:00-07:00,2019-07-01 08:00:00-07:00,9.0,8.0,AG-1F01,july,2019-07-01 09:00:00-07:00,True",
)


def made(maker, rows):
    packed = gzip.compress("\n".join((SOURCE, *rows)).encode())
    return [maker.session_row(row) for row in maker.june_sessions(packed)]


def test_rows_do_not_depend_on_their_order(maker):
    assert [row.session_id for row in made(maker, ROWS)] == ["one", "two", "six"]
    assert made(maker, ROWS[::-1]) == made(maker, ROWS)


def test_undeclared_or_idle_declaration_is_eight_hours(maker):
    ends = [row.window_end[11:16] for row in made(maker, ROWS)]
    assert ends == ["15:30", "15:10", "15:20"]


def test_what_nobody_claimed_is_never_read(maker):
    two = ROWS[2]
    other = two.replace(",8.0,8.0,", ",70.0,8.0,").replace(
        "2019-06-03 11:00:00-07:00,F", "2019-06-04 12:34:56-07:00,F"
    )
    assert other != two
    assert made(maker, [other]) == made(maker, [two])


# building and emissions -------------------------------------------------------------------------------------


@pytest.mark.parametrize("stem", ["office_g0m", "pge_moer"])
def test_series_covers_june_in_local_quarter_hours(stem):
    time = read(stem)["time"]
    assert len(time) == 2880
    assert time[0].isoformat() == "2019-06-01T00:00:00-07:00"
    assert time[-1].isoformat() == "2019-06-30T23:45:00-07:00"
    assert (np.diff(time) == QUARTER).all()
    assert {moment.utcoffset() for moment in time} == {timedelta(hours=-7)}


def test_building_energy_and_peak():
    t = read("office_g0m")
    assert (t["kw"].min() > 0, t["kw"].max()) == (True, 1.0)
    kw = 210.0 * t["kw"] / t["kw"].max()
    assert 0.25 * kw.sum() == pytest.approx(59_629, rel=1e-3)
    assert 0.25 * kw.sum() / (210.0 * 720) == pytest.approx(0.394, abs=0.0005)
    assert t["time"][kw.argmax()].isoformat() == "2019-06-20T12:45:00-07:00"


def test_building_takes_the_same_weekday_at_the_same_wall_clock(maker):
    lines = [
        "time;G0-M_qload;G0-M_pload",
        "03.06.2016 23:45;9;9",
        "04.06.2016 00:00;9;0.25",
        "04.07.2016 00:00;9;9",
    ]
    assert list(maker.building_rows(lines)) == [("2019-06-01T00:00:00-07:00", 0.25)]


def test_emissions_by_hour():
    t = read("pge_moer")
    kg, hour = t["co2_g_per_kwh"] / 1000.0, np.array([time.hour for time in t["time"]])
    assert kg.mean() == pytest.approx(0.227, abs=0.0005)
    assert kg[hour == 8].mean() == pytest.approx(0.132, abs=0.0005)
    assert kg[hour == 19].mean() == pytest.approx(0.384, abs=0.0005)
    assert (kg.min() >= 0.0, kg.max() < 0.7) == (True, True)


def test_emissions_are_means_of_three_values_from_utc(maker):
    first = datetime.fromisoformat("2019-06-01 07:00:00+00:00")  # local midnight
    moments = (first + k * timedelta(minutes=5) for k in range(8640))
    text = "\n".join(["time,moer,f1", *(f"{moment},{k / 1000},9" for k, moment in enumerate(moments))])
    rows = list(maker.moer_rows(gzip.compress(text.encode())))
    assert [time for time, _ in rows[:2]] == ["2019-06-01T00:00:00-07:00", "2019-06-01T00:15:00-07:00"]
    np.testing.assert_allclose([g for _, g in rows], 3.0 * np.arange(2880) + 1.0)


def test_office_emissions():
    kwh = 0.25 * 210.0 * read("office_g0m")["kw"]
    assert (kwh * read("pge_moer")["co2_g_per_kwh"]).sum() / 1000.0 == pytest.approx(13_193, abs=0.5)
