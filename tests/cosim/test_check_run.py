"""Each rule of `check_run`: kept by real runs, and broken by one changed number, named with its place."""

from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest

from cosim import Run, check_run, open_run
from cosim.results.violation import Violation

PORT = 0


def altered(run: Run, path: Path, *changes: tuple[str, Callable[[np.ndarray], None]]) -> list[Violation]:
    path.write_bytes(run.path.read_bytes())
    with h5py.File(path, "r+") as file:
        for name, change in changes:
            values = file[name][()]
            change(values)
            file[name][...] = values
    return check_run(open_run(path))


def charging(run: Run) -> tuple[int, int]:
    """A step and a port in which a car charges, and stays."""
    office = run.site("office")
    steady = (office.evse_kw > 1.0) & (office.session == np.roll(office.session, -1, axis=0))
    step, port = np.argwhere(steady[:-1])[3]
    return int(step), int(port)


def at(place: object, value: float, *, add: bool = False) -> Callable[[np.ndarray], None]:
    def change(values: np.ndarray) -> None:
        values[place] = values[place] + value if add else value

    return change


@pytest.fixture(scope="module")
def heat(scenario_runs) -> Run:
    return scenario_runs.run("office_heat.toml", "days=1")


@pytest.fixture(scope="module")
def elrp(scenario_runs) -> Iterator[Run]:
    yield scenario_runs.run("office_elrp.toml", "days=28")


def test_sound_runs_keep_every_rule(heat):
    assert check_run(heat) == []


def test_the_worst_step_and_port_are_named(heat, tmp_path):
    step, port = charging(heat)
    office = heat.site("office")
    empty = tuple(np.argwhere(office.session < 0)[0])
    found = altered(heat, tmp_path / "x.h5", ("sites/office/evse_kw", at(empty, 5.0)))
    told = next(one for one in found if one.where == "/sites/office/evse_kw")
    assert (told.rule, told.step, told.entity, told.count) == (
        "I4",
        empty[0],
        heat.header.site("office").evse[empty[1]],
        1,
    )
    assert told.at == heat.clock.local_time(heat.clock.start_s + int(empty[0]) * heat.clock.step_s).isoformat(
        timespec="minutes"
    )
    assert "must be 0 without a car [kW], off by 5 (allowed 1e-06)" in str(told)
    assert {"I2", "I6"} <= {one.rule for one in found}
    found = altered(heat, tmp_path / "y.h5", ("sites/office/soc", at((step + 1, port), 1e-3, add=True)))
    told = next(one for one in found if one.rule == "I1")
    assert told.step in {step, step + 1}
    assert told.entity == heat.header.site("office").evse[port]


def bidirectional(run: Run) -> tuple[int, int]:
    """A step and a bidirectional port with a car."""
    port = run.header.site("office").evse_kind.index("bidirectional")
    return int(np.argmax(run.site("office").session[:, port] >= 0)), port


CHANGES: dict[str, tuple[str, str, Callable[[Run], tuple[str, Callable]]]] = {
    "I1 more than metered": ("I1", "sites/office/soc", lambda run: (
        "sites/office/soc", at((charging(run)[0] + 1, charging(run)[1]), 0.01, add=True))),
    "I2 site": ("I2", "sites/office/site_kw", lambda run: ("sites/office/site_kw", at(7, 1e-5, add=True))),
    "I25 NaN": ("I25", "sites/office/building_kw", lambda run: ("sites/office/building_kw", at(7, np.nan))),
    "I3 import": ("I3", "feeder/import_kw", lambda run: ("feeder/import_kw", at(9, 0.01, add=True))),
    "I3 losses": ("I3", "feeder/losses_kw", lambda run: ("feeder/losses_kw", at(9, -0.5))),
    "I3 voltage": ("I3", "feeder/vm_pu", lambda run: ("feeder/vm_pu", at((9, 1), 4.0))),
    "I3 lost voltage": ("I3", "feeder/vm_pu", lambda run: ("feeder/vm_pu", at((9, 1), np.nan))),
    "I3 voltage of no solution": ("I3", "feeder/vm_pu", lambda run: ("feeder/converged", at(9, 0))),
    "I3 flag": ("I3", "feeder/converged", lambda run: ("feeder/converged", at(9, 2))),
    "I3 loading": ("I3", "feeder/transformer_loading_percent", lambda run: (
        "feeder/transformer_loading_percent", at((9, 0), -1.0))),
    "I4 over 1": ("I4", "sites/office/soc", lambda run: ("sites/office/soc", at(charging(run), 1.001))),
    "I4 at the end": ("I4", "sites/office/soc_end", lambda run: ("sites/office/soc_end", at(0, -0.1))),
    "I4 car without charge": ("I4", "sites/office/soc", lambda run: (
        "sites/office/soc", at(charging(run), np.nan))),
    "I4 over its power": ("I4", "sites/office/evse_kw", lambda run: (
        "sites/office/evse_kw", at(charging(run), 20.01))),
    "I4 back over its power": ("I4", "sites/office/evse_kw", lambda run: (
        "sites/office/evse_kw", at(bidirectional(run), -500.0))),
    "I4 one way": ("I4", "sites/office/evse_kw", lambda run: (
        "sites/office/evse_kw", at((50, run.header.site("office").evse_kind.index("unidirectional")), -2.0))),
    "I4 nobody's row": ("I4", "sites/office/session", lambda run: (
        "sites/office/session", at(charging(run), 9999))),
    "I4 another car": ("I4", "sites/office/session", lambda run: (
        "sites/office/session", at(charging(run), 1, add=True))),
    "I4 away": ("I4", "sites/office/session", lambda run: (
        "sessions/office/departure", at(run.site("office").session[charging(run)], 0))),
    "I5 energy": ("I5", "sessions/office/energy_grid_kwh", lambda run: (
        "sessions/office/energy_grid_kwh", at(2, 1e-3, add=True))),
    "I5 missing": ("I5", "sessions/office/missing_kwh", lambda run: (
        "sessions/office/missing_kwh", at(2, 1.0, add=True))),
    "I6 price": ("I6", "/kpis sites.office.bill_energy", lambda run: (
        "signals/svp_cb1_paper/price_per_kwh", at(40, 0.5))),
    "I6 figure": ("I6", "/kpis feeder.losses_kwh", lambda run: ("feeder/losses_kw", at(3, 1.0, add=True))),
    "I21 oil": ("I21", "feeder/theta_topoil_c", lambda run: ("feeder/theta_topoil_c", at((30, 0), -40.0))),
    "I21 lost": ("I21", "feeder/theta_hotspot_c", lambda run: (
        "feeder/theta_hotspot_c", at((30, 0), np.nan))),
    "I21 age": ("I21", "feeder/ageing_rate", lambda run: ("feeder/ageing_rate", at((30, 0), 0.0))),
}  # fmt: skip


@pytest.mark.parametrize("kind", CHANGES)
def test_one_changed_number_is_found(heat, tmp_path, kind):
    rule, where, make = CHANGES[kind]
    if "price" in kind:
        name = heat.header.site("office").signals
        change = (f"signals/{name}/price_per_kwh", make(heat)[1])
    else:
        change = make(heat)
    found = altered(heat, tmp_path / "x.h5", change)
    if "back over" in kind:
        assert any("within the power of the port" in one.what for one in found)
    assert any(one.rule == rule and where.lstrip("/") in one.where for one in found), list(map(str, found))


def test_a_stored_figure_that_does_not_follow_is_named(heat, tmp_path):
    path = tmp_path / "x.h5"
    path.write_bytes(heat.path.read_bytes())
    with h5py.File(path, "r+") as file:
        total = file["kpis"].attrs["sites.office.bill_total"]
        file["kpis"].attrs.modify("sites.office.bill_total", total + 0.01)
        del file["kpis"].attrs["feeder.losses_kwh"]
    told = "\n".join(map(str, check_run(open_run(path))))
    assert "I6 /kpis sites.office.bill_total: " in told
    assert "must be the sum" in told
    assert "I6 /kpis feeder.losses_kwh: nothing is stored" in told


def test_i20_events_are_those_of_the_stored_power(elrp, tmp_path):
    assert check_run(elrp) == []
    for column, value in (("payment", 1.0), ("reduction_kwh", -5.0)):
        change = (f"events/office/{column}", at(0, value, add=True))
        found = altered(elrp, tmp_path / "x.h5", change)
        told = [one for one in found if one.rule == "I20"]
        assert [one.where for one in told][:1] == [f"/events/office/{column}"]
        assert told[0].entity == elrp.header.site("office").events.events[0].event_id
