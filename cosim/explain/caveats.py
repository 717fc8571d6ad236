"""What to keep in mind before believing the rest."""

from collections.abc import Iterator

from cosim.explain.facts import Facts
from cosim.explain.sentence import Part, Sentence, listed, say


def caveats(facts: Facts) -> Iterator[Sentence]:
    """Steps without a solution, clamped requests, forecasts from the future, dates and parts of months."""
    failed = "feeder.non_converged_steps"
    if facts.amount(failed):
        of, has = facts.count("run.steps", "step"), "has" if facts.amount(failed) == 1 else "have"
        yield say("Caveat: ", facts.count(failed), " of ", of, f" {has} no power-flow solution.")
    for site in facts.run.sites:
        yield from _clamped(facts, site)
        if facts.value(f"sites.{site}.oracle_forecasts"):
            what = facts.name(f"sites.{site}.oracle_forecasts")
            yield say(
                "Caveat: forecasts of ",
                facts.site(site),
                " come from the future (",
                what,
                "): no controller can do as well.",
            )
    yield from _tariffs(facts)
    yield from _months(facts)


def _clamped(facts: Facts, site: str) -> Iterator[Sentence]:
    path = f"sites.{site}.clamped_requests"
    if facts.amount(path):
        yield say(
            "Caveat: limits changed ",
            facts.count(path, "request"),
            " of the policy of ",
            facts.site(site),
            ".",
        )


def _tariffs(facts: Facts) -> Iterator[Sentence]:
    """Tariffs stated for other dates than those of the run, each once."""
    told: set[str] = set()
    for site in facts.run.sites:
        tariff, path = facts.at_path.table("tariff", site), f"tariff.{site}"
        if tariff.name in told or tariff.is_effective(facts.run.clock):
            continue
        told.add(tariff.name)
        dates: list[Part] = []
        if tariff.effective_from is not None:
            dates += [" from ", facts.day(f"{path}.effective_from")]
        if tariff.effective_until is not None:
            dates += [" until ", facts.day(f"{path}.effective_until")]
        yield say(
            "Caveat: the tariff ",
            facts.name(f"{path}.name"),
            " is stated for days",
            *dates,
            ", not for those of the run.",
        )


def _months(facts: Facts) -> Iterator[Sentence]:
    """Months a bill covers in part; the same for every site."""
    if not facts.run.sites:
        return
    site = facts.run.sites[0]
    parts: list[list[Part]] = []
    for i, month in enumerate(facts.at_path.table("bill", site).months):
        if month.partial:
            path = f"bill.{site}.months[{i}]"
            covered = _days(facts, f"{path}.days_covered")
            of = facts.count(f"{path}.days_of_month", "day")
            parts.append([covered, " of the ", of, " of ", facts.month(f"{path}.month")])
    if parts:
        demand = any(facts.amount(f"sites.{site}.bill_demand") for site in facts.run.sites)
        peaks = "; peaks are charged in full" if demand else ""
        yield say("Caveat: the bill covers ", *listed(parts), f"{peaks}.")


def _days(facts: Facts, path: str) -> Part:
    """Days that may be no whole number."""
    days = facts.value(path)
    return facts.plain(path, 0 if float(days).is_integer() else 2)


def intro(facts: Facts) -> Iterator[Sentence]:
    """Which run this is."""
    zone = facts.run.clock.zone
    yield say(
        facts.name("run.name"),
        " runs from ",
        facts.day("run.start"),
        " to ",
        facts.day("run.last"),
        " in steps of ",
        facts.plain("run.step_minutes", 0),
        f" min (times are those of {zone}).",
    )
