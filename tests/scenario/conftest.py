"""A small office on disk, right in every key; the tests break one thing at a time.

grid ---(20/0.4 kV, 250 kVA)--- main_board --- building_board
                                    |--------- unidirectional_board
                                    '--------- bidirectional_board
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

OFFICE = """\
name = "office_v2b"
start = 2019-06-03T00:00:00
days = 2
step_minutes = 15
timezone = "America/Los_Angeles"
seed = 1

[feeder]
network = "office_site"

[feeder.options]
transformer_kva = 250

[[sites]]
name = "office"
connection = "main_board"
tariff = "svp_cb1_paper"

[sites.building]
profile = "data/load.csv"
peak_kw = 210

[[sites.chargers]]
count = 2
kind = "unidirectional"
p_max_kw = 20

[[sites.chargers]]
count = 1
kind = "bidirectional"
p_max_kw = 20
connection = "bidirectional_board"

[sites.fleet]
sessions = "data/sessions.csv"

[sites.policy]
name = "llf"
"""

SESSIONS = """\
session_id,vehicle_id,arrival,departure,window_start,window_end,capacity_kwh,soc_arrival,soc_required
s1,v1,2019-06-03T07:21:00-07:00,2019-06-03T15:52:00-07:00,2019-06-03T15:30:00-07:00,2019-06-03T16:30:00-07:00,62,0.41,0.8
s2,v2,2019-06-04T08:00:00-07:00,2019-06-04T17:00:00-07:00,2019-06-04T17:00:00-07:00,2019-06-04T17:00:00-07:00,40,0.5,0.9
"""

Edit = tuple[str, str]


def quarter_hours(days: int = 2, column: str = "kw", low: float = 40.0) -> str:
    """Series from the start of the office's run, 15 min, rising a little every step."""
    start = datetime.fromisoformat("2019-06-03T00:00:00-07:00")
    rows = [f"{(start + timedelta(minutes=15 * k)).isoformat()},{low + k % 96}" for k in range(96 * days)]
    return "\n".join([f"time,{column}", *rows, ""])


@pytest.fixture
def office(tmp_path: Path) -> Callable[..., Path]:
    """Write the office, with pieces of its text replaced, and give the path of `office.toml`."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "load.csv").write_text(quarter_hours())
    (tmp_path / "data" / "sessions.csv").write_text(SESSIONS)

    def write(*edits: Edit, file: str = "office.toml", text: str = OFFICE) -> Path:
        for old, new in edits:
            assert old in text, f"{old!r} is not in {file}"
            text = text.replace(old, new, 1)
        path = tmp_path / file
        path.write_text(text)
        return path

    return write


@pytest.fixture
def sessions_text() -> str:
    return SESSIONS
