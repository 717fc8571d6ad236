"""The events of a site, read or drawn, with every rule of its programmes that one of them breaks."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cosim.scenario.event_overlaps import Located, check_together
from cosim.scenario.events_form import EventGenerator, SiteEvents
from cosim.scenario.gather import Gathered
from cosim.scenario.positions import Finding, Loc
from cosim.scenario.programme_inputs import read_programme
from cosim.scenario.schema import Scenario, Site
from sims.clock import Clock
from sims.faults import DataError, Fault, ScenarioError
from sims.seeds import component_rng
from sims.signals.openadr.read import read_openadr
from sims.signals.response.event_checks import check_events, event_warnings
from sims.signals.response.event_generator import generate_events
from sims.signals.response.events import Event
from sims.signals.response.events_csv import read_events
from sims.signals.response.programme import FirmServiceLevel, Programme
from sims.tables import on_clock, read_series

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class EventInputs:
    """Checked events of a site.

    Parameters
    ----------
    programmes : tuple of Programme
        What it takes part in, each with a name of its own.
    events : tuple of Event
        Of all programmes, in order of time; seconds since the epoch.
    history_kw : floats, shape (n_before,)
        What the site drew in the steps right before the run [kW].
    """

    programmes: tuple[Programme, ...]
    events: tuple[Event, ...]
    history_kw: Floats


@dataclass(frozen=True, slots=True)
class EventReader:
    """Reads the events of one site of a scenario.

    Parameters
    ----------
    scenario, index : Scenario, int
        The site.
    clock : Clock
        Time axis of the run.
    price_per_kwh : floats, shape (n_steps,), or None
        Energy price generated events are drawn by; None while the site is wrong itself [1/kWh].
    temperature_c : floats, shape (n_steps,), or None
        Outside air [degC].
    found : Gathered
        Where faults and warnings go.
    """

    scenario: Scenario
    index: int
    clock: Clock
    price_per_kwh: Floats | None
    temperature_c: Floats | None
    found: Gathered

    def read(self) -> EventInputs | None:
        """Programmes and events; None for a site without, and after noting faults."""
        sections = self._site.events
        if not sections:
            return None
        histories = [j for j, section in enumerate(sections) if section.history is not None]
        history_kw = self.found.attempt(self._history_kw, histories[0]) if histories else np.zeros(0)
        n_before = 0 if history_kw is None else len(history_kw)
        known_since_s = self.clock.start_s - n_before * self.clock.step_s
        programmes: list[Programme] = []
        located: Located = []
        for j in range(len(sections)):
            programme = self.found.attempt(read_programme, self.scenario, self._loc(j), self._section(j))
            if programme is None:
                continue
            programmes.append(programme)
            events = self.found.attempt(self._events, j, programme, known_since_s)
            # without the days before the run every baseline would be said to lack its days
            if events is not None and history_kw is not None:
                self.found.attempt(self._check, j, programme, events, known_since_s)
                located += events
        self.found.add(self._same_names(programmes))
        self.found.attempt(check_together, located)
        if history_kw is None or len(programmes) < len(sections):
            return None
        events = sorted((event for event, _ in located), key=lambda event: (event.start_s, event.event_id))
        return EventInputs(tuple(programmes), tuple(events), history_kw)

    def _same_names(self, programmes: list[Programme]) -> Iterator[Fault]:
        """Programmes of one name, whose events could not be told apart."""
        names = [programme.name for programme in programmes]
        for j, name in enumerate(names):
            if name in names[:j]:
                what = f'the site takes part in "{name}" already; `options.name` may tell them apart'
                yield Finding("S38", self._loc(j, "programme"), what, name).fault(self.scenario.places)

    def _loc(self, j: int, *keys: str) -> Loc:
        return ("sites", self.index, "events", j, *keys)

    @property
    def _site(self) -> Site:
        return self.scenario.sites[self.index]

    def _section(self, j: int) -> SiteEvents:
        return self._site.events[j]

    def _refused(self, code: str, loc: Loc, what: str, value: object) -> ScenarioError:
        return ScenarioError([Finding(code, loc, what, value).fault(self.scenario.places)])

    def _history_kw(self, j: int) -> Floats:
        """Mean power of the steps right before the run, shape (n_before,) [kW]."""
        name, clock = str(self._section(j).history), self.clock
        series = read_series(self.scenario.folder / name, ("kw",), clock.zone)
        n_before = (clock.start_s - int(series.time_s[0])) // clock.step_s
        if n_before < 1:
            first = clock.local_time(int(series.time_s[0])).isoformat()
            what = f"begins at {first}: a history is what the site drew before the run"
            raise self._refused("S38", self._loc(j, "history"), what, name)
        start_s = clock.start_s - n_before * clock.step_s
        return on_clock(series, "kw", replace(clock, start_s=start_s, n_steps=n_before))

    def _events(self, j: int, programme: Programme, known_since_s: int) -> Located:
        """Events of a programme and where each stands."""
        section, folder = self._section(j), self.scenario.folder
        if section.file is not None:
            return [
                (_capped(event, programme), place)
                for event, place in read_events(folder / section.file, self.clock.zone)
            ]
        if section.generator is None:
            return read_openadr(folder / str(section.openadr), programme.name)
        return self._drawn(j, programme, section.generator, known_since_s)

    def _drawn(self, j: int, programme: Programme, how: EventGenerator, known_since_s: int) -> Located:
        """Events of the generator, from a stream of its own."""
        if self.price_per_kwh is None:
            return []
        rng = component_rng(self.scenario.seed, f"events {self._site.name} {programme.name}")
        try:
            drawn = generate_events(
                programme,
                self.clock,
                rng,
                temperature_c=self.temperature_c,
                price_per_kwh=self.price_per_kwh,
                history_start_s=known_since_s,
                **how.model_dump(),
            )
        except ValueError as error:  # a firm service level without a cap
            raise self._refused("S38", self._loc(j, "programme"), str(error), programme.name) from error
        where = self.scenario.places.where(self._loc(j, "generator"))
        return [(event, where) for event in drawn]

    def _check(self, j: int, programme: Programme, located: Located, known_since_s: int) -> None:
        """Every rule of the programme that an event breaks, with the place of the event."""
        where = {event.event_id: place for event, place in located}
        events = [event for event, _ in located]
        faults = [
            Fault("D61", f"{place}:programme = \"{event.programme}\"",
                  f'the section is of the programme "{programme.name}"; one source a programme')
            for event, place in located
            if event.programme != programme.name
        ]  # fmt: skip
        own = [event for event in events if event.programme == programme.name]
        broken = check_events(own, programme, self.clock, history_start_s=known_since_s)
        faults += [Fault("D61", f"{where[name]} {name}", what) for name, what in broken]
        self.found.warnings += [
            f"{where[name]} {name}: {what}" for name, what in event_warnings(own, programme, self.clock)
        ]
        if faults:
            raise DataError(faults)


def _capped(event: Event, programme: Programme) -> Event:
    """The event, a limit that states no cap with that of the programme."""
    if event.kind == "limit" and event.value is None and isinstance(programme, FirmServiceLevel):
        return replace(event, value=programme.cap_kw)
    return event
