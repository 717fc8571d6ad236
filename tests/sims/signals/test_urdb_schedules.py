"""Any schedules and the tariff made of them say the same at every hour of a year."""

import json
import tempfile
from datetime import datetime
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sims.clock import Clock
from sims.signals.tariffs.files import load_tariff
from sims.signals.tariffs.periods import MONTH_OF_DAY
from sims.signals.tariffs.toml import tariff_toml
from sims.signals.urdb.rate import read_urdb

N_PERIODS = 4
YEAR = Clock.from_local(datetime(2023, 1, 1), 365, 3600, "America/Los_Angeles").calendar()
# whole rows of a period are as usual as mixed ones, so both are drawn
ROWS = st.one_of(
    st.integers(0, N_PERIODS - 1).map(lambda period: np.full(24, period)),
    arrays(np.int64, 24, elements=st.integers(0, N_PERIODS - 1)),
)
SCHEDULES = st.lists(ROWS, min_size=1, max_size=4).flatmap(
    lambda rows: st.lists(st.sampled_from(range(len(rows))), min_size=12, max_size=12).map(
        lambda which: np.array([rows[place] for place in which])
    )
)


def tariff_of(folder: Path, **keys):
    rate = {"name": "any", "utility": "any", "energyratestructure": [[{"rate": 0.1}]], **keys}
    (folder / "rate.json").write_text(json.dumps(rate))
    return read_urdb(folder / "rate.json")


def held(weekday, weekend):
    """Period of every step of the year, looked up in the schedules alone."""
    table = np.where((YEAR.weekday >= 5)[:, None], weekend[YEAR.month - 1], weekday[YEAR.month - 1])
    return table[np.arange(len(YEAR.hour)), YEAR.hour]


@settings(max_examples=60, deadline=None)
@given(
    weekday=SCHEDULES,
    weekend=SCHEDULES,
    fuel=st.lists(st.sampled_from([0.0, 0.01]), min_size=12, max_size=12),
)
def test_energy_prices_are_those_of_the_schedules(weekday, weekend, fuel):
    prices, sold = [0.1, 0.2, -0.3, 0.4], [0.0, 0.01, 0.02, -0.03]
    with tempfile.TemporaryDirectory() as folder:
        tariff = tariff_of(
            Path(folder),
            energyratestructure=[[{"rate": r, "sell": s}] for r, s in zip(prices, sold, strict=True)],
            energyweekdayschedule=weekday.tolist(),
            energyweekendschedule=weekend.tolist(),
            fueladjustmentsmonthly=fuel,
        )
        (Path(folder) / "again.toml").write_text(tariff_toml(tariff))
        assert load_tariff("again.toml", Path(folder)) == tariff
    period = held(weekday, weekend)
    expected = np.round(np.array(prices)[period] + np.array(fuel)[YEAR.month - 1], 10)
    np.testing.assert_array_equal(tariff.price_per_kwh(YEAR), expected)
    np.testing.assert_array_equal(tariff.export_price_per_kwh(YEAR), np.array(sold)[period])
    assert {p.name for p in tariff.energy} == {f"period {number + 1}" for number in np.unique(period)}


@settings(max_examples=60, deadline=None)
@given(weekday=SCHEDULES, weekend=SCHEDULES)
def test_a_demand_period_holds_exactly_where_its_schedule_says(weekday, weekend):
    with tempfile.TemporaryDirectory() as folder:
        tariff = tariff_of(
            Path(folder),
            demandratestructure=[[{"rate": number}] for number in range(N_PERIODS)],
            demandweekdayschedule=weekday.tolist(),
            demandweekendschedule=weekend.tolist(),
        )
    by_day = np.stack([weekday] * 5 + [weekend] * 2, axis=1)[MONTH_OF_DAY - 1]  # (366, 7, 24)
    for number in range(1, N_PERIODS):  # the first costs nothing
        own = [p for p in tariff.demand if p.name == f"TOU demand period {number + 1}"]
        assert {p.price_per_kw for p in own} <= {float(number)}
        times = np.sum([p.table()[:, :7] for p in own], axis=0) if own else np.zeros_like(by_day)
        np.testing.assert_array_equal(times, by_day == number)


@settings(max_examples=40, deadline=None)
@given(months=st.lists(st.integers(0, N_PERIODS - 1), min_size=12, max_size=12))
def test_flat_demand_has_the_price_of_its_month(months):
    with tempfile.TemporaryDirectory() as folder:
        tariff = tariff_of(
            Path(folder),
            flatdemandstructure=[[{"rate": number + 1}] for number in range(N_PERIODS)],
            flatdemandmonths=months,
        )
    price = np.zeros((366, 8, 24))
    for period in tariff.demand:
        assert period.name == "flat demand"
        price += period.table() * period.price_per_kw
    np.testing.assert_array_equal(
        price, (np.array(months) + 1)[MONTH_OF_DAY - 1][:, None, None] + np.zeros((1, 8, 24))
    )
