"""Ember's hourly prices: files written by hand, over the days clocks change, and what is wrong with some."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from sims.clock import Clock
from sims.faults import DataError
from sims.signals.market.ember import read_ember
from sims.tables import on_clock

ROME = "Europe/Rome"
HEADER = "Country,ISO3 Code,Datetime (UTC),Datetime (Local),Price (EUR/MWhe)"


def rows(
    first: datetime, hours: int, country: str = "Italy", code: str = "ITA", zone: str = ROME
) -> list[str]:
    """Hours from a UTC instant; the price is the number of the hour less 2.5, so that it starts negative."""
    instants = [first + timedelta(hours=h) for h in range(hours)]
    return [
        f"{country},{code},{at:%Y-%m-%d %H:%M:%S},{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S},{h - 2.5}"
        for h, at in enumerate(instants)
    ]


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    def write(lines: list[str], header: str = HEADER) -> Path:
        path = tmp_path / "Italy.csv"
        path.write_text("\n".join([header, *lines, ""]))
        return path

    return write


MARCH, OCTOBER = datetime(2023, 3, 25, 23, tzinfo=UTC), datetime(2023, 10, 28, 22, tzinfo=UTC)


@pytest.mark.parametrize(("first", "hours", "day"), [
    (MARCH, 23, datetime(2023, 3, 26)), (OCTOBER, 25, datetime(2023, 10, 29)),
])  # fmt: skip
def test_utc_is_the_truth_on_the_days_clocks_change(file, first, hours, day):
    """In local time one hour is missing in March and one is there twice in October; in UTC none is."""
    series = read_ember(file(rows(first, hours)), None, ROME)
    clock = Clock.from_local(day, 1, 900, ROME)
    laid = on_clock(series, "price_per_kwh", clock)
    np.testing.assert_allclose(laid, np.repeat((np.arange(hours) - 2.5) * 1e-3, 4)[: len(laid)], atol=1e-15)
    assert (clock.n_steps, laid[0]) == (4 * hours, pytest.approx(-0.0025))


def test_prices_are_told_per_kwh_and_stay_negative(file):
    series = read_ember(file(rows(MARCH, 6)), None, ROME)
    assert series.step_s == 3600
    np.testing.assert_allclose(
        series.values["price_per_kwh"], [-0.0025, -0.0015, -0.0005, 0.0005, 0.0015, 0.0025]
    )


@pytest.mark.parametrize("header", [
    HEADER,
    "Country,ISO3,Datetime (UTC),Datetime (Local),Price",
    "Country,ISO3 Code,Datetime (UTC),Datetime (Local),Price (EUR/MWh)",
])  # fmt: skip
def test_the_spellings_of_the_header(file, header):
    assert read_ember(file(rows(MARCH, 5), header), "Italy", ROME).values["price_per_kwh"][0] == -0.0025


@pytest.mark.parametrize("country", ["Italy", "italy", "ITA"])
def test_one_country_of_many(file, country):
    others = rows(MARCH, 5, "Germany", "DEU") + rows(MARCH, 4) + rows(MARCH, 5, "Spain", "ESP")
    series = read_ember(file(others), country, ROME)
    assert len(series.time_s) == 4
    with pytest.raises(DataError, match=r'3 countries; choose one, for example country = "Germany"'):
        read_ember(file(others), None, ROME)
    with pytest.raises(DataError, match=r'"Itly": the file has no row of it; nearest: "Italy"'):
        read_ember(file(others), "Itly", ROME)


def test_a_file_with_codes_alone(file):
    lines = [line.partition(",")[2] for line in rows(MARCH, 4) + rows(MARCH, 4, "Spain", "ESP")]
    path = file(lines, HEADER.partition(",")[2])
    assert len(read_ember(path, "ITA", ROME).time_s) == 4


def _without(k: int) -> Callable[[list[str]], list[str]]:
    return lambda lines: lines[:k] + lines[k + 1 :]


def _priced(text: str) -> Callable[[list[str]], list[str]]:
    return lambda lines: [f"{lines[0].rpartition(',')[0]},{text}", *lines[1:]]


BAD = [
    ("gap", _without(3), r"D42 .*Italy.csv:5:time.*rows are missing before this time: 1 intervals"),
    ("twice", lambda lines: [lines[0], *lines], "same time as the row before"),
    ("unsorted", lambda lines: [*lines[4:], *lines[:4]], "earlier than the row before"),
    ("nan", _priced("NaN"), r'D40 .*Italy.csv:2:Price \(EUR/MWhe\) = "NaN": must be finite'),
    ("empty", _priced(""), "D41 .*empty cell"),
    ("comma", _priced('"91,7"'), "decimal comma"),
    ("1e6", _priced("1000000"), r'D57 .*= "1e\+06": outside \+-10000 EUR/MWh; in cents\?'),
    ("time", lambda rest: [rest[0].replace("2023-03-25", "25/03/2023"), *rest[1:]], "D53 .*is no ISO 8601"),
    ("no rows", lambda lines: [], "no rows below the header"),
    ("one row", lambda lines: lines[:1], "at least two rows"),
]  # fmt: skip


@pytest.mark.parametrize(("edit", "said"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_what_is_wrong_is_named(file, edit, said):
    with pytest.raises(DataError, match=said):
        read_ember(file(edit(rows(MARCH, 8))), None, ROME)


def test_the_gap_is_named_by_its_local_hour(file):
    with pytest.raises(DataError, match=r"2023-03-26T04:00:00\+02:00"):
        read_ember(file(_without(2)(rows(MARCH, 8))), None, ROME)


def test_a_file_in_kwh_already_is_refused(file):
    lines = [f"{line.rpartition(',')[0]},0.0917" for line in rows(MARCH, 8)]
    with pytest.raises(DataError, match="no price beyond 2 EUR/MWh: per kWh given"):
        read_ember(file(lines), None, ROME)


def test_another_layout_is_refused(file):
    with pytest.raises(DataError, match=r"Datetime \(UTC\): column is missing"):
        read_ember(file(["2023-01-01T00:00:00,91.7"], "time,Price"), None, ROME)
