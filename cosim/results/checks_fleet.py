"""Rules of a site and its ports: powers add up, batteries keep their energy, limits hold."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from cosim.results.layout import Array
from cosim.results.run import Run
from cosim.results.violation import Violation, beyond, broken
from sims.clock import Clock

Floats = npt.NDArray[np.float64]

SITE_SHARE, KWH, SOC, KW = 1e-9, 1e-6, 1e-9, 1e-6


@dataclass
class _Site:
    """Stored arrays of one site, and what its scenario says of the ports."""

    run: Run
    name: str
    section: Mapping[str, Any]

    def __getattr__(self, column: str) -> Array:
        """Series or column of the port group, by name."""
        self.__dict__[column] = self.run.arrays[f"sites/{self.name}/{column}"]
        return self.__dict__[column]

    @cached_property
    def clock(self) -> Clock:
        return self.run.clock

    @cached_property
    def table(self) -> dict[str, Array]:
        """The sessions table by column."""
        names = ("session_id", "evse_index", "arrival", "departure", "capacity_kwh", "soc_required")
        found = (*names, "soc_departure", "energy_grid_kwh", "missing_kwh", "connected")
        return {name: self.run.arrays[f"sessions/{self.name}/{name}"] for name in found}

    @cached_property
    def ports(self) -> list[Mapping[str, Any]]:
        """The group of chargers of each port; empty when the scenario does not tell."""
        groups = self.section.get("chargers", ())
        ports = [group for group in groups for _ in range(int(group["count"]))]
        return ports if len(ports) == self.evse_kw.shape[1] else []

    def path(self, column: str) -> str:
        return f"/sites/{self.name}/{column}"


def fleet_violations(run: Run, name: str, section: Mapping[str, Any]) -> Iterator[Violation]:
    """Rules I1, I2, I4 and I5 of one site.

    Parameters
    ----------
    run : Run
        A finished run.
    name : str
        Site.
    section : mapping
        The site as the scenario says it; may be empty.
    """
    site = _Site(run, name, section)
    yield from _finite(site)
    yield from _site_power(site)
    occupied = site.session >= 0
    inside = site.session < len(site.table["session_id"])
    names = run.header.site(name).evse
    yield from broken("I4", site.path("session"), "no row of the sessions table", ~inside, site.clock, names)
    if inside.all():
        yield from _limits(site, occupied, names)
        yield from _seated(site, occupied, names)
        yield from _batteries(site, names)
        yield from _sessions(site, occupied)


def _finite(site: _Site) -> Iterator[Violation]:
    for column in ("building_kw", "site_kw", "evse_kw", "setpoint_kw"):
        wrong = ~np.isfinite(getattr(site, column))
        yield from broken("I25", site.path(column), "must be a finite number", wrong, site.clock)


def _site_power(site: _Site) -> Iterator[Violation]:
    parts_kw = site.building_kw + site.evse_kw.sum(axis=1)
    off = np.abs(site.site_kw - parts_kw) / np.maximum(1.0, np.abs(parts_kw))
    what = "must be the building and all ports together [share]"
    yield from beyond("I2", site.path("site_kw"), what, off, SITE_SHARE, site.clock)
    if (path := f"sites/{site.name}/pv_kw") in site.run.arrays:
        below = np.clip(-site.run.arrays[path], 0.0, None)
        yield from beyond("I2", site.path("pv_kw"), "must not be negative [kW]", below, 0.0, site.clock)


def _limits(site: _Site, occupied: npt.NDArray[np.bool_], names: tuple[str, ...]) -> Iterator[Violation]:
    soc, evse_kw = site.soc, site.evse_kw
    for at, values in (("soc", soc[occupied]), ("soc_end", site.soc_end[~np.isnan(site.soc_end)])):
        if not np.all((values >= -SOC) & (values <= 1.0 + SOC)):
            held = soc if at == "soc" else site.soc_end
            off = np.where(np.isnan(held), 0.0, np.maximum(-held, held - 1.0))
            clock = site.clock if at == "soc" else None
            yield from beyond("I4", site.path(at), "must lie in 0..1 [-]", off, SOC, clock, names)
    told = np.isnan(soc) == occupied
    what = "must be a number at a car and NaN at a free port"
    yield from broken("I4", site.path("soc"), what, told, site.clock, names)
    idle_kw = np.where(occupied, 0.0, np.abs(evse_kw))
    yield from beyond(
        "I4", site.path("evse_kw"), "must be 0 without a car [kW]", idle_kw, KW, site.clock, names
    )
    one_way = np.array([kind != "bidirectional" for kind in site.run.header.site(site.name).evse_kind], bool)
    back_kw = np.where(one_way, np.clip(-evse_kw, 0.0, None), 0.0)
    what = "must not discharge: the port cannot [kW]"
    yield from beyond("I4", site.path("evse_kw"), what, back_kw, KW, site.clock, names)
    if site.ports:
        highest_kw = np.array([port["p_max_kw"] for port in site.ports])
        lowest_kw = np.array([port.get("p_discharge_max_kw", port["p_max_kw"]) for port in site.ports])
        over_kw = np.maximum(evse_kw - highest_kw, -lowest_kw - evse_kw).clip(min=0.0)
        what = "must lie within the power of the port [kW]"
        yield from beyond("I4", site.path("evse_kw"), what, over_kw, KW, site.clock, names)


def _seated(site: _Site, occupied: npt.NDArray[np.bool_], names: tuple[str, ...]) -> Iterator[Violation]:
    """A car is at its own port, and only during its stay."""
    rows, table = np.maximum(site.session, 0), site.table
    if not len(table["session_id"]):
        return
    wrong_port = occupied & (table["evse_index"][rows] != np.arange(site.session.shape[1]))
    what = "must be the port of the sessions table"
    yield from broken("I4", site.path("session"), what, wrong_port, site.clock, names)
    start_s = (np.arange(site.clock.n_steps) * site.clock.step_s)[:, None]
    away = occupied & ((table["arrival"][rows] > start_s) | (table["departure"][rows] <= start_s))
    yield from broken("I4", site.path("session"), "must be within the stay", away, site.clock, names)


def _batteries(site: _Site, names: tuple[str, ...]) -> Iterator[Violation]:
    gained_kwh = _gained_kwh(site)
    metered_kwh = site.evse_kw * site.clock.dt_h
    what = "must gain no more than was metered, and lose no less [kWh]"
    made_kwh = np.where(np.isnan(gained_kwh), 0.0, np.clip(gained_kwh - metered_kwh, 0.0, None))
    yield from beyond("I1", site.path("soc"), what, made_kwh, KWH, site.clock, names)
    constant = [not port.get("efficiency_curve") for port in site.ports]
    if not any(constant):
        return
    into, out = (
        np.array([float(port.get(f"efficiency_{way}", np.nan)) for port in site.ports])
        for way in ("charge", "discharge")
    )
    expected_kwh = np.where(metered_kwh > 0.0, metered_kwh * into, metered_kwh / out)
    known = ~np.isnan(gained_kwh) & np.array(constant) & ~np.isnan(expected_kwh)
    off_kwh = np.where(known, np.abs(gained_kwh - expected_kwh), 0.0)
    what = "must change by the metered energy less the charger's loss [kWh]"
    yield from beyond("I1", site.path("soc"), what, off_kwh, KWH, site.clock, names)


def _gained_kwh(site: _Site) -> Floats:
    """Energy each battery gained in each step, NaN without a car, shape (n_steps, n_evse) [kWh]."""
    if not len(site.table["session_id"]):
        return np.full(site.soc.shape, np.nan)
    rows, end_s = np.maximum(site.session, 0), (np.arange(site.clock.n_steps) + 1) * site.clock.step_s
    following = np.vstack([site.soc[1:], site.soc_end])
    leaves = site.table["departure"][rows] <= end_s[:, None]
    after = np.where(leaves, site.table["soc_departure"][rows], following)
    gained = (after - site.soc) * site.table["capacity_kwh"][rows]
    return np.where(site.session >= 0, gained, np.nan)


def _sessions(site: _Site, occupied: npt.NDArray[np.bool_]) -> Iterator[Violation]:
    table, path = site.table, f"/sessions/{site.name}"
    names = table["session_id"].tolist()
    metered_kwh = np.bincount(
        site.session[occupied], weights=site.evse_kw[occupied] * site.clock.dt_h, minlength=len(names)
    )
    off_kwh = np.abs(table["energy_grid_kwh"] - metered_kwh[: len(names)])
    what = "must be the power of the port over the stay [kWh]"
    yield from beyond("I5", f"{path}/energy_grid_kwh", what, off_kwh, KWH, None, names)
    left = (table["connected"] == 1) & ~np.isnan(table["soc_departure"])
    short_kwh = np.clip(table["soc_required"] - table["soc_departure"], 0.0, None) * table["capacity_kwh"]
    off_kwh = np.where(left, np.abs(table["missing_kwh"] - short_kwh), 0.0)
    what = "must be the requirement less the state of charge at departure [kWh]"
    yield from beyond("I5", f"{path}/missing_kwh", what, off_kwh, KWH, None, names)
