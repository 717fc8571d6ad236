"""What a policy that asks is told of the feeder: the state of the last step, and how its power moves it.

control    None          state(0)      state(1)      limits: time-shifted, only to a site whose policy asks
feeder     flow(0)       flow(1)       flow(2)
"""

from collections.abc import Mapping
from typing import ClassVar

import mosaik
import numpy as np
import pytest
from small_sites import Small, car, fingerprint, policy_of, ports, ran, read, simulated, site

from sims.control.policy import Observation, Policy
from sims.control.rules import LeastLaxityFirst

TWO_DAYS = Small(days=2, step_minutes=30)
LOAD_KW = 150 + 40 * np.sin(np.arange(TWO_DAYS.n_steps) / 5)
CARS = [car(f"c{i}", 3.1 * i, 3.1 * i + 7.0, soc_arrival=0.2) for i in range(14)]
CHARGERS = [
    ports(3, "unidirectional", 22.0, connection="unidirectional_board"),
    ports(1, "uncontrolled", 11.0, connection="bidirectional_board"),
    ports(2, "bidirectional", 22.0, connection="unidirectional_board"),
]
UPSTREAM = ("line/unidirectional_cable", "line/bidirectional_cable", "transformer/transformer")


class Looking(LeastLaxityFirst):
    """Least laxity first that asks for limits and keeps every observation."""

    needs_limits: ClassVar[bool] = True
    seen: ClassVar[list[Observation]] = []

    def act(self, seen: Observation) -> np.ndarray:
        self.seen.append(seen)
        return super().act(seen)


class Overloading(Policy):
    """Asks for limits and draws far more than the feeder can give in the third step."""

    needs_limits: ClassVar[bool] = True
    seen: ClassVar[list[Observation]] = []

    def act(self, seen: Observation) -> np.ndarray:
        self.seen.append(seen)
        return np.where(seen.time_s == 7200.0, self.site.p_max_kw, 0.0)


def asking(kind: type[Policy], **parameters) -> Mapping[str, object]:
    return policy_of(kind, **parameters) | {"name": f"{__name__}:{kind.__name__}"}


@pytest.fixture(scope="module")
def office(folder, one_network):
    """Two days in two worlds of an office that looks, beside a home that does not."""
    Looking.seen.clear()
    home = site(4.0, name="home", connection="building_board", chargers=[ports(1)], cars=[car("h", 1, 9)])
    looking = site(LOAD_KW, CARS, CHARGERS, asking(Looking, peak_threshold_kw=190.0))
    run = ran(folder / "looking", home, looking, when=TWO_DAYS, window_days=1)
    return list(Looking.seen), run


def test_nothing_is_known_in_the_first_step_and_in_no_other(office):
    seen, _ = office
    assert seen[0].limits is None
    assert np.isnan(seen[0].loading_headroom_percent)
    assert all(observation.limits is not None for observation in seen[1:])


def test_the_state_is_that_of_the_last_step_across_worlds_too(office):
    seen, run = office
    feeder, stored = run.feeder, run.site("office")
    buses, lines = list(run.header.buses), list(run.header.lines)
    for k, observation in enumerate(seen[1:]):
        limits = observation.limits
        assert limits.buses == ("main_board", "unidirectional_board", "bidirectional_board")
        assert limits.elements == UPSTREAM
        rows = [buses.index(bus) for bus in limits.buses]
        np.testing.assert_array_equal(limits.vm_pu, feeder.vm_pu[k, rows])
        places = [lines.index(name.partition("/")[2]) for name in UPSTREAM[:2]]
        np.testing.assert_array_equal(limits.loading_percent[:2], feeder.line_loading_percent[k, places])
        np.testing.assert_array_equal(limits.loading_percent[2:], feeder.transformer_loading_percent[k])
        np.testing.assert_array_equal(limits.evse_kw, stored.evse_kw[k])
        assert limits.building_kw == stored.building_kw[k]
        assert observation.loading_headroom_percent == 100.0 - feeder.transformer_loading_percent[k].max()
        assert observation.voltage_headroom_pu == feeder.vm_pu[k].min() - 0.9


def test_the_next_step_is_foreseen_from_what_the_site_then_draws(office):
    seen, run = office
    stored, feeder = run.site("office"), run.feeder
    errors, changes = [], []
    for k in range(1, len(seen)):
        drawn = stored.evse_kw[k], stored.building_kw[k]
        limits = seen[k].limits
        foreseen = abs(limits.current_percent_at(*drawn)[2]), limits.vm_pu_at(*drawn)[1]
        came = feeder.transformer_loading_percent[k, 0], feeder.vm_pu[k, 3]
        errors.append([abs(a - b) for a, b in zip(foreseen, came, strict=True)])
        before = feeder.transformer_loading_percent[k - 1, 0], feeder.vm_pu[k - 1, 3]
        changes.append([abs(a - b) for a, b in zip(before, came, strict=True)])
    # the home on the same feeder changes by itself: up to its 15 kW of 250 kVA are not foreseen
    assert max(error[0] for error in errors) < 7.0
    assert np.mean(errors, axis=0) == pytest.approx([0.0, 0.0], abs=0.5)
    assert (np.mean(errors, axis=0) < 0.1 * np.mean(changes, axis=0)).all()


def test_ports_have_the_derivatives_of_their_connection(office):
    seen, _ = office
    by_port = seen[40].limits.dcurrent_percent_per_kw
    assert by_port.shape == (3, 6)
    assert (by_port[:, [0]] == by_port[:, [1, 2, 4, 5]]).all()
    assert abs(by_port[1, 3]) > 0.1 > abs(by_port[0, 3])  # its own cable, not the other
    assert not by_port.flags.writeable


def test_a_step_without_solution_tells_nothing(folder, one_network):
    Overloading.seen.clear()
    described = site(
        50.0,
        [car(f"c{i}", 0, 20, capacity_kwh=900.0, p_charge_max_kw=900.0, soc_arrival=0.1) for i in range(4)],
        [ports(4, "unidirectional", 900.0)],
        asking(Overloading),
    )
    run = ran(folder / "overloading", described, when=Small(step_minutes=60))
    assert run.feeder.converged[:5].tolist() == [1, 1, 0, 1, 1]
    assert [seen.limits is None for seen in Overloading.seen[:6]] == [True, False, False, True, False, False]


def test_only_who_asks_is_connected(folder, one_network, monkeypatch):
    connected = []

    class Watched(mosaik.World):
        def connect(self, src, dest, *pairs, **how):
            connected.append((src.full_id, dest.full_id, pairs))
            super().connect(src, dest, *pairs, **how)

    monkeypatch.setattr(mosaik, "World", Watched)
    two = [site(policy=policy, name=policy) for policy in ("llf", "grid_aware")]
    inputs = read(folder / "two", *two, when=Small(step_minutes=60))
    simulated(inputs)
    told = [edge for edge in connected if "limits" in str(edge)]
    assert told == [
        ("feeder-0.feeder/site/grid_aware", "control-0.grid_aware", (("limits", "limits"),)),
    ]


def test_processes_of_their_own_are_told_the_same(folder):
    described = site(LOAD_KW, CARS, CHARGERS, "grid_aware")
    inside, outside = (
        ran(folder / name, described, when=TWO_DAYS, out_of_process=where)
        for name, where in (("inside", ()), ("outside", ("control", "feeder")))
    )
    assert fingerprint(inside.path) == fingerprint(outside.path)
    assert inside.feeder.transformer_loading_percent.max() > 85.0
