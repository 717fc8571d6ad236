"""One run, from a scenario to its result file."""

import asyncio
import json
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cosim import parameters
from cosim.results.checkpoints import Checkpoint
from cosim.results.disk import write_whole
from cosim.results.event_table import EventHeader
from cosim.results.header import RunHeader, SiteHeader
from cosim.results.writer import RunWriter
from cosim.scenario.load import dump_scenario
from cosim.scenario.schema import Scenario
from cosim.step_timeout import STEP_TIMEOUT_S, step_timeout_fault
from cosim.stopping import Stop, StoppedError, on_signals
from sims.faults import Fault, ScenarioError, StoreError, nearest

if TYPE_CHECKING:
    from cosim.orchestrate import Progress
    from cosim.results.run import Run
    from cosim.scenario.inputs import Inputs, SiteInputs

WINDOW_DAYS = 28

Outcome = Mapping[str, dict[str, Any]]


def run(
    scenario: Scenario,
    out: Path | str | None = None,
    *,
    overwrite: bool = False,
    allow_code: bool = False,
    yes_large: bool = False,
    window_days: int = WINDOW_DAYS,
    progress: "Progress | None" = None,
    out_of_process: Collection[str] = (),
    step_timeout_s: float | None = STEP_TIMEOUT_S,
) -> "Run":
    """Check a scenario, simulate it and open its result.

    Parameters
    ----------
    scenario : Scenario
        From `load_scenario` or built in Python.
    out : path, optional
        Result file; default `results/<name>.h5` below the working folder.
    overwrite : bool
        Replace an existing result once the new one is whole.
    allow_code : bool
        Whether the scenario may name a policy as `module:Class`.
    yes_large : bool
        Run a scenario whose result is larger than the usual limit.
    window_days : int
        Days after which results are put safely on the disk; they do not depend on it [d].
    progress : callable, optional
        Called with the steps done and all steps; raise in it to cancel.
    out_of_process : collection of str
        Simulators to run in processes of their own ("building", "signals", "control", "fleet", "feeder").
    step_timeout_s : float or None
        Silence in one step after which a simulator or policy is named, again after 3 and 6 times that;
        after 10 times the run ends. None waits forever [s].

    Returns
    -------
    Run
        The result, open for reading.

    Raises
    ------
    ScenarioError, DataError
        What is wrong with the scenario or its data, all of it, before the first step.
    SimulationError
        A simulator or policy failed; finished windows stay in `<out>.parts`.
    StoreError
        The result cannot be written.
    Interrupted
        A KeyboardInterrupt: SIGINT or SIGTERM ended the run after its current step. As after every other
        end but those before the first step, `resume(out)` goes on from there.
    """
    from cosim.resuming import request_of
    from cosim.scenario.inputs import read_inputs

    if faults := [*_call_faults(scenario, window_days, out_of_process, step_timeout_s)]:
        raise ScenarioError(faults)
    path = Path(out) if out is not None else Path("results") / f"{scenario.name}.h5"
    inputs = read_inputs(scenario, allow_code=allow_code, yes_large=yes_large)
    if out is None:
        _make_folder(path.parent)
    how = {
        "window_days": window_days,
        "out_of_process": [*out_of_process],
        "step_timeout_s": step_timeout_s,
    }
    asked = {"allow_code": allow_code, "yes_large": yes_large, "overwrite": overwrite}
    return run_inputs(
        inputs,
        path,
        overwrite=overwrite,
        window_days=window_days,
        progress=progress,
        out_of_process=out_of_process,
        request=request_of(inputs, path, **asked, **how),
        step_timeout_s=step_timeout_s,
    )


def run_inputs(
    inputs: "Inputs",
    path: Path,
    *,
    overwrite: bool = False,
    window_days: int = WINDOW_DAYS,
    progress: "Progress | None" = None,
    out_of_process: Collection[str] = (),
    request: Mapping[str, Any] | None = None,
    begin: Checkpoint | None = None,
    step_timeout_s: float | None = STEP_TIMEOUT_S,
) -> "Run":
    """Simulate checked inputs and open the result; arguments and errors as in `run`.

    With `request`, of `cosim.resuming.request_of`, the run can be resumed; `begin` is where it was left.
    """
    from cosim.orchestrate import simulate
    from cosim.results.run import open_run
    from sims.feeder.topology import topology

    started = time.perf_counter()
    header, stop = run_header(inputs), Stop()
    header = replace(header, resumed_with_changes=tuple((request or {}).get("changes", ())))
    with RunWriter(path, header, overwrite=overwrite, request=request, begin=begin) as writer:
        work = partial(
            simulate,
            inputs,
            header,
            writer,
            window_days=window_days,
            progress=progress,
            out_of_process=out_of_process,
            stop=stop,
            begin=begin,
            step_timeout_s=step_timeout_s,
        )
        try:
            with on_signals(stop):
                outcome = _outside_any_loop(work)
        except StoppedError:
            raise stop.reason from None
        ends = {
            site.site.name: _at_end(site, inputs, outcome[site.site.name], header.features)
            for site in inputs.sites
        }
        if "degradation" in header.features:
            _add_wear(ends, inputs, writer)
        writer.finish(
            {name: end[0] for name, end in ends.items()},
            {name: end[1] for name, end in ends.items()},
            topology(inputs.net),
            _events_at_end(header, writer) if "events" in header.features else None,
        )
    _write_log(path, time.perf_counter() - started, inputs.warnings)
    return open_run(path)


def _call_faults(
    scenario: Scenario, window_days: int, out_of_process: Collection[str], step_timeout_s: float | None
) -> Iterator[Fault]:
    """What no scenario file can say and a caller can get wrong."""
    from cosim.orchestrate import SIMULATORS

    if window_days < 1:
        yield Fault("S23", "window_days", f"{window_days}: allowed 1, 2, 3, ... days")
    if fault := step_timeout_fault(step_timeout_s, "step_timeout_s", step_timeout_s):
        yield fault
    for name in out_of_process:
        if name not in SIMULATORS:
            yield Fault("S26", "out_of_process", f'"{name}": no such simulator; {nearest(name, SIMULATORS)}')
    code = [site.policy.name for site in scenario.sites if ":" in site.policy.name]
    if code and "control" in out_of_process:
        what = f'"control" with the policy "{code[0]}": a process of its own knows registered policies only'
        yield Fault("S31", "out_of_process", what)


def run_header(inputs: "Inputs") -> RunHeader:
    """What the result file says of a run apart from its numbers."""
    from sims.feeder.names import element_names

    scenario, chosen = inputs.scenario, parameters.signal_sets(inputs)
    return RunHeader(
        name=scenario.name,
        scenario_toml=dump_scenario(scenario),
        seed=scenario.seed,
        clock=inputs.clock,
        sites=tuple(_site_header(site, chosen[site.site.name].name) for site in inputs.sites),
        features=run_features(inputs),
        signals={used.name: used.tariff.model_dump_json() for used in chosen.values()},
        buses=element_names(inputs.net, "bus"),
        lines=element_names(inputs.net, "line"),
        transformers=element_names(inputs.net, "trafo"),
    )


def run_features(inputs: "Inputs") -> tuple[str, ...]:
    """What a run has besides the usual, sorted; `cosim/results/layout.py` says what each brings."""
    chargers = [group for site in inputs.scenario.sites for group in site.chargers]
    features = {
        "degradation": any(site.site.fleet.degradation is not None for site in inputs.sites),
        "export_price": any(site.tariff.pays_export for site in inputs.sites),
        "pv": any(site.pv_kw is not None for site in inputs.sites),
        "thermal": inputs.scenario.feeder.thermal is not None,
        "unbalanced": inputs.unbalanced,
        "reactive": any(group.draws_kvar for group in chargers),
        "taps": bool(inputs.tap_changers),
        "volt_watt": any(group.volt_watt is not None for group in chargers),
        "events": any(site.events is not None for site in inputs.sites),
        "market": any(site.market_price_per_kwh is not None for site in inputs.sites),
        "co2_marginal": any(site.co2_marginal_g_per_kwh is not None for site in inputs.sites),
    }
    return tuple(sorted(name for name, on in features.items() if on))


def _site_header(site: "SiteInputs", signals: str) -> SiteHeader:
    from sims.fleet.evse import KINDS
    from sims.signals.billing.ratchet import history_by_period

    return SiteHeader(
        name=site.site.name,
        evse=site.ports.names,
        evse_kind=tuple(KINDS[kind] for kind in site.ports.kind),
        signals=signals,
        currency=site.site.currency,
        peak_threshold_kw=site.site.policy.parameters.get("peak_threshold_kw"),
        demand_history_kw=history_by_period(site.tariff, site.site.demand_history_kw) or None,
        events=_event_header(site),
        oracle_forecasts=site.forecasts.oracles,
        co2_cost_per_t=None if site.site.emissions is None else site.site.emissions.cost_per_t,
    )


def _event_header(site: "SiteInputs") -> EventHeader:
    """What is known of the events of a site before the run."""
    if site.events is None:
        return EventHeader()
    programmes = tuple(programme.model_dump_json() for programme in site.events.programmes)
    return EventHeader(programmes, site.events.events, tuple(site.events.history_kw.tolist()))


def _at_end(
    site: "SiteInputs", inputs: "Inputs", outcome: dict[str, Any], features: Collection[str]
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


def _add_wear(
    ends: dict[str, tuple[dict[str, Any], dict[str, Any]]], inputs: "Inputs", writer: RunWriter
) -> None:
    """Add the wear of the batteries to the sessions table of every site."""
    from cosim.wear import wear_columns

    for site in inputs.sites:
        table, ports = ends[site.site.name]
        recorded = writer.recorded(f"sites/{site.site.name}", ("soc", "session"))
        section, step_s = site.site.fleet.degradation, inputs.clock.step_s
        table |= wear_columns(section, table, recorded | ports, inputs.temperature_c, step_s)


def _events_at_end(header: RunHeader, writer: RunWriter) -> dict[str, dict[str, Any]]:
    """The table of events of every site, settled by what it drew."""
    drawn = {
        site.name: writer.recorded(f"sites/{site.name}", ["site_kw"])["site_kw"] for site in header.sites
    }
    return {site.name: site.events.columns(header.clock, drawn[site.name]) for site in header.sites}


def _outside_any_loop(work: Callable[[], Outcome]) -> Outcome:
    """Run `work` here, or in a thread of its own when this one has an event loop, as in a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return work()
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(work).result()


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder}: cannot be made: {error.strerror or error}") from error


def _write_log(path: Path, wall_s: float, warnings: Collection[str]) -> None:
    """Wall time and warnings lie beside the result: the result itself has no clock."""
    log = {"wall_s": round(wall_s, 3), "warnings": list(warnings)}
    write_whole(path.with_suffix(".log.json"), (json.dumps(log, indent=2) + "\n").encode())
