"""Networks by name: shipped ones, pandapower's own, SimBench's, or a file of the scenario's folder."""

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd
from pandapower import networks as pandapower_networks
from pandapower.auxiliary import pandapowerNet

from networks import SHIPPED, builder
from networks.pinned import pinned_random
from sims.faults import DataError, Fault, ScenarioError, nearest
from sims.feeder.network_json import read_network
from sims.feeder.network_memory import memory
from sims.feeder.simbench_nets import SIMBENCH, load_simbench

PANDAPOWER = "pandapower:"
MAX_NAMES = 20


def load_network(
    name: str, options: Mapping[str, object], folder: Path, where: str = "feeder.network"
) -> pandapowerNet:
    """A fresh network.

    Parameters
    ----------
    name : str
        A shipped network (`office_site`), a network of pandapower (`pandapower:create_kerber_dorfnetz`), a
        code of SimBench (`simbench:1-LV-semiurb4--0-sw`), or a pandapower JSON file below `folder`
        (`my_feeder.json`).
    options : Mapping[str, object]
        Keyword options of the builder; a file and a code of SimBench take none.
    folder : Path
        Folder of the scenario: a file outside it is refused.
    where : str
        Place of the name in the scenario, for the error message.

    Raises
    ------
    ScenarioError
        Unknown name, unknown options (all at once) or option values the builder refuses.
    DataError
        A file that is not a network, or that holds more than tables and numbers.

    Notes
    -----
    Networks of pandapower that draw cable types and lengths from the global random state are always the same.
    """
    return memory.get(name, options, folder, lambda: _build(name, options, folder, where))


def _build(name: str, options: Mapping[str, object], folder: Path, where: str) -> pandapowerNet:
    if name.endswith(".json"):
        return _from_file(name, options, folder, where)
    if name.startswith(SIMBENCH):
        _refuse_options(options, "a network of SimBench takes no options", where)
        return load_simbench(name.removeprefix(SIMBENCH), where)[0]
    build = _find_builder(name, where)
    _check_options(build, options, where)
    try:
        with pinned_random():
            net = build(**options)
    except (ValueError, TypeError, KeyError, UserWarning) as error:
        raise ScenarioError([Fault("N02", f"{where} options", f"{name} refuses them: {error}")]) from error
    if not isinstance(net, pandapowerNet):
        raise ScenarioError([Fault("N02", f"{where} options", f"{name} gives no single network with them")])
    return net


def find_bus(net: pandapowerNet, name: str, where: str) -> int:
    """Index of the bus called `name`, or whose index is written `name`; a name goes before an index.

    Raises
    ------
    ScenarioError
        No such bus (the message lists the buses by voltage level), several of that name, or out of service.
    """
    matches = net.bus.index[net.bus["name"].astype(str) == name]
    if matches.empty:
        matches = net.bus.index[net.bus.index.astype(str) == name]
    if matches.empty:
        names = [_bus_name(net, bus) for bus in net.bus.index]
        what = f'"{name}": no such bus; {_nearest_if_any(name, names)}buses: {_by_voltage(net)}'
        raise ScenarioError([Fault("N05", where, what)])
    if len(matches) > 1:
        what = f'"{name}": name of buses {", ".join(map(str, matches))}; give the index instead'
        raise ScenarioError([Fault("N05", where, what)])
    if not net.bus.loc[matches[0], "in_service"]:
        what = f'"{name}": bus is out of service; buses: {_by_voltage(net)}'
        raise ScenarioError([Fault("N05", where, what)])
    return int(matches.to_list()[0])


def pandapower_builders() -> dict[str, Callable[..., object]]:
    """Functions of `pandapower.networks` that build without being told anything.

    Helpers that take a network or a path have an argument without default, so this rule leaves them out.
    """
    return {
        name: function
        for name, function in inspect.getmembers(pandapower_networks, inspect.isfunction)
        if function.__module__.startswith("pandapower.networks.")
        and not name.startswith("_")
        and all(option.default is not option.empty for option in _named_options(function).values())
    }


def _find_builder(name: str, where: str) -> Callable[..., object]:
    if name in SHIPPED:
        return builder(name)
    theirs = pandapower_builders()
    if name.startswith(PANDAPOWER) and name.removeprefix(PANDAPOWER) in theirs:
        return theirs[name.removeprefix(PANDAPOWER)]
    valid = [*SHIPPED, *(PANDAPOWER + known for known in theirs)]
    other = f"or {SIMBENCH}<code>, or a pandapower file ending in .json"
    what = f'"{name}": no such network; {nearest(name, valid)}; {other}'
    raise ScenarioError([Fault("N01", where, what)])


def _named_options(build: Callable[..., object]) -> dict[str, inspect.Parameter]:
    """Options by name; `**kwargs` do not count: pandapower hands them on to its file reader."""
    parameters = inspect.signature(build).parameters.values()
    return {option.name: option for option in parameters if option.kind is not option.VAR_KEYWORD}


def _check_options(build: Callable[..., object], options: Mapping[str, object], where: str) -> None:
    valid = _named_options(build)
    faults = []
    for option in options:
        if option not in valid:
            hint = nearest(option, valid) if valid else "this network has no options"
            faults.append(Fault("N02", f"{where} options.{option}", f"no such option; {hint}"))
    if faults:
        raise ScenarioError(faults)


def _refuse_options(options: Mapping[str, object], what: str, where: str) -> None:
    if options:
        raise ScenarioError([Fault("N02", f"{where} options.{option}", what) for option in options])


def _from_file(name: str, options: Mapping[str, object], folder: Path, where: str) -> pandapowerNet:
    _refuse_options(options, "a network file takes no options", where)
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise ScenarioError([Fault("N03", where, f'"{name}": outside the folder of the scenario')])
    if not path.is_file():
        raise DataError([Fault("N03", where, f'"{name}": no such file in {folder}')])
    return read_network(path)


def _bus_name(net: pandapowerNet, bus: int) -> str:
    name = net.bus.loc[bus, "name"]
    return str(bus) if pd.isna(name) or name == "" else str(name)


def _nearest_if_any(name: str, names: list[str]) -> str:
    hint = nearest(name, names)
    return f"{hint}; " if hint.startswith("nearest") else ""


def _by_voltage(net: pandapowerNet) -> str:
    """The buses in service, lowest voltage first, at most `MAX_NAMES` a level."""
    levels = []
    for vn_kv, buses in net.bus.loc[net.bus["in_service"].astype(bool)].groupby("vn_kv"):
        names = [_bus_name(net, bus) for bus in buses.index]
        more = f" and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
        levels.append(f"{vn_kv:g} kV: {', '.join(names[:MAX_NAMES])}{more}")
    return "; ".join(levels)
