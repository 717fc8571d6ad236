"""Runs in which chargers and transformer answer to voltage.

feeder(k)  vm_evse_pu  ~~~~>  fleet(k+1)     P(V): half way to the curve at the voltage of the last step
feeder(k)  tap moves   ~~~~>  feeder(k+1)    what step k saw holds from k+1 on
feeder(k)  Q(V)                              within the step
"""

from pathlib import Path

import numpy as np
import pandapower as pp
import pytest
from small_sites import Idle, Small, car, fingerprint, policy_of, ports, ran, site, write

from cosim.scenario.inputs import read_inputs
from cosim.scenario.load import load_scenario
from sims.faults import GridparkError
from sims.feeder.network import load_network

VILLAGE = "pandapower:create_kerber_dorfnetz"
FAR, NEAR = "loadbus_3_16", "loadbus_5_7"
CHANGER = {"transformer": "trafo 1", "mode": "on_load", "bus": FAR, "target_pu": 0.97, "delay_minutes": 60}
FEEDER = {"network": VILLAGE, "tap_changers": [CHANGER]}
THREE_DAYS = Small(days=3, step_minutes=60, feeder=FEEDER)
RATED_KVA = 22.0 / 0.9
IEEE_PU, IEEE_SHARE = np.array([0.92, 0.98, 1.02, 1.08]), np.array([-0.44, 0.0, 0.0, 0.44])


def street() -> dict:
    """Uncontrolled ports that follow both curves at the end of the street; cars of a day, large batteries."""
    cars = [
        car(f"c{day}{i}", 24 * day + 7 + i, 24 * day + 19 + i / 2, capacity_kwh=400.0, soc_required=0.9)
        for day in range(3)
        for i in range(7)
    ]
    curves = {"volt_var": {}, "volt_watt": {}}
    chargers = [ports(7, "uncontrolled", 22.0, connection=FAR, **curves)]
    return site(2.0, cars, chargers, policy_of(Idle), name="street", connection=FAR)


def beside() -> dict:
    """A site that has to do with none of it but a leading power factor."""
    cars = [car(f"n{day}", 24 * day + 6, 24 * day + 20) for day in range(3)]
    chargers = [ports(1, "uncontrolled", 11.0, power_factor=-0.9)]
    return site(3.0, cars, chargers, policy_of(Idle), name="beside", connection=NEAR)


@pytest.fixture(scope="module")
def together(folder):
    return ran(folder / "together", street(), beside(), when=THREE_DAYS)


def test_the_file_does_not_show_the_windows(together, folder):
    whole = fingerprint(folder / "together" / "result.h5")
    ran(folder / "cut", street(), beside(), when=THREE_DAYS, window_days=1)
    assert fingerprint(folder / "cut" / "result.h5") == whole


def bus_of(run, name):
    return run.feeder.vm_pu[:, run.header.buses.index(name)]


def test_a_port_uses_the_share_of_the_voltage_before(together):
    """Worked out from the stored voltages: half way to 20 % at 0.90 pu .. 100 % at 0.94 pu in every step."""
    office, vm_pu = together.site("street"), bus_of(together, FAR)
    share, cut = 1.0, np.zeros(7)
    seen = []
    for k in range(72):
        if k:
            share += 0.5 * (np.interp(vm_pu[k - 1], [0.90, 0.94], [0.2, 1.0]) - share)
        roomy = (office.session[k] >= 0) & (office.soc[k] < 0.85)
        leaving = (k + 1 < 72) & (office.session[min(k + 1, 71)] != office.session[k])
        whole = roomy & ~leaving
        np.testing.assert_allclose(office.evse_kw[k][whole], 22.0 * share, rtol=0, atol=1e-9)
        cut += (office.session[k] >= 0) & (share < 1.0) & (office.soc[k] < 1.0)
        seen.append(share if whole.any() else 1.0)
    assert min(seen) < 0.9
    kpis = together.kpis["sites"]
    assert kpis["street"]["volt_watt_minutes"] == pytest.approx(60.0 * cut.sum(), abs=60.0 * 7)
    assert kpis["beside"]["volt_watt_minutes"] == 0.0
    assert kpis["street"]["clamped_requests"] == 0


def test_reactive_power_is_on_the_curve_and_on_the_power_factor(together):
    office, vm_pu = together.site("street"), bus_of(together, FAR)
    p_kw = office.evse_kw
    room = np.sqrt(RATED_KVA**2 - p_kw**2)
    asked = np.clip(np.interp(vm_pu, IEEE_PU, IEEE_SHARE * RATED_KVA)[:, None], -room, room)
    expected = np.where(np.abs(p_kw) < 0.05 * RATED_KVA, 0.0, asked)
    np.testing.assert_allclose(office.evse_kvar, expected, rtol=0, atol=1e-5)
    assert office.evse_kvar.min() < -5.0
    near = together.site("beside")
    np.testing.assert_allclose(near.evse_kvar, -np.tan(np.arccos(0.9)) * near.evse_kw, rtol=0, atol=1e-12)
    assert (together.feeder.volt_var_settled == 1).all()
    kpis = together.kpis["sites"]["street"]
    assert kpis["ev_reactive_kvarh"] == pytest.approx(np.abs(office.evse_kvar).sum())
    assert together.kpis["feeder"]["volt_var_unsettled_steps"] == 0


def test_the_tap_moves_after_a_low_step_and_by_one(together):
    """Band 0.97 +- 0.01875 pu, 60 min: every low step moves the tap one down for the next, down to -2."""
    tap, vm_pu = together.feeder.tap_pos[:, 0], bus_of(together, FAR)
    expected = [0.0]
    for vm in vm_pu[:-1]:
        side = 0 if abs(vm - 0.97) <= 0.01875 else np.sign(vm - 0.97)
        expected.append(float(np.clip(expected[-1] + side, -2, 2)))
    np.testing.assert_array_equal(tap, expected)
    moves = together.kpis["transformers"]["trafo 1"]["tap_operations"]
    assert moves == np.abs(np.diff(tap)).sum() > 2


@pytest.mark.parametrize("which", ["lowest", "last tapped"])
def test_a_stored_step_is_pandapowers(together, which):
    feeder = together.feeder
    k = (
        int(np.argmin(bus_of(together, FAR)))
        if which == "lowest"
        else int(np.flatnonzero(feeder.tap_pos[:, 0])[-1])
    )
    net = load_network(VILLAGE, {}, Path())
    net.trafo["tap_pos"] = int(feeder.tap_pos[k, 0])
    names = list(net.bus["name"])
    for name, bus in (("street", FAR), ("beside", NEAR)):
        stored = together.site(name)
        p_kw = stored.building_kw[k] + stored.evse_kw[k].sum()
        building_kvar = stored.building_kw[k] * np.tan(np.arccos(0.95))
        q_kvar = building_kvar + stored.evse_kvar[k].sum()
        pp.create_load(net, net.bus.index[names.index(bus)], p_mw=p_kw / 1e3, q_mvar=q_kvar / 1e3)
    pp.runpp(net, tolerance_mva=1e-10, lightsim2grid=False, numba=False)
    np.testing.assert_allclose(feeder.vm_pu[k], net.res_bus.vm_pu, rtol=0, atol=1e-9)
    assert feeder.import_kw[k] == pytest.approx(1e3 * float(net.res_ext_grid.p_mw.iloc[0]), abs=1e-5)


def test_a_step_without_solution_moves_no_tap_and_cuts_no_power(folder):
    """Overloaded at 10:00; the tap and the share of the next step are those of the step before."""
    hours = np.arange(24)
    load_kw = np.where(hours == 10, 5000.0, np.where(hours < 10, 20.0, 90.0))
    described = street() | {"load_kw": load_kw}
    changer = CHANGER | {"delay_minutes": 120}
    one_day = Small(step_minutes=60, feeder={"network": VILLAGE, "tap_changers": [changer]})
    run = ran(folder / "marked", described, when=one_day)
    feeder, marked = run.feeder, 10
    np.testing.assert_array_equal(feeder.converged, hours != marked)
    assert feeder.tap_pos[marked + 1, 0] == feeder.tap_pos[marked, 0]
    assert feeder.volt_var_settled[marked] == 0
    np.testing.assert_array_equal(run.site("street").evse_kvar[marked], 0.0)
    assert np.isnan(feeder.vm_pu[marked]).all()
    assert np.isfinite(feeder.vm_pu[hours != marked]).all()
    # all demand counts as asked for: the loads of the village, the building and the ports
    served = 57 * 6.0 + run.site("street").site_kw[marked]
    assert run.kpis["feeder"]["unserved_kwh"] == pytest.approx(served, abs=1e-6)
    assert run.kpis["feeder"]["volt_var_unsettled_steps"] == 1


def faults(folder, *sites, feeder):
    path = write(folder, *sites, when=Small(feeder=feeder))
    with pytest.raises(GridparkError) as caught:
        read_inputs(load_scenario(path), allow_code=True)
    return str(caught.value)


def test_all_faults_of_curves_and_power_factors_at_once(folder):
    chargers = [
        ports(power_factor=0.4),
        ports(power_factor=0.95, volt_var={}),
        ports(volt_var={"voltage_pu": [0.98, 0.98], "q_share": [0.4, -0.4]}),
        ports(volt_var={"q_share": [-0.4, 0.0, 0.4], "rated_kva": 10.0}),
        ports(volt_watt={"charge_share": [1.0, 0.2], "discharge_share": [0.2, 1.0]}),
        ports(volt_watt={"charge_voltage_pu": [206.0, 216.0]}),
    ]
    said = faults(folder / "curves", site(chargers=chargers), feeder={"network": "office_site"})
    for place, what in (
        ("chargers[0].power_factor = 0.4", "allowed: -1 .. -0.5 (gives reactive power) and 0.5 .. 1"),
        ("chargers[1].power_factor = 0.95", "contradicts [sites.chargers.volt_var]"),
        ("chargers[2].volt_var.voltage_pu = [0.98, 0.98]", "must rise"),
        ("chargers[2].volt_var.q_share = [0.4, -0.4]", "must not fall with voltage"),
        ("chargers[3].volt_var.q_share", "3 values for 4 voltages"),
        ("chargers[3].volt_var.rated_kva = 10.0", "largest active power of the port, 11 kW"),
        ("chargers[4].volt_watt.charge_share", "must not fall"),
        ("chargers[4].volt_watt.discharge_share", "must not rise"),
        (
            "chargers[5].volt_watt.charge_voltage_pu = [206.0, 216.0]",
            "allowed: 0.5 .. 1.5 pu each; in volts?",
        ),
    ):
        assert any(place in line and what in line for line in said.splitlines()), f"{place}: {what}\n{said}"


def test_all_faults_of_tap_changers_at_once(folder):
    changers = [
        {"transformer": "trafo1", "mode": "on_load"},
        {"transformer": "transformer", "mode": "on_load", "tap": 3, "dead_band_pu": 0.01},
        {"transformer": "transformer", "mode": "off_load", "target_pu": 1.0},
    ]
    feeder = {"network": "office_site", "tap_changers": changers}
    said = faults(folder / "form", site(), feeder=feeder)
    assert "tap_changers[2].transformer" in said
    assert "has a changer already, feeder.tap_changers[1]" in said
    assert '"off_load" changer is never moved: leave it out' in said
    said = faults(folder / "named", site(), feeder=feeder | {"tap_changers": changers[:2]})
    assert 'tap_changers[0].transformer = "trafo1": no such transformer; nearest: "transformer"' in said
    assert "tap_changers[1].tap = 3: allowed: -2 .. 2, as the network says" in said
    assert "tap_changers[1].dead_band_pu = 0.01: below the tap step of 0.025 pu" in said


def test_a_transformer_whose_taps_have_no_effect_is_refused(folder):
    net = load_network("office_site", {}, Path())
    net.trafo["tap_changer_type"] = None
    where = folder / "untyped"
    where.mkdir()
    pp.to_json(net, str(where / "net.json"))
    changers = [{"transformer": "transformer", "mode": "off_load", "tap": 1}]
    said = faults(where, site(), feeder={"network": "net.json", "tap_changers": changers})
    assert "tap_changer_type of the network is" in said
    assert "its taps would have no effect; allowed: Ratio, Symmetrical" in said


def test_an_off_load_changer_stays_where_it_is_set(folder):
    changers = [{"transformer": "transformer", "mode": "off_load", "tap": -2}]
    feeder = {"network": "office_site", "tap_changers": changers}
    run = ran(folder / "off_load", site(180.0), when=Small(step_minutes=60, feeder=feeder))
    plain = ran(folder / "no_taps", site(180.0), when=Small(step_minutes=60))
    np.testing.assert_array_equal(run.feeder.tap_pos, -2.0)
    assert run.kpis["transformers"]["transformer"]["tap_operations"] == 0
    assert plain.kpis["transformers"]["transformer"]["tap_operations"] is None
    board = run.header.buses.index("main_board")
    raised = run.feeder.vm_pu[:, board] - plain.feeder.vm_pu[:, board]
    np.testing.assert_allclose(raised, 0.05, atol=0.006)  # two taps of 2.5 %
