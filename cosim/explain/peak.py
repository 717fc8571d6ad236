"""When and why the peak came."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import numpy as np

from cosim.explain.facts import Facts
from cosim.explain.sentence import Part, Sentence, listed, say

SMALL_KW = 0.05
MOST_PORTS = 3


def peak(facts: Facts, site: str) -> Iterator[Sentence]:
    """The billed peak, or the highest step without a demand charge, and what drew it."""
    path, billed = f"sites.{site}", facts.value(f"sites.{site}.billed_peak_at") is not None
    which = "billed_peak" if billed else "peak"
    if facts.amount(f"{path}.{which}_kw") < SMALL_KW:
        yield say(facts.site(site), " never drew power from the feeder.")
        return
    where = _window(facts, site, which)
    kw, at = facts.quantity(f"{path}.{which}_kw", "kW"), facts.time(f"{path}.{which}_at")
    if billed:
        window = facts.plain(f"tariff.{site}.demand_window_minutes", 0)
        yield say(
            "The billed peak of ",
            facts.site(site),
            " is ",
            kw,
            ", set in the demand window of ",
            window,
            " min from ",
            at,
            *_drawn_by(facts, site, where),
            ".",
        )
    else:
        yield say(
            "The highest power of ",
            facts.site(site),
            " is ",
            kw,
            ", on ",
            at,
            *_drawn_by(facts, site, where),
            "; no demand charge bills it.",
        )
    yield from _ports(facts, site, where)
    if billed:
        yield from _change(facts, site)
    yield from _threshold(facts, site, f"{path}.{which}_kw")
    if billed:
        yield from _beyond(facts, site)


def _window(facts: Facts, site: str, which: str) -> str:
    """The time in brackets of the step or the demand window that sets the peak."""
    at = str(facts.value(f"sites.{site}.{which}_at"))
    minutes = facts.at_path.table("tariff", site).demand_window_minutes
    if which == "peak" or minutes * 60 == facts.run.clock.step_s:
        return f"[{facts.instant(at)}]"
    end = (datetime.fromisoformat(at) + timedelta(minutes=minutes)).isoformat(timespec="minutes")
    return f"[{facts.instant(at)}/{facts.instant(end)}]"


def _drawn_by(facts: Facts, site: str, where: str) -> list[Part]:
    """Building and chargers in that window."""
    building, cars = f"sites.{site}.building_kw{where}", f"sum(sites.{site}.evse_kw{where})"
    drawn = facts.amount(cars)
    if drawn < -SMALL_KW:
        back = facts.quantity(f"minus({cars})", "kW")
        return [": the building drew ", facts.quantity(building, "kW"), ", the cars gave back ", back]
    if drawn <= SMALL_KW:
        return [", by the building alone: no car drew power then"]
    if facts.amount(building) < SMALL_KW:
        return [", all of it for cars"]
    share = facts.percent(f"share({cars}, sites.{site}.{'site_kw'}{where})")
    return [
        ": the building drew ",
        facts.quantity(building, "kW"),
        ", the cars ",
        facts.quantity(cars, "kW"),
        " (",
        share,
        ")",
    ]


def _ports(facts: Facts, site: str, where: str) -> Iterator[Sentence]:
    """The ports that drew, or gave, most of it."""
    path = f"sites.{site}.evse_kw{where}"
    drawn = np.asarray(facts.value(path))
    if abs(drawn.sum()) <= SMALL_KW:
        return
    gave = drawn.sum() < 0.0
    drawn = -drawn if gave else drawn
    names, order = facts.run.header.site(site).evse, np.argsort(-drawn, kind="stable")
    active = [int(port) for port in order if drawn[port] > SMALL_KW]
    shown: list[list[Part]] = []
    for port in active[:MOST_PORTS]:
        place = f"header.sites[{facts.run.sites.index(site)}].evse[{port}]"
        kw = f"{path}[{names[port]}]"
        shown.append([facts.name(place), " (", facts.quantity(f"minus({kw})" if gave else kw, "kW"), ")"])
    verb = "gave back" if gave else "drew"
    if len(active) <= MOST_PORTS:
        if len(names) > 1:
            yield say("Only ", *listed(shown), f" {verb} power then.")
        return
    all_of_them = facts.count(f"positive({'minus(' + path + ')' if gave else path})", "port")
    yield say(all_of_them, f" {verb} power then, most of all ", *listed(shown), ".")


def _change(facts: Facts, site: str) -> Iterator[Sentence]:
    """What the cars do to the billed peak of the building."""
    path = f"sites.{site}"
    alone = facts.quantity(f"{path}.building_billed_peak_kw", "kW")
    change = facts.amount(f"{path}.peak_increase_kw")
    if not facts.amount(f"{path}.sessions_connected"):
        return
    if abs(change) < SMALL_KW:
        yield say("The building alone would have peaked at ", alone, ": the cars add nothing to it.")
        return
    way, name = ("raise", "increase") if change > 0.0 else ("lower", "reduction")
    by = facts.quantity(f"{path}.peak_{name}_kw", "kW")
    yield say("The building alone would have peaked at ", alone, f": the cars {way} that by ", by, ".")


def _threshold(facts: Facts, site: str, peak_path: str) -> Iterator[Sentence]:
    """Whether the policy kept to the threshold it was given."""
    path = f"header.sites[{facts.run.sites.index(site)}].peak_threshold_kw"
    if facts.value(path) is None:
        return
    told, above = facts.quantity(path, "kW"), f"difference({peak_path}, {path})"
    if facts.amount(above) > SMALL_KW:
        building = facts.amount(f"sites.{site}.building_billed_peak_kw")
        own = ", which the building alone exceeds too" if building > facts.amount(path) + SMALL_KW else ""
        yield say(
            "It goes ",
            facts.quantity(above, "kW"),
            " beyond the threshold of ",
            told,
            f" the policy was given{own}.",
        )
    else:
        yield say("The policy kept it within its threshold of ", told, ".")


def _beyond(facts: Facts, site: str) -> Iterator[Sentence]:
    """A higher step that no demand charge bills."""
    path, clock = f"sites.{site}", facts.run.clock
    if facts.amount(f"difference({path}.peak_kw, {path}.billed_peak_kw)") <= SMALL_KW:
        return
    step = int(np.argmax(facts.run.site(site).site_kw))
    in_hours = facts.at_path.table("tariff", site).in_demand_window(clock.calendar())[step]
    why = "the mean over a demand window is lower" if in_hours else "that is outside the demand hours"
    kw, at = facts.quantity(f"{path}.peak_kw", "kW"), facts.time(f"{path}.peak_at")
    yield say("It once drew more, ", kw, " on ", at, f", but {why}.")
