"""What a run gains, and what it pays for that, against a baseline run."""

from collections.abc import Iterator

from cosim.explain.facts import Facts
from cosim.explain.money import PAID
from cosim.explain.sentence import Number, Part, Sentence, listed, say

CENT, SMALL = 0.005, 0.05
BILLED = "billed_peak_kw"


def gain(facts: Facts) -> Iterator[Sentence]:
    """Every site that both runs have, then the transformers."""
    if facts.base is None:
        return
    for site in facts.run.sites:
        if site in facts.base.sites:
            yield from _site(facts, site)
    for name in facts.run.kpis["transformers"]:
        if name in facts.base.kpis["transformers"]:
            yield from _transformer(facts, f"transformers.{name}")


def _site(facts: Facts, site: str) -> Iterator[Sentence]:
    path, money = f"sites.{site}", facts.run.header.site(site).currency
    who: list[Part] = ["Against the baseline", *_policies(facts, site), " "]
    if money == facts.base.header.site(site).currency:  # pyright: ignore[reportOptionalMemberAccess]
        yield say(*who, *_bill(facts, site), ".")
    changes = [
        *_change(facts, f"{path}.{BILLED}", "billed peak", "kW"),
        *_change(facts, f"{path}.ev_charged_kwh", "energy charged", "kWh"),
        *_change(facts, f"{path}.import_co2_kg", "CO2 of imported energy", "kg"),
    ]
    if changes:
        yield say("At ", facts.site(site), " ", *listed(changes), ".")
    short, missing = f"{path}.sessions_short", f"{path}.missing_kwh"
    if facts.amount(short) != facts.amount(f"base.{short}") or abs(_grown(facts, missing)) >= SMALL:
        now, then = _how_short(facts, f"{path}."), _how_short(facts, f"base.{path}.")
        yield say("Left short at ", facts.site(site), ": ", *now, "; in the baseline ", *then, ".")


def _how_short(facts: Facts, path: str) -> list[Part]:
    """ "97 sessions, by 259.5 kWh together", "none"."""
    if not facts.amount(f"{path}sessions_short"):
        return ["none"]
    missing = facts.quantity(f"{path}missing_kwh", "kWh")
    return [facts.count(f"{path}sessions_short", "session"), ", by ", missing, " together"]


def _policies(facts: Facts, site: str) -> list[Part]:
    """Which policy stands against which."""
    own = f"scenario.sites[{facts.run.sites.index(site)}].policy.name"
    base = f"base.scenario.sites[{facts.base.sites.index(site)}].policy.name"  # pyright: ignore[reportOptionalMemberAccess]
    if facts.value(own) in (None, facts.value(base)):
        return [","]
    return [" (", facts.name(own), " instead of ", facts.name(base), "),"]


def _bill(facts: Facts, site: str) -> list[Part]:
    """How the bill changed and what of it is demand, energy, and every other kind."""
    path = f"sites.{site}"
    if abs(_grown(facts, f"{path}.bill_total")) < CENT:
        return ["the bill of ", facts.site(site), " is the same"]
    parts = [
        [*_apart(facts, f"{path}.{kind}", site), f" for {what}"]
        for kind, what in sorted(PAID.items(), key=lambda one: -abs(_grown(facts, f"{path}.{one[0]}")))
        if abs(_grown(facts, f"{path}.{kind}")) >= CENT
    ]
    share: list[Part] = []
    if facts.amount(f"base.{path}.bill_total") >= CENT:
        difference = _difference(facts, f"{path}.bill_total")
        share = [" (", facts.percent(f"share({difference}, base.{path}.bill_total)"), ")"]
    tail: list[Part] = [": ", *listed(parts)] if parts else []
    return [
        "the bill of ",
        facts.site(site),
        " is ",
        *_apart(facts, f"{path}.bill_total", site),
        *share,
        *tail,
    ]


def _apart(facts: Facts, path: str, site: str) -> list[Part]:
    """ "12.00 USD lower"."""
    return [facts.money(_difference(facts, path), site), f" {_way(facts, path)}"]


def _change(facts: Facts, path: str, what: str, unit: str) -> Iterator[list[Part]]:
    """ "the billed peak is 3.0 kW lower", if it changed by more than rounding."""
    if facts.value(path) is None or facts.value(f"base.{path}") is None:
        return
    apart: Number = facts.quantity(_difference(facts, path), unit)
    if apart.value >= SMALL:  # type: ignore[operator]
        yield [f"the {what} is ", apart, f" {_way(facts, path)}"]


def _transformer(facts: Facts, path: str) -> Iterator[Sentence]:
    """Loading and time above the rating, then and now."""
    loading, over = f"{path}.max_loading_percent", f"{path}.overload_minutes"
    if facts.value(loading) is None or facts.value(f"base.{loading}") is None:
        return
    if abs(_grown(facts, loading)) < SMALL and not _grown(facts, over):
        return
    now, then = _carries(facts, path), _carries(facts, f"base.{path}")
    yield say(*_which(facts, path), " carries ", *now, "; in the baseline ", *then, ".")


def _which(facts: Facts, path: str) -> list[Part]:
    """The only transformer, or its name."""
    names = list(facts.run.kpis["transformers"])
    if len(names) == 1:
        return ["The transformer"]
    return [
        "Transformer ",
        facts.name(f"header.transformers[{names.index(path.removeprefix('transformers.'))}]"),
    ]


def _carries(facts: Facts, path: str) -> list[Part]:
    """ "up to 136.3 % of its rating, above it for 14 h 15 min"."""
    highest, over = (
        facts.quantity(f"{path}.max_loading_percent", "% of its rating"),
        f"{path}.overload_minutes",
    )
    above: list[Part] = [", above it for ", facts.duration(over)] if facts.amount(over) else []
    return ["up to ", highest, *above]


def _grown(facts: Facts, path: str) -> float:
    return facts.amount(path) - facts.amount(f"base.{path}")


def _way(facts: Facts, path: str) -> str:
    return "higher" if _grown(facts, path) > 0.0 else "lower"


def _difference(facts: Facts, path: str) -> str:
    """Path of the size of the change, never negative; what one of the runs does not have counts as 0."""
    base, grown = f"base.{path}", _grown(facts, path) > 0.0
    if facts.value(base) is None:
        return path if grown else f"minus({path})"
    if facts.value(path) is None:
        return f"minus({base})" if grown else base
    return f"difference({path}, {base})" if grown else f"difference({base}, {path})"
