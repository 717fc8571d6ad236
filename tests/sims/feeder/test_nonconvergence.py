"""What the retry chain is worth, attempt by attempt, at the end of what an office feeder can carry.

1,190 kW   zbus                       (137 sweeps already at 99 % of the end)
1,321 kW   runpp, 10 iterations       zbus gives up after 200 sweeps
1,322.44   runpp, 50 iterations       the first attempt does not get to 1e-10 MVA in 10
1,323 kW   nobody: no solution exists
"""

from pathlib import Path

import numpy as np
import pytest

from sims.feeder import runpp
from sims.feeder.network import load_network
from sims.feeder.powerflow import make_engine


@pytest.fixture(scope="module")
def office():
    net = load_network("office_site", {}, Path())
    return make_engine("zbus", net, [int(net.bus.index[net.bus["name"] == "main_board"][0])])


def solved(engine, p_kw):
    return engine.solve(np.array([p_kw]), np.array([0.3 * p_kw]))


@pytest.mark.parametrize(
    ("p_kw", "solver", "first_attempt"),
    [(1190.0, "zbus", True), (1321.2, "pandapower", True), (1322.44, "pandapower", False)],
)
def test_each_attempt_carries_what_the_one_before_does_not(office, monkeypatch, p_kw, solver, first_attempt):
    solution = solved(office, p_kw)
    assert solution.converged
    assert solution.solver == solver
    assert solution.import_kw == pytest.approx(p_kw + solution.losses_kw, abs=1e-4)
    assert 0.55 < solution.vm_pu.min() < 0.8
    monkeypatch.setattr(runpp, "ATTEMPTS", runpp.ATTEMPTS[:1])
    assert solved(office.reference, p_kw).converged == first_attempt


def test_beyond_the_end_the_step_is_marked_and_the_next_is_as_new(office):
    before = solved(office, 200.0)
    marked = solved(office, 1323.0)
    after = solved(office, 200.0)
    assert not marked.converged
    assert marked.import_kw == pytest.approx(1323.0)
    assert np.isnan(marked.vm_pu).all()
    np.testing.assert_array_equal(after.vm_pu, before.vm_pu)
    assert after.import_kw == before.import_kw
