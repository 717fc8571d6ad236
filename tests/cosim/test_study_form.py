"""Study files: which cases they mean, what they are called by, and what is refused before anything runs."""

from math import floor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenario_runs import SCENARIOS

from cosim.scenario.load import load_scenario
from cosim.study.case import content_id
from cosim.study.form import MAX_CASES
from cosim.study.plan import checked_first, plan_study
from cosim.study.sampling import latin_hypercube
from sims.faults import ScenarioError

POLICY = "sites.office.policy.name"
KVA = "feeder.options.transformer_kva"
GRID = f"""
seeds = [1, 2]
[axes]
{POLICY} = ["llf", "uncontrolled"]
"{KVA}" = [250, 400]
"""


@pytest.fixture
def study(tmp_path):
    """Writes a study of a scenario beside it, and plans it."""
    (tmp_path / "data").mkdir()
    for name in ("office_g0m_2019-06.csv", "jpl_level1_2019-06.csv", "pge_moer_2019-06.csv"):
        (tmp_path / "data" / name).write_bytes((SCENARIOS / "data" / name).read_bytes())
    (tmp_path / "office.toml").write_bytes((SCENARIOS / "office_v2b.toml").read_bytes())

    def plan(text, *overrides, scenario='"office.toml"'):
        path = tmp_path / "study.toml"
        path.write_text(f'name = "s"\nscenario = {scenario}\n{text}')
        return plan_study(path, overrides)

    plan.folder = tmp_path
    return plan


def refused(study, text, **asked):
    with pytest.raises(ScenarioError) as error:
        study(text, **asked)
    assert str(error.value).endswith("nothing was run")
    return str(error.value)


def test_a_scenario_is_no_study_and_a_study_no_scenario(study):
    with pytest.raises(ScenarioError, match=r"is a scenario, not a study; run it with `cosim run`"):
        plan_study(study.folder / "office.toml")
    (study.folder / "study.toml").write_text('name = "s"\nscenario = "office.toml"\n')
    with pytest.raises(ScenarioError, match=r"is a study, not a scenario; run it with `cosim sweep`"):
        load_scenario(study.folder / "study.toml")


def on_axes(plan):
    return [tuple(case.axes.values()) for case in plan.cases]


# ---- which cases


def test_a_grid_crosses_its_axes_and_pairs_the_seeds(study):
    plan = study(GRID)
    policies = ("llf", "uncontrolled")
    expected = [(policy, kva, seed) for policy in policies for kva in (250, 400) for seed in (1, 2)]
    assert on_axes(plan) == expected
    assert len({case.case_id for case in plan.cases}) == 8
    for case in plan.cases:
        assert f"seed = {case.axes['seed']}\n" in case.scenario_toml
        assert f"transformer_kva = {case.axes[KVA]}\n" in case.scenario_toml


def test_the_order_of_the_study_is_not_that_of_the_table(study):
    other = GRID.replace("[1, 2]", "[2, 1]").replace("[250, 400]", "[400, 250]")
    assert study(other).cases == study(GRID).cases
    assert study(other).described()["axes"][KVA] == [400, 250]  # but the plots follow the study


def test_more_values_leave_the_cases_that_were_there(study):
    """Each case is known by its content, so neither its name nor its draws move when the study grows."""
    few = {case.case_id: dict(case.axes) for case in study(GRID).cases}
    more = {case.case_id: dict(case.axes) for case in study(GRID.replace("[1, 2]", "3")).cases}
    assert few.items() <= more.items()
    assert len(more) == 12


def test_equal_cases_are_merged(study):
    plan = study(GRID.replace("[250, 400]", "[250, 400, 250]"))
    assert (plan.n_asked, len(plan.cases)) == (12, 8)


def test_keys_that_change_together(study):
    plan = study(
        f'[[axes.policy]]\nlabel = "a"\n"{POLICY}" = "edf"\nsites.office.policy.peak_threshold_kw = 190\n'
        f'[[axes.policy]]\n"{POLICY}" = "required"\n[[axes.policy]]\nlabel = "as it is"\n'
    )
    assert on_axes(plan) == [("a",), ("as it is",), ("required",)]
    told = {case.axes["policy"]: case.scenario_toml for case in plan.cases}
    assert 'name = "edf"\nevery_minutes = 15\npeak_threshold_kw = 190' in told["a"]
    assert "peak_threshold_kw" not in told["required"]  # another policy starts from its defaults
    assert "peak_threshold_kw = 210" in told["as it is"]


def test_lists_ranges_and_positions(study):
    plan = study('[axes]\n"sites.office.chargers[0].count" = { from = 2, to = 10, n = 3 }\n')
    assert on_axes(plan) == [(2,), (6,), (10,)]
    plan = study('[axes]\n"sites.office.chargers[0].p_max_kw" = { from = 3.5, to = 11, n = 4 }\n')
    assert on_axes(plan) == [(3.5,), (6.0,), (8.5,), (11,)]


@pytest.mark.parametrize(
    ("key", "values", "line"),
    [
        ("feeder.options.transformer_kva", "[250, 630]", "transformer_kva = 630"),
        ("feeder.network", '["office_site", "cigre_lv"]', 'network = "cigre_lv"'),
        ("sites.office.tariff", '["svp_cb1_paper", "pge_b19_2026"]', 'tariff = "pge_b19_2026"'),
        ("sites.office.chargers[1].count", "[5, 33]", "count = 33"),
        (POLICY, '["llf", "required"]', 'name = "required"'),
        (
            "sites.office.policy.peak_threshold_kw",
            "{ from = 150, to = 190, n = 3 }",
            "peak_threshold_kw = 190",
        ),
    ],
)
def test_everything_a_study_varies_is_a_key_of_the_scenario(study, key, values, line):
    plan = study(f'[axes]\n"{key}" = {values}\n')
    assert len({case.case_id for case in plan.cases}) == len(plan.cases) >= 2
    assert (
        line in plan.cases[-1].scenario_toml.splitlines() or line in plan.cases[0].scenario_toml.splitlines()
    )


def test_listed_cases_have_no_value_where_they_name_none(study):
    text = f'sampling = "cases"\n[[cases]]\nlabel = "base"\n[[cases]]\nlabel = "big"\n"{KVA}" = 400\n'
    plan = study(text)
    assert [dict(case.axes) for case in plan.cases] == [
        {"label": "base", KVA: None},
        {"label": "big", KVA: 400},
    ]


def test_several_scenarios_are_an_axis(study):
    (study.folder / "other.toml").write_text((study.folder / "office.toml").read_text().replace("210", "190"))
    plan = study("seeds = 2\n", scenario='["office.toml", "other.toml"]')
    expected = [(file, seed) for file in ("office.toml", "other.toml") for seed in (1, 2)]
    assert on_axes(plan) == expected
    assert plan.described()["axes"] == {"scenario": ["office.toml", "other.toml"]}


def test_common_keys_of_study_and_command_line(study):
    plan = study(f"[set]\ndays = 2\n{GRID.replace('seeds', '#')}", "step_minutes=5")
    assert all("days = 2\nstep_minutes = 5\n" in case.scenario_toml for case in plan.cases)


def test_every_value_is_read_before_the_first_run(study):
    plan = study(f'seeds = 3\n[axes]\n{POLICY} = ["llf", "edf", "fcfs"]\n"{KVA}" = [250, 400, 630]\n')
    chosen = checked_first(plan.cases)
    assert {case.axes[POLICY] for case in chosen} == {"llf", "edf", "fcfs"}
    assert {case.axes[KVA] for case in chosen} >= {250, 630}
    assert len(chosen) <= 5


# ---- Latin hypercube


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 60), st.integers(1, 6), st.integers(0, 2**63 - 1))
def test_a_latin_hypercube_has_one_sample_in_every_slice(n, n_axes, seed):
    shares = latin_hypercube(n, [f"axis{i}" for i in range(n_axes)], seed)
    assert shares.shape == (n, n_axes)
    assert ((shares >= 0.0) & (shares < 1.0)).all()
    for column in shares.T:
        assert sorted(floor(share * n) for share in column) == list(range(n))


def test_another_axis_moves_no_sample():
    np.testing.assert_array_equal(
        latin_hypercube(20, ["a"], 1)[:, 0], latin_hypercube(20, ["b", "a"], 1)[:, 1]
    )
    assert (latin_hypercube(20, ["a"], 1) != latin_hypercube(20, ["a"], 2)).any()
    one, other = latin_hypercube(20, ["a", "b"], 1).T
    assert (one != other).any()  # or the axes would rise and fall together


def test_samples_of_numbers_whole_numbers_and_lists(study):
    plan = study(
        'sampling = "latin_hypercube"\nsamples = 12\n[axes]\n'
        '"sites.office.chargers[0].p_max_kw" = { from = 3.0, to = 15.0 }\n'
        '"sites.office.chargers[0].count" = { from = 1, to = 4 }\n'
        f'"{POLICY}" = ["llf", "edf", "fcfs"]\n'
    )
    power, count, policy = zip(*on_axes(plan), strict=True)
    assert sorted(floor(value - 3.0) for value in power) == list(range(12))
    assert sorted(count) == [1] * 3 + [2] * 3 + [3] * 3 + [4] * 3
    assert sorted(policy) == ["edf"] * 4 + ["fcfs"] * 4 + ["llf"] * 4


# ---- what a case is known by


def test_a_case_is_known_by_its_data_not_by_its_place(study, tmp_path_factory):
    before = study("seeds = 1\n").cases[0].case_id
    moved = tmp_path_factory.mktemp("moved") / "there"
    study.folder.rename(moved)
    assert plan_study(moved / "study.toml").cases[0].case_id == before
    data = moved / "data" / "office_g0m_2019-06.csv"
    data.write_bytes(data.read_bytes().replace(b"0", b"1", 1))
    assert plan_study(moved / "study.toml").cases[0].case_id != before


def test_version_files_and_scenario_all_count():
    known = {
        content_id("days = 1", {"a.csv": "00"}, "1"),
        content_id("days = 2", {"a.csv": "00"}, "1"),
        content_id("days = 1", {"a.csv": "01"}, "1"),
        content_id("days = 1", {"b.csv": "00"}, "1"),
        content_id("days = 1", {"a.csv": "00"}, "2"),
    }
    assert len(known) == 5


# ---- what is refused, all at once


def test_wrong_keys_name_line_and_nearest(study):
    said = refused(
        study,
        '[axes]\n"sites.ofice.policy.name" = ["llf"]\n"sites.office.polcy.name" = ["llf"]\n'
        '"sites.office.chargers[7].count" = [1]\n',
    )
    assert 'study.toml:4 sites.ofice.policy.name: "ofice": no such site; nearest: "office"' in said
    assert 'study.toml:5 sites.office.polcy = {...}: unknown key; nearest: "policy"' in said
    assert "study.toml:6 sites.office.chargers[7].count: position 7: allowed 0 .. 1" in said


def test_plain_names_that_are_no_keys_say_which_key_was_meant(study):
    axes = "dais = [1, 2]\npolicy = ['llf']\nfleet_size = { from = 1, to = 9, n = 3 }\ntariff = ['flat']\n"
    said = refused(study, f"[axes]\n{axes}network = ['cigre_lv']\ntransformer_kva = [250]\n").splitlines()
    assert said[:-1] == [
        'S06 study.toml:4 axes.dais: no key of the scenario; nearest: "days"',
        "S06 study.toml:5 axes.policy: no key of the scenario; did you mean sites.office.policy.name?",
        "S06 study.toml:6 axes.fleet_size: no key of the scenario;"
        " did you mean sites.office.chargers[0].count?",
        "S06 study.toml:7 axes.tariff: no key of the scenario; did you mean sites.office.tariff?",
        "S06 study.toml:8 axes.network: no key of the scenario; did you mean feeder.network?",
        "S06 study.toml:9 axes.transformer_kva: no key of the scenario;"
        " did you mean feeder.options.transformer_kva?",
    ]


def test_wrong_values_are_said_once_for_all_cases(study):
    said = refused(study, f'seeds = 50\n[axes]\ndays = [1, -1]\n"{KVA}" = [250, 400]\n')
    assert said.count("days") == 1
    assert said.startswith("S24 study.toml:5 days = -1: below 1 d")


def test_wrong_form_names_the_nearest_key(study):
    said = refused(study, 'sampels = 3\n[limits]\ncase_second = 4\n[axes]\n"days" = [1]\n')
    assert 'study.toml:3 sampels = 3: unknown key; nearest: "samples"' in said
    assert 'study.toml:5 limits.case_second = 4: unknown key; nearest: "case_seconds"' in said


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("[axes]\ndays = []\n", "empty: there would be no case"),
        ("seeds = []\n", "empty: there would be no case"),
        ("seeds = 0\n", "allowed: 1 .."),
        ("seeds = [-1]\n", "-1: allowed 0 .."),
        ('sampling = "cases"\n', "no case is listed"),
        ("[axes]\ndays = 3\n", "belongs in [set]"),
        ("[axes]\ndays = { from = 1, to = 3 }\n", "a grid needs `n`"),
        ("[axes]\ndays = { from = 3, to = 1, n = 2 }\n", "from below to"),
        ("[axes]\ndays = { from = 1, to = 3, m = 2 }\n", "`m`: unknown key of a range"),
        ('sampling = "latin_hypercube"\n[axes]\ndays = [1]\n', "required by a Latin hypercube"),
        ("samples = 3\n[axes]\ndays = [1]\n", "only a Latin hypercube has samples"),
        ("[axes]\nseed = [1, 2]\n", "give `seeds`"),
        ("[set]\ndays = 2\n[axes]\ndays = [1]\n", "varies in this study"),
        ("[axes]\ndays = [1]\nx = [{ days = 2 }]\n", "sets days, as the axis days does"),
        ("[axes]\nx = [{ label = 'a', days = 2 }, { label = 'a', days = 3 }]\n", "the same label"),
        ("[[cases]]\ndays = 3\n", 'sampling = "cases"'),
    ],
)
def test_studies_without_sense(study, text, what):
    assert what in refused(study, text)


@pytest.mark.parametrize(
    ("scenario", "what"),
    [
        ('"offise.toml"', "no such file"),
        ('"/etc/passwd"', "must be a path from the folder of the study"),
        ('"~/office.toml"', "not expanded"),
        ("[]", "there would be no case"),
        ('["office.toml", "office.toml"]', "named twice"),
    ],
)
def test_scenarios_that_are_none(study, scenario, what):
    assert what in refused(study, "seeds = 2\n", scenario=scenario)


def test_too_many_cases_are_counted_not_made(study):
    """10^8 cases: refused at once."""
    axes = "".join(f'"sites.office.chargers[0].{key}" = {{ from = 1, to = 9, n = 1000 }}\n' for key in "ab")
    said = refused(study, f"seeds = 100\n[axes]\n{axes}")
    assert "100,000,000 cases (1000 sites.office.chargers[0].a x 1000 sites.office.chargers[0].b)" in said
    assert f"allowed {MAX_CASES:,}" in said


def test_a_study_without_axes_is_the_scenario_itself(study):
    assert on_axes(study("")) == [()]
    assert Path(study("").cases[0].folder) == study.folder
