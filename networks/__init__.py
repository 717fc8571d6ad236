"""Feeders that come with gridpark: one builder a file, imported only when its network is asked for.

A builder file has one public function, `build(**options) -> pandapowerNet`, whose signature is the list
of options a scenario may give.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pandapower.auxiliary import pandapowerNet


@dataclass(frozen=True, slots=True)
class Shipped:
    """What is said of a shipped network without building it; a test holds it against the built one.

    Parameters
    ----------
    description : str
        What it is, one line.
    buses : int
        Buses of the network as built without options [-].
    transformers_kva : tuple of float
        Rated power of each transformer, in the order of its table [kVA].
    source, licence : str
        Where it comes from, and under which terms.
    placeholder_ratings : bool
        Whether its lines have a placeholder for a rating: their loading means nothing, a run warns of it.
    """

    description: str
    buses: int
    transformers_kva: tuple[float, ...]
    source: str
    licence: str
    placeholder_ratings: bool = False


BSD = "BSD-3-Clause, as pandapower"

SHIPPED: dict[str, Shipped] = {
    "office_site": Shipped(
        description="an office with a car park behind its own 20/0.4 kV transformer",
        buses=5,
        transformers_kva=(250.0,),
        source="made for gridpark from pandapower's standard types",
        licence="MIT, as gridpark",
    ),
    "cigre_lv": Shipped(
        description="European benchmark: a residential, an industrial and a commercial feeder",
        buses=44,
        transformers_kva=(500.0, 150.0, 300.0),
        source="CIGRE Task Force C6.04.02, Technical Brochure 575 (2014), as in pandapower",
        licence=BSD,
        placeholder_ratings=True,
    ),
    "schutterwald": Shipped(
        description="one of 14 feeders of a real town (feeder = 1 .. 14), or all 2,940 buses (feeder = 0)",
        buses=62,
        transformers_kva=(250.0,),
        source="lv_schutterwald of pandapower, doi:10.3390/en13164052",
        licence=BSD,
    ),
    "kerber_village": Shipped(
        description="a typical village feeder, 57 households on cables",
        buses=116,
        transformers_kva=(400.0,),
        source="G. Kerber, dissertation TU Muenchen (2011), as in pandapower",
        licence=BSD,
    ),
    "kerber_suburb": Shipped(
        description="a typical suburban feeder, 146 households on cables",
        buses=294,
        transformers_kva=(630.0,),
        source="G. Kerber, dissertation TU Muenchen (2011), as in pandapower",
        licence=BSD,
    ),
    "ieee_european_lv": Shipped(
        description="British suburban feeder, 55 houses on one phase each, zero-sequence data",
        buses=907,
        transformers_kva=(800.0,),
        source="IEEE PES European Low Voltage Test Feeder, as in pandapower",
        licence=BSD,
        placeholder_ratings=True,
    ),
}


def builder(name: str) -> "Callable[..., pandapowerNet]":
    """Builder of a shipped network; `name` is one of `SHIPPED`, anything else is a KeyError."""
    if name not in SHIPPED:
        raise KeyError(name)
    return import_module(f"networks.{name}").build


def catalogue() -> dict[str, str]:
    """One line a shipped network, its columns aligned: buses, transformers, ratings, what it is, source."""
    cells = {name: _cells(shipped) for name, shipped in SHIPPED.items()}
    widths = [max(map(len, column)) for column in zip(*cells.values(), strict=True)]
    return {
        name: f"{buses:>{widths[0]}}  {transformers:<{widths[1]}}  {description}; {source}"
        for name, (buses, transformers, description, source) in cells.items()
    }


def _cells(shipped: Shipped) -> tuple[str, str, str, str]:
    ratings = " + ".join(f"{kva:g}" for kva in shipped.transformers_kva)
    count = len(shipped.transformers_kva)
    described = shipped.description
    if shipped.placeholder_ratings:
        described += " (placeholder line ratings)"
    return (
        f"{shipped.buses:,} buses",
        f"{count} transformer{'' if count == 1 else 's'}, {ratings} kVA",
        described,
        shipped.source,
    )
