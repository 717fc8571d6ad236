"""Chargers in a scenario: options reach the simulators, and every fault is named with line, value and range."""

# ruff: noqa: E501 - a case a line reads as a table

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cosim import parameters
from cosim.scenario.inputs import Inputs, read_inputs
from cosim.scenario.load import load_scenario
from sims.faults import ScenarioError

Office = Callable[..., Path]

FIRST = "count = 2\n"  # two unidirectional ports of 20 kW, line 23 to 25; then one bidirectional
SITE = "[sites.fleet]\n"
LIMIT = '[[sites.limits]]\nname = "fuse"\nchargers = {}\nlimit_kw = {}\n'


def read(path: Path) -> Inputs:
    return read_inputs(load_scenario(path))


def message(path: Path) -> str:
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    return str(caught.value)


def before(anchor: str, *lines: str) -> tuple[str, str]:
    return anchor, "\n".join([*lines, anchor])


def test_options_reach_the_fleet_and_the_policy(office: Office) -> None:
    options = ('name = "double"', "steps_kw = [5, 10, 20]", "efficiency_curve = [[0.25, 0.8], [1.0, 0.9]]")
    station = ("ports_per_station = 2", "station_limit_kw = 22")
    limits = LIMIT.format('["double", 1]', 30) + LIMIT.format("[1]", 15).replace("fuse", "other")
    weather = ("[feeder]\n", "[weather]\ntemperature_c = 0\n[feeder]\n")
    cold = before("[sites.policy]", "[sites.fleet.temperature_limit]", "points = [[-10, 0.4], [10, 1]]")
    inputs = read(office(before(FIRST, *options, *station), before(SITE, limits), weather, cold))
    (site,) = inputs.sites
    told, known = parameters.fleet(inputs, site), parameters.site_info(site, 900)
    assert told["ports"]["steps_kw"] == [[5, 10, 20], [5, 10, 20], [np.inf] * 3]
    assert told["ports"]["curve_kw"] == [[5, 20], [5, 20], [np.inf] * 2]
    assert told["ports"]["station_index"] == [0, 0, -1]
    assert told["ports"]["eta_charge"] == [0.9, 0.9, 0.95]
    assert told["rules"]["limits_kw"] == [30, 15]
    assert told["rules"]["limited_ports"] == [[0, 1, 2], [2]]
    assert told["power_share"] == pytest.approx([0.7] * 192)
    assert known.in_set.tolist() == [[True, False], [True, False], [True, True]]
    assert known.p_min_kw.tolist() == [5, 5, 0]


def test_without_options_nothing_is_told(office: Office) -> None:
    inputs = read(office())
    told = parameters.fleet(inputs, inputs.sites[0])
    assert told["power_share"] is None
    assert told["rules"]["limits_kw"] == told["ports"]["steps_kw"] == told["ports"]["curve_kw"] == []


CASES = [
    ("least above most", before(FIRST, "p_min_kw = 22"), ["S20 office.toml:24 sites.office.chargers[0].p_min_kw = 22.0", "above p_max_kw = 20"]),
    ("least in W", before(FIRST, "p_min_kw = 4140"), ["p_min_kw = 4140: above 1000 kW; did you mean 4.14 (kW, not W)?"]),
    ("least in A", before(FIRST, "p_min_a = 6"), ["S06", "p_min_a = 6", 'nearest: "p_min_kw"']),
    ("steps mixed up", before(FIRST, "steps_kw = [10, 5, 20]"), ["S20", "steps_kw = [10.0, 5.0, 20.0]", "must ascend"]),
    ("steps too high", before(FIRST, "steps_kw = [10, 22]"), ["the last step, 22, is above p_max_kw = 20"]),
    ("steps too low", before(FIRST, "steps_kw = [5, 10]"), ["the last step, 10, is below p_max_kw = 20"]),
    ("no step", before(FIRST, "steps_kw = []"), ["steps_kw = []"]),
    ("two leasts", before(FIRST, "p_min_kw = 6", "steps_kw = [5, 20]"), ["S38", "p_min_kw = 6.0", "above the first of steps_kw, 5"]),
    ("curve falls", before(FIRST, "efficiency_curve = [[0.5, 0.95], [0.6, 0.7], [1, 0.9]]"), ["S20", "efficiency_curve", "falls so fast after 0.5"]),
    ("curve in kW", before(FIRST, "efficiency_curve = [[2, 0.95], [20, 0.9]]"), ["S20", "at least 0, at most 1"]),
    ("curve of triples", before(FIRST, "efficiency_curve = [[0.1, 0.9, 1], [1, 0.9]]"), ["S20 office.toml:24", "efficiency_curve = [[0.1, 0.9, 1.0], [1.0, 0.9]]", "at least two points [share_of_p_max, efficiency]"]),
    ("curve and constant", before(FIRST, "efficiency_charge = 0.9", "efficiency_curve = [[0.1, 0.9], [1, 0.95]]"), ["S38 office.toml:24 sites.office.chargers[0].efficiency_charge = 0.9", "contradicts `efficiency_curve`"]),
    ("station without limit", before(FIRST, "ports_per_station = 2"), ["S07", "2 ports make a station", "`station_limit_kw = 20`"]),
    ("station of one", before(FIRST, "station_limit_kw = 10"), ["S38", "station_limit_kw = 10.0", "`ports_per_station = 2`"]),
    ("station too weak", before(FIRST, "p_min_kw = 4.14", "ports_per_station = 2", "station_limit_kw = 4"), ["S20", "station_limit_kw = 4.0", "least power of its ports, 4.14 kW"]),
    ("unknown group", before("count = 1\n", 'name = "row_a"', 'count = 1', 'kind = "unidirectional"', "p_max_kw = 20", LIMIT.format('["row_b"]', 30), "[[sites.chargers]]"), ["S26 office.toml:35 sites.office.limits[0].chargers[0] = \"row_b\"", 'nearest: "row_a"']),
    ("unnamed groups", before(SITE, LIMIT.format('["row_a"]', 30)), ["S26", "none has a `name`"]),
    ("number too high", before(SITE, LIMIT.format("[2]", 30)), ["limits[0].chargers[0] = 2", "allowed: 0 .. 1"]),
    ("twice", before(SITE, LIMIT.format("[1, 1]", 30)), ["S27", "limits[0].chargers[1] = 1", "twice"]),
    ("empty set", before(SITE, LIMIT.format("[]", 30)), ["limits[0].chargers = []"]),
    ("two limits of a name", before(SITE, 2 * LIMIT.format("[1]", 30)), ["S27", "limits[1].name = \"fuse\"", "limits[0] and limits[1]"]),
    ("limit in W", before(SITE, LIMIT.format("[1]", 300000)), ["limit_kw = 300000: above 100000 kW; did you mean 300 (kW, not W)?"]),
    ("no weather", before("[sites.policy]", "[sites.fleet.temperature_limit]", "points = [[-10, 0.4], [10, 1]]"), ["S07 office.toml:37 sites.office.fleet.temperature_limit", "needs [weather]"]),
]  # fmt: skip


@pytest.mark.parametrize(("row", "edit", "expected"), CASES, ids=[case[0] for case in CASES])
def test_a_wrong_option_is_named(
    office: Office, row: str, edit: tuple[str, str], expected: list[str]
) -> None:
    said = message(office(edit))
    for part in expected:
        assert part in said
    assert "1 fault, nothing was run" in said


def test_shares_of_power_by_temperature_in_percent_are_refused(office: Office) -> None:
    weather = ("[feeder]\n", "[weather]\ntemperature_c = 0\n[feeder]\n")
    cold = before("[sites.policy]", "[sites.fleet.temperature_limit]", "points = [[-10, 40], [10, 100]]")
    said = message(office(weather, cold))
    assert "S20 office.toml:40 sites.office.fleet.temperature_limit.points" in said
    assert "shares of the power are allowed from 0 to 1" in said
