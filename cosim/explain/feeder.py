"""Which element limits the feeder: loading, voltage, losses."""

from collections.abc import Iterator
from typing import NamedTuple

from cosim.explain.facts import Facts
from cosim.explain.sentence import Part, Sentence, say

FULL_PERCENT = 100.0
SMALL = 0.05
BAND = "limits.voltage_band_percent"


class Limit(NamedTuple):
    """An element of the feeder: how much of its limit it uses, what it is, what it does."""

    used: float
    subject: list[Part]
    predicate: list[Part]
    at: str
    """Path of the time."""


def network(facts: Facts) -> Iterator[Sentence]:
    """Every kind of element, the one nearest to its limit first, then losses and what flows back."""
    kinds = (_transformer(facts), _line(facts), _voltage(facts))
    limits = sorted((one for one in kinds if one is not None), key=lambda one: -one.used)
    for i, limit in enumerate(limits):
        if i == 0:
            yield say("What limits the feeder first is ", *limit.subject, ": it", *limit.predicate, ".")
            yield from _then(facts, limit.at)
        else:
            yield _alone(limit)
    yield from _exchange(facts)


def transformers(facts: Facts) -> Iterator[Sentence]:
    """The transformer with the highest loading."""
    limit = _transformer(facts)
    if limit is not None:
        yield _alone(limit)
        yield from _then(facts, limit.at)


def voltages(facts: Facts) -> Iterator[Sentence]:
    """The voltage that lies furthest from rated."""
    limit = _voltage(facts)
    if limit is not None:
        yield _alone(limit)


def _alone(limit: Limit) -> Sentence:
    first, *rest = limit.subject
    return say(f"{str(first)[0].upper()}{str(first)[1:]}", *rest, *limit.predicate, ".")


def _transformer(facts: Facts) -> Limit | None:
    """The most loaded transformer."""
    name = highest(facts, "max_loading_percent")
    if name is None:
        return None
    path = f"transformers.{name}"
    return Limit(
        facts.amount(f"{path}.max_loading_percent") / FULL_PERCENT,
        called(facts, name, "the most loaded of "),
        [
            " carries up to ",
            facts.quantity(f"{path}.max_loading_percent", "% of its rating"),
            " on ",
            facts.time(f"{path}.max_loading_at"),
            *_overload(facts, path),
        ],
        f"{path}.max_loading_at",
    )


def highest(facts: Facts, figure: str) -> str | None:
    """Transformer with the highest value of a key figure, None when none has it."""
    known = {name: figures[figure] for name, figures in facts.run.kpis["transformers"].items()}
    there = {name: float(value) for name, value in known.items() if value is not None}
    return max(there, key=lambda name: there[name], default=None)


def called(facts: Facts, transformer: str, most: str) -> list[Part]:
    """ "the transformer", or its name where there are several."""
    names = list(facts.run.kpis["transformers"])
    if len(names) == 1:
        return ["the transformer"]
    name = facts.name(f"header.transformers[{names.index(transformer)}]")
    return ["transformer ", name, f" ({most}", facts.count("count(header.transformers)"), ")"]


def _overload(facts: Facts, path: str) -> list[Part]:
    """How long above the rating."""
    if not facts.amount(f"{path}.overload_minutes"):
        return [" and is never overloaded"]
    above, days = facts.duration(f"{path}.overload_minutes"), facts.count(f"{path}.overload_days", "day")
    return [" and is above its rating for ", above, " on ", days]


def _then(facts: Facts, at: str) -> Iterator[Sentence]:
    """What the only site drew at that moment."""
    if len(facts.run.sites) != 1:
        return
    site, when = facts.run.sites[0], facts.instant(str(facts.value(at)))
    total, cars = f"sites.{site}.site_kw[{when}]", f"sum(sites.{site}.evse_kw[{when}])"
    words: list[Part] = [", ", facts.quantity(cars, "kW"), " of it for cars"]
    if facts.amount(cars) <= SMALL:
        words = [", none of it for cars"]
    elif abs(facts.amount(total) - facts.amount(cars)) <= SMALL:
        words = [", all of it for cars"]
    yield say("At that moment ", facts.site(site), " drew ", facts.quantity(total, "kW"), *words, ".")


def _line(facts: Facts) -> Limit | None:
    """The most loaded line; none where hardly anything flows."""
    path = "feeder.line_max_loading"
    if facts.amount(f"{path}_percent") < SMALL:
        return None
    over: list[Part] = ["; no line is ever overloaded"]
    if facts.amount("feeder.line_overload_minutes"):
        minutes = facts.duration("feeder.line_overload_minutes")
        over = ["; the lines are above their ratings for ", minutes, ", added up"]
    return Limit(
        facts.amount(f"{path}_percent") / FULL_PERCENT,
        ["line ", facts.name(f"{path}_name")],
        [
            " is the most loaded one, up to ",
            facts.quantity(f"{path}_percent", "% of its rating"),
            " on ",
            facts.time(f"{path}_at"),
            *over,
        ],
        f"{path}_at",
    )


def _voltage(facts: Facts) -> Limit | None:
    """The voltage that lies furthest from rated: of a phase where the flow was solved by phases."""
    kind = "vm_phase_" if facts.value("feeder.vm_phase_min_pu") is not None else "vm_"
    found = {which: facts.value(f"feeder.{kind}{which}_pu") for which in ("min", "max")}
    if None in found.values():
        return None
    which = max(found, key=lambda one: abs(found[one] - 1.0))
    path = f"feeder.{kind}{which}"
    phase: list[Part] = [", phase ", facts.name(f"{path}_phase")] if kind == "vm_phase_" else []
    return Limit(
        abs(found[which] - 1.0) / (facts.amount(BAND) / FULL_PERCENT),
        ["the voltage of bus ", facts.name(f"{path}_bus"), *phase],
        [
            " falls to " if which == "min" else " rises to ",
            facts.quantity(f"{path}_pu", "pu"),
            " on ",
            facts.time(f"{path}_at"),
            *_band(facts),
        ],
        f"{path}_at",
    )


def _band(facts: Facts) -> list[Part]:
    """Whether every bus keeps to the usual band, and how long one does not."""
    band: list[Part] = ["±", facts.percent(BAND)]
    if not facts.amount("feeder.out_of_en50160_minutes"):
        return ["; no bus leaves the usual band of ", *band]
    minutes = facts.duration("feeder.out_of_en50160_minutes")
    bus = facts.name("feeder.out_of_en50160_bus")
    return ["; the bus longest outside the usual band of ", *band, " is ", bus, ", for ", minutes]


def _exchange(facts: Facts) -> Iterator[Sentence]:
    """Losses, and power back into the grid above."""
    if facts.amount("feeder.losses_percent") >= SMALL:
        back: list[Part] = []
        if facts.amount("feeder.reverse_flow_hours"):
            hours = facts.quantity("feeder.reverse_flow_hours", "h")
            back = [
                "; power flows back into it for ",
                hours,
                ", up to ",
                facts.quantity("feeder.reverse_flow_peak_kw", "kW"),
            ]
        yield say(
            "Lines and transformers lose ",
            facts.quantity("feeder.losses_kwh", "kWh"),
            ", ",
            facts.percent("feeder.losses_percent"),
            " of what came from the grid above",
            *back,
            ".",
        )
