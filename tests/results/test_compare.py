"""Runs held against each other: deltas worked by hand, what cannot be compared, what a reader is told."""

import json
import math
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
import synthetic
from hypothesis import given
from hypothesis import strategies as st

import cosim
from cosim.results import RunWriter
from cosim.results.compare import frames, plots
from cosim.results.compare.kpis import HIGHER_IS_BETTER, LOWER_IS_BETTER, better_of
from cosim.results.compare.same import NotComparableError
from cosim.results.compare.scenarios import scenario_differences
from cosim.results.compare.text import USUAL, delta_text, kpi_of
from cosim.results.kpi_table import SCOPES, Kpi
from sims.clock import Clock

DAY = 24 * synthetic.HOUR


def write(path: Path, *, gentle: bool = False, header=synthetic.HEADER, **tables) -> Path:
    """The synthetic run; gentle: car a is charged with 10 kW, not 20, and car c not at all."""
    blocks = synthetic.blocks()
    if gentle:
        evse = blocks["sites/office/evse_kw"]
        evse[8 * synthetic.HOUR : 10 * synthetic.HOUR, 0] = 10.0
        evse[DAY + 14 * synthetic.HOUR : DAY + 14 * synthetic.HOUR + 2, 0] = 0.0
        blocks["sites/office/site_kw"] = blocks["sites/office/building_kw"] + evse.sum(axis=1)
        loading = blocks["feeder/transformer_loading_percent"]
        loading[loading > 100.0] = 80.0
    sessions = synthetic.sessions() | tables
    if gentle:
        sessions["missing_kwh"] = np.array([0.0, 0.0, 10.0, 5.0, 19.0, 2.0])
    with RunWriter(path, header) as writer:
        writer.write_segment(0, blocks)
        return writer.finish(
            {"office": sessions, "yard": synthetic.sessions(0)},
            {"office": synthetic.ports(), "yard": synthetic.ports(0)},
        )


def header_with(**changes):
    return replace(synthetic.HEADER, **changes)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("compare")
    write(folder / "base.h5", header=header_with(scenario_toml='name = "b"\npolicy = "uncontrolled"\n'))
    gentle = header_with(scenario_toml='name = "g"\npolicy = "llf"\n')
    write(folder / "gentle.h5", gentle=True, header=gentle)
    return folder


@pytest.fixture(scope="module")
def both(folder):
    return cosim.compare([folder / "base.h5", folder / "gentle.h5"])


def figure(both, kpi: str, run: str = "gentle"):
    rows = both.kpis[(both.kpis["kpi"] == kpi) & (both.kpis["run"] == run)]
    assert len(rows) == 1
    return rows.iloc[0]


# Car a takes 20 kWh less at night (2.00), car c 4 kWh less by day (0.80), the billed peak is 40 kW, not 48
# (80.00): 562.40 becomes 479.60. The building alone pays 478.00, so charging costs 84.40 and 1.60 for
# 44 - 4 and 20 - 4 kWh delivered.
@pytest.mark.parametrize(
    ("kpi", "value", "delta", "relative", "verdict"),
    [
        ("sites.office.bill_total", 479.60, -82.80, -82.80 / 562.40, "better"),
        ("sites.office.bill_demand", 400.0, -80.0, -80.0 / 480.0, "better"),
        ("sites.office.billed_peak_kw", 40.0, -8.0, -8.0 / 48.0, "better"),
        ("sites.office.ev_delivered_kwh", 16.0, -24.0, -24.0 / 40.0, ""),
        ("sites.office.ev_cost_per_delivered_kwh", 0.10, 0.10 - 2.11, -2.01 / 2.11, "better"),
        ("sites.office.missing_kwh", 10.0, 4.0, 4.0 / 6.0, "worse"),
        ("sites.office.never_connected_kwh", 7.0, 0.0, 0.0, "same"),
        ("transformers.T 1/2.overload_minutes", 0.0, -75.0, -1.0, "better"),
        ("sites.office.sessions", 6, 0.0, 0.0, ""),
    ],
)
def test_deltas_worked_by_hand(both, kpi, value, delta, relative, verdict):
    row = figure(both, kpi)
    assert row["value"] == pytest.approx(value, abs=1e-9)
    assert row["delta"] == pytest.approx(delta, abs=1e-9)
    assert row["relative"] == pytest.approx(relative, abs=1e-9)
    assert row["verdict"] == verdict


def test_the_baseline_has_no_delta_against_itself(both):
    own = both.kpis[both.kpis["run"] == "base"]
    assert set(own["delta"].dropna()) == {0.0}
    assert set(own["verdict"]) <= {"", "same"}


def test_a_share_of_nothing_is_unknown(folder):
    turned = cosim.compare([folder / "base.h5", folder / "gentle.h5"], baseline=str(folder / "gentle.h5"))
    assert turned.baseline == "gentle"
    row = figure(turned, "transformers.T 1/2.overload_minutes", "base")
    assert row["delta"] == 75.0
    assert math.isnan(row["relative"])
    assert row["verdict"] == "worse"


def test_texts_have_no_delta(both):
    row = figure(both, "sites.office.billed_peak_at")
    assert isinstance(row["value"], str)
    assert math.isnan(row["delta"])


def test_service_that_differs_makes_costs_unlike(both):
    said = [note for note in both.notes if "like for like" in note]
    assert len(said) == 1
    assert said[0].startswith("office ")
    assert "missing 6.0 kWh in base, 10.0 kWh in gentle" in said[0]
    assert "2.1100 USD/kWh in base, 0.1000 USD/kWh in gentle" in said[0]


def test_equal_runs_have_no_remarks(folder, tmp_path):
    again = write(
        tmp_path / "again.h5", header=header_with(scenario_toml='name = "other"\npolicy = "uncontrolled"\n')
    )
    same = cosim.compare([folder / "base.h5", again])
    assert not [note for note in same.notes if "differ" in note or "like for like" in note]
    assert same.scenario.empty


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        (
            {"clock": Clock.from_local(datetime(2019, 6, 4), 2, 900, "America/Los_Angeles")},
            "start: 2019-06-03",
        ),
        (
            {"clock": Clock.from_local(datetime(2019, 6, 3), 2, 900, "America/Denver")},
            "time zone: America/Los",
        ),
        ({"sites": (synthetic.OFFICE, replace(synthetic.YARD, name="barn"))}, "sites: office, yard in base"),
    ],
)
def test_what_has_no_common_axis_is_refused_by_name(folder, tmp_path, changes, named):
    header = header_with(**changes)
    blocks = synthetic.blocks()
    if "sites" in changes:
        blocks = {path.replace("/yard/", "/barn/"): block for path, block in blocks.items()}
    other = header.sites[1].name
    with RunWriter(tmp_path / "odd.h5", header) as writer:
        writer.write_segment(0, blocks)
        writer.finish(
            {"office": synthetic.sessions(), other: synthetic.sessions(0)},
            {"office": synthetic.ports(), other: synthetic.ports(0)},
        )
    with pytest.raises(NotComparableError, match=named) as refused:
        cosim.compare([folder / "base.h5", tmp_path / "odd.h5"])
    assert "odd" in str(refused.value)
    assert refused.value.exit_code == 2


def test_all_that_differs_in_a_clock_is_named_at_once(folder, tmp_path):
    short = header_with(clock=replace(synthetic.CLOCK, n_steps=96, step_s=300))
    with RunWriter(tmp_path / "short.h5", short) as writer:
        writer.write_segment(0, {path: block[:96] for path, block in synthetic.blocks().items()})
        writer.finish(
            {"office": synthetic.sessions(), "yard": synthetic.sessions(0)},
            {"office": synthetic.ports(), "yard": synthetic.ports(0)},
        )
    with pytest.raises(NotComparableError) as refused:
        cosim.compare([folder / "base.h5", tmp_path / "short.h5"])
    assert "step: 15 min in base, 5 min in short" in str(refused.value)
    assert "steps: 192 in base, 96 in short" in str(refused.value)


def test_other_circumstances_are_told(folder, tmp_path):
    tariff = synthetic.TARIFF.model_copy(update={"source": "elsewhere"})
    header = header_with(seed=8, signals={"two": tariff.model_dump_json()})
    later = synthetic.sessions()["departure"] + 60
    other = cosim.compare([folder / "base.h5", write(tmp_path / "other.h5", header=header, departure=later)])
    assert "these differ: seed, tariff of office, sessions of office and tariff of yard" in other.notes


def test_a_load_that_changed_under_its_name_is_told(folder, tmp_path, monkeypatch):
    blocks = synthetic.blocks()
    blocks["sites/yard/building_kw"][7] += 1.0
    blocks["sites/yard/site_kw"][7] += 1.0
    monkeypatch.setattr(synthetic, "blocks", lambda: blocks)
    other = cosim.compare([folder / "base.h5", write(tmp_path / "other.h5")])
    assert "these differ: building load of yard" in other.notes


def test_money_of_two_currencies_is_not_compared(folder, tmp_path):
    sites = tuple(replace(site, currency="EUR") for site in synthetic.HEADER.sites)
    tariff = synthetic.TARIFF.model_copy(update={"currency": "EUR"})
    header = header_with(sites=sites, signals={"two": tariff.model_dump_json()})
    abroad = cosim.compare([folder / "base.h5", write(tmp_path / "abroad.h5", header=header)])
    row = figure(abroad, "sites.office.bill_total", "abroad")
    assert math.isnan(row["delta"])
    assert any("money is not compared" in note for note in abroad.notes)


@pytest.mark.parametrize("runs", [[], ["base.h5"], ["base.h5", "base.h5"]])
def test_too_few_runs_are_refused(folder, runs):
    with pytest.raises(NotComparableError):
        cosim.compare([folder / run for run in runs])


def test_an_unknown_baseline_names_the_nearest(folder):
    with pytest.raises(NotComparableError, match='nearest: "gentle"'):
        cosim.compare([folder / "base.h5", folder / "gentle.h5"], baseline="gentel")


def test_runs_of_one_name_go_by_their_folders_and_can_be_called_otherwise(folder, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one, two = write(tmp_path / "a" / "run.h5"), write(tmp_path / "b" / "run.h5", gentle=True)
    assert list(cosim.compare([one, two]).runs) == ["a/run", "b/run"]
    assert list(cosim.compare({"old": one, "new": cosim.open_run(two)}, "new").runs) == ["new", "old"]


def test_every_direction_and_every_usual_figure_is_a_figure():
    known = {kpi.name for kpis in SCOPES.values() for kpi in kpis} | {
        "ev_delivered_kwh",
        "ev_cost_per_delivered_kwh",
    }
    assert known >= LOWER_IS_BETTER | HIGHER_IS_BETTER | set(USUAL)
    assert not LOWER_IS_BETTER & HIGHER_IS_BETTER
    assert better_of("vm_min_pu") == "higher"
    assert better_of("sessions") == ""
    assert kpi_of("sites", "missing_kwh").unit == "kWh"


def test_deltas_are_printed_with_the_decimals_of_the_figure():
    assert delta_text(-12.345, -0.1, Kpi("x", "kWh", "X")) == "-12.3 (-10.0 %)"
    assert delta_text(-0.004, -0.1, Kpi("x", "kWh", "X")) == "0"
    assert delta_text(2.0, math.nan, Kpi("x", "sessions", "X")) == "+2"
    assert delta_text(math.nan, math.nan, Kpi("x", "kWh", "X")) == ""


def test_scenarios_are_held_against_each_other_key_by_key():
    one = (
        'name = "a"\nseed = 1\n[[sites]]\nname = "north"\ndays = [1, 2]\n'
        "[[sites.chargers]]\ncount = 3\nfast = true\n"
    )
    two = (
        'name = "b"\nseed = 1\n[[sites]]\nname = "south"\n[[sites]]\nname = "north"\ndays = [1, 3]\n'
        "[[sites.chargers]]\ncount = 4.0\n"
    )
    found = scenario_differences({"a": one, "b": two}).to_dict("index")
    assert found == {
        "sites.north.days": {"a": "[1, 2]", "b": "[1, 3]"},
        "sites.north.chargers[0].count": {"a": "3", "b": "4"},
        "sites.north.chargers[0].fast": {"a": "true", "b": ""},
        "sites.south.name": {"a": "", "b": "south"},
    }


def test_bills_to_date_end_with_the_bill(both):
    demand = frames.bill_to_date(both.runs, "office", "demand")
    energy = frames.bill_to_date(both.runs, "office", "energy")
    assert [str(end) for end in demand.index] == ["2019-06-04 00:00:00", "2019-06-05 00:00:00"]
    # Monday by day draws 10 kW; the night of both days and the EVs of Monday are 0.10
    np.testing.assert_allclose(demand["base"], [100.0, 480.0])
    # Monday: 120 + 40 - 4 kWh by night, 120 kWh by day
    assert energy["base"].iloc[0] == pytest.approx(15.60 + 24.00)
    for label, run in both.runs.items():
        assert energy[label].iloc[-1] == pytest.approx(run.bill("office").energy + run.bill("office").export)
        assert demand[label].iloc[-1] == pytest.approx(run.bill("office").demand)


def test_a_long_run_is_billed_at_few_dates(both, monkeypatch):
    monkeypatch.setattr(frames, "MOST_DATES", 1)
    assert list(frames.bill_to_date(both.runs, "office", "demand")["base"]) == [480.0]


@given(st.lists(st.floats(-1e6, 1e6) | st.just(math.nan), min_size=1, max_size=40))
def test_a_duration_curve_falls_and_keeps_every_value(values):
    import pandas as pd

    curve = frames.duration_curves(pd.DataFrame({"run": values}))
    known = curve["run"].dropna()
    assert known.is_monotonic_decreasing
    assert sorted(known) == sorted(value for value in values if not math.isnan(value))
    assert curve["run"].iloc[: len(known)].notna().all()
    assert curve.index[-1] == 100.0


def test_loading_is_that_of_the_worst_transformer(both):
    loading = frames.highest_loading(both.runs)
    assert loading["base"].max() == 120.0
    assert loading["gentle"].max() == 80.0
    assert len(loading) == synthetic.CLOCK.n_steps + 1


def test_the_json_is_plain_and_says_every_figure(both):
    told = json.loads(json.dumps(both.as_json(), allow_nan=False))
    assert told["baseline"] == "base"
    assert told["scenario"] == {"policy": {"base": "uncontrolled", "gentle": "llf"}}
    bill = told["kpis"]["sites.office.bill_total"]
    assert bill["better"] == "lower"
    assert bill["runs"]["gentle"]["delta"] == pytest.approx(-82.80)
    assert set(told["runs"]) == {"base", "gentle"}


def test_figures_of_sessions(both):
    missing = frames.missing_energy(both.runs, "office")
    assert "e" not in missing.index  # the end of the run cuts its stay
    assert missing.loc["c<script>"].tolist() == [6.0, 10.0]
    bars = plots.missing_by_session(missing, "Missing").data
    assert bars[0].x[0] == "c&lt;script&gt;"
    assert plots.missing_by_session(missing * 0.0, "Missing").layout.annotations[0].text.startswith("no ")


def test_a_site_without_cars_has_nothing_to_draw(both):
    left = frames.departures(both.runs, "yard")
    assert plots.charge_on_leaving(left, "Left").layout.annotations[0].text == "no car left within the run"
    curve = plots.charge_on_leaving(frames.departures(both.runs, "office"), "Left").data[0]
    assert list(curve.x) == pytest.approx([58.0, 58.0, 80.0, 82.0])
    assert list(curve.y) == pytest.approx([0.0, 100.0 / 3.0, 200.0 / 3.0, 100.0])


def test_a_notebook_shows_names_as_text(folder):
    shown = cosim.compare({"<b>": folder / "base.h5", "x": folder / "gentle.h5"})._repr_html_()
    assert "<b>" not in shown
    assert "&lt;b&gt;" in shown
    assert "-82.80" in shown


def test_the_page_fetches_nothing_and_says_the_deltas(folder, tmp_path):
    labels = {"a<script>": folder / "base.h5", "gentle": folder / "gentle.h5"}
    page = cosim.compare(labels).report(tmp_path / "page.html").read_text("utf-8")
    assert "default-src 'none'" in page
    assert page.count("plotly.js v") == 1
    assert "a<script>" not in page
    assert "-82.80 (-14.7 %)" in page
    assert "like for like" in page
    assert page == cosim.compare(labels).report(tmp_path / "again.html").read_text("utf-8")
