"""Events from a table: every row read or refused, and what is known of them when."""

import pytest

from sims.faults import DataError
from sims.signals.response.event_notice import ANNOUNCED, IN_FORCE, NO_EVENT, NoticeBoard
from sims.signals.response.events import Event
from sims.signals.response.events_csv import read_events

HEADER = "event_id,programme,notice,start,end,kind,value\n"
GOOD = "a,elrp,2019-06-26T17:00,2019-06-27T16:00,2019-06-27T19:00-07:00,reduce,\n"


def table(folder, rows, header=HEADER):
    path = folder / "events.csv"
    path.write_text(header + rows)
    return path


def test_rows_become_events_with_their_places(tmp_path):
    rows = GOOD + "b,firm,2019-06-28T15:30Z,2019-06-28T23:00Z,2019-06-29T01:00Z,limit,150.5\n"
    (one, first), (two, second) = read_events(table(tmp_path, rows), "America/Los_Angeles")
    # 2019-06-27T00:00Z is 1561593600
    assert one == Event("a", "elrp", "reduce", 1561593600, 1561593600 + 23 * 3600, 1561593600 + 26 * 3600)
    assert (two.kind, two.value, two.end_s - two.start_s) == ("limit", 150.5, 7200)
    assert first.endswith("events.csv:2")
    assert second.endswith("events.csv:3")


def test_value_may_be_left_out_and_a_table_may_be_empty(tmp_path):
    no_value = table(tmp_path, GOOD.replace("reduce,", "reduce"), HEADER.replace(",value", ""))
    assert read_events(no_value, "America/Los_Angeles")[0][0].value is None
    assert read_events(table(tmp_path, ""), "UTC") == []


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (GOOD, 'D61 {}:3:event_id = "a": stands in lines 2 and 3'),
        (GOOD.replace("a,", ",", 1), "D41 {}:3:event_id: empty cell"),
        (GOOD.replace("a,elrp", "b,"), "D41 {}:3:programme: empty cell"),
        (
            GOOD.replace("a,", "b,", 1).replace("reduce", "shed"),
            'D61 {}:3:kind = "shed": must be "reduce" or',
        ),
        (
            GOOD.replace("a,", "b,", 1).replace("reduce,", "reduce,5"),
            "D61 {}:3:value: only a limit has a value",
        ),
        (GOOD.replace("a,", "b,", 1).replace("reduce,", "limit,a lot"), 'D40 {}:3:value = "a lot"'),
        (GOOD.replace("a,", "b,", 1).replace("2019-06-26T17:00", "06/26/2019"), "D53 {}:3:notice"),
        (GOOD.replace("a,", "b,", 1).replace("2019-06-27T16:00", "2019-03-10T02:30"), "D48 {}:3:start"),
        (GOOD.replace("a,", "b,", 1).replace(",reduce,", ",reduce"), "D39 {}:3:-"),
    ],
)
def test_each_bad_cell_is_named(tmp_path, row, told):
    path = table(tmp_path, GOOD + row)
    with pytest.raises(DataError) as refused:
        read_events(path, "America/Los_Angeles")
    assert told.format(f"{tmp_path.name}/events.csv") in str(refused.value)


def test_a_missing_column_and_an_unknown_one(tmp_path):
    with pytest.raises(DataError, match=r"D06 .*power.*unknown column"):
        read_events(table(tmp_path, "", HEADER.replace("value", "power")), "UTC")
    with pytest.raises(DataError, match=r"D07 .*notice.*column is missing"):
        read_events(table(tmp_path, "", HEADER.replace("notice,", "")), "UTC")


def test_an_event_is_known_from_its_notice_to_its_end():
    early, late = Event("early", "p", "reduce", 10, 20, 30), Event("late", "p", "limit", 25, 40, 50, 5.0)
    board = NoticeBoard([late, early])
    known = {t: [event.event_id for event in board.known_at(t)] for t in (9, 10, 24, 25, 29, 30, 49, 50)}
    assert known == {
        9: [], 10: ["early"], 24: ["early"], 25: ["early", "late"], 29: ["early", "late"],
        30: ["late"], 49: ["late"], 50: [],
    }  # fmt: skip
    status = [board.status_at(t) for t in (9, 10, 20, 29, 30, 40, 50)]
    assert status == [NO_EVENT, ANNOUNCED, IN_FORCE, IN_FORCE, ANNOUNCED, IN_FORCE, NO_EVENT]
