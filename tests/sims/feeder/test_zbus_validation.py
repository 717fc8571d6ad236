"""zbus against `runpp` at 1e-10 MVA on every shipped network, drawing and feeding in."""

import copy
from functools import cache
from pathlib import Path

import numpy as np
import pandapower as pp
import pytest

from networks import SHIPPED
from sims.feeder.network import load_network
from sims.feeder.powerflow import make_engine

N = 8  # connections
BY_PHASE = {"ieee_european_lv"}  # its own loads are single-phase: test_three_phase.py
# range of the own loads over their table value, and of the connections over their share of the transformers
STATES = {"drawing": (0.2, 1.3), "feeding in": (-1.0, -0.1), "mixed": (-1.0, 1.3)}
pytestmark = pytest.mark.filterwarnings("ignore:tap_dependency_table is missing:DeprecationWarning")


@cache
def case(name):
    """Network, buses of the connections, engine, and power a connection may draw [kW]."""
    net = load_network(name, {}, Path())
    low = net.bus.index[(net.bus["vn_kv"] < 1.0) & net.bus["in_service"]]
    buses = np.random.default_rng(1).choice(low, N).tolist()
    share_kw = 0.4 * 1e3 * net.trafo["sn_mva"].min() / N
    return net, buses, make_engine("zbus", net, buses), share_kw


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("name", sorted(SHIPPED.keys() - BY_PHASE))
def test_every_shipped_network_solves_as_runpp_does(name, state):
    net, buses, engine, share_kw = case(name)
    assert engine.name == "zbus"
    rng = np.random.default_rng([len(name), *state.encode()])
    drawn = share_kw * rng.uniform(*STATES[state], N), 0.3 * share_kw * rng.uniform(-1.0, 1.0, N)
    solved = copy.deepcopy(net)
    solved.load["scaling"] *= rng.uniform(*STATES[state], len(net.load))
    engine.set_background(
        *(1e3 * (solved.load[name] * solved.load["scaling"]).to_numpy() for name in ("p_mw", "q_mvar"))
    )
    for bus, p_kw, q_kvar in zip(buses, *drawn, strict=True):
        pp.create_load(solved, bus, p_mw=p_kw / 1e3, q_mvar=q_kvar / 1e3)
    pp.runpp(solved, tolerance_mva=1e-10, lightsim2grid=False)
    solution = engine.solve(*drawn)
    assert solution.solver == "zbus"
    for found, expected, within in (
        (solution.vm_pu, solved.res_bus["vm_pu"], 1e-9),
        (solution.line_loading_percent, solved.res_line["loading_percent"], 1e-6),
        (solution.transformer_loading_percent, solved.res_trafo["loading_percent"], 1e-6),
    ):
        np.testing.assert_allclose(found, expected, rtol=0, atol=within)
    served_kw = 1e3 * sum(
        sign * solved[f"res_{table}"]["p_mw"].sum()
        for table, sign in (("load", 1), ("storage", 1), ("shunt", 1), ("sgen", -1))
    )
    assert solution.import_kw == pytest.approx(served_kw + solution.losses_kw, rel=0, abs=1e-6)
    assert (solution.import_kw < 0.0) == (state == "feeding in") or state == "mixed"
