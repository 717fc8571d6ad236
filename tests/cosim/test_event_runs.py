"""Events in whole runs: told when they are told, settled as separate code settles them, invisible without.

day        Mon        Tue        Wed        Thu        Fri
                                 17:00 told            12:00 told
                                            16..18              16..17
baseline              x          x          (event)
"""

import json

import numpy as np
import pytest
import xarray as xr
from small_sites import Small, Watching, car, fingerprint, policy_of, ports, ran, read, simulated, site
from typer.testing import CliRunner

from cosim import open_run
from cosim.cli import app
from cosim.results.event_table import EventHeader
from sims.signals.billing.bill import bill

DAYS = Small(days=5, step_minutes=30)
STEPS = 48  # a day
HEADER = "event_id,programme,notice,start,end,kind,value\n"
THURSDAY = "thu,elrp,2019-06-05T17:00,2019-06-06T16:00,2019-06-06T18:00,reduce,\n"
FRIDAY = "fri,elrp,2019-06-07T12:00,2019-06-07T16:00,2019-06-07T17:00,reduce,\n"
TOLD, START, END = 2 * STEPS + 34, 3 * STEPS + 32, 3 * STEPS + 36
TWO_DAYS = {"baseline": {"n_days": 2, "of_days": 2}}
ELRP = {"programme": "elrp", "file": "events.csv", "options": TWO_DAYS}
LOAD_KW = 50 + 20 * np.sin(np.arange(DAYS.n_steps) / 7)

pytestmark = pytest.mark.usefixtures("one_network")


def office(rows=THURSDAY + FRIDAY, policy="llf", name="office", **other) -> dict:
    """Cars every day from 8:00 to 20:00, and what the site takes part in; no rows, no events."""
    cars = [
        car(f"d{day}c{i}", 24 * day + 8 + i / 3, 24 * day + 20, soc_arrival=0.3 + 0.1 * i)
        for day in range(5)
        for i in range(3)
    ]
    events = {} if rows is None else {"events": [ELRP]}
    chargers = [ports(2), ports(1, "unidirectional", 7.4)]
    return site(LOAD_KW, cars, chargers, policy, name=name, **{**events, **other})


def with_rows(folder, rows, *sites, **how):
    """Run of sites with the rows in `events.csv`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "events.csv").write_text(HEADER + (rows or ""))
    return ran(folder, *sites, when=DAYS, **how)


@pytest.fixture(scope="module")
def answered(folder, one_network):
    return with_rows(folder / "answered", THURSDAY + FRIDAY, office())


def series_of(run, name="office"):
    stored = run.site(name)
    return {key: getattr(stored, key) for key in ("building_kw", "site_kw", "evse_kw", "setpoint_kw", "soc")}


def test_the_controller_knows_of_an_event_from_its_notice_to_its_end(folder):
    Watching.seen.clear()
    policy = policy_of(Watching, peak_threshold_kw=60.0)
    stored = with_rows(folder / "watched", THURSDAY + FRIDAY, office(policy=policy)).site("office")
    known = [[event.event_id for event in seen.events] for seen, _ in Watching.seen]
    expected = [[] for _ in range(DAYS.n_steps)]
    for name, told, start, end in (
        ("thu", TOLD, START, END),
        ("fri", *(4 * STEPS + k for k in (24, 32, 34))),
    ):
        for k in range(told, end):
            expected[k].append(name)
            assert stored.event[k] == (2 if k >= start else 1)
    assert known == expected
    assert [k for k in range(DAYS.n_steps) if stored.event[k]] == [k for k, ids in enumerate(known) if ids]
    thursday = Watching.seen[TOLD][0].events[0]
    assert (thursday.notice_s, thursday.start_s, thursday.end_s) == (TOLD * 1800, START * 1800, END * 1800)


def test_without_events_every_series_is_the_same(folder):
    """No section, a section whose file is empty, and events nobody answers: the same power, bit for bit."""
    plain = with_rows(folder / "plain", None, office(None))
    empty = with_rows(folder / "empty", "", office(""))
    deaf = {"name": "llf", "peak_threshold_kw": 60.0, "answer_events": False}
    unanswered = with_rows(folder / "deaf", THURSDAY, office(THURSDAY, policy=deaf))
    assert plain.header.features == ()
    assert empty.header.features == unanswered.header.features == ("events",)
    for other in (empty, unanswered):
        for name, values in series_of(plain).items():
            np.testing.assert_array_equal(values, series_of(other)[name], err_msg=name)
    assert not empty.site("office").event.any()
    assert len(empty.events("office")) == 0
    assert plain.bill("office") == empty.bill("office")
    assert plain.kpis["sites"]["office"]["bill_events"] is None
    assert empty.kpis["sites"]["office"]["bill_events"] == 0.0
    assert list(plain._file._file) == [
        "feeder",
        "kpis",
        "manifest",
        "scenario",
        "sessions",
        "signals",
        "sites",
    ]


@pytest.fixture(scope="module")
def thursday_alone(folder, one_network):
    """Every series of a run with the first event only."""
    return simulated(inputs_of(folder / "thursday", THURSDAY))[0]


@pytest.mark.parametrize(
    ("notice", "hours", "first_told"),
    [
        ("2019-06-07T12:00", ("16:00", "17:00"), 4 * STEPS + 24),
        ("2019-06-07T15:30", ("16:00", "17:00"), 4 * STEPS + 31),
        ("2019-06-06T17:00", ("18:00", "20:00"), 3 * STEPS + 34),
    ],
)
def test_what_is_not_told_yet_changes_nothing(folder, thursday_alone, notice, hours, first_told):
    """Series before the later event's notice, with and without it, bit for bit (I15)."""
    later = f"fri,elrp,{notice},2019-06-07T{hours[0]},2019-06-07T{hours[1]},reduce,\n"
    with_it, _ = simulated(inputs_of(folder / "with", THURSDAY + later))
    for name, values in thursday_alone.items():
        np.testing.assert_array_equal(values[:first_told], with_it[name][:first_told], err_msg=name)
    evse_kw = "sites/office/evse_kw"
    assert (thursday_alone[evse_kw][first_told:] != with_it[evse_kw][first_told:]).any()


def inputs_of(folder, rows):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "events.csv").write_text(HEADER + rows)
    return read(folder, office(rows), when=DAYS)


def test_the_file_does_not_show_where_it_was_cut_or_who_ran_it(answered, folder):
    rows = THURSDAY + FRIDAY
    for name, how in {
        "again": {},
        "cut": {"window_days": 1},
        "apart": {"out_of_process": ("signals", "control")},
    }.items():
        other = with_rows(folder / f"same_{name}", rows, office(), **how)
        assert fingerprint(other.path) == fingerprint(answered.path), name


def separately(run, event, name="office"):
    """Baseline, load, reduction and adjustment of an event on the half hours of `DAYS`, by plain loops."""
    drawn = [max(0.0, kw) for kw in run.site(name).site_kw.tolist()]
    start, end = (int((event[when] - run.clock.local_time(run.clock.start_s)).total_seconds()) // 1800
                  for when in ("start", "end"))  # fmt: skip
    event_days = {
        int((other - run.clock.local_time(run.clock.start_s)).days) for other in run.events(name)["start"]
    }
    day = start // STEPS
    days = [earlier for earlier in range(day) if earlier not in event_days][-2:]
    usual = [sum(drawn[d * STEPS + k % STEPS] for d in days) / 2 for k in range(start, end)]
    before = range(start - 8, start - 2)
    ratio = sum(drawn[k] for k in before) / sum(
        drawn[d * STEPS + k % STEPS] / 2 for k in before for d in days
    )
    factor = min(1.4, max(0.6, ratio))
    baseline = [factor * kw for kw in usual]
    load = drawn[start:end]
    reduction = sum(max(0.0, b - kw) for b, kw in zip(baseline, load, strict=True)) / 2
    return sum(baseline) / 2, sum(load) / 2, reduction, factor


def test_the_stored_settlement_is_that_of_separate_code(answered):
    table = answered.events("office")
    assert list(table["event_id"]) == ["thu", "fri"]
    for _, row in table.iterrows():
        baseline_kwh, load_kwh, reduction_kwh, factor = separately(answered, row)
        assert row["baseline_kwh"] == pytest.approx(baseline_kwh)
        assert row["load_kwh"] == pytest.approx(load_kwh)
        assert row["reduction_kwh"] == pytest.approx(reduction_kwh)
        assert row["adjustment"] == pytest.approx(factor)
        assert row["payment"] == pytest.approx(2.0 * reduction_kwh)
        assert row["reduction_kwh"] > 5.0
        assert (row["penalty"], row["reason"]) == (0.0, "")


def test_the_bill_and_the_key_figures_hold_what_was_paid(answered):
    paid, table, office_ = (
        answered.bill("office"),
        answered.events("office"),
        answered.kpis["sites"]["office"],
    )
    lines = [line for line in paid.lines if line.kind == "event"]
    assert [(line.month, line.unit, line.rate) for line in lines] == [("2019-06", "kWh", 2.0)] * 2
    assert -sum(line.amount for line in lines) == pytest.approx(table["payment"].sum())
    assert office_["bill_total"] == pytest.approx(paid.total) == pytest.approx(
        paid.energy + paid.demand - table["payment"].sum()
    )  # fmt: skip
    assert office_["bill_events"] == pytest.approx(-table["payment"].sum())
    assert office_["event_reduction_kwh"] == pytest.approx(table["reduction_kwh"].sum())
    assert (office_["events"], office_["event_penalty"]) == (2, 0.0)


def test_the_file_alone_settles_again(answered):
    header = open_run(answered.path).header.site("office").events
    assert header.rules["elrp"].baseline.n_days == 2
    again = header.columns(answered.clock, answered.site("office").site_kw)
    for name, values in again.items():
        np.testing.assert_array_equal(values, answered._file[f"events/office/{name}"], err_msg=name)
    with xr.open_dataset(answered.path, group="/events/office", engine="h5netcdf") as table:
        assert table["payment"].dims == ("event",)
        assert table["payment"].attrs["units"] == "USD"
        assert table["start"].values[0] == np.datetime64("2019-06-06T23:00")


def test_a_flat_load_is_paid_nothing(folder):
    flat = site(50.0, (), (), events=[ELRP])
    done = with_rows(folder / "flat", THURSDAY + FRIDAY, flat)
    assert done.kpis["sites"]["office"]["bill_events"] == 0.0
    assert list(done.events("office")["reason"]) == ["the load was nowhere below the baseline"] * 2


def test_history_gives_the_days_before_and_is_stored(folder):
    tuesday = "tue,elrp,2019-06-04T09:00,2019-06-04T16:00,2019-06-04T18:00,reduce,\n"
    place = folder / "history"
    place.mkdir()
    hours = [f"2019-05-{27 + k // 24:02d}T{k % 24:02d}:00-07:00,80" for k in range(5 * 24)]
    hours += [f"2019-06-{1 + k // 24:02d}T{k % 24:02d}:00-07:00,80" for k in range(2 * 24)]
    (place / "before.csv").write_text("\n".join(["time,kw", *hours, ""]))
    flat = site(50.0, (), (), events=[{**ELRP, "history": "before.csv"}])
    done = with_rows(place, tuesday, flat)
    assert done.header.site("office").events.history_kw == (80.0,) * (7 * 48)
    (row,) = done.events("office").to_dict("records")
    # Friday at 80 kW and Monday at 50 kW: 65 kW on average, times 50 / 65 as measured before the event
    assert row["baseline_kwh"] == pytest.approx(2 * 50.0)
    assert row["adjustment"] == pytest.approx(50 / 65)


def test_a_cap_costs_what_lies_above_it_and_pays_for_standing_by(folder):
    capped = {"programme": "firm_service_level", "file": "events.csv", "options": {"cap_kw": 45.0}}
    row = "cap,firm_service_level,2019-06-06T15:00,2019-06-06T16:00,2019-06-06T18:00,limit,\n"
    done = with_rows(folder / "capped", row, office(row, events=[capped]))
    (event,) = done.events("office").to_dict("records")
    assert event["value"] == 45.0
    held = done.site("office").site_kw[START:END]
    above = sum(max(0.0, kw - 45.0) for kw in held.tolist()) / 2
    assert event["excess_kwh"] == pytest.approx(above)
    assert event["penalty"] == pytest.approx(6.0 * above)
    standing_by = 60.0 * 5 / 30 * 8.0
    assert done.bill("office").sum_of("event") == pytest.approx(6.0 * above - standing_by)
    # the building alone stands by for nothing
    without = bill(done.tariff("office"), done.clock, done.site("office").building_kw).total
    assert done.kpis["sites"]["office"]["building_bill_total"] == pytest.approx(without)
    deaf = {"name": "llf", "peak_threshold_kw": 60.0, "answer_events": False}
    ignored = with_rows(folder / "ignored", row, office(row, policy=deaf, events=[capped]))
    assert ignored.events("office")["excess_kwh"][0] > above + 5.0


def test_a_neighbour_without_events_is_told_nothing(folder):
    done = with_rows(folder / "two", THURSDAY, office(THURSDAY), office(None, name="next"))
    plain = with_rows(folder / "two_plain", None, office(None), office(None, name="next"))
    assert not done.site("next").event.any()
    assert len(done.events("next")) == 0
    for name, values in series_of(plain, "next").items():
        np.testing.assert_array_equal(values, series_of(done, "next")[name])
    assert done.header.site("next").events == EventHeader()
    assert done.kpis["totals"]["events"] == 1


def test_the_command_prints_each_event(answered):
    def said(*options):
        return CliRunner().invoke(app, ["events", str(answered.path), *options]).stdout

    (row, _) = json.loads(said("--json"))["office"]
    table = answered.events("office").iloc[0]
    assert row["payment"] == pytest.approx(table["payment"])
    assert row["notice"] == "2019-06-05T17:00:00-07:00"
    assert row["value"] is None
    lines = said().splitlines()
    assert lines[0] == "site office (USD): 2 events"
    assert lines[2].split()[:3] == ["thu", "2019-06-05", "17:00"]
    assert f"{table['payment']:.2f}" in lines[2]


def test_an_event_has_its_picture_and_its_part_of_the_report(answered):
    figure = answered.plot_event("office", "thu")
    traces = {trace.name: trace for trace in figure.data}
    done = answered.settlement("office", "thu")
    np.testing.assert_array_equal(traces["baseline"].y[:-1], done.baseline_kw)
    assert len(traces["load"].x) == STEPS + 1
    assert figure.layout.shapes[0].x0.hour == 16
    assert "told Wed 05 Jun 17:00" in figure.layout.annotations[0].text
    assert answered.plot_event("office", "fri").layout.annotations[0].text.startswith("told Fri")
    with pytest.raises(KeyError, match='nearest: "thu"'):
        answered.plot_event("office", "thur")
    page = answered.report().read_text()
    assert "Demand-response events" in page
    assert page.count('id="event-office-') == 2
