"""The rehearsal is the co-simulation without mosaik: the same steps, the same numbers."""

from dataclasses import asdict, fields, replace

import numpy as np
import pytest

from sims.building.simulator import BuildingSimulator
from sims.control.policy import Policy, SiteInfo
from sims.control.registry import POLICIES as REGISTERED
from sims.control.rehearsal import Rehearsal, rehearse
from sims.control.rules import Required
from sims.control.simulator import ControlSimulator
from sims.control.trial import N_STEPS, STEP_S, trial
from sims.fleet.rules import SiteRules
from sims.fleet.simulator import FleetSimulator
from sims.forecast import QUANTITIES, ForecastRequest
from sims.signals.simulator import SERIES, SignalsSimulator


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
    building, signals = BuildingSimulator(), SignalsSimulator()
    for simulator in (control, fleet, building, signals):
        simulator.init(type(simulator).__name__, step_s=STEP_S)
    asked = {quantity: asdict(request) for quantity, request in episode.forecasts.items()}
    needed = POLICIES[name]().needs_forecasts

    def wanted(*quantities):
        return {quantity: asked[quantity] for quantity in quantities if quantity in needed}

    load_kw = episode.building_kw.tolist()
    building.create(1, "Building", name="site", load_kw=load_kw, forecasts=wanted("load"))
    series = {column: getattr(episode, column).tolist() for column in SERIES}
    prices = wanted("price", "co2")
    signals.create(1, "Signals", name="site", **series, forecasts={"site": prices} if prices else {})
    control.create(
        1,
        "Controller",
        name="site",
        policy=POLICIES[name],
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
        power_share=None if episode.power_share is None else episode.power_share.tolist(),
        persistent_vehicles=episode.persistent_vehicles,
        forecasts=wanted("arrivals"),
    )
    return control, fleet, building, signals


def noticed(episode):
    """The board of events as the co-simulation makes it."""
    signals = SignalsSimulator()
    signals.init("signals", step_s=STEP_S)
    told = [asdict(event.moved(-episode.start_s)) for event in episode.events]
    signals.create(1, "Events", name="site", events=told)
    return signals


def returning(n_ports=6):
    """The trial with its late cars the early ones come back."""
    episode = trial(n_ports)
    names = list(episode.sessions.vehicle_id)
    names[6:] = ["car 0", "car 1", "car 2", "car 5"]
    batteries = episode.sessions.capacity_kwh.copy()
    batteries[[6, 7, 8, 9]] = batteries[[0, 1, 2, 5]]
    cars = replace(episode.sessions, vehicle_id=tuple(names), capacity_kwh=batteries)
    return replace(episode, sessions=cars, persistent_vehicles=True, wear_price_per_kwh=0.05)


def foreseeing():
    """The trial with perfect forecasts of everything."""
    episode = trial()
    perfect = {quantity: ForecastRequest("perfect", N_STEPS) for quantity in QUANTITIES}
    return replace(episode, forecasts=perfect)


def charging_hub():
    """The trial at ports with all options: stations, steps, a curve, a set of ports, cold weather."""
    episode = trial()
    return replace(
        episode,
        ports=replace(
            episode.ports,
            p_min_kw=np.array([0.0, 4.14, 5.0, 5.0, 4.14, 4.14]),
            steps_kw=np.where(np.arange(6)[:, None] % 4 < 2, np.inf, [5.0, 11.0, 20.0]),
            curve_kw=np.tile([2.0, 20.0], (6, 1)),
            curve_eta=np.tile([0.8, 0.95], (6, 1)),
            station_index=np.array([-1, 0, 0, 1, 1, -1]),
            station_limit_kw=np.array([np.inf, 22.0, 22.0, 16.0, 16.0, np.inf]),
        ),
        rules=replace(episode.rules, limits_kw=(24.0,), limited_ports=((1, 2, 5),)),
        power_share=np.linspace(0.6, 1.0, N_STEPS),
    )


EPISODES = {
    "0 ports": lambda: trial(0),
    "1 port": lambda: trial(1),
    "6 ports": trial,
    "hub": charging_hub,
    "foreseeing": foreseeing,
    "returning": returning,
    "no events": lambda: replace(trial(), events=()),
}


class Foreseeing(Policy):
    """Answers by every number of every forecast."""

    needs_forecasts = tuple(QUANTITIES)

    def act(self, seen):
        mixed = sum(told.values @ np.cos(np.arange(len(told.values))) for told in seen.forecasts.values())
        return self.site.p_max_kw * np.sin(mixed)


POLICIES = REGISTERED | {"foreseeing": Foreseeing}


@pytest.mark.parametrize("every_steps", [1, 4])
@pytest.mark.parametrize("hours", EPISODES)
@pytest.mark.parametrize("name", POLICIES)
def test_it_equals_the_simulators_step_for_step(name, hours, every_steps):
    episode = EPISODES[hours]()
    rehearsed = played(name, episode, every_steps)
    control, fleet, building, signals = simulators(name, episode, every_steps)
    state, told, board = fleet.fed_back("site")["state_next"], {}, noticed(episode)
    for k in range(N_STEPS):
        load, priced = building.advance("site", k, {}), signals.advance("site", k, {})
        building_kw = load["p_kw"]
        received = {"building_kw": building_kw, "signals": priced["signals"], "state": state} | told
        received["load_forecast"] = load["forecasts"]
        received["signal_forecasts"] = priced["forecasts"][0] if priced["forecasts"] else {}
        received["events"] = board.advance("site", k, {})["events"]
        asked = control.advance("site", k, received)
        out = fleet.advance("site", k, {"building_kw": building_kw} | asked)
        state = out["state_next"]
        told = episode.feeder.says(building_kw, np.array(out["evse_kw"]))
        np.testing.assert_array_equal(rehearsed.setpoint_kw[k], asked["setpoint_kw"])
        np.testing.assert_array_equal(rehearsed.evse_kw[k], out["evse_kw"])
        np.testing.assert_array_equal(rehearsed.soc[k], out["soc"])
        assert rehearsed.site_kw[k] == out["site_kw"]
    np.testing.assert_equal(rehearsed.outcome, fleet.outcome("site"))


def test_cars_that_come_back_bring_what_they_left_with():
    done = played("uncontrolled", returning(6)).outcome["sessions"]
    plain = played("uncontrolled", trial(6)).outcome["sessions"]
    assert plain["soc_arrival"] == trial().sessions.soc_arrival.tolist()
    assert done["soc_arrival"][:6] == plain["soc_arrival"][:6]
    assert done["connected"][8] == 1
    assert done["soc_arrival"][8] == pytest.approx(done["soc_departure"][2] + 0.5 - 0.9)
    assert done["soc_arrival"][8] > plain["soc_arrival"][8] + 0.05


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


def test_what_a_policy_knows_of_a_hub():
    site = charging_hub().site
    assert site.p_min_kw.tolist() == [0.0, 4.14, 5.0, 5.0, 4.14, 4.14]
    assert site.steps_kw[2].tolist() == [5.0, 11.0, 20.0]
    assert site.station_index.tolist() == [-1, 0, 0, 1, 1, -1]
    assert site.station_limit_kw[[0, 1, 3]].tolist() == [np.inf, 22.0, 16.0]
    assert site.set_limit_kw == (24.0,)
    assert site.in_set[:, 0].tolist() == [False, True, True, False, False, True]


def test_in_the_cold_a_policy_sees_what_its_cars_can_take():
    rehearsal = Rehearsal(charging_hub())
    assert rehearsal.seen.charge_max_kw[-1] == pytest.approx(0.6 * 20.0)
    assert rehearsal.seen.discharge_max_kw[-1] == pytest.approx(0.6 * 15.0)
    rehearsal.step(np.zeros(6))
    assert rehearsal.seen.charge_max_kw[-1] == pytest.approx((0.6 + 0.4 / 23) * 20.0)


def test_no_car_is_asked_for_less_than_its_port_can_do():
    """Each gets its need, though the last of it is below the least power; nobody is left waiting."""
    episode = replace(charging_hub(), power_share=None, rules=SiteRules())
    episode = replace(episode, ports=replace(episode.ports, station_limit_kw=np.full(6, np.inf)))
    done = rehearse(Required(), episode, np.random.default_rng(0))
    assert done.outcome["sessions"]["missing_kwh"][0] == 0.0


def test_site_info_of_an_episode_is_complete():
    site = trial().site
    assert {entry.name for entry in fields(SiteInfo)} == set(listed(site))
    assert site.controllable.tolist() == [False, True, True, True, True, True]
    assert site.bidirectional.tolist() == [False, False, False, True, True, True]
