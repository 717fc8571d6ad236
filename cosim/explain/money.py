"""What drove the bill."""

from collections.abc import Iterator

from cosim.explain.facts import Facts
from cosim.explain.sentence import Part, Sentence, listed, say

CENT = 0.005
MOST_LINES = 2
MOST_PERCENT = 200.0
"""A larger share tells less than the amount."""
PAID = {
    "bill_energy": "energy",
    "bill_demand": "demand",
    "bill_fixed": "fixed charges",
    "bill_minimum": "the minimum charge",
    "bill_adjustments": "taxes and other adjustments",
    "bill_export": "fed-back energy",
    "bill_events": "demand-response events",
}


def bill(facts: Facts, site: str) -> Iterator[Sentence]:
    """The bill by kind, its largest lines, and what the cars added to it."""
    total = f"sites.{site}.bill_total"
    if abs(facts.amount(total)) < CENT:
        yield say(facts.site(site), " pays nothing.")
    elif facts.amount(total) < 0.0:
        yield say(
            facts.site(site),
            " earns ",
            facts.money(f"minus({total})", site),
            " on balance",
            *_parts(facts, site),
            ".",
        )
    else:
        yield say(facts.site(site), " pays ", facts.money(total, site), *_parts(facts, site), ".")
    yield from _largest(facts, site)
    yield from _demand_set_elsewhere(facts, site)
    yield from cars(facts, site)


def _parts(facts: Facts, site: str) -> list[Part]:
    """ ": 7,162.12 USD for energy (81 %) and ...", what is earned at the end."""
    amounts = {f"sites.{site}.{name}": what for name, what in PAID.items()}
    known = sorted((facts.amount(path), path) for path in amounts)
    paid = [path for amount, path in reversed(known) if amount >= CENT]
    earned = [path for amount, path in known if amount <= -CENT]
    if len(paid) == 1 and not earned:
        return [f", all of it for {amounts[paid[0]]}"]
    if facts.amount(f"sites.{site}.bill_total") < 0.0:
        return _earned_first(facts, site, {path: amounts[path] for path in (*earned, *paid)})
    total = f"sites.{site}.bill_total"
    shown: list[list[Part]] = []
    for path in paid:
        # of a bill that something is taken off, shares would not add up
        share: list[Part] = [] if earned else [" (", facts.percent(f"share({path}, {total})"), ")"]
        shown.append([facts.money(path, site), f" for {amounts[path]}", *share])
    less = [[facts.money(f"minus({path})", site), f" earned by {amounts[path]}"] for path in earned]
    tail: list[Part] = [", less " if shown else "", *listed(less)] if less else []
    return [": ", *listed(shown), *tail] if shown or less else []


def _earned_first(facts: Facts, site: str, amounts: dict[str, str]) -> list[Part]:
    """ ": 428.32 EUR by fed-back energy, less 372.51 EUR for energy", of a site that is paid."""
    gains = [path for path in amounts if facts.amount(path) < 0.0]
    by = [[facts.money(f"minus({path})", site), f" by {amounts[path]}"] for path in gains]
    costs = [[facts.money(path, site), f" for {what}"] for path, what in amounts.items() if path not in gains]
    return [": ", *listed(by), *([", less ", *listed(costs)] if costs else [])]


def _largest(facts: Facts, site: str) -> Iterator[Sentence]:
    """The largest lines of a bill of more than two."""
    lines = facts.at_path.table("bill", site).lines
    if len(lines) <= MOST_LINES or facts.amount(f"sites.{site}.bill_total") < CENT:
        return
    order = sorted(range(len(lines)), key=lambda i: -lines[i].amount)[:MOST_LINES]
    several_months = len({line.month for line in lines}) > 1
    shown: list[list[Part]] = []
    for i in order:
        path = f"bill.{site}.lines[{i}]"
        when: list[Part] = [" in ", facts.month(f"{path}.month")] if several_months else []
        metered = lines[i].kind in {"energy", "demand"}
        unit = "kWh" if lines[i].kind == "energy" else "kW"
        how: list[Part] = []
        if metered:
            rate = facts.money(f"{path}.rate", site, f"/{unit}")
            how = [" (", facts.quantity(f"{path}.quantity", unit), " at ", rate, ")"]
        label: list[Part] = ['"', facts.name(f"{path}.label"), '"']
        shown.append([*label, *when, " with ", facts.money(f"{path}.amount", site), *how])
    yield say("Its largest lines are ", *listed(shown), ".")


def _demand_set_elsewhere(facts: Facts, site: str) -> Iterator[Sentence]:
    """A demand line that another month, or the least billed demand, sets."""
    for i, line in enumerate(facts.at_path.table("bill", site).lines):
        path = f"bill.{site}.lines[{i}]"
        elsewhere = line.at is None or f"{line.at:%Y-%m}" != line.month or "ratchet" in line.label
        if line.kind == "demand" and line.amount >= CENT and elsewhere:
            quantity = facts.quantity(f"{path}.quantity", "kW")
            label = facts.name(f"{path}.label")
            yield say(
                "Not the peak of the month alone sets a demand charge: ",
                quantity,
                ' are billed as "',
                label,
                '".',
            )
            return


def cars(facts: Facts, site: str) -> Iterator[Sentence]:
    """What charging adds to the bill, and how much of that is energy."""
    own, cost, energy = (
        f"sites.{site}.{name}" for name in ("building_bill_total", "ev_cost", "ev_energy_cost")
    )
    if not facts.amount(f"sites.{site}.sessions_connected"):
        return
    alone = facts.money(own, site)
    if abs(facts.amount(own)) < CENT:
        return  # nothing but charging is billed
    if abs(facts.amount(cost)) < CENT:
        yield say("Without its cars the bill would be the same.")
        return
    added = facts.amount(cost) > 0.0
    by = facts.money(cost if added else f"minus({cost})", site)
    share: list[Part] = []
    if 0.0 < facts.amount(f"share({by.path}, {own})") < MOST_PERCENT:
        share = [" (", facts.percent(f"share({by.path}, {own})"), ")"]
    rest = f"difference({cost}, {energy})"
    nearly = "" if abs(facts.amount(rest)) < CENT else "nearly "
    tail: list[Part] = [f", {nearly}all of it for energy" if added else ""]
    if abs(facts.amount(rest)) >= max(CENT, 0.01 * abs(facts.amount(cost))):
        tail = [
            ": ",
            *_signed(facts, energy, site, "energy"),
            " and ",
            *_signed(facts, rest, site, _besides_energy(facts, site, rest)),
        ]
    yield say(
        "Without its cars it would be ",
        alone,
        ": they ",
        "add " if added else "take off ",
        by,
        *share,
        *tail,
        ".",
    )
    each = f"sites.{site}.ev_energy_cost_per_session"
    if added and facts.amount(each) >= CENT:
        yield say("The energy of a charging session costs ", facts.money(each, site), " in the mean.")


def _besides_energy(facts: Facts, site: str, rest: str) -> str:
    """What else of the bill cars change; a building without cars answers no event."""
    if abs(facts.amount(rest) - facts.amount(f"sites.{site}.bill_events")) < CENT:
        return PAID["bill_events"]
    kinds = ("bill_demand", "bill_minimum", "bill_adjustments", "bill_events")
    there = [PAID[kind] for kind in kinds if abs(facts.amount(f"sites.{site}.{kind}")) >= CENT]
    return " and ".join(there) or "the rest"


def _signed(facts: Facts, path: str, site: str, what: str) -> list[Part]:
    """ "12.00 USD for energy", or "12.00 USD less for energy"."""
    if facts.amount(path) < 0.0:
        return [facts.money(f"minus({path})", site), f" less for {what}"]
    return [facts.money(path, site), f" for {what}"]
