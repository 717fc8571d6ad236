"""Events and settlements of a demand-response programme as OpenADR 3.1 objects."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from sims.clock import SECONDS_PER_HOUR
from sims.signals.openadr.form import object_id
from sims.signals.openadr.iso_time import duration_text
from sims.signals.response.events import Event
from sims.signals.response.settlement import Settlement
from sims.times import utc_text

Json = dict[str, Any]

CLIENT = "gridpark"
REPORTED = {
    "BASELINE": ("KWH", "ESTIMATED"),
    "USAGE": ("KWH", "DIRECT_READ"),
    "DEMAND": ("KW", "MEAN"),
    "DELTA_USAGE": ("KWH", "ESTIMATED"),
}
"""Payload types of a report with their unit and how the value came about."""
DIGITS = 9


def write_event(event: Event, site: str) -> Json:
    """An event as an OpenADR 3.1 EVENT, which `read_openadr` reads as the same event.

    Parameters
    ----------
    event : Event
        The event; a "limit" becomes IMPORT_CAPACITY_LIMIT in kW, a "reduce" SIMPLE at level 1.
    site : str
        Name of the site that is asked, the target of the event.

    Returns
    -------
    dict
        The event with the metadata of a VTN: it was created when it was told. `id` and `programID` are the
        names of event and programme in the characters an OpenADR id may have.

    Notes
    -----
    It asks for the report that `write_report` makes of it.
    """
    told = utc_text(event.notice_s)
    asked = {"type": "SIMPLE", "values": [1]}
    described: Json = {}
    if event.value is not None:
        asked = {"type": "IMPORT_CAPACITY_LIMIT", "values": [event.value]}
        of_limit = {"objectType": "EVENT_PAYLOAD_DESCRIPTOR", "payloadType": asked["type"], "units": "KW"}
        described = {"payloadDescriptors": [of_limit]}
    return {
        "id": object_id(event.event_id),
        "createdDateTime": told,
        "modificationDateTime": told,
        "objectType": "EVENT",
        "programID": object_id(event.programme),
        "eventName": event.event_id,
        "targets": [site],
        "reportDescriptors": [
            {
                "payloadType": reported,
                "units": units,
                "readingType": reading,
                "reportIntervals": "SUB_INTERVALS",
            }
            for reported, (units, reading) in REPORTED.items()
        ],
        **described,
        "intervalPeriod": _period(event.start_s, event.end_s - event.start_s),
        "intervals": [{"id": 0, "payloads": [asked]}],
    }


def write_report(settlement: Settlement, site: str, step_s: int) -> Json:
    """The settlement of an event as an OpenADR 3.1 REPORT, one interval a step.

    Parameters
    ----------
    settlement : Settlement
        An event that the run covers, with baseline and load of its steps; it starts with the first of them.
    site : str
        Name of the site, the resource of the report.
    step_s : int
        Length of a step [s].

    Returns
    -------
    dict
        The report: per step BASELINE, USAGE and DELTA_USAGE in kWh and DEMAND in kW, the last the mean.

    Notes
    -----
    In the standard USAGE and DEMAND are never negative: while the site feeds back they are 0, and only
    DELTA_USAGE, load less baseline with its sign, tells the whole. Without a baseline BASELINE and
    DELTA_USAGE are left out. Payments have no payload type; they are in the bill. The steps are sub-intervals
    of the one interval of the event and bear its id.

    Source: OpenADR 3.1, schemas of report payloads, reading types and units; User Guide 7.5.
    """
    event = settlement.event
    return {
        "id": f"report-{object_id(event.event_id)}"[:128],
        "createdDateTime": utc_text(event.end_s),
        "modificationDateTime": utc_text(event.end_s),
        "objectType": "REPORT",
        "eventID": object_id(event.event_id),
        "clientName": CLIENT,
        "reportName": f"settlement of {event.event_id}",
        "payloadDescriptors": [
            {
                "objectType": "REPORT_PAYLOAD_DESCRIPTOR",
                "payloadType": reported,
                "units": units,
                "readingType": reading,
            }
            for reported, (units, reading) in REPORTED.items()
        ],
        "resources": [
            {
                "resourceName": site,
                "intervalPeriod": _period(event.start_s, step_s),
                "intervals": list(_reported(settlement, step_s / SECONDS_PER_HOUR)),
            }
        ],
    }


def _period(start_s: int, duration_s: int) -> Json:
    return {"start": utc_text(start_s), "duration": duration_text(duration_s)}


def _reported(settlement: Settlement, dt_h: float) -> Iterator[Json]:
    """One interval for each step."""
    pairs = zip(settlement.baseline_kw.tolist(), settlement.load_kw.tolist(), strict=True)
    for baseline_kw, load_kw in pairs:
        values = {"USAGE": max(0.0, load_kw) * dt_h, "DEMAND": max(0.0, load_kw)}
        if not np.isnan(baseline_kw):
            values |= {"BASELINE": baseline_kw * dt_h, "DELTA_USAGE": (load_kw - baseline_kw) * dt_h}
        yield {
            "id": 0,
            "payloads": [{"type": name, "values": [round(value, DIGITS)]} for name, value in values.items()],
        }
