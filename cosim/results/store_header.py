"""The header of a run in its file: root attributes, scenario, tariffs, sites and programmes."""

import json
from functools import cache
from importlib.metadata import PackageNotFoundError, version

import h5py
import numpy as np

from cosim.results.event_table import EventHeader, read_event_header
from cosim.results.header import RunHeader, SiteHeader
from cosim.results.layout import SCHEMA_VERSION
from cosim.results.store_items import attributes_of, group_at, values_at
from sims.clock import Clock

PACKAGES = (
    "h5py",
    "mosaik",
    "numba",
    "numpy",
    "pandapower",
    "pandas",
    "power-grid-model",
    "pydantic",
    "scipy",
)


def write_header(file: h5py.File, header: RunHeader) -> None:
    """Write everything a file says about a run apart from its numbers."""
    file.attrs.update(
        {
            "Conventions": "CF-1.11",
            "title": header.name,
            "schema_version": SCHEMA_VERSION,
            "gridpark_version": _version("gridpark"),
            "packages": _packages(),
            "seed": header.seed,
            "timezone": header.clock.zone,
            "start_s": header.clock.start_s,
            "step_s": header.clock.step_s,
            "n_steps": header.clock.n_steps,
            "loading_definition": header.loading_definition,
            "features": " ".join(header.features),
            "sites": np.array([site.name for site in header.sites], dtype=h5py.string_dtype()),
        }
    )
    if header.resumed_with_changes:
        file.attrs["resumed_with_changes"] = "\n".join(header.resumed_with_changes)
    file.create_dataset("scenario", data=header.scenario_toml, track_times=False)
    file.create_group("signals")
    for name, tariff in sorted(header.signals.items()):
        file.create_dataset(f"signals/{name}/tariff", data=tariff, track_times=False)
    for site in header.sites:
        group = file.create_group(f"sites/{site.name}")
        group.attrs["signals"], group.attrs["currency"] = site.signals, site.currency
        if site.peak_threshold_kw is not None:
            group.attrs["peak_threshold_kw"] = float(site.peak_threshold_kw)
        if site.demand_history_kw is not None:
            group.attrs["demand_history_kw"] = json.dumps(dict(site.demand_history_kw))
        if "events" in header.features:
            programmes = json.dumps(site.events.programmes)
            file.create_dataset(f"events/{site.name}/programmes", data=programmes, track_times=False)
        if site.oracle_forecasts:
            group.attrs["oracle_forecasts"] = " ".join(site.oracle_forecasts)
        if site.co2_cost_per_t is not None:
            group.attrs["co2_cost_per_t"] = float(site.co2_cost_per_t)


def read_header(file: h5py.File) -> RunHeader:
    """The header as it was written."""
    attrs = attributes_of(file)
    tariffs = group_at(file, "signals")
    clock = Clock(int(attrs["start_s"]), int(attrs["step_s"]), int(attrs["n_steps"]), str(attrs["timezone"]))
    return RunHeader(
        name=str(attrs["title"]),
        scenario_toml=str(values_at(file, "scenario")),
        seed=int(attrs["seed"]),
        clock=clock,
        sites=tuple(_read_site(file, str(name), clock) for name in attrs["sites"]),
        signals={str(name): str(values_at(file, f"signals/{name}/tariff")) for name in tariffs},
        features=tuple(str(attrs["features"]).split()),
        buses=tuple(values_at(file, "feeder/bus")),
        lines=tuple(values_at(file, "feeder/line")),
        transformers=tuple(values_at(file, "feeder/transformer")),
        loading_definition=str(attrs["loading_definition"]),
        resumed_with_changes=tuple(str(attrs.get("resumed_with_changes", "")).splitlines()),
    )


def _read_site(file: h5py.File, name: str, clock: Clock) -> SiteHeader:
    attrs = attributes_of(file[f"sites/{name}"])
    threshold, history = attrs.get("peak_threshold_kw"), attrs.get("demand_history_kw")
    co2_cost = attrs.get("co2_cost_per_t")
    return SiteHeader(
        name=name,
        evse=tuple(values_at(file, f"sites/{name}/evse")),
        evse_kind=tuple(values_at(file, f"sites/{name}/evse_kind")),
        signals=str(attrs["signals"]),
        currency=str(attrs["currency"]),
        peak_threshold_kw=None if threshold is None else float(threshold),
        demand_history_kw=None if history is None else _read_history(str(history)),
        events=_read_events(file, f"events/{name}", clock.start_s),
        oracle_forecasts=tuple(str(attrs.get("oracle_forecasts", "")).split()),
        co2_cost_per_t=None if co2_cost is None else float(co2_cost),
    )


def _read_events(file: h5py.File, path: str, start_s: int) -> EventHeader:
    """Programmes and events of a site, none where the run has no such group."""
    if path not in file:
        return EventHeader()
    table = {str(key): values_at(file, f"{path}/{key}") for key in group_at(file, path)}
    return read_event_header(str(table["programmes"]), table, table["history_kw"], start_s)


def _read_history(text: str) -> dict[str, tuple[float, ...]]:
    return {name: tuple(map(float, maxima)) for name, maxima in json.loads(text).items()}


@cache
def _packages() -> str:
    return ", ".join(f"{name} {_version(name)}" for name in PACKAGES)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
