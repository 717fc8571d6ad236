"""Hosting capacity: nested fleets, and a search whose ends are checked by runs of their own.

main_board --- building_board, unidirectional_board, bidirectional_board     250 kVA
"""

import json
from functools import partial

import numpy as np
import pytest
from small_sites import Small, car, ports, read, site
from typer.testing import CliRunner

from cosim.cli import app
from cosim.hosting import Limits, hosting_capacity, most_strained
from cosim.runner import run_inputs
from cosim.scaled_fleet import scaled_counts, with_ports, with_power
from sims.faults import ScenarioError

GROUPS = [ports(2, p_max_kw=22.0), ports(4, "unidirectional", p_max_kw=11.0, connection="building_board")]
RESOLUTION = {"ports": 1, "kw": 10}
EVENING = [car(f"c{i}", 8 + 0.1 * i, 16, soc_arrival=0.2, soc_required=0.9) for i in range(6)]


def office(folder, policy="uncontrolled"):
    return read(folder, site(100.0, EVENING, GROUPS, policy), when=Small())


@pytest.mark.parametrize("counts", [[2, 4], [1, 0, 7], [5], [3, 3, 3]])
def test_the_mix_of_ports_is_kept_and_nested(counts):
    before = [0] * len(counts)
    for total in range(3 * sum(counts) + 1):
        now = scaled_counts(counts, total)
        assert sum(now) == total
        assert all(new >= old for new, old in zip(now, before, strict=True))
        assert all(abs(n - total * c / sum(counts)) <= 1.0 for n, c in zip(now, counts, strict=True))
        before = now


def test_a_larger_fleet_holds_the_smaller_one(tmp_path):
    inputs = office(tmp_path)
    known: set[str] = set()
    for n in range(19):
        (scaled,) = with_ports(inputs, "office", n).sites
        ids = set(scaled.sessions.session_id)
        assert (len(scaled.ports), len(scaled.evse_bus), len(ids)) == (n, n, len(scaled.sessions))
        assert known <= ids
        assert len(ids) == n  # six sessions at six ports
        known = ids


def test_the_own_size_is_the_own_fleet(tmp_path):
    inputs = office(tmp_path)
    (same,) = with_ports(inputs, "office", 6).sites
    (own,) = inputs.sites
    assert same.sessions.session_id == own.sessions.session_id
    np.testing.assert_array_equal(same.evse_bus, own.evse_bus)
    np.testing.assert_array_equal(same.ports.p_max_kw, own.ports.p_max_kw)


def test_copies_come_at_other_times_and_stay_as_long(tmp_path):
    (two,) = with_ports(office(tmp_path), "office", 12).sites
    sessions = two.sessions
    stay = sessions.departure_s - sessions.arrival_s
    row = {name: i for i, name in enumerate(sessions.session_id)}
    shifts = [sessions.arrival_s[row[f"c{i} +1"]] - sessions.arrival_s[row[f"c{i}"]] for i in range(6)]
    assert max(map(abs, shifts)) <= 3600 and len(set(shifts)) > 1
    assert all(stay[row[f"c{i} +1"]] == stay[row[f"c{i}"]] for i in range(6))


def test_power_of_all_ports_is_scaled(tmp_path):
    (strong,) = with_power(office(tmp_path), "office", 1.5).sites
    assert sorted(set(strong.ports.p_max_kw)) == [16.5, 33.0]
    assert max(strong.ports.p_discharge_max_kw) == 33.0


@pytest.mark.parametrize(("scale", "policy"), [("ports", "uncontrolled"), ("kw", "uncontrolled")])
def test_what_is_found_holds_and_one_more_breaks(tmp_path, one_network, scale, policy):
    inputs = office(tmp_path, policy)
    limits = Limits(loading_percent=80.0, vm_min_pu=0.94)
    found = hosting_capacity(
        inputs,
        "office",
        tmp_path,
        scale=scale,
        limits=limits,
        most=400,
        resolution=1 if scale == "ports" else 10,
    )
    holds, breaks = found.found.holds, found.found.breaks
    assert found.found.monotone and 0 < holds < breaks
    scaled = (
        partial(with_ports, inputs, "office")
        if scale == "ports"
        else (lambda kw: with_power(inputs, "office", kw / 88.0))
    )
    for size, use, good in ((holds, found.holds, True), (breaks, found.breaks, False)):
        again = most_strained(run_inputs(scaled(size), tmp_path / f"{size}.h5"), limits)
        assert again == use
        assert (use.share <= 1.0) is good
    assert sorted(path.name for path in tmp_path.glob(f"{policy}_*.h5")) == sorted(
        f"{policy}_{size}_{scale}.h5" for size in (holds, breaks)
    )


def test_the_most_strained_element_is_named_with_its_time(tmp_path):
    done = run_inputs(office(tmp_path), tmp_path / "own.h5")
    loading = done.feeder.transformer_loading_percent[:, 0]
    use = most_strained(done, Limits(loading_percent=50.0))
    assert use.element == "transformer transformer"
    assert use.value == loading.max()
    assert use.share == pytest.approx(loading.max() / 50.0)
    assert use.at.startswith("2019-06-03T") and use.unit == "%"
    low = most_strained(done, Limits(loading_percent=1000.0, vm_min_pu=0.999))
    assert low.element.startswith("bus ") and low.value == done.feeder.vm_pu.min()


def test_bounds_and_names_that_are_wrong(tmp_path):
    inputs = office(tmp_path)
    with pytest.raises(ScenarioError, match=r"--most: 0: allowed 1, 2, 3(.|\n)*--resolution: 0"):
        hosting_capacity(inputs, "office", tmp_path, most=0, resolution=0)
    with pytest.raises(ScenarioError, match='--site: "ofice": no such site; nearest: "office"'):
        hosting_capacity(inputs, "ofice", tmp_path)
    empty = read(tmp_path / "empty", site(10.0))
    with pytest.raises(ScenarioError, match="has no ports: there is no fleet to scale"):
        hosting_capacity(empty, "office", tmp_path)


def test_command_compares_policies(tmp_path, one_network):
    office(tmp_path)
    words = ["hosting-capacity", tmp_path / "small.toml", "--policy", "uncontrolled", "--policy", "trickle"]
    more = ["--loading-percent", 80, "--most", 40, "--out", tmp_path / "out", "--json"]
    result = CliRunner().invoke(app, [str(word) for word in (*words, *more)])
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    sizes = {one["policy"]: one["found"]["holds"] for one in said["capacities"]}
    assert 0 < sizes["uncontrolled"] < sizes["trickle"]
    assert "ports: breaks, transformer transformer at" in result.stderr
