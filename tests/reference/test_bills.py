"""Bills that somebody else worked out in public, to the cent."""

import tomllib
from datetime import datetime

import numpy as np
import pytest
from reference_case import FOLDER, table

from sims.clock import Clock
from sims.signals.billing.bill import bill
from sims.signals.tariffs.tariff import Tariff

CENT = 0.01


def about(case):
    return tomllib.loads((FOLDER / case / "case.toml").read_text())


@pytest.mark.parametrize("month", ["2019-01", "2019-07"])
def test_worked_bills_of_a_city(month):
    case = about("bill_seymour")
    clock = Clock.from_local(datetime.fromisoformat(f"{month}-01"), 31, 900, case["zone"])
    load_kw = np.full(clock.n_steps, case["kwh"][month] / (clock.n_steps * clock.dt_h))
    paid = bill(Tariff.model_validate(case["tariff"]), clock, load_kw)
    lines = {(line.label, line.tier): line for line in paid.lines}
    expected = [row for row in table(FOLDER / "bill_seymour/expected.csv") if row["month"] == month]
    *rows, total = expected
    for row in rows:
        line = lines[row["label"], int(row["tier"])]
        assert line.quantity == pytest.approx(float(row["quantity"]), abs=1e-6)
        assert line.amount == pytest.approx(float(row["amount"]), abs=CENT)
    assert len(rows) == len(paid.lines) - 2  # the tax has two lines
    assert paid.total == pytest.approx(float(total["amount"]), abs=CENT)


@pytest.mark.parametrize("row", about("bill_ratchets")["rows"])
def test_worked_ratchets_of_public_guides(row):
    case = about("bill_ratchets")
    rule = case["rows"][row]
    start = datetime.combine(rule["start"], datetime.min.time())
    months = [row_ for row_ in table(FOLDER / "bill_ratchets/expected.csv") if row_["row"] == row]
    ends = 12 * start.year + start.month - 1 + len(months)
    days = (datetime(ends // 12, ends % 12 + 1, 1) - start).days
    clock = Clock.from_local(start, days, 3600, case["zone"])
    ratchet = {key: rule[key] for key in ("percent", "lookback_months")}
    tariff = Tariff(
        name="ratchet",
        currency="USD",
        source="see SOURCE.md",
        demand_window_minutes=60,
        energy=({"name": "free", "price_per_kwh": 0.0},),
        demand=(
            {
                "name": "demand",
                "price_per_kw": rule["price_per_kw"],
                "ratchet": {"rule": "percent", **ratchet},
            },
        ),
    )
    load_kw = np.array(rule["kw"], dtype=float)[clock.calendar().billing_month]
    paid = bill(tariff, clock, load_kw, demand_history_kw=rule.get("history_kw"))
    found = [line for line in paid.lines if line.kind == "demand"]
    assert [line.month for line in found] == [month["month"] for month in months]
    assert [line.quantity for line in found] == pytest.approx([float(month["billed_kw"]) for month in months])
    for line, month in zip(found, months, strict=True):
        if month["amount"]:
            assert line.amount == pytest.approx(float(month["amount"]), abs=CENT)
