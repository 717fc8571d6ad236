"""`cosim report RUN|STUDY`: one offline HTML page about it, and its figures as images where asked for."""

from pathlib import Path
from typing import Annotated, Literal

import typer


def report(
    run_file: Annotated[
        Path, typer.Argument(help="result file of a run (.h5), or folder of a study", show_default=False)
    ],
    out: Annotated[Path | None, typer.Option(help="page; default beside the run, or in the study")] = None,
    images: Annotated[
        Literal["png", "svg"] | None,
        typer.Option(help="also write every figure into <page>_images; needs a Chrome or Chromium"),
    ] = None,
) -> None:
    """Write one offline HTML page about a run or a study."""
    from cosim.results.pages.images import ImagesError
    from cosim.results.run import open_run
    from cosim.study.study import open_study

    if run_file.is_dir():
        done, page = open_study(run_file), out or run_file / "report.html"
    else:
        done, page = open_run(run_file), out or run_file.with_suffix(".html")
    try:
        done.report(page, images=images)
    except ImagesError as error:  # the page is there, and that is what was asked for first
        typer.echo(f"warning: {error}", err=True)
    typer.echo(page)
