"""The whole text, or that of one figure."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from cosim.explain.caveats import caveats, intro
from cosim.explain.facts import Facts
from cosim.explain.feeder import network
from cosim.explain.figures import of_figure
from cosim.explain.gain import gain
from cosim.explain.heat import heat
from cosim.explain.money import bill
from cosim.explain.outside import co2, events, prices
from cosim.explain.peak import peak
from cosim.explain.sentence import Sentence, listed, say
from cosim.explain.service import charging, service
from sims.faults import Fault, ScenarioError

if TYPE_CHECKING:
    from cosim.results.run import Run

MOST_SITES = 2
"""More sites than this are not told one by one."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Sentences about a run; printed one a line."""

    sentences: tuple[Sentence, ...]

    @property
    def text(self) -> str:
        """One sentence a line."""
        return "\n".join(sentence.text for sentence in self.sentences)

    def as_dict(self) -> dict[str, Any]:
        """Sentences with their numbers, ready for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return "".join(f"<p>{escape(sentence.text)}</p>" for sentence in self.sentences)


def explain(run: "Run", figure: str | None = None, against: "Run | None" = None) -> Explanation:
    """Explain a run in plain words.

    Parameters
    ----------
    run : Run
        The run.
    figure : str, optional
        Name of one figure of the run (`figures_of`), to explain that alone.
    against : Run, optional
        Run of the same time to compare it with, for example with another policy.

    Returns
    -------
    Explanation
        Sentences by rules, every number with its path in the run.

    Raises
    ------
    ScenarioError
        No such figure, or a baseline of another time or without a site in common.
    """
    if against is not None:
        _check_comparable(run, against)
    facts = Facts(run, against)
    sentences = _everything(facts) if figure is None else of_figure(facts, figure)
    return Explanation(tuple(sentences))


def _everything(facts: Facts) -> Iterator[Sentence]:
    yield from intro(facts)
    yield from gain(facts)
    yield from _all_sites(facts)
    for site in _told_in_full(facts):
        for topic in (bill, peak, service, charging, events, prices, co2):
            yield from topic(facts, site)
    yield from _worst_service(facts)
    yield from network(facts)
    yield from heat(facts)
    yield from caveats(facts)


def _all_sites(facts: Facts) -> Iterator[Sentence]:
    """Sums over the sites, of a run of many."""
    if len(facts.run.sites) <= MOST_SITES:
        return
    path, parts = "totals", []
    if facts.value(f"{path}.bill_total") is not None:
        first = facts.run.sites[0]
        parts.append(["together pay ", facts.money(f"{path}.bill_total", first)])
    parts.append(["charge ", facts.quantity(f"{path}.ev_charged_kwh", "kWh")])
    parts.append(
        [
            "leave ",
            facts.count(f"{path}.sessions_short"),
            " of ",
            facts.count(f"{path}.sessions_connected", "session"),
            " short",
        ]
    )
    yield say("The ", facts.count("count(header.sites)", "site"), " ", *listed(parts), ".")
    (named,) = _told_in_full(facts)
    yield say("In detail here: ", facts.site(named), ", the site with the highest power.")


def _worst_service(facts: Facts) -> Iterator[Sentence]:
    """Service of the site that lacks most, where it is not told of already."""
    missing = {site: facts.amount(f"sites.{site}.missing_kwh") for site in facts.run.sites}
    worst = max(missing, key=lambda site: missing[site], default=None)
    if worst is not None and missing[worst] > 0.0 and worst not in _told_in_full(facts):
        yield from service(facts, worst)


def _told_in_full(facts: Facts) -> tuple[str, ...]:
    """All sites of a run of few, else the one that draws most."""
    sites = facts.run.sites
    if len(sites) <= MOST_SITES:
        return sites
    return (max(sites, key=lambda one: facts.amount(f"sites.{one}.peak_kw")),)


def _check_comparable(run: "Run", base: "Run") -> None:
    """Sums over other times, or of other sites, are no comparison."""
    span, other = ((one.clock.start_s, one.clock.end_s) for one in (run, base))
    if span != other:
        what = f"covers another time than {run.path}: only runs of the same time are compared"
        raise ScenarioError([Fault("S26", f"--against {base.path}", what)])
    if not set(run.sites) & set(base.sites):
        what = f"has the sites {', '.join(base.sites) or 'none'}, the run {', '.join(run.sites) or 'none'}"
        raise ScenarioError([Fault("S26", f"--against {base.path}", what)])
