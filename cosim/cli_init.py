"""`cosim init`: a folder to start from, copied out of the installed package."""

from pathlib import Path
from typing import Annotated

import typer

from sims.faults import Fault, ScenarioError, StoreError, nearest


def init(
    folder: Annotated[Path, typer.Argument(help="folder to write; made if absent", show_default=False)],
    scenario: Annotated[
        list[str] | None,
        typer.Option(help="example to copy instead of the office; may be repeated", show_default=False),
    ] = None,
) -> None:
    """Write a starter folder: scenarios that run, their data and its licences, a template, a script."""
    from cosim.results.disk import write_whole
    from cosim.starter import starter_files

    asked = scenario or []
    _refuse_unknown(asked)
    files = starter_files(asked)
    _refuse_existing(folder, files)
    for place, source in files.items():
        target = folder / place
        target.parent.mkdir(parents=True, exist_ok=True)
        write_whole(target, source.read_bytes())
    first = next(iter(files))
    typer.echo(f"{folder}: {len(files)} files; whom to cite for the data stands in NOTICE\n")
    for line in (f"cd {folder}", f"cosim check {first}", f"cosim run {first}"):
        typer.echo(f"    {line}")
    typer.echo(f"    cosim report results/{Path(first).stem}.h5")


def _refuse_unknown(asked: list[str]) -> None:
    from cosim.starter import example_names

    names = example_names()
    faults = [
        Fault("S26", f"--scenario {name}", f"no such example; {nearest(name, names)}")
        for name in asked
        if name not in names
    ]
    if faults:
        raise ScenarioError(faults)


def _refuse_existing(folder: Path, files: dict[str, Path]) -> None:
    """Nothing of the user's is ever replaced."""
    if folder.exists() and not folder.is_dir():
        raise StoreError(f"{folder}: is a file; name a folder")
    there = [place for place in files if (folder / place).exists()]
    if there:
        shown = ", ".join(there[:5]) + (" ..." if len(there) > 5 else "")
        what = f"{folder}: {len(there)} of the {len(files)} files exist already and are kept: {shown}"
        raise StoreError(f"{what}; name another folder")
