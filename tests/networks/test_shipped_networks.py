"""What is said of shipped networks against what their builders build."""

import random
from pathlib import Path

import pandapower as pp
import pytest

from networks import SHIPPED, builder, catalogue
from sims.faults import ScenarioError
from sims.feeder.network import load_network
from sims.feeder.precheck import check_network
from sims.feeder.topology import placeholder_ratings

README = Path(__file__).parents[2] / "networks" / "README.md"
# feeder -> transformer, rating [kVA], buses: counted in `lv_schutterwald(separation_by_sub=True)`
SCHUTTERWALD = {
    1: ("T_idx_45", 250, 62),
    2: ("T_idx_119", 630, 178),
    3: ("T_idx_35", 400, 335),
    4: ("T_idx_47", 400, 116),
    5: ("T_idx_118", 630, 117),
    6: ("T_idx_117", 400, 205),
    7: ("T_idx_80", 630, 275),
    8: ("T_idx_78", 630, 330),
    9: ("T_idx_43", 630, 248),
    10: ("T_idx_81", 630, 282),
    11: ("T_idx_73", 630, 322),
    12: ("T_idx_71", 400, 201),
    13: ("T_idx_77", 400, 240),
    14: ("T_idx_ZUSATZ", 630, 29),
}


@pytest.mark.parametrize("name", SHIPPED)
def test_the_record_is_the_network(name):
    record, net = SHIPPED[name], builder(name)()
    assert len(net.bus) == record.buses
    assert (1e3 * net.trafo["sn_mva"] * net.trafo["parallel"]).tolist() == pytest.approx(
        record.transformers_kva
    )
    assert placeholder_ratings(net) == record.placeholder_ratings
    assert record.source
    assert record.licence


@pytest.mark.parametrize("name", SHIPPED)
def test_the_readme_has_a_row_for_it(name):
    (row,) = [line for line in README.read_text().splitlines() if line.startswith(f"| `{name}` |")]
    record = SHIPPED[name]
    assert f"{record.buses:,}" in row
    assert all(f"{kva:g}" in row for kva in record.transformers_kva)
    assert ("placeholder" in row) == record.placeholder_ratings


def test_the_list_is_aligned_and_says_what_a_planner_asks():
    lines = catalogue()
    assert list(lines) == list(SHIPPED)
    assert len({line.index(" transformer") for line in lines.values()}) == 1
    assert "294 buses  1 transformer, 630 kVA" in lines["kerber_suburb"]
    assert "(placeholder line ratings)" in lines["cigre_lv"]
    assert "dissertation" in lines["kerber_village"]


def test_drawn_networks_are_always_the_same_and_leave_the_global_state():
    built = []
    for seed in (5, 6):
        random.seed(seed)
        expected = random.random()  # noqa: S311
        random.seed(seed)
        built.append(builder("kerber_suburb")())
        assert random.random() == expected  # noqa: S311
    assert pp.toolbox.nets_equal(*built)
    assert (built[0].load["name"] == built[0].bus.loc[built[0].load["bus"], "name"].to_numpy()).all()


@pytest.mark.parametrize("feeder", [1, 4, 14])
def test_a_feeder_of_schutterwald_is_its_substation(feeder):
    name, kva, buses = SCHUTTERWALD[feeder]
    net = builder("schutterwald")(feeder=feeder)
    assert net.trafo["name"].tolist() == [name]
    assert net.trafo["sn_mva"].tolist() == [kva / 1e3]
    assert len(net.bus) == buses
    assert check_network(net) == []


def test_the_whole_of_schutterwald_is_all_its_feeders():
    net = builder("schutterwald")(feeder=0)
    assert len(net.bus) == sum(buses for _, _, buses in SCHUTTERWALD.values()) == 2940
    assert len(net.load) == 1506
    assert sorted(net.trafo["name"]) == sorted(name for name, _, _ in SCHUTTERWALD.values())
    for table in ("bus", "line", "load", "trafo"):
        assert net[table]["name"].is_unique
    assert check_network(net) == []


@pytest.mark.parametrize("feeder", [15, -1, 1.5, True, "1"])
def test_other_feeders_are_refused(feeder):
    with pytest.raises(ScenarioError, match=r"feeder = .*: allowed 1, 2, \.\.\. 14, or 0 for all"):
        load_network("schutterwald", {"feeder": feeder}, Path())
