"""Engines after tap changes against pandapower in the same positions."""

from copy import deepcopy
from pathlib import Path

import numpy as np
import pandapower as pp
import pytest

from sims.feeder import tapped
from sims.feeder.network import load_network
from sims.feeder.powerflow import make_engine
from sims.feeder.tapped import TappedEngine

VILLAGE = "pandapower:create_kerber_dorfnetz"
ROWS, START = np.array([0]), np.array([0])


@pytest.fixture(scope="module")
def village():
    net = load_network(VILLAGE, {}, Path())
    return net, [int(bus) for bus in net.load.bus[::10]]


def solved(net, buses, p_kw, tap):
    """What runpp says in a position, the connections drawing `p_kw`."""
    net = deepcopy(net)
    net.trafo["tap_pos"] = tap
    for bus, kw in zip(buses, p_kw, strict=True):
        pp.create_load(net, bus, p_mw=kw / 1e3)
    pp.runpp(net, tolerance_mva=1e-10, lightsim2grid=False, numba=False)
    return net


@pytest.mark.parametrize("name", ["zbus", "pandapower"])
def test_after_every_move_it_is_pandapowers(village, name):
    net, buses = village
    engines = TappedEngine(make_engine(name, net, buses), ROWS, START)
    p_kw, zero = np.linspace(-5.0, 12.0, len(buses)), np.zeros(len(buses))
    for tap in (-1, -2, 0, -1):
        engines.move(np.array([tap]))
        ours, theirs = engines.engine.solve(p_kw, zero), solved(net, buses, p_kw, tap)
        assert ours.solver == name
        np.testing.assert_allclose(ours.vm_pu, theirs.res_bus.vm_pu, rtol=0, atol=1e-9)
        np.testing.assert_allclose(
            ours.transformer_loading_percent, theirs.res_trafo.loading_percent, rtol=0, atol=1e-6
        )
        assert ours.import_kw == pytest.approx(1e3 * float(theirs.res_ext_grid.p_mw.sum()), abs=1e-6)


def test_a_position_is_made_once_and_gives_the_same_again(village, monkeypatch):
    net, buses = village
    engines, made = TappedEngine(make_engine("zbus", net, buses), ROWS, START), []
    new = tapped.ZbusEngine

    class Counted(new):
        def __init__(self, reference):
            made.append(int(reference.net.trafo["tap_pos"].iloc[0]))
            super().__init__(reference)

    monkeypatch.setattr(tapped, "ZbusEngine", Counted)
    engines.engine.__class__ = Counted
    p_kw, zero, seen = np.full(len(buses), 8.0), np.zeros(len(buses)), {}
    for tap in (1, 0, 1, -1, 0, 1):
        engines.move(np.array([tap]))
        vm_pu = engines.engine.solve(p_kw, zero).vm_pu
        np.testing.assert_array_equal(vm_pu, seen.setdefault(tap, vm_pu))
    assert made == [1, -1]


def test_the_background_moves_along(village):
    net, buses = village
    engines = TappedEngine(make_engine("zbus", net, buses), ROWS, START)
    zero, none = np.zeros(len(buses)), np.zeros(len(net.load))
    engines.move(np.array([1]))
    engines.engine.set_background(none, none)
    engines.move(np.array([0]))
    idle = engines.engine.solve(zero, zero)
    assert idle.import_kw < 2.0  # iron losses alone: the network's own loads are still off
    fallback = engines.engine.reference.solve(zero, zero)
    np.testing.assert_allclose(fallback.vm_pu, idle.vm_pu, rtol=0, atol=1e-9)


def test_the_way_out_has_the_tap_too(village):
    net, buses = village
    engines = TappedEngine(make_engine("zbus", net, buses), ROWS, START)
    p_kw, zero = np.full(len(buses), 8.0), np.zeros(len(buses))
    for tap in (2, 0, 2):
        engines.move(np.array([tap]))
    np.testing.assert_allclose(
        engines.engine.reference.solve(p_kw, zero).vm_pu,
        engines.engine.solve(p_kw, zero).vm_pu,
        rtol=0,
        atol=1e-9,
    )
