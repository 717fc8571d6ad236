"""The feeder simulator with the heat of its transformers, without the framework.

grid --+-- T0 (250 kVA) --+-- main
       '-- T1 (off) ------'
"""

from dataclasses import asdict

import numpy as np
import pandapower as pp
import pytest

from sims.feeder.heat import Heat
from sims.feeder.simulator import FeederSimulator
from sims.feeder.thermal_presets import thermal_preset

USUAL = asdict(thermal_preset("onan_distribution"))


@pytest.fixture(scope="module")
def feeder() -> FeederSimulator:
    net = pp.create_empty_network()
    for vn_kv, name in ((20.0, "grid"), (0.4, "main")):
        pp.create_bus(net, vn_kv, name=name)
    pp.create_ext_grid(net, 0)
    pp.create_transformer(net, 0, 1, "0.25 MVA 20/0.4 kV", name="T0")
    pp.create_transformer(net, 0, 1, "0.25 MVA 20/0.4 kV", name="T1", in_service=False)
    pp.create_load(net, 1, p_mw=0.2)
    simulator = FeederSimulator()
    simulator.init("feeder", step_s=900)
    thermal = {"parameters": USUAL, "paper": "kraft", "ambient_c": [20.0, 30.0]}
    simulator.create(1, "Feeder", name="f", network=net, thermal=thermal)
    return simulator


def test_children_give_the_temperatures_one_by_one_and_a_dead_transformer_has_none(feeder):
    asked = {f"f/transformer/{name}": ["theta_topoil_c", "theta_hotspot_c"] for name in ("T0", "T1")}
    for k in (0, 1):
        feeder.step(900 * k, {}, 0)
        told, whole = feeder.get_data(asked), feeder.get_data({"f": ["theta_hotspot_c", "ambient_c"]})["f"]
        assert told["f/transformer/T0"]["theta_hotspot_c"] == whole["theta_hotspot_c"][0] > 60.0
        assert told["f/transformer/T0"]["theta_topoil_c"] < whole["theta_hotspot_c"][0]
        assert np.isnan(told["f/transformer/T1"]["theta_hotspot_c"])
        assert whole["ambient_c"] == 20.0 + 10.0 * k


def test_a_state_set_is_the_state_got():
    loadings = [np.array(loading) for loading in ([80.0, 0.0], [130.0, 20.0], [np.nan, 30.0])]
    ambient_c, both = [20.0, 25.0, 30.0], np.array([True, True])
    uncut = Heat(USUAL, "upgraded", ambient_c, both, 15.0)
    for k in (0, 1):
        uncut.advance(k, loadings[k])
    other = Heat(USUAL, "upgraded", ambient_c, both, 15.0)
    assert other.get_state() is None
    other.set_state(uncut.get_state())
    assert other.get_state() == uncut.get_state()
    # the held loading is part of the state: the third step has none of its own
    assert other.advance(2, loadings[2]) == uncut.advance(2, loadings[2])
