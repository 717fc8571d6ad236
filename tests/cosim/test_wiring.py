"""Who is wired to whom, and which instant each value that goes over a wire belongs to.

step       0             1             2
building   p(0)          p(1)          p(2)
signals    price(0)      price(1)      price(2)
control    state(0)      state(1)      state(2)      state(k): departures and arrivals of k are applied
                         flow(0)       flow(1)       what the feeder said of the step before
fleet      0..1          1..2          2..3          moves energy, publishes state(1), state(2), ...
feeder     flow(0)       flow(1)       flow(2)
recorder   row 0         row 1         row 2         soc and session of state(k), powers of k..k+1
"""

import asyncio
from collections.abc import Iterator

import mosaik
import mosaik_api_v3
import numpy as np
import pytest
from small_sites import (
    Small,
    Watching,
    car,
    hourly_price,
    local_hours,
    policy_of,
    ports,
    ran,
    read,
    simulated,
    site,
)

from cosim import orchestrate, parameters
from networks.office_site import build
from sims.feeder.network import find_bus

HALF_HOURS = Small(days=2, step_minutes=30)
LOAD_KW = 50 + 20 * np.sin(np.arange(HALF_HOURS.n_steps) / 5)
CARS = [
    car("here_before", -3, 10),
    car("at_the_start", 0, 8, soc_arrival=0.9),
    car("on_a_step", 9, 15.5),
    car("between_steps", 9.2, 17.2),
    car("all_day", 10.1, 19.5),
    car("finds_no_port", 10.6, 12),
    car("evening", 15.6, 22),
    car("takes_a_port_just_left", 17.1, 23),
    car("too_short", 12.6, 12.9),
    car("over_the_window", 20, 30, soc_arrival=0.2),
]
CHARGERS = [ports(2), ports(1, "unidirectional", 7.4)]


class WatchedWorld(mosaik.World):
    """Keeps what is connected, and mosaik's graph of what really ran."""

    made: "list[WatchedWorld]" = []  # noqa: RUF012

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs, debug=True)
        self.edges: set[tuple[str, str, str, bool]] = set()
        self.made.append(self)

    def connect(self, src, dest, *attr_pairs, time_shifted=False, **kwargs) -> None:
        for pair in attr_pairs:
            out, into = (pair, pair) if isinstance(pair, str) else pair
            self.edges.add((f"{src.full_id}.{out}", f"{dest.full_id}.{into}", bool(time_shifted)))
        super().connect(src, dest, *attr_pairs, time_shifted=time_shifted, **kwargs)


def edges(text: str) -> set[tuple[str, str, bool]]:
    """Connections written one a line, `~>` for a time-shifted one."""
    found = set()
    for line in filter(None, map(str.strip, text.splitlines())):
        source, arrow, target = line.split()
        found.add((source, target, arrow == "~>"))
    return found


@pytest.fixture(scope="module")
def world(folder, one_network) -> WatchedWorld:
    """A world of two sites and three steps, as it was run."""
    WatchedWorld.made.clear()
    two = [
        site(name=name, cars=[car("a", -1, 2, soc_arrival=0.2)], chargers=[ports(1)])
        for name in ("left", "right")
    ]
    inputs = read(folder / "graph", *two, when=Small(step_minutes=60))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mosaik, "World", WatchedWorld)
        patch.setattr(orchestrate, "windows", lambda *_: [orchestrate.Window(0, 3)])
        simulated(inputs)
    return WatchedWorld.made.pop()


def test_who_is_connected_to_whom(world):
    of_a_site = """
        building-0.{0}.p_kw          ->  control-0.{0}.building_kw
        building-0.{0}.p_kw          ->  fleet-0.{0}.building_kw
        building-0.{0}.p_kw          ->  feeder-0.feeder.building_kw
        building-0.{0}.q_kvar        ->  feeder-0.feeder.building_kvar
        signals-0.hourly.signals     ->  control-0.{0}.signals
        control-0.{0}.setpoint_kw    ->  fleet-0.{0}.setpoint_kw
        fleet-0.{0}.evse_kw          ->  feeder-0.feeder.evse_kw
        fleet-0.{0}.state_next       ~>  control-0.{0}.state
        feeder-0.feeder.vm_min_pu    ~>  control-0.{0}.vm_min_pu
        feeder-0.feeder.transformer_loading_max_percent  ~>  control-0.{0}.transformer_loading_percent
        fleet-0.{0}.building_kw      ->  recorder-0.sites/{0}.building_kw
        fleet-0.{0}.site_kw          ->  recorder-0.sites/{0}.site_kw
        fleet-0.{0}.setpoint_kw      ->  recorder-0.sites/{0}.setpoint_kw
        fleet-0.{0}.evse_kw          ->  recorder-0.sites/{0}.evse_kw
        fleet-0.{0}.soc              ->  recorder-0.sites/{0}.soc
        fleet-0.{0}.session          ->  recorder-0.sites/{0}.session
    """
    of_the_feeder = """
        signals-0.hourly.price_per_kwh  ->  recorder-0.signals/hourly.price_per_kwh
        signals-0.hourly.co2_g_per_kwh  ->  recorder-0.signals/hourly.co2_g_per_kwh
        feeder-0.feeder.vm_pu           ->  recorder-0.feeder.vm_pu
        feeder-0.feeder.transformer_loading_percent  ->  recorder-0.feeder.transformer_loading_percent
        feeder-0.feeder.line_loading_percent         ->  recorder-0.feeder.line_loading_percent
        feeder-0.feeder.import_kw       ->  recorder-0.feeder.import_kw
        feeder-0.feeder.losses_kw       ->  recorder-0.feeder.losses_kw
        feeder-0.feeder.converged       ->  recorder-0.feeder.converged
    """
    assert world.edges == edges(of_a_site.format("left") + of_a_site.format("right") + of_the_feeder)


def test_the_execution_graph(world):
    graph = world.execution_graph
    sources = {
        (sim.removesuffix("-0"), time.time // 3600): {
            (source.removesuffix("-0"), at.time // 3600)
            for source, at in graph.predecessors((sim, time))
            if source != sim
        }
        for sim, time in graph.nodes
    }
    expected = {}
    for k in range(3):
        before = {("fleet", k - 1), ("feeder", k - 1)} if k else set()
        expected |= {
            ("building", k): set(),
            ("signals", k): set(),
            ("control", k): {("building", k), ("signals", k)} | before,
            ("fleet", k): {("building", k), ("control", k)},
            ("feeder", k): {("building", k), ("fleet", k)},
            ("recorder", k): {("signals", k), ("fleet", k), ("feeder", k)},
        }
    assert sources == expected


def test_children_cost_nothing_until_somebody_connects_them(world):
    children = [
        entity for entity in world.entity_graph.nodes if entity.count("/") and "recorder" not in entity
    ]
    asked = {
        f"{runner.sid}.{entity}"
        for runner in world.compile(use_cache=True).values()
        for entity in runner.output_request
    }
    assert len(children) > 10
    assert asked == {
        *("building-0.left", "building-0.right", "control-0.left", "control-0.right"),
        *("fleet-0.left", "fleet-0.right", "signals-0.hourly", "feeder-0.feeder"),
    }


@pytest.fixture(scope="module")
def office(folder, one_network) -> Iterator[tuple[list, object]]:
    """What a policy saw and answered in two days, cut into two worlds, and the result of the run."""
    Watching.seen.clear()
    described = site(LOAD_KW, CARS, CHARGERS, policy_of(Watching, peak_threshold_kw=60.0))
    result = ran(folder / "office", described, when=HALF_HOURS, window_days=1)
    yield list(Watching.seen), result
    Watching.seen.clear()


def column(seen, name) -> np.ndarray:
    return np.array([getattr(observation, name) for observation, _ in seen])


def test_the_controller_sees_the_state_at_the_start_of_its_step(office):
    seen, run = office
    stored = run.site("office")
    session, capacity_kwh = column(seen, "session"), column(seen, "capacity_kwh")
    np.testing.assert_array_equal(session, stored.session)
    np.testing.assert_array_equal(column(seen, "occupied"), stored.session >= 0)
    soc = np.full(session.shape, np.nan)
    np.divide(column(seen, "energy_kwh"), capacity_kwh, out=soc, where=session >= 0)
    np.testing.assert_array_equal(soc, stored.soc)


def test_arrivals_and_departures_of_the_step_are_applied(office):
    _, run = office
    table, session = run.sessions("office").set_index("session_id"), run.site("office").session
    starts_h = 0.5 * np.arange(run.clock.n_steps)
    for row, name in enumerate(table.index):
        arrival_h, departure_h, _ = next(one["hours"] for one in CARS if one["session_id"] == name)
        stays = (arrival_h <= starts_h) & (starts_h < departure_h) & (name != "finds_no_port")
        np.testing.assert_array_equal((session == row).any(axis=1), stays, err_msg=name)
    assert table.loc["takes_a_port_just_left", "evse_index"] == table.loc["between_steps", "evse_index"]
    assert table["connected"].drop(["finds_no_port", "too_short"]).all()
    assert not table.loc[["finds_no_port", "too_short"], "connected"].any()
    assert table.index[table["too_short"] == 1].tolist() == ["too_short"]
    assert run.kpis["sites"]["office"]["sessions_never_connected"] == 1


def test_cars_parked_before_the_run_are_seen_in_the_first_step(office):
    seen, run = office
    first, _ = seen[0]
    names = run.sessions("office")["session_id"]
    assert {names[row] for row in first.session[first.occupied]} == {"here_before", "at_the_start"}
    np.testing.assert_allclose(sorted(first.energy_kwh[first.occupied]), [24.0, 54.0])
    assert np.isnan(first.transformer_loading_percent)
    assert np.isnan(first.vm_min_pu)
    assert first.running_peak_kw == 0.0


def test_building_and_price_are_those_of_the_step(office):
    seen, run = office
    np.testing.assert_array_equal(column(seen, "time_s"), run.clock.step_s * np.arange(run.clock.n_steps))
    price = [hourly_price(hour) for hour in local_hours(run.clock)]
    for values in (column(seen, "building_kw"), run.site("office").building_kw):
        np.testing.assert_array_equal(values, LOAD_KW)
    for values in (column(seen, "price_per_kwh"), run.signals("hourly").price_per_kwh):
        np.testing.assert_array_equal(values, price)


def test_the_feeder_result_is_that_of_the_last_step_across_windows_too(office):
    seen, run = office
    loading = run.feeder.transformer_loading_percent.max(axis=1)
    np.testing.assert_array_equal(column(seen, "transformer_loading_percent")[1:], loading[:-1])
    np.testing.assert_array_equal(column(seen, "vm_min_pu")[1:], run.feeder.vm_pu.min(axis=1)[:-1])


def test_the_running_peak_is_that_of_finished_windows(office):
    seen, run = office
    by_day = column(seen, "in_demand_window")
    assert by_day.tolist() == [6 <= (k // 2) % 24 < 22 for k in range(run.clock.n_steps)]
    metered = np.where(by_day, run.site("office").site_kw, 0.0)
    peak = np.maximum.accumulate(np.concatenate([[0.0], metered[:-1]]))
    np.testing.assert_array_equal(column(seen, "running_peak_kw"), peak)


def test_the_setpoint_stored_is_the_policys_of_the_step(office):
    seen, run = office
    np.testing.assert_array_equal(np.array([answer for _, answer in seen]), run.site("office").setpoint_kw)


def test_powers_are_the_means_between_the_states(office):
    _, run = office
    stored, table = run.site("office"), run.sessions("office")
    eta, checked = 0.95, 0
    ends = np.vstack([stored.soc[1:], stored.soc_end])
    for k, port in np.argwhere(stored.session >= 0):
        row = stored.session[k, port]
        stays = k + 1 < len(stored.session) and stored.session[k + 1, port] == row
        end = ends[k, port] if stays else table["soc_departure"][row]
        gain_kwh = (end - stored.soc[k, port]) * table["capacity_kwh"][row]
        power_kw = stored.evse_kw[k, port]
        expected = (eta * power_kw if power_kw > 0 else power_kw / eta) * 0.5
        assert gain_kwh == pytest.approx(expected, abs=1e-9)
        checked += power_kw != 0.0
    assert checked > 30


# What a third party builds from ours: nothing but scalars between the simulators.
#
#     building -- signals
#         |  \      |
#         |   Controller - PortController --setpoint_kw--> Evse - Fleet
#         |                                                 |
#         |              Lamp --p_kw--> Bus - Feeder <----- evse_kw (whole)
#         |                              |    |   \
#         '---------------------------> Meter: vm_pu, loading_percent of a Line and the Transformer


class Lamp(mosaik_api_v3.Simulator):
    """Draws 30 kW in every second step."""

    def __init__(self) -> None:
        model = {"public": True, "params": [], "attrs": ["p_kw"]}
        super().__init__({"api_version": "3.0", "type": "time-based", "models": {"Lamp": model}})
        self._step = 0

    def create(self, num, model):
        return [{"eid": "lamp", "type": model}]

    def step(self, time, inputs, max_advance):
        self._step = time // 1800
        return time + 1800

    def get_data(self, outputs):
        return {"lamp": {"p_kw": 30.0 * (self._step % 2)}}


class Meter(mosaik_api_v3.Simulator):
    """Keeps whatever it is sent: one mapping of source to value a step."""

    def __init__(self) -> None:
        model = {"public": True, "params": [], "attrs": [], "any_inputs": True}
        meta = {"api_version": "3.0", "type": "time-based", "models": {"Meter": model}}
        super().__init__({**meta, "extra_methods": ["readings"]})
        self._readings: list[dict] = []

    def create(self, num, model):
        return [{"eid": "meter", "type": model}]

    def step(self, time, inputs, max_advance):
        told = inputs["meter"].items()
        self._readings.append({f"{who}.{name}": v for name, by in told for who, v in by.items()})
        return time + 1800

    def get_data(self, outputs):
        return {}

    def readings(self):
        return self._readings


@pytest.fixture(scope="module")
def scalars(folder, office) -> dict[str, np.ndarray]:
    """Readings of the meter in a world where ours meet strangers, by source."""
    inputs = read(folder / "office", site(LOAD_KW, CARS, CHARGERS), when=HALF_HOURS)
    (one,) = inputs.sites
    net = build(transformer_kva=250)
    bus = find_bus(net, "main_board", "test")
    config = {
        name: {"python": f"sims.{name}.simulator:{name.capitalize()}Simulator"}
        for name in orchestrate.SIMULATORS
    }
    config |= {"lamp": {"python": f"{__name__}:Lamp"}, "meter": {"python": f"{__name__}:Meter"}}
    axis = {"step_s": 1800, "start_s": inputs.clock.start_s, "zone": inputs.clock.zone}
    places = {"office": {"building_bus": bus, "evse_bus": [bus] * 3}}
    loop = asyncio.new_event_loop()
    with mosaik.World(config, skip_greetings=True, configure_logging=False, asyncio_loop=loop) as world:
        sims = {name: world.start(name, **axis) for name in orchestrate.SIMULATORS}
        building = sims["building"].Building(name="office", **parameters.building(one))
        chosen = parameters.signal_sets(inputs)["office"]
        signals = sims["signals"].Signals(name="hourly", **parameters.signals(chosen, inputs.clock))
        control = sims["control"].Controller(
            name="office", **parameters.controller(inputs, one, remote=False)
        )
        fleet = sims["fleet"].Fleet(name="office", **parameters.fleet(inputs, one))
        feeder = sims["feeder"].Feeder(
            name="feeder", network=net, sites=places, open_buses=["building_board"]
        )
        lamp, meter_sim = world.start("lamp").Lamp(), world.start("meter")
        meter = meter_sim.Meter()
        by_name = {child.eid: child for entity in (control, fleet, feeder) for child in entity.children}
        world.connect(building, control, ("p_kw", "building_kw"))
        world.connect(signals, control, "signals")
        world.connect(building, fleet, ("p_kw", "building_kw"))
        first = sims["fleet"].fed_back("office")
        world.connect(fleet, control, ("state_next", "state"), time_shifted=True, initial_data=first)
        for i in range(3):
            evse = by_name[f"office/evse_0{i}"]
            world.connect(by_name[f"office/port_{i}"], evse, "setpoint_kw")
            world.connect(evse, meter, "p_kw", "soc", "session")
        world.connect(fleet, feeder, "evse_kw")
        world.connect(building, feeder, ("p_kw", "building_kw"), ("q_kvar", "building_kvar"))
        world.connect(lamp, by_name["feeder/bus/building_board"], "p_kw")
        world.connect(by_name["feeder/bus/building_board"], meter, "vm_pu")
        world.connect(by_name["feeder/line/building_cable"], meter, "loading_percent")
        world.connect(by_name["feeder/transformer/transformer"], meter, "loading_percent")
        world.connect(
            feeder, meter, "vm_pu", "line_loading_percent", "transformer_loading_percent", "import_kw"
        )
        world.run(until=HALF_HOURS.n_steps * 1800, print_progress=False, shutdown=False)
        readings = meter_sim.readings()
    return {source: np.array([row[source] for row in readings]) for source in readings[0]}


def test_ports_and_chargers_work_one_by_one(office, scalars):
    stored = office[1].site("office")
    for i in range(3):
        for attribute, name in (("p_kw", "evse_kw"), ("soc", "soc"), ("session", "session")):
            read_off = scalars[f"fleet-0.office/evse_0{i}.{attribute}"]
            np.testing.assert_array_equal(read_off, getattr(stored, name)[:, i])


def test_buses_lines_and_transformers_work_one_by_one(office, scalars):
    whole = {name.removeprefix("feeder-0.feeder."): values for name, values in scalars.items()}
    cable = scalars["feeder-0.feeder/line/building_cable.loading_percent"]
    board = scalars["feeder-0.feeder/bus/building_board.vm_pu"]
    transformer = scalars["feeder-0.feeder/transformer/transformer.loading_percent"]
    np.testing.assert_array_equal(board, whole["vm_pu"][:, 2])
    np.testing.assert_array_equal(cable, whole["line_loading_percent"][:, 0])
    np.testing.assert_array_equal(transformer, whole["transformer_loading_percent"][:, 0])
    lit = np.arange(len(cable)) % 2 == 1
    np.testing.assert_allclose(cable[~lit], 0.0, atol=0.05)  # its own charging current alone
    assert (cable[lit] > 5.0).all()
    drawn_more = whole["import_kw"] - office[1].feeder.import_kw
    np.testing.assert_allclose(drawn_more[~lit], 0.0, atol=1e-9)
    assert (drawn_more[lit] > 30.0).all()
    assert (drawn_more[lit] < 31.0).all()
