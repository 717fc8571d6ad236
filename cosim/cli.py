"""The command line: `cosim check|run|kpis|events|report|verify|bill|tariff|export|schema|list|...`."""

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from cosim.cli_bill import bill_load_file
from cosim.cli_compare import compare_
from cosim.cli_events import events
from cosim.cli_exchange import export_ocpp_, export_openadr_
from cosim.cli_explain import explain
from cosim.cli_hosting import hosting_capacity
from cosim.cli_init import init
from cosim.cli_report import report
from cosim.cli_sweep import sweep
from cosim.cli_tariff import tariff_app
from cosim.cli_tariff_import import import_tariff
from cosim.cli_tariff_show import tariff_show
from cosim.cli_verify import verify
from cosim.step_timeout import STEP_TIMEOUT_S, parse_step_timeout
from sims.faults import Fault, GridparkError, ScenarioError, StoreError, nearest

if TYPE_CHECKING:
    from cosim.results.run import Run

UNEXPECTED = 1
SAME_PU = 1e-6
DEGRADED = 7
INTERRUPTED = 130

EXITS = (
    "Exit codes: 0 done; 2 scenario, study or usage; 3 data file; 4 simulator or policy; 5 result file "
    "or disk; 6 study with failed cases; 7 degraded, with --strict; 130 interrupted, can be resumed; "
    "1 a defect of gridpark."
)
START, RUN, READ, ASK = "Start", "Run", "Read results", "Without a run"
"""Panels of `cosim --help`."""

options = {"debug": False}

app = typer.Typer(
    help="Co-simulate EV parking, buildings and the low-voltage feeder that carries them.",
    epilog=EXITS,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

export_app = typer.Typer(help="Write what a run holds in the form of another tool.", no_args_is_help=True)
app.add_typer(export_app, name="export", rich_help_panel=READ)

ScenarioPath = Annotated[Path, typer.Argument(help="scenario file (TOML)", show_default=False)]
RunPath = Annotated[Path, typer.Argument(help="result file of a run (.h5)", show_default=False)]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", help="override a key: sites.office.policy.name=llf", show_default=False),
]
AllowCode = Annotated[
    bool, typer.Option("--allow-code", help="let the scenario name Python code (module:Class)")
]
YesLarge = Annotated[bool, typer.Option("--yes-large", help="run a scenario above the usual size limit")]
AsJson = Annotated[bool, typer.Option("--json", help="print one JSON object")]


@app.callback()
def start(
    debug: Annotated[bool, typer.Option("--debug", help="show the traceback of an error")] = False,
) -> None:
    """Options of all commands."""
    options["debug"] = debug


@contextmanager
def ending_well() -> Iterator[None]:
    """Around a command: every error is one clear message and its exit code."""
    try:
        yield
    except KeyboardInterrupt as error:
        _end(_with_notes("interrupted", error), INTERRUPTED)
    except BrokenPipeError:  # the reader has seen enough: nothing more can be said, not even at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except GridparkError as error:
        _end(_with_notes(str(error), error), error.exit_code)
    except OSError as error:
        what = f"{error.filename or 'disk'}: {error.strerror or error}"
        _end(_with_notes(what, error), StoreError.exit_code)
    except MemoryError as error:
        what = "out of memory; fewer days or longer steps need less"
        _end(_with_notes(what, error), StoreError.exit_code)
    except typer.Exit:
        raise
    except Exception as error:  # a defect of ours
        what = f"unexpected {type(error).__name__}: {error}"
        _end(f"{what}\nplease report this with the output of `cosim --debug ...`", UNEXPECTED)


def _with_notes(message: str, error: BaseException) -> str:
    """A message and what was added to its error on the way, as how to resume; one line each."""
    return "\n".join([message, *getattr(error, "__notes__", ())])


def _end(message: str, exit_code: int) -> NoReturn:
    if options["debug"]:
        traceback.print_exc()
    with suppress(BrokenPipeError):  # nobody reads it: the exit code still tells
        typer.echo(message, err=True)
    raise typer.Exit(exit_code)


@app.command(rich_help_panel=START)
@ending_well()
def check(
    scenario: ScenarioPath,
    overrides: Overrides = None,
    allow_code: AllowCode = False,
    yes_large: YesLarge = False,
) -> None:
    """Read a scenario with all its data and say everything that is wrong, without running it."""
    from cosim.scenario.inputs import load_checked, read_inputs

    asked = {"allow_code": allow_code, "yes_large": yes_large}
    inputs = read_inputs(load_checked(scenario, overrides or (), **asked), **asked)
    for warning in inputs.warnings:
        typer.echo(f"warning: {warning}", err=True)
    clock = inputs.clock
    typer.echo(f"{scenario}: {clock.n_steps} steps of {clock.step_s // 60} min from "
               f"{clock.local_time(clock.start_s).isoformat()}, {len(inputs.net.bus)} buses")  # fmt: skip
    for site in inputs.sites:
        typer.echo(
            f"  {site.site.name}: {len(site.ports)} ports, {len(site.sessions)} sessions, building peak "
            f"{site.building_kw.max(initial=0.0):.1f} kW, policy {site.site.policy.name}"
            + ("" if site.events is None else f", {len(site.events.events)} events")
        )


@app.command(rich_help_panel=RUN)
@ending_well()
def run(
    scenario: Annotated[Path | None, typer.Argument(help="scenario file (TOML)", show_default=False)] = None,
    out: Annotated[Path | None, typer.Option(help="result file; default results/<name>.h5")] = None,
    resume: Annotated[
        Path | None,
        typer.Option(help="go on with an unfinished run instead: its result file or `.parts` folder"),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="resume although files or programs have changed")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="replace an existing result")] = False,
    overrides: Overrides = None,
    allow_code: AllowCode = False,
    yes_large: YesLarge = False,
    strict: Annotated[bool, typer.Option("--strict", help="exit 7 when steps were degraded")] = False,
    step_timeout: Annotated[
        str, typer.Option(help='seconds a simulator or policy may be silent in a step, or "off"')
    ] = f"{STEP_TIMEOUT_S:g}",
    as_json: AsJson = False,
) -> None:
    """Simulate a scenario: a result file, its key figures, and what was noticed."""
    from cosim.resuming import resume as go_on
    from cosim.runner import run as simulate
    from cosim.scenario.inputs import load_checked

    code = {"allow_code": allow_code, "yes_large": yes_large}
    with _progress() as progress:
        if scenario is not None and resume is None and not force:
            done = simulate(
                load_checked(scenario, overrides or (), **code),
                out,
                overwrite=overwrite,
                allow_code=allow_code,
                yes_large=yes_large,
                progress=progress,
                step_timeout_s=parse_step_timeout(step_timeout),
            )
        elif resume is not None and not any((scenario, out, overwrite, overrides, *code.values())):
            done = go_on(resume, force=force, progress=progress)
        else:
            what = "takes a scenario and its options, or --resume and no more than --force; for example "
            what += "`cosim run office_v2b.toml`"
            raise ScenarioError([Fault("R02", "cosim run", what)])
    _show(done, done.warnings, as_json=as_json)
    if strict and done.degraded:
        raise typer.Exit(DEGRADED)


@app.command(rich_help_panel=READ)
@ending_well()
def kpis(
    run_file: RunPath,
    every: Annotated[bool, typer.Option("--all", help="all key figures, not only the usual ones")] = False,
    elements: Annotated[
        str | None, typer.Option(help="instead one row for each of: buses, lines, transformers")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print the key figures of a run."""
    from cosim.results.run import open_run

    done = open_run(run_file)
    if elements is not None:
        _show_elements(done, elements, as_json=as_json)
        return
    _show(done, [*done.degraded, *done.alarms], as_json=as_json, every=every)


@export_app.command(name="network")
@ending_well()
def export_network_(
    run_file: RunPath,
    at: Annotated[str, typer.Option(help="local time of the run, for example 2019-06-03T14:00")],
    out: Annotated[Path | None, typer.Option(help="JSON file; default beside the run")] = None,
    folder: Annotated[
        Path | None, typer.Option(help="folder of the scenario, where its network or background is a file")
    ] = None,
) -> None:
    """Write the network of one step as pandapower JSON, ports as one storage a bus."""
    from cosim.export import export_network
    from cosim.results.run import open_run

    done = open_run(run_file)
    written = export_network(done, at, out, folder)
    typer.echo(written.path)
    if not written.apart_pu <= SAME_PU:
        told = f"the voltages of runpp and of the run differ by {written.apart_pu:.1e} pu"
        typer.echo(f"warning: {told}", err=True)


@app.command(rich_help_panel=START)
@ending_well()
def schema() -> None:
    """Print the JSON Schema of the scenario file."""
    from cosim.scenario.schema import Scenario

    typer.echo(json.dumps(Scenario.model_json_schema(), indent=2))


@app.command(name="list", rich_help_panel=START)
@ending_well()
def list_(
    what: Annotated[
        str,
        typer.Argument(help="policies, tariffs, programmes, profiles, networks, assignments or vehicles"),
    ],
) -> None:
    """List what a scenario can name, one line each."""
    if what not in CATALOGUES:
        unknown = f'"{what}": no such list; {nearest(what, CATALOGUES)}'
        raise ScenarioError([Fault("S26", "cosim list", unknown)])
    listed = CATALOGUES[what]()
    width = max(map(len, listed))
    for name, line in listed.items():
        typer.echo(f"{name:{width}}  {line}")


app.command(name="hosting-capacity", rich_help_panel=RUN)(ending_well()(hosting_capacity))
tariff_app.command(name="import")(ending_well()(import_tariff))
app.command(name="bill", rich_help_panel=ASK)(ending_well()(bill_load_file))
tariff_app.command(name="show")(ending_well()(tariff_show))
app.add_typer(tariff_app, name="tariff", rich_help_panel=ASK)
app.command(rich_help_panel=READ)(ending_well()(events))
app.command(rich_help_panel=READ)(ending_well()(report))
app.command(rich_help_panel=READ)(ending_well()(verify))
app.command(rich_help_panel=READ)(ending_well()(explain))
app.command(rich_help_panel=RUN)(ending_well()(sweep))
app.command(rich_help_panel=START)(ending_well()(init))
export_app.command(name="ocpp")(ending_well()(export_ocpp_))
export_app.command(name="openadr")(ending_well()(export_openadr_))
app.command(name="compare", rich_help_panel=READ)(ending_well()(compare_))


def main() -> None:
    """Run the command line; `--debug` may stand anywhere."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    given = sys.argv[1:]
    wanted = [word for word in given if word != "--debug"]
    app(["--debug", *wanted] if len(wanted) < len(given) else given)


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None] | None]:
    """A bar on a terminal, nothing otherwise."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = ("steps", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("steps", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total) if done % 16 == 0 else None


def _show(done: "Run", warnings: list[str], *, as_json: bool, every: bool = False) -> None:
    """The figures of a run and where it lies on standard output, warnings on standard error."""
    if as_json:
        typer.echo(json.dumps({"kpis": done.kpis, "path": str(done.path), "warnings": warnings}, indent=2))
        return
    from cosim.printed import every_figure, summary

    for line in every_figure(done) if every else summary(done):
        typer.echo(line)
    typer.echo("")
    for warning in warnings:
        typer.echo(f"warning: {warning}", err=True)
    typer.echo(str(done.path))


def _show_elements(done: "Run", kind: str, *, as_json: bool) -> None:
    """Voltages or loadings of every element of a kind."""
    from cosim.results.elements import ELEMENTS

    if kind not in ELEMENTS:
        what = f'"{kind}": no such elements; {nearest(kind, ELEMENTS)}'
        raise ScenarioError([Fault("S26", "--elements", what)])
    table = done.elements(kind)
    typer.echo(table.to_json(orient="records", indent=2) if as_json else table.to_string(index=False))


def _policies() -> dict[str, str]:
    from sims.control.registry import POLICIES

    return {name: _first_line(policy) for name, policy in POLICIES.items()}


def _tariffs() -> dict[str, str]:
    from sims.signals.tariffs.files import list_tariffs, load_tariff

    return {name: load_tariff(name, Path()).label for name in list_tariffs()}


def _programmes() -> dict[str, str]:
    from sims.signals.response.programme_files import list_programmes, load_programme

    return {name: load_programme(name, Path()).label for name in list_programmes()}


def _profiles() -> dict[str, str]:
    from sims.signals.market.day_profiles import list_profiles, load_profile

    return {name: load_profile(name, q).label for q in ("price", "co2") for name in list_profiles(q)}


def _networks() -> dict[str, str]:
    from networks import catalogue

    return catalogue()


def _assignments() -> dict[str, str]:
    from sims.fleet.evse import ASSIGNMENTS

    return {name: _first_line(rule) for name, rule in ASSIGNMENTS.items()}


def _vehicles() -> dict[str, str]:
    from sims.fleet.catalogue import catalogue

    return {name: model.label for name, model in catalogue().items()}


def _first_line(described: object) -> str:
    return (described.__doc__ or "").strip().splitlines()[0]


CATALOGUES: dict[str, Callable[[], dict[str, str]]] = {
    "policies": _policies,
    "tariffs": _tariffs,
    "programmes": _programmes,
    "profiles": _profiles,
    "networks": _networks,
    "assignments": _assignments,
    "vehicles": _vehicles,
}
