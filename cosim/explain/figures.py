"""Which sentences belong to which figure of a run."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from cosim.explain.facts import Facts
from cosim.explain.feeder import network, transformers, voltages
from cosim.explain.heat import heat
from cosim.explain.money import bill, cars
from cosim.explain.outside import co2, events, prices
from cosim.explain.peak import peak
from cosim.explain.sentence import Sentence, say
from cosim.explain.service import charging, energy, service
from sims.faults import Fault, ScenarioError, nearest

if TYPE_CHECKING:
    from cosim.results.run import Run

OfSite = Callable[[Facts, str], Iterator[Sentence]]
OfRun = Callable[[Facts], Iterator[Sentence]]

OF_SITES: Mapping[str, tuple[OfSite, ...]] = {
    "site": (peak,),
    "energy": (energy,),
    "duration": (peak,),
    "bill": (bill,),
    "car_costs": (cars,),
    "prices": (prices, co2),
    "event": (events,),
    "rates": (charging, peak),
    "occupancy": (charging, service),
    "soc": (service,),
    "availability": (charging, service),
}
OF_RUN: Mapping[str, tuple[OfRun, ...]] = {
    "transformer": (transformers,),
    "loading_duration": (transformers,),
    "heat": (heat,),
    "voltages": (voltages,),
    "network": (network,),
}
FIGURES = (*OF_SITES, *OF_RUN)
"""The figures a run can have: `Run.plot_<name>` draws them."""


def figures_of(run: "Run") -> list[str]:
    """Names of the figures a run has."""
    lacking = {
        "heat": "thermal" not in run.header.features,
        "event": not any(figures["events"] for figures in run.kpis["sites"].values()),
        "network": not run.has_network,
        "transformer": not run.header.transformers,
        "loading_duration": not run.header.transformers,
    }
    drawn = [name for name in FIGURES if hasattr(run, f"plot_{name}")]
    return [name for name in drawn if not lacking.get(name, False)]


def of_figure(facts: Facts, name: str) -> Iterator[Sentence]:
    """Sentences about one figure, of every site where it is one of a site.

    Raises
    ------
    ScenarioError
        The run has no figure of that name.
    """
    known = figures_of(facts.run)
    if name not in known:
        what = f'"{name}": the run has no such figure; {nearest(name, known)}'
        raise ScenarioError([Fault("S26", "--figure", what)])
    told = list(_told(facts, name))
    yield from told or [say("The figure shows nothing that numbers of this run could explain.")]


def _told(facts: Facts, name: str) -> Iterator[Sentence]:
    for topic in OF_RUN.get(name, ()):
        yield from topic(facts)
    for site in facts.run.sites if name in OF_SITES else ():
        for of_site in OF_SITES[name]:
            yield from of_site(facts, site)
