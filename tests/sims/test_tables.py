"""Catalogue of bad tables, one case a row; times over both changes of clocks; energy over changes of step."""

# ruff: noqa: E501 - a case a line reads as a table

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sims.clock import Clock
from sims.faults import DataError
from sims.tables import Series, on_clock, read_series

LA = "America/Los_Angeles"
GOOD = """\
time,kw
2019-06-01T00:00:00-07:00,1.5
2019-06-01T00:15:00-07:00,2.5
2019-06-01T00:30:00-07:00,-3
2019-06-01T00:45:00-07:00,1e1
"""


@pytest.fixture
def table(tmp_path: Path):
    def write(text: str | bytes) -> Path:
        path = tmp_path / "load.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def message(path: Path, columns: tuple[str, ...] | None = ("kw",), zone: str = LA) -> str:
    with pytest.raises(DataError) as caught:
        read_series(path, columns, zone)
    assert caught.value.exit_code == 3
    return str(caught.value)


def test_a_good_table_is_read_as_it_stands(table) -> None:
    series = read_series(table(GOOD), ("kw",), LA)
    assert series.step_s == 900
    assert series.time_s.dtype == np.int64
    assert series.time_s.tolist() == [1559372400 + 900 * k for k in range(4)]
    assert series.values["kw"].tolist() == [1.5, 2.5, -3.0, 10.0]
    assert series.end_s == 1559372400 + 3600


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + GOOD,
        GOOD.replace("\n", "\r\n"),
        GOOD + "\n\n",
        GOOD.replace(",", " , "),
        GOOD.replace("time,kw", '"time","kw"'),
        GOOD.replace("-07:00", ""),
        GOOD.replace("T", " "),
    ],
    ids=["BOM", "CRLF", "empty last lines", "blanks", "quotes", "local", "space for T"],
)
def test_other_ways_to_write_the_same(table, text: str) -> None:
    series = read_series(table(text), ("kw",), LA)
    assert series.time_s[0] == 1559372400
    assert series.values["kw"].tolist() == [1.5, 2.5, -3.0, 10.0]


# row of the catalogue, edit of the good table, what the message must say
TABLES = [
    ("39 short row", ("00:15:00-07:00,2.5", "00:15:00-07:00"), ["D39 {file}:3:-", "1 fields where the header has 2"]),
    ("39 long row", (",2.5", ",2.5,7"), ["D39 {file}:3:-", "3 fields where the header has 2"]),
    ("39 empty line", (",2.5\n", ",2.5\n\n"), ["D39 {file}:4:-", "empty line"]),
    ("39 comment", ("2019-06-01T00:15", "# x\n2019-06-01T00:15"), ["{file}:3:-", '"# x"', "comments are not allowed"]),
    ("39 quotes", (",2.5", ',"2.5'), ["D39 {file}:", "not CSV"]),
    ("39 line break", (",2.5", ',"2.5\n"'), ["D39 {file}:3:-", "line break inside quotes"]),
    ("40 text", (",2.5", ",n/a"), ['D40 {file}:3:kw = "n/a"', "is no number such as 1234.5"]),
    ("40 inf", (",2.5", ",inf"), ['D40 {file}:3:kw = "inf"', "must be finite"]),
    ("40 overflow", (",2.5", ",1e999"), ['{file}:3:kw = "1e999"', "must be finite"]),
    ("40 decimal comma", (",2.5", ',"2,5"'), ['{file}:3:kw = "2,5"', "decimal comma?"]),
    ("40 comma unquoted", (",2.5", ",2,5"), ["{file}:3:-", "decimal comma or thousands separator?"]),
    ("40 underscore", (",2.5", ",1_000"), ['{file}:3:kw = "1_000"', "no plain number"]),
    ("40 digits", (",2.5", ",٢"), ["{file}:3:kw", "no plain number"]),
    ("40 separator", ("time,kw", "time;kw"), ["D40 {file}:1", "separated by `;`", "use `,`"]),
    ("40 tab", ("time,kw", "time\tkw"), ["D40 {file}:1", "separated by a tab"]),
    ("41 NaN", (",2.5", ",nan"), ['D40 {file}:3:kw = "nan"', "must be finite"]),
    ("41 empty cell", (",2.5", ","), ["D41 {file}:3:kw", "empty cell; a number is required"]),
    ("42 gap", ("2019-06-01T00:15:00-07:00,2.5\n", ""), ["D42 {file}:3:time", "1 intervals of 900 s", "00:30:00-07:00"]),
    ("43 duplicate", ("T00:15", "T00:00"), ["D43 {file}:3:time", "same time as the row before"]),
    ("44 not sorted", ("T00:15", "T00:35"), ["D44 {file}:4:time", "rows must be sorted"]),
    ("44 jitter", ("T00:15:00", "T00:15:01"), ["D44 {file}:3:time", "step changes here"]),
    ("47 kWh", ("kw", "kwh"), ["D06 {file}:1:kwh", "energy per interval? divide by the hours"]),
    ("47 energy", ("kw", "energy"), ["D06 {file}:1:energy", "energy per interval?"]),
    ("19 W", (",2.5", ",250000"), ['D19 {file}:3:kw = "250000"', "-100000 .. 100000 kW; W given? divide by 1000"]),
    ("6 column", ("kw", "kw,temp"), ["D06 {file}:1:temp", "unknown column", 'nearest: "time"']),
    ("6 spelling", ("time", "tiem"), ["D06 {file}:1:tiem", 'nearest: "time"', "D07 {file}:1:time", "column is missing"]),
    ("5 column twice", ("kw", "kw,kw"), ["D05 {file}:1:kw", "there twice"]),
    ("3 no header", ("time,kw\n", ""), ["D03 {file}:1", "no header line; it must be `time,kw`"]),
    ("53 day and month", ("2019-06-01T00:15:00-07:00", "06/01/2019 00:15"), ['D53 {file}:3:time = "06/01', "ISO 8601"]),
    ("53 date alone", ("2019-06-01T00:15:00-07:00", "2019-06-01"), ["D53 {file}:3:time", "ISO 8601"]),
    ("53 fraction", ("T00:15:00", "T00:15:00.5"), ["D53 {file}:3:time", "whole seconds"]),
    ("53 year", ("2019-06-01T00:15:00", "0019-06-01T00:15:00"), ["D53 {file}:3:time", "1970 .. 2199"]),
]  # fmt: skip


@pytest.mark.parametrize(("row", "edit", "expected"), TABLES, ids=[case[0] for case in TABLES])
def test_a_bad_table_is_named_with_row_column_and_value(
    table, row: str, edit: tuple[str, str], expected: list[str]
):
    assert edit[0] in GOOD
    path = table(GOOD.replace(*edit, 1))
    said = message(path)
    for part in expected:
        assert part.format(file=f"{path.parent.name}/load.csv") in said


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "D03"),
        (b"time,kw\n", "no rows below the header"),
        (b"time,kw\n2019-06-01T00:00:00Z,1\n", "at least two rows"),
        (b"time,kw\n2019-06-01T00:00:00Z,\xff\n", "D02"),
        ("time,kw\n".encode("utf-16"), "looks like UTF-16"),
        (b"time,kw\n2019-06-01T00:00:00Z,\0\n", "is NUL"),
        (b"time,kw\n" + b"x" * 200_000 + b",1\n", "field larger than field limit"),
        (b",".join([b"a"] * 2000) + b"\n", "2000 columns; at most 1000"),
    ],
)
def test_what_is_no_table_at_all(table, content: bytes, expected: str) -> None:
    assert expected in message(table(content))


def test_missing_file_and_folder(tmp_path: Path, table) -> None:
    table(GOOD)
    assert "nearest: load.csv" in message(tmp_path / "laod.csv")
    assert "is a directory" in message(tmp_path)


def test_file_over_the_size_cap(table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sims.csvfile.MAX_BYTES", 50)
    path = table(GOOD)
    assert f"has {len(GOOD)} bytes; at most 50 are read" in message(path)


def test_all_faults_of_a_table_at_once_first_rows_and_count(table) -> None:
    rows = [f"2019-06-01T{h:02d}:00:00Z,{'' if h > 2 else 'x'}" for h in range(20) if h not in {10, 11, 15}]
    said = message(table("\n".join(["time,kw", *rows])))
    assert "(3 rows: 2, 3, 4)" in said
    assert "(14 rows: 5, 6, 7, 8, 9, ...)" in said
    assert "D42" in said and "3 intervals of 3600 s in all (2 rows: 12, 15)" in said
    assert "3 faults, nothing was run" in said


def test_row_numbers_hold_over_blocks(table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sims.csvfile.BLOCK_ROWS", 3)
    rows = [f"2019-06-01T{h:02d}:00:00Z,{'x' if h == 19 else h}" for h in range(20)]
    assert ':21:kw = "x"' in message(table("\n".join(["time,kw", *rows])))
    whole = read_series(table("\n".join(["time,kw", *rows[:19]])), ("kw",), "UTC")
    assert whole.values["kw"].tolist() == list(range(19))


def test_several_power_columns(table) -> None:
    series = read_series(table(GOOD.replace("time,kw", "time,house 1_kw")), None, LA)
    assert list(series.values) == ["house 1_kw"]
    assert read_series(table(GOOD), None, LA).values.keys() == {"kw"}
    assert "unknown column" in message(table(GOOD.replace("kw", "house_w")), None)


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("co2_g_per_kwh", "0.4", "kg/kWh given? multiply by 1000"),
        ("co2_g_per_kwh", "-4", "0 .. 5000 g/kWh"),
        ("temperature_c", "293", "kelvin or fahrenheit"),
        ("price_per_kwh", "14.1", "per MWh or in cents given?"),
    ],
)
def test_units_that_only_a_slip_explains(table, column: str, value: str, expected: str) -> None:
    rows = [f"2019-06-01T{h:02d}:00:00Z,{value}" for h in range(3)]
    said = message(table("\n".join([f"time,{column}", *rows])), (column,))
    assert f":2:{column}" in said and expected in said


def test_negative_prices_are_legal(table) -> None:
    text = "time,price_per_kwh\n2019-06-01T00:00:00Z,-0.5\n2019-06-01T01:00:00Z,0\n"
    assert read_series(table(text), ("price_per_kwh",), "UTC").values["price_per_kwh"].tolist() == [-0.5, 0.0]


def local_quarter_hours(day: str, zone: str, *, offset: bool) -> list[str]:
    """All quarter hours of a local day, as its clocks show them."""
    tz = ZoneInfo(zone)
    start = datetime.fromisoformat(day).replace(tzinfo=tz)
    stop = (datetime.fromisoformat(day) + timedelta(days=1)).replace(tzinfo=tz)
    quarters = round((stop.timestamp() - start.timestamp()) / 900)
    shown = [datetime.fromtimestamp(start.timestamp() + 900 * k, tz) for k in range(quarters)]
    return [(at if offset else at.replace(tzinfo=None)).isoformat() for at in shown]


@pytest.mark.parametrize("zone", [LA, "Europe/Berlin"])
def test_spring_day_has_92_quarter_hours_with_or_without_offset(table, zone: str) -> None:
    day = "2019-03-10" if zone == LA else "2019-03-31"
    for offset in (True, False):
        times = local_quarter_hours(day, zone, offset=offset)
        series = read_series(table("\n".join(["time,kw", *(f"{t},1" for t in times)])), ("kw",), zone)
        assert len(series.time_s) == 92
        assert series.step_s == 900


def test_row_48_a_skipped_hour_is_an_error_with_row_and_two_ways_out(table) -> None:
    times = [f"2019-03-10T{k // 4:02d}:{15 * (k % 4):02d}:00" for k in range(96)]
    said = message(table("\n".join(["time,kw", *(f"{t},1" for t in times)])))
    assert ':10:time = "2019-03-10T02:00:00": does not exist in America/Los_Angeles' in said
    assert "D48" in said and "UTC offset" in said and "leave the skipped hour out" in said
    assert "(4 rows: 10, 11, 12, 13)" in said


def test_row_49_autumn_needs_offsets(table) -> None:
    times = local_quarter_hours("2019-11-03", LA, offset=False)
    assert len(times) == 100
    said = message(table("\n".join(["time,kw", *(f"{t},1" for t in times)])))
    assert ':6:time = "2019-11-03T01:00:00": comes twice in America/Los_Angeles' in said
    assert "D49" in said and "(8 rows: 6, 7, 8, 9, 10, ...)" in said
    with_offset = local_quarter_hours("2019-11-03", LA, offset=True)
    series = read_series(table("\n".join(["time,kw", *(f"{t},1" for t in with_offset)])), ("kw",), LA)
    assert len(series.time_s) == 100
    # offsets where they are needed are enough
    mixed = [w if 4 <= k < 12 else t for k, (t, w) in enumerate(zip(times, with_offset, strict=True))]
    again = read_series(table("\n".join(["time,kw", *(f"{t},1" for t in mixed)])), ("kw",), LA)
    np.testing.assert_array_equal(again.time_s, series.time_s)


@pytest.mark.parametrize(("days", "n_steps"), [(30, 2876), (31, 2972)])
def test_a_march_lacks_four_quarter_hours(table, days: int, n_steps: int) -> None:
    clock = Clock.from_local(datetime(2019, 3, 1), days, 900, LA)
    assert clock.n_steps == n_steps
    times = [clock.local_time(second).replace(tzinfo=None).isoformat() for second in clock.epoch_s().tolist()]
    path = table("\n".join(["time,kw", *(f"{t},{k}" for k, t in enumerate(times))]))
    np.testing.assert_array_equal(
        on_clock(read_series(path, ("kw",), LA), "kw", clock), np.arange(float(n_steps))
    )


def series_of(step_s: int, values: list[float], start_s: int = 0) -> Series:
    time_s = start_s + step_s * np.arange(len(values), dtype=np.int64)
    return Series(Path("data/load.csv"), time_s, step_s, {"kw": np.array(values)})


def test_row_45_a_file_that_does_not_cover_the_run_prints_both_ranges() -> None:
    start_s = round(datetime(2019, 6, 1, 7, tzinfo=UTC).timestamp())
    clock = Clock(start_s, 900, 4, LA)
    for shift in (-900, 900):
        with pytest.raises(DataError) as caught:
            on_clock(series_of(900, [1.0] * 4, start_s + shift), "kw", clock)
        said = str(caught.value)
        assert "D45 data/load.csv:kw" in said
        assert "the run needs 2019-06-01T00:00:00-07:00 .. 2019-06-01T01:00:00-07:00" in said
        assert ("file covers 2019-06-01T00:15:00-07:00" in said) == (shift > 0)


def test_row_46_steps_that_do_not_nest_are_refused() -> None:
    for step_s, start_s in ((420, 0), (900, -300)):
        with pytest.raises(DataError, match="do not nest"):
            on_clock(series_of(step_s, [1.0] * 50, start_s), "kw", Clock(0, 900, 4, "UTC"))


def test_unknown_column() -> None:
    with pytest.raises(DataError, match='nearest: "kw"'):
        on_clock(series_of(900, [1.0]), "kwh", Clock(0, 900, 1, "UTC"))


@given(
    steps_s=st.sampled_from([(900, 300), (300, 900), (900, 900), (3600, 60), (60, 3600), (1800, 900)]),
    before=st.integers(0, 5),
    values=st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=40),
)
def test_row_46_energy_stays_the_same_whatever_the_step(
    steps_s: tuple[int, int], before: int, values: list[float]
) -> None:
    file_s, run_s = steps_s
    per = max(file_s, run_s) // file_s
    inside = np.repeat(values, per) if per > 1 else np.array(values)
    shown = [*([7.0] * before), *inside.tolist(), 7.0]
    n_steps = len(inside) * file_s // run_s
    clock = Clock(0, run_s, n_steps, "UTC")
    result = on_clock(series_of(file_s, shown, -before * file_s), "kw", clock)
    assert result.shape == (n_steps,)
    assert result.sum() * run_s == pytest.approx(inside.sum() * file_s, rel=1e-12, abs=1e-6)
    if file_s >= run_s:
        np.testing.assert_array_equal(result, np.repeat(inside, file_s // run_s))


def test_a_run_may_start_inside_a_held_interval() -> None:
    held = on_clock(series_of(3600, [1.0, 2.0]), "kw", Clock(1800, 900, 4, "UTC"))
    assert held.tolist() == [1.0, 1.0, 2.0, 2.0]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_table_with_random_damage_gives_faults_or_a_series(table, data: st.DataObject) -> None:
    text = GOOD.encode()
    at = data.draw(st.integers(0, len(text)))
    cut = data.draw(st.integers(0, 20))
    damaged = text[:at] + data.draw(st.binary(max_size=6)) + text[at + cut :]
    try:
        series = read_series(table(damaged), ("kw",), LA)
    except DataError as error:
        assert error.faults
    else:
        assert np.isfinite(series.values["kw"]).all()
        assert (np.diff(series.time_s) == series.step_s).all()
