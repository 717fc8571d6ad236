"""What the result file holds: every quantity with its place, dimensions, unit and meaning."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from cosim.results.header import RunHeader
from sims.clock import Clock

SCHEMA_VERSION = 1
STEPS_PER_CHUNK = 672
COLUMNS_PER_CHUNK = 64

Kind = Literal["float64", "int64", "str"]
Array = npt.NDArray[Any]
PHASES = ("L1", "L2", "L3")
DTYPE: dict[Kind, type] = {"float64": np.float64, "int64": np.int64, "str": object}


class Arrays(Protocol):
    """Arrays by path, stored or in memory."""

    def __getitem__(self, path: str, /) -> Array: ...

    def __contains__(self, path: object, /) -> bool: ...


@dataclass(frozen=True, slots=True)
class Quantity:
    """One dataset of the file.

    Parameters
    ----------
    group, name : str
        The dataset is `/<group>/<name>`; in the table below the group may hold `{site}` or `{signals}`.
    dims : tuple of str
        Dimensions; each is a coordinate of the same group.
    units : str
        UDUNITS name, "1" for numbers without unit; `{time}` and `{currency}` stand for the run's own.
    long_name : str
        What it is, with sign and meaning of special values.
    kind : str
        Type of the values.
    optional : bool
        May be absent.
    needs : str
        Feature of the run it belongs to, "" for what every run has.
    """

    group: str
    name: str
    dims: tuple[str, ...]
    units: str
    long_name: str
    kind: Kind = "float64"
    optional: bool = False
    needs: str = ""

    @property
    def path(self) -> str:
        """Path inside the file, without leading slash."""
        return f"{self.group}/{self.name}"

    def within(self, group: str, **words: str) -> "Quantity":
        """The quantity in a group of a run, its unit filled in."""
        return replace(self, group=group, units=self.units.format(**words))


def _q(
    group: str,
    name: str,
    dims: str,
    units: str,
    long_name: str,
    kind: Kind = "float64",
    *,
    optional: bool = False,
    needs: str = "",
) -> Quantity:
    return Quantity(group, name, tuple(dims.split()), units, long_name, kind, optional, needs)


def _wear(name: str, units: str, long_name: str) -> Quantity:
    return _q(SESSIONS, name, "session", units, long_name, needs="degradation")


def _e(name: str, units: str, long_name: str, kind: Kind = "float64") -> Quantity:
    return _q(EVENTS, name, "event", units, long_name, kind, needs="events")


SITE, SESSIONS, SIGNALS, FEEDER = "sites/{site}", "sessions/{site}", "signals/{signals}", "feeder"
EVENTS = "events/{site}"

# Powers are means over the step that starts at `time`; soc and session are the state at its start.
SERIES = (
    _q(SIGNALS, "price_per_kwh", "time", "{currency}/kWh", "Energy price"),
    _q(
        SIGNALS,
        "export_price_per_kwh",
        "time",
        "{currency}/kWh",
        "What fed-back energy earns",
        needs="export_price",
    ),
    _q(SIGNALS, "co2_g_per_kwh", "time", "g/kWh", "Average CO2 intensity of the grid", optional=True),
    _q(
        SIGNALS,
        "market_price_per_kwh",
        "time",
        "{currency}/kWh",
        "Market price of energy, NaN where the tariff does not buy at it",
        needs="market",
    ),
    _q(
        SIGNALS,
        "co2_marginal_g_per_kwh",
        "time",
        "g/kWh",
        "Marginal CO2 intensity of the grid, NaN where none is given",
        needs="co2_marginal",
    ),
    _q(SITE, "building_kw", "time", "kW", "Power of the building alone, less its PV"),
    _q(SITE, "pv_kw", "time", "kW", "PV generation behind the meter, not negative", needs="pv"),
    _q(SITE, "site_kw", "time", "kW", "Net power of the site, import positive"),
    _q(SITE, "evse_kw", "time evse", "kW", "Power of the port on the grid side, charging positive"),
    _q(SITE, "setpoint_kw", "time evse", "kW", "Power the policy asked of the port, charging positive"),
    _q(SITE, "soc", "time evse", "1", "State of charge at the start of the step, NaN when the port is empty"),
    _q(
        SITE,
        "session",
        "time evse",
        "1",
        "Row of the sessions table at the start of the step, -1 when the port is empty",
        "int64",
    ),
    _q(
        SITE,
        "evse_kvar",
        "time evse",
        "kvar",
        "Reactive power of the port, drawn (lagging) positive, 0 when not converged",
        needs="reactive",
    ),
    _q(
        FEEDER,
        "vm_pu",
        "time bus",
        "pu",
        "Voltage magnitude (by phases: of the positive sequence), NaN when not converged",
    ),
    _q(FEEDER, "transformer_loading_percent", "time transformer", "percent", "Loading of the transformer"),
    _q(FEEDER, "line_loading_percent", "time line", "percent", "Loading of the line"),
    _q(FEEDER, "import_kw", "time", "kW", "Power drawn from the grid above, import positive"),
    _q(FEEDER, "losses_kw", "time", "kW", "Losses of lines and transformers"),
    _q(FEEDER, "vm_phase_pu", "time bus phase", "pu", "Phase-to-neutral voltage", needs="unbalanced"),
    _q(
        FEEDER,
        "unbalance_percent",
        "time bus",
        "percent",
        "Negative over positive sequence of the voltage",
        needs="unbalanced",
    ),
    _q(FEEDER, "converged", "time", "1", "Power flow solved: 1, not solved: 0", "int64"),
    _q(FEEDER, "ambient_c", "time", "degree_Celsius", "Air around the transformers", needs="thermal"),
    _q(
        FEEDER,
        "theta_topoil_c",
        "time transformer",
        "degree_Celsius",
        "Top-oil temperature at the end of the step, NaN when out of service",
        needs="thermal",
    ),
    _q(
        FEEDER,
        "theta_hotspot_c",
        "time transformer",
        "degree_Celsius",
        "Hot-spot temperature at the end of the step, NaN when out of service",
        needs="thermal",
    ),
    _q(
        FEEDER,
        "ageing_rate",
        "time transformer",
        "1",
        "Relative ageing rate of the paper, mean over the step, NaN when out of service",
        needs="thermal",
    ),
    _q(
        FEEDER,
        "volt_var_settled",
        "time",
        "1",
        "Every port on its Q(V) curve: 1, not: 0",
        "int64",
        needs="reactive",
    ),
    _q(
        FEEDER,
        "tap_pos",
        "time transformer",
        "1",
        "Tap position in the step, NaN of a transformer without taps",
        needs="taps",
    ),
    _q(
        SITE,
        "event",
        "time",
        "1",
        "Demand-response event: none known 0, announced 1, in force 2",
        "int64",
        needs="events",
    ),
)

AT_END = (
    _q(SITE, "evse_kind", "evse", "1", "Kind of the port", "str"),
    _q(SITE, "clamped_requests", "evse", "1", "Requests of the policy that limits changed", "int64"),
    _q(
        SITE,
        "volt_watt_steps",
        "evse",
        "1",
        "Steps in which low or high voltage cut the power asked of the port",
        "int64",
        needs="volt_watt",
    ),
    _q(SITE, "soc_end", "evse", "1", "State of charge at the end of the run, NaN when the port is empty"),
)

# the network itself, for its picture and for ratings; buses are given by their place among /feeder/bus
NETWORK = (
    _q(FEEDER, "bus_vn_kv", "bus", "kV", "Rated voltage", optional=True),
    _q(FEEDER, "bus_slack", "bus", "1", "The grid above holds its voltage: 1", "int64", optional=True),
    _q(
        FEEDER,
        "bus_node",
        "bus",
        "1",
        "First bus of those that closed switches make one with it",
        "int64",
        optional=True,
    ),
    _q(FEEDER, "bus_x", "bus", "1", "Position as the network has it, NaN without", optional=True),
    _q(FEEDER, "bus_y", "bus", "1", "Position as the network has it, NaN without", optional=True),
    _q(FEEDER, "line_from_bus", "line", "1", "Bus at its start", "int64", optional=True),
    _q(FEEDER, "line_to_bus", "line", "1", "Bus at its end", "int64", optional=True),
    _q(FEEDER, "line_closed", "line", "1", "In service with no open switch: 1", "int64", optional=True),
    _q(FEEDER, "line_rated_a", "line", "A", "Rated current", optional=True),
    _q(FEEDER, "line_rated_kva", "line", "kVA", "Rated power at rated voltage", optional=True),
    _q(FEEDER, "transformer_hv_bus", "transformer", "1", "Bus of the upper side", "int64", optional=True),
    _q(FEEDER, "transformer_lv_bus", "transformer", "1", "Bus of the lower side", "int64", optional=True),
    _q(FEEDER, "transformer_rated_kva", "transformer", "kVA", "Rated power", optional=True),
)

TABLE = (
    _q(SESSIONS, "session_id", "session", "1", "Name of the session", "str"),
    _q(SESSIONS, "vehicle_id", "session", "1", "Name of the car", "str"),
    _q(SESSIONS, "evse_index", "session", "1", "Port the car was connected to, -1 when none", "int64"),
    _q(SESSIONS, "arrival", "session", "{time}", "Start of the stay", "int64"),
    _q(SESSIONS, "departure", "session", "{time}", "End of the stay", "int64"),
    _q(SESSIONS, "window_start", "session", "{time}", "Earliest declared departure", "int64"),
    _q(SESSIONS, "window_end", "session", "{time}", "Latest declared departure", "int64"),
    _q(SESSIONS, "capacity_kwh", "session", "kWh", "Usable battery energy"),
    _q(SESSIONS, "soc_arrival", "session", "1", "State of charge on arrival"),
    _q(SESSIONS, "soc_required", "session", "1", "State of charge wanted at departure"),
    _q(SESSIONS, "soc_min", "session", "1", "Floor of the state of charge"),
    _q(SESSIONS, "soc_max", "session", "1", "Ceiling of the state of charge"),
    _q(SESSIONS, "soc_departure", "session", "1", "State of charge when it left or the run ended"),
    _q(SESSIONS, "energy_grid_kwh", "session", "kWh", "Net energy taken on the grid side"),
    _q(SESSIONS, "missing_kwh", "session", "kWh", "Battery energy short of the requirement at departure"),
    _q(SESSIONS, "unavoidable_kwh", "session", "kWh", "Part of the missing energy no policy could deliver"),
    _q(SESSIONS, "connected", "session", "1", "Found a port: 1, did not: 0", "int64"),
    _q(SESSIONS, "too_short", "session", "1", "Covers no start of a step: 1", "int64"),
    _q(SESSIONS, "censored", "session", "1", "Cut by the start or the end of the run: 1", "int64"),
    _wear("equivalent_full_cycles", "1", "Throughput, in plus out, over twice the capacity"),
    _wear("calendar_loss", "1", "Capacity lost by age, share of the new battery's"),
    _wear("cyclic_loss", "1", "Capacity lost by throughput, share of the new battery's"),
    _wear("wear_cost", "{currency}", "What the wear of the stay is worth, NaN without a price"),
    _e("event_id", "1", "Name of the event", "str"),
    _e("programme", "1", "Programme that calls it", "str"),
    _e("kind", "1", "reduce: draw less than usual; limit: no more than `value`", "str"),
    _e("notice", "{time}", "When it was told", "int64"),
    _e("start", "{time}", "Start of the event", "int64"),
    _e("end", "{time}", "End of the event", "int64"),
    _e("value", "kW", "Cap of a limit, NaN of a reduce"),
    _e("baseline_kwh", "kWh", "What it would have drawn by the programme's baseline, NaN without one"),
    _e("load_kwh", "kWh", "What the site drew in the event"),
    _e("reduction_kwh", "kWh", "Energy below the baseline, over the steps that lie below it"),
    _e("excess_kwh", "kWh", "Energy above the cap"),
    _e("payment", "{currency}", "Paid to the site"),
    _e("penalty", "{currency}", "Paid by the site"),
    _e("adjustment", "1", "Factor of the same-day adjustment of the baseline"),
    _e("reason", "1", "Why nothing is paid, empty otherwise", "str"),
    _q(EVENTS, "history_kw", "history", "kW", "Power of the site before the run", needs="events"),
)

COORDINATES = (
    _q("", "time", "time", "{time}", "Start of the step (UTC)", "int64"),
    _q("", "evse", "evse", "1", "Port", "str"),
    _q("", "bus", "bus", "1", "Bus", "str"),
    _q("", "line", "line", "1", "Line", "str"),
    _q("", "transformer", "transformer", "1", "Transformer", "str"),
    _q("", "phase", "phase", "1", "Phase", "str"),
    _q("", "session", "session", "1", "Row of the sessions table", "int64"),
    _q("", "event", "event", "1", "Row of the table of events", "int64"),
    _q("", "history", "history", "{time}", "Start of a step before the run", "int64"),
)


def time_units(clock: Clock) -> str:
    """Unit of every time in the file, counted from the start of the run."""
    return f"seconds since {datetime.fromtimestamp(clock.start_s, UTC):%Y-%m-%dT%H:%M:%SZ}"


def coordinates(header: RunHeader, n_sessions: Mapping[str, int]) -> dict[Quantity, Sequence[int | str]]:
    """Coordinates of every group and their values, in the order of the file.

    Parameters
    ----------
    header : RunHeader
        The run.
    n_sessions : mapping of str to int
        Rows of the sessions table of each site; 0 when not given [-].
    """
    clock = header.clock
    # a range costs nothing, however many steps a damaged file claims to have
    time = range(0, clock.n_steps * clock.step_s, clock.step_s)
    values: dict[str, dict[str, Sequence[int | str]]] = {
        f"signals/{name}": {"time": time} for name in sorted(header.signals)
    }
    for site in header.sites:
        values[f"sites/{site.name}"] = {"time": time, "evse": site.evse}
        values[f"sessions/{site.name}"] = {"session": range(n_sessions.get(site.name, 0))}
        if "events" in header.features:
            before_s = clock.step_s * len(site.events.history_kw)
            values[f"events/{site.name}"] = {
                "event": range(len(site.events.events)),
                "history": range(-before_s, 0, clock.step_s),
            }
    values["feeder"] = {
        "time": time,
        "bus": header.buses,
        "line": header.lines,
        "transformer": header.transformers,
    }
    if "unbalanced" in header.features:
        values["feeder"]["phase"] = PHASES
    meaning = {quantity.name: quantity for quantity in COORDINATES}
    return {
        meaning[name].within(group, time=time_units(clock)): value
        for group, dims in values.items()
        for name, value in dims.items()
    }


def shapes(header: RunHeader, n_sessions: Mapping[str, int]) -> dict[Quantity, tuple[int, ...]]:
    """Shape of every dataset of a run but the coordinates, in the order of the file."""
    length = {quantity.path: len(values) for quantity, values in coordinates(header, n_sessions).items()}
    return {
        quantity: tuple(length[f"{quantity.group}/{dim}"] for dim in quantity.dims)
        for quantity in (*_filled(SERIES, header), *_filled(AT_END + NETWORK + TABLE, header))
    }


def chunks(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Chunk shape of a time series of the given shape: a week of quarter hours, a few dozen columns."""
    return (min(STEPS_PER_CHUNK, shape[0]), *(min(COLUMNS_PER_CHUNK, width) for width in shape[1:]))


def _filled(table: tuple[Quantity, ...], header: RunHeader) -> Iterator[Quantity]:
    time = time_units(header.clock)
    for name, tariff in sorted(header.signals.items()):
        currency = json.loads(tariff)["currency"]
        for quantity in _of(table, SIGNALS, header):
            yield quantity.within(f"signals/{name}", time=time, currency=currency)
    for pattern in (SITE, SESSIONS, EVENTS):
        for site in header.sites:
            for quantity in _of(table, pattern, header):
                group = pattern.format(site=site.name)
                yield quantity.within(group, time=time, currency=site.currency)
    yield from _of(table, FEEDER, header)


def _of(table: tuple[Quantity, ...], pattern: str, header: RunHeader) -> list[Quantity]:
    """Quantities of a group that a run with these features has."""
    return [q for q in table if q.group == pattern and q.needs in ("", *header.features)]
