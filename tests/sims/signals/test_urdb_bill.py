"""Bills of imported rates against lines worked by hand from the JSON files."""

import json
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from sims.clock import Clock
from sims.signals.billing.bill import bill
from sims.signals.urdb.rate import read_urdb

SAMPLES = Path(__file__).parent / "urdb"
LA = "America/Los_Angeles"


def load(start, days, base_kw, *pieces):
    """A clock of quarter hours, and a flat load with pieces (local start, hours, kW) in it."""
    clock = Clock.from_local(start, days, 900, LA)
    kw = np.full(clock.n_steps, base_kw)
    for at, hours, piece_kw in pieces:
        first = round((at - start).total_seconds()) // 900
        kw[first : first + round(4 * hours)] = piece_kw
    return clock, kw


def amounts(lines, month):
    """Amount by kind, name (without what set a demand) and tier."""
    return {
        (line.kind, line.label.split(", ratchet")[0], line.tier): round(line.amount, 6)
        for line in lines
        if line.month == month
    }


def test_every_feature_of_a_summer():
    # June 2024: 20 workdays, 10 days of weekends. Hours of 100 kW: period 1: 20 x 10 + 10 x 18 = 380,
    # period 2: 20 x 8 + 10 x 6 = 220, period 3: 20 x 6 = 120. Half an hour at 300 kW adds 100 kWh to
    # period 3; one weekend hour at -40 kW takes 100 kWh from period 2 and feeds 40 kWh back.
    clock, kw = load(
        datetime(2024, 6, 1),
        61,
        100.0,
        (datetime(2024, 6, 3, 15), 0.5, 300.0),
        (datetime(2024, 6, 9, 12), 1.0, -40.0),
    )
    done = bill(read_urdb(SAMPLES / "everything.json"), clock, kw)
    june = amounts(done.lines, "2024-06")
    assert june[("energy", "period 1", 0)] == 38_000 * 0.09
    assert june[("energy", "period 2", 0)] == pytest.approx(21_900 * (0.12 - 0.005))
    assert june[("energy", "period 3", 0)] == 12_100 * 0.31
    assert sum(amount for key, amount in june.items() if key[0] == "export") == pytest.approx(-40 * 0.04)
    assert june[("demand", "flat demand", 0)] == 300 * 9
    assert june[("demand", "TOU demand period 2", 0)] == 300 * (12.5 + 0.25)
    assert june[("fixed", "fixed charge", 0)] == 30 * 1.5
    assert sum(june.values()) == pytest.approx(16_257.90, abs=0.005)
    # July: 23 workdays, 8 days of weekends; 80 % of June's 300 kW is more than its own 100 kW
    july = amounts(done.lines, "2024-07")
    assert july[("demand", "flat demand", 0)] == 240 * 9
    assert july[("demand", "TOU demand period 2", 0)] == 240 * 12.75
    assert sum(july.values()) == pytest.approx(15_578.50, abs=0.005)
    assert done.total == pytest.approx(31_836.40, abs=0.005)


def test_a_summer_peak_raises_the_winter_charge_at_the_winter_price():
    # October: max(100, 80 % of September's 300) = 240 kW at 4 up to 100 kW and 5.5 above
    clock, kw = load(datetime(2024, 9, 1), 61, 100.0, (datetime(2024, 9, 3, 15), 0.5, 300.0))
    october = amounts(bill(read_urdb(SAMPLES / "everything.json"), clock, kw).lines, "2024-10")
    assert october[("demand", "flat demand", 1)] == 100 * 4
    assert october[("demand", "flat demand", 2)] == 140 * 5.5


def test_tiers_of_several_periods_count_the_whole_month():
    # June 2024 at 1 kW: 720 kWh, of which 100 between 16:00 and 21:00 of workdays; 300 kWh in the first
    # tier, 300 in the second, 120 in the third, each shared 620 : 100 between the periods
    clock, kw = load(datetime(2024, 6, 1), 30, 1.0)
    done = bill(read_urdb(SAMPLES / "tiers_together.json"), clock, kw)
    off_peak = 620 / 720 * (300 * 0.10 + 300 * 0.15 + 120 * 0.22)
    peak = 100 / 720 * (300 * 0.20 + 300 * 0.25 + 120 * 0.32)
    assert done.energy == pytest.approx(off_peak + peak)
    assert done.total == pytest.approx(111.40 + 9.95, abs=0.005)


def test_tiers_by_day_and_the_least_bill():
    # January 2024 at 0.5 kW: 372 kWh, 10.5 kWh a day of 31 days are 325.5 kWh of the first tier
    clock, kw = load(datetime(2024, 1, 1), 31, 0.5)
    done = bill(read_urdb(SAMPLES / "tiers_together.json"), clock, kw)
    assert done.energy == pytest.approx(325.5 * 0.09 + 46.5 * 0.13)
    least = bill(read_urdb(SAMPLES / "tiers_together.json"), clock, 0.02 * kw)  # 0.6696 + 9.95 below 12
    assert least.total == pytest.approx(12.0)


@pytest.mark.parametrize(("first", "billed_kw"), [(9, 300.0), (10, 100.0)])
def test_only_the_months_looked_back_at_raise_a_charge(first, billed_kw):
    # 400 kW in September raise October to 75 % of it, 400 kW in October do not raise November
    start = datetime(2023, first, 1)
    days = (datetime(2023, first + 2, 1) - start).days
    clock, kw = load(start, days, 100.0, (datetime(2023, first, 5, 12), 1.0, 400.0))
    last = amounts(bill(read_urdb(SAMPLES / "summer_ratchet.json"), clock, kw).lines, f"2023-{first + 1:02d}")
    assert last[("demand", "flat demand", 0)] == pytest.approx(7 * billed_kw)
    steps = [last.get(("demand", "TOU demand period 1", tier), 0.0) for tier in (1, 2)]
    assert steps == pytest.approx([3 * min(200, billed_kw), 2 * max(0.0, billed_kw - 200)])


def test_off_peak_demand_of_nights_and_weekends_is_charged_once(tmp_path):
    day = [[0] * 8 + [1] * 12 + [0] * 4] * 12
    rate = {"name": "x", "utility": "y", "energyratestructure": [[{"rate": 0.1}]],
            "demandratestructure": [[{"rate": 2}], [{"rate": 9}]], "demandwindow": 15,
            "demandweekdayschedule": day, "demandweekendschedule": [[0] * 24] * 12}  # fmt: skip
    (tmp_path / "rate.json").write_text(json.dumps(rate))
    clock, kw = load(
        datetime(2024, 6, 1), 30, 10.0,
        (datetime(2024, 6, 1, 12), 1.0, 50.0), (datetime(2024, 6, 4, 2), 1.0, 40.0),
        (datetime(2024, 6, 5, 12), 1.0, 30.0),
    )  # fmt: skip
    lines = [
        line for line in bill(read_urdb(tmp_path / "rate.json"), clock, kw).lines if line.kind == "demand"
    ]
    assert [(line.label, line.amount) for line in lines] == [
        ("TOU demand period 1", 100.0),
        ("TOU demand period 2", 270.0),
    ]
    assert lines[0].at == clock.local_time(clock.start_s + 12 * 3600)
