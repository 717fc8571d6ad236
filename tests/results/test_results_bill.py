"""A bill with every kind of line from the file alone: stored history, key figures, print and page."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import synthetic
from plain_billing import plain_bill

from cosim.printed import summary
from cosim.results import Run, RunWriter, open_run
from sims.signals.tariffs.tariff import Tariff

# energy   550 kWh of the office in two tiers: 500 x 0.10 + 50 x 0.20 = 60.00
# demand   48 kW on Tuesday; May had 100 kW: the mean is 74 kW, of which 50 at 4 and 24 at 6 = 344.00
# fixed    2 of 30 days of 45.00 = 3.00; the minimum is 2/30 of 7500 = 500: 93 are missing
# tax      10 % of 500 = 50.00
TARIFF = Tariff.model_validate(
    {
        "name": "two",
        "currency": "USD",
        "source": "made up",
        "energy": [
            {
                "name": "energy",
                "tiers": [{"price_per_kwh": 0.1, "up_to_kwh": 500}, {"price_per_kwh": 0.2}],
            }
        ],
        "demand": [
            {
                "name": "peak",
                "tiers": [{"price_per_kw": 4.0, "up_to_kw": 50}, {"price_per_kw": 6.0}],
                "ratchet": {"rule": "average"},
            }
        ],
        "fixed": [{"name": "meter", "amount": 45.0}],
        "minimum": [{"amount": 7500.0}],
        "adjustments": [{"name": "tax", "percent": 10.0}],
    }
)
HISTORY = {"peak": (40.0, 100.0)}


@pytest.fixture(scope="module")
def billed(tmp_path_factory) -> Run:
    office, yard = (
        replace(site, demand_history_kw=known)
        for site, known in ((synthetic.OFFICE, HISTORY), (synthetic.YARD, {"peak": ()}))
    )
    header = replace(synthetic.HEADER, sites=(office, yard), signals={"two": TARIFF.model_dump_json()})
    path: Path = tmp_path_factory.mktemp("billed") / "billed.h5"
    with RunWriter(path, header) as writer:
        writer.write_segment(0, synthetic.blocks())
        writer.finish(
            {"office": synthetic.sessions(), "yard": synthetic.sessions(0)},
            {"office": synthetic.ports(), "yard": synthetic.ports(0)},
        )
    return open_run(path)


def test_the_file_knows_the_months_before_the_run(billed):
    assert billed.header.site("office").demand_history_kw == HISTORY
    assert billed.header.site("yard").demand_history_kw == {"peak": ()}


def test_a_file_without_ratchet_says_nothing_of_it(run):
    assert run.header.site("office").demand_history_kw is None


def test_every_line_from_the_file_alone(billed):
    lines = [
        (line.kind, line.label, line.tier, round(line.quantity, 4), round(line.amount, 2))
        for line in billed.bill("office").lines
    ]
    assert lines == [
        ("energy", "energy", 1, 500.0, 50.0),
        ("energy", "energy", 2, 50.0, 10.0),
        ("demand", "peak, ratchet: mean with 2019-05", 1, 50.0, 200.0),
        ("demand", "peak, ratchet: mean with 2019-05", 2, 24.0, 144.0),
        ("fixed", "meter", 0, 0.0667, 3.0),
        ("minimum", "up to the minimum of a month", 0, 93.0, 93.0),
        ("adjustment", "tax", 0, 500.0, 50.0),
    ]


@pytest.mark.parametrize("site", ["office", "yard"])
def test_i6_plain_loops_over_the_stored_series_come_to_the_same(billed, site):
    header = billed.header.site(site)
    amounts, _ = plain_bill(
        Tariff.model_validate_json(billed.header.signals[header.signals]).model_dump(),
        datetime.fromtimestamp(billed.clock.start_s, UTC),
        billed.clock.step_s // 60,
        billed.clock.zone,
        billed.site(site).site_kw,
        history=header.demand_history_kw,
    )
    assert sum(amounts.values()) == pytest.approx(billed.kpis["sites"][site]["bill_total"], abs=1e-9)


def test_key_figures(billed):
    figures = billed.kpis["sites"]["office"]
    expected = {
        "bill_total": 550.0,
        "bill_energy": 60.0,
        "bill_demand": 344.0,
        "bill_fixed": 3.0,
        "bill_minimum": 93.0,
        "bill_adjustments": 50.0,
        "billed_peak_kw": 48.0,
        "billed_peak_at": "2019-06-04T14:00-07:00",
    }
    assert {name: figures[name] for name in expected} == pytest.approx(expected)
    parts = ("energy", "demand", "fixed", "minimum", "adjustments")
    assert sum(figures[f"bill_{part}"] for part in parts) == pytest.approx(figures["bill_total"])
    assert billed.kpis["totals"]["bill_fixed"] == pytest.approx(6.0)


def test_it_is_printed(billed):
    text = "\n".join(summary(billed))
    for said in (
        "2019-06 energy, tier 2: 50.0 kWh at 0.2000",
        "2019-06 peak, ratchet: mean with 2019-05, tier 1: 50.0 kW at 4.0000, set 2019-06-04 14:00",
        "2019-06 meter: 0.07 month at 45.0000",
        "93.00            2019-06 up to the minimum of a month",
        "2019-06 covered in part, 2 of 30 days (2019-06-03 .. 2019-06-04)",
    ):
        assert said in text


def test_the_page_tells_it(billed, tmp_path):
    page = billed.report(tmp_path / "page.html").read_text()
    for said in (
        "<td>energy, tier 2</td>",
        "<td>peak, ratchet: mean with 2019-05, tier 2</td>",
        "2 of 30 days, in part",
        "48.0 kW, 04 Jun 14:00",
    ):
        assert said in page


def test_the_diamond_is_at_the_metered_peak(billed):
    marks = next(part for part in billed.plot_site("office").data if part.name == "billed peak")
    np.testing.assert_allclose(marks.y, [48.0])
