"""`[[sites.events]]`: a demand-response programme of a site, and where its events come from."""

from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import Field

from cosim.scenario.positions import Finding, Loc
from cosim.scenario.section import Section

SOURCES = ("file", "openadr", "generator")
BY_TEMPERATURE = ("reference_temperature_c", "log_odds_per_k")


class EventGenerator(Section):
    """Seeded events within the rules of the programme, likelier on hot days and at high prices."""

    events_per_season: float = Field(
        default=8.0, gt=0, le=366, description="expected events of a season whose days are ordinary [-]"
    )
    reference_temperature_c: float = Field(
        default=32.0, ge=-60, le=60, description="daily maximum of an ordinary day; needs [weather] [degC]"
    )
    log_odds_per_k: float = Field(
        default=0.3, ge=0, le=10, description="a day hotter by 1 K has its odds times exp(this) [1/K]"
    )
    reference_price_per_kwh: float = Field(
        default=0.2, ge=-10, le=10, description="highest energy price of an ordinary day [currency/kWh]"
    )
    log_odds_per_price: float = Field(
        default=5.0,
        ge=0,
        le=1000,
        description="a day dearer by 1 has its odds times exp(this) [kWh/currency]",
    )
    day_of_share: float = Field(
        default=0.0, ge=0, le=1, description="share told on the day, where the programme allows both [-]"
    )


class SiteEvents(Section):
    """A demand-response programme of a site: its events reach the policy when they are told, not before."""

    programme: str = Field(
        description="a preset (`cosim list programmes`) or a programme TOML file", examples=["elrp"]
    )
    options: dict[str, Any] = Field(
        default_factory=dict,
        description="rules of the programme that are other for this site: the keys of its file",
        examples=[{"export_permit": True, "subgroup": "aggregator"}],
    )
    file: str | None = Field(
        default=None, description="CSV `event_id, programme, notice, start, end, kind, value`"
    )
    openadr: str | None = Field(default=None, description="events as OpenADR 3.1 JSON")
    generator: EventGenerator | None = Field(default=None, description="draw events instead of reading them")
    history: str | None = Field(
        default=None,
        description="CSV `time, kw`: what the site drew before the run, for the days of a baseline [kW]",
    )


def check_events_form(sections: Sequence[SiteEvents], loc: Loc, *, weather: bool) -> Iterator[Finding]:
    """One source of events a programme, one history a site, and weather where a key needs it."""
    for j, section in enumerate(sections):
        here: Loc = (*loc, j)
        given = [name for name in SOURCES if getattr(section, name) is not None]
        if not given:
            what = 'no source of events; for example `file = "data/events.csv"` or [sites.events.generator]'
            yield Finding("S07", here, what)
        for name in given[1:]:
            what = f"contradicts `{given[0]}`: the events of a programme come from one source"
            yield Finding("S38", (*here, name), what, uses=((*here, given[0]),))
        if section.generator is not None and not weather:
            for name in BY_TEMPERATURE:
                if section.generator.differs(name):
                    what = "needs [weather]: without it no day is hotter than another"
                    yield Finding("S07", (*here, "generator", name), what, getattr(section.generator, name))
    told = [j for j, section in enumerate(sections) if section.history is not None]
    for j in told[1:]:
        what = "the site's load before the run is given already: one file serves all its programmes"
        first: Loc = (*loc, told[0], "history")
        yield Finding("S38", (*loc, j, "history"), what, sections[j].history, uses=(first,))
