"""Tariffs: each hour has one price, faults are named by month, day and hour, and local hours are local."""

from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from sims.clock import Clock
from sims.faults import DataError, ScenarioError
from sims.signals.tariffs.files import PRESETS, list_tariffs, load_tariff
from sims.signals.tariffs.tariff import DemandPeriod, EnergyPeriod, Tariff

LA = "America/Los_Angeles"
WORKDAYS = ("mon", "tue", "wed", "thu", "fri")
WINTER = (11, 12, 1, 2, 3)
SUMMER = (4, 5, 6, 7, 8, 9, 10)


def energy(name, price_per_kwh, **when):
    return EnergyPeriod(name=name, price_per_kwh=price_per_kwh, **when)


def tariff(*periods, **other):
    return Tariff(name="t", currency="EUR", source="made up", energy=periods, **other)


class TestCover:
    def test_a_season_over_new_year_a_weekend_and_a_night_are_legal(self):
        one = tariff(
            energy("winter", 0.3, months=WINTER),
            energy("weekend", 0.1, months=SUMMER, days=("sat", "sun")),
            energy("day", 0.4, months=SUMMER, days=WORKDAYS, hours=((7, 23),)),
            energy("night", 0.2, months=SUMMER, days=WORKDAYS, hours=((0, 7), (23, 24))),
        )
        covered = np.sum([period.table() for period in one.energy], axis=0)
        assert covered.shape == (366, 8, 24)
        assert (covered[:, :7] == 1).all()

    def test_a_hole_is_named(self):
        winter_night = energy("night", 0.2, hours=((22, 24),), months=WINTER, days=WORKDAYS)
        rest = energy("rest", 0.2, hours=((22, 24),), months=SUMMER)
        with pytest.raises(
            ValidationError,
            match=r"no energy period covers 01-01, sat, 22:00 \(608 such hours",
        ):
            tariff(energy("day", 0.4, hours=((0, 22),)), winter_night, rest)

    def test_no_period_at_all_is_one_hole(self):
        with pytest.raises(ValidationError, match=r"covers 01-01, mon, 00:00 \(61488 such hours"):
            tariff()

    def test_an_overlap_is_named(self):
        with pytest.raises(ValidationError, match=r"two periods cover 07-01, sun, 06:00 \(31 such hours"):
            tariff(energy("all", 0.1), energy("more", 0.2, months=(7,), days=("sun",), hours=((6, 7),)))

    def test_midnight_is_the_end_of_a_day_and_the_start_of_one(self):
        night = energy("night", 0.2, hours=((22, 24), (0, 6)))
        assert np.flatnonzero(night.table()[0, 0]).tolist() == [0, 1, 2, 3, 4, 5, 22, 23]

    def test_over_midnight_means_the_late_and_the_early_hours_of_the_day(self):
        night = energy("night", 0.2, hours=((22, 6),), days=("sat",))
        assert np.flatnonzero(night.table()[0, 5]).tolist() == [0, 1, 2, 3, 4, 5, 22, 23]
        assert not night.table()[:, 6].any()

    def test_no_hour_at_all_is_refused(self):
        with pytest.raises(ValidationError, match=r"hours \[6, 6\] are empty; the whole day is \[0, 24\]"):
            energy("night", 0.2, hours=((6, 6),))

    @pytest.mark.parametrize("wrong", [{"hours": ((0, 25),)}, {"months": (0,)}, {"days": ("monday",)}])
    def test_what_no_calendar_has_is_refused(self, wrong):
        with pytest.raises(ValidationError):
            energy("x", 0.2, **wrong)

    @pytest.mark.parametrize("price", [float("nan"), float("inf"), 14.1])
    def test_a_price_in_cents_or_none_at_all_is_refused(self, price):
        with pytest.raises(ValidationError, match="price_per_kwh"):
            energy("x", price)

    def test_negative_prices_are_legal(self):
        assert energy("wind", -0.05).price_per_kwh == -0.05


DAY = tariff(
    energy("night", 0.1, hours=((0, 6), (22, 24))),
    energy("day", 0.3, hours=((6, 22),)),
    demand=(DemandPeriod(name="day", price_per_kw=10.0, hours=((6, 22),), days=WORKDAYS),),
)


# Los Angeles   2019-03-10: 02:00 is skipped       2019-11-03: 01:00 comes twice
# UTC offset    -8 h, then -7 h                    -7 h, then -8 h
class TestLocalHours:
    @pytest.mark.parametrize(
        ("day", "first", "last"),
        [
            (datetime(2019, 3, 10), 5, 21),  # 6 h on the clock are 5 h after midnight
            (datetime(2019, 11, 3), 7, 23),
            (datetime(2019, 6, 3), 6, 22),
        ],
    )
    def test_day_prices_hold_by_the_local_clock(self, day, first, last):
        clock = Clock.from_local(day, 1, 900, LA)
        dear = np.flatnonzero(DAY.price_per_kwh(clock.calendar()) == 0.3)
        assert (dear[0], dear[-1] + 1) == (4 * first, 4 * last)
        assert len(dear) == 64

    def test_the_day_after_a_change_is_like_the_day_before(self):
        clock = Clock.from_local(datetime(2019, 3, 9), 3, 900, LA)
        prices = DAY.price_per_kwh(clock.calendar())
        np.testing.assert_array_equal(prices[:96], prices[-96:])

    def test_demand_counts_inside_its_period_only(self):
        clock = Clock.from_local(datetime(2019, 6, 1), 3, 900, LA)  # Saturday to Monday
        inside = np.flatnonzero(DAY.in_demand_window(clock.calendar()))
        assert (inside[0], inside[-1] + 1, len(inside)) == (192 + 24, 192 + 88, 64)


class TestEffective:
    def test_dates_are_inclusive(self):
        one = tariff(energy("all", 0.1), effective_from=date(2019, 6, 1), effective_until=date(2019, 6, 30))
        assert one.is_effective(Clock.from_local(datetime(2019, 6, 1), 30, 900, LA))
        assert not one.is_effective(Clock.from_local(datetime(2019, 6, 1), 31, 900, LA))
        assert not one.is_effective(Clock.from_local(datetime(2019, 5, 31), 2, 900, LA))


class TestFiles:
    @pytest.mark.parametrize("name", list_tariffs())
    def test_every_preset_loads_and_is_named_as_its_file(self, name):
        loaded = load_tariff(name, Path())
        assert loaded.name == name
        assert loaded.source

    def test_presets_are_listed(self):
        assert list_tariffs() == sorted(path.stem for path in PRESETS.glob("*.toml"))
        assert "svp_cb1_paper" in list_tariffs()

    def test_prices_of_the_literature(self):
        svp = load_tariff("svp_cb1_paper", Path())
        clock = Clock.from_local(datetime(2019, 6, 1), 7, 3600, LA)  # Saturday first
        prices = svp.price_per_kwh(clock.calendar()).reshape(7, 24)
        assert prices[1].tolist() == [0.113] * 24
        for day in (0, 2, 3, 4, 5, 6):
            assert prices[day].tolist() == [0.113] * 6 + [0.141] * 16 + [0.113] * 2
        assert (
            svp.in_demand_window(clock.calendar()).reshape(7, 24).sum(axis=1).tolist() == [16, 0] + [16] * 5
        )

    def test_a_wrong_name_gets_the_nearest_right_one(self):
        with pytest.raises(
            ScenarioError, match=r'"svp_cb1_papr": no such tariff .*; nearest: "svp_cb1_paper"'
        ):
            load_tariff("svp_cb1_papr", Path())

    def test_a_file_beside_the_scenario(self, tmp_path):
        text = (PRESETS / "flat.toml").read_text().replace('name = "flat"', 'name = "mine"')
        (tmp_path / "mine.toml").write_text(text)
        assert load_tariff("mine.toml", tmp_path).name == "mine"

    def test_all_faults_of_a_file_at_once(self, tmp_path):
        text = (PRESETS / "flat.toml").read_text()
        text = text.replace("= 0.15", "= 15.0").replace('"USD"', '"USX"') + "colour = 1\n"
        (tmp_path / "bad.toml").write_text(text)
        with pytest.raises(DataError) as caught:
            load_tariff("bad.toml", tmp_path)
        assert len(caught.value.faults) == 3
        for word in ("currency", "price_per_kwh", "colour"):
            assert word in str(caught.value)

    def test_what_is_no_toml(self, tmp_path):
        (tmp_path / "bad.toml").write_text("name = ")
        with pytest.raises(DataError, match=r"bad\.toml: not readable as TOML"):
            load_tariff("bad.toml", tmp_path)


def test_tariffs_stay_comparable_after_they_were_looked_up():
    """A cache inside would be compared as well, and arrays cannot be."""
    one, other = (tariff(energy("all", 0.1), demand=DAY.demand) for _ in range(2))
    calendar = Clock(0, 3600, 24, "UTC").calendar()
    np.testing.assert_array_equal(one.price_per_kwh(calendar), other.price_per_kwh(calendar))
    assert one == other
    assert one != tariff(energy("all", 0.2), demand=DAY.demand)
