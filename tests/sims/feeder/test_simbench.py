"""SimBench's networks, with a hand-made one in the place of the package, which is an extra.

 0 ext_grid 20 kV
 |
(T0, tap +1 of 2.5 %, kind of changer not said)
 |
 1 --L0-- 2   load a (H0), load b (no profile), PV (PV1), storage (S1)
"""

import re
from pathlib import Path

import numpy as np
import pandapower as pp
import pandas as pd
import pytest

from sims.faults import ScenarioError
from sims.feeder import simbench_nets as simbench
from sims.feeder.network import load_network
from sims.feeder.precheck import check_network

N = simbench.QUARTER_HOURS


def made() -> pp.pandapowerNet:
    net = pp.create_empty_network(name="made")
    for vn_kv in (20.0, 0.4, 0.4):
        pp.create_bus(net, vn_kv, name=f"bus {vn_kv}")
    pp.create_ext_grid(net, 0)
    pp.create_transformer(net, 0, 1, "0.25 MVA 20/0.4 kV", tap_pos=1)
    net.trafo["tap_changer_type"] = None
    pp.create_line(net, 1, 2, 0.1, "NAYY 4x150 SE", name="L0")
    pp.create_load(net, 2, p_mw=0.010, q_mvar=0.004, name="a")
    pp.create_load(net, 2, p_mw=0.005, q_mvar=0.001, name="b", scaling=0.5)
    pp.create_sgen(net, 2, p_mw=0.020, name="pv")
    pp.create_storage(net, 2, p_mw=-0.003, max_e_mwh=0.01, name="store")
    net.load["profile"] = ["H0", np.nan]
    net.sgen["profile"] = "PV1"
    net.storage["profile"] = "S1"
    ramp = np.arange(N) / N
    net["profiles"] = {
        "load": pd.DataFrame({"time": "x", "H0_pload": ramp, "H0_qload": ramp / 2}),
        "powerplants": pd.DataFrame({"time": ["x"] * N}),
        "renewables": pd.DataFrame({"time": "x", "PV1": 1.0 - ramp}),
        "storage": pd.DataFrame({"time": "x", "S1": ramp - 0.5}),
    }
    net["loadcases"] = pd.DataFrame({"pload": [1.0]})
    return net


@pytest.fixture
def package(tmp_path, monkeypatch):
    """The hand-made network under every code, and a cache of its own; counts how often it is parsed."""
    parsed: list[str] = []
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(simbench, "version", lambda _: "0.0")
    monkeypatch.setattr(simbench, "_refuse_unknown", lambda *_: None)
    monkeypatch.setattr(simbench, "_get", lambda code: parsed.append(code) or made())
    return parsed


def test_generators_and_storages_become_loads_that_follow_their_profiles():
    net, year = simbench.with_profiles(made())
    assert net.load["name"].tolist() == ["a", "b", "pv", "store"]
    assert len(net.sgen) == len(net.storage) == 0
    own = net.load["p_mw"].to_numpy() * net.load["scaling"].to_numpy()
    k = 3 * N // 4
    np.testing.assert_allclose(own * year.p[k, year.of_load], [0.0075, 0.0025, -0.005, -0.00075])
    reactive = net.load["q_mvar"].to_numpy() * net.load["scaling"].to_numpy() * year.q[k, year.of_load]
    np.testing.assert_allclose(reactive, [0.0015, 0.0005, 0.0, 0.0], atol=1e-15)


def test_a_tap_has_its_effect_though_nobody_says_what_changes_it():
    plain = made()
    net, _ = simbench.with_profiles(made())
    assert [fault.code for fault in check_network(plain)] == ["N15"]
    assert check_network(net) == []
    pp.runpp(plain, numba=False)
    pp.runpp(net, numba=False)
    assert net.res_bus.loc[1, "vm_pu"] < plain.res_bus.loc[1, "vm_pu"] - 0.02


def test_a_code_is_parsed_once_and_says_the_same_from_the_cache(package):
    first, year = simbench.load_simbench("made")
    again, same = simbench.load_simbench("made")
    assert package == ["made"]
    assert pp.to_json(first) == pp.to_json(again)
    for name in ("p", "q", "of_load"):
        np.testing.assert_array_equal(getattr(year, name), getattr(same, name))


def test_a_damaged_cache_is_made_again(package, tmp_path):
    simbench.load_simbench("made")
    (file,) = (tmp_path / "gridpark").iterdir()
    whole = file.read_bytes()
    for broken in (b"", whole[:-100], whole[: len(whole) // 2], b"nonsense"):
        file.write_bytes(broken)
        net, _ = simbench.load_simbench("made")
        assert len(net.load) == 4
        assert file.read_bytes() == whole
    assert len(package) == 5


def test_a_cache_of_strangers_cannot_act(package, tmp_path):
    """The cache goes through the reader that takes tables and numbers only, arrays without pickles."""
    simbench.load_simbench("made")
    (file,) = (tmp_path / "gridpark").iterdir()
    with np.load(file) as kept:
        arrays = dict(kept)
    text = arrays["net"].tobytes().decode()
    bomb = re.sub(r"^\{", '{"x": {"_module": "os", "_class": "system", "_object": "true"},', text)
    for change in ({"net": np.frombuffer(bomb.encode(), np.uint8)}, {"p": np.array([object()])}):
        with file.open("wb") as out:
            np.savez(out, **arrays | change)  # type: ignore[arg-type]
        simbench.load_simbench("made")
    assert len(package) == 3


def test_without_a_place_for_a_cache_it_works_all_the_same(package, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    for _ in range(2):
        simbench.load_simbench("made")
    assert len(package) == 2


def test_the_cache_is_below_home_unless_a_whole_path_is_given(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert simbench.cache_folder() == Path.home() / ".cache" / "gridpark"
    monkeypatch.setenv("XDG_CACHE_HOME", "/else")
    assert simbench.cache_folder() == Path("/else/gridpark")


def test_a_scenario_names_it_and_gives_no_options(package):
    assert len(load_network("simbench:made", {}, Path()).load) == 4
    with pytest.raises(ScenarioError, match=r"options.a: a network of SimBench takes no options"):
        load_network("simbench:made", {"a": 1}, Path())


def test_without_the_extra_it_says_how_to_get_it(monkeypatch):
    def absent(name):
        raise simbench.PackageNotFoundError(name)

    monkeypatch.setattr(simbench, "version", absent)
    with pytest.raises(ScenarioError, match=r'pip install "gridpark\[simbench\]"'):
        load_network("simbench:1-LV-semiurb4--0-sw", {}, Path())
