"""The base of the simulators: what comes in and goes out is checked, and errors say where and when."""

from dataclasses import MISSING, fields

import mosaik
import mosaik_api_v3
import pytest

from sims.faults import SimulationError
from sims.fleet.evse import Ports
from sims.fleet.sessions import Sessions
from sims.fleet.simulator import FleetSimulator
from sims.vector import Child, Model, Port, VectorSimulator, child_values

# Monday 2019-06-03 06:15 in Los Angeles, two days and 25 quarter hours into a run
START_S, T0_S, TIME_S = 1559372400, 2 * 86400, 25 * 900
WHEN = r"at 2019-06-03T06:15:00-07:00 \(step 217\)"


class Street(VectorSimulator):
    """A row of lamps: `ask_kw` in, `lamp_kw` out, and a counter to carry over."""

    MODELS = {  # noqa: RUF012
        "Row": Model(
            params=["n"],
            inputs={
                "ask_kw": Port("power asked of each lamp [kW]"),
                "dim": Port("factor on all [-]", optional=True),
                "sun": Port("NaN at night [-]", optional=True, nan=True),
                "near_kw": Port("what other rows draw [kW]", optional=True, many=True),
            },
            outputs={
                "lamp_kw": Port("power of each lamp [kW]"),
                "wear": Port("NaN for a new lamp [-]", nan=True),
                "steps": Port("steps run [-]"),
            },
            children={
                "Lamp": Child(outputs={"p_kw": "lamp_kw", "wear": "wear"}, inputs={"ask_kw": "ask_kw"})
            },
        )
    }

    def make(self, eid, model, **params):
        return {"n": params["n"], "steps": 0}

    def children(self, eid):
        return {"Lamp": [f"lamp_{i}" for i in range(self.entities[eid]["n"])]}

    def advance(self, eid, k, received):
        row = self.entities[eid]
        row["steps"] += 1
        self.received = received
        asked = child_values(received["ask_kw"], row["n"])
        published = {"lamp_kw": asked, "wear": [float("nan")] * row["n"], "steps": row["steps"]}
        return self.spoil(published)

    def spoil(self, published):
        return published

    def get_state(self):
        return {eid: row["steps"] for eid, row in self.entities.items()}

    def set_state(self, state):
        for eid, steps in state.items():
            self.entities[eid]["steps"] = steps


def street(cls=Street, n=2):
    sim = cls()
    sim.init("Street-0", step_s=900, start_s=START_S, t0_s=T0_S, zone="America/Los_Angeles")
    sim.create(1, "Row", name="main", n=n)
    return sim


def ask(sim, **ports):
    """Step with these ports; a plain value comes from one source."""
    inputs = {name: v if isinstance(v, dict) else {"Other-0.x": v} for name, v in ports.items()}
    return sim.step(TIME_S, {"main": inputs}, 0)


class TestWhatComesIn:
    def test_it_arrives_and_time_goes_on(self):
        sim = street()
        assert ask(sim, ask_kw=[1.0, 2.0]) == TIME_S + 900
        assert sim.get_data({"main": ["lamp_kw", "steps"]}) == {"main": {"lamp_kw": [1.0, 2.0], "steps": 1}}

    def test_nothing_where_something_must_come(self):
        with pytest.raises(
            SimulationError, match=rf"Street-0\.main\.ask_kw {WHEN}: nothing is connected or nothing came"
        ):
            ask(street(), dim=1.0)

    def test_an_entity_nobody_is_connected_to(self):
        with pytest.raises(SimulationError, match=rf"Street-0\.main\.ask_kw {WHEN}"):
            street().step(TIME_S, {}, 0)

    def test_two_sources_where_one_may_be(self):
        two = {"A-0.x": [1.0, 2.0], "B-0.y": [1.0, 2.0]}
        with pytest.raises(
            SimulationError, match=rf"main\.ask_kw {WHEN}: has 2 sources, takes one: A-0\.x, B-0\.y"
        ):
            ask(street(), ask_kw=two)

    @pytest.mark.parametrize("bad", ["nan", "inf", "-inf"])
    def test_a_number_that_is_none(self, bad):
        with pytest.raises(
            SimulationError, match=rf"main\.ask_kw {WHEN}: got {bad} at \[1\].* from Other-0\.x"
        ):
            ask(street(), ask_kw=[1.0, float(bad)])

    @pytest.mark.parametrize("bad", [None, "1.0", [1.0, None], [[1.0], 2.0]])
    def test_what_is_no_number_at_all(self, bad):
        with pytest.raises(SimulationError, match=r"main\.dim at .*no finite number from Other-0\.x"):
            ask(street(), ask_kw=[1.0, 2.0], dim=bad)

    def test_plus_and_minus_infinity_do_not_cancel(self):
        with pytest.raises(SimulationError, match=r"got inf at \[0\]"):
            ask(street(), ask_kw=[float("inf"), float("-inf")])

    def test_nan_passes_where_it_is_declared(self):
        sim = street()
        ask(sim, ask_kw=[1.0, 2.0], sun=float("nan"))
        assert "sun" in sim.received

    def test_an_output_takes_nothing(self):
        with pytest.raises(SimulationError, match=rf"main\.lamp_kw {WHEN}: is an output, takes nothing from"):
            ask(street(), ask_kw=[1.0, 2.0], lamp_kw=[1.0, 1.0])

    def test_many_sources_come_by_entity(self):
        sim = street()
        ask(sim, ask_kw=[1.0, 2.0], near_kw={"Street-1.east": [3.0], "Street-1.west": [4.0]})
        assert sim.received["near_kw"] == {"east": [3.0], "west": [4.0]}

    def test_two_entities_of_one_name_are_not_mixed_up(self):
        with pytest.raises(
            SimulationError, match=rf"main\.near_kw {WHEN}: two sources have the same entity id"
        ):
            ask(street(), ask_kw=[1.0, 2.0], near_kw={"Street-1.east": [3.0], "Street-2.east": [4.0]})


class TestWhatGoesOut:
    def spoiled(self, **changes):
        class Spoiled(Street):
            def spoil(self, published):
                published |= changes
                return {name: value for name, value in published.items() if value is not None}

        sim = street(Spoiled)
        ask(sim, ask_kw=[1.0, 2.0])
        return sim

    def test_an_attribute_left_out(self):
        with pytest.raises(SimulationError, match=rf"Street-0\.main\.steps {WHEN}: nothing was published"):
            self.spoiled(steps=None).get_data({"main": ["lamp_kw", "steps"]})

    @pytest.mark.parametrize("bad", [float("nan"), float("inf")])
    def test_a_number_that_is_none(self, bad):
        sim = self.spoiled(lamp_kw=[1.0, bad])
        with pytest.raises(SimulationError, match=rf"main\.lamp_kw {WHEN}: published {bad} at \[1\]"):
            sim.get_data({"main": ["lamp_kw"]})

    def test_nan_passes_where_it_is_declared(self):
        assert len(self.spoiled().get_data({"main": ["wear"]})["main"]["wear"]) == 2

    def test_an_input_publishes_nothing(self):
        with pytest.raises(SimulationError, match=rf"main\.dim {WHEN}: is an input"):
            self.spoiled().get_data({"main": ["dim"]})

    def test_an_exception_says_where_and_when(self):
        class Broken(Street):
            def spoil(self, published):
                raise KeyError("fuse")

        with pytest.raises(SimulationError, match=rf"Street-0\.main {WHEN}: KeyError: 'fuse'") as caught:
            ask(street(Broken), ask_kw=[1.0, 2.0])
        assert isinstance(caught.value.__cause__, KeyError)


class TestChildren:
    def test_each_gives_its_element(self):
        sim = street()
        ask(sim, ask_kw=[1.0, 2.0])
        assert sim.get_data({"main/lamp_1": ["p_kw"], "main/lamp_0": ["p_kw"]}) == {
            "main/lamp_1": {"p_kw": 2.0},
            "main/lamp_0": {"p_kw": 1.0},
        }

    def test_what_they_get_is_their_parents_vector(self):
        sim = street(n=3)
        sim.step(
            TIME_S,
            {
                "main/lamp_2": {"ask_kw": {"A-0.x": 5.0, "B-0.x": 1.0}},
                "main/lamp_0": {"ask_kw": {"A-0.y": 2.0}},
            },
            0,
        )
        assert sim.get_data({"main": ["lamp_kw"]})["main"]["lamp_kw"] == [2.0, 0.0, 6.0]

    def test_vector_and_children_together_are_two_sources(self):
        sim = street()
        inputs = {"main": {"ask_kw": {"A-0.x": [1.0, 1.0]}}, "main/lamp_0": {"ask_kw": {"A-0.y": 2.0}}}
        with pytest.raises(SimulationError, match=rf"main\.ask_kw {WHEN}: has 2 sources"):
            sim.step(TIME_S, inputs, 0)

    @pytest.mark.parametrize("bad", [float("nan"), None, [1.0, float("inf")]])
    def test_what_is_no_number_names_the_child(self, bad):
        with pytest.raises(
            SimulationError, match=rf"Street-0\.main/lamp_1\.ask_kw {WHEN}: got .* from A-0\.x"
        ):
            street().step(TIME_S, {"main/lamp_1": {"ask_kw": {"A-0.x": bad}}}, 0)

    def test_an_output_takes_nothing(self):
        with pytest.raises(SimulationError, match=rf"main/lamp_1\.p_kw {WHEN}: is an output"):
            street().step(TIME_S, {"main/lamp_1": {"p_kw": {"A-0.x": 1.0}}}, 0)

    def test_an_input_publishes_nothing(self):
        sim = street()
        ask(sim, ask_kw=[1.0, 2.0])
        with pytest.raises(SimulationError, match=rf"main/lamp_1\.ask_kw {WHEN}: is an input"):
            sim.get_data({"main/lamp_1": ["ask_kw"]})

    def test_a_list_is_no_number_of_one_lamp(self):
        with pytest.raises(SimulationError, match=rf"Street-0\.main/lamp_1 {WHEN}: TypeError"):
            street().step(TIME_S, {"main/lamp_1": {"ask_kw": {"A-0.x": [1.0]}}}, 0)

    def test_one_bad_lamp_does_not_darken_the_others(self):
        class OneBad(Street):
            def spoil(self, published):
                return published | {"lamp_kw": [1.0, float("nan")]}

        sim = street(OneBad)
        ask(sim, ask_kw=[1.0, 2.0])
        assert sim.get_data({"main/lamp_0": ["p_kw"]}) == {"main/lamp_0": {"p_kw": 1.0}}
        with pytest.raises(SimulationError, match=rf"main/lamp_1\.p_kw {WHEN}: published nan"):
            sim.get_data({"main/lamp_1": ["p_kw"]})


class TestEntities:
    def test_a_name_is_taken_once(self):
        with pytest.raises(SimulationError, match='there is already an entity "main"'):
            street().create(1, "Row", name="main", n=1)

    def test_unnamed_ones_are_numbered(self):
        made = street().create(2, "Row", n=1)
        assert [one["eid"] for one in made] == ["Row-1", "Row-2"]
        assert made[0]["children"] == [{"eid": "Row-1/lamp_0", "type": "Lamp"}]

    def test_time_is_counted_in_seconds(self):
        with pytest.raises(SimulationError, match=r"Street-0: time_resolution = 60\.0"):
            Street().init("Street-0", time_resolution=60.0)

    def test_state_goes_from_one_world_to_the_next(self):
        first, second = street(), street()
        ask(first, ask_kw=[1.0, 2.0])
        second.set_state(first.get_state())
        ask(second, ask_kw=[1.0, 2.0])
        assert second.get_data({"main": ["steps"]}) == {"main": {"steps": 2}}


# t            0        900
# sender       1 kW     1 kW, then nan
# main         [1, 0]   error
class Sender(mosaik_api_v3.Simulator):
    """A third party's simulator: one scalar a step, the second of them spoiled."""

    def __init__(self):
        models = {"Value": {"public": True, "params": [], "attrs": ["p_kw"]}}
        super().__init__({"api_version": "3.0", "type": "time-based", "models": models})
        self.values = iter((1.0, float("nan")))

    def create(self, num, model, **params):
        return [{"eid": "value", "type": model}]

    def step(self, time, inputs, max_advance):
        self.value = next(self.values)
        return time + 900

    def get_data(self, outputs):
        return {"value": {"p_kw": self.value}}


def test_in_a_mosaik_world_a_spoiled_value_stops_the_run_and_says_where():
    config = {"Street": {"python": f"{__name__}:Street"}, "Sender": {"python": f"{__name__}:Sender"}}
    with mosaik.World(config, skip_greetings=True, configure_logging=False) as world:
        row = world.start("Street", step_s=900, start_s=START_S).Row(name="main", n=2)
        value = world.start("Sender").Value()
        world.connect(value, row.children[0], ("p_kw", "ask_kw"))
        with pytest.raises(
            SimulationError,
            match=r"Street-0\.main/lamp_0\.ask_kw at 2019-06-01T07:15:00\+00:00 \(step 1\): got nan",
        ):
            world.run(1800, print_progress=False)


class TestFleetSimulator:
    def fleet(self):
        sim = FleetSimulator()
        sim.init("Fleet-0", step_s=900, start_s=START_S, t0_s=T0_S, zone="America/Los_Angeles")
        ports = {
            "kind": [1, 2],
            "p_max_kw": [20, 20],
            "p_discharge_max_kw": [0, 20],
            "eta_charge": [1, 1],
            "eta_discharge": [1, 1],
            "phases": [3, 3],
        }
        assert set(ports) == {column.name for column in fields(Ports) if column.default_factory is MISSING}
        nobody = {column.name: [] for column in fields(Sessions)}
        sim.create(1, "Fleet", name="main", sessions=nobody, ports=ports, n_steps=400)
        return sim

    def test_a_site_where_nobody_comes_draws_nothing(self):
        sim = self.fleet()
        ask(sim, setpoint_kw=[0, 0], building_kw=30.0)
        data = sim.get_data({"main": ["evse_kw", "site_kw", "session"], "main/evse_01": ["p_kw"]})
        assert data["main"] == {"evse_kw": [0.0, 0.0], "site_kw": 30.0, "session": [-1, -1]}
        assert data["main/evse_01"] == {"p_kw": 0.0}

    def test_setpoints_may_come_one_by_one(self):
        sim = self.fleet()
        sim.step(TIME_S, {"main/evse_01": {"setpoint_kw": {"A-0.x": 5.0}}}, 0)
        assert sim.outcome("main")["clamped_requests"] == [0, 1]

    def test_a_setpoint_too_many_is_refused(self):
        with pytest.raises(
            SimulationError, match=rf"Fleet-0\.main\.setpoint_kw {WHEN}: got 3 values for 2 ports"
        ):
            ask(self.fleet(), setpoint_kw=[1.0, 2.0, 3.0])
