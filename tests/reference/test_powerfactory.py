"""zbus against power flows of PowerFactory; see powerfactory/SOURCE.md."""

import tomllib
from pathlib import Path

import numpy as np
import pandapower as pp
import pytest

from sims.feeder.powerflow import make_engine

CASES = sorted((Path(__file__).parent / "powerfactory").glob("*/case.toml"))


def built(tables):
    """Network of `create_<table>` calls, one a row."""
    net = pp.create_empty_network()
    for table in sorted(tables, key=lambda table: (table != "bus", table == "switch")):
        for row in tables[table]:
            getattr(pp, f"create_{table}")(net, **row)
    return net


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.parent.name)
def test_a_power_flow_of_powerfactory(path):
    case = tomllib.loads(path.read_text())
    drawn = case["connections"]
    solver = make_engine("zbus", built(case["network"]), [one["bus"] for one in drawn])
    solution = solver.solve(*(np.array([one[name] for one in drawn]) for name in ("p_kw", "q_kvar")))
    assert solution.solver == "zbus"
    for name, expected in case["expected"].items():
        found = getattr(solution, name)
        rows = expected if isinstance(expected, dict) else {"": expected}
        for row, value in rows.items():
            one = found[int(row)] if row else found
            assert one == pytest.approx(value, rel=0, abs=case["within"][name]), f"{name} {row}"


def test_all_cases_are_found():
    assert len(CASES) == 6
