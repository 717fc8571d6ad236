"""Every shipped tariff, hour by hour against plain datetime code that reads its file by itself.

The holidays here come from their rules (fixed dates, the n-th weekday of a month, Easter), not from the
package the product asks.
"""

import tomllib
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from sims.clock import Clock
from sims.faults import DataError
from sims.signals.tariffs.files import PRESETS, list_tariffs, load_tariff

YEARS = (2019, 2020, 2023, 2026, 2027)  # 2020 has a 29 February; holidays fall on Saturday, Sunday, weekdays
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EVERY_DAY = [*DAYS, "holiday"]
HOUR = timedelta(hours=1)


def easter(year: int) -> date:
    """Easter Sunday (Butcher, Ecclesiastical Almanac, 1876)."""
    a, b, c = year % 19, year // 100, year % 100
    h = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    k = (32 + 2 * (b % 4) + 2 * (c // 4) - h - c % 4) % 7
    month, day = divmod(h + k - 7 * ((a + 11 * h + 22 * k) // 451) + 114, 31)
    return date(year, month, day + 1)


def italian_holidays(year: int) -> set[date]:
    """Days the Italian bands count as holidays (resolution 181/06)."""
    fixed = ((1, 1), (1, 6), (4, 25), (5, 1), (6, 2), (8, 15), (11, 1), (12, 8), (12, 25), (12, 26))
    return {date(year, *day) for day in fixed} | {easter(year) + timedelta(days=1)}


def nth(year: int, month: int, weekday: int, number: int) -> date:
    """The n-th (or, with -1, last) such weekday of a month."""
    first_next = date(year + month // 12, month % 12 + 1, 1)
    found = [
        day
        for day in (date(year, month, 1) + timedelta(days=i) for i in range(31))
        if day < first_next and day.weekday() == weekday
    ]
    return found[number - 1 if number > 0 else number]


def californian_holidays(year: int) -> set[date]:
    """Eight holidays of the Californian utilities: Sunday moves to Monday, Saturday moves nothing."""
    fixed = [date(year, 1, 1), date(year, 7, 4), date(year, 11, 11), date(year, 12, 25)]
    moved = [day + timedelta(days=1) for day in fixed if day.weekday() == 6]
    return {
        *fixed,
        *moved,
        nth(year, 2, 0, 3),
        nth(year, 5, 0, -1),
        nth(year, 9, 0, 1),
        nth(year, 11, 3, 4),
    }


HOLIDAYS = {"IT": italian_holidays, "US-CA": californian_holidays, None: lambda year: set()}


def entries_of(raw: dict, day: date, free: set[date], kind: str = "energy") -> list[dict]:
    """Periods of the file that hold on some hour of a day."""
    day_type = "holiday" if day in free else DAYS[day.weekday()]
    assert all("dates" not in entry for entry in raw.get(kind, ()))
    return [
        entry
        for entry in raw.get(kind, ())
        if day.month in entry.get("months", range(1, 13)) and day_type in entry.get("days", EVERY_DAY)
    ]


def holds(entry: dict, hour: int) -> bool:
    return any(
        start <= hour < end if start < end else hour >= start or hour < end
        for start, end in entry.get("hours", [[0, 24]])
    )


def read(name: str) -> dict:
    return tomllib.loads((PRESETS / f"{name}.toml").read_text())


def year_of(name: str, year: int, step_s: int) -> Clock:
    zone = read(name).get("timezone", "Europe/Rome")
    days = (date(year + 1, 1, 1) - date(year, 1, 1)).days
    return Clock.from_local(datetime(year, 1, 1), days, step_s, zone)


@pytest.mark.parametrize("year", YEARS)
@pytest.mark.parametrize("name", list_tariffs())
class TestEveryHour:
    def test_has_one_price_and_it_is_the_file_s(self, name, year):
        raw, clock = read(name), year_of(name, year, 3600)
        free = HOLIDAYS[raw.get("holidays")](year)
        zone, expected, at = ZoneInfo(clock.zone), [], datetime.fromtimestamp(clock.start_s, UTC)
        today, entries = None, []
        for _ in range(clock.n_steps):
            local = at.astimezone(zone)
            if local.date() != today:
                today = local.date()
                entries = entries_of(raw, today, free)
            found = [entry["price_per_kwh"] for entry in entries if holds(entry, local.hour)]
            assert len(found) == 1, f"{name}, {local}: {found}"
            expected += found
            at += HOUR
        prices = load_tariff(name, PRESETS).price_per_kwh(clock.calendar())
        np.testing.assert_array_equal(prices, expected)

    def test_demand_counts_when_the_file_says(self, name, year):
        raw, clock = read(name), year_of(name, year, 3600)
        free, zone = HOLIDAYS[raw.get("holidays")](year), ZoneInfo(clock.zone)
        tariff, calendar = load_tariff(name, PRESETS), clock.calendar()
        at = [datetime.fromtimestamp(s, UTC).astimezone(zone) for s in clock.epoch_s().tolist()[::7]]
        for entry, period in zip(raw.get("demand", ()), tariff.demand, strict=True):
            inside = [entry in entries_of(raw, t.date(), free, "demand") and holds(entry, t.hour) for t in at]
            np.testing.assert_array_equal(tariff.holds(period, calendar)[::7], inside)


@pytest.mark.parametrize("name", list_tariffs())
@pytest.mark.parametrize(
    "change", [date(2026, 3, 8), date(2026, 3, 29), date(2026, 10, 25), date(2026, 11, 1)]
)
def test_quarter_hours_of_the_days_the_clock_changes(name, change):
    raw = read(name)
    zone = raw.get("timezone", "Europe/Rome")
    clock = Clock.from_local(datetime(change.year, change.month, change.day), 1, 900, zone)
    free = HOLIDAYS[raw.get("holidays")](change.year)
    entries = entries_of(raw, change, free)
    expected = [
        next(entry["price_per_kwh"] for entry in entries if holds(entry, clock.local_time(s).hour))
        for s in clock.epoch_s().tolist()
    ]
    assert len(expected) in (92, 96, 100)
    np.testing.assert_array_equal(load_tariff(name, PRESETS).price_per_kwh(clock.calendar()), expected)


# what the source states: local time -> price, then each demand, fixed charge and adjustment
STATED = {
    "flat": ({"2026-02-01T00:00": 0.15}, [], [], []),
    "svp_cb1_paper": (
        {"2023-07-03T05:45": 0.113, "2023-07-03T06:00": 0.141, "2023-07-08T21:45": 0.141,
         "2023-07-08T22:00": 0.113, "2023-07-09T12:00": 0.113}, [10.10], [], [],
    ),
    "svp_cb1_2023h1": ({"2023-01-02T06:00": 0.1468, "2023-01-02T05:00": 0.113}, [9.62], [], []),
    "svp_cb1_2023h2": ({"2023-07-03T06:00": 0.1541, "2023-07-09T06:00": 0.1186}, [10.10], [], []),
    "svp_cb1_2025": ({"2025-01-04T21:00": 0.178, "2025-01-04T22:00": 0.137}, [11.67], [], []),
    "svp_cb1_2026": ({"2026-01-01T00:00": 0.16139}, [12.14], [(100.45, "month")], []),
    "pge_b10_2026": (
        {"2026-07-15T17:00": 0.33947, "2026-07-15T14:00": 0.27778, "2026-07-15T22:45": 0.27778,
         "2026-07-15T23:00": 0.24522, "2026-01-15T17:00": 0.26321, "2026-01-15T10:00": 0.22773,
         "2026-03-01T10:00": 0.19139, "2026-05-31T13:45": 0.19139, "2026-05-31T14:00": 0.22773,
         "2026-06-01T16:00": 0.33947, "2026-09-30T20:45": 0.33947, "2026-10-01T16:00": 0.26321,
         "2026-07-04T17:00": 0.33947}, [20.50], [(11.36882, "day")], [],
    ),
    "pge_b19_2026": (
        {"2026-07-15T17:00": 0.18648, "2026-07-15T15:45": 0.14775, "2026-07-15T00:00": 0.12037,
         "2026-12-25T20:00": 0.16188, "2026-04-05T09:00": 0.06442, "2026-11-15T09:00": 0.12026},
        [37.37, 46.16, 10.52, 2.31], [(58.62824, "day")], [],
    ),
    "sce_tou_ev_4_2019": (
        {"2019-07-05T12:00": 0.26668, "2019-07-05T11:45": 0.0925, "2019-07-05T22:45": 0.0925,
         "2019-07-05T23:00": 0.05623, "2019-07-04T13:00": 0.05623, "2019-07-06T13:00": 0.05623,
         "2019-10-01T13:00": 0.0869, "2019-10-01T08:00": 0.07492, "2019-10-01T07:45": 0.06087,
         "2019-11-28T13:00": 0.06087}, [15.51], [], [],
    ),
    "sce_tou_ev_8_2019": (
        {"2019-07-05T16:00": 0.49619, "2019-07-04T16:00": 0.25563, "2019-07-06T20:45": 0.25563,
         "2019-07-06T21:00": 0.12597, "2019-12-02T16:00": 0.297, "2019-12-02T08:00": 0.07724,
         "2019-12-02T21:00": 0.13568, "2019-09-30T16:00": 0.49619, "2019-10-01T16:00": 0.297}, [], [], [],
    ),
    "it_fasce_2023": (
        {"2023-01-09T08:00": 0.19624, "2023-01-09T07:00": 0.18424, "2023-01-09T23:00": 0.1551,
         "2023-01-06T12:00": 0.1551, "2023-08-15T12:00": 0.10448, "2023-08-16T12:00": 0.11026,
         "2023-04-10T12:00": 0.1264, "2023-12-30T22:45": 0.11869, "2023-12-31T22:45": 0.10536,
         "2023-10-02T19:00": 0.14863, "2023-07-17T18:45": 0.11491},
        [], [], [("network losses", 10.0, None), ("excise", None, 0.0125)],
    ),
    "it_day_ahead": ({"2024-02-29T12:00": 0.0125}, [], [], [("VAT", 22.0, None)]),
}  # fmt: skip


@pytest.mark.parametrize("name", list_tariffs())
class TestSource:
    def test_prices_are_those_the_source_states(self, name):
        prices, demand, fixed, adjustments = STATED[name]
        tariff = load_tariff(name, PRESETS)
        zone = tariff.timezone or "Europe/Rome"
        for local, price in prices.items():
            start_s = int(datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone)).timestamp())
            calendar = Clock(start_s, 900, 1, zone).calendar()
            assert tariff.price_per_kwh(calendar).tolist() == [price], local
        assert [period.price_per_kw for period in tariff.demand] == demand
        assert [(charge.amount, charge.per) for charge in tariff.fixed] == fixed
        told = [(part.name, part.percent, part.price_per_kwh) for part in tariff.adjustments]
        assert told == adjustments

    def test_says_where_it_holds_and_since_when(self, name):
        raw = read(name)
        assert raw["name"] == name
        assert raw["source"]
        if name != "flat":
            assert ZoneInfo(raw["timezone"])
            assert raw["effective_from"] < raw["effective_until"]


# monthly PUN of 2023 by band, EUR/MWh: F1, F2, F3 from January
PUN_2023 = (
    (196.24, 184.24, 155.10), (174.33, 172.89, 144.22), (139.78, 151.95, 124.66), (135.55, 152.05, 126.40),
    (109.99, 119.81, 95.11), (108.20, 117.96, 96.61), (114.91, 122.32, 104.34), (110.26, 128.12, 104.48),
    (118.55, 128.08, 105.99), (144.56, 148.63, 119.08), (139.73, 128.26, 105.30), (131.87, 118.69, 105.36),
)  # fmt: skip


@pytest.mark.parametrize("month", range(1, 13))
def test_italian_bands_have_the_market_price_of_their_month(month):
    tuesday = nth(2023, month, 1, 2)
    assert tuesday not in italian_holidays(2023) or month == 8
    clock = Clock.from_local(datetime(2023, month, 16 if month == 8 else tuesday.day), 1, 3600, "Europe/Rome")
    prices = load_tariff("it_fasce_2023", PRESETS).price_per_kwh(clock.calendar())
    f1, f2, f3 = PUN_2023[month - 1]
    expected = np.array([f3] * 7 + [f2] + [f1] * 11 + [f2] * 4 + [f3]) / 1000.0
    np.testing.assert_allclose(prices, expected, rtol=1e-12)


def test_the_day_ahead_price_is_passed_on_with_losses_and_excise():
    clock = Clock.from_local(datetime(2024, 3, 1), 1, 3600, "Europe/Rome")
    market = np.linspace(-0.05, 0.15, 24)
    prices = load_tariff("it_day_ahead", PRESETS).price_per_kwh(clock.calendar(), market)
    np.testing.assert_allclose(prices, 1.10 * market + 0.0125)


class TestHolidayNames:
    def tariff(self, tmp_path, *lines):
        text = (PRESETS / "sce_tou_ev_8_2019.toml").read_text()
        for old, new in lines:
            assert old in text
            text = text.replace(old, new)
        (tmp_path / "t.toml").write_text(text)
        return load_tariff("t.toml", tmp_path)

    def days(self, tariff, year):
        return {date.fromordinal(day) for day in tariff.holiday_dates((year,)).tolist()}

    @pytest.mark.parametrize("year", range(2019, 2030))
    def test_keep_the_utility_s_days(self, year):
        assert self.days(load_tariff("sce_tou_ev_8_2019", PRESETS), year) == californian_holidays(year)
        assert self.days(load_tariff("it_fasce_2023", PRESETS), year) == italian_holidays(year)

    def test_without_names_all_are_holidays(self, tmp_path):
        names = '"Thanksgiving Day", "Christmas Day",\n]'
        text = (PRESETS / "sce_tou_ev_8_2019.toml").read_text()
        start, end = text.index("holiday_names"), text.index(names) + len(names)
        every = self.tariff(tmp_path, (text[start:end], ""))
        assert date(2019, 1, 21) in self.days(every, 2019)  # Martin Luther King Jr. Day
        assert date(2026, 7, 3) not in self.days(every, 2026)
        as_observed = self.tariff(tmp_path, (text[start:end], ""), ('"stay"', '"as_observed"'))
        assert date(2026, 7, 3) in self.days(as_observed, 2026)

    def test_an_unknown_name_gets_the_nearest(self, tmp_path):
        with pytest.raises(
            DataError, match='"President Day": no holiday of US-CA; nearest: "Presidents\' Day"'
        ):
            self.tariff(tmp_path, ("Presidents' Day", "President Day"))

    def test_names_of_nobody_are_refused(self, tmp_path):
        with pytest.raises(DataError, match="which holidays are kept is said, but not whose"):
            self.tariff(tmp_path, ('holidays = "US-CA"', ""), (', "holiday"', ""))

    def test_a_wrong_zone_gets_the_nearest(self, tmp_path):
        with pytest.raises(
            DataError, match=r'"America/Los_Angelos": no IANA .*nearest: "America/Los_Angeles"'
        ):
            self.tariff(tmp_path, ("Los_Angeles", "Los_Angelos"))


class TestPricesInCents:
    @pytest.mark.parametrize("price", ["15.0", "9.5", "1e6", "-15.0", "nan"])
    def test_are_refused(self, tmp_path, price):
        text = (PRESETS / "flat.toml").read_text().replace("= 0.15", f"= {price}")
        (tmp_path / "t.toml").write_text(text)
        with pytest.raises(DataError, match=r"D57 t\.toml energy") as caught:
            load_tariff("t.toml", tmp_path)
        assert ("cents given? divide by 100" in str(caught.value)) == (price != "nan")

    def test_of_demand_too(self, tmp_path):
        text = (PRESETS / "svp_cb1_2025.toml").read_text().replace("= 11.67", "= 1167")
        (tmp_path / "t.toml").write_text(text)
        with pytest.raises(DataError, match=r"demand\.0\.price_per_kw: 1167: .* cents given\?"):
            load_tariff("t.toml", tmp_path)
