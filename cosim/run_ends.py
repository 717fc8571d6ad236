"""What is known when the last step of a run is done: its sessions, ports, wear and events."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from cosim.results.header import RunHeader
from cosim.results.writer import RunWriter

if TYPE_CHECKING:
    from cosim.scenario.inputs import Inputs, SiteInputs


def at_end(
    site: "SiteInputs", inputs: "Inputs", outcome: Mapping[str, Any], features: Collection[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The sessions table of a site, and what is known of its ports at the end of the run."""
    clock, sessions, became = inputs.clock, site.sessions, outcome["sessions"]
    table = {
        "session_id": np.array(sessions.session_id, dtype=object),
        "vehicle_id": np.array(sessions.vehicle_id, dtype=object),
        "arrival": sessions.arrival_s - clock.start_s,
        "departure": sessions.departure_s - clock.start_s,
        "window_start": sessions.window_start_s - clock.start_s,
        "window_end": sessions.window_end_s - clock.start_s,
        "capacity_kwh": sessions.capacity_kwh,
        "soc_required": sessions.soc_required,
        "soc_min": sessions.soc_min,
        "soc_max": sessions.soc_max,
    }
    table |= {name: np.asarray(column) for name, column in became.items()}
    ports = {
        "soc_end": np.asarray(outcome["soc_end"], dtype=np.float64),
        "clamped_requests": np.asarray(outcome["clamped_requests"], dtype=np.int64),
    }
    if "volt_watt" in features:
        ports["volt_watt_steps"] = np.asarray(outcome["volt_watt_steps"], dtype=np.int64)
    return table, ports


def add_wear(
    ends: dict[str, tuple[dict[str, Any], dict[str, Any]]], inputs: "Inputs", writer: RunWriter
) -> None:
    """Add the wear of the batteries to the sessions table of every site."""
    from cosim.wear import wear_columns

    for site in inputs.sites:
        table, ports = ends[site.site.name]
        recorded = writer.recorded(f"sites/{site.site.name}", ("soc", "session"))
        section, step_s = site.site.fleet.degradation, inputs.clock.step_s
        table |= wear_columns(section, table, recorded | ports, inputs.temperature_c, step_s)


def events_at_end(header: RunHeader, writer: RunWriter) -> dict[str, dict[str, Any]]:
    """The table of events of every site, settled by what it drew."""
    drawn = {
        site.name: writer.recorded(f"sites/{site.name}", ["site_kw"])["site_kw"] for site in header.sites
    }
    return {site.name: site.events.columns(header.clock, drawn[site.name]) for site in header.sites}
