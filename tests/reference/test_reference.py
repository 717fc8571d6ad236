"""Every reference case, run through the whole co-simulation and held against its published figures."""

import re

import pytest
from reference_case import Case, altered, cases, comparisons, tell_the_truth, to_slots
from scenario_runs import ScenarioRuns

from cosim import Run


@pytest.fixture(scope="session")
def run_row(scenario_runs: ScenarioRuns):
    """Run a row of a case with session times on quarter hours ("slots") or as they are ("seconds")."""

    def run(case: Case, row: str, times: str) -> Run:
        source = case.about["sessions"]
        changes = [to_slots] * (times == "slots") + [tell_the_truth] * case.told_true(row)
        name = re.sub(r"\.csv$", f"_{times}_{case.told_true(row)}.csv", source) if changes else source
        if not (scenario_runs.folder / name).exists():
            altered(scenario_runs.folder / source, scenario_runs.folder / name, *changes)
        overrides = case.overrides(row, name) if changes else case.about["rows"][row]["set"]
        return scenario_runs.run(case.about["scenario"], *overrides)

    return run


@pytest.mark.parametrize(
    ("case", "compare", "row"),
    comparisons(),
    ids=[f"{case.name}-{compare['times']}-{row}" for case, compare, row in comparisons()],
)
def test_run_is_what_was_published(run_row, case, compare, row):
    assert case.deviations(row, run_row(case, row, compare["times"]), compare) == []


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_rows_that_hang_on_the_cars_lie_in_their_spread(run_row, case):
    for row in {line["row"] for line in case.spread}:
        assert case.outside(row, run_row(case, row, "slots")) == []


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_every_row_of_a_case_is_compared_and_every_column_known(case):
    compared = {row for compare in case.about["compare"] for row in compare["rows"]}
    assert compared == set(case.about["rows"]) == set(case.expected)
    assert set(case.about["columns"]) == set(next(iter(case.expected.values())))
    assert (case.folder / "SOURCE.md").is_file()
