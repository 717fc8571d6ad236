"""From a checked scenario to inputs: references resolved, files on the clock, all faults of all files at once."""

# ruff: noqa: E501 - a case a line reads as a table

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from cosim.scenario.inputs import Inputs, load_checked, read_inputs
from cosim.scenario.load import load_scenario
from cosim.scenario.schema import Scenario
from sims.faults import DataError, ScenarioError

Office = Callable[..., Path]

SERIES_HEADER = "time,kw\n"


def read(path: Path, **options: bool) -> Inputs:
    return read_inputs(load_scenario(path), **options)


def refused(path: Path, error: type[ScenarioError] | type[DataError], **options: bool) -> str:
    scenario = load_scenario(path)
    with pytest.raises(error) as caught:
        read_inputs(scenario, **options)
    return str(caught.value)


def test_a_good_office(office: Office) -> None:
    inputs = read(office())
    (site,) = inputs.sites
    assert inputs.clock.n_steps == 192
    assert inputs.clock.start_s == round(datetime.fromisoformat("2019-06-03T00:00:00-07:00").timestamp())
    assert inputs.background is None
    assert site.site.name == "office"
    assert site.building_kw.shape == site.co2_g_per_kwh.shape == (192,)
    assert site.building_kw.max() == pytest.approx(210.0, rel=1e-15)
    assert not site.co2_g_per_kwh.any()
    assert len(site.sessions) == 2
    assert len(site.ports) == 3
    buses = inputs.net.bus["name"]
    assert [buses[bus] for bus in site.evse_bus] == ["main_board", "main_board", "bidirectional_board"]
    assert buses[site.building_bus] == "main_board"
    assert site.tariff.name == "svp_cb1_paper"
    assert site.policy.__name__ == "LeastLaxityFirst"


def test_the_peak_is_that_of_the_file_not_of_the_run(office: Office) -> None:
    """A run over a quiet week must not be blown up to the peak of the year."""
    path = office(("days = 2", "days = 1"))
    load = path.parent / "data" / "load.csv"
    rows = load.read_text().splitlines()
    rows[-1] = rows[-1].rpartition(",")[0] + ",270"
    load.write_text("\n".join(rows))
    assert read(path).sites[0].building_kw.max() == pytest.approx(210.0 * 135.0 / 270.0)


# row of the catalogue, edit of the good scenario, error, what the message must say
REFERENCES = [
    ("26 network", ('"office_site"', '"ofice_site"'), ScenarioError, ['office.toml:9 feeder.network: "ofice_site": no such network', 'nearest: "office_site"']),
    ("26 network option", ("transformer_kva", "transformer_kw"), ScenarioError, ["N02 office.toml:12 feeder.options.transformer_kw", 'nearest: "transformer_kva"']),
    ("26 site bus", ('"main_board"', '"main_bord"'), ScenarioError, ['office.toml:16 sites.office.connection: "main_bord": no such bus', 'nearest: "main_board"', "0.4 kV"]),
    ("26 port bus", ('"bidirectional_board"', '"bidirectional"'), ScenarioError, ["office.toml:32 sites.office.chargers[1].connection", 'nearest: "bidirectional_board"']),
    ("28 MV bus", ('"bidirectional_board"', '"grid"'), ScenarioError, ['S28 office.toml:32 sites.office.chargers[1].connection = "grid": is at 20 kV', "main_board, building_board"]),
    ("26 tariff", ("svp_cb1_paper", "svp_cb1_papr"), ScenarioError, ['office.toml:17 sites.office.tariff: "svp_cb1_papr": no such tariff', 'nearest: "svp_cb1_paper"']),
    ("26 tariff file", ("svp_cb1_paper", "data/own.toml"), DataError, ['D01 office.toml:17 sites.office.tariff = "data/own.toml": no such file']),
    ("26 policy", ('"llf"', '"lff"'), ScenarioError, ['office.toml:38 sites.office.policy.name: "lff": no such policy', 'nearest: "llf"']),
    ("32 parameter", ('"llf"', '"llf"\npeak_kw = 3'), ScenarioError, ["S32 office.toml:39 sites.office.policy.peak_kw", 'nearest: "peak_threshold_kw"']),
    ("31 code", ('"llf"', '"os:system"'), ScenarioError, ['S31 office.toml:38 sites.office.policy.name: "os:system": names code', "--allow-code"]),
    ("26 assignment", ("[sites.policy]", 'assignment = "fcf"\n[sites.policy]'), ScenarioError, ['office.toml:37 sites.office.fleet.assignment = "fcf": no such rule', 'nearest: "fcfs"']),
    ("1 load file", ("data/load.csv", "data/laod.csv"), DataError, ["D01 data/laod.csv: no such file", "nearest: load.csv"]),
    ("1 sessions file", ("data/sessions.csv", "data/s.csv"), DataError, ["D01 data/s.csv: no such file"]),
    ("1 a folder", ("data/load.csv", "data"), DataError, ["is a directory, a file is needed; it holds load.csv, sessions.csv"]),
    ("23 demand window", ("step_minutes = 15", "step_minutes = 30"), ScenarioError, ["S23 office.toml:17 sites.office.tariff", "demand window of 15 min", "step_minutes = 30"]),
    ("38 currency", ("[sites.building]", 'currency = "EUR"\n[sites.building]'), ScenarioError, ['S38 office.toml:19 sites.office.currency = "EUR"', 'currency = "USD"']),
    ("45 longer run", ("days = 2", "days = 3"), DataError, ["D45 data/load.csv:kw: file covers 2019-06-03T00:00:00-07:00 .. 2019-06-05T00:00:00-07:00", "needs 2019-06-03T00:00:00-07:00 .. 2019-06-06T00:00:00-07:00"]),
    ("45 earlier run", ("2019-06-03", "2019-06-02"), DataError, ["D45 data/load.csv:kw", "the run needs 2019-06-02T00:00:00-07:00"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("row", "edit", "error", "expected"), REFERENCES, ids=[case[0] for case in REFERENCES]
)
def test_a_wrong_reference_is_named_with_line_and_nearest_name(
    office: Office,
    row: str,
    edit: tuple[str, str],
    error: type[ScenarioError] | type[DataError],
    expected: list[str],
) -> None:
    said = refused(office(edit), error)
    for part in expected:
        assert part in said
    assert "\n1 fault, nothing was run" in said


def test_faults_of_all_files_are_said_at_once(office: Office) -> None:
    path = office(('"llf"', '"lff"'), ("svp_cb1_paper", "svp"), ('"main_board"', '"x"'))
    for file in ("load.csv", "sessions.csv"):
        data = path.parent / "data" / file
        data.write_text(data.read_text().replace(",0.41,", ",41,").replace(",40.0\n", ",forty\n", 1))
    said = refused(path, ScenarioError)
    for part in (
        "policy.name",
        "sites.office.tariff",
        "sites.office.connection",
        'load.csv:2:kw = "forty"',
        '"41"',
    ):
        assert part in said
    # the site's bus is wrong once, though building and ports use it
    assert "5 faults, nothing was run" in said


def test_row_24_a_huge_run_is_refused_unless_meant(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cosim.scenario.inputs.MAX_VALUES", 5000)
    path = office()
    said = refused(path, ScenarioError)
    assert "S24 office.toml:3 days = 2: 192 steps x 47 columns = 9,024 stored values" in said
    assert "allowed 5,000" in said and "--yes-large" in said
    assert read(path, yes_large=True).clock.n_steps == 192


def test_row_29_nothing_at_the_site_is_legal(office: Office) -> None:
    path = office(
        ("[sites.building]\nprofile", "# "),
        ("peak_kw = 210", ""),
        ("count = 2", "count = 0"),
        ("count = 1", "count = 0"),
        ("sessions =", "# "),
    )
    (site,) = read(path).sites
    assert not site.building_kw.any() and len(site.sessions) == 0 and len(site.ports) == 0
    assert site.evse_bus.shape == (0,)


def test_row_37_ports_beyond_the_transformer_are_a_warning_with_the_ratio(office: Office) -> None:
    inputs = read(office(("count = 2", "count = 14")))
    assert "ports can draw 300 kW, 1.20 x the 250 kVA of the transformers" in inputs.warnings
    assert any("svp_cb1_paper is stated for" in warning for warning in inputs.warnings)
    assert not any("ports can draw" in warning for warning in read(office()).warnings)


def test_a_broken_form_does_not_hide_what_the_file_names(office: Office) -> None:
    path = office(
        ('name = "llf"', 'name = "lff"'),
        ("count = 2", "count = -2"),
        ('connection = "bidirectional_board"', 'connection = "bidirectional_bord"'),
    )
    with pytest.raises(ScenarioError) as caught:
        load_checked(path)
    said = str(caught.value)
    for expected in (
        "count = -2",
        'nearest: "llf"',
        'nearest: "bidirectional_board"',
        "3 faults, nothing was run",
    ):
        assert expected in said


def test_a_broken_form_is_not_judged_by_the_examples_that_mend_it(office: Office) -> None:
    path = office(('sessions = "data/sessions.csv"', "sessions = 3"), ('tariff = "svp_cb1_paper"\n', ""))
    with pytest.raises(ScenarioError, match="2 faults, nothing was run"):
        load_checked(path)


def test_row_38_a_threshold_rule_that_knows_no_peak_is_a_warning(office: Office) -> None:
    told = "llf has no peak_threshold_kw and the building no peak_kw"
    assert any(told in warning for warning in read(office(("peak_kw = 210\n", ""))).warnings)
    with_threshold = office(("peak_kw = 210\n", ""), ('"llf"\n', '"llf"\npeak_threshold_kw = 100\n'))
    assert not any(told in warning for warning in read(with_threshold).warnings)
    assert not any(told in warning for warning in read(office()).warnings)


def test_rows_19_47_a_building_in_another_unit_is_a_warning(office: Office) -> None:
    path = office(("peak_kw = 210\n", ""))
    load = path.parent / "data" / "load.csv"
    good = load.read_text()
    load.write_text(good.replace("0\n", "0e-3\n"))
    assert any("in MW, or a shape that needs `peak_kw`?" in warning for warning in read(path).warnings)
    load.write_text(good.replace(".0\n", "e2\n"))
    assert any("behind 250 kVA; W instead of kW?" in warning for warning in read(path).warnings)


def test_row_46_files_of_other_steps_keep_their_energy(office: Office) -> None:
    path = office(("peak_kw = 210\n", ""), ("step_minutes = 15", "step_minutes = 5"))
    fine = read(path)
    path = office(("peak_kw = 210\n", ""))
    np.testing.assert_allclose(
        fine.sites[0].building_kw.sum() / 3, read(path).sites[0].building_kw.sum(), rtol=1e-13
    )


def test_emissions_on_the_clock(office: Office) -> None:
    path = office(("[sites.building]", 'emissions.average.file = "data/co2.csv"\n[sites.building]'))
    load = (path.parent / "data" / "load.csv").read_text()
    (path.parent / "data" / "co2.csv").write_text(load.replace("time,kw", "time,co2_g_per_kwh"))
    assert read(path).sites[0].co2_g_per_kwh[:2].tolist() == [40.0, 41.0]


def test_a_policy_class_is_found_only_with_allow_code(office: Office) -> None:
    path = office(('"llf"', '"sims.control.rules:LeastLaxityFirst"'))
    assert "names code" in refused(path, ScenarioError)
    assert read(path, allow_code=True).sites[0].policy.__name__ == "LeastLaxityFirst"


def test_a_scenario_built_in_python_is_checked_too(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    path = office()
    monkeypatch.chdir(path.parent)
    built = Scenario.model_validate(load_scenario(path).model_dump())
    assert read_inputs(built).clock.n_steps == 192
    wrong = built.model_copy(update={"timezone": "PST"})
    with pytest.raises(ScenarioError, match=r'S25 timezone = "PST".*America/Los_Angeles'):
        read_inputs(wrong)


def test_a_sessions_file_of_another_month_is_a_warning(office: Office) -> None:
    path = office(("2019-06-03", "2019-06-03"))
    sessions = path.parent / "data" / "sessions.csv"
    sessions.write_text(sessions.read_text().replace("2019-06-", "2018-06-"))
    assert any("no session lies in the run" in warning for warning in read(path).warnings)


GENERATED = ('sessions = "data/sessions.csv"', "[sites.fleet.generator]\nactivity = 1.0")


def test_generated_sessions_follow_the_seed_and_the_name_of_the_site(office: Office) -> None:
    first, again = (read(office(GENERATED)).sites[0].sessions for _ in range(2))
    assert len(first) >= 6
    assert first.session_id == again.session_id
    np.testing.assert_array_equal(first.arrival_s, again.arrival_s)
    for edit in (("seed = 1", "seed = 2"), ('name = "office"', 'name = "annex"')):
        other = read(office(GENERATED, edit)).sites[0].sessions
        assert not np.array_equal(other.arrival_s, first.arrival_s)


LOADS = ('network = "office_site"', 'network = "pandapower:create_cigre_network_lv"')


@pytest.fixture
def village(office: Office) -> Callable[..., Path]:
    """The office at the CIGRE low-voltage feeder, whose loads have a power factor of 0.95."""

    def write(profile: str | None, *edits: tuple[str, str]) -> Path:
        named = "" if profile is None else 'profile = "data/village.csv"'
        path = office(
            LOADS,
            ("[feeder.options]\ntransformer_kva = 250", f"[feeder.background]\n{named}"),
            ('connection = "main_board"', 'connection = "Bus R18"'),
            ('connection = "bidirectional_board"\n', ""),
            *edits,
        )
        (path.parent / "data" / "village.csv").write_text(profile or "")
        return path

    return write


def profile_of(*columns: str, value: str = "26") -> str:
    rows = [
        f"2019-06-0{3 + h // 24}T{h % 24:02d}:00:00-07:00" + f",{value}" * len(columns) for h in range(48)
    ]
    return "\n".join([",".join(["time", *columns]), *rows])


def test_background_total_is_shared_in_the_networks_proportion(village: Callable[..., Path]) -> None:
    inputs = read(village(profile_of("kw")))
    assert inputs.background is not None
    own_kw = 1e3 * inputs.net.load["p_mw"].to_numpy()
    assert inputs.background.p_kw.shape == (192, len(own_kw))
    np.testing.assert_allclose(inputs.background.p_kw.sum(axis=1), 26.0, rtol=1e-14)
    np.testing.assert_allclose(inputs.background.p_kw[7], own_kw * 26.0 / own_kw.sum())
    own_kvar = 1e3 * inputs.net.load["q_mvar"].to_numpy()
    np.testing.assert_allclose(inputs.background.q_kvar[7], own_kvar * 26.0 / own_kw.sum())


def test_background_of_single_loads_leaves_the_others(village: Callable[..., Path]) -> None:
    net = read(village(None)).net
    from sims.feeder.names import element_names

    name = element_names(net, "load")[1]
    inputs = read(village(profile_of(f"{name}_kw", value="5")))
    assert inputs.background is not None
    own_kw = 1e3 * net.load["p_mw"].to_numpy()
    expected = own_kw.copy()
    expected[1] = 5.0
    np.testing.assert_array_equal(inputs.background.p_kw[3], expected)
    ratio = inputs.background.q_kvar[3] / expected
    np.testing.assert_allclose(ratio, net.load["q_mvar"] / net.load["p_mw"], rtol=1e-12)


def test_background_switched_off_and_left_alone(village: Callable[..., Path]) -> None:
    off = read(village(None, ("[feeder.background]", '[feeder.background]\nloads = "none"'))).background
    assert off is not None and not off.p_kw.any() and not off.q_kvar.any()
    assert read(village(None)).background is None


def test_background_that_does_not_fit_the_network(village: Callable[..., Path], office: Office) -> None:
    said = refused(village(profile_of("nobody_kw")), ScenarioError)
    assert 'feeder.background.profile = "data/village.csv": "nobody_kw": no such load' in said
    assert "the total or the loads, not both" in refused(village(profile_of("kw", "a_kw")), ScenarioError)
    path = village(profile_of("kw"))
    text = (
        path.read_text()
        .replace(LOADS[1], LOADS[0])
        .replace('connection = "Bus R18"', 'connection = "main_board"')
    )
    path.write_text(text)
    assert "no static loads in service" in refused(path, ScenarioError)


def test_shipped_scenarios_have_no_faults() -> None:
    paths = sorted((Path(__file__).parents[2] / "scenarios").glob("*.toml"))
    assert paths
    for path in paths:
        assert len(read(path).sites) >= 1
