"""Rates of OpenEI's URDB: each feature field by field, each trap and each refusal by its key."""

import copy
import json
from datetime import date, datetime
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from sims.clock import Clock
from sims.faults import DataError, ScenarioError
from sims.signals.tariffs.files import load_tariff
from sims.signals.tariffs.tariff import DemandTier, EnergyTier, FixedCharge, MinimumCharge, Ratchet
from sims.signals.tariffs.toml import tariff_toml
from sims.signals.urdb.keys import NOT_BILLED
from sims.signals.urdb.rate import read_urdb

SAMPLES = Path(__file__).parent / "urdb"
LA = "America/Los_Angeles"
PLAIN = {"name": "Plain", "utility": "Sample Valley Power", "energyratestructure": [[{"rate": 0.1}]]}
ALWAYS = [[0] * 24] * 12
TWO = [[{"rate": 0.1}], [{"rate": 0.2}]]
TWO_TIERS = [{"rate": 0.1, "max": 500}, {"rate": 0.2}]


def read(tmp_path, **keys):
    """Tariff of the plain rate with other keys; None takes a key out."""
    rate = {key: value for key, value in {**PLAIN, **keys}.items() if value is not None}
    path = tmp_path / "rate.json"
    path.write_text(json.dumps(rate))
    return read_urdb(path)


def faults_of(tmp_path, **keys):
    """What is refused in the plain rate with other keys, one line each."""
    with pytest.raises(DataError) as caught:
        read(tmp_path, **keys)
    return [str(fault) for fault in caught.value.faults]


def only_fault(tmp_path, **keys):
    faults = faults_of(tmp_path, **keys)
    assert len(faults) == 1, faults
    return faults[0]


def by_name(periods):
    return {period.name: period for period in periods}


class TestEveryFeature:
    TARIFF = read_urdb(SAMPLES / "everything.json")
    RAW = json.loads((SAMPLES / "everything.json").read_text())

    def test_names(self):
        one = self.TARIFF
        assert one.name == "gs_3_tou_secondary"
        assert one.label == "GS-3 TOU (Secondary) (Commercial)"
        assert one.utility == "Sample Valley Power (EIA 99999)"
        assert one.currency == "USD"
        assert one.source == (
            "OpenEI URDB rate 5f0000000000000000000001; Sheet 12-E; "
            "https://apps.openei.org/USURDB/rate/view/5f0000000000000000000001"
        )

    def test_dates_from_seconds_and_from_text(self):
        assert self.TARIFF.effective_from == date(2024, 1, 1)
        assert self.TARIFF.effective_until == date(2024, 12, 31)

    def test_price_is_rate_plus_adjustment_and_sell_is_paid(self):
        prices = {
            (period.name, period.price_per_kwh, period.export_price_per_kwh) for period in self.TARIFF.energy
        }
        assert prices == {("period 1", 0.09, 0.03), ("period 2", 0.115, 0.04), ("period 3", 0.31, 0.05)}

    def test_every_hour_of_a_year_has_the_price_of_its_schedule(self):
        clock = Clock.from_local(datetime(2024, 1, 1), 366, 3600, LA)
        calendar = clock.calendar()
        prices, sold = self.TARIFF.price_per_kwh(calendar), self.TARIFF.export_price_per_kwh(calendar)
        for step in range(0, clock.n_steps):
            local = clock.local_time(clock.start_s + step * 3600)
            kind = "weekend" if local.weekday() >= 5 else "weekday"
            period = self.RAW[f"energy{kind}schedule"][local.month - 1][local.hour]
            assert (prices[step], sold[step]) == ((0.09, 0.03), (0.115, 0.04), (0.31, 0.05))[period], local

    def test_time_of_use_demand_holds_in_the_hours_of_its_schedule(self):
        pieces = [period for period in self.TARIFF.demand if period.name == "TOU demand period 2"]
        assert {period.price_per_kw for period in pieces} == {12.75}
        table = np.any([period.table() for period in pieces], axis=0)
        assert np.flatnonzero(table[200, 2]).tolist() == [14, 15, 16, 17, 18, 19]
        assert np.flatnonzero(table[200, 6]).tolist() == [16, 17]
        assert not table[20].any()

    def test_what_costs_nothing_is_no_demand_period(self):
        assert {period.name for period in self.TARIFF.demand} == {"flat demand", "TOU demand period 2"}

    def test_flat_demand_by_month_with_tiers_has_one_name(self):
        winter, summer = (period for period in self.TARIFF.demand if period.name == "flat demand")
        assert winter.months == (1, 2, 3, 4, 5, 10, 11, 12)
        assert winter.tiers == (DemandTier(price_per_kw=4, up_to_kw=100), DemandTier(price_per_kw=5.5))
        assert (summer.months, summer.price_per_kw) == ((6, 7, 8, 9), 9.0)

    def test_ratchet_of_all_demand(self):
        assert {period.ratchet for period in self.TARIFF.demand} == {
            Ratchet(rule="percent", percent=80, lookback_months=11)
        }

    def test_window_fixed_and_minimum(self):
        assert self.TARIFF.demand_window_minutes == 30
        assert self.TARIFF.fixed == (FixedCharge(name="fixed charge", amount=1.5, per="day"),)
        assert self.TARIFF.minimum == (
            MinimumCharge(amount=40, per="month"),
            MinimumCharge(amount=600, per="year"),
        )

    def test_what_no_bill_shows_is_a_note(self):
        notes = "\n".join(self.TARIFF.notes)
        for said in (
            "peakkwcapacitymin = 100, peakkwcapacitymax = 500, demandunits = kW, peakkwhusagemax = 200000",
            "voltagecategory = Secondary, phasewiring = 3-Phase",
            "servicetype = Delivery",
            "each further one: 0.75",
            "description: Written by hand for tests.",
            "energycomments: Riders are not in the rate.",
            "demandcomments: Demand is measured at the meter.",
        ):
            assert said in notes

    def test_capitals_of_keys_do_not_count(self):
        assert "energyWeekdaySchedule" in (SAMPLES / "capitals.json").read_text()
        assert read_urdb(SAMPLES / "capitals.json") == self.TARIFF

    def test_no_holidays_are_known(self):
        assert self.TARIFF.holidays is None


class TestTiers:
    def test_periods_of_a_month_with_the_same_tiers_count_together(self):
        one = read_urdb(SAMPLES / "tiers_together.json")
        assert {period.name for period in one.energy} == {"periods 1, 2", "period 3"}
        peak = next(period for period in one.energy if period.hours == ((16, 21),))
        assert peak.name == "periods 1, 2"
        assert peak.tiers == (
            EnergyTier(price_per_kwh=0.2, up_to_kwh=300),
            EnergyTier(price_per_kwh=0.25, up_to_kwh=600),
            EnergyTier(price_per_kwh=0.32),
        )
        assert "tiers count the month's kWh of energy periods 1, 2 together (SAM, REopt)" in one.derived

    def test_tiers_by_day(self):
        winter = by_name(read_urdb(SAMPLES / "tiers_together.json").energy)["period 3"]
        assert winter.tiers_per == "day"
        assert [tier.up_to_kwh for tier in winter.tiers] == [10.5, None]

    def test_older_keys_of_fixed_and_minimum(self):
        one = read_urdb(SAMPLES / "tiers_together.json")
        assert one.fixed == (FixedCharge(name="fixed charge", amount=9.95, per="month"),)
        assert one.minimum == (MinimumCharge(amount=12, per="month"),)
        assert (one.effective_from, one.effective_until) == (date(2023, 5, 1), None)

    def test_different_counts_of_tiers_stay_apart(self):
        one = read_urdb(SAMPLES / "tiers_alone.json")
        assert {period.name for period in one.energy} == {"period 1", "period 2"}
        assert any("energy periods 1, 2 share months, but not the ends" in line for line in one.derived)

    def test_periods_of_other_months_stay_apart(self, tmp_path):
        halves = [[0] * 24] * 6 + [[1] * 24] * 6
        one = read(
            tmp_path,
            energyratestructure=[TWO_TIERS, TWO_TIERS],
            energyweekdayschedule=halves,
            energyweekendschedule=halves,
        )
        assert [period.name for period in one.energy] == ["period 1", "period 2"]
        assert one.derived == ()

    def test_months_that_chain_periods_make_one_count(self, tmp_path):
        chain = [[0] * 12 + [1] * 12] * 6 + [[1] * 12 + [2] * 12] * 6
        one = read(
            tmp_path,
            energyratestructure=[TWO_TIERS] * 3,
            energyweekdayschedule=chain,
            energyweekendschedule=chain,
        )
        assert {period.name for period in one.energy} == {"periods 1, 2, 3"}

    @pytest.mark.parametrize("end", [None, 1e38, 9.999999680285692e37, 2**31 - 1, 2**32, 2**20, 65535, 1e9])
    def test_ends_that_stand_for_none(self, tmp_path, end):
        one = read(tmp_path, energyratestructure=[[{"rate": 0.1, "max": 500}, {"rate": 0.2, "max": end}]])
        assert [tier.up_to_kwh for tier in one.energy[0].tiers] == [500, None]

    @pytest.mark.parametrize("end", [1000, 32766, 70000.5, 99_999_999])
    def test_a_last_tier_with_an_end_is_a_hole(self, tmp_path, end):
        fault = only_fault(tmp_path, energyratestructure=[[{"rate": 0.1, "max": end}]])
        assert f"rate.json energyratestructure[0][0].max: {end}: the last tier has no upper end" in fault

    @pytest.mark.parametrize(
        ("ends", "where", "what"),
        [
            ((None, None), "[0][0].max", "missing; only the last tier has no upper end"),
            ((1e38, None), "[0][0].max", "only the last tier is without end"),
            ((-5, None), "[0][0].max", "out of range; allowed: 0 to 1e+99 kWh"),
            ((0, None), "[0][0].max", "0: tiers rise, it must be above 0"),
            ((500, 400, None), "[0][1].max", "400: tiers rise, it must be above 500"),
        ],
    )
    def test_tiers_that_do_not_rise(self, tmp_path, ends, where, what):
        tiers = [{"rate": 0.1, "max": end} for end in ends]
        fault = only_fault(tmp_path, energyratestructure=[tiers])
        assert f"energyratestructure{where}: " in fault
        assert what in fault


class TestFuelAdjustment:
    def test_is_added_month_by_month(self):
        one = read_urdb(SAMPLES / "tiers_alone.json")
        calendar = Clock.from_local(datetime(2023, 1, 1), 365, 3600, LA).calendar()
        first = one.price_per_kwh(calendar)
        fuel = np.array([0.01] * 3 + [0.0] * 3 + [-0.002] * 3 + [0.0] * 3)[calendar.month - 1]
        peak = (calendar.weekday < 5) & (calendar.hour >= 16) & (calendar.hour < 21)
        np.testing.assert_allclose(first, np.where(peak, 0.30, -0.01) + fuel, rtol=0, atol=1e-12)
        assert any("fuel adjustment" in line for line in one.derived)

    def test_its_faults(self, tmp_path):
        faults = faults_of(tmp_path, fueladjustmentsmonthly=[0.0] * 10 + [2.5, "x"])
        assert len(faults) == 2
        assert "fueladjustmentsmonthly[10]: 2.5: out of range; allowed: -1 to 1 $/kWh" in faults[0]
        assert "12 months" in only_fault(tmp_path, fueladjustmentsmonthly=[0.1] * 11)
        high = only_fault(
            tmp_path,
            energyratestructure=[[{"rate": 10, "adj": -0.5}], [{"rate": 0.2}]],
            energyweekdayschedule=ALWAYS,
            energyweekendschedule=ALWAYS,
            fueladjustmentsmonthly=[0.0] * 11 + [0.8],
        )
        assert "fueladjustmentsmonthly[11]: 0.8: on top of 9.5; allowed: -10 to 10 $/kWh" in high


class TestSchedules:
    def test_one_period_needs_no_schedule(self, tmp_path):
        one = read(tmp_path)
        assert len(one.energy) == 1
        assert one.energy[0].table().all()
        assert one.derived == ("the only period of energyratestructure holds always: there is no schedule",)

    def test_several_periods_need_both(self, tmp_path):
        faults = faults_of(tmp_path, energyratestructure=TWO)
        assert [fault.split(": ")[0] for fault in faults] == [
            "D07 rate.json energyweekdayschedule",
            "D07 rate.json energyweekendschedule",
        ]
        fault = only_fault(tmp_path, energyratestructure=TWO, energyweekdayschedule=ALWAYS)
        assert "energyweekendschedule: missing" in fault
        assert "energyweekendschedule: missing" in only_fault(tmp_path, energyweekdayschedule=ALWAYS)

    @pytest.mark.parametrize(
        ("schedule", "where", "what"),
        [
            ([[0] * 24] * 11, ":", "11 rows: 12 months of 24 hours are needed"),
            ([[0] * 24] * 3 + [[0] * 23] + [[0] * 24] * 8, "[3]:", "23 values: 24 hours are needed"),
            ([[0] * 24] * 11 + [7], "[11]:", "7: 24 hours are needed"),
            ("0" * 288, ":", "12 months of 24 hours are needed"),
            (
                [*ALWAYS[:5], [0] * 7 + [2] * 17, *ALWAYS[6:]],
                "[5][7]:",
                "2 (17 times): no such period; allowed: 0 to 1",
            ),
            ([[0] * 23 + [-1], *ALWAYS[1:]], "[0][23]:", "-1: no such period"),
            ([[0] * 23 + [True], *ALWAYS[1:]], "[0][23]:", "true: no such period"),
            ([[0] * 23 + [0.5], *ALWAYS[1:]], "[0][23]:", "0.5: no such period"),
            ([[0] * 23 + [None], *ALWAYS[1:]], "[0][23]:", "null: no such period"),
        ],
    )
    def test_wrong_shapes_and_periods_that_are_not_there(self, tmp_path, schedule, where, what):
        fault = only_fault(
            tmp_path,
            energyratestructure=TWO,
            energyweekdayschedule=schedule,
            energyweekendschedule=ALWAYS,
        )
        assert f"rate.json energyweekdayschedule{where} " in fault
        assert what in fault

    def test_a_period_in_no_schedule_is_told(self, tmp_path):
        one = read(
            tmp_path, energyratestructure=TWO, energyweekdayschedule=ALWAYS, energyweekendschedule=ALWAYS
        )
        assert [period.name for period in one.energy] == ["period 1"]
        assert one.notes == ("energyratestructure[1] is in no schedule: it is never charged",)

    def test_whole_numbers_with_a_point_are_periods(self, tmp_path):
        later = [[1.0] * 24] * 12
        one = read(
            tmp_path, energyratestructure=TWO, energyweekdayschedule=later, energyweekendschedule=ALWAYS
        )
        assert {(p.name, p.days) for p in one.energy} == {
            ("period 1", ("sat", "sun")),
            ("period 2", ("mon", "tue", "wed", "thu", "fri")),
        }


class TestPrices:
    @pytest.mark.parametrize("price", [-0.05, 0.0, 9.99])
    def test_negative_and_high_prices_are_legal(self, tmp_path, price):
        one = read(
            tmp_path,
            energyratestructure=[[{"rate": price}], [{"rate": 0.2}]],
            energyweekdayschedule=ALWAYS,
            energyweekendschedule=[[1] * 24] * 12,
        )
        assert one.energy[0].price_per_kwh == price

    def test_adjustment_alone(self, tmp_path):
        assert read(tmp_path, energyratestructure=[[{"adj": 0.07}]]).energy[0].price_per_kwh == 0.07

    @pytest.mark.parametrize(
        ("tier", "where", "what"),
        [
            ({"rate": 12.4}, "[0][0].rate", "12.4: out of range; in cents? write 0.124; allowed: -10"),
            ({"rate": 9, "adj": 2}, "[0][0].rate", "rate + adj = 11: out of range"),
            ({"rate": 8.4}, "", "even the cheapest hour costs 8.4 $/kWh: in cents? divide by 100"),
            ({"rate": "0.1"}, "[0][0].rate", '"0.1": a number is needed; write 0.1 without quotes'),
            ({"rate": True}, "[0][0].rate", "true: a number is needed"),
            ({"rate": 0.1, "adj": [1]}, "[0][0].adj", "[1]: a number is needed"),
            ({"rate": 10**400}, "[0][0].rate", "must be finite"),
            ({"unit": "kWh"}, "[0][0].rate", "missing, and no adj either"),
            ({"rate": 0.1, "sell": -20}, "[0][0].sell", "-20: out of range; allowed: -10 to 10 $/kWh"),
            ({"rate": 0.1, "unit": "kWh/kW"}, "[0][0].unit", "not billed; allowed: kWh, kWh daily"),
            ({"rate": 0.1, "unit": "hp"}, "[0][0].unit", "not billed"),
            ({"rate": 0.1, "rat": 1}, "[0][0].rat", '1: unknown key; nearest: "rate"'),
            (0.1, "[0][0]", "0.1: an object with `rate` is needed"),
        ],
    )
    def test_wrong_tiers(self, tmp_path, tier, where, what):
        fault = only_fault(tmp_path, energyratestructure=[[tier]])
        assert f"rate.json energyratestructure{where}: " in fault
        assert what in fault

    @pytest.mark.parametrize(
        ("text", "what"),
        [
            ("1e999", "must be finite"),
            ("NaN", "NaN is no number"),
            ("-Infinity", "-Infinity is no number"),
            ("9" * 5000, "digits"),
        ],
    )
    def test_numbers_that_are_none(self, tmp_path, text, what):
        path = tmp_path / "rate.json"
        path.write_text(json.dumps(PLAIN).replace("0.1", text))
        with pytest.raises(DataError, match=what):
            read_urdb(path)

    def test_tiers_may_not_sell_at_different_prices(self, tmp_path):
        tiers = [{"rate": 0.1, "max": 500, "sell": 0.02}, {"rate": 0.2}]
        fault = only_fault(tmp_path, energyratestructure=[tiers])
        assert "energyratestructure[0][1].sell: 0: is 0.02 in the first tier" in fault

    def test_tiers_may_not_mix_units(self, tmp_path):
        tiers = [{"rate": 0.1, "max": 10, "unit": "kWh daily"}, {"rate": 0.2, "max": 500}, {"rate": 0.3}]
        fault = only_fault(tmp_path, energyratestructure=[tiers])
        assert 'energyratestructure[0][1].unit: "kWh": is "kWh daily" in the first tier' in fault

    @pytest.mark.parametrize("wrong", [5, [5], [[], [{"rate": 0.1}]]])
    def test_wrong_structures(self, tmp_path, wrong):
        fault = faults_of(tmp_path, energyratestructure=wrong)[0]
        assert "energyratestructure" in fault
        assert "list of tiers" in fault or "no tier" in fault

    def test_without_energy(self, tmp_path):
        fault = only_fault(tmp_path, energyratestructure=None, fixedmonthlycharge=5)
        assert fault == "D07 rate.json energyratestructure: missing; every hour needs an energy price"


class TestDemand:
    FLAT: ClassVar = {"flatdemandstructure": [[{"rate": 4}], [{"rate": 9}]]}

    @pytest.mark.parametrize("key", ["flatdemandunit", "demandrateunit"])
    @pytest.mark.parametrize("unit", ["kVA", "hp", "kW daily"])
    def test_other_units_are_refused(self, tmp_path, key, unit):
        structure = "flatdemandstructure" if key == "flatdemandunit" else "demandratestructure"
        fault = only_fault(tmp_path, **{key: unit, structure: [[{"rate": 4}]]})
        assert f'D38 rate.json {key}: "{unit}": only demand in kW' in fault

    def test_a_unit_without_a_charge_does_not_matter(self, tmp_path):
        assert read(tmp_path, flatdemandunit="kVA", demandrateunit="hp").demand == ()

    @pytest.mark.parametrize(
        ("months", "what"),
        [
            (None, "null: 12 months"),
            ([0] * 11, "12 months are needed"),
            ([0] * 11 + [2], "2: no such period; allowed: 0 to 1"),
        ],
    )
    def test_months_of_flat_demand(self, tmp_path, months, what):
        fault = only_fault(tmp_path, **self.FLAT, flatdemandmonths=months)
        assert "flatdemandmonths" in fault
        assert what in fault

    def test_one_flat_period_needs_no_months(self, tmp_path):
        one = read(tmp_path, flatdemandstructure=[[{"rate": 4}]])
        assert one.demand[0].table().all()
        assert "demand_window_minutes = 15: the rate states no window" in one.derived

    def test_demand_schedules_are_checked_too(self, tmp_path):
        fault = only_fault(
            tmp_path, demandratestructure=[[{"rate": 4}], [{"rate": 9}]], demandweekdayschedule=ALWAYS
        )
        assert "demandweekendschedule: missing" in fault

    @pytest.mark.parametrize(
        ("rate", "what"),
        [(-1, "rate = -1: out of range; allowed: 0 to 1000 $/kW"), (1200, "in cents? write 12")],
    )
    def test_prices(self, tmp_path, rate, what):
        assert what in only_fault(tmp_path, flatdemandstructure=[[{"rate": rate}]])

    def test_no_sell_in_demand(self, tmp_path):
        assert "unknown key" in only_fault(tmp_path, flatdemandstructure=[[{"rate": 1, "sell": 1}]])

    @pytest.mark.parametrize("window", [15, 30.0, 60])
    def test_windows(self, tmp_path, window):
        assert read(tmp_path, demandwindow=window).demand_window_minutes == window

    @pytest.mark.parametrize("window", [5, "15", True, 0.25])
    def test_other_windows_are_refused(self, tmp_path, window):
        assert "allowed: 15, 30, 60 minutes" in only_fault(tmp_path, demandwindow=window)

    def test_off_peak_of_nights_and_weekends_is_one_charge(self, tmp_path):
        day = [[0] * 8 + [1] * 12 + [0] * 4] * 12
        one = read(
            tmp_path,
            demandratestructure=[[{"rate": 2}], [{"rate": 9}]],
            demandweekdayschedule=day,
            demandweekendschedule=ALWAYS,
        )
        off_peak = [period for period in one.demand if period.name == "TOU demand period 1"]
        same = {period.model_copy(update={"days": (), "hours": ()}) for period in off_peak}
        assert len(off_peak) == 2
        assert len(same) == 1  # what has one name and one price is charged once, on its highest window
        table = np.any([period.table() for period in off_peak], axis=0)
        assert np.flatnonzero(~table[0, 0]).tolist() == list(range(8, 20))
        assert table[0, 5].all()


class TestRatchet:
    DEMAND: ClassVar = {"flatdemandstructure": [[{"rate": 4}]], "demandwindow": 15}

    def test_months_looked_back_at_and_percent(self):
        one = read_urdb(SAMPLES / "summer_ratchet.json")
        assert {period.ratchet for period in one.demand} == {
            Ratchet(rule="percent", percent=75, lookback_months=11, months=(6, 7, 8, 9))
        }
        assert "lookbackpercent = 75 is read as percent, not as fraction" in one.derived
        assert [period.name for period in one.demand] == ["flat demand", "TOU demand period 1"]
        assert one.fixed == (FixedCharge(name="fixed charge", amount=120, per="year"),)
        assert one.minimum == (MinimumCharge(amount=2, per="day"),)

    @pytest.mark.parametrize(
        ("given", "percent"), [(0.6, 60), (1, 100), (10, 10), (62.5, 62.5), (0.575, 57.5)]
    )
    def test_fraction_or_percent(self, tmp_path, given, percent):
        one = read(tmp_path, **self.DEMAND, lookbackpercent=given, lookbackrange=5)
        assert one.demand[0].ratchet == Ratchet(rule="percent", percent=percent, lookback_months=5)

    def test_the_range_wins(self, tmp_path):
        one = read(
            tmp_path, **self.DEMAND, lookbackpercent=0.5, lookbackrange=3, lookbackmonths=[1] + [0] * 11
        )
        assert one.demand[0].ratchet == Ratchet(rule="percent", percent=50, lookback_months=3)
        assert one.notes == ("lookbackmonths: not used, lookbackrange is given too",)

    def test_nothing_is_no_ratchet(self, tmp_path):
        none = {"lookbackpercent": 0, "lookbackrange": 0, "lookbackmonths": [0] * 12}
        assert read(tmp_path, **self.DEMAND, **none).demand[0].ratchet is None
        assert read(tmp_path, **self.DEMAND, lookbackpercent=0, lookbackrange=6).demand[0].ratchet is None

    @pytest.mark.parametrize(
        ("keys", "where", "what"),
        [
            ({"lookbackpercent": 0.5}, "lookbackpercent", "neither lookbackrange nor lookbackmonths"),
            ({"lookbackrange": 11}, "lookbackpercent", "missing"),
            ({"lookbackpercent": 5, "lookbackrange": 11}, "lookbackpercent", "neither a fraction (0 to 1)"),
            ({"lookbackpercent": 120, "lookbackrange": 11}, "lookbackpercent", "allowed: 0 to 100 %"),
            ({"lookbackpercent": -0.5, "lookbackrange": 11}, "lookbackpercent", "out of range"),
            ({"lookbackpercent": 0.5, "lookbackrange": 40}, "lookbackrange", "allowed: 0 to 35 months"),
            ({"lookbackpercent": 0.5, "lookbackrange": 2.5}, "lookbackrange", "whole months"),
            (
                {"lookbackpercent": 0.5, "lookbackmonths": [1] * 11},
                "lookbackmonths",
                "12 months, each 0 or 1",
            ),
            (
                {"lookbackpercent": 0.5, "lookbackmonths": [2] * 12},
                "lookbackmonths",
                "12 months, each 0 or 1",
            ),
        ],
    )
    def test_its_faults(self, tmp_path, keys, where, what):
        faults = faults_of(tmp_path, **self.DEMAND, **keys)
        assert faults[0].startswith(f"D60 rate.json {where}: ") or f"D57 rate.json {where}: " in faults[0]
        assert what in faults[0]

    def test_without_demand(self, tmp_path):
        assert "no demand charge" in only_fault(tmp_path, lookbackpercent=0.5, lookbackrange=11)


class TestFixedAndMinimum:
    @pytest.mark.parametrize("key", ["fixedchargefirstmeter", "mincharge"])
    def test_units(self, tmp_path, key):
        units = {"fixedchargefirstmeter": "fixedchargeunits", "mincharge": "minchargeunits"}[key]
        assert f"{units}: missing; {key} = 5 needs one of" in only_fault(tmp_path, **{key: 5})
        fault = only_fault(tmp_path, **{key: 5, units: "$/week"})
        assert f'{units}: "$/week": allowed: $/month, $/day, $/year' in fault

    def test_a_charge_of_nothing_is_none(self, tmp_path):
        one = read(tmp_path, fixedchargefirstmeter=0, mincharge=0, minmonthlycharge=0, annualmincharge=0)
        assert (one.fixed, one.minimum) == ((), ())

    def test_a_credit_is_legal_and_a_negative_minimum_not(self, tmp_path):
        assert read(tmp_path, fixedmonthlycharge=-3).fixed[0].amount == -3
        assert "minmonthlycharge: -3: out of range" in only_fault(tmp_path, minmonthlycharge=-3)

    def test_the_same_charge_under_two_names_is_one(self, tmp_path):
        one = read(
            tmp_path,
            fixedmonthlycharge=9,
            fixedchargefirstmeter=9,
            fixedchargeunits="$/month",
            mincharge=7,
            minchargeunits="$/year",
            annualmincharge=7,
        )
        assert [fixed.amount for fixed in one.fixed] == [9]
        assert one.minimum == (MinimumCharge(amount=7, per="year"),)

    def test_two_names_that_differ(self, tmp_path):
        faults = faults_of(
            tmp_path,
            fixedmonthlycharge=9,
            fixedchargefirstmeter=0.3,
            fixedchargeunits="$/day",
            mincharge=7,
            minchargeunits="$/month",
            minmonthlycharge=8,
        )
        assert "fixedmonthlycharge: 9 $/month: fixedchargefirstmeter says 0.3 $/day" in faults[0]
        assert "minmonthlycharge: 8 $/month: mincharge says 7" in faults[1]


class TestNotBilled:
    VALUES: ClassVar = {
        "coincidentratestructure": [[{"rate": 1.2}]],
        "demandreactivepowercharge": 0.4,
        "demandratchetpercentage": [80] * 12,
        "energyattrs": [{"Rider": "0.01 $/kWh"}],
        "demandattrs": [{"Transformation": "$0.50/kVA"}],
        "fixedattrs": [{"Facilities": "12.50"}],
        "usenetmetering": True,
        "dgrules": "Net Metering",
    }

    @pytest.mark.parametrize("key", [*NOT_BILLED, "usenetmetering", "dgrules"])
    def test_is_refused_by_name(self, tmp_path, key):
        fault = only_fault(tmp_path, **{key: self.VALUES[key]})
        value = json.dumps(self.VALUES[key])[:40]
        assert fault.lower().startswith(f"d38 rate.json {key}: {value.lower()}")
        assert "take" in fault

    @pytest.mark.parametrize("rule", ["Net Billing Hourly", "Buy All Sell All", 7])
    def test_other_rules_of_export(self, tmp_path, rule):
        assert 'allowed: "Net Billing Instantaneous"' in only_fault(tmp_path, dgrules=rule)

    def test_export_without_a_rule_is_told(self, tmp_path):
        one = read(tmp_path, energyratestructure=[[{"rate": 0.1, "sell": 0.05}]])
        assert any("sell" in line for line in one.derived)
        assert one.pays_export

    def test_what_costs_nothing_is_no_fault(self, tmp_path):
        one = read(
            tmp_path,
            coincidentratestructure=[[{"rate": 0, "max": 1e38}]],
            demandreactivepowercharge=0,
            demandratchetpercentage=[0] * 12,
            energyattrs=[],
            usenetmetering=False,
            coincidentrateunit="kW",
            coincidentrateschedule=ALWAYS,
            fixedchargeeaaddl=0,
        )
        assert one.notes == ()

    def test_an_unknown_key_is_never_ignored(self, tmp_path):
        fault = only_fault(tmp_path, energyweekdayshedule=ALWAYS)
        assert "D06 rate.json energyweekdayshedule: [[0, 0" in fault
        assert 'unknown key; nearest: "energyweekdayschedule"' in fault

    def test_an_unknown_key_without_a_value_says_nothing(self, tmp_path):
        read(tmp_path, something_new=[], another={}, third="")

    @pytest.mark.parametrize("country", ["ITA", "Canada"])
    def test_other_currencies(self, tmp_path, country):
        assert "its currency is not stated" in only_fault(tmp_path, country=country)

    def test_an_entry_no_expert_saw(self, tmp_path):
        assert read(tmp_path, approved=False).notes == ("no expert has approved the entry",)


class TestNamesAndDates:
    def test_names_are_needed(self, tmp_path):
        faults = faults_of(tmp_path, name=None, utility=None)
        assert [fault.split(":")[0] for fault in faults] == ["D07 rate.json name", "D07 rate.json utility"]

    @pytest.mark.parametrize(
        ("name", "short"),
        [
            ("SC-9 / TOU, \u00a72", "sc_9_tou_2"),
            ("\u7535\u4ef7", "urdb"),
            ("../x", "x"),
            ("a" * 90, "a" * 60),
        ],
    )
    def test_a_name_that_can_name_a_group(self, tmp_path, name, short):
        assert read(tmp_path, name=name).name == short

    def test_texts_are_one_line_of_letters(self, tmp_path):
        path = tmp_path / "rate.json"
        path.write_text(json.dumps({**PLAIN, "energycomments": "a\r\n b\ud800"}))
        note = read_urdb(path).notes[0]
        assert note == "energycomments: a b?"

    @pytest.mark.parametrize(
        ("given", "day"),
        [
            (1301641200, date(2011, 4, 1)),
            (1704067200.0, date(2024, 1, 1)),
            ("2013-05-01", date(2013, 5, 1)),
            ("2013-05-01T07:00:00Z", date(2013, 5, 1)),
            ("2013-05-01 00:00:00", date(2013, 5, 1)),
        ],
    )
    def test_dates(self, tmp_path, given, day):
        assert read(tmp_path, startdate=given).effective_from == day

    @pytest.mark.parametrize("given", ["May 2013", "2013-13-01", True, -1, 1704067200000, [1]])
    def test_wrong_dates(self, tmp_path, given):
        assert "startdate: " in only_fault(tmp_path, startdate=given)

    def test_an_end_before_the_start(self, tmp_path):
        fault = only_fault(tmp_path, startdate="2024-01-02", enddate="2024-01-01")
        assert "enddate: 2024-01-01: lies before startdate, 2024-01-02" in fault


class TestFiles:
    def test_items_with_one_rate(self):
        assert read_urdb(SAMPLES / "summer_ratchet.json").name == "lp"

    def test_one_of_several_by_its_label(self):
        assert read_urdb(SAMPLES / "two_rates.json", "bbb").energy[0].price_per_kwh == 0.2

    def test_several_rates(self):
        with pytest.raises(DataError, match=r"holds 2 rates, one is needed.*--label` takes one of: aaa, bbb"):
            read_urdb(SAMPLES / "two_rates.json")

    def test_a_label_that_is_not_there(self):
        what = r'"bbc": no rate of two_rates\.json has this label; nearest: "bbb"'
        with pytest.raises(ScenarioError, match=what):
            read_urdb(SAMPLES / "two_rates.json", "bbc")

    @pytest.mark.parametrize(
        "text",
        [
            "5",
            "[]",
            "{}",
            '"x"',
            '{"items": []}',
            '{"items": 3}',
            '{"items": [1]}',
            '{"error": {"code": "403"}}',
            '{"bus": {"0": 1}}',
        ],
    )
    def test_what_is_no_rate(self, tmp_path, text):
        (tmp_path / "rate.json").write_text(text)
        with pytest.raises(DataError, match=r"rate\.json: is no rate of OpenEI's Utility Rate Database"):
            read_urdb(tmp_path / "rate.json")

    @pytest.mark.parametrize(
        ("content", "what"),
        [
            (b"", "line 1, column 1"),
            (b'{"name": }', "line 1, column 10"),
            (b"\xff\xfe{", "byte 0 is not UTF-8"),
            (b'{"name": 1, "NAME": 2}', r'the key "NAME" is given twice'),
            (b"[" * 200_000, "lists in lists"),
        ],
    )
    def test_what_is_no_json(self, tmp_path, content, what):
        (tmp_path / "rate.json").write_bytes(content)
        with pytest.raises(DataError, match=rf"D04 rate\.json: not readable.*{what}"):
            read_urdb(tmp_path / "rate.json")

    def test_all_faults_at_once(self, tmp_path):
        faults = faults_of(
            tmp_path,
            energyratestructure=[[{"rate": 40}], [{"rate": 0.1, "max": 5}]],
            energyweekdayschedule=[[9] * 24] * 12,
            flatdemandstructure=[[{"rate": -2}]],
            flatdemandunit="kVA",
            demandwindow=7,
            mincharge=3,
            lookbackrange=5,
            dgrules="Net Metering",
            colour="blue",
        )
        places = [fault.split(" ")[2].rstrip(":") for fault in faults]
        assert sorted(places) == sorted(
            [
                "energyratestructure[0][0].rate",
                "energyratestructure[1][0].max",
                "energyweekdayschedule[0][0]",
                "energyweekendschedule",
                "flatdemandstructure[0][0].rate",
                "flatdemandunit",
                "demandwindow",
                "minchargeunits",
                "lookbackpercent",
                "dgrules",
                "colour",
            ]
        )

    def test_a_file_beside_the_scenario(self, tmp_path):
        (tmp_path / "rate.json").write_text(json.dumps(PLAIN))
        assert load_tariff("rate.json", tmp_path).name == "plain"

    def test_a_file_that_is_not_there(self, tmp_path):
        with pytest.raises(ScenarioError, match="no such tariff preset or file"):
            load_tariff("rate.json", tmp_path)


@pytest.mark.parametrize("name", ["everything", "tiers_together", "tiers_alone", "summer_ratchet"])
class TestAsToml:
    def test_loads_as_the_same_tariff(self, name, tmp_path):
        tariff = read_urdb(SAMPLES / f"{name}.json")
        (tmp_path / "again.toml").write_text(tariff_toml(tariff))
        assert load_tariff("again.toml", tmp_path) == tariff

    def test_is_the_same_each_time_and_leaves_out_defaults(self, name):
        tariff = read_urdb(SAMPLES / f"{name}.json")
        text = tariff_toml(tariff)
        assert text == tariff_toml(copy.deepcopy(tariff))
        assert text.startswith("name = ")
        for unsaid in (
            "holidays",
            "real_time",
            "minimum_kw",
            'tiers_per = "month"',
            "hours = [[0, 24]]",
            "#",
        ):
            assert unsaid not in text


def test_texts_that_look_like_lists_stay_as_they_are(tmp_path):
    tariff = read(tmp_path, energycomments="[\n 1,\n 2,\n]", name='"a" [ 1, 2, ]')
    (tmp_path / "again.toml").write_text(tariff_toml(tariff))
    assert load_tariff("again.toml", tmp_path) == tariff
