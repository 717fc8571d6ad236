"""Networks by name, by pandapower's name and from files nobody vouches for."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandapower as pp
import pytest

from networks import SHIPPED, builder
from sims.faults import DataError, ScenarioError
from sims.feeder import network_json
from sims.feeder.network import find_bus, load_network, pandapower_builders
from sims.feeder.powerflow import make_engine
from sims.feeder.precheck import check_network

HERE = Path()


@pytest.fixture
def saved(tmp_path, office):
    """A function that saves the office's JSON after a change to its parsed content."""

    def save(change=lambda content: None, name="net.json"):
        content = json.loads(pp.to_json(office))
        change(content)
        (tmp_path / name).write_text(json.dumps(content))
        return tmp_path

    return save


def refused(folder, name="net.json"):
    with pytest.raises(DataError) as caught:
        load_network(name, {}, folder)
    return str(caught.value)


# --- shipped


def test_listing_networks_does_not_import_pandapower():
    code = "import sys, networks; assert networks.SHIPPED; assert 'pandapower' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_networks_are_sound_and_solve_like_runpp(name):
    net = load_network(name, {}, HERE)
    assert check_network(net) == []
    assert net.bus["name"].is_unique
    assert net.line["name"].notna().all()
    assert net.trafo["name"].notna().all()
    solution = make_engine("zbus", net, [int(net.bus.index[-1])]).solve(np.zeros(1), np.zeros(1))
    pp.runpp(net, tolerance_mva=1e-10, lightsim2grid=False)
    np.testing.assert_allclose(solution.vm_pu, net.res_bus["vm_pu"], rtol=0, atol=1e-9)


def test_only_shipped_names_are_imported():
    with pytest.raises(KeyError):
        builder("README")


def test_office_options_reach_the_network():
    options = {"transformer_kva": 630, "building_m": 20, "bidirectional_cables": 3}
    net = load_network("office_site", options, HERE)
    assert net.trafo["sn_mva"].tolist() == [0.63]
    assert net.line["length_km"].tolist() == [0.02, 0.08, 0.08]
    assert net.line["parallel"].tolist() == [2, 2, 3]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"transformer_kva": 300}, "transformer_kva = 300: .* 250, 400, 630"),
        ({"building_m": 0}, "building_m = 0: allowed > 0 m"),
        ({"building_m": float("nan")}, "building_m = nan"),
        ({"unidirectional_m": "80"}, "unidirectional_m = '80'"),
        ({"bidirectional_cables": 1.5}, r"bidirectional_cables = 1\.5: allowed 1, 2, 3"),
        ({"building_m": -1, "building_cables": 0}, "building_m = -1.*building_cables = 0"),
        ({"transformer_kvA": 250}, 'options.transformer_kvA: no such option; nearest: "transformer_kva"'),
    ],
)
def test_wrong_options_are_named(options, said):
    with pytest.raises(ScenarioError, match=said):
        load_network("office_site", options, HERE)


def test_all_unknown_options_at_once():
    with pytest.raises(ScenarioError) as caught:
        load_network("office_site", {"tap": 1, "building": 2}, HERE, "site.toml:9 feeder.network")
    assert len(caught.value.faults) == 2
    assert all(fault.where.startswith("site.toml:9 feeder.network options.") for fault in caught.value.faults)


# --- pandapower's


def test_pandapower_network_with_options():
    net = load_network("pandapower:create_kerber_dorfnetz", {"p_load_mw": 0.003}, HERE)
    assert set(net.load["p_mw"]) == {0.003}


def test_random_networks_are_always_the_same_and_leave_the_global_state():
    built = []
    for seed in (5, 6):
        random.seed(seed)
        expected = random.random()  # noqa: S311
        random.seed(seed)
        built.append(load_network("pandapower:create_kerber_vorstadtnetz_kabel_1", {}, HERE))
        assert random.random() == expected  # noqa: S311
    assert pp.toolbox.nets_equal(*built)


def test_only_builders_of_whole_networks_are_offered():
    offered = pandapower_builders()
    assert {"create_kerber_dorfnetz", "mv_oberrhein", "example_simple"} <= offered.keys()
    assert not {"sorted_from_json", "create_dickert_lv_feeders", "from_json", "runpp"} & offered.keys()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ofice_site", 'nearest: "office_site"'),
        ("pandapower:create_kerber_dorfnet", 'nearest: "pandapower:create_kerber_dorfnetz"'),
        ("pandapower:sorted_from_json", "no such network"),
        ("create_kerber_dorfnetz", 'nearest: "pandapower:create_kerber_dorfnetz"'),
        ("os", "no such network"),
    ],
)
def test_unknown_networks_name_the_nearest(name, said):
    with pytest.raises(ScenarioError, match=said):
        load_network(name, {}, HERE)


def test_options_meant_for_pandapowers_file_reader_do_not_pass():
    with pytest.raises(ScenarioError, match=r"options.filename_or_str: no such option"):
        load_network("pandapower:mv_oberrhein", {"filename_or_str": "x"}, HERE)


@pytest.mark.filterwarnings("ignore:tap_dependency_table is missing:DeprecationWarning")
def test_a_list_of_networks_is_not_a_network():
    with pytest.raises(ScenarioError, match="gives no single network"):
        load_network("pandapower:mv_oberrhein", {"separation_by_sub": True}, HERE)


# --- files


@pytest.mark.filterwarnings("ignore:tap_dependency_table is missing:DeprecationWarning")
@pytest.mark.parametrize("name", ["office_site", "pandapower:mv_oberrhein", "pandapower:example_simple"])
def test_a_saved_network_comes_back(name, tmp_path):
    net = load_network(name, {}, HERE)
    pp.to_json(net, str(tmp_path / "net.json"))
    again = load_network("net.json", {}, tmp_path)
    for table in ("bus", "line", "trafo", "load", "ext_grid", "switch"):
        assert len(again[table]) == len(net[table])
    pp.runpp(net, lightsim2grid=False)
    pp.runpp(again, lightsim2grid=False)
    np.testing.assert_allclose(
        again.res_bus["vm_pu"].sort_index(), net.res_bus["vm_pu"].sort_index(), rtol=1e-9
    )


def test_files_outside_the_folder_are_refused(saved, tmp_path):
    saved()
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "link.json").symlink_to(tmp_path / "net.json")
    for name in ("../net.json", str(tmp_path / "net.json"), "link.json"):
        with pytest.raises(ScenarioError, match="outside the folder"):
            load_network(name, {}, inner)


def test_what_is_not_a_regular_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "folder.json").mkdir()
    for name in ("pipe.json", "folder.json", "missing.json"):
        assert "no such file" in refused(tmp_path, name)


def test_a_file_takes_no_options(saved):
    with pytest.raises(ScenarioError, match="takes no options"):
        load_network("net.json", {"a": 1}, saved())


@pytest.mark.parametrize(
    "text",
    ["", "not json", "[1, 2", '{"a": 1, "a": 2}', "[" * 100_000, "5", "[]", "{}", '{"bus": {}}', "\xff"],
)
def test_text_that_is_no_network_is_refused(text, tmp_path):
    (tmp_path / "net.json").write_bytes(text.encode("latin-1"))
    assert "N04 net.json" in refused(tmp_path)


def test_a_key_given_twice_is_refused(saved):
    path = saved() / "net.json"
    path.write_text('{"_module": "os", ' + path.read_text()[1:])
    assert "a key occurs twice" in refused(path.parent)


def test_too_large_a_file_is_not_read(saved, monkeypatch):
    monkeypatch.setattr(network_json, "MAX_BYTES", 100)
    assert "allowed <= 100" in refused(saved())


def in_network(content):
    content["_object"]["bomb"] = {"_module": "os", "_class": "system", "_object": "true"}


def in_list(content):
    content["_object"]["user_pf_options"] = {
        "a": [1, [{"_module": "m", "_class": "function", "_object": "f"}]]
    }


def in_cell(content):
    table = content["_object"]["bus"]
    cells = json.loads(table["_object"])
    cells["data"][0][0] = {"_module": "subprocess", "_class": "Popen", "_object": ["true"]}
    table["_object"] = json.dumps(cells)


def in_escaped_cell(content):
    in_cell(content)
    table = content["_object"]["bus"]
    table["_object"] = table["_object"].replace("_module", "\\u005fmodule").replace("_class", "\\u005fclass")


def in_dtype(content):
    content["_object"]["bus"]["dtype"] = {"_module": "numpy", "_class": "array", "_object": []}


def controller(content):
    table = content["_object"]["controller"]
    cells = json.loads(table["_object"])
    state = {"_module": "pandapower.control", "_class": "ConstControl", "_object": {}}
    cells["index"], cells["data"] = [0], [[state] + [None] * (len(cells["columns"]) - 1)]
    table["_object"] = json.dumps(cells)


def path_for_table(content):
    content["_object"]["bus"]["_object"] = "/etc/bus.json"


def unknown_table_key(content):
    content["_object"]["bus"]["storage_options"] = {}


def other_top(content):
    content["_class"] = "PandapowerNet"


def text_for_network(content):
    content["_object"] = json.dumps(content["_object"])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (in_network, "N04 net.json bomb: object os.system is not allowed"),
        (in_list, "user_pf_options: object m.function is not allowed"),
        (in_cell, "net.json bus: object subprocess.Popen is not allowed"),
        (in_escaped_cell, "net.json bus: object subprocess.Popen is not allowed"),
        (in_dtype, "net.json bus: object numpy.array is not allowed"),
        (controller, "controller: object pandapower.control.ConstControl is not allowed"),
        (path_for_table, "bus: the table is not JSON text"),
        (unknown_table_key, "bus: unknown keys storage_options"),
        (other_top, "not a network saved by pandapower"),
        (text_for_network, "not an object of tables"),
    ],
)
def test_content_beyond_tables_and_numbers_is_refused_unread(change, said, saved, monkeypatch):
    monkeypatch.setattr(pp, "from_json_string", lambda *_, **__: pytest.fail("pandapower saw the file"))
    assert said in refused(saved(change))


def test_all_foreign_objects_are_named_at_once(saved):
    def both(content):
        in_network(content)
        in_cell(content)

    message = refused(saved(both))
    assert "os.system" in message
    assert "subprocess.Popen" in message


def broken_table(content):
    content["_object"]["bus"]["orient"] = "nonsense"


def number_for_table(content):
    content["_object"]["line"] = 5


def short_table(content):
    table = content["_object"]["line"]
    cells = json.loads(table["_object"])
    at = cells["columns"].index("length_km")
    cells["columns"].pop(at)
    for row in cells["data"]:
        row.pop(at)
    table["_object"] = json.dumps(cells)
    table["dtype"].pop("length_km")


def repeated_index(content):
    table = content["_object"]["load"]
    cells = json.loads(table["_object"])
    row = [None, 2, 0.01, 0.0, 0, 0, 0, 0, None, 1.0, True, "wye"]
    cells["index"], cells["data"] = [3, 3], [row[: len(cells["columns"])]] * 2
    table["_object"] = json.dumps(cells)


def cell(table, column, value):
    def change(content):
        cells = json.loads(content["_object"][table]["_object"])
        cells["data"][0][cells["columns"].index(column)] = value
        content["_object"][table]["_object"] = json.dumps(cells)
        content["_object"][table]["dtype"][column] = "object"

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (cell("line", "length_km", "far"), "net.json line: length_km: not a number somewhere"),
        (cell("bus", "in_service", "yes"), "net.json bus: in_service: neither true nor false somewhere"),
        (broken_table, "pandapower cannot read it"),
        (number_for_table, "line"),
        (short_table, "length_km"),
        (repeated_index, "load: an index occurs twice"),
    ],
)
def test_incomplete_networks_are_refused(change, said, saved):
    assert said in refused(saved(change))


# --- buses


def test_find_bus_by_name_and_by_index(office):
    assert find_bus(office, "main_board", "sites.office.connection") == 1
    assert find_bus(office, "3", "sites.office.connection") == 3
    office.bus.loc[4, "name"] = "3"
    assert find_bus(office, "3", "sites.office.connection") == 4


def test_unknown_bus_lists_buses_by_voltage(office):
    with pytest.raises(ScenarioError) as caught:
        find_bus(office, "main_bord", "office.toml:14 sites.office.connection")
    (fault,) = caught.value.faults
    assert fault.where == "office.toml:14 sites.office.connection"
    assert 'nearest: "main_board"' in fault.what
    assert (
        "0.4 kV: main_board, building_board, unidirectional_board, bidirectional_board; 20 kV: grid"
        in fault.what
    )


def test_long_bus_lists_are_cut():
    net = load_network("pandapower:create_kerber_dorfnetz", {}, HERE)
    with pytest.raises(ScenarioError, match="and 95 more"):
        find_bus(net, "nowhere", "here")


def test_ambiguous_and_dead_buses_are_refused(office):
    office.bus.loc[4, "name"] = "main_board"
    with pytest.raises(ScenarioError, match="name of buses 1, 4"):
        find_bus(office, "main_board", "here")
    office.bus.loc[2, "in_service"] = False
    with pytest.raises(ScenarioError, match="out of service"):
        find_bus(office, "building_board", "here")
