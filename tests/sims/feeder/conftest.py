"""Networks the feeder tests share."""

from copy import deepcopy
from pathlib import Path

import pandapower as pp
import pytest
from pandapower.auxiliary import pandapowerNet

from sims.feeder.network import load_network


@pytest.fixture(scope="session")
def built_office() -> pandapowerNet:
    return load_network("office_site", {}, Path())


@pytest.fixture
def office(built_office) -> pandapowerNet:
    return deepcopy(built_office)


@pytest.fixture
def odd() -> pandapowerNet:
    """A network with one of everything the tables allow.

     0 ext_grid
     |
    (T0, 20/0.42 kV, parallel 2, df 0.9, tap +1)   (T1, out of service)
     |
     1 --L0-- 2 --L1 (open at 3)-- 3 --L2 (df 0.8, parallel 3)-- 1
     |        |                    |
     |        '==closed switch== 4 ==L3== 2     L3 lies between two fused buses
     |                             |
     5 (out of service)            '--L4-- 6 (sgen, storage, shunt, load out of service)
     |
     L5 --- 7 (no supply: behind bus 5)
    """
    net = pp.create_empty_network()
    for vn_kv in (20.0, *[0.4] * 7):
        pp.create_bus(net, vn_kv)
    pp.create_ext_grid(net, 0, vm_pu=1.02)
    pp.create_transformer(net, 0, 1, "0.25 MVA 20/0.4 kV", parallel=2, df=0.9, tap_pos=1)
    pp.create_transformer(net, 0, 1, "0.4 MVA 20/0.4 kV", in_service=False)
    net.trafo["vn_lv_kv"] = 0.42
    cable = "NAYY 4x150 SE"
    pp.create_line(net, 1, 2, 0.10, cable)
    pp.create_line(net, 2, 3, 0.08, cable)
    pp.create_line(net, 3, 1, 0.12, cable, df=0.8, parallel=3)
    pp.create_line(net, 4, 2, 0.05, cable)
    pp.create_line(net, 4, 6, 0.15, cable)
    pp.create_line(net, 1, 5, 0.10, cable)
    pp.create_line(net, 5, 7, 0.10, cable)
    net.bus.loc[5, "in_service"] = False
    pp.create_switch(net, 3, 1, et="l", closed=False)
    pp.create_switch(net, 2, 4, et="b", closed=True)
    pp.create_load(net, 6, p_mw=0.030, q_mvar=0.010, scaling=0.6)
    pp.create_load(net, 6, p_mw=0.500, in_service=False)
    pp.create_load(net, 3, p_mw=0.020, q_mvar=-0.005)
    pp.create_load(net, 0, p_mw=0.015)
    pp.create_sgen(net, 6, p_mw=0.025, q_mvar=0.003, scaling=0.8)
    pp.create_storage(net, 3, p_mw=0.010, max_e_mwh=0.1)
    pp.create_shunt(net, 6, q_mvar=0.004, p_mw=0.001)
    return net
