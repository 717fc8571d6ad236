"""I6 and I9: bills equal what plain loops over local times make of the same tariff and load."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from plain_billing import plain_bill
from tariffs_drawn import cases

from sims.clock import Clock
from sims.signals.billing.bill import KINDS, bill
from sims.signals.billing.bill_totals import bill_totals
from sims.signals.tariffs.tariff import Tariff

SLOW = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
PRICED = ("price_per_kwh", "export_price_per_kwh", "price_per_kw", "amount")


def rebilled(tariff, clock, load_kw, market, history):
    start = datetime.fromtimestamp(clock.start_s, UTC)
    return plain_bill(tariff.model_dump(), start, clock.step_s // 60, clock.zone, load_kw, market, history)


@SLOW
@given(cases())
def test_i6_lines_of_every_month_and_kind_add_up_to_the_plain_bill(case):
    tariff, clock, loads_kw, market, history = case
    paid = bill(tariff, clock, loads_kw[0], market_price_per_kwh=market, demand_history_kw=history)
    plain, covered = rebilled(tariff, clock, loads_kw[0], market, history)
    assert [month.month for month in paid.months] == [f"{year}-{month:02d}" for year, month in covered]
    for month, days in zip(paid.months, covered.values(), strict=True):
        assert month.days_covered == pytest.approx(days, rel=1e-12)
        year, number = map(int, month.month.split("-"))
        for kind in KINDS:
            found = sum(line.amount for line in paid.lines if (line.month, line.kind) == (month.month, kind))
            assert found == pytest.approx(plain.get(((year, number), kind), 0.0), abs=1e-7), (
                month.month,
                kind,
            )
    assert paid.total == pytest.approx(sum(plain.values()), abs=1e-6)
    for line in paid.lines:
        assert line.quantity * line.rate == pytest.approx(line.amount, abs=1e-9)


@SLOW
@given(cases())
def test_many_bills_at_once_are_the_bills_one_by_one(case):
    tariff, clock, loads_kw, market, history = case
    known = {"market_price_per_kwh": market, "demand_history_kw": history}
    totals = bill_totals(tariff, clock, loads_kw, **known)
    for place, load_kw in enumerate(loads_kw):
        paid = bill(tariff, clock, load_kw, **known)
        assert totals.months == tuple(month.month for month in paid.months)
        assert totals.total[place] == pytest.approx(paid.total, abs=1e-9)
        for kind in KINDS[:-1]:
            assert totals.sum_of(kind)[place] == pytest.approx(paid.sum_of(kind), abs=1e-9)


def scaled(part, factor):
    """A tariff with all prices times a factor."""
    if isinstance(part, dict):
        return {
            k: v * factor if k in PRICED and v is not None else scaled(v, factor) for k, v in part.items()
        }
    return [scaled(one, factor) for one in part] if isinstance(part, list | tuple) else part


@SLOW
@given(cases())
def test_i9_all_prices_times_a_number_is_the_bill_times_it(case):
    tariff, clock, loads_kw, market, history = case
    more = Tariff.model_validate(scaled(tariff.model_dump(), 1.5))
    price = None if market is None else 1.5 * market
    once = bill_totals(tariff, clock, loads_kw, market_price_per_kwh=market, demand_history_kw=history)
    # the price on imported energy among the adjustments scales with the others
    again = bill_totals(more, clock, loads_kw, market_price_per_kwh=price, demand_history_kw=history)
    np.testing.assert_allclose(again.total, 1.5 * once.total, rtol=1e-9, atol=1e-6)


@SLOW
@given(cases(minimum=[], adjustments=[]))
def test_i9_a_price_more_on_every_kwh_adds_it_times_the_kwh(case):
    tariff, clock, loads_kw, market, history = case
    described = tariff.model_dump()
    for period in described["energy"]:
        for priced in period["tiers"] or [period]:
            priced["price_per_kwh"] += 0.07
    dearer = Tariff.model_validate(described)
    known = {"market_price_per_kwh": market, "demand_history_kw": history}
    added = (
        bill_totals(dearer, clock, loads_kw, **known).total
        - bill_totals(tariff, clock, loads_kw, **known).total
    )
    np.testing.assert_allclose(added, 0.07 * loads_kw.clip(min=0).sum(axis=1) * clock.dt_h, atol=1e-6)


@SLOW
@given(cases())
def test_the_order_of_periods_changes_nothing(case):
    tariff, clock, loads_kw, market, history = case
    turned = tariff.model_copy(update={"energy": tariff.energy[::-1], "demand": tariff.demand[::-1]})
    known = {"market_price_per_kwh": market, "demand_history_kw": history}
    once, again = (bill_totals(one, clock, loads_kw, **known) for one in (tariff, turned))
    np.testing.assert_allclose(once.total, again.total, atol=1e-8)


@SLOW
@given(cases(minimum=[], demand=[]))
def test_without_demand_and_tiers_two_parts_of_a_run_cost_what_the_whole_does(case):
    tariff, clock, loads_kw, market, _ = case
    flat = tariff.model_dump()
    for period in flat["energy"]:
        if period["tiers"]:
            period["price_per_kwh"], period["tiers"] = period["tiers"][0]["price_per_kwh"], ()
    tariff, cut = Tariff.model_validate(flat), clock.n_steps // 3
    whole = bill(tariff, clock, loads_kw[0], market_price_per_kwh=market).total
    parts = 0.0
    for first, last in ((0, cut), (cut, clock.n_steps)):
        part = Clock(clock.start_s + first * clock.step_s, clock.step_s, last - first, clock.zone)
        price = None if market is None else market[first:last]
        parts += bill(tariff, part, loads_kw[0, first:last], market_price_per_kwh=price).total
    assert parts == pytest.approx(whole, abs=1e-7)
