"""`cosim hosting-capacity`: options, progress and table of the search in `cosim/hosting.py`."""

import json
from dataclasses import asdict
from enum import StrEnum
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from cosim.hosting import Capacity, Use


class Scaled(StrEnum):
    """What the search makes larger."""

    ports = "ports"
    kw = "kw"


def hosting_capacity(
    scenario: Annotated[Path, typer.Argument(help="scenario file (TOML)", show_default=False)],
    policy: Annotated[
        list[str] | None,
        typer.Option(help="policies to compare; default: the scenario's", show_default=False),
    ] = None,
    site: Annotated[str | None, typer.Option(help="site whose fleet is scaled; default: the first")] = None,
    scale: Annotated[
        Scaled, typer.Option(help="ports with their sessions, or kW of all ports")
    ] = Scaled.ports,
    most: Annotated[int | None, typer.Option(help="end of the search; default 16 x the own fleet")] = None,
    resolution: Annotated[int, typer.Option(help="uncertainty that is left [ports or kW]")] = 1,
    loading_percent: Annotated[float, typer.Option(help="limit of lines and transformers [%]")] = 100.0,
    vm_min_pu: Annotated[float, typer.Option(help="lowest voltage [pu]")] = 0.9,
    vm_max_pu: Annotated[float, typer.Option(help="highest voltage [pu]")] = 1.1,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", help="override a key of the scenario", show_default=False)
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="folder of the runs; default results/<name>_hosting")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Find the largest fleet the feeder carries before a limit is broken, by bisection over whole runs."""
    from cosim.hosting import Limits
    from cosim.hosting import hosting_capacity as search
    from cosim.scenario.inputs import load_checked, read_inputs

    limits = Limits(loading_percent, vm_min_pu, vm_max_pu)
    chosen = list(overrides or ())
    first = load_checked(scenario, chosen)
    name = site or first.sites[0].name
    folder = out or Path("results") / f"{first.name}_hosting"
    folder.mkdir(parents=True, exist_ok=True)
    found: list[Capacity] = []
    for wanted in policy or [None]:
        named = [] if wanted is None else [f"sites.{name}.policy.name={wanted}"]
        inputs = read_inputs(load_checked(scenario, [*chosen, *named]))
        found.append(
            search(inputs, name, folder, scale=scale.value, limits=limits, most=most, resolution=resolution,
                   report=lambda size, use: _tell(size, scale, use))
        )  # fmt: skip
    if as_json:
        capacities = [_plain(asdict(capacity)) for capacity in found]
        said = {"site": name, "limits": asdict(limits), "folder": str(folder), "capacities": capacities}
        typer.echo(json.dumps(said, indent=2))
        return
    for capacity in found:
        typer.echo(_sentence(capacity))
    typer.echo(str(folder))


def _plain(value: object) -> object:
    """The same without infinite and unknown numbers, which JSON does not have."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    return None if isinstance(value, float) and not isfinite(value) else value


def _tell(size: int, scale: Scaled, use: "Use") -> None:
    """One line of progress a run."""
    verdict = "holds" if use.share <= 1.0 else "breaks"
    typer.echo(f"  {size:6d} {scale.value}: {verdict}, {_described(use)}", err=True)


def _sentence(capacity: "Capacity") -> str:
    found, unit = capacity.found, capacity.scale
    if capacity.holds is None:
        return f"{capacity.policy}: none; without any port {_described(capacity.breaks)}"
    text = f"{capacity.policy}: {found.holds} {unit} hold, {_described(capacity.holds)}"
    if capacity.breaks is None:
        return f"{text}; no limit was found up to there"
    text += f"; {found.breaks} {unit} break, {_described(capacity.breaks)}"
    if not found.monotone:
        held = max(size for size, good in found.tried.items() if good)
        text += f"; not monotone: {held} {unit} would hold again"
    return text


def _described(use: "Use | None") -> str:
    if use is None:
        return ""
    reached = "" if use.value != use.value else f" at {use.value:.4g} {use.unit}"
    return f"{use.element}{reached}, {use.at}"
