"""What the schema alone cannot say of a scenario: keys that must fit each other, zones, paths."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from difflib import get_close_matches
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from cosim.scenario.check_chargers import check_chargers
from cosim.scenario.events_form import check_events_form
from cosim.scenario.forecasts_form import check_forecasts
from cosim.scenario.paths import names_a_file, path_problem
from cosim.scenario.positions import Finding, Loc
from cosim.scenario.prices_form import check_prices
from cosim.scenario.schema import STEPS_MINUTES, Scenario, Site
from cosim.scenario.voltage_check import check_voltage
from cosim.scenario.wear_form import check_degradation
from sims.clock import Clock
from sims.faults import nearest
from sims.feeder.thermal_presets import list_thermal_presets

ZONES_OF = {
    "EST": "America/New_York",
    "EDT": "America/New_York",
    "CST": "America/Chicago",
    "MST": "America/Denver",
    "PST": "America/Los_Angeles",
    "PDT": "America/Los_Angeles",
    "CET": "Europe/Berlin",
    "CEST": "Europe/Berlin",
    "MET": "Europe/Berlin",
    "GMT": "Europe/London",
    "BST": "Europe/London",
}
YEARS = (1970, 2199)
# names some file systems keep for devices: the result file is called like the scenario
RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{i}" for port in ("com", "lpt") for i in range(1, 10))}


def check_scenario(scenario: Scenario) -> list[Finding]:
    """Everything wrong with a scenario that its form allows, without opening a data file."""
    return [
        *_check_texts(scenario.model_dump(), ()),
        *_check_names(scenario),
        *_check_time(scenario),
        *_check_background(scenario),
        *_check_weather(scenario),
        *_check_thermal(scenario),
        *check_voltage(scenario),
        *_check_paths(scenario),
        *(finding for i, site in enumerate(scenario.sites) for finding in _check_site(site, i, scenario)),
    ]


def _check_texts(value: object, loc: Loc) -> Iterator[Finding]:
    """Nobody fills in variables: a text with one would be taken literally."""
    if isinstance(value, str) and "${" in value:
        yield Finding("S35", loc, "`${...}` is not expanded; write the value itself", value)
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inside:
        yield from _check_texts(part, (*loc, key))


def _check_names(scenario: Scenario) -> Iterator[Finding]:
    if scenario.name.lower() in RESERVED:
        what = "a name some systems keep for devices; choose another"
        yield Finding("S18", ("name",), what, scenario.name)
    first: dict[str, int] = {}
    for i, site in enumerate(scenario.sites):
        known = first.setdefault(site.name.lower(), i)
        if known != i:
            both = f"sites[{known}] and sites[{i}] have the same name (capitals do not count)"
            yield Finding("S27", ("sites", i, "name"), both, site.name, uses=(("sites", known, "name"),))


def _check_time(scenario: Scenario) -> Iterator[Finding]:
    zone, start = scenario.timezone, scenario.start
    if problem := zone_problem(zone):
        yield Finding("S25", ("timezone",), problem, zone)
    if start.tzinfo is not None:
        what = (
            f"must have no offset: it is local to `timezone`; write {start.replace(tzinfo=None).isoformat()}"
        )
        yield Finding("S25", ("start",), what, start)
    elif not YEARS[0] <= start.year <= YEARS[1]:
        yield Finding("S23", ("start",), f"allowed years: {YEARS[0]} .. {YEARS[1]}", start)
    elif problem is None:
        yield from _check_steps(scenario)


def _check_steps(scenario: Scenario) -> Iterator[Finding]:
    """The run starts at an instant that exists, on the step grid of the local day, and ends on it."""
    start, zone, minutes = scenario.start, scenario.timezone, scenario.step_minutes
    uses: tuple[Loc, ...] = (("timezone",), ("step_minutes",), ("days",))
    local = start.replace(tzinfo=ZoneInfo(zone))
    later = local.replace(fold=1)
    if (local.utcoffset() or timedelta()) < (later.utcoffset() or timedelta()):
        what = f"does not exist in {zone}: clocks are put forward over it"
        yield Finding("S48", ("start",), what, start, uses)
        return
    since_midnight = start - datetime(start.year, start.month, start.day)
    clock = Clock.from_local(start, scenario.days, minutes * 60, zone)
    end_s = (start + timedelta(days=scenario.days)).replace(tzinfo=ZoneInfo(zone)).timestamp()
    if since_midnight % timedelta(minutes=minutes):
        what = f"must lie on a step of {minutes} min counted from midnight"
        yield Finding("S23", ("start",), what, start, uses)
    elif clock.end_s != round(end_s):
        what = (
            f"{scenario.days} days from {start} in {zone} are no whole number of such steps; "
            f"allowed steps: {', '.join(map(str, STEPS_MINUTES))} min"
        )
        yield Finding("S23", ("step_minutes",), what, minutes, (("start",), *uses))


def zone_problem(zone: str) -> str | None:
    """Why a time zone is refused, or None: only IANA names of places and UTC say when clocks change."""
    if zone == "UTC" or ("/" in zone and not zone.startswith("Etc/") and zone in _zones()):
        return None
    meant = ZONES_OF.get(zone.upper()) or _nearest_zone(zone)
    hint = f'did you mean "{meant}"?' if meant else "for example America/Los_Angeles or Europe/Berlin"
    return f"an IANA time zone of a place is needed, no abbreviation and no offset; {hint}"


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _nearest_zone(zone: str) -> str | None:
    """Zone whose whole name or city is spelt nearly so."""
    places = {name.lower(): name for name in sorted(_zones()) if "/" in name and not name.startswith("Etc/")}
    cities = {name.rpartition("/")[2]: full for name, full in places.items()}
    wanted = zone.strip().lower().replace(" ", "_")
    for names in (places, cities):
        if close := get_close_matches(wanted, names, n=1, cutoff=0.7):
            return names[close[0]]
    return None


def _check_background(scenario: Scenario) -> Iterator[Finding]:
    background = scenario.feeder.background
    if background.loads == "none" and background.profile is not None:
        loc: Loc = ("feeder", "background", "profile")
        what = 'contradicts loads = "none": leave one of the two out'
        yield Finding("S38", loc, what, background.profile, uses=(("feeder", "background", "loads"),))


def _check_weather(scenario: Scenario) -> Iterator[Finding]:
    weather = scenario.weather
    if weather is not None and (weather.file is None) == (weather.temperature_c is None):
        what = "give either `file` or one `temperature_c` for the whole run"
        yield Finding("S38", ("weather",), what, uses=(("weather", "file"), ("weather", "temperature_c")))


def _check_thermal(scenario: Scenario) -> Iterator[Finding]:
    thermal, loc = scenario.feeder.thermal, ("feeder", "thermal")
    if thermal is None:
        return
    if scenario.weather is None:
        what = "needs [weather]: oil and paper are as warm as the air around the tank lets them be"
        yield Finding("S07", loc, what)
    known = list_thermal_presets()
    if thermal.preset not in known:
        what = f"no such preset of transformers; {nearest(thermal.preset, known)}"
        yield Finding("S26", (*loc, "preset"), what, thermal.preset)


def _check_paths(scenario: Scenario) -> Iterator[Finding]:
    for loc, text in data_files(scenario):
        if problem := path_problem(scenario.folder, text):
            code = "S35" if "not expanded" in problem else "S17"
            yield Finding(code, loc, problem, text)


def data_files(scenario: Scenario) -> Iterator[tuple[Loc, str]]:
    """Every file a scenario names, with the place where it does."""
    if names_a_file(scenario.feeder.network):
        yield ("feeder", "network"), scenario.feeder.network
    if scenario.feeder.background.profile is not None:
        yield ("feeder", "background", "profile"), scenario.feeder.background.profile
    if scenario.weather is not None and scenario.weather.file is not None:
        yield ("weather", "file"), scenario.weather.file
    for i, plant in enumerate(scenario.feeder.pv):
        if plant.profile is not None:
            yield ("feeder", "pv", i, "profile"), plant.profile
    for i, site in enumerate(scenario.sites):
        if names_a_file(site.tariff):
            yield ("sites", i, "tariff"), site.tariff
        for keys, text in (
            (("building", "profile"), site.building.profile if site.building else None),
            (("pv", "profile"), site.pv.profile if site.pv else None),
            (("prices", "file"), site.prices.file if site.prices else None),
            *_emission_files(site),
            (("fleet", "sessions"), site.fleet.sessions),
        ):
            if text is not None:
                yield ("sites", i, *keys), text
        for j, section in enumerate(site.events):
            named = section.programme if names_a_file(section.programme) else None
            for key, text in (
                ("programme", named),
                ("file", section.file),
                ("openadr", section.openadr),
                ("history", section.history),
            ):
                if text is not None:
                    yield ("sites", i, "events", j, key), text


def _emission_files(site: Site) -> Iterator[tuple[Loc, str | None]]:
    for role in ("average", "marginal"):
        series = getattr(site.emissions, role, None)
        if series is not None:
            yield ("emissions", role, "file"), series.file


def _check_site(site: Site, i: int, scenario: Scenario) -> Iterator[Finding]:
    here: Loc = ("sites", i)
    fleet, ports = site.fleet, sum(group.count for group in site.chargers)
    fleet_uses: tuple[Loc, ...] = ((*here, "chargers"),)
    if fleet.sessions is not None and fleet.generator is not None:
        what = "contradicts `generator`: sessions are read or generated, not both"
        yield Finding("S38", (*here, "fleet", "sessions"), what, fleet.sessions, fleet_uses)
    if ports and fleet.sessions is None and fleet.generator is None:
        what = f'{ports} ports but no cars; add `sessions = "data/sessions.csv"` or [sites.fleet.generator]'
        yield Finding("S07", (*here, "fleet"), what, uses=fleet_uses)
    yield from check_degradation(fleet.degradation, (*here, "fleet", "degradation"))
    yield from check_events_form(site.events, (*here, "events"), weather=scenario.weather is not None)
    yield from check_forecasts(site.forecasts, (*here, "forecasts"))
    if site.export_limit_kw is not None and not site.allow_export:
        what = "limits what `allow_export = false` forbids: permit export or leave the limit out"
        uses = ((*here, "allow_export"),)
        yield Finding("S38", (*here, "export_limit_kw"), what, site.export_limit_kw, uses)
    for j, group in enumerate(site.chargers):
        if group.kind != "bidirectional" and group.p_discharge_max_kw is not None:
            loc: Loc = (*here, "chargers", j)
            what = f'only ports of kind "bidirectional" discharge; this kind is "{group.kind}"'
            limit = group.p_discharge_max_kw
            yield Finding("S22", (*loc, "p_discharge_max_kw"), what, limit, uses=((*loc, "kind"),))
    yield from check_chargers(site, here, scenario)
    yield from check_prices(site, here)
    every = site.policy.every_minutes
    if every is not None and every % scenario.step_minutes:
        what = f"must be a multiple of step_minutes = {scenario.step_minutes} min"
        yield Finding("S23", (*here, "policy", "every_minutes"), what, every, uses=(("step_minutes",),))
