"""Events and settlements as OpenADR 3.1 objects: what the standard demands, and nothing lost."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from sims.signals.openadr.read import read_openadr
from sims.signals.openadr.write import write_event, write_report
from sims.signals.response.events import Event
from sims.signals.response.settlement import Settlement

STANDARD = json.loads((Path(__file__).parent / "openadr_3_1.schema.json").read_text())
REDUCE = Event("elrp 11 June", "ELRP A.4", "reduce", 1_560_200_000, 1_560_294_000, 1_560_304_800)
LIMIT = replace(REDUCE, event_id="cap", kind="limit", value=80.5)


def checker(kind: str) -> Draft202012Validator:
    return Draft202012Validator({**STANDARD, "$ref": f"#/$defs/{kind}"})


def settlement(load_kw, baseline_kw, event: Event = REDUCE) -> Settlement:
    return Settlement(
        event=event, baseline_kw=np.array(baseline_kw, dtype=float), load_kw=np.array(load_kw, dtype=float),
        reduction_kwh=0.0, excess_kwh=0.0, rate_per_kwh=2.0, payment=0.0, penalty=0.0, days=(),
        adjustment=1.0, reason="",
    )  # fmt: skip


def told(report: dict) -> list[dict[str, float]]:
    """Values of every interval by type."""
    (resource,) = report["resources"]
    return [{p["type"]: p["values"][0] for p in interval["payloads"]} for interval in resource["intervals"]]


@pytest.mark.parametrize("event", [REDUCE, LIMIT])
def test_an_event_is_what_the_standard_demands(event):
    checker("event").validate(write_event(event, "office"))


def test_an_event_worked_by_hand():
    written = write_event(LIMIT, "office")
    assert (written["id"], written["programID"], written["eventName"]) == ("cap", "ELRP-A-4", "cap")
    assert written["createdDateTime"] == "2019-06-10T20:53:20Z"
    assert written["intervalPeriod"] == {"start": "2019-06-11T23:00:00Z", "duration": "PT3H"}
    assert written["intervals"] == [
        {"id": 0, "payloads": [{"type": "IMPORT_CAPACITY_LIMIT", "values": [80.5]}]}
    ]
    assert written["payloadDescriptors"][0]["units"] == "KW"
    assert written["targets"] == ["office"]


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("id",), "elrp 11 June"),
        (("targets",), [{"type": "GROUP", "values": ["office"]}]),
        (("intervalPeriod", "duration"), "3 h"),
        (("intervals", 0, "payloads", 0, "values", 0), 4),
        (("objectType",), "REPORT"),
        (("programId",), "elrp"),
    ],
)
def test_the_restated_standard_can_refuse(place, value):
    written = write_event(REDUCE, "office")
    *way, last = place
    here = written
    for part in way:
        here = here[part]
    here[last] = value
    assert list(checker("event").iter_errors(written))


@given(
    name=st.text(min_size=1, max_size=200).filter(
        lambda text: text.encode("utf-8", "ignore").decode() == text
    ),
    start_s=st.integers(1_000_000, 7_000_000_000),
    duration_s=st.integers(1, 366 * 86_400),
    notice_s=st.integers(1_000_000, 7_000_000_000),
    value=st.none() | st.floats(0, 100_000),
)
def test_what_is_written_is_read_again(name, start_s, duration_s, notice_s, value, tmp_path_factory):
    kind = "reduce" if value is None else "limit"
    event = Event(name, "elrp", kind, notice_s, start_s, start_s + duration_s, value)
    path = tmp_path_factory.getbasetemp() / "round.json"
    path.write_text(json.dumps([write_event(event, "office")]))
    assert [found for found, _ in read_openadr(path, "elrp")] == [event]


def test_a_report_worked_by_hand():
    report = write_report(settlement([40.0, -8.0], [60.0, 60.0]), "office", 5400)
    checker("report").validate(report)
    assert (report["eventID"], report["clientName"]) == ("elrp-11-June", "gridpark")
    (resource,) = report["resources"]
    assert resource["resourceName"] == "office"
    assert resource["intervalPeriod"] == {"start": "2019-06-11T23:00:00Z", "duration": "PT1H30M"}
    assert [interval["id"] for interval in resource["intervals"]] == [0, 0]  # parts of the event's only one
    assert told(report) == [
        {"USAGE": 60.0, "DEMAND": 40.0, "BASELINE": 90.0, "DELTA_USAGE": -30.0},
        {"USAGE": 0.0, "DEMAND": 0.0, "BASELINE": 90.0, "DELTA_USAGE": -102.0},  # feeds 12 kWh back
    ]
    units = {one["payloadType"]: one["units"] for one in report["payloadDescriptors"]}
    assert units == {"BASELINE": "KWH", "USAGE": "KWH", "DEMAND": "KW", "DELTA_USAGE": "KWH"}


def test_without_a_baseline_there_is_none_in_the_report():
    report = write_report(settlement([40.0], [np.nan]), "office", 10_800)
    checker("report").validate(report)
    assert told(report) == [{"USAGE": 120.0, "DEMAND": 40.0}]
    json.dumps(report, allow_nan=False)


def test_the_report_answers_what_the_event_asks_for():
    asked = {one["payloadType"]: one["units"] for one in write_event(REDUCE, "office")["reportDescriptors"]}
    report = write_report(settlement([1.0], [2.0]), "office", 10_800)
    assert asked == {one["payloadType"]: one["units"] for one in report["payloadDescriptors"]}
    assert set(asked) == set(told(report)[0])


@given(
    st.lists(st.tuples(st.floats(-500, 500), st.floats(-500, 500)), min_size=1, max_size=8),
    st.sampled_from([300, 900, 3600]),
)
def test_every_report_holds_against_the_standard_and_its_sums(pairs, step_s):
    load_kw, baseline_kw = np.array(pairs).T
    report = write_report(settlement(load_kw, baseline_kw), "office", step_s)
    checker("report").validate(report)
    rows = told(report)
    energy_kwh = sum(row["BASELINE"] + row["DELTA_USAGE"] for row in rows)
    assert energy_kwh == pytest.approx(load_kw.sum() * step_s / 3600, abs=1e-7)
