"""`cosim report RUN`: one offline HTML page about a run, and its figures as images where asked for."""

from pathlib import Path
from typing import Annotated, Literal

import typer


def report(
    run_file: Annotated[Path, typer.Argument(help="result file of a run (.h5)", show_default=False)],
    out: Annotated[Path | None, typer.Option(help="page; default beside the run")] = None,
    images: Annotated[
        Literal["png", "svg"] | None,
        typer.Option(help="also write every figure into <page>_images; needs a Chrome or Chromium"),
    ] = None,
) -> None:
    """Write one offline HTML page about a run."""
    from cosim.results.images import ImagesError
    from cosim.results.run import open_run

    done = open_run(run_file)
    page = out or done.path.with_suffix(".html")
    try:
        done.report(page, images=images)
    except ImagesError as error:  # the page is there, and that is what was asked for first
        typer.echo(f"warning: {error}", err=True)
    typer.echo(page)
