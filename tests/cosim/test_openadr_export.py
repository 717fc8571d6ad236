"""OpenADR events into a run, and events with their settlements out of it again."""

import json

import numpy as np
import pytest
from small_sites import Small, ports, ran, site, write
from typer.testing import CliRunner

from cosim import load_scenario
from cosim.cli import app
from cosim.openadr_export import export_openadr
from cosim.scenario.inputs import read_inputs
from sims.faults import DataError, ScenarioError, StoreError
from sims.signals.openadr.read import read_openadr

# Monday 3 to Wednesday 5 June 2019, building 50 kW; on Tuesday an event of ELRP 17:00-19:00 with 20 kW in it
# for the office, and a cap of 30 kW on Wednesday 12:00-13:00 for the works
DAYS = 3
TUESDAY_17 = 96 + 68
ELRP = {"programme": "elrp", "openadr": "elrp.json", "options": {"baseline": {"n_days": 1, "of_days": 1}}}
FIRM = {"programme": "firm_service_level", "openadr": "cap.json"}


def told(start: str, payload: dict, **other) -> dict:
    return {
        "id": "7",
        "objectType": "EVENT",
        "programID": "44",
        "createdDateTime": "2019-06-03T18:00:00Z",
        "intervalPeriod": {"start": start, "duration": "PT1H"},
        "intervals": [{"id": 0, "payloads": [payload]}],
        **other,
    }


def of_two_hours() -> dict:
    event = told("2019-06-04T17:00:00-07:00", {"type": "SIMPLE", "values": [1]})
    return {**event, "intervals": event["intervals"] * 2, "eventName": "hot: day", "id": "hot--day"}


def cap() -> dict:
    described = [
        {"objectType": "EVENT_PAYLOAD_DESCRIPTOR", "payloadType": "IMPORT_CAPACITY_LIMIT", "units": "KW"}
    ]
    payload = {"type": "IMPORT_CAPACITY_LIMIT", "values": [30]}
    return told("2019-06-05T12:00:00-07:00", payload, payloadDescriptors=described)


@pytest.fixture(scope="module")
def run(folder):
    (folder / "elrp.json").write_text(json.dumps(of_two_hours()))
    (folder / "cap.json").write_text(json.dumps([cap()]))
    office_kw = np.full(96 * DAYS, 50.0)
    office_kw[TUESDAY_17 : TUESDAY_17 + 8] = 20.0
    office = site(office_kw, events=[ELRP])
    works = site(50.0, events=[FIRM], name="works")
    plain = site(5.0, [], [ports(1, "uncontrolled")], name="plain")
    return ran(folder, office, works, plain, when=Small(days=DAYS))


def test_openadr_events_run_are_settled_and_come_out_as_they_went_in(run, tmp_path):
    files = export_openadr(run, None, tmp_path / "out")
    names = ["office_events.json", "office_reports.json", "works_events.json", "works_reports.json"]
    assert [path.name for path in files] == names
    for name, programme, given in (
        ("office", "elrp", "elrp.json"),
        ("works", "firm_service_level", "cap.json"),
    ):
        read = [event for event, _ in read_openadr(tmp_path / "out" / f"{name}_events.json", programme)]
        assert read == list(run.header.site(name).events.events)
        assert read == [event for event, _ in read_openadr(run.path.parent / given, programme)]
    assert run.events("office")["payment"].tolist() == pytest.approx([2.0 * 2 * 30.0])  # 2 $ x 2 h x 30 kW


def test_the_report_is_the_settlement(run, tmp_path):
    export_openadr(run, None, tmp_path / "out")
    (report,) = json.loads((tmp_path / "out" / "office_reports.json").read_text())
    assert (report["eventID"], report["resources"][0]["resourceName"]) == ("hot--day", "office")
    rows = [
        {payload["type"]: payload["values"][0] for payload in interval["payloads"]}
        for interval in report["resources"][0]["intervals"]
    ]
    assert rows == [{"BASELINE": 12.5, "USAGE": 5.0, "DEMAND": 20.0, "DELTA_USAGE": -7.5}] * 8
    reduced_kwh = -sum(row["DELTA_USAGE"] for row in rows)
    assert reduced_kwh == pytest.approx(run.settlement("office", "hot: day").reduction_kwh)
    (of_cap,) = json.loads((tmp_path / "out" / "works_reports.json").read_text())
    (resource,) = of_cap["resources"]
    assert resource["intervalPeriod"] == {"start": "2019-06-05T19:00:00Z", "duration": "PT15M"}
    assert [payload["type"] for payload in resource["intervals"][0]["payloads"]] == ["USAGE", "DEMAND"]


def test_only_the_site_that_was_named(run, tmp_path):
    assert len(export_openadr(run, "works", tmp_path / "out")) == 2
    with pytest.raises(ScenarioError, match='site "plain" has no events'):
        export_openadr(run, "plain", tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_what_exists_is_kept(run, tmp_path):
    (tmp_path / "works_events.json").write_text("mine")
    with pytest.raises(StoreError, match=r"works_events.json: exists"):
        export_openadr(run, None, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["works_events.json"]
    assert len(export_openadr(run, None, tmp_path, overwrite=True)) == 4


def test_on_the_command_line(run, folder):
    runner = CliRunner()
    done = runner.invoke(app, ["export", "openadr", str(run.path), "--site", "office"])
    assert done.exit_code == 0, done.output
    assert done.stdout.split() == [
        str(run.path.with_name("result_openadr") / f"office_{kind}.json") for kind in ("events", "reports")
    ]
    again = runner.invoke(app, ["export", "openadr", str(run.path), "--site", "office"])
    assert (again.exit_code, "exists" in again.stderr) == (5, True)
    wrong = runner.invoke(app, ["export", "openadr", str(run.path), "--site", "office2"])
    assert (wrong.exit_code, 'nearest: "office"' in wrong.stderr) == (2, True)
    (folder / "none").mkdir()
    none = ran(folder / "none", site(5.0))
    without = runner.invoke(app, ["export", "openadr", str(none.path)])
    assert (without.exit_code, "the run has no demand-response events" in without.stderr) == (2, True)


def test_two_names_of_one_id_are_refused(folder, tmp_path):
    first = {**of_two_hours(), "eventName": "hot: day"}
    second = {**of_two_hours(), "id": "hot--day", "eventName": "hot- day"}
    second["intervalPeriod"] = {"start": "2019-06-05T17:00:00-07:00", "duration": "PT1H"}
    (folder / "same").mkdir()
    (folder / "same" / "elrp.json").write_text(json.dumps([first, second]))
    same = ran(folder / "same", site(50.0, events=[ELRP]), when=Small(days=DAYS))
    with pytest.raises(ScenarioError, match="hot: day, hot- day of office have the same OpenADR id"):
        export_openadr(same, None, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_faults_of_the_file_and_of_the_rules_are_named_before_step_0(tmp_path):
    path = write(tmp_path, site(50.0, events=[ELRP]), when=Small(days=DAYS))
    wrong = told("2019-06-04T17:00:00-07:00", {"type": "PRICE", "values": [0.3]}, targets=[{"type": "X"}])
    (tmp_path / "elrp.json").write_text(json.dumps([wrong]))
    with pytest.raises(DataError) as caught:
        read_inputs(load_scenario(path))
    listed = str(caught.value)
    assert "elrp.json $[0].intervals[0].payloads[0]" in listed
    assert "elrp.json $[0].targets[0]" in listed
    early = told("2019-06-04T10:00:00-07:00", {"type": "SIMPLE", "values": [1]})
    (tmp_path / "elrp.json").write_text(json.dumps([early]))
    with pytest.raises(DataError, match=r"elrp.json \$\[0\] 7: "):
        read_inputs(load_scenario(path))
