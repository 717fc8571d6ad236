"""Ports with every option, and one step of them: what the tests of chargers share."""

from dataclasses import replace
from typing import Any

import numpy as np
from fleet_cases import make_ports
from hypothesis import strategies as st

from sims.fleet.arrays import NO_TAPER, Standing, StepRules
from sims.fleet.battery import advance_ports
from sims.fleet.evse import Ports
from sims.fleet.rules import SiteRules, shared_limits

CAPACITY_KWH = 60.0
CAR = {
    "capacity_kwh": CAPACITY_KWH,
    "floor_kwh": 6.0,
    "ceiling_kwh": 60.0,
    "charge_max_kw": 20.0,
    "discharge_max_kw": 20.0,
    "plugged_share": 1.0,
}
# rising and falling: 0.8 up to 2 kW, 0.95 at 10, 0.9 at 20
CURVE = ([2.0, 10.0, 20.0], [0.8, 0.95, 0.9])


def hub(kinds: str, **options: Any) -> Ports:
    """Ports of 20 kW by kind; options are columns of `Ports`, one value for all ports is enough."""
    ports = make_ports(*kinds)
    n = len(ports)
    depth = {"steps_kw": 2, "curve_kw": 2, "curve_eta": 2}
    columns = {
        name: np.array(np.broadcast_to(value, (n, len(np.atleast_2d(value)[0])) if name in depth else n))
        for name, value in options.items()
    }
    if "steps_kw" in columns or "p_min_kw" in columns:
        columns.setdefault("steps_kw", np.full((n, 1), np.inf))
        columns.setdefault("p_min_kw", columns["steps_kw"][:, 0])
    return replace(ports, **columns)


def curved(kinds: str, **options: Any) -> Ports:
    """Ports with the curve above."""
    return hub(kinds, curve_kw=CURVE[0], curve_eta=CURVE[1], **options)


def advance(ports, energy_kwh, setpoint_kw, rules=None, *, building_kw=1000.0, dt_h=0.25, **cars):
    """One step of the ports; gives energy, power and clamped requests of each."""
    n = len(ports)
    rules = rules or SiteRules()
    energy, p_kw, clamped = np.array(energy_kwh, dtype=float), np.zeros(n), np.zeros(n, dtype=np.int64)
    columns = {name: np.array(np.broadcast_to(cars.get(name, usual), n)) for name, usual in CAR.items()}
    advance_ports(
        energy,
        p_kw,
        clamped,
        np.array(setpoint_kw, dtype=float),
        building_kw,
        Standing(**columns),
        ports.outlets,
        shared_limits(ports, rules),
        StepRules(rules.site_cap_kw, rules.export_limit_kw, dt_h, rules.taper_soc),
    )
    return energy, p_kw, clamped


@st.composite
def hubs(draw: st.DrawFn) -> dict[str, Any]:
    """Ports with options of all kinds, cars at them, requests, and limits that bind more often than not."""
    n = draw(st.integers(2, 7))

    def column(values: st.SearchStrategy) -> list:
        return draw(st.lists(values, min_size=n, max_size=n))

    options: dict[str, Any] = {}
    if draw(st.booleans()):
        options |= {"curve_kw": CURVE[0], "curve_eta": CURVE[1]}
    if draw(st.booleans()):
        options["p_min_kw"] = column(st.sampled_from([0.0, 1.38, 4.14]))
    elif draw(st.booleans()):
        options["steps_kw"] = [4.0, 7.0, 11.0, 20.0]
    if draw(st.booleans()):
        options |= {
            "station_index": np.arange(n) // 2,
            "station_limit_kw": draw(st.sampled_from([5.0, 14.0, 22.0])),
        }
    sets = draw(st.lists(st.lists(st.integers(0, n - 1), min_size=1, max_size=n, unique=True), max_size=3))
    limits = [draw(st.sampled_from([6.0, 15.0, 30.0])) for _ in sets]
    rules = {
        "site_cap_kw": draw(st.sampled_from([np.inf, 40.0])),
        "export_limit_kw": draw(st.sampled_from([0.0, 5.0, np.inf])),
        "taper_soc": draw(st.sampled_from([NO_TAPER, 0.8])),
        "limits_kw": limits,
        "limited_ports": sets,
    }
    return {
        "kinds": "".join(column(st.sampled_from("ucb"))),
        "options": options,
        "rules": rules,
        "energy_kwh": column(st.one_of(st.floats(6, 60), st.sampled_from([20.0, 59.9, 60.0]))),
        "setpoint_kw": column(st.one_of(st.floats(-25, 25), st.sampled_from([-20.0, 0.0, 7.0, 20.0]))),
        "charge_max_kw": column(st.sampled_from([0.0, 3.7, 11.0, 20.0])),
        "plugged_share": column(st.sampled_from([1.0, 1.0, 0.4])),
        "building_kw": draw(st.sampled_from([-10.0, 0.0, 25.0])),
    }


def played(drawn, order=None):
    """One step of what `hubs` draws, with its ports in another order if one is given."""
    n = len(drawn["kinds"])
    order = np.arange(n) if order is None else np.asarray(order)
    ports = hub(drawn["kinds"], **drawn["options"])
    names = ("p_min_kw", "steps_kw", "curve_kw", "curve_eta", "station_index", "station_limit_kw")
    names += ("kind", "p_max_kw", "p_discharge_max_kw", "eta_charge", "eta_discharge")
    columns = {name: getattr(ports, name) for name in names}
    ports = replace(ports, **{name: value[order] for name, value in columns.items() if len(value)})
    place = np.argsort(order)
    sets = [place[chosen].tolist() for chosen in drawn["rules"].get("limited_ports", ())]
    rules = SiteRules(**{**drawn["rules"], "limited_ports": sets})
    cars = {name: np.array(drawn[name])[order] for name in ("charge_max_kw", "plugged_share")}
    cars["discharge_max_kw"] = np.where(ports.kind == 2, 20.0, 0.0)
    energy, asked = (np.array(drawn[name])[order] for name in ("energy_kwh", "setpoint_kw"))
    return ports, rules, advance(ports, energy, asked, rules, building_kw=drawn["building_kw"], **cars)
