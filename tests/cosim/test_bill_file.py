"""Bills of load files: by hand, to the cent; the clock of the file; and everything a file can get wrong."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner, Result

import cosim
from cosim.bill_file import LoadBill
from cosim.cli import app
from cosim.file_zone import zone_of_file

LA, ROME = "America/Los_Angeles", "Europe/Rome"


def call(*words: object) -> Result:
    """Call the command line in this process; nothing unexpected may come out of it."""
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.output
    return result


def rows(zone: str, start: str, end: str, value: object, minutes: int = 15, shown: str | None = None) -> list:
    """Times and a value from local `start` to `end`, written on the clock of `shown`."""
    first, last = (datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)) for text in (start, end))
    at, written = first.astimezone(UTC), []
    while at < last:
        written.append(f"{at.astimezone(ZoneInfo(shown or zone)).isoformat()},{value}")
        at += timedelta(minutes=minutes)
    return written


@pytest.fixture
def table(tmp_path: Path) -> Callable[..., Path]:
    """Write a CSV file of some rows."""

    def write(lines: list[str], column: str = "kw", name: str = "load.csv") -> Path:
        path = tmp_path / name
        path.write_text("\n".join([f"time,{column}", *lines, ""]))
        return path

    return write


def sums(billed: LoadBill) -> dict[str, float]:
    (month,) = billed.as_json()["months"]
    return {kind: round(amount, 6) for kind, amount in month.items() if kind != "month"}


class TestByHand:
    """A constant load, so that every line is hours x kW x price."""

    def test_june_of_the_literature(self, table):
        # 25 days Monday to Saturday, 5 Sundays
        billed = cosim.bill_load(table(rows(LA, "2019-06-01", "2019-07-01", 100)), "svp_cb1_paper")
        energy = 25 * 16 * 100 * 0.141 + (25 * 8 + 5 * 24) * 100 * 0.113
        assert sums(billed) == {"energy": energy, "demand": 1010.0, "fixed": 0.0, "total": energy + 1010.0}
        assert round(energy, 2) == 9256.00

    def test_march_has_an_hour_less_on_a_sunday(self, table):
        billed = cosim.bill_load(table(rows(LA, "2023-03-01", "2023-04-01", 100)), "svp_cb1_2023h1")
        assert sums(billed)["energy"] == pytest.approx(6341.76 + 3514.30)  # 27 x 16 h, 27 x 8 + 4 x 24 - 1 h
        assert not any("stated for" in warning for warning in billed.warnings)

    def test_a_ratchet_with_the_months_before_and_a_customer_charge(self, table):
        load = table(rows(LA, "2026-03-01", "2026-04-01", 100))
        billed = cosim.bill_load(load, "svp_cb1_2026", demand_history_kw=[250.0, 300.0, 120.0])
        expected = {"energy": 743 * 100 * 0.16139, "demand": 200.0 * 12.14, "fixed": 100.45}
        assert sums(billed) == pytest.approx({**expected, "total": sum(expected.values())})
        assert billed.warnings == ()
        alone = cosim.bill_load(load, "svp_cb1_2026")
        assert sums(alone)["demand"] == pytest.approx(1214.0)
        assert any("no demand history" in warning for warning in alone.warnings)

    def test_a_utility_with_a_charge_a_day(self, table):
        billed = cosim.bill_load(table(rows(LA, "2026-07-01", "2026-08-01", 50)), "pge_b10_2026")
        energy = 50 * 31 * (5 * 0.33947 + 4 * 0.27778 + 15 * 0.24522)
        assert round(energy, 4) == 10054.4935
        assert sums(billed) == pytest.approx(
            {"energy": energy, "demand": 1025.0, "fixed": 352.43342, "total": energy + 1025.0 + 352.43342}
        )

    def test_several_demands_each_on_its_own_hours(self, table):
        lines = rows(LA, "2026-07-01", "2026-08-01", 50)
        for hour, kw in ((3, 90), (15, 80), (17, 70)):
            lines[24 * 4 + hour * 4] = lines[24 * 4 + hour * 4].replace(",50", f",{kw}")
        billed = cosim.bill_load(table(lines), "pge_b19_2026")
        assert sums(billed)["demand"] == pytest.approx(90 * 37.37 + 70 * 46.16 + 80 * 10.52)

    def test_italian_bands_with_a_holiday(self, table):
        # June 2023: 22 weekdays of which the 2nd is a holiday, 4 Saturdays, 4 Sundays; hourly is enough
        billed = cosim.bill_load(table(rows(ROME, "2023-06-01", "2023-07-01", 10, 60)), "it_fasce_2023")
        energy = 2310 * 0.1082 + 1690 * 0.11796 + 3200 * 0.09661
        assert sums(billed) == pytest.approx(
            {"energy": energy, "demand": 0.0, "fixed": 0.0, "adjustment": energy * 0.1 + 90.0,
             "total": 924.29104}
        )  # fmt: skip

    def test_a_market_price_with_losses_excise_and_vat(self, table):
        load = table(rows(ROME, "2024-02-01", "2024-03-01", 10, 60))
        prices = table(rows(ROME, "2024-02-01", "2024-03-01", 0.1, 60), "price_per_kwh", "prices.csv")
        billed = cosim.bill_load(load, "it_day_ahead", market_prices=prices)
        assert sums(billed)["energy"] == pytest.approx(852.6)  # 6,960 kWh at 1.1 x 0.1 + 0.0125
        assert billed.as_json()["total"] == pytest.approx(852.6 * 1.22)

    def test_partial_months_are_said(self, table):
        billed = cosim.bill_load(table(rows(LA, "2026-07-15", "2026-08-03", 50)), "svp_cb1_2026")
        told = [warning for warning in billed.warnings if "in part" in warning]
        assert told == [
            "2026-07 is covered in part, 2026-07-15 .. 2026-07-31, 17 of 31 days",
            "2026-08 is covered in part, 2026-08-01 .. 2026-08-02, 2 of 31 days",
        ]


NO_ZONE = """\
name = "mine"
currency = "USD"
source = "made up"

[[energy]]
name = "day"
price_per_kwh = 0.3
hours = [[8, 20]]

[[energy]]
name = "night"
price_per_kwh = 0.1
hours = [[20, 8]]
"""


class TestClock:
    """Whose hours the prices hold in."""

    @pytest.fixture
    def mine(self, tmp_path):
        path = tmp_path / "mine.toml"
        path.write_text(NO_ZONE)
        return str(path)

    def test_the_tariff_s_zone_whatever_the_file_is_written_in(self, table):
        local = cosim.bill_load(table(rows(LA, "2023-03-01", "2023-04-01", 100)), "svp_cb1_2023h1")
        utc = cosim.bill_load(table(rows(LA, "2023-03-01", "2023-04-01", 100, shown="UTC")), "svp_cb1_2023h1")
        assert utc.as_json() == local.as_json()

    def test_without_one_the_clock_the_file_is_written_in(self, table, mine):
        load = table(
            [*rows(LA, "2023-01-01", "2023-07-01", 10, 60), *rows(LA, "2023-07-01", "2024-01-01", 20, 60)]
        )
        told = cosim.bill_load(load, mine)
        assert told.clock.zone == LA
        assert any("--timezone says another" in warning for warning in told.warnings)
        asked = cosim.bill_load(load, mine, timezone=LA)
        assert asked.as_json() == told.as_json()
        assert asked.warnings == ()
        assert len(asked.months) == 12
        assert cosim.bill_load(load, mine, timezone=ROME).as_json() != told.as_json()

    @pytest.mark.parametrize(
        ("zone", "months", "found"),
        [
            (LA, ("06", "07"), "Etc/GMT+7"),
            (LA, ("01", "06"), LA),
            (ROME, ("01", "02"), "Etc/GMT-1"),
            (ROME, ("09", "12"), ROME),
            ("UTC", ("01", "12"), "UTC"),
            ("Asia/Kolkata", ("01", "02"), "Asia/Calcutta"),  # the same clock by another name
            ("Australia/Lord_Howe", ("03", "05"), "Australia/LHI"),
        ],
    )
    def test_that_clock_is_found(self, table, zone, months, found):
        first, last = months
        assert zone_of_file(table(rows(zone, f"2023-{first}-01", f"2023-{last}-01", 1, 60))) == found

    def test_times_without_offset_need_a_zone(self, table, mine):
        load = table([line.replace("-07:00", "") for line in rows(LA, "2023-06-01", "2023-06-03", 10)])
        result = call("bill", "--load", load, "--tariff", mine)
        assert result.exit_code == 2
        assert "its times have no offset" in result.stderr and "--timezone" in result.stderr
        assert call("bill", "--load", load, "--tariff", mine, "--timezone", LA).exit_code == 0

    def test_offsets_of_no_zone_are_refused(self, table, mine):
        load = table(["2023-06-01T00:00:00-07:00,1", "2023-06-01T09:15:00+02:00,1"])
        result = call("bill", "--load", load, "--tariff", mine)
        assert result.exit_code == 2
        assert "no time zone has all the offsets" in result.stderr


class TestCommand:
    def test_json_is_exactly_the_sums(self, table):
        load = table(rows(LA, "2019-06-01", "2019-07-01", 100))
        result = call("bill", "--load", load, "--tariff", "svp_cb1_paper", "--json")
        assert json.loads(result.stdout) == {
            "months": [{"month": "2019-06", "energy": 9256.0, "demand": 1010.0, "fixed": 0.0,
                        "total": 10266.0}],
            "total": 10266.0,
        }  # fmt: skip
        assert "is stated for 2023-07-01 .. 2023-12-31, the load lies outside" in result.stderr

    def test_further_kinds_are_further_keys_and_the_total_is_their_sum(self, table, tmp_path):
        mine = tmp_path / "mine.toml"
        mine.write_text(
            NO_ZONE.replace("price_per_kwh = 0.1\n", "price_per_kwh = 0.1\nexport_price_per_kwh = 0.05\n")
        )
        lines = rows(LA, "2023-06-01", "2023-06-30", 10)
        lines[0] = lines[0].replace(",10", ",-40")
        result = call("bill", "--load", table(lines), "--tariff", mine, "--json", "--timezone", LA)
        (month,) = json.loads(result.stdout)["months"]
        assert list(month) == ["month", "energy", "demand", "fixed", "export", "total"]
        assert month["export"] == -0.5
        assert month["total"] == pytest.approx(sum(month[k] for k in ("energy", "demand", "fixed", "export")))

    def test_for_people(self, table):
        lines = rows(LA, "2026-06-01", "2026-07-01", 100)
        lines[0] = lines[0].replace(",100", ",160")
        result = call(
            "bill", "--load", table(lines), "--tariff", "svp_cb1_2026", "--demand-history", "210,220"
        )
        for text in (
            "2026-06", "energy: energy, 72,015.0 kWh at 0.16139", "190.0 kW at 12.14", "customer charge",
            "total of the month", "160.0 kW   highest in billed hours, 2026-06-01 00:00",
        ):  # fmt: skip
            assert text in result.stdout
        assert result.stderr == ""


def faulty(lines: list[str], change: str) -> list[str]:
    """Rows with one thing wrong."""
    half = len(lines) // 2
    return {
        "gap": lines[:40] + lines[60:],
        "missing month": lines[: 24 * 4] + lines[24 * 4 * 35 :],
        "duplicate": [*lines[:10], lines[9], *lines[10:]],
        "unsorted": [lines[1], lines[0], *lines[2:]],
        "watts": [line.replace(",100", ",250000") for line in lines],
        "one": lines[:1],
        "none": [],
        "text": [*lines[:half], lines[half].replace(",100", ",n/a"), *lines[half + 1 :]],
    }[change]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("gap", "rows are missing before this time: 20 intervals of 900 s"),
        ("missing month", "rows are missing before this time"),
        ("duplicate", "same time as the row before"),
        ("unsorted", "rows must be sorted by time"),
        ("watts", "W given? divide by 1000"),
        ("one", "at least two rows are needed"),
        ("none", "no rows below the header"),
        ("text", "is no number"),
    ],
)
@pytest.mark.parametrize("tariff", ["flat", "svp_cb1_paper"])
def test_what_is_wrong_with_the_rows_is_said(table, change, said, tariff):
    lines = rows(LA, "2019-05-10", "2019-06-16", 100)
    result = call("bill", "--load", table(faulty(lines, change)), "--tariff", tariff)
    assert result.exit_code == 3
    assert said in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("column", ["kwh", "energy", "energy_kwh"])
def test_energy_for_power_is_refused(table, column):
    result = call(
        "bill", "--load", table(rows(LA, "2019-06-01", "2019-06-02", 1), column), "--tariff", "flat"
    )
    assert result.exit_code == 3
    assert "energy per interval? divide by the hours of the interval and name it kw" in result.stderr


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--tariff", "svp_cb1_papr"), 2, 'nearest: "svp_cb1_paper"'),
        (("--tariff", "nowhere.toml"), 3, "no such file"),
        (("--tariff", "flat", "--timezone", "America/Los_Angelos"), 2, 'nearest: "America/Los_Angeles"'),
        (("--tariff", "flat", "--market-prices", "prices.csv"), 2, "flat does not charge a market price"),
        (("--tariff", "it_day_ahead"), 2, "charges the market price: give a CSV file"),
        (("--tariff", "flat", "--demand-history", "210"), 2, "flat has no ratchet"),
        (("--tariff", "svp_cb1_2025", "--demand-history", "210;220"), 2, "separated by commas"),
        (("--tariff", "svp_cb1_2025", "--demand-history", "210000"), 2, "W given? divide by 1000"),
        (("--tariff", "svp_cb1_2025", "--demand-history", "peek demand=2"), 2, 'nearest: "peak demand"'),
    ],
)
def test_what_is_wrong_with_the_words_is_said(table, words, code, said):
    load = table(rows(LA, "2019-06-01", "2019-06-02", 100))
    result = call("bill", "--load", load, *words)
    assert result.exit_code == code
    assert said in result.stderr


def test_no_such_load(tmp_path):
    result = call("bill", "--load", tmp_path / "lod.csv", "--tariff", "flat")
    assert result.exit_code == 3
    assert "no such file" in result.stderr


def test_hours_fill_no_quarter_hour(table):
    load = table(rows(LA, "2019-06-01", "2019-06-03", 100, 60))
    assert call("bill", "--load", load, "--tariff", "flat").exit_code == 0
    result = call("bill", "--load", load, "--tariff", "svp_cb1_paper")
    assert result.exit_code == 3
    assert "intervals of 3600 s cannot fill demand windows of 900 s" in result.stderr


def test_minutes_are_averaged_to_the_window(table):
    lines = rows(LA, "2019-06-03", "2019-06-04", 60, 5)
    noon = 12 * 12
    lines[noon] = lines[noon].replace(",60", ",150")
    billed = cosim.bill_load(table(lines), "svp_cb1_paper")
    assert sums(billed)["demand"] == pytest.approx(90.0 * 10.10)


def test_intervals_that_cross_the_hour_are_refused(table):
    load = table(["2019-06-01T00:05:00-07:00,1", "2019-06-01T00:20:00-07:00,1"])
    result = call("bill", "--load", load, "--tariff", "flat")
    assert result.exit_code == 3
    assert "do not nest in clock hours" in result.stderr
