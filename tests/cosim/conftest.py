from collections.abc import Iterator
from pathlib import Path

import pytest

from cosim.scenario import inputs
from sims.feeder import feeder, powerflow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cosim")


@pytest.fixture(scope="module")
def one_network() -> Iterator[None]:
    """The network and its engine are made once for all runs: that takes most of a short one.

    An engine keeps nothing from one power flow to the next, so this changes no result.
    """
    networks, engines = {}, {}
    make_network, make_engine = inputs._network, powerflow.make_engine

    def network(scenario):
        described = scenario.feeder.model_dump_json()
        if described not in networks:
            networks[described] = make_network(scenario)
        return networks[described]

    def engine(name, net, buses, phases=()):
        known = (name, id(net), tuple(buses), tuple(phases))
        if known not in engines:
            engines[known] = make_engine(name, net, buses, *([phases] if phases else []))
        return engines[known]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inputs, "_network", network)
        patch.setattr(feeder, "make_engine", engine)
        patch.setattr(powerflow, "make_engine", engine)  # for the check of the inputs
        yield
