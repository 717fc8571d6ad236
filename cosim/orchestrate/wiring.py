"""Who is wired to whom in a world.

    building   signals           what is measured and priced in step k
        |  \\     |
        |   controller  <~~~~~   fleet state at the start of k, feeder result of k-1
        |  /
      fleet  ~~~~~~~~~~~~~~~~>   moves energy over k, publishes the state at the start of k+1
        |
      feeder  ~~~~~~~~~~~~~~~>   AC power flow of step k
        |
     recorder

A wavy edge is time-shifted: what is said in one step arrives in the next.
"""

from collections.abc import Collection, Mapping
from typing import Any

import mosaik

from cosim import parameters
from cosim.forecast_parameters import requests, signal_requests
from cosim.results.header import RunHeader
from cosim.results.layout import DTYPE, shapes
from cosim.scenario.inputs import Inputs

FEEDER_RESULTS = {"transformer_loading_max_percent": "transformer_loading_percent", "vm_min_pu": "vm_min_pu"}
FEEDER_KNOWS = {"evse_kvar"}
SIGNALS_KNOW = {"event"}

Ports = Mapping[str, Any]
"""Value by port."""


def create(
    sims: Mapping[str, Any], inputs: Inputs, header: RunHeader, out_of_process: Collection[str]
) -> dict[str, Any]:
    """All entities, by `<simulator>/<name>`."""
    made: dict[str, Any] = {}
    sets = parameters.signal_sets(inputs)
    for chosen in {chosen.name: chosen for chosen in sets.values()}.values():
        paying = [site for site, used in sets.items() if used.name == chosen.name]
        made[f"signals/{chosen.name}"] = sims["signals"].Signals(
            name=chosen.name,
            **parameters.signals(chosen, inputs.clock),
            forecasts=signal_requests(inputs, paying),
        )
    for site in inputs.sites:
        name = site.site.name
        made[f"building/{name}"] = sims["building"].Building(
            name=name, **parameters.building(site), forecasts=requests(inputs, site, "load")
        )
        made[f"control/{name}"] = sims["control"].Controller(
            name=name, **parameters.controller(inputs, site, remote="control" in out_of_process)
        )
        made[f"fleet/{name}"] = sims["fleet"].Fleet(name=name, **parameters.fleet(inputs, site))
        if "events" in header.features:
            described = parameters.events(site, inputs.clock)
            made[f"events/{name}"] = sims["signals"].Events(name=f"events/{name}", **described)
    made["feeder"] = sims["feeder"].Feeder(
        name="feeder", **parameters.feeder(inputs, remote="feeder" in out_of_process)
    )
    for group, columns in _recorded(header).items():
        made[f"recorder/{group}"] = sims["recorder"].Group(name=group, columns=columns)
    return made


def _recorded(header: RunHeader) -> dict[str, dict[str, Any]]:
    """Shape of a row and type of every series of the result, by group and name."""
    columns: dict[str, dict[str, Any]] = {}
    for quantity, shape in shapes(header, {}).items():
        if quantity.dims[0] == "time" and quantity.dims != (quantity.name,):
            columns.setdefault(quantity.group, {})[quantity.name] = (shape[1:], DTYPE[quantity.kind])
    return columns


def wire(world: mosaik.World, sims: Mapping[str, Any], made: Mapping[str, Any], inputs: Inputs) -> None:
    """Connect the simulators as drawn above; `made` holds what `create` gave."""
    feeder = made["feeder"]
    chosen = parameters.signal_sets(inputs)
    given_on = ("pv_kw",) if any(site.pv_kw is not None for site in inputs.sites) else ()
    for place, site in enumerate(inputs.sites):
        name = site.site.name
        building, fleet, control = (made[f"{kind}/{name}"] for kind in ("building", "fleet", "control"))
        foreseen = site.forecasts.needed
        load = [("forecasts", "load_forecast")] if "load" in foreseen else []
        world.connect(building, control, ("p_kw", "building_kw"), *load)
        signals = made[f"signals/{chosen[name].name}"]
        world.connect(signals, control, "signals")
        if {"price", "co2"} & {*foreseen}:
            world.connect(_around(signals, name), control, ("forecasts", "signal_forecasts"))
        if site.events is not None:
            world.connect(made[f"events/{name}"], control, "events")
        world.connect(control, fleet, "setpoint_kw")
        world.connect(building, fleet, ("p_kw", "building_kw"), *given_on)
        world.connect(building, feeder, ("p_kw", "building_kw"), ("q_kvar", "building_kvar"))
        world.connect(fleet, feeder, *["evse_kw", *(["evse_phases"] if inputs.unbalanced else [])])
        if any(group.volt_watt is not None for group in site.site.chargers):
            voltages = {"vm_evse_pu": sims["feeder"].fed_back("feeder")["vm_evse_pu"][place]}
            _feed_back(world, _around(feeder, name), fleet, {"vm_evse_pu": "vm_evse_pu"}, voltages)
        _feed_back(world, fleet, control, {"state_next": "state"}, sims["fleet"].fed_back(name))
        told = sims["feeder"].fed_back("feeder")
        _feed_back(world, feeder, control, FEEDER_RESULTS, told)
        if site.policy.needs_limits:
            limits = {"limits": told["limits"][place]}
            _feed_back(world, _around(feeder, name), control, {"limits": "limits"}, limits)


def _around(entity: Any, site: str) -> Any:
    """The child of feeder or signals that tells what one site is told."""
    return next(child for child in entity.children if child.eid == f"{entity.eid}/site/{site}")


def wire_recorder(world: mosaik.World, made: Mapping[str, Any], header: RunHeader) -> None:
    """Every series of the file comes from the output port of its name.

    Those of a site come from its fleet, which gives on what it received: each pair of connected simulators
    costs mosaik some 50 us a step. What only the feeder knows comes from its child for the site, whether
    an event is known from the signals.
    """
    for group, columns in _recorded(header).items():
        source, record = made[group.replace("sites/", "fleet/")], made[f"recorder/{group}"]
        elsewhere = FEEDER_KNOWS | SIGNALS_KNOW
        world.connect(source, record, *(name for name in columns if name not in elsewhere))
        for name in FEEDER_KNOWS & columns.keys():
            world.connect(_around(made["feeder"], group.removeprefix("sites/")), record, name)
        for name in SIGNALS_KNOW & columns.keys():
            world.connect(made[group.replace("sites/", "events/")], record, name)


def _feed_back(world: mosaik.World, source: Any, target: Any, ports: Mapping[str, str], first: Ports) -> None:
    """Connect ports whose value reaches the target one step later; `first` is what it gets in the first."""
    initial = {port: first[port] for port in ports}
    world.connect(source, target, *ports.items(), time_shifted=True, initial_data=initial)
