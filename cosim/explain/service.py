"""Which cars were short, and whether it could have been avoided; how the ports were used."""

from collections.abc import Iterator

from cosim.explain.facts import Facts
from cosim.explain.sentence import Part, Sentence, listed, say
from cosim.explain.shortfalls import shortfalls

SMALL_KWH = 0.05
WHY = {
    "beyond_power": (
        "for {} even full power over the whole stay was not enough",
        "for {} even full power over the whole stay was not enough",
    ),
    "left_early": (
        "{} left before the departure its driver had declared",
        "{} left before the departure their drivers had declared",
    ),
    "stayed": (
        "{} stayed as declared, but the policy or a limit held power back",
        "{} stayed as declared, but the policy or a limit held power back",
    ),
}


def service(facts: Facts, site: str) -> Iterator[Sentence]:
    """Sessions that left short with the reasons, the worst one, and those without a port."""
    path = f"sites.{site}"
    if facts.amount(f"{path}.sessions_connected"):
        short = facts.amount(f"{path}.sessions_short")
        yield from _short(facts, site) if short else _none_short(facts, site)
    lost = f"sessions.{site}.no_port"
    if facts.amount(f"{lost}.count"):
        yield say(
            facts.count(f"{lost}.count", "session"),
            " found ",
            *_every_port(facts, site),
            " taken; what these cars lack, ",
            facts.quantity(f"{lost}.missing_kwh", "kWh"),
            ", no policy could have given them.",
        )
    yield from _unseen(facts, site)


def energy(facts: Facts, site: str) -> Iterator[Sentence]:
    """What building and cars drew over the whole run."""
    path = f"sites.{site}"
    building, charged = f"{path}.building_kwh", f"{path}.ev_charged_kwh"
    back: list[Part] = []
    if facts.amount(f"{path}.ev_discharged_kwh") >= SMALL_KWH:
        back = [" and gave back ", facts.quantity(f"{path}.ev_discharged_kwh", "kWh")]
    yield say(
        "The building of ",
        facts.site(site),
        " drew ",
        facts.quantity(building, "kWh"),
        ", its cars took ",
        facts.quantity(charged, "kWh"),
        *back,
        "; ",
        facts.quantity(f"{path}.import_kwh", "kWh"),
        " came through the meter.",
    )


def _none_short(facts: Facts, site: str) -> Iterator[Sentence]:
    connected = facts.count(f"sites.{site}.sessions_connected", "session")
    yield say(
        "No car left short of what it needed, of ", connected, " with a port at ", facts.site(site), "."
    )


def _short(facts: Facts, site: str) -> Iterator[Sentence]:
    """How many, how much, why, and the worst of them."""
    path = f"sites.{site}"
    missing, beyond = f"{path}.missing_kwh", f"{path}.unavoidable_kwh"
    avoidable = f"difference({missing}, {beyond})"
    verdict: list[Part] = ["; full power from the start would have avoided all of it"]
    if facts.amount(avoidable) < SMALL_KWH:
        verdict = ["; no policy could have avoided it"]
    elif facts.amount(beyond) >= SMALL_KWH:
        verdict = [
            "; full power from the start would have avoided ",
            facts.quantity(avoidable, "kWh"),
            " of it",
        ]
    yield say(
        "At ",
        facts.site(site),
        ", ",
        facts.count(f"{path}.sessions_short"),
        " of ",
        facts.count(f"{path}.sessions_connected", "connected session"),
        " left short, by ",
        facts.quantity(missing, "kWh"),
        " together",
        *verdict,
        ".",
    )
    yield _why(facts, site)
    table = facts.at_path.table("sessions", site)
    judged = table[(table["connected"] == 1) & (table["censored"] == 0)]
    worst = f"sessions.{site}[{judged.loc[judged['missing_kwh'].idxmax(), 'session_id']}]"
    yield say(
        'Most was missing in session "',
        facts.name(f"{worst}.session_id"),
        '": ',
        facts.quantity(f"{worst}.missing_kwh", "kWh"),
        " after a stay from ",
        facts.time(f"{worst}.arrival"),
        " to ",
        facts.time(f"{worst}.departure"),
        *_declared(facts, worst),
        ".",
    )


def _why(facts: Facts, site: str) -> Sentence:
    """The causes of shortfall, each with how many and how much."""
    shown: list[list[Part]] = []
    groups = shortfalls(facts.at_path.table("sessions", site))
    for cause in WHY:
        group = groups[cause]
        if not len(group):
            continue
        path = f"sessions.{site}.{cause}"
        before, after = WHY[cause][len(group) > 1].split("{}")
        how_much = facts.quantity(f"{path}.missing_kwh", "kWh")
        shown.append([before, facts.count(f"{path}.count"), after, " (", how_much, ")"])
    return say("Why: ", *listed(shown, "; and "), ".")


def _declared(facts: Facts, session: str) -> list[Part]:
    """When the driver had said to leave, if that was later."""
    declared, left = facts.value(f"{session}.window_start"), facts.value(f"{session}.departure")
    row = facts.time(f"{session}.window_start")
    return [", though ", row, " was declared"] if declared != left and declared > left else []


def _unseen(facts: Facts, site: str) -> Iterator[Sentence]:
    """Sessions nobody judges."""
    path = f"sites.{site}"
    kinds = {
        "sessions_too_short": "too short to be seen at any step",
        "sessions_censored": "cut by the start or the end of the run",
    }
    told: list[list[Part]] = []
    for name, what in kinds.items():
        if facts.amount(f"{path}.{name}"):
            told.append([facts.count(f"{path}.{name}", "session"), f" {_is(facts, f'{path}.{name}')} {what}"])
    if told:
        yield say(*listed(told), ", and not judged.")


def _every_port(facts: Facts, site: str) -> list[Part]:
    """ "all 15 ports", "the only port"."""
    ports = f"count(header.sites[{facts.run.sites.index(site)}].evse)"
    few = {1: "the only port", 2: "both ports"}
    n = int(facts.amount(ports))
    return [few[n]] if n in few else ["all ", facts.count(ports, "port")]


def charging(facts: Facts, site: str) -> Iterator[Sentence]:
    """Energy of the cars and use of the ports."""
    path, place = f"sites.{site}", f"header.sites[{facts.run.sites.index(site)}]"
    ports = f"count({place}.evse)"
    if not facts.amount(ports):
        yield say(facts.site(site), " has no charging ports.")
        return
    verb = "were" if facts.amount(ports) > 1 else "was"
    taken: list[Part] = ["at times ", *_every_port(facts, site), f" {verb} taken"]
    if facts.amount(f"{path}.max_occupied_ports") < facts.amount(ports):
        most = facts.count(f"{path}.max_occupied_ports")
        taken = ["at most ", most, " of ", facts.count(ports, "port"), " were taken at once"]
    back: list[Part] = []
    if facts.amount(f"{path}.ev_discharged_kwh") >= SMALL_KWH:
        back = [" and gave back ", facts.quantity(f"{path}.ev_discharged_kwh", "kWh")]
    yield say(
        "The cars of ",
        facts.site(site),
        " took ",
        facts.quantity(f"{path}.ev_charged_kwh", "kWh"),
        *back,
        "; ",
        *taken,
        ".",
    )


def _is(facts: Facts, path: str) -> str:
    return "is" if facts.amount(path) == 1 else "are"
