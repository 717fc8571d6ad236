"""How hot the transformer became, and what that cost it."""

from collections.abc import Iterator

from cosim.explain.facts import Facts
from cosim.explain.feeder import called, highest
from cosim.explain.sentence import Part, Sentence, say


def heat(facts: Facts) -> Iterator[Sentence]:
    """The hottest transformer and the life it used."""
    name = highest(facts, "max_hotspot_c")
    if name is None:
        return
    path = f"transformers.{name}"
    above: list[Part] = [", below the limit of ", facts.quantity("limits.hotspot_normal_c", "°C")]
    if facts.amount(f"{path}.hotspot_above_120_minutes"):
        minutes = facts.duration(f"{path}.hotspot_above_120_minutes")
        above = [", above the limit of ", facts.quantity("limits.hotspot_normal_c", "°C"), " for ", minutes]
    yield say(
        "The hot spot of ",
        *called(facts, name, "the hottest of "),
        " reaches ",
        facts.quantity(f"{path}.max_hotspot_c", "°C"),
        " on ",
        facts.time(f"{path}.max_hotspot_at"),
        *above,
        ".",
    )
    yield say(
        "Its paper aged by ",
        facts.quantity(f"{path}.loss_of_life_h", "h"),
        " in ",
        facts.quantity("run.hours", "h"),
        " of the run.",
    )
