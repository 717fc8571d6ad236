"""Catalogue of bad sessions, one case a row: each message names file, row, column, value and what is allowed."""

# ruff: noqa: E501 - a case a line reads as a table

from pathlib import Path

import numpy as np
import pytest

from sims.faults import DataError
from sims.fleet.sessions_csv import no_sessions, read_sessions

ZONE = "America/Los_Angeles"
HEADER = (
    "session_id,vehicle_id,arrival,departure,window_start,window_end,capacity_kwh,soc_arrival,soc_required,"
    "soc_min,soc_max,p_charge_max_kw,p_discharge_max_kw,phases,station"
)
S1 = (
    "s1,v7,2019-06-03T07:21:00-07:00,2019-06-03T15:52:00-07:00,2019-06-03T15:30:00-07:00,"
    "2019-06-03T16:30:00-07:00,62,0.41,0.80,0.10,1.0,,,,"
)
S2 = (
    "s2,v8,2019-06-03T08:00:00-07:00,2019-06-03T17:00:00-07:00,2019-06-03T17:00:00-07:00,"
    "2019-06-03T17:00:00-07:00,40,0.3,0.9,0.1,1,7.4,0,1,A-1"
)
S3 = S2.replace("s2,v8", "s3,v9").replace("A-1", "A-2")
GOOD = "\n".join([HEADER, S1, S2, S3, ""])


@pytest.fixture
def table(tmp_path: Path):
    def write(text: str) -> Path:
        path = tmp_path / "sessions.csv"
        path.write_text(text)
        return path

    return write


def message(path: Path, **options: bool) -> str:
    with pytest.raises(DataError) as caught:
        read_sessions(path, ZONE, **options)
    return str(caught.value)


def test_good_sessions(table) -> None:
    sessions, dropped = read_sessions(table(GOOD), ZONE)
    assert dropped == 0
    assert len(sessions) == 3
    assert sessions.session_id == ("s1", "s2", "s3")
    assert sessions.vehicle_id == ("v7", "v8", "v9")
    assert sessions.station == ("", "A-1", "A-2")
    assert sessions.arrival_s[0] == 1559571660
    assert (sessions.departure_s - sessions.arrival_s).tolist() == [30660, 32400, 32400]
    assert sessions.capacity_kwh.tolist() == [62.0, 40.0, 40.0]
    assert sessions.p_charge_max_kw.tolist() == [np.inf, 7.4, 7.4]
    assert sessions.p_discharge_max_kw.tolist() == [np.inf, 0.0, 0.0]
    assert sessions.phases.tolist() == [3, 1, 1]
    assert sessions.phases.dtype == np.int64


def test_optional_columns_may_be_absent(table) -> None:
    columns = "session_id,arrival,departure,window_start,window_end,capacity_kwh,soc_arrival,soc_required"
    cells = S1.split(",")
    kept = ",".join([cells[0], *cells[2:9]])
    sessions, _ = read_sessions(table(f"{columns}\n{kept}\n"), ZONE)
    assert sessions.vehicle_id == ("s1",)
    assert (sessions.soc_min[0], sessions.soc_max[0]) == (0.0, 1.0)
    assert sessions.p_charge_max_kw[0] == sessions.p_discharge_max_kw[0] == np.inf
    assert (sessions.phases[0], sessions.station[0]) == (3, "")


def test_row_29_nobody_comes(table) -> None:
    sessions, dropped = read_sessions(table(HEADER + "\n"), ZONE)
    assert (len(sessions), dropped) == (0, 0)
    assert sessions.arrival_s.shape == sessions.soc_min.shape == (0,)
    assert len(no_sessions()) == 0


# row of the catalogue, edit of the good table, what the message must say
ROWS = [
    ("62 zero length", ("2019-06-03T15:52:00", "2019-06-03T07:21:00"), ["D62 {file}:2:departure", 's1', "drop_zero = true"]),
    ("62 negative", ("2019-06-03T15:52:00", "2019-06-02T15:52:00"), ["D62 {file}:2:departure", "departs before it arrives"]),
    ("62 window order", ("2019-06-03T15:30:00", "2019-06-03T17:30:00"), ["D62 {file}:2:window_start", "after window_end"]),
    ("62 window past", ("15:30:00-07:00,2019-06-03T16:30:00", "07:00:00-07:00,2019-06-03T07:21:00"), ["D62 {file}:2:window_end", "ends by the time of the arrival"]),
    ("65 two places", ("s3,v9", "s3,v8"), ['D65 {file}:4:vehicle_id = "v8"', "two places at once: rows 3 and 4"]),
    ("65 one port", ("A-2", "A-1"), ['D65 {file}:4:station = "A-1"', "holds two cars at once: rows 3 and 4"]),
    ("27 same id", ("s3,v9", "s2,v9"), ['D27 {file}:4:session_id = "s2"', "stands twice: rows 3 and 4"]),
    ("67 percent", (",0.41,", ",53,"), ['D67 {file}:2:soc_arrival = "53"', "outside 0 .. 1", "v7", "percent? 0.53"]),
    ("67 above", (",0.41,", ",1.02,"), ['{file}:2:soc_arrival = "1.02"', "outside 0 .. 1"]),
    ("67 below", (",0.41,", ",-0.01,"), ['{file}:2:soc_arrival = "-0.01"', "outside 0 .. 1"]),
    ("67 NaN", (",0.41,", ",nan,"), ['D40 {file}:2:soc_arrival = "nan"', "must be finite"]),
    ("67 empty", (",0.41,", ",,"), ["D41 {file}:2:soc_arrival", "empty cell"]),
    ("21 floor", (",0.10,1.0,", ",0.9,0.2,"), ['D21 {file}:2:soc_min = "0.9"', "above soc_max = 0.2", "v7"]),
    ("21 required", (",0.80,", ",0.05,"), ['D21 {file}:2:soc_required = "0.05"', "outside soc_min .. soc_max = 0.1 .. 1", "v7"]),
    ("20 capacity", (",62,", ",0,"), ['D20 {file}:2:capacity_kwh = "0"', "1 .. 2000 kWh"]),
    ("20 negative", (",62,", ",-62,"), ['{file}:2:capacity_kwh = "-62"', "1 .. 2000 kWh"]),
    ("19 Wh", (",62,", ",62000,"), ['{file}:2:capacity_kwh = "62000"', "Wh? 62"]),
    ("19 W", (",7.4,", ",7400,"), ['{file}:3:p_charge_max_kw = "7400"', "W? 7.4"]),
    ("20 no charging", (",7.4,", ",0,"), ['{file}:3:p_charge_max_kw = "0"', "above 0 .. 1000 kW"]),
    ("20 discharging", (",7.4,0,", ",7.4,-5,"), ['{file}:3:p_discharge_max_kw = "-5"', "0 .. 1000 kW"]),
    ("20 inf", (",7.4,", ",inf,"), ['{file}:3:p_charge_max_kw = "inf"', "must be finite"]),
    ("20 phases", ("0,1,A-1", "0,2,A-1"), ['D20 {file}:3:phases = "2"', "1 or 3 phases"]),
    ("18 no id", ("s1,", ","), ["D18 {file}:2:session_id", "1 .. 128 characters"]),
    ("18 long id", ("s1,", "x" * 200 + ","), ["D18 {file}:2:session_id", "..."]),
    ("39 short row", (",7.4,0,1,A-1", ""), ["D39 {file}:3:-", "11 fields where the header has 15"]),
    ("6 column", ("soc_required", "soc_requierd"), ['nearest: "soc_required"', "D07 {file}:1:soc_required"]),
    ("48 gap", ("2019-06-03T07:21:00-07:00", "2019-03-10T02:30:00"), ["D48 {file}:2:arrival", "does not exist"]),
    ("49 twice", ("2019-06-03T07:21:00-07:00", "2018-11-04T01:30:00"), ["D49 {file}:2:arrival", "comes twice"]),
]  # fmt: skip


@pytest.mark.parametrize(("row", "edit", "expected"), ROWS, ids=[case[0] for case in ROWS])
def test_a_bad_session_is_named_with_row_column_and_value(
    table, row: str, edit: tuple[str, str], expected: list[str]
):
    assert edit[0] in GOOD
    path = table(GOOD.replace(*edit, 1))
    said = message(path)
    for part in expected:
        assert part.format(file=f"{path.parent.name}/sessions.csv") in said
    # an unreadable cell raises no second fault; a misspelt column is unknown and missing
    assert f"\n{len(expected) if row == '6 column' else 1} fault" in said


def test_all_faults_at_once(table) -> None:
    said = message(table(GOOD.replace(",62,", ",0,").replace(",0.9,", ",90,")))
    assert "2 faults" in said
    assert "(2 rows: 3, 4)" in said


def test_row_62_sessions_of_zero_length_are_dropped_and_counted_when_asked(table) -> None:
    text = GOOD.replace("2019-06-03T15:52:00", "2019-06-03T07:21:00")
    sessions, dropped = read_sessions(table(text), ZONE, drop_zero=True)
    assert sessions.session_id == ("s2", "s3")
    assert dropped == 1
    assert "departs before" in message(
        table(GOOD.replace("2019-06-03T15:52", "2019-06-02T15:52")), drop_zero=True
    )
    # a dropped visit inside another of the same car is no overlap
    again = text.replace("s2,v8", "s2,v7").replace("T07:21:00", "T09:21:00")
    assert len(read_sessions(table(again), ZONE, drop_zero=True)[0]) == 2


def test_row_65_leaving_when_the_next_arrives_is_no_overlap(table) -> None:
    later = (
        S3.replace("v9", "v8")
        .replace("A-2", "A-1")
        .replace("T17:00:00", "T18:00:00")
        .replace("T08:00", "T17:00")
    )
    assert len(read_sessions(table("\n".join([HEADER, S2, later])), ZONE)[0]) == 2


def test_row_66_a_need_nobody_can_meet_and_an_arrival_below_the_floor_are_no_faults(table) -> None:
    text = GOOD.replace("2019-06-03T15:52:00", "2019-06-03T07:22:00").replace(",0.41,", ",0.01,")
    assert len(read_sessions(table(text), ZONE)[0]) == 3


def test_order_of_rows_and_blocks_do_not_matter(table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sims.csvfile.BLOCK_ROWS", 2)
    rows = [S1.replace("s1,v7", f"s{k},v{k}") for k in range(7)]
    rows[4] = rows[4].replace(",0.41,", ",4,").replace("s4", "s0")
    said = message(table("\n".join([HEADER, *rows])))
    assert ':6:soc_arrival = "4"' in said and "rows 2 and 6" in said


@pytest.mark.parametrize("n", [30_000])
def test_row_68_many_sessions_take_microseconds_each(table, n: int) -> None:
    import time

    rows = [S1.replace("s1,v7", f"s{k},v{k}") for k in range(n)]
    path = table("\n".join([HEADER, *rows]))
    started = time.process_time()
    assert len(read_sessions(path, ZONE)[0]) == n
    # a million took 13 s here; the bound leaves room for a slower machine
    assert (time.process_time() - started) / n < 60e-6
