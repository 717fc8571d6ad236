"""What a scenario may say of its events, and each wrong thing with its place and the rule it breaks."""

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from cosim import load_scenario
from cosim.scenario.inputs import load_checked, read_inputs
from sims.clock import Clock
from sims.faults import DataError, ScenarioError

HEADER = "event_id,programme,notice,start,end,kind,value\n"
THURSDAY = "2019-06-27"
pytestmark = pytest.mark.usefixtures("one_network")

TARIFF = """name = "flat"
currency = "USD"
source = "made for tests"
demand_window_minutes = 60
[[energy]]
name = "all"
price_per_kwh = 0.2
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = "\n".join(f"2019-06-{1 + k // 24:02d}T{k % 24:02d}:00-07:00,50" for k in range(30 * 24))
    (tmp_path / "load.csv").write_text(f"time,kw\n{rows}\n")
    (tmp_path / "flat.toml").write_text(TARIFF)
    return tmp_path


def event(name="e", day=THURSDAY, hours=("16:00", "19:00"), notice=f"{THURSDAY}T09:00", programme="elrp",
          kind="reduce", value=""):  # fmt: skip
    return f"{name},{programme},{notice},{day}T{hours[0]},{day}T{hours[1]},{kind},{value}\n"


def written(folder, sections, rows="", *, start="2019-06-01", zone="America/Los_Angeles", days=30, tables=""):
    """A scenario of one site; rows of `events.csv` are given in local time."""
    (folder / "events.csv").write_text(HEADER + rows)
    path = folder / "small.toml"
    path.write_text(f"""name = "small"
start = {start}T00:00:00
days = {days}
step_minutes = 60
timezone = "{zone}"
{tables}
[feeder]
network = "office_site"
[[sites]]
name = "office"
connection = "main_board"
tariff = "flat.toml"
[sites.building]
profile = "load.csv"
[sites.policy]
name = "llf"
peak_threshold_kw = 60
{sections}""")
    return path


ONE = """[[sites.events]]
programme = "elrp"
file = "events.csv"
"""


def refused(path):
    with pytest.raises((ScenarioError, DataError)) as error:
        read_inputs(load_checked(path))
    return str(error.value)


def test_events_of_a_file_are_read(folder):
    inputs = read_inputs(load_scenario(written(folder, ONE, event())))
    given = inputs.sites[0].events
    assert [one.event_id for one in given.events] == ["e"]
    assert given.programmes[0].name == "elrp"
    assert len(given.history_kw) == 0
    assert any("rules are stated for 2022" in warning for warning in inputs.warnings)


def test_a_site_without_events_has_none(folder):
    assert read_inputs(load_scenario(written(folder, ""))).sites[0].events is None


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (event(hours=("19:00", "16:00")), ["2 e: ends"]),
        (event() + event("f", hours=("18:00", "20:00")), ["3 f: overlaps \"e\""]),
        (event(day="2019-07-27", notice="2019-07-27T09:00"), ["2 e: ", "outside the run"]),
        (event(day="2019-06-06", notice="2019-06-06T09:00"), ["2 e: baseline days missing: 3 of 10"]),
        (event(hours=("15:00", "18:00")), ["2 e: ", "16:00"]),
        (event(hours=("16:00", "16:30")), ["2 e: "]),
        (event(notice=f"{THURSDAY}T16:30"), ["2 e: "]),
        (event(kind="limit", value="40"), ["2 e: "]),
        (event(programme="other"), ['programme = "other": the section is of the programme "elrp"']),
        (event() + event(), ["stands in lines 2 and 3"]),
    ],
)  # fmt: skip
def test_each_rule_an_event_breaks_is_named_with_its_line(folder, rows, told):
    said = refused(written(folder, ONE, rows))
    for words in told:
        assert words in said, said
    assert "events.csv:" in said
    assert "D61" in said


def test_all_faults_are_said_at_once(folder):
    rows = event(hours=("19:00", "16:00")) + event("f", day="2019-06-06", notice="2019-06-06T09:00")
    said = refused(written(folder, ONE + 'openadr = "x.json"\n', rows))
    assert "S38 small.toml" in said
    assert "contradicts `file`" in said
    said = refused(written(folder, ONE, rows))
    assert "2 e: ends" in said
    assert "3 f: baseline days missing" in said
    assert "2 faults" in said


def test_an_event_on_the_day_the_clocks_change_is_told(folder):
    start_s = int(datetime.fromisoformat("2019-10-14T00:00-07:00").timestamp())
    clock = Clock(start_s, 3600, 25 * 24 + 1, "America/Los_Angeles")
    rows = "\n".join(f"{datetime.fromtimestamp(s).astimezone().isoformat()},50" for s in clock.epoch_s())
    (folder / "load.csv").write_text(f"time,kw\n{rows}\n")
    options = "options = { months = [11], baseline = { n_days = 2, of_days = 2 } }\n"
    row = event(day="2019-11-03", notice="2019-11-03T09:00")
    inputs = read_inputs(load_scenario(written(folder, ONE + options, row, start="2019-10-14", days=25)))
    assert any("a day of 25 hours" in warning for warning in inputs.warnings)


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ('[[sites.events]]\nprogramme = "elrp"\n', ["S07", "no source of events"]),
        (ONE + "[sites.events.generator]\n", ["S38", "generator: contradicts `file`"]),
        (ONE.replace("elrp", "elpr"), ["S26", 'nearest: "elrp"']),
        (ONE.replace("events.csv", "../events.csv"), ["S17", "leads out"]),
        (ONE.replace("events.csv", "event.csv"), ["D01", "no such file"]),
        (ONE + "kw = 5\n", ["S06", "unknown key"]),
        (ONE + "options = { exportpermit = true }\n", ["S38", "options.exportpermit", "not permitted"]),
        (ONE + "options = { payment_per_kwh = -2.0 }\n", ["options.payment_per_kwh", "greater than"]),
        (ONE + "options = { baseline = { n_days = 20 } }\n", ["options.baseline", "at most all of them"]),
        (ONE + 'options = { currency = "EUR" }\n', ["S38", "pays in EUR"]),
        (ONE + ONE, ["S38", 'takes part in "elrp" already']),
        (ONE + 'history = "load.csv"\n', ["S38", "before the run"]),
        (
            '[[sites.events]]\nprogramme = "elrp"\n[sites.events.generator]\nlog_odds_per_k = 0.5\n',
            ["S07", "generator.log_odds_per_k", "needs [weather]"],
        ),
        ('[[sites.events]]\nprogramme = "elrp"\ngenerator = { day_of_share = 2.0 }\n', ["at most 1"]),
        (
            '[[sites.events]]\nprogramme = "firm_service_level"\noptions = { name = "f" }\n'
            '[sites.events.generator]\n' + ONE + 'history = "load.csv"\n[[sites.events]]\n'
            'programme = "elrp"\noptions = { name = "g" }\nfile = "events.csv"\nhistory = "load.csv"\n',
            ["S38", "one file serves all its programmes"],
        ),
    ],
)  # fmt: skip
def test_each_wrong_section_is_named(folder, section, told):
    said = refused(written(folder, section, event()))
    assert "small.toml" in said or "event.csv" in said
    for words in told:
        assert words in said, said


def test_options_change_the_rules_of_this_site_alone(folder):
    options = 'options = { subgroup = "aggregator", notice = { day_ahead_by_h = 12 } }\n'
    inputs = read_inputs(load_scenario(written(folder, ONE + options, event())))
    rules = inputs.sites[0].events.programmes[0]
    assert (rules.subgroup, rules.event_length.max_h) == ("aggregator", 3)
    assert (rules.notice.day_ahead_by_h, rules.notice.day_of_lead_minutes) == (12, 0)
    said = refused(written(folder, ONE + options, event(hours=("16:00", "20:00"))))
    assert "e: " in said


def test_a_history_makes_days_of_a_baseline(folder):
    rows = event(day="2019-06-18", notice="2019-06-18T09:00")
    assert "baseline days missing" in refused(written(folder, ONE, rows, start="2019-06-16", days=14))
    (folder / "before.csv").write_text((folder / "load.csv").read_text().replace(",50", ",40"))
    known = written(folder, ONE + 'history = "before.csv"\n', rows, start="2019-06-16", days=14)
    given = read_inputs(load_scenario(known)).sites[0].events
    np.testing.assert_array_equal(given.history_kw, np.full(15 * 24, 40.0))


def test_two_programmes_call_one_at_a_time(folder):
    (folder / "caps.csv").write_text(
        HEADER + event("c", hours=("18:00", "20:00"), programme="firm_service_level", kind="limit")
        + event("e", day="2019-06-20", hours=("18:00", "20:00"), notice="2019-06-20T09:00",
                programme="firm_service_level", kind="limit")
    )  # fmt: skip
    two = ONE + '[[sites.events]]\nprogramme = "firm_service_level"\nfile = "caps.csv"\n'
    said = refused(written(folder, two, event()))
    assert 'c: begins before "e" of "elrp" has ended' in said
    assert 'e: "elrp" has an event of this name' in said
    rows = (folder / "caps.csv").read_text().splitlines(keepends=True)
    (folder / "caps.csv").write_text(rows[0] + rows[2].replace("e,", "d,", 1))
    given = read_inputs(load_scenario(written(folder, two, event()))).sites[0].events
    assert [(one.event_id, one.value) for one in given.events] == [("d", 150.0), ("e", None)]


def test_generated_events_come_from_the_seed(folder):
    section = '[[sites.events]]\nprogramme = "elrp"\n[sites.events.generator]\nevents_per_season = 60.0\n'

    def drawn(seed, more=""):
        path = written(folder, section + more, tables=f"seed = {seed}")
        return read_inputs(load_scenario(path)).sites[0].events.events

    once = drawn(3)
    assert once == drawn(3) != drawn(4)
    # a price well above the reference makes every day likely, one below hardly any
    often, seldom = (
        len(drawn(3, f"reference_price_per_kwh = {price}\nlog_odds_per_price = 50.0\n"))
        for price in (0.0, 0.4)
    )
    assert often > 5 > seldom
