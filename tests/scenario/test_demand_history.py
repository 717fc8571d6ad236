"""Fault 60: a tariff with a ratchet and what the scenario says of the months before the run."""

# ruff: noqa: E501 - a case a line reads as a table

from collections.abc import Callable
from pathlib import Path

import pytest

from cosim.run_header import run_header
from cosim.scenario.inputs import read_inputs
from cosim.scenario.load import dump_scenario, load_scenario
from sims.faults import ScenarioError

Office = Callable[..., Path]

ONE = """
name = "own"
currency = "USD"
source = "made for tests"
energy = [{ name = "e", price_per_kwh = 0.1 }]
demand = [{ name = "peak", price_per_kw = 10.0, ratchet = { rule = "average" } }]
"""
TWO = """
name = "own"
currency = "USD"
source = "made for tests"
energy = [{ name = "e", price_per_kwh = 0.1 }]

[[demand]]
name = "peak"
price_per_kw = 10.0
ratchet = { rule = "average" }

[[demand]]
name = "night"
price_per_kw = 1.0
hours = [[0, 6]]
ratchet = { rule = "percent", percent = 80, lookback_months = 3 }
"""


def with_history(office: Office, tariff: str, said: str) -> Path:
    path = office(("svp_cb1_paper", "own.toml"), ("[sites.building]", f"{said}\n[sites.building]"))
    (path.parent / "own.toml").write_text(tariff)
    return path


# tariff, what the scenario says, what the fault must say
WRONG = [
    (ONE, "", ["S07 office.toml", "sites.office.demand_history_kw", 'required by the tariff "own"', '"peak" looks back 11', "demand_history_kw = [182.0, 175.5, 190.0]", "demand_history_kw = []` states none"]),
    (TWO, "", ["S07", 'demand_history_kw = { "peak" = [182.0, 175.5, 190.0], "night" = [']),
    (ONE, "demand_history_kw = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]", ["S20 office.toml:19", '12 months, "peak" looks back 11']),
    (ONE, "demand_history_kw = { paek = [1] }", ["S26 office.toml:19 sites.office.demand_history_kw.paek", "no such ratcheted period", "peak", "S07", "sites.office.demand_history_kw.peak"]),
    (TWO, "demand_history_kw = [1]", ["S38 office.toml:19", "ratchets several periods"]),
    (TWO, "demand_history_kw = { peak = [1] }", ["S07 office.toml:19 sites.office.demand_history_kw.night"]),
    (TWO, "demand_history_kw = { peak = [], night = [1, 2, 3, 4] }", ["S20", "demand_history_kw.night", "looks back 3"]),
    (ONE.replace(', ratchet = { rule = "average" }', ""), "demand_history_kw = []", ["S38 office.toml:19", 'the tariff "own" has no ratchet']),
]  # fmt: skip


@pytest.mark.parametrize(("tariff", "said", "expected"), WRONG)
def test_row_60(office: Office, tariff: str, said: str, expected: list[str]) -> None:
    scenario = load_scenario(with_history(office, tariff, said))
    with pytest.raises(ScenarioError) as caught:
        read_inputs(scenario)
    for part in expected:
        assert part in str(caught.value)


@pytest.mark.parametrize(
    "wrong", ["[-5.0]", "[1e9]", '["182"]', "[nan]", '"182"', "182.0", "{ peak = 182.0 }", "{ peak = [-1] }"]
)
def test_what_is_no_list_of_powers_is_refused(office: Office, wrong: str) -> None:
    with pytest.raises(ScenarioError, match=r"office\.toml:19 sites\.office\.demand_history_kw"):
        load_scenario(with_history(office, ONE, f"demand_history_kw = {wrong}"))


@pytest.mark.parametrize(
    ("tariff", "said", "known"),
    [
        (ONE, "demand_history_kw = []", {"peak": ()}),
        (ONE, "demand_history_kw = [180, 175.5]", {"peak": (180.0, 175.5)}),
        (ONE, "demand_history_kw = { peak = [180.0] }", {"peak": (180.0,)}),
        (TWO, "demand_history_kw = { peak = [180.0], night = [] }", {"peak": (180.0,), "night": ()}),
    ],
)
def test_it_reaches_the_header_of_the_run_by_period(
    office: Office, tariff: str, said: str, known: dict[str, tuple[float, ...]]
) -> None:
    scenario = load_scenario(with_history(office, tariff, said))
    (site,) = run_header(read_inputs(scenario)).sites
    assert site.demand_history_kw == known
    copy = Path(scenario.folder) / "copy.toml"
    copy.write_text(dump_scenario(scenario))
    assert load_scenario(copy) == scenario


def test_without_a_ratchet_there_is_none(office: Office) -> None:
    (site,) = run_header(read_inputs(load_scenario(office()))).sites
    assert site.demand_history_kw is None
