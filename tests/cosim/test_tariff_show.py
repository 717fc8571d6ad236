"""`cosim tariff show`: what it prints is what the tariff charges, at every month, kind of day and hour."""

import json
from datetime import date, datetime

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from cosim.cli import app
from cosim.tariff_named import tariff_named
from cosim.tariff_picture import tariff_picture
from cosim.tariff_table import days_named, hours_named, kinds_named, year_table
from sims.clock import Clock
from sims.signals.tariffs.files import list_tariffs
from sims.signals.tariffs.periods import MONTH_OF_DAY

RICH = """\
name = "rich"
currency = "EUR"
source = "made up"
derived = ["everything: it is an example"]
timezone = "Europe/Rome"

[[energy]]
name = "winter"
dates = [["11-15", "03-14"]]
tiers_per = "month"
tiers = [{ price_per_kwh = 0.12, up_to_kwh = 500 }, { price_per_kwh = 0.2 }]
export_price_per_kwh = 0.05

[[energy]]
name = "summer"
dates = [["03-15", "11-14"]]
price_per_kwh = 0.1

[[demand]]
name = "night"
hours = [[22, 6]]
days = ["mon", "tue", "wed", "thu", "fri"]
tiers = [{ price_per_kw = 3.0, up_to_kw = 100 }, { price_per_kw = 5.0 }]
minimum_kw = 20
ratchet = { rule = "percent", lookback_months = 12, percent = 60, months = [6, 7, 8] }

[[fixed]]
name = "meter"
amount = 12.123456
per = "month"

[[minimum]]
amount = 100
per = "year"

[[adjustments]]
name = "VAT"
percent = 22
of = ["energy", "demand"]

[[adjustments]]
name = "levy"
price_per_kwh = 0.01
"""


def call(*words: object) -> Result:
    """Call the command line in this process; nothing unexpected may come out of it."""
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.output
    return result


def shown(*words: object) -> str:
    result = call("tariff", "show", *words)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture
def rich(tmp_path):
    path = tmp_path / "rich.toml"
    path.write_text(RICH)
    return path


def kind_of(day: date, free: set[str]) -> str:
    """Kind of day as the tables call it."""
    return "holidays" if day.isoformat() in free else f"{day:%a}"


@pytest.mark.parametrize("name", list_tariffs())
def test_the_json_table_is_the_price_of_every_hour(name):
    told = json.loads(shown(name, "--json", "--year", 2027))
    free, days = set(told["holidays"]), ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "holidays")
    kinds = {"every day": days, "Mon-Sat": days[:6], "Mon-Fri": days[:5], "Sat-Sun, holidays": days[5:],
             "Sun, holidays": days[6:]}  # fmt: skip
    table = {
        kind: {row["months"]: row["price_per_kwh"] for row in part["rows"]}
        for part in told["tables"]
        for kind in kinds.get(part["days"], (part["days"],))
    }
    clock = Clock.from_local(datetime(2027, 1, 1), 365, 3600, "UTC")
    at = [clock.local_time(second) for second in clock.epoch_s().tolist()]
    expected = [table[kind_of(time.date(), free)][f"{time:%b}"][time.hour] for time in at]
    np.testing.assert_array_equal(tariff_named(name).price_per_kwh(clock.calendar()), expected)


def test_for_people():
    text = shown("sce_tou_ev_8_2019")
    for line in (
        "stated for  2019-06-01 .. 2019-12-31",
        "clock       America/Los_Angeles",
        "derived     no customer charge: the collection leaves it out",
        "    months 6-9: 00-16 0.12597 | 16-21 0.49619 | 21-24 0.12597",
        "    months 10-5: 00-08 0.13568 | 08-16 0.07724 | 16-21 0.297 | 21-24 0.13568",
        "  Sat-Sun, holidays",
        "Holidays of 2019 (US-CA)",
        "Thu 07-04",
    ):
        assert line in text
    assert "note        2031 lies outside" in shown("sce_tou_ev_8_2019", "--year", 2031)
    assert "lies outside" not in text


def test_demand_and_its_ratchet_in_words():
    text = shown("svp_cb1_2025")
    assert (
        "Demand [USD/kW and month], highest mean of 15 min\n  11.67  peak demand: Mon-Sat, 06-22, all year"
        in text
    )
    assert "billed is the mean of this month's and the highest of this month and the 11 months before" in text


def test_everything_a_tariff_can_have(rich):
    text = shown(rich)
    for line in (
        "    11-15..03-14: 00-24 0.12 / 0.2",
        "    03-15..11-14: 00-24 0.1",
        "  winter: 0.12 up to 500 kWh, 0.2 above in a month",
        "  0.05  winter",
        "  3 up to 100 kW, 5 above  night: Mon-Fri, 22-06, all year",
        "    at least 20 kW are billed",
        "    billed is at least 60 % of the highest of the 12 months before (of them only months 6, 7, 8)",
        "  12.123456 a month  meter",
        "  100 a year  at least, of energy, demand and fixed charges",
        "  22 % of energy, demand  VAT",
        "  0.01 a kWh  levy",
    ):
        assert line in text.splitlines()
    assert "on top of 1.1 x the market price" in shown("it_day_ahead")


def test_the_table_of_letters_splits_a_month_that_changes(rich):
    lines = shown(rich, "--table").splitlines()
    rows = {line[2:10].strip(): line.split()[-24:] for line in lines if line[2:5].strip() in MONTHS}
    assert rows["Feb"] == ["A"] * 24 and rows["Mar 1"] == ["A"] * 24
    assert rows["Mar 15"] == ["B"] * 24 and rows["Nov 14"] if "Nov 14" in rows else True
    assert rows["Nov 15"] == ["A"] * 24 and rows["Apr"] == ["B"] * 24
    assert "  A  0.12 / 0.2  winter" in lines and "  B  0.1  summer" in lines


MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def test_months_of_the_table_are_twelve_for_every_preset():
    for name in list_tariffs():
        for table in year_table(tariff_named(name))[1]:
            assert tuple(row for row, _ in table.month_rows()) == MONTHS


def test_the_picture_shows_the_prices_and_fetches_nothing(tmp_path):
    path = tmp_path / "t.html"
    assert str(path) in shown("sce_tou_ev_8_2019", "--picture", path)
    page = path.read_text()
    assert "default-src 'none'" in page and "Plotly.newPlot" in page
    assert "<script src" not in page and "<link" not in page
    weekdays, weekend = tariff_picture(tariff_named("sce_tou_ev_8_2019")).data
    assert np.array(weekdays.z).shape == np.array(weekend.z).shape == (12, 24)
    assert (weekdays.z[6][16], weekend.z[6][16], weekdays.z[0][8]) == (0.49619, 0.25563, 0.07724)
    assert weekdays.y[6] == "Jul"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("svp_cb1_papr",), 2, 'nearest: "svp_cb1_paper"'),
        (("nowhere.toml",), 3, "no such file"),
        (("flat", "--year", "26"), 2, "--year"),
    ],
)
def test_what_is_wrong_is_said(words, code, said):
    result = call("tariff", "show", *words)
    assert result.exit_code == code
    assert said in result.output


@pytest.mark.parametrize(
    ("hole", "said"),
    [
        (("[[6, 22]]", "[[7, 22]]"), r"no energy period covers 01-01, mon, 06:00"),
        (("[[6, 22]]", "[[5, 22]]"), r"two periods cover 01-01, mon, 05:00"),
    ],
)
def test_holes_and_overlaps_are_named(tmp_path, hole, said):
    path = tmp_path / "t.toml"
    from sims.signals.tariffs.files import PRESETS

    path.write_text((PRESETS / "svp_cb1_2025.toml").read_text().replace(*hole))
    result = call("tariff", "show", path)
    assert result.exit_code == 3
    assert said in result.stderr and "D58 t.toml" in result.stderr


class TestWords:
    @pytest.mark.parametrize(
        ("months", "said"),
        [((6,), "month 6"), ((6, 7, 8, 9), "months 6-9"), ((10, 11, 12, 1, 2), "months 10-2"),
         ((1, 3, 12), "months 12-1, 3"), (range(1, 13), "all year")],
    )  # fmt: skip
    def test_of_months(self, months, said):
        assert days_named(np.isin(MONTH_OF_DAY, tuple(months))) == said

    def test_of_dates(self):
        days = np.zeros(366, dtype=np.bool_)
        days[59:61] = True  # 29 February and 1 March
        assert days_named(days) == "02-29..03-01"

    @pytest.mark.parametrize(
        ("hours", "said"),
        [(range(24), "all day"), ((6, 7), "06-08"), ((22, 23, 0, 1), "22-02"), ((0, 5, 23), "23-01, 05-06")],
    )
    def test_of_hours(self, hours, said):
        assert hours_named(np.isin(np.arange(24), list(hours))) == said

    @pytest.mark.parametrize(
        ("kinds", "holidays", "said"),
        [(range(7), False, "every day"), (range(7), True, "Mon-Sun"), (range(8), True, "every day"),
         ((0, 2, 6, 7), True, "Mon, Wed, Sun, holidays"), ((7,), True, "holidays")],
    )  # fmt: skip
    def test_of_days(self, kinds, holidays, said):
        assert kinds_named(kinds, all_kinds=holidays) == said
