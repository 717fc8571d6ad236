"""Every feature of the tariff form on a bill, worked out by hand to the cent."""

from datetime import date, datetime

import numpy as np
import pytest

from sims.clock import Clock
from sims.signals.billing.bill import bill
from sims.signals.billing.bill_totals import bill_totals
from sims.signals.tariffs.tariff import Tariff

LA = "America/Los_Angeles"
FREE = ({"name": "energy", "price_per_kwh": 0.0},)


def tariff(energy=FREE, **other):
    described = {"name": "t", "currency": "USD", "source": "made up", "demand_window_minutes": 60}
    return Tariff.model_validate({**described, "energy": energy, **other})


def clock_of(start, days, zone=LA, step_min=60):
    return Clock.from_local(datetime.fromisoformat(start), days, 60 * step_min, zone)


def by_month(clock, *kw):
    """An even load for each month."""
    return np.array(kw, dtype=float)[clock.calendar().billing_month]


def told(paid, *kinds):
    """Month, label, tier, quantity and amount of the lines of some kinds."""
    return [
        (line.month, line.label, line.tier, round(line.quantity, 6), round(line.amount, 2))
        for line in paid.lines
        if line.kind in kinds
    ]


TIERS = [{"price_per_kwh": 0.10, "up_to_kwh": 500}, {"price_per_kwh": 0.20}]


class TestEnergyTiers:
    JUNE = clock_of("2019-06-01", 30)

    def test_a_boundary_inside_a_month_gives_two_lines(self):
        paid = bill(tariff([{"name": "all", "tiers": TIERS}]), self.JUNE, np.full(720, 1.0))
        assert told(paid, "energy") == [
            ("2019-06", "all", 1, 500.0, 50.0),
            ("2019-06", "all", 2, 220.0, 44.0),
        ]

    def test_below_the_boundary_there_is_one(self):
        paid = bill(tariff([{"name": "all", "tiers": TIERS}]), self.JUNE, np.full(720, 0.5))
        assert told(paid, "energy") == [("2019-06", "all", 1, 360.0, 36.0)]

    def test_each_month_starts_again(self):
        clock = clock_of("2019-06-01", 61)
        paid = bill(tariff([{"name": "all", "tiers": TIERS}]), clock, np.full(clock.n_steps, 1.0))
        assert paid.energy == pytest.approx(50 + 44 + 50 + 244 * 0.2)

    def test_ends_by_the_day_are_those_of_the_days_covered(self):
        tiers = [{"price_per_kwh": 0.10, "up_to_kwh": 10}, {"price_per_kwh": 0.20}]
        daily = tariff([{"name": "all", "tiers": tiers, "tiers_per": "day"}])
        paid = bill(daily, clock_of("2019-06-21", 10), np.full(240, 1.0))
        assert told(paid, "energy") == [
            ("2019-06", "all", 1, 100.0, 10.0),
            ("2019-06", "all", 2, 140.0, 28.0),
        ]

    def test_hours_of_one_name_fill_the_tiers_together(self):
        day, night = ([[8, 20]], [[20, 8]])
        both = [
            {"name": "all", "tiers": TIERS, "hours": day},
            {"name": "all", "tiers": TIERS, "hours": night},
        ]
        paid = bill(tariff(both), self.JUNE, np.full(720, 1.0))
        assert told(paid, "energy") == [
            ("2019-06", "all", 1, 500.0, 50.0),
            ("2019-06", "all", 2, 220.0, 44.0),
        ]

    def test_two_prices_of_one_name_fill_them_in_proportion(self):
        # 720 kWh, a quarter of it by night at 0.04 flat, three quarters by day in tiers of the whole
        both = [
            {"name": "all", "tiers": TIERS, "hours": [[6, 24]]},
            {"name": "all", "price_per_kwh": 0.04, "hours": [[0, 6]]},
        ]
        paid = bill(tariff(both), self.JUNE, np.full(720, 1.0))
        assert told(paid, "energy") == [
            ("2019-06", "all", 1, 375.0, 37.5),
            ("2019-06", "all", 2, 165.0, 33.0),
            ("2019-06", "all", 0, 180.0, 7.2),
        ]

    def test_a_season_that_is_over_has_no_line(self):
        seasons = [
            {"name": "summer", "price_per_kwh": 0.2, "dates": [["03-15", "11-14"]]},
            {"name": "winter", "price_per_kwh": 0.1, "dates": [["11-15", "03-14"]]},
        ]
        clock = clock_of("2019-10-01", 92)
        paid = bill(tariff(seasons), clock, np.full(clock.n_steps, 1.0))
        # November has 14 days and the extra hour of the 3rd in summer, 16 in winter
        assert told(paid, "energy") == [
            ("2019-10", "summer", 0, 744.0, 148.8),
            ("2019-11", "summer", 0, 337.0, 67.4),
            ("2019-11", "winter", 0, 384.0, 38.4),
            ("2019-12", "winter", 0, 744.0, 74.4),
        ]

    def test_leap_day_belongs_to_february(self):
        seasons = [
            {"name": "winter", "price_per_kwh": 0.1, "dates": [["11-01", "02-29"]]},
            {"name": "rest", "price_per_kwh": 0.2, "dates": [["03-01", "10-31"]]},
        ]
        paid = bill(tariff(seasons), clock_of("2020-02-28", 3), np.full(72, 1.0))
        assert told(paid, "energy") == [
            ("2020-02", "winter", 0, 48.0, 4.8),
            ("2020-03", "rest", 0, 24.0, 4.8),
        ]

    def test_a_public_holiday_is_a_day_of_its_own_kind(self):
        kinds = [
            {"name": "free day", "price_per_kwh": 0.1, "days": ["sat", "sun", "holiday"]},
            {"name": "workday", "price_per_kwh": 0.2, "days": ["mon", "tue", "wed", "thu", "fri"]},
        ]
        paid = bill(tariff(kinds, holidays="US-CA"), clock_of("2019-07-03", 3), np.full(72, 1.0))
        assert told(paid, "energy") == [
            ("2019-07", "free day", 0, 24.0, 2.4),  # Thursday, Independence Day
            ("2019-07", "workday", 0, 48.0, 9.6),
        ]


class TestDemand:
    def test_tiers_of_demand(self):
        tiers = [{"price_per_kw": 4.0, "up_to_kw": 50}, {"price_per_kw": 6.0}]
        paid = bill(
            tariff(demand=[{"name": "d", "tiers": tiers}]), clock_of("2019-06-01", 30), np.full(720, 80.0)
        )
        assert told(paid, "demand") == [("2019-06", "d", 1, 50.0, 200.0), ("2019-06", "d", 2, 30.0, 180.0)]

    def test_the_least_billed_demand(self):
        least = tariff(demand=[{"name": "d", "price_per_kw": 5.0, "minimum_kw": 30}])
        paid = bill(least, clock_of("2019-06-01", 30), np.full(720, 12.0))
        (line,) = (line for line in paid.lines if line.kind == "demand")
        assert (line.quantity, line.amount, line.at) == (30.0, 150.0, None)
        assert line.label == "d, least billed demand 30 kW"
        assert paid.months[0].billed_peak_kw == 12.0

    def test_one_name_at_two_times_is_one_demand(self):
        twice = [
            {"name": "peak", "price_per_kw": 5.0, "hours": [[7, 10]]},
            {"name": "peak", "price_per_kw": 5.0, "hours": [[17, 20]]},
        ]
        clock = clock_of("2019-06-01", 30)
        load_kw = np.where(clock.calendar().hour == 18, 40.0, 20.0)
        paid = bill(tariff(demand=twice), clock, load_kw)
        assert told(paid, "demand") == [("2019-06", "peak", 0, 40.0, 200.0)]

    @pytest.mark.parametrize(("march_kw", "expected"), [(20.0, (30.0, 300.0)), (25.0, (25.0, 375.0))])
    def test_a_season_that_changes_within_a_month_costs_one_demand(self, march_kw, expected):
        # until 14 March 10 a kW and 30 kW, from then 15 a kW: the dearer of 300 and 300 or 375
        seasons = [
            {"name": "peak", "price_per_kw": 10.0, "dates": [["11-15", "03-14"]]},
            {"name": "peak", "price_per_kw": 15.0, "dates": [["03-15", "11-14"]]},
        ]
        clock = clock_of("2019-03-01", 31)
        load_kw = np.where(clock.calendar().day < 14, 30.0, march_kw)
        paid = bill(tariff(demand=seasons), clock, load_kw)
        assert told(paid, "demand") == [("2019-03", "peak", 0, *expected)]

    def test_hours_of_the_local_clock_also_half_an_hour_off(self):
        # Kolkata is at UTC+5:30: an hour of the meter is an hour of its clock, so 9:00-10:00 is one window
        clock = clock_of("2019-06-03", 1, "Asia/Kolkata", 30)
        load_kw = np.zeros(48)
        load_kw[[17, 18, 19, 20]] = 30.0, 60.0, 60.0, 30.0  # 8:30, 9:00, 9:30, 10:00
        paid = bill(tariff(demand=[{"name": "d", "price_per_kw": 1.0, "hours": [[9, 12]]}]), clock, load_kw)
        assert told(paid, "demand") == [("2019-06", "d", 0, 60.0, 60.0)]
        assert f"{paid.months[0].billed_peak_at:%H:%M}" == "09:00"

    @pytest.mark.parametrize(("day", "hours"), [("2019-03-10", 23), ("2019-11-03", 25)])
    def test_the_days_of_the_changes_have_whole_windows_only(self, day, hours):
        clock = clock_of(day, 1, LA, 15)
        paid = bill(tariff(demand=[{"name": "d", "price_per_kw": 1.0}]), clock, np.full(clock.n_steps, 7.0))
        assert clock.n_steps == 4 * hours
        assert told(paid, "demand") == [("2019-" + day[5:7], "d", 0, 7.0, 7.0)]


def ratcheted(rule, **other):
    period = {"name": "d", "price_per_kw": 10.0, "ratchet": {"rule": rule, **other}}
    return tariff(demand=[period])


class TestRatchet:
    THREE = clock_of("2019-06-01", 92)

    def lines(self, one, *kw, history=None, clock=THREE):
        paid = bill(one, clock, by_month(clock, *kw), demand_history_kw=history)
        return [(line.quantity, line.label) for line in paid.lines if line.kind == "demand"], paid

    def test_a_share_of_the_highest_month_before(self):
        lines, paid = self.lines(ratcheted("percent", percent=80), 100.0, 50.0, 90.0)
        assert lines == [(100.0, "d"), (80.0, "d, ratchet: 80 % of 2019-06"), (90.0, "d")]
        assert paid.demand == 2700.0

    def test_the_interval_of_the_month_that_set_it(self):
        one, clock = ratcheted("percent", percent=80), self.THREE
        load_kw = by_month(clock, 10.0, 10.0, 10.0)
        load_kw[100] = 99.0
        june, july, _ = (line for line in bill(one, clock, load_kw).lines if line.kind == "demand")
        assert june.at == july.at == datetime.fromisoformat("2019-06-05T04:00-07:00")

    def test_months_before_the_run_oldest_first(self):
        history = [400.0, 100.0]
        lines, paid = self.lines(
            ratcheted("percent", percent=50, lookback_months=2), 60.0, 60.0, 20.0, history=history
        )
        assert lines == [
            (200.0, "d, ratchet: 50 % of 2019-04"),
            (60.0, "d"),
            (30.0, "d, ratchet: 50 % of 2019-07"),
        ]
        assert paid.lines[1].at is None

    def test_only_the_months_that_are_looked_back_at(self):
        summer = ratcheted("percent", percent=100, months=[6, 7, 8, 9])
        clock = clock_of("2019-09-01", 91)
        lines, _ = self.lines(summer, 50.0, 90.0, 40.0, clock=clock)
        assert [quantity for quantity, _ in lines] == [50.0, 90.0, 50.0]

    def test_silicon_valley_power_takes_the_mean_with_the_highest_of_twelve_months(self):
        history = [210.0, 150.0, 150.0, 150.0, 150.0, 150.0, 150.0, 150.0, 150.0, 150.0, 150.0]
        lines, paid = self.lines(ratcheted("average"), 180.0, 170.0, 200.0, history=history)
        # June with July of last year, 210; July with June, 180; August is the highest itself
        assert lines == [
            (195.0, "d, ratchet: mean with 2018-07"),
            (175.0, "d, ratchet: mean with 2019-06"),
            (200.0, "d"),
        ]
        assert paid.demand == pytest.approx(5700.0)
        assert f"{paid.lines[3].at:%Y-%m}" == "2019-07"

    def test_without_history_it_begins_with_the_run(self):
        one = ratcheted("average")
        assert self.lines(one, 80.0, 60.0, 60.0, history=[])[0] == self.lines(one, 80.0, 60.0, 60.0)[0]
        assert [quantity for quantity, _ in self.lines(one, 80.0, 60.0, 60.0)[0]] == [80.0, 70.0, 70.0]

    def test_summers_raise_the_winter_also_of_another_rate_of_the_name(self):
        rate = {"name": "d", "ratchet": {"rule": "percent", "percent": 50}}
        seasons = [
            {**rate, "price_per_kw": 10.0, "months": [6, 7, 8, 9]},
            {**rate, "price_per_kw": 4.0, "months": [10, 11, 12, 1, 2, 3, 4, 5]},
        ]
        clock = clock_of("2019-09-01", 61)
        paid = bill(tariff(demand=seasons), clock, by_month(clock, 100.0, 20.0))
        assert told(paid, "demand") == [
            ("2019-09", "d", 0, 100.0, 1000.0),
            ("2019-10", "d, ratchet: 50 % of 2019-09", 0, 50.0, 200.0),
        ]

    @pytest.mark.parametrize(
        ("history", "says"),
        [
            ({"e": [1.0]}, '"e": no such ratcheted period; valid: d'),
            ([1.0] * 12, "looks back 11; give the last ones"),
            ([-1.0], "at least 0"),
            ([float("nan")], "at least 0"),
        ],
    )
    def test_a_history_that_does_not_fit_is_refused(self, history, says):
        with pytest.raises(ValueError, match=says):
            self.lines(ratcheted("average"), 1.0, 1.0, 1.0, history=history)

    def test_neither_is_one_without_a_ratchet(self):
        with pytest.raises(ValueError, match="t has no ratchet"):
            self.lines(tariff(), 1.0, 1.0, 1.0, history=[])

    def test_two_ratchets_need_names(self):
        ratchet = {"rule": "average"}
        both = [{"name": n, "price_per_kw": 1.0, "ratchet": ratchet} for n in ("d", "e")]
        with pytest.raises(ValueError, match='give a list for each of "d", "e"'):
            self.lines(tariff(demand=both), 1.0, 1.0, 1.0, history=[1.0])


class TestFixedAndMinimum:
    FIXED = (
        {"name": "service", "amount": 30.0},
        {"name": "meter", "amount": 0.5, "per": "day"},
        {"name": "licence", "amount": 366.0, "per": "year"},
        {"name": "credit", "amount": -2.0},
    )

    def test_days_months_and_years_in_whole_and_in_part(self):
        # 10 of 31 January days of a leap year
        paid = bill(tariff(fixed=self.FIXED), clock_of("2020-01-22", 10), np.zeros(240))
        assert told(paid, "fixed") == [
            ("2020-01", "service", 0, round(10 / 31, 6), 9.68),
            ("2020-01", "meter", 0, 10.0, 5.0),
            ("2020-01", "licence", 0, round(10 / 366, 6), 10.0),
            ("2020-01", "credit", 0, round(10 / 31, 6), -0.65),
        ]

    def test_a_month_is_a_month_also_with_a_change_of_the_clock(self):
        clock = clock_of("2019-03-01", 31)
        assert bill(tariff(fixed=self.FIXED[:2]), clock, np.zeros(clock.n_steps)).total == pytest.approx(45.5)

    MINIMUM = ({"amount": 100.0},)

    def test_what_is_missing_to_the_minimum_is_a_line(self):
        priced = tariff([{"name": "e", "price_per_kwh": 0.1}], fixed=self.FIXED[:1], minimum=self.MINIMUM)
        paid = bill(priced, clock_of("2019-06-01", 30), np.full(720, 0.5))
        # 36 of energy and 30 of service
        assert told(paid, "minimum") == [("2019-06", "up to the minimum of a month", 0, 34.0, 34.0)]
        assert bill(priced, clock_of("2019-06-01", 30), np.full(720, 2.0)).sum_of("minimum") == 0.0

    def test_half_a_month_has_half_the_minimum(self):
        paid = bill(tariff(minimum=self.MINIMUM), clock_of("2019-06-16", 15), np.zeros(360))
        assert paid.total == pytest.approx(50.0)

    def test_export_does_not_count_towards_it(self):
        paying = [{"name": "e", "price_per_kwh": 0.1, "export_price_per_kwh": 0.1}]
        paid = bill(tariff(paying, minimum=self.MINIMUM), clock_of("2019-06-01", 30), np.full(720, -1.0))
        assert (paid.export, paid.sum_of("minimum"), paid.total) == pytest.approx((-72.0, 100.0, 28.0))

    def test_a_year_is_settled_in_its_last_billed_month(self):
        # 92 days: 31 December days of 2018 at 1 a day, then 59 and 2 of 2019
        priced = tariff([{"name": "e", "price_per_kwh": 0.1}], minimum=({"amount": 730.0, "per": "year"},))
        clock = clock_of("2018-12-01", 92)
        paid = bill(priced, clock, by_month(clock, 0.0, 10.0, 0.0, 0.0))
        # 2018: 31 days x 2; 2019: 61 days x 2 = 122 less 744 h x 10 kW x 0.10, which is more
        assert told(paid, "minimum") == [("2018-12", "up to the minimum of a year", 0, 62.0, 62.0)]
        idle = bill(priced, clock, np.zeros(clock.n_steps))
        assert told(idle, "minimum")[1:] == [("2019-03", "up to the minimum of a year", 0, 122.0, 122.0)]

    def test_a_monthly_minimum_counts_towards_the_year_s(self):
        both = tariff(minimum=({"amount": 365.0, "per": "year"}, {"amount": 20.0}))
        paid = bill(both, clock_of("2019-01-01", 31), np.zeros(744))
        assert told(paid, "minimum") == [
            ("2019-01", "up to the minimum of a month", 0, 20.0, 20.0),
            ("2019-01", "up to the minimum of a year", 0, 11.0, 11.0),
        ]


class TestAdjustments:
    def test_shares_of_kinds_and_a_price_on_imported_energy(self):
        energy = [{"name": "e", "price_per_kwh": 0.1, "export_price_per_kwh": 0.05}]
        added = (
            {"name": "VAT", "percent": 10.0},
            {"name": "discount", "percent": -5.0, "of": ["energy"]},
            {"name": "levy", "price_per_kwh": 0.02},
        )
        one = tariff(
            energy,
            adjustments=added,
            fixed=({"name": "f", "amount": 8.0},),
            demand=[{"name": "d", "price_per_kw": 1.0}],
        )
        load_kw = np.r_[np.full(700, 1.0), np.full(20, -1.0)]
        paid = bill(one, clock_of("2019-06-01", 30), load_kw)
        # 70 energy, 1 demand, 8 fixed; export is no part of the base
        assert told(paid, "adjustment") == [
            ("2019-06", "VAT", 0, 79.0, 7.9),
            ("2019-06", "discount", 0, 70.0, -3.5),
            ("2019-06", "levy", 0, 700.0, 14.0),
        ]
        assert paid.total == pytest.approx(70 + 1 + 8 - 1 + 7.9 - 3.5 + 14)


class TestRealTime:
    CLOCK = clock_of("2019-06-03", 1)
    ONE = tariff([{"name": "grid", "price_per_kwh": 0.05}], real_time={"factor": 1.1, "export_factor": 0.9})

    def test_the_market_price_comes_below_what_comes_on_top(self):
        market = np.where(np.arange(24) < 12, 0.2, -0.1)
        load_kw = np.r_[np.full(6, 2.0), np.full(12, 1.0), np.full(6, -1.0)]
        paid = bill(self.ONE, self.CLOCK, load_kw, market_price_per_kwh=market)
        # imported 6 x 2 x 0.2 + 6 x 0.2 - 6 x 0.1 = 3.00, times 1.1; exported 6 at -0.1, times 0.9
        assert told(paid, "energy", "export") == [
            ("2019-06", "grid", 0, 24.0, 1.2),
            ("2019-06", "market", 0, 24.0, 3.3),
            ("2019-06", "market, fed back", 0, 6.0, 0.54),
        ]
        assert paid.lines[1].rate == pytest.approx(3.3 / 24)
        assert paid.lines[2].rate == pytest.approx(0.09)

    def test_a_market_price_and_a_tariff_that_buys_at_it_belong_together(self):
        with pytest.raises(ValueError, match="t needs a market price"):
            bill(self.ONE, self.CLOCK, np.zeros(24))
        with pytest.raises(ValueError, match="t needs no market price"):
            bill(tariff(), self.CLOCK, np.zeros(24), market_price_per_kwh=np.zeros(24))
        with pytest.raises(ValueError, match=r"market_price_per_kwh has shape \(23,\)"):
            bill(self.ONE, self.CLOCK, np.zeros(24), market_price_per_kwh=np.zeros(23))


class TestMonths:
    def test_what_is_covered_is_stated(self):
        paid = bill(tariff(), clock_of("2019-06-20T12:00", 12), np.zeros(288))
        june, july = paid.months
        assert (june.month, june.first_day, june.last_day) == (
            "2019-06",
            date(2019, 6, 20),
            date(2019, 6, 30),
        )
        assert (june.days_covered, june.days_of_month, june.partial) == (10.5, 30, True)
        assert (july.days_covered, july.days_of_month, july.partial) == (1.5, 31, True)

    def test_a_whole_month_is_not_partial(self):
        clock = clock_of("2019-03-01", 31)
        (march,) = bill(tariff(), clock, np.zeros(clock.n_steps)).months
        assert (march.days_covered, march.partial) == (31.0, False)

    def test_the_billed_peak_and_that_at_any_time(self):
        clock = clock_of("2019-06-03", 1)
        load_kw = np.full(24, 5.0)
        load_kw[3], load_kw[13] = 50.0, 20.0
        demand = [{"name": "noon", "price_per_kw": 1.0, "hours": [[12, 14]]}]
        (june,) = bill(tariff(demand=demand), clock, load_kw).months
        assert (june.billed_peak_kw, f"{june.billed_peak_at:%H:%M}") == (20.0, "13:00")
        assert (june.peak_kw, f"{june.peak_at:%H:%M}") == (50.0, "03:00")
        (flat,) = bill(tariff(), clock, load_kw).months
        assert (flat.billed_peak_kw, flat.billed_peak_at, flat.peak_kw) == (None, None, 50.0)


class TestManyAtOnce:
    def test_sums_by_month_and_kind(self):
        clock = clock_of("2019-06-01", 61)
        one = tariff(
            [{"name": "e", "price_per_kwh": 0.1}],
            demand=[{"name": "d", "price_per_kw": 2.0}],
            fixed=({"name": "f", "amount": 9.0},),
        )
        totals = bill_totals(one, clock, np.outer([1.0, 3.0], np.ones(clock.n_steps)))
        assert totals.months == ("2019-06", "2019-07")
        np.testing.assert_allclose(totals.amounts["energy"], [[72.0, 74.4], [216.0, 223.2]])
        np.testing.assert_allclose(totals.amounts["demand"], [[2.0, 2.0], [6.0, 6.0]])
        np.testing.assert_allclose(totals.sum_of("fixed", "demand"), [22.0, 30.0])
        np.testing.assert_allclose(totals.total, [168.4, 469.2])

    def test_more_loads_than_are_billed_at_once(self, monkeypatch):
        clock = clock_of("2019-06-01", 30)
        monkeypatch.setattr("sims.signals.billing.bill_totals.VALUES_AT_ONCE", 2 * clock.n_steps)
        one = tariff([{"name": "e", "price_per_kwh": 0.1}])
        totals = bill_totals(one, clock, np.outer(np.arange(5.0), np.ones(720)))
        np.testing.assert_allclose(totals.total, 72.0 * np.arange(5.0))

    def test_loads_of_another_length_are_refused(self):
        with pytest.raises(ValueError, match=r"loads_kw has shape \(2, 23\), the clock has 24 steps"):
            bill_totals(tariff(), clock_of("2019-06-03", 1), np.zeros((2, 23)))


def test_a_load_of_another_length_is_refused():
    with pytest.raises(ValueError, match=r"site_kw has shape \(23,\), the clock has 24 steps"):
        bill(tariff(), clock_of("2019-06-03", 1), np.zeros(23))


def test_a_step_that_does_not_fill_the_window_is_refused():
    with pytest.raises(ValueError, match="window of 15 min is no multiple of the step of 3600 s"):
        bill(tariff(demand_window_minutes=15), clock_of("2019-06-03", 1), np.zeros(24))
