"""OpenADR 3.1 events as a utility writes them: what is inherited, what becomes an event, what is refused."""

import json
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sims.faults import DataError
from sims.signals.openadr.iso_time import duration_seconds, duration_text, epoch_seconds_of
from sims.signals.openadr.read import read_openadr
from sims.signals.response.events import Event

HOUR = 3600
PEAK = "2019-06-11T16:00:00-07:00"


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def event(*payloads, **other) -> dict:
    """An event from 16:00 of one hour for each payload; `other` replaces, None takes away."""
    usual = {
        "id": "e1",
        "createdDateTime": "2019-06-10T15:30:00.000Z",
        "objectType": "EVENT",
        "programID": "44",
        "intervalPeriod": {"start": PEAK, "duration": "PT1H"},
        "intervals": [{"id": k, "payloads": [payload]} for k, payload in enumerate(payloads or [simple(1)])],
    }
    return {key: value for key, value in (usual | other).items() if value is not None}


def simple(level) -> dict:
    return {"type": "SIMPLE", "values": [level]}


def limit(kw) -> dict:
    return {"type": "IMPORT_CAPACITY_LIMIT", "values": [kw]}


IN_KW = {"payloadDescriptors": [{"payloadType": "IMPORT_CAPACITY_LIMIT", "units": "KW"}]}


@pytest.fixture
def read(tmp_path):
    def reader(content) -> list[Event]:
        path = tmp_path / "events.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return [found for found, _ in read_openadr(path, "elrp")]

    return reader


def faults(read, content) -> list[str]:
    with pytest.raises(DataError) as caught:
        read(content)
    return [str(fault).removeprefix("D61 ").split("/", 1)[-1] for fault in caught.value.faults]


# t                16:00     17:00     18:00     19:00     20:00
# SIMPLE           1         2         0         3                      two events: the level is not kept
def test_intervals_inherit_and_what_follows_at_once_is_one_event(read):
    first, second = read(event(simple(1), simple(2), simple(0), simple(3)))
    start_s, told_s = at(PEAK), at("2019-06-10T15:30:00+00:00")
    assert first == Event("e1-1", "elrp", "reduce", told_s, start_s, start_s + 2 * HOUR)
    assert second == Event("e1-2", "elrp", "reduce", told_s, start_s + 3 * HOUR, start_s + 4 * HOUR)


def test_one_event_keeps_its_name(read):
    (only,) = read(event(simple(1), simple(1), simple(1)))
    assert (only.event_id, only.end_s - only.start_s) == ("e1", 3 * HOUR)


def test_an_alert_asks_to_reduce_and_a_list_holds_many(read):
    alert = {"type": "ALERT_GRID_EMERGENCY", "values": ["stage 3"]}
    found = read([event(alert), event(id="e2"), event(simple(0), id="e3")])
    assert [(one.event_id, one.kind, one.value) for one in found] == [
        ("e1", "reduce", None),
        ("e2", "reduce", None),
    ]
    assert read([]) == []


def test_limits_are_kept_apart_by_their_value(read):
    found = read(event(limit(100), limit(100.0), limit(80.5), simple(1), limit(80.5), **IN_KW))
    assert [(one.kind, one.value, (one.end_s - one.start_s) / HOUR) for one in found] == [
        ("limit", 100.0, 2), ("limit", 80.5, 1), ("reduce", None, 1), ("limit", 80.5, 1),
    ]  # fmt: skip


def test_an_interval_that_says_so_has_its_own_time(read):
    given = event(simple(1), simple(1), simple(1), simple(1))
    given["intervals"][1]["intervalPeriod"] = {"duration": "PT30M", "start": None}
    given["intervals"][3]["intervalPeriod"] = {"start": "2019-06-12T02:00:00Z", "duration": "PT0S"}
    first, second = read(given)
    assert (first.start_s, first.end_s) == (at(PEAK), at(PEAK) + 2.5 * HOUR)
    assert (second.start_s, second.end_s) == (
        at(PEAK) + 3 * HOUR,
        at(PEAK) + 4 * HOUR,
    )  # 19:00, an hour again


def test_without_a_period_of_the_event_each_interval_has_one(read):
    given = event(intervalPeriod=None)
    given["intervals"][0]["intervalPeriod"] = {"start": PEAK, "duration": "PT15M"}
    (only,) = read(given)
    assert only.end_s - only.start_s == 900


def test_the_duration_of_the_event_cuts_but_does_not_repeat(read):
    (cut,) = read(event(simple(1), simple(1), simple(1), duration="PT1H30M"))
    assert cut.end_s - cut.start_s == 1.5 * HOUR
    assert faults(read, event(duration="P7D")) == [
        "events.json $.duration: PT168H: longer than its intervals, PT1H: write repetitions as intervals"
    ]


def test_an_event_is_known_since_it_was_changed_last(read):
    (only,) = read(event(modificationDateTime="2019-06-11T10:00:00.001-07:00"))
    assert only.notice_s == at("2019-06-11T10:00:01-07:00")  # the first full second that has it
    (line,) = faults(read, event(createdDateTime=None))
    assert line.startswith("events.json $.createdDateTime: missing")


def test_its_name_is_the_readable_one_when_the_id_is_made_of_it(read):
    assert read(event(eventName="ELRP 11 June", id="ELRP-11-June"))[0].event_id == "ELRP 11 June"
    assert read(event(eventName="ELRP 11 June", id="7"))[0].event_id == "7"
    assert read(event(eventName="ELRP 11 June", id=None))[0].event_id == "ELRP 11 June"
    assert faults(read, event(id=None)) == ["events.json $.id: an event needs an id, or an eventName"]
    twice = faults(read, [event(), event()])
    assert twice[0].startswith('events.json $[1]: "e1": the event at ')
    assert twice[0].endswith("/events.json $[0] has this name already")


def test_what_asks_for_nothing_is_let_pass(read):
    more = {
        "priority": 0,
        "targets": ["office"],
        "reportDescriptors": None,
        "duration": None,
        "new in 3.2": {},
    }
    assert read(event(**more)) == read(event())


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"programID": None}, "$.programID: Field required"),
        ({"programID": 44}, "$.programID = 44: Input should be a valid string"),
        ({"objectType": "PROGRAM"}, "$.objectType = \"PROGRAM\": Input should be 'EVENT'"),
        ({"intervals": []}, "$.intervals = []: List should have at least 1 item"),
        ({"intervals": None}, "$.intervals: Field required"),
        ({"id": "e 1"}, '$.id = "e 1": String should match pattern'),
        (
            {"targets": [{"type": "GROUP", "values": ["x"]}]},
            "$.targets[0]: targets of OpenADR 3.0 are objects",
        ),
        ({"intervalPeriod": None}, "$.intervals[0].intervalPeriod.start: neither the interval nor the event"),
        ({"intervalPeriod": {"start": PEAK}}, "$.intervals[0].intervalPeriod.duration: neither the interval"),
        (
            {"intervalPeriod": {"start": PEAK, "duration": "PT1H", "randomizeStart": "PT5M"}},
            '$.intervalPeriod.randomizeStart = "PT5M": a start that each client shifts by chance',
        ),
        (
            {"intervalPeriod": {"start": "2019-06-11T16:00:00", "duration": "PT1H"}},
            '$.intervalPeriod.start = "2019-06-11T16:00:00": is no time of 1970 .. 2199 with its UTC offset',
        ),
        (
            {"intervalPeriod": {"start": "2019-06-11T16:00:00.5Z", "duration": "PT1H"}},
            "must be a whole second",
        ),
        (
            {"intervalPeriod": {"start": "0001-01-01T00:00:00Z", "duration": "P9999Y"}},
            '$.intervalPeriod.start = "0001-01-01T00:00:00Z": means "now"',
        ),
        (
            {"intervalPeriod": {"start": PEAK, "duration": "P1M"}},
            '$.intervalPeriod.duration = "P1M": years and months have no fixed length',
        ),
        ({"intervalPeriod": {"start": PEAK, "duration": 3600}}, "duration = 3600: must be text"),
    ],
)
def test_each_fault_of_the_form_is_named(read, change, line):
    assert line in faults(read, event(**change))[0]


@pytest.mark.parametrize(
    ("payload", "line"),
    [
        ({"type": "PRICE", "values": [0.2]}, "prices are a series, not an event: give them as a prices file"),
        ({"type": "EXPORT_PRICE", "values": [0.2]}, "[sites.prices]"),
        ({"type": "GHG", "values": [200]}, "[sites.emissions]"),
        ({"type": "DISPATCH_SETPOINT", "values": [20]}, "IMPORT_CAPACITY_LIMIT"),
        ({"type": "EXPORT_CAPACITY_LIMIT", "values": [20]}, "allow_export"),
        (
            {"type": "MY_OWN", "values": [1]},
            '"MY_OWN": not understood; allowed: SIMPLE, IMPORT_CAPACITY_LIMIT',
        ),
        (simple(4), "SIMPLE 4: must be 0, 1, 2 or 3"),
        (simple(True), "SIMPLE True: must be 0, 1, 2 or 3"),
        (simple("1"), "SIMPLE '1': must be 0, 1, 2 or 3"),
        (limit(-1), "IMPORT_CAPACITY_LIMIT -1: must be 0 .. 100000 kW"),
        (limit(240_000), "must be 0 .. 100000 kW"),
        ({"type": "SIMPLE", "values": [1, 2]}, "SIMPLE has one value, not 2"),
        ({"type": "ALERT_GRID_EMERGENCY", "values": [3]}, "ALERT_GRID_EMERGENCY 3: must be text"),
    ],
)
def test_each_payload_that_is_no_event_is_named_with_what_to_use(read, payload, line):
    (told,) = faults(read, event(payload, **IN_KW))
    assert told.startswith("events.json $.intervals[0].payloads[0]: ")
    assert line in told


@pytest.mark.parametrize("units", [None, "KWH", "W", "kW"])
def test_a_limit_says_that_it_is_in_kw(read, units):
    described = [{"payloadType": "IMPORT_CAPACITY_LIMIT", "units": units}]
    (told,) = faults(read, event(limit(100), payloadDescriptors=described))
    said = "IMPORT_CAPACITY_LIMIT without units" if units is None else f'IMPORT_CAPACITY_LIMIT in "{units}"'
    assert told == f'events.json $.payloadDescriptors: {said}; allowed: units "KW"'
    assert faults(read, event(limit(100)))


def test_intervals_do_not_overlap_and_ask_for_one_thing_each(read):
    given = event(simple(1), simple(1))
    given["intervals"][1]["intervalPeriod"] = {"start": "2019-06-11T16:30:00-07:00"}
    (told,) = faults(read, given)
    assert told.endswith("2019-06-11T23:30:00Z: the interval before ends only at 2019-06-12T00:00:00Z")
    given = event()
    given["intervals"][0]["payloads"] *= 2
    assert "at most 1 item" in faults(read, given)[0]


def test_all_faults_of_a_file_come_at_once(read):
    lines = faults(
        read,
        [
            event(simple(7), id="a/b", programID=3),
            event(),
            event(limit(3), id="e3", createdDateTime=None),
            12,
        ],
    )
    places = [line.split(" ")[1].rstrip(":") for line in lines]
    assert places == [
        *("$[0].id", "$[0].programID", "$[0].intervals[0].payloads[0]"),
        *("$[2].createdDateTime", "$[2].payloadDescriptors", "$[3]"),
    ]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("{", "not readable as JSON"),
        ('{"values": NaN}', "NaN is no number of JSON"),
        ("[" * 100_000, "not readable as JSON"),
        ("12", "Input should be a valid dictionary"),
    ],
)
def test_a_file_that_is_no_json_of_events(read, text, what):
    assert what in faults(read, text)[0]


def test_a_file_that_is_not_there(tmp_path):
    (tmp_path / "event.json").write_text("{}")
    with pytest.raises(DataError, match=r"D01 .*no such file.*nearest: event.json"):
        read_openadr(tmp_path / "events.json", "elrp")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("PT3H", 10_800), ("P1DT2H", 93_600), ("P2W", 1_209_600), ("PT90M", 5400), ("PT0S", 0), ("PT5.0S", 5)],
)
def test_durations(text, seconds):
    assert duration_seconds(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "P",
        "PT",
        "P1DT",
        "3H",
        "-PT3H",
        "PT1.5S",
        "PT1.5H",
        "P1Y",
        "P1M",
        "P9999Y",
        "P400D",
        "PT3H ",
        "pt3h",
    ],
)
def test_what_is_no_fixed_duration(text):
    with pytest.raises(ValueError, match=r"duration|fixed length|whole seconds|366 days"):
        duration_seconds(text)


@given(st.integers(0, 366 * 86_400))
def test_a_duration_that_is_written_is_read_again(seconds):
    assert duration_seconds(duration_text(seconds)) == seconds


@pytest.mark.parametrize(
    "text",
    [
        *(
            "2019-06-11",
            "2019-06-11T16:00Z",
            "2019-06-11 16:00:00Z",
            "20190611T160000Z",
            "2019-02-30T00:00:00Z",
        ),
        *("1969-12-31T00:00:00Z", "2300-01-01T00:00:00Z", "2019-06-11T16:00:00+0700", "2019-06-11T16:00:60Z"),
        *("9999-12-31T23:59:59-23:59", "0001-01-02T00:00:00+23:59"),
    ],
)
def test_what_is_no_instant(text):
    with pytest.raises(ValueError, match=r"is no time of 1970 \.\. 2199 with its UTC offset"):
        epoch_seconds_of(text)
