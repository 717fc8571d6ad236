"""A demand-response programme as data: when it may call an event, how it is told, measured and paid."""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from sims.signals.tariffs.holidays import known_holidays
from sims.signals.tariffs.periods import ALL_MONTHS, DAY_TYPES, DayType, Hour, Month, Period

Subgroup = Literal["direct", "aggregator", "virtual_power_plant"]
WORKDAYS: tuple[DayType, ...] = ("mon", "tue", "wed", "thu", "fri")
FREE_DAYS: tuple[DayType, ...] = ("sat", "sun", "holiday")


class Rule(BaseModel):
    """A part of a programme: unknown keys are errors, values are finite."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class EventLength(Rule):
    """Shortest and longest event."""

    min_h: float = Field(default=1.0, gt=0, le=24, description="shortest event [h]")
    max_h: float = Field(default=5.0, gt=0, le=24, description="longest event [h]")

    @model_validator(mode="after")
    def _is_a_range(self) -> "EventLength":
        if self.max_h < self.min_h:
            raise ValueError(f"max_h = {self.max_h:g} lies below min_h = {self.min_h:g}")
        return self


class Notice(Rule):
    """How late an event may be told: the day before, on the day, or either."""

    day_ahead_by_h: Hour | None = Field(
        default=None, description="local clock hour of the day before; without it, no day-ahead notice [h]"
    )
    day_of_lead_minutes: float | None = Field(
        default=None,
        ge=0,
        le=1440,
        description="at least so long before the event; without it, no day-of notice [min]",
    )

    @model_validator(mode="after")
    def _tells_somehow(self) -> "Notice":
        if self.day_ahead_by_h is None and self.day_of_lead_minutes is None:
            raise ValueError("an event is told somehow: give day_ahead_by_h, day_of_lead_minutes or both")
        return self


class SameDayAdjustment(Rule):
    """Scales the baseline by the load of the hours before the event, within a cap."""

    from_h: int = Field(default=4, ge=1, le=24, description="its hours start so long before the event [h]")
    until_h: int = Field(default=1, ge=0, le=23, description="its hours end so long before the event [h]")
    cap_percent: float = Field(
        default=40.0, ge=0, le=100, description="most it changes the baseline; 0 is no adjustment [%]"
    )

    @model_validator(mode="after")
    def _ends_before_the_event(self) -> "SameDayAdjustment":
        if self.until_h >= self.from_h:
            raise ValueError(f"until_h = {self.until_h} is not after from_h = {self.from_h} before the event")
        return self


class Baseline(Rule):
    """What the load would have been: the mean of earlier similar days at the same local clock time."""

    n_days: int = Field(default=10, ge=1, le=90, description="days averaged: those of the highest load [-]")
    of_days: int = Field(default=10, ge=1, le=90, description="similar days looked at, the most recent [-]")
    similar: tuple[tuple[DayType, ...], ...] = Field(
        default=(WORKDAYS, FREE_DAYS), description="kinds of day that are like each other"
    )
    adjustment: SameDayAdjustment = SameDayAdjustment()

    @model_validator(mode="after")
    def _chooses_among_days(self) -> "Baseline":
        if self.n_days > self.of_days:
            raise ValueError(f"n_days = {self.n_days} of of_days = {self.of_days}: at most all of them")
        listed = sorted(day for group in self.similar for day in group)
        if listed != sorted(DAY_TYPES):
            raise ValueError(f"similar: each of {', '.join(DAY_TYPES)} belongs to exactly one group")
        return self


class Rules(Rule):
    """What all programmes share: season, window, budget of hours and notice."""

    name: str = Field(min_length=1)
    label: str = ""
    source: str = Field(min_length=1, description="where the rules are stated")
    derived: tuple[str, ...] = Field(default=(), description="values the source does not state, and why")
    currency: Literal["USD", "EUR", "GBP", "CHF"]
    effective_from: date | None = None
    effective_until: date | None = None
    holidays: str | None = Field(
        default=None,
        description="country, or country-subdivision, whose public holidays are days of type `holiday`",
        examples=["US-CA", "IT"],
    )
    months: tuple[Month, ...] = Field(default=ALL_MONTHS, min_length=1, description="season")
    days: tuple[DayType, ...] = Field(default=DAY_TYPES, min_length=1, description="kinds of day with events")
    hours: tuple[tuple[Hour, Hour], ...] = Field(
        default=((0, 24),), min_length=1, description="local clock hours that events lie in"
    )
    budget_h: float = Field(default=8784.0, gt=0, le=8784, description="hours of events a calendar year [h]")
    notice: Notice

    @model_validator(mode="after")
    def _knows_its_days(self) -> "Rules":
        if self.holidays is not None:
            known_holidays(self.holidays)
        elif self.days != DAY_TYPES and "holiday" in self.days:
            raise ValueError('days name `holiday`, but the programme no `holidays`; for example "US-CA"')
        _ = self.window
        return self

    @property
    def window(self) -> Period:
        """Season, days and hours as a period that is looked up on a local calendar."""
        return Period(name=self.name, months=self.months, days=self.days, hours=self.hours)


class Elrp(Rules):
    """Pays for energy below a baseline, without a penalty (Emergency Load Reduction Program, California).

    Source: the rules as the CPUC, PG&E, SCE and SDG&E state them; every one is a parameter.
    """

    kind: Literal["elrp"] = "elrp"
    months: tuple[Month, ...] = Field(default=(5, 6, 7, 8, 9, 10), min_length=1, description="season")
    hours: tuple[tuple[Hour, Hour], ...] = Field(
        default=((16, 21),), min_length=1, description="local clock hours that events lie in"
    )
    budget_h: float = Field(default=60.0, gt=0, le=8784, description="hours of events a calendar year [h]")
    notice: Notice = Notice(day_ahead_by_h=17, day_of_lead_minutes=0)
    subgroup: Subgroup = Field(default="direct", description="how the customer takes part")
    lengths: dict[Subgroup, EventLength] = Field(
        default={
            "direct": EventLength(min_h=1, max_h=5),
            "aggregator": EventLength(min_h=1, max_h=3),
            "virtual_power_plant": EventLength(min_h=1, max_h=3),
        },
        description="lengths of events by subgroup",
    )
    baseline: Baseline = Baseline()
    payment_per_kwh: float = Field(
        default=2.0, ge=0, le=100, description="for a kWh below the baseline [1/kWh]"
    )
    minimum_kw: float = Field(
        default=1.0,
        ge=0,
        le=100_000,
        description="least mean reduction of an event that is paid, of direct customers [kW]",
    )
    export_permit: bool = Field(default=False, description="whether load below zero counts as such")

    @model_validator(mode="after")
    def _has_a_length(self) -> "Elrp":
        if self.subgroup not in self.lengths:
            raise ValueError(f'lengths: none for subgroup "{self.subgroup}"')
        return self

    @property
    def event_length(self) -> EventLength:
        """Shortest and longest event of the subgroup."""
        return self.lengths[self.subgroup]


class FirmServiceLevel(Rules):
    """Pays a month for standing by and fines the energy above a cap during an event.

    The incentive is `nominated_kw * incentive_per_kw` for each month of the season, event or not, by the
    share of the month's days that the run touches.
    """

    kind: Literal["firm_service_level"] = "firm_service_level"
    notice: Notice = Notice(day_of_lead_minutes=30)
    event_length: EventLength = EventLength(min_h=1, max_h=6)
    cap_kw: float | None = Field(
        default=None, ge=0, le=100_000, description="cap where an event states none [kW]"
    )
    penalty_per_kwh: float = Field(default=0.0, ge=0, le=100, description="for a kWh above the cap [1/kWh]")
    nominated_kw: float = Field(
        default=0.0, ge=0, le=100_000, description="power the customer stands by to drop [kW]"
    )
    incentive_per_kw: float = Field(
        default=0.0, ge=0, le=1000, description="for a nominated kW and month of the season [1/kW]"
    )


Programme = Annotated[Elrp | FirmServiceLevel, Field(discriminator="kind")]
PROGRAMME: TypeAdapter[Elrp | FirmServiceLevel] = TypeAdapter(Programme)
