"""Setpoints of a run as charging profiles of OCPP 2.1: what the ports of a site would have been told."""

import json
import tomllib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from cosim.results.disk import check_target, write_whole
from cosim.results.run import Run
from cosim.scenario.schema import Scenario
from sims.clock import Clock
from sims.faults import Fault, ScenarioError
from sims.fleet.evse import BIDIRECTIONAL, UNCONTROLLED, Ports
from sims.times import utc_text

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Json = dict[str, Any]

MAX_PERIODS = 1024
"""Most periods of one schedule: `chargingSchedulePeriod` of OCPP 2.1."""


def export_ocpp(run: Run, site: str, out: Path | str | None = None, *, overwrite: bool = False) -> Path:
    """Write the setpoints of a site as a JSON list of `SetChargingProfile` requests.

    Parameters
    ----------
    run : Run
        The run.
    site : str
        Name of one of its sites.
    out : path, optional
        JSON file; default beside the run, with the site in its name.
    overwrite : bool
        Replace the file when it exists.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ScenarioError
        No port of the site takes setpoints.
    StoreError
        The file exists, or cannot be written.
    """
    path = Path(out) if out else run.path.with_name(f"{run.path.stem}_{site}_ocpp.json")
    check_target(path, overwrite=overwrite)
    scenario = Scenario.in_folder(Path(), tomllib.loads(run.scenario_toml))
    ports = Ports.from_groups(next(one.chargers for one in scenario.sites if one.name == site))
    if (ports.kind == UNCONTROLLED).all():
        what = f'site "{site}" has no port that takes setpoints, only uncontrolled ones or none'
        raise ScenarioError([Fault("S38", "cosim export ocpp", what)])
    requests = charging_profiles(run.site(site).setpoint_kw, run.clock, ports)
    write_whole(path, (json.dumps(requests, indent=1) + "\n").encode())
    return path


def charging_profiles(setpoint_kw: Floats, clock: Clock, ports: Ports) -> list[Json]:
    """`SetChargingProfile` requests of OCPP 2.1, one a port and local day.

    Parameters
    ----------
    setpoint_kw : floats, shape (n_steps, n_ports)
        Power asked of each port, charging positive [kW].
    clock : Clock
        Time axis of the setpoints.
    ports : Ports
        The ports; uncontrolled ones take no setpoints and get no profile.

    Returns
    -------
    list of dict
        Requests, by port, then by time. `evseId` is the place of the port in its site, from 1; its name is
        in `customData`.

    Notes
    -----
    Powers are whole watts, half to even, inside what the port can do, to which the fleet clamps them as well.
    Steps of the same power make one period; a day of more than 1024 periods makes several profiles.

    A unidirectional port gets a `limit` >= 0 in mode ChargingOnly, a bidirectional one a `setpoint`, negative
    to discharge, between `dischargeLimit` <= 0 and `limit` >= 0 in mode CentralSetpoint. In
    `NotifyEVChargingNeeds` of the same standard powers of discharge are positive: do not mix the two up.

    Purpose is TxDefaultProfile: a TxProfile names a transaction, and only a real station starts one. Each
    profile is valid for its own time, so that none replaces another of the same stack level.

    Source: OCPP 2.1 Edition 1, schema of SetChargingProfileRequest.
    """
    least_w, most_w = -_watts(ports.p_discharge_max_kw), _watts(ports.p_max_kw)
    power_w = np.clip(_watts(setpoint_kw), least_w, most_w)
    schedules = [
        (port, schedule)
        for port in np.flatnonzero(ports.kind != UNCONTROLLED).tolist()
        for schedule in _schedules(power_w[:, port], clock)
    ]
    return [
        {
            "evseId": port + 1,
            "chargingProfile": _profile(number, schedule, _PortForm.of(ports, port)),
            "customData": {"vendorId": "gridpark", "evse": ports.names[port]},
        }
        for number, (port, schedule) in enumerate(schedules, 1)
    ]


def _watts(power_kw: Floats) -> Ints:
    return np.rint(1000.0 * power_kw).astype(np.int64)


class _Schedule(NamedTuple):
    """Power over an uninterrupted time; shapes (n_periods,)."""

    start_s: int
    end_s: int
    period_s: Ints
    power_w: Ints


def _schedules(power_w: Ints, clock: Clock) -> Iterator[_Schedule]:
    """Power of one port, shape (n_steps,), cut at local midnight and after 1024 periods."""
    days = clock.calendar().day
    midnight = np.diff(days, prepend=-1) != 0
    changes = midnight | (np.diff(power_w, prepend=power_w[:1]) != 0)
    starts = np.flatnonzero(changes)
    within_day = np.arange(len(starts)) - np.searchsorted(starts, np.flatnonzero(midnight)[days[starts]])
    cuts = np.flatnonzero(within_day % MAX_PERIODS == 0)
    ends = np.append(clock.epoch_s()[starts], clock.end_s)
    for first, after in pairwise([*cuts.tolist(), len(starts)]):
        at = starts[first:after]
        yield _Schedule(int(ends[first]), int(ends[after]), ends[first:after] - ends[first], power_w[at])


class _PortForm(NamedTuple):
    """How a period of a port is written: which field the power is, and what stands beside it."""

    field: str
    beside: Json

    @classmethod
    def of(cls, ports: Ports, port: int) -> "_PortForm":
        # three phases are meant where none are given
        beside: Json = {"numberPhases": 1} if ports.phases[port] == 1 else {}
        if ports.kind[port] != BIDIRECTIONAL:
            return cls("limit", {"operationMode": "ChargingOnly", **beside})
        most_w, least_w = int(_watts(ports.p_max_kw)[port]), -int(_watts(ports.p_discharge_max_kw)[port])
        limits = {"limit": most_w, "dischargeLimit": least_w}
        return cls("setpoint", {"operationMode": "CentralSetpoint", **limits, **beside})


def _profile(number: int, schedule: _Schedule, form: _PortForm) -> Json:
    start, end = utc_text(schedule.start_s), utc_text(schedule.end_s)
    periods = zip(schedule.period_s.tolist(), schedule.power_w.tolist(), strict=True)
    written = {
        "id": number,
        "startSchedule": start,
        "duration": schedule.end_s - schedule.start_s,
        "chargingRateUnit": "W",
        "chargingSchedulePeriod": [
            {"startPeriod": after_s, form.field: power_w, **form.beside} for after_s, power_w in periods
        ],
    }
    return {
        "id": number,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Absolute",
        "validFrom": start,
        "validTo": end,
        "chargingSchedule": [written],
    }
