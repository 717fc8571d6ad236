"""The rehearsal is the co-simulation without mosaik: the same steps, the same numbers."""

from dataclasses import fields

import numpy as np
import pytest

from sims.control.policy import Policy, SiteInfo
from sims.control.registry import POLICIES
from sims.control.rehearsal import Rehearsal, rehearse
from sims.control.rules import Required
from sims.control.simulator import ControlSimulator
from sims.control.trial import N_STEPS, STEP_S, trial
from sims.fleet.simulator import FleetSimulator
from sims.signals.simulator import SERIES


def played(name, episode, every_steps=1):
    return rehearse(POLICIES[name](), episode, np.random.default_rng(0), every_steps=every_steps)


def listed(facts, *left_out):
    columns = {entry.name: getattr(facts, entry.name) for entry in fields(facts)}
    return {
        name: value.tolist() if isinstance(value, np.ndarray) else value
        for name, value in columns.items()
        if name not in left_out
    }


def simulators(name, episode, every_steps):
    """Controller and fleet as the co-simulation makes them, from plain lists."""
    control, fleet = ControlSimulator(), FleetSimulator()
    for sid, simulator in (("control", control), ("fleet", fleet)):
        simulator.init(sid, step_s=STEP_S)
    control.create(
        1,
        "Controller",
        name="site",
        policy=name,
        site=listed(episode.site, "step_s"),
        every_steps=every_steps,
        steps_per_window=episode.steps_per_window,
    )
    fleet.create(
        1,
        "Fleet",
        name="site",
        sessions=listed(episode.sessions),
        ports=listed(episode.ports),
        rules=listed(episode.rules),
        n_steps=N_STEPS,
    )
    return control, fleet


@pytest.mark.parametrize("every_steps", [1, 4])
@pytest.mark.parametrize("n_ports", [0, 1, 6])
@pytest.mark.parametrize("name", POLICIES)
def test_it_equals_the_simulators_step_for_step(name, n_ports, every_steps):
    episode = trial(n_ports)
    rehearsed = played(name, episode, every_steps)
    control, fleet = simulators(name, episode, every_steps)
    state, told = fleet.fed_back("site")["state_next"], {}
    for k in range(N_STEPS):
        signals = {series: getattr(episode, series).tolist()[k] for series in SERIES}
        building_kw = float(episode.building_kw[k])
        received = {"building_kw": building_kw, "signals": signals, "state": state} | told
        asked = control.advance("site", k, received)
        out = fleet.advance("site", k, {"building_kw": building_kw} | asked)
        state = out["state_next"]
        told = episode.feeder.says(building_kw, np.array(out["evse_kw"]))
        np.testing.assert_array_equal(rehearsed.setpoint_kw[k], asked["setpoint_kw"])
        np.testing.assert_array_equal(rehearsed.evse_kw[k], out["evse_kw"])
        np.testing.assert_array_equal(rehearsed.soc[k], out["soc"])
        assert rehearsed.site_kw[k] == out["site_kw"]
    np.testing.assert_equal(rehearsed.outcome, fleet.outcome("site"))


def test_an_agent_steps_through_it_alone():
    episode = trial()
    rehearsal, seen = Rehearsal(episode), []
    while not rehearsal.done:
        seen.append(rehearsal.seen)
        rehearsal.step(np.zeros(6))
    assert [observation.time_s for observation in seen] == [STEP_S * k for k in range(N_STEPS)]
    assert [observation.building_kw for observation in seen] == episode.building_kw.tolist()
    assert seen[8].running_peak_kw > 0.0
    assert seen[16].running_peak_kw == 0.0  # the new month


def test_doing_nothing_moves_nothing():
    class Idle(Policy):
        def act(self, seen):
            return np.zeros(len(seen.session))

    episode = trial(5)  # all but the uncontrolled port
    done = rehearse(Idle(), episode, np.random.default_rng(0))
    np.testing.assert_array_equal(done.evse_kw, 0.0)
    np.testing.assert_array_equal(done.site_kw, episode.building_kw)


def test_one_car_alone_is_as_computed_by_hand():
    # the first car of the trial: 60 kWh from 0.5 to 0.8 is 18 kWh, at the meter 18 / 0.95 over 20 kW
    done = rehearse(Required(), trial(1), np.random.default_rng(0))
    metered_kwh = 18 / 0.95
    np.testing.assert_allclose(done.evse_kw[:4, 0], [20, 20, 20, (metered_kwh - 15) / 0.25], rtol=1e-12)
    assert done.outcome["sessions"]["energy_grid_kwh"][0] == pytest.approx(metered_kwh)
    assert done.soc[4, 0] == pytest.approx(0.8)


def test_site_info_of_an_episode_is_complete():
    site = trial().site
    assert {entry.name for entry in fields(SiteInfo)} == set(listed(site))
    assert site.controllable.tolist() == [False, True, True, True, True, True]
    assert site.bidirectional.tolist() == [False, False, False, True, True, True]
