"""`cosim export ocpp` and `cosim export openadr`: a run in the words of two standards."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sims.faults import Fault, ScenarioError, nearest

if TYPE_CHECKING:
    from cosim.results.run import Run

RunFile = Annotated[Path, typer.Argument(help="result file of a run (.h5)", show_default=False)]
SiteName = Annotated[str | None, typer.Option("--site", help="site; may be left out when there is one")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="replace what exists")]


def export_ocpp_(
    run_file: RunFile,
    site: SiteName = None,
    out: Annotated[Path | None, typer.Option(help="JSON file; default beside the run")] = None,
    overwrite: Overwrite = False,
) -> None:
    """Write the setpoints of a site as OCPP 2.1 charging profiles, one a port and day."""
    from cosim.ocpp_profiles import export_ocpp
    from cosim.results.run import open_run

    done = open_run(run_file)
    typer.echo(export_ocpp(done, _site_of(done, site), out, overwrite=overwrite))


def export_openadr_(
    run_file: RunFile,
    site: Annotated[str | None, typer.Option("--site", help="only this site")] = None,
    out: Annotated[Path | None, typer.Option(help="folder; default <run>_openadr beside the run")] = None,
    overwrite: Overwrite = False,
) -> None:
    """Write the demand-response events of a run and their settlements as OpenADR 3.1 events and reports."""
    from cosim.openadr_export import export_openadr
    from cosim.results.run import open_run

    done = open_run(run_file)
    chosen = None if site is None else _site_of(done, site)
    for path in export_openadr(done, chosen, out, overwrite=overwrite):
        typer.echo(path)


def _site_of(done: "Run", given: str | None) -> str:
    """The site that was named, or the only one."""
    if given in done.sites:
        return given
    if given is None and len(done.sites) == 1:
        return done.sites[0]
    what = f'"{given}": no such site; {nearest(given, done.sites)}' if given else _which(done)
    raise ScenarioError([Fault("S26", "--site", what)])


def _which(done: "Run") -> str:
    return f"the run has {len(done.sites)} sites; name one of {', '.join(done.sites)}"
