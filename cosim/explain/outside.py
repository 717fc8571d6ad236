"""What comes from outside: prices, CO2 and demand-response events."""

from collections.abc import Iterator

from cosim.explain.facts import Facts
from cosim.explain.sentence import Part, Sentence, say

SMALL_KWH = 0.05
MOST_EVENTS = 3
CENT = 0.005


def prices(facts: Facts, site: str) -> Iterator[Sentence]:
    """The range of the price, and what charging paid against it."""
    price = f"signals.{facts.run.header.site(site).signals}.price_per_kwh"
    low, high, mean = (facts.money(f"{of}({price})", site, "/kWh") for of in ("min", "max", "mean"))
    if low.text == high.text:
        yield say("Energy at ", facts.site(site), " costs ", mean, " at all hours.")
        return
    paid = f"quotient(sites.{site}.ev_energy_cost, sites.{site}.ev_charged_kwh)"
    tail: list[Part] = []
    # what is given back is worth money too: then the quotient is no price
    charged, back = (facts.amount(f"sites.{site}.ev_{way}_kwh") for way in ("charged", "discharged"))
    if charged >= SMALL_KWH and back < charged / 100.0 and facts.amount(paid) > 0.0:
        tail = ["; the cars paid ", facts.money(paid, site, "/kWh")]
    yield say(
        "Energy at ",
        facts.site(site),
        " costs ",
        low,
        " to ",
        high,
        ", ",
        mean,
        " in the mean of all hours",
        *tail,
        ".",
    )


def co2(facts: Facts, site: str) -> Iterator[Sentence]:
    """What the cars emit, per kWh against the mean of all hours, and its cost."""
    path, charged = f"sites.{site}", f"sites.{site}.ev_charged_kwh"
    intensity = f"signals.{facts.run.header.site(site).signals}.co2_g_per_kwh"
    if not facts.amount(f"{path}.import_co2_kg") or not facts.amount(charged) > SMALL_KWH:
        return
    each: list[Part] = []
    if facts.amount(f"{path}.ev_discharged_kwh") < facts.amount(charged) / 100.0:
        mean = facts.quantity(f"mean({intensity})", "g/kWh")
        own = facts.quantity(f"grams_per_kwh({path}.ev_co2_kg, {charged})", "g/kWh")
        each = [", ", own, " against ", mean, " in the mean of all hours"]
    others: list[Part] = []
    if facts.amount(f"{path}.building_co2_kg") >= 1.0:
        others = ["; the building adds ", facts.quantity(f"{path}.building_co2_kg", "kg")]
    yield say(
        "Charging at ",
        facts.site(site),
        " emits ",
        facts.quantity(f"{path}.ev_co2_kg", "kg"),
        " of CO2",
        *each,
        *others,
        ".",
    )
    if facts.amount(f"{path}.co2_cost") >= CENT:
        cost = facts.money(f"{path}.co2_cost", site)
        yield say("At the price given to CO2, what it imports is worth ", cost, " more, which is on no bill.")


def events(facts: Facts, site: str) -> Iterator[Sentence]:
    """What the first few events came to, and all of them together."""
    path, total = f"sites.{site}", facts.amount(f"sites.{site}.events")
    if not total:
        return
    for event_id in facts.at_path.table("events", site)["event_id"].head(MOST_EVENTS):
        yield _event(facts, site, f"events.{site}[{event_id}]")
    if total > 1:
        yield say(
            "All ",
            facts.count(f"{path}.events", "event"),
            " at ",
            facts.site(site),
            " together paid ",
            facts.money(f"{path}.event_payment", site),
            " and cost ",
            facts.money(f"{path}.event_penalty", site),
            " of penalties.",
        )


def _event(facts: Facts, site: str, path: str) -> Sentence:
    """One event: what was drawn against what, and what that brought."""
    load = facts.quantity(f"{path}.load_kwh", "kWh")
    head: list[Part] = [
        "In event ",
        facts.name(f"{path}.event_id"),
        " of ",
        facts.name(f"{path}.programme"),
        " (from ",
        facts.time(f"{path}.start"),
        " to ",
        facts.time(f"{path}.end"),
        ", told ",
        facts.time(f"{path}.notice"),
        ") ",
        facts.site(site),
        " drew ",
        load,
    ]
    if facts.value(f"{path}.kind") == "limit" and facts.value(f"{path}.value") is not None:
        cap = facts.quantity(f"{path}.value", "kW")
        kept: list[Part] = [" and kept to its cap of ", cap]
        if facts.amount(f"{path}.excess_kwh") >= SMALL_KWH:
            kept = [", ", facts.quantity(f"{path}.excess_kwh", "kWh"), " of it above its cap of ", cap]
        head += kept
    elif facts.value(f"{path}.baseline_kwh") is not None:
        head += [" against a baseline of ", facts.quantity(f"{path}.baseline_kwh", "kWh")]
    return say(*head, *_outcome(facts, site, path), ".")


def _outcome(facts: Facts, site: str, path: str) -> list[Part]:
    if facts.amount(f"{path}.penalty") >= CENT:
        return [": a penalty of ", facts.money(f"{path}.penalty", site)]
    if facts.amount(f"{path}.payment") >= CENT:
        less = facts.quantity(f"{path}.reduction_kwh", "kWh")
        return [": ", less, " less earned ", facts.money(f"{path}.payment", site)]
    if facts.value(f"{path}.reason"):
        return [": nothing is paid (", facts.name(f"{path}.reason"), ")"]
    return [": nothing is paid"]
