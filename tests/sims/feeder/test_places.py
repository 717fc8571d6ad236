"""Which bus and phase every source draws from."""

from sims.feeder.places import make_places

# home: building on L2 of bus 5; ports at 5 (three phases), 6 (one, on L3), 6 (three, first conductor on L3)
SITES = {
    "home": {
        "building_bus": 5,
        "building_phase": 2,
        "evse_bus": [5, 6, 6],
        "evse_phases": [3, 1, 3],
        "evse_phase": [1, 3, 3],
    }
}


def test_by_phase_every_bus_and_phase_is_a_connection():
    buses, phases, places = make_places(SITES, {0: 9}, [6], by_phase=True)
    at = list(zip(buses, phases, strict=True))
    assert at == [(5, 0), (5, 1), (5, 2), (6, 0), (6, 3), (9, 0)]
    assert at[places.building["home"]] == (5, 2)
    assert [at[place] for place in places.of_ports("home", None)] == [(5, 0), (6, 3), (6, 0)]
    assert [at[place] for place in places.of_ports("home", [3, 1, 3])] == [(5, 0), (6, 3), (6, 0)]
    # cars on one phase: on that of the port's first conductor
    assert [at[place] for place in places.of_ports("home", [1, 1, 1])] == [(5, 1), (6, 3), (6, 3)]
    assert [at[place] for place in places.of_ports("home", [0, 0, 0])] == [(5, 0), (6, 3), (6, 0)]
    assert at[places.open_bus[0]] == (9, 0)
    assert [at[place] for place in places.pv] == [(6, 0)]


def test_balanced_one_connection_a_bus_whatever_the_phases():
    buses, phases, places = make_places(SITES, {0: 9}, [6], by_phase=False)
    assert (buses, phases) == ([5, 6, 9], [0, 0, 0])
    assert places.building == {"home": 0}
    assert places.of_ports("home", [1, 1, 1]).tolist() == [0, 1, 1]
    assert places.pv.tolist() == [1]


def test_without_phases_all_draw_on_three():
    plain = {"home": {"building_bus": 5, "evse_bus": [5, 6]}}
    buses, phases, places = make_places(plain, {}, [], by_phase=True)
    drawn = {(buses[i], phases[i]) for i in [places.building["home"], *places.evse["home"]]}
    assert drawn == {(5, 0), (6, 0)}
