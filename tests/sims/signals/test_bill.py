"""Bills: every line by hand, to the cent."""

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from sims.clock import Clock
from sims.signals.billing.bill import bill
from sims.signals.billing.windows import demand_windows
from sims.signals.tariffs.files import load_tariff
from sims.signals.tariffs.tariff import DemandPeriod, EnergyPeriod, Tariff

LA = "America/Los_Angeles"
CENT = 0.005


def two_prices(**other):
    """Night 0.10 and day 0.20 a kWh; 5 a kW in the afternoon, 2 a kW at any time."""
    return Tariff(
        name="two",
        currency="USD",
        source="made up",
        energy=(
            EnergyPeriod(name="night", price_per_kwh=0.10, hours=((0, 12),)),
            EnergyPeriod(name="day", price_per_kwh=0.20, hours=((12, 24),)),
        ),
        demand=(
            DemandPeriod(name="afternoon", price_per_kw=5.0, hours=((12, 18),)),
            DemandPeriod(name="any", price_per_kw=2.0),
        ),
        **other,
    )


def amounts(lines):
    return [
        (line.month, line.kind, line.label, round(line.quantity, 6), round(line.amount, 2)) for line in lines
    ]


# local        30 June              | 1 July (12 hours of it)
#              0  2      12 13    24| 0  3           12
# kW           10 10.. 10 40 10   10| 5  65 5         5
#                            (13:00-13:15)   (03:00-03:30)
class TestByHand:
    @pytest.fixture
    def june_and_july(self):
        clock = Clock(int(datetime.fromisoformat("2019-06-30T00:00-07:00").timestamp()), 900, 96 + 48, LA)
        site_kw = np.full(clock.n_steps, 10.0)
        site_kw[52] = 40.0
        site_kw[96:] = 5.0
        site_kw[96 + 12 : 96 + 14] = 65.0
        return bill(two_prices(), clock, site_kw)

    def test_every_line(self, june_and_july):
        assert amounts(june_and_july.lines) == [
            ("2019-06", "energy", "night", 120.0, 12.00),
            ("2019-06", "energy", "day", 127.5, 25.50),
            ("2019-06", "demand", "afternoon", 40.0, 200.00),
            ("2019-06", "demand", "any", 40.0, 80.00),
            ("2019-07", "energy", "night", 90.0, 9.00),
            ("2019-07", "energy", "day", 0.0, 0.00),
            ("2019-07", "demand", "afternoon", 0.0, 0.00),
            ("2019-07", "demand", "any", 65.0, 130.00),
        ]

    def test_sums(self, june_and_july):
        assert june_and_july.energy == pytest.approx(46.50, abs=CENT)
        assert june_and_july.demand == pytest.approx(410.00, abs=CENT)
        assert june_and_july.total == pytest.approx(456.50, abs=CENT)
        assert june_and_july.currency == "USD"

    def test_a_demand_line_says_when(self, june_and_july):
        at = [line.at.isoformat() for line in june_and_july.lines if line.kind == "demand" and line.at]
        assert at == ["2019-06-30T13:00:00-07:00", "2019-06-30T13:00:00-07:00", "2019-07-01T03:00:00-07:00"]

    def test_quantity_times_rate_is_amount(self, june_and_july):
        for line in june_and_july.lines:
            assert line.quantity * line.rate == pytest.approx(line.amount)
            assert line.unit == ("kWh" if line.kind == "energy" else "kW")


class TestWindows:
    """Five-minute steps: 12:00 10, 12:05 70, 12:10 10, 12:15 70, 12:20 70, 12:25 10 kW, else 10."""

    CLOCK = Clock.from_local(datetime(2019, 6, 3), 1, 300, LA)
    SITE_KW = np.full(288, 10.0)
    SITE_KW[[145, 147, 148]] = 70.0

    def peak(self, minutes):
        lines = bill(two_prices(demand_window_minutes=minutes), self.CLOCK, self.SITE_KW).lines
        return next(line for line in lines if line.label == "afternoon")

    def test_a_quarter_hour_is_the_mean_of_three_steps(self):
        assert self.peak(15).quantity == pytest.approx((70 + 70 + 10) / 3)
        assert f"{self.peak(15).at:%H:%M}" == "12:15"

    def test_half_an_hour(self):
        assert self.peak(30).quantity == pytest.approx((10 + 70 + 10 + 70 + 70 + 10) / 6)
        assert f"{self.peak(30).at:%H:%M}" == "12:00"

    def test_an_hour(self):
        assert self.peak(60).quantity == pytest.approx((9 * 10 + 3 * 70) / 12)

    def test_a_window_as_long_as_a_step_is_the_step(self):
        clock = Clock.from_local(datetime(2019, 6, 3), 1, 900, LA)
        means, starts = demand_windows(np.arange(96.0), clock, 15)
        assert means.tolist() == starts.tolist() == list(range(96))

    # steps    12:05 12:10 | 12:15 12:20 12:25 | 12:30 12:35
    # kW          90    90 |    10    20    30 |    90    90
    def test_off_the_grid_windows_start_on_it_and_parts_are_not_billed(self):
        start_s = int(datetime.fromisoformat("2019-06-03T12:05-07:00").timestamp())
        clock = Clock(start_s, 300, 7, LA)
        site_kw = np.array([90.0, 90.0, 10.0, 20.0, 30.0, 90.0, 90.0])
        means, starts = demand_windows(site_kw, clock, 15)
        assert means.tolist() == [20.0]
        assert starts.tolist() == [2]
        line = bill(two_prices(), clock, site_kw).lines[-1]
        assert line.quantity == pytest.approx(20.0)
        assert f"{line.at:%H:%M}" == "12:15"

    def test_a_run_shorter_than_a_window_has_no_demand(self):
        clock = Clock(int(datetime.fromisoformat("2019-06-03T12:05-07:00").timestamp()), 300, 2, LA)
        assert bill(two_prices(), clock, np.array([90.0, 90.0])).demand == 0.0


class TestExport:
    def test_what_is_fed_back_earns_nothing(self):
        clock = Clock.from_local(datetime(2019, 6, 3), 1, 3600, LA)
        site_kw = np.where(np.arange(24) % 2 == 0, 10.0, -10.0)
        lines = bill(two_prices(demand_window_minutes=60), clock, site_kw).lines
        assert [line.quantity for line in lines if line.kind == "energy"] == [60.0, 60.0]

    def test_what_is_fed_back_earns_the_export_price_of_its_period(self):
        tariff = two_prices()
        night, day = tariff.energy
        paying = tariff.model_copy(
            update={"energy": (night, day.model_copy(update={"export_price_per_kwh": 0.08}))}
        )
        clock = Clock(int(datetime.fromisoformat("2019-06-30T00:00-07:00").timestamp()), 900, 96, LA)
        # 12 h of -6 kW by night earn nothing, 12 h of -10 kW by day 120 x 0.08
        paid = bill(paying, clock, np.repeat([-6.0, -10.0], 48))
        assert amounts(paid.lines)[2] == ("2019-06", "export", "day, fed back", 120.0, -9.60)
        assert [line.kind for line in paid.lines] == ["energy", "energy", "export", "demand", "demand"]
        assert (paid.energy, paid.export, paid.total) == (0.0, pytest.approx(-9.6), pytest.approx(-9.6))

    def test_a_month_of_export_has_no_demand(self):
        clock = Clock.from_local(datetime(2019, 6, 3), 1, 900, LA)
        one = bill(two_prices(), clock, np.full(96, -5.0))
        assert one.total == 0.0
        assert not any(line.quantity for line in one.lines)

    def test_at_a_negative_price_consumption_is_paid_for(self):
        free = two_prices().model_copy(
            update={"energy": (EnergyPeriod(name="wind", price_per_kwh=-0.05),), "demand": ()}
        )
        clock = Clock.from_local(datetime(2019, 6, 3), 1, 900, LA)
        assert bill(free, clock, np.full(96, 10.0)).total == pytest.approx(-12.0)


class TestOfTheLiterature:
    """Silicon Valley Power CB-1: 0.141 from 6 to 22 h, else 0.113; 10.10 a kW; Sunday is cheap."""

    TARIFF = load_tariff("svp_cb1_paper", Path())

    def test_sunday_is_never_the_billed_peak(self):
        clock = Clock.from_local(datetime(2019, 6, 1), 3, 900, LA)  # Saturday to Monday
        sunday = clock.calendar().weekday == 6
        one = bill(self.TARIFF, clock, np.where(sunday, 500.0, 100.0))
        assert one.demand == pytest.approx(1010.0)

    def test_neither_is_the_night(self):
        clock = Clock.from_local(datetime(2019, 6, 3), 1, 900, LA)
        hour = clock.calendar().hour
        one = bill(self.TARIFF, clock, np.where((hour < 6) | (hour >= 22), 500.0, 100.0))
        assert one.demand == pytest.approx(1010.0)

    def test_a_week_to_the_cent(self):
        # 100 kW: 6 days x 16 h at 0.141, the other 72 h at 0.113, and 100 kW at 10.10
        clock = Clock.from_local(datetime(2019, 6, 1), 7, 900, LA)
        one = bill(self.TARIFF, clock, np.full(clock.n_steps, 100.0))
        assert one.energy == pytest.approx(1353.60 + 813.60, abs=CENT)
        assert one.total == pytest.approx(3177.20, abs=CENT)
        assert [line.label for line in one.lines] == ["peak", "off-peak", "peak demand"]

    @pytest.mark.parametrize(("day", "hours"), [(datetime(2019, 3, 10), 23), (datetime(2019, 11, 3), 25)])
    def test_the_days_of_the_changes_have_the_hours_they_have(self, day, hours):
        clock = Clock.from_local(day, 1, 900, LA)  # both are Sundays
        one = bill(self.TARIFF, clock, np.full(clock.n_steps, 100.0))
        assert one.total == pytest.approx(hours * 100 * 0.113, abs=CENT)
