"""Catalogue of bad scenario files, one case a row: each message names file, line, key, value and what is allowed."""

# ruff: noqa: E501 - a case a line reads as a table

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cosim.scenario.check import ZONES_OF, check_scenario, zone_problem
from cosim.scenario.load import dump_scenario, load_scenario
from cosim.scenario.positions import key_lines
from cosim.scenario.schema import Scenario
from sims.faults import ScenarioError

Office = Callable[..., Path]


def message(path: str | Path, *overrides: str) -> str:
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path, overrides)
    assert caught.value.exit_code == 2
    return str(caught.value)


# row of the catalogue, edit of the good file, what the message must say
KEYS = [
    ("5 duplicate", ("days = 2\n", "days = 2\ndays = 3\n"), ["S05 office.toml:4 days", "lines 3 and 4"]),
    ("5 twice a table", ("[sites.policy]", "[feeder]\n[sites.policy]"), ["office.toml:37 feeder", "lines 8 and 37"]),
    ("6 unknown", ("seed =", "sede ="), ["S06 office.toml:6 sede = 1: unknown key", 'nearest: "seed"']),
    ("6 unknown section", ("[sites.building]", "[sites.bilding]"), ["office.toml:19", 'nearest: "building"']),
    ("7 missing", ('timezone = "America/Los_Angeles"\n', ""), ["S07 office.toml timezone", 'timezone = "America/']),
    ("7 missing in a list", ("count = 2\n", ""), ["S07 office.toml:23 sites.office.chargers[0].count", "`count = 10`"]),
    ("7 missing section", ('[feeder]\nnetwork = "office_site"\n', ""), ["S07 office.toml feeder.network", 'network = "office_site"']),
    ("8 number in quotes", ("days = 2", 'days = "2"'), ['office.toml:3 days = "2"', "write 2 without quotes"]),
    ("8 a date", ("2019-06-03T00:00:00", "2019-06-03"), ["start = 2019-06-03:", "write 2019-06-03T00:00:00"]),
    ("8 a date in quotes", ("2019-06-03T00:00:00", '"2019-06-03T00:00:00"'), ["a date and time such as", "write it without quotes"]),
    ("8 float for int", ("seed = 1", "seed = 1.0"), ["S36 office.toml:6 seed = 1.0", "write 1"]),
    ("8 table for text", ('name = "office"', "name = {a = 1}"), ["name = {...}", "a text in quotes", "a table"]),
    ("9 nan", ("p_max_kw = 20", "p_max_kw = nan"), ["S09 office.toml:26", "chargers[0].p_max_kw = nan", "finite"]),
    ("9 inf", ("peak_kw = 210", "peak_kw = inf"), ["sites.office.building.peak_kw = inf", "must be finite"]),
    ("9 nan in options", ("transformer_kva = 250", "transformer_kva = nan"), ["options.transformer_kva = nan", "S09"]),
    ("15 long integer", ("seed = 1", "seed = 1" + "0" * 5000), ["S15 office.toml:6", "too long"]),
    ("17 parent", ("data/load.csv", "../../etc/passwd"), ["S17 office.toml:20", "leads out of the scenario's folder"]),
    ("17 absolute", ("data/load.csv", "/etc/passwd"), ["building.profile", "must be a path from the scenario's folder"]),
    ("17 UNC", ("data/load.csv", "\\\\\\\\host\\\\x.csv"), ["building.profile", "must be a path"]),
    ("17 NUL", ("data/load.csv", "a\\u0000b"), ["building.profile", "no file name"]),
    ("17 address", ("data/load.csv", "file:///etc/passwd"), ["building.profile", "addresses are not read"]),
    ("17 device", ('"office_site"', '"/dev/zero.json"'), ["feeder.network", "must be a path"]),
    ("18 slash", ('name = "office_v2b"', 'name = "a/b"'), ['S18 office.toml:1 name = "a/b"', "at most 64"]),
    ("18 dots", ('name = "office_v2b"', 'name = "../x"'), ["office.toml:1 name", "letters, digits"]),
    ("18 newline", ('name = "office_v2b"', 'name = "a\\n"'), ["office.toml:1 name", "letters, digits"]),
    ("18 lookalike", ('name = "office_v2b"', 'name = "оffice"'), ["office.toml:1 name", "letters, digits"]),
    ("18 long", ('name = "office_v2b"', f'name = "{"a" * 300}"'), ["office.toml:1 name", "at most 64"]),
    ("18 reserved", ('name = "office_v2b"', 'name = "NUL"'), ['office.toml:1 name = "NUL"', "devices"]),
    ("19 W", ("p_max_kw = 20", "p_max_kw = 20000"), ["p_max_kw = 20000: above 1000 kW; did you mean 20 (kW, not W)?"]),
    ("19 MW", ("p_max_kw = 20", "p_max_kw = 0.02"), ["p_max_kw = 0.02: below 0.1 kW; did you mean 20 (kW, not MW)?"]),
    ("19 unit", ("p_max_kw = 20", 'p_max_kw = "5 kW"'), ['p_max_kw = "5 kW"', "write 5", "unit is in the name"]),
    ("20 percent", ("kind =", "efficiency_charge = 95\nkind ="), ["efficiency_charge = 95: above 1", "mean 0.95 (a share"]),
    ("20 cos phi", ("peak_kw = 210", "power_factor = 95"), ["power_factor = 95: above 1", "mean 0.95", "above 0, at most 1"]),
    ("20 zero", ("peak_kw = 210", "peak_kw = 0"), ["peak_kw = 0: must be above 0 kW", "at most 100000 kW"]),
    ("20 negative", ("p_max_kw = 20", "p_max_kw = -7"), ["p_max_kw = -7: below 0.1 kW", "at most 1000 kW"]),
    ("22 V2G", ("p_max_kw = 20", "p_max_kw = 20\np_discharge_max_kw = 5"), ["S22", "p_discharge_max_kw = 5.0", '"unidirectional"']),
    ("23 step 7", ("step_minutes = 15", "step_minutes = 7"), ["S23 office.toml:4 step_minutes = 7", "1, 5, 10, 15, 30, 60"]),
    ("23 off grid", ("T00:00:00", "T00:07:00"), ["office.toml:2 start = 2019-06-03T00:07:00", "step of 15 min"]),
    ("23 decisions", ('name = "llf"', 'name = "llf"\nevery_minutes = 20'), ["every_minutes = 20", "step_minutes = 15 min"]),
    ("23 no days", ("days = 2", "days = 0"), ["S24 office.toml:3 days = 0: below 1 d", "at most 3660 d"]),
    ("24 horizon", ("days = 2", "days = 1000000000"), ["S24 office.toml:3 days = 1000000000: above 3660 d"]),
    ("25 EST", ("America/Los_Angeles", "EST"), ['office.toml:5 timezone = "EST"', 'did you mean "America/New_York"?']),
    ("25 offset", ("America/Los_Angeles", "-07:00"), ['timezone = "-07:00"', "no offset", "America/Los_Angeles"]),
    ("25 Etc", ("America/Los_Angeles", "Etc/GMT+8"), ['timezone = "Etc/GMT+8"', "no offset"]),
    ("25 spelling", ("America/Los_Angeles", "Los Angeles"), ['did you mean "America/Los_Angeles"?']),
    ("25 start offset", ("T00:00:00", "T00:00:00-07:00"), ["start = 2019-06-03T00:00:00-07:00", "write 2019-06-03T00:00:00"]),
    ("26 engine", ('"office_site"', '"office_site"\nengine = "zbuz"'), ['engine = "zbuz"', 'nearest: "zbus"']),
    ("34 newer", ("seed = 1", "seed = 1\nschema_version = 99"), ["S34", "form 99", "reads form 1"]),
    ("35 variable", ("svp_cb1_paper", "${TARIFF}"), ['sites.office.tariff = "${TARIFF}"', "not expanded"]),
    ("35 home", ("data/load.csv", "~/load.csv"), ['S35 office.toml:20 sites.office.building.profile = "~/load', "not expanded"]),
    ("36 negative", ("seed = 1", "seed = -1"), ["S36 office.toml:6 seed = -1: below 0", "at most 9223372036854775807"]),
    ("36 large", ("seed = 1", f"seed = {2**70}"), [f"S36 office.toml:6 seed = {2**70}: above 9223372036854775807"]),
    ("38 background", ("[feeder.options]", '[feeder.background]\nloads = "none"\nprofile = "b.csv"\n[feeder.options]'), ["S38", "office.toml:13 feeder.background.profile", "contradicts"]),
    ("38 two fleets", ("[sites.policy]", "[sites.fleet.generator]\n[sites.policy]"), ["S38 office.toml:35 sites.office.fleet.sessions", "not both"]),
    ("7 no cars", ('sessions = "data/sessions.csv"\n', ""), ["S07 office.toml:34 sites.office.fleet", "3 ports but no cars"]),
    ("48 start in the gap", ("2019-06-03T00:00:00", "2019-03-10T02:30:00"), ["start = 2019-03-10T02:30:00", "does not exist in America/Los_Angeles"]),
]  # fmt: skip


@pytest.mark.parametrize(("row", "edit", "expected"), KEYS, ids=[case[0] for case in KEYS])
def test_a_wrong_key_is_named_with_line_value_and_range(
    office: Office, row: str, edit: tuple[str, str], expected: list[str]
) -> None:
    said = message(office(edit))
    for part in expected:
        assert part in said
    assert "1 fault, nothing was run" in said


def test_all_faults_are_said_at_once_in_the_order_of_the_file(office: Office) -> None:
    said = message(
        office(
            ("seed = 1", "seed = -1"),
            ("America/Los_Angeles", "CET"),
            ("tariff =", "tarif ="),
            ("p_max_kw = 20", "p_max_kw = 20000"),
            ("data/sessions.csv", "../s.csv"),
            ('name = "llf"', 'name = "llf"\nevery_minutes = 7'),
        )
    )
    codes = [line.split()[0] for line in said.splitlines()[:-1]]
    assert codes == ["S25", "S36", "S07", "S06", "S19", "S17", "S23"]
    assert said.endswith("7 faults, nothing was run")


def test_a_sense_that_rests_on_a_broken_key_is_not_judged(office: Office) -> None:
    """With the step unknown nobody can say whether 5 minutes fit it."""
    said = message(office(("step_minutes = 15", "step_minutes = 7"), ('"llf"', '"llf"\nevery_minutes = 5')))
    assert "every_minutes" not in said


def test_same_site_twice_names_both(office: Office) -> None:
    second = '\n[[sites]]\nname = "Office"\nconnection = "x"\ntariff = "flat"\npolicy = {name = "llf"}\n'
    path = office()
    path.write_text(path.read_text() + second)
    said = message(path)
    assert 'S27 office.toml:41 sites.Office.name = "Office": sites[0] and sites[1]' in said


def test_row_1_missing_file_names_folder_and_nearest(office: Office) -> None:
    office()
    path = office(file="warehouse.toml").with_name("ofice.toml")
    said = message(path)
    assert "S01" in said and str(path.parent) in said and "nearest: office.toml" in said
    assert "is a directory" in message(path.parent) and "office.toml" in message(path.parent)
    assert "folder does not exist" in message("nowhere/office.toml")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b'name = "caf\xe9"', "S02 {path}: byte 11 (0xe9) is not UTF-8"),
        ("name = 1".encode("utf-16"), "S02 {path}: byte 0 (0xff) is not UTF-8; looks like UTF-16"),
        (b"name\0 = 1", "byte 4 is NUL"),
        (b"x" * 10 + b"\xe2\x82", "byte 10 starts a character that is cut off"),
        (b"", "S03 bad.toml: empty; a scenario has at least name"),
        (b"# nothing\n\n", "S03 bad.toml: empty"),
        (b"name = \n", "S04 bad.toml:1:8: not TOML: Invalid value"),
        (b"[feeder\n", "S04 bad.toml:1:8"),
        (b"- a\n\tb", "S04 bad.toml:1:3"),
        (b'a = 1\nb = """x\n', "S04 bad.toml:3:1"),
        (b"#" * (2**20 + 1), "S16 {path}: has 1,048,577 bytes; at most 1,048,576"),
        (b"x = " + b"[" * 5000, "S12 bad.toml: tables and lists are nested deeper than 32"),
        (
            b"x = " + b"[" * 40 + b"]" * 40,
            "S12 bad.toml:1 x[0][0]: tables and lists are nested deeper than 32",
        ),
        (b"a" + b".a" * 200_000 + b" = 1", "S12 bad.toml:1: key of more than 32 parts"),
        (b"x = 1979-05-27T25:00:00", "S04 bad.toml:1"),
    ],
)
def test_rows_2_3_4_12_16_bytes_that_are_no_scenario(tmp_path: Path, content: bytes, expected: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_bytes(content)
    assert expected.format(path=path) in message(path)


def test_row_2_byte_order_mark_and_dos_lines_are_fine(office: Office) -> None:
    path = office()
    good = load_scenario(path)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert load_scenario(path) == good


def test_row_17_a_link_out_of_the_folder_is_refused(
    office: Office, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "load.csv"
    outside.write_text("time,kw\n")
    path = office(("data/load.csv", "data/link.csv"))
    (path.parent / "data" / "link.csv").symlink_to(outside)
    said = message(path)
    assert "leads out of the scenario's folder" in said and str(outside) in said
    (path.parent / "data" / "loop.csv").symlink_to("loop.csv")
    assert "cannot be looked up" in message(office(("data/load.csv", "data/loop.csv")))


def test_row_17_a_pipe_is_refused_and_not_waited_for(office: Office) -> None:
    import os

    path = office(("data/load.csv", "data/pipe.csv"))
    os.mkfifo(path.parent / "data" / "pipe.csv")
    assert "is not a regular file" in message(path)


def test_row_25_every_abbreviation_has_a_place() -> None:
    for short, place in ZONES_OF.items():
        assert f'"{place}"' in (zone_problem(short) or "")
        assert zone_problem(place) is None
    assert zone_problem("UTC") is None


def test_row_29_no_chargers_no_building_is_legal(office: Office) -> None:
    path = office(
        ("count = 2", "count = 0"), ("count = 1", "count = 0"), ("[sites.fleet]\n", ""), ("sessions = ", "# ")
    )
    assert load_scenario(path).sites[0].fleet.sessions is None


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("days=7", ("days", 7)),
        ("sites.office.policy.name=edf", ("sites", 0, "policy", "name", "edf")),
        ("sites[0].chargers[1].p_max_kw=11", ("sites", 0, "chargers", 1, "p_max_kw", 11.0)),
        ("sites.0.chargers.1.p_max_kw = 11.5", ("sites", 0, "chargers", 1, "p_max_kw", 11.5)),
        ("start=2020-01-01T00:00:00", ("start", datetime(2020, 1, 1))),
        ('description="a = b"', ("description", "a = b")),
        ("feeder.background.loads=none", ("feeder", "background", "loads", "none")),
    ],
)
def test_overrides(office: Office, override: str, expected: tuple[Any, ...]) -> None:
    here: Any = load_scenario(office(), [override]).model_dump()
    for part in expected[:-1]:
        here = here[part]
    assert here == expected[-1]


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("days", "S06 --set days: an override is `path=value`"),
        ("dais=7", 'S06 --set dais = 7: unknown key; nearest: "days"'),
        ("sites.offise.tariff=flat", '"offise": no such site; nearest: "office"'),
        ("sites.office.chargers[2].count=1", "position 2: allowed 0 .. 1"),
        ("sites.office.chargers.first.count=1", "a position is needed"),
        ("days.x=1", "no table or list to look into"),
        (
            "sites.office.chargers[1].p_max_kw=20000",
            "--set sites.office.chargers[1].p_max_kw = 20000: above 1000 kW",
        ),
        ("days=3\nseed=-1", '--set days = "3'),
        ("=3", "an override is"),
    ],
)
def test_an_override_that_leads_nowhere_or_is_wrong_says_so(
    office: Office, override: str, expected: str
) -> None:
    assert expected in message(office(), override)


POLICY = 'name = "llf"\n', 'name = "llf"\nevery_minutes = 30\npeak_threshold_kw = 150\n'


@pytest.mark.parametrize(
    ("overrides", "parameters"),
    [
        (["sites.office.policy.name=llf"], {"peak_threshold_kw": 150}),
        (["sites.office.policy.name=trickle"], {}),
        (["sites.office.policy.name=edf", "sites.office.policy.overcharge=false"], {"overcharge": False}),
        (["sites.office.policy.overcharge=false", "sites.office.policy.name=edf"], {"overcharge": False}),
    ],
)
def test_another_policy_starts_from_its_own_defaults(
    office: Office, overrides: list[str], parameters: dict[str, Any]
) -> None:
    policy = load_scenario(office(POLICY), overrides).sites[0].policy
    assert (policy.parameters, policy.every_minutes) == (parameters, 30)


def test_a_bad_override_and_a_bad_file_are_said_together(office: Office) -> None:
    said = message(office(("seed = 1", "seed = -1")), "sites.offise.tariff=flat")
    assert "S36 office.toml:6 seed" in said and '"offise": no such site' in said and "2 faults" in said


def test_the_folder_is_that_of_the_file(
    office: Office, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = office()
    monkeypatch.chdir(path.parent)
    scenario = load_scenario("office.toml")
    assert scenario.folder == path.parent
    assert Scenario.model_validate(scenario.model_dump()).folder == Path.cwd()


def test_a_run_over_the_change_to_summer_time_has_no_end_in_between(office: Office) -> None:
    """Lord Howe Island moves its clocks by half an hour: an hour's step cannot end on the day."""
    said = message(
        office(("America/Los_Angeles", "Australia/Lord_Howe"), ("2019-06-03", "2019-10-05"), ("= 15", "= 60"))
    )
    assert "step_minutes = 60: 2 days from 2019-10-05" in said and "1, 5, 10, 15, 30, 60" in said


def test_lines_of_keys() -> None:
    text = '''a = """
x = 1
"""
b = [ # ]
  "[",
  {c = 1},
]
"quoted.key".d = 'x'
[[s]]
n = 1
  [s.t]
  u.v = {w = 1}
  [[s.l]]
[[s]]
[[s.l]]
m = 2
'''
    assert {key: lines[0] for key, lines in key_lines(text).items()} == {
        ("a",): 1,
        ("b",): 4,
        ("quoted.key", "d"): 8,
        ("s", 0): 9,
        ("s", 0, "n"): 10,
        ("s", 0, "t"): 11,
        ("s", 0, "t", "u", "v"): 12,
        ("s", 0, "l", 0): 13,
        ("s", 1): 14,
        ("s", 1, "l", 0): 15,
        ("s", 1, "l", 0, "m"): 16,
    }


texts = st.text(st.characters(codec="utf-8", exclude_characters="$"), max_size=20)
names = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,20}\Z")
scalars = (
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
)
powers = st.floats(0.1, 1000)


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    groups = st.fixed_dictionaries(
        {"count": st.integers(0, 50), "kind": st.just("bidirectional"), "p_max_kw": powers},
        optional={"p_discharge_max_kw": powers, "efficiency_charge": st.floats(0.51, 1), "connection": texts},
    )
    parameters = st.dictionaries(
        names.filter(lambda key: key not in {"name", "every_minutes"}),
        scalars | st.lists(scalars, max_size=3),
        max_size=3,
    )
    site = st.fixed_dictionaries(
        {
            "connection": texts,
            "tariff": st.sampled_from(["flat", "data/own.toml"]),
            "chargers": st.lists(groups, max_size=3),
            "fleet": st.just({"sessions": "data/s.csv"}),
            "policy": st.builds(lambda extra: {"name": "llf", **extra}, parameters),
        },
        optional={
            "site_cap_kw": st.floats(1, 1e5),
            "allow_export": st.booleans(),
            "building": st.just({"profile": "b.csv"}),
        },
    )
    called = draw(st.lists(names, min_size=1, max_size=3, unique_by=str.lower))
    return Scenario.model_validate(
        {
            "name": draw(names.filter(lambda name: name.lower() not in {"con", "prn", "aux", "nul"})),
            "description": draw(texts),
            "start": draw(st.datetimes(datetime(1975, 1, 1), datetime(2100, 1, 1))).replace(hour=12, minute=0, second=0, microsecond=0),
            "days": draw(st.integers(1, 300)),
            "timezone": draw(st.sampled_from(["UTC", "Europe/Rome", "America/Los_Angeles"])),
            "seed": draw(st.integers(0, 2**63 - 1)),
            "feeder": {"network": "office_site", "options": draw(st.dictionaries(texts, scalars, max_size=3))},
            "sites": [{"name": name, **draw(site)} for name in called],
        }
    )  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scenario=scenarios())
def test_i24_a_dumped_scenario_loads_equal(scenario: Scenario, tmp_path: Path) -> None:
    path = tmp_path / "dumped.toml"
    path.write_text(dump_scenario(scenario), encoding="utf-8")
    loaded = load_scenario(path)
    assert loaded == scenario
    assert hash(loaded) == hash(scenario)
    assert dump_scenario(loaded) == dump_scenario(scenario)


SHIPPED = sorted((Path(__file__).parents[2] / "scenarios").glob("*.toml"))
WEAR = '{ model = "throughput", throughput_price_per_kwh = 0.05 }'


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_defaults_written_out_contradict_nothing(path: Path, tmp_path: Path) -> None:
    """A default that stands in the file is no fault where another value would be."""
    scenario = load_scenario(
        path, [f"sites.{site.name}.fleet.degradation={WEAR}" for site in load_scenario(path).sites]
    )
    again = tmp_path / "dumped.toml"
    again.write_text(dump_scenario(scenario), encoding="utf-8")
    assert not check_scenario(load_scenario(again).located(path.parent, scenario.places))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_file_with_random_damage_gives_faults_or_a_scenario(office: Office, data: st.DataObject) -> None:
    path = office()
    text = path.read_bytes()
    at = data.draw(st.integers(0, len(text)))
    until = min(len(text), at + data.draw(st.integers(0, 30)))
    path.write_bytes(text[:at] + data.draw(st.binary(max_size=8)) + text[until:])
    try:
        load_scenario(path)
    except ScenarioError as error:
        assert error.faults
    finally:
        path.unlink()


def test_loading_needs_no_heavy_package(office: Office) -> None:
    import subprocess
    import sys

    code = (
        f"import sys; from cosim.scenario.load import load_scenario; load_scenario({str(office())!r}); "
        "print([name for name in ('pandapower', 'numba', 'plotly', 'mosaik', 'pandas') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
