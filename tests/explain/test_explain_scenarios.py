"""Every number an explanation says of a shipped scenario is in its result."""

import numbers_of
import pytest
from scenario_runs import SCENARIOS, ScenarioRuns

from cosim.explain import figures_of

FILES = sorted(path.name for path in SCENARIOS.glob("*.toml"))
# run whole by other tests too, or with what is told of late in the month
WHOLE = ("office_heat.toml", "office_33_ports.toml", "office_crowded.toml", "office_elrp.toml")


@pytest.mark.parametrize("file", FILES)
def test_every_number_is_the_runs(scenario_runs: ScenarioRuns, file):
    run = scenario_runs.run(file, *([] if file in WHOLE else ["days=2"]))
    told = run.explain()
    assert numbers_of.check(run, told) >= 15
    for name in figures_of(run):
        numbers_of.check(run, run.explain(name))
    assert all(sentence.text.endswith(".") for sentence in told.sentences)
    assert not [sentence for sentence in told.sentences if " nan" in sentence.text or "None" in sentence.text]


def test_a_gain_is_the_difference_of_two_runs(scenario_runs: ScenarioRuns):
    run = scenario_runs.run("office_v2b.toml", "days=2")
    base = scenario_runs.run("office_v2b.toml", "days=2", "sites.office.policy.name=uncontrolled")
    told = run.explain(against=base)
    assert numbers_of.check(run, told, base) >= 25
    assert "(llf instead of uncontrolled)" in told.text


def test_the_parts_of_a_gain_add_up(scenario_runs: ScenarioRuns):
    """The kinds of a bill that only one of the runs has count too: here what an event paid."""
    event, plain = (scenario_runs.run(file) for file in ("office_elrp.toml", "office_v2b.toml"))
    for run, base in ((event, plain), (plain, event)):
        told = run.explain(against=base)
        (gained,) = [one for one in told.sentences if one.text.startswith("Against the baseline")]
        whole, *parts = [one.value for one in gained.numbers if " USD" in one.text]
        assert whole == pytest.approx(sum(parts), abs=1e-9)
        assert "for demand-response events and" in gained.text


def test_what_a_site_does_not_have_is_not_told(scenario_runs: ScenarioRuns):
    """No demand charge: no peak is charged in full. A site that is paid says first by what."""
    text = scenario_runs.run("aggregator_v2g.toml", "days=2").explain().text
    assert "on balance: " in text
    assert " EUR by fed-back energy, less " in text
    assert "Caveat: the bill covers 2 of the 30 days of June 2019." in text
    assert "less for demand-response events." in scenario_runs.run("office_elrp.toml").explain().text


def test_a_month_is_told_in_ten_to_25_lines(scenario_runs: ScenarioRuns):
    run = scenario_runs.run("office_v2b.toml")
    told = run.explain()
    numbers_of.check(run, told)
    assert 10 <= len(told.sentences) <= 25
    assert len({sentence.text for sentence in told.sentences}) == len(told.sentences)
