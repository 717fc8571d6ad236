"""The form of an OpenADR 3.1 event: the fields that say what a site is asked, when, and since when it knows.

Strict on the types of these fields and on the values of enumerations; fields of the standard that ask for
nothing (`priority`, `reportDescriptors`, ...) and unknown ones are let pass, as the standard wants it.

Source: OpenADR 3.1, Definition and User Guide (7.3, 7.4), schemas of event interval payloads and of units.
"""

import math
import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from sims.signals.openadr.iso_time import duration_seconds, epoch_seconds_of

LARGEST_KW = 100_000.0
ASKING = ("SIMPLE", "IMPORT_CAPACITY_LIMIT", "ALERT_GRID_EMERGENCY")
_INSTEAD = {
    "PRICE": "prices are a series, not an event: give them as a prices file, [sites.prices]",
    "EXPORT_PRICE": "prices are a series, not an event: give them as a prices file, [sites.prices]",
    "GHG": "emissions are a series, not an event: give them as an emissions file, [sites.emissions]",
    "DISPATCH_SETPOINT": "a site is asked to stay below a power, not to hold one: IMPORT_CAPACITY_LIMIT",
    "EXPORT_CAPACITY_LIMIT": "no event limits export: `allow_export` of the site says whether it may",
}


def object_id(name: str) -> str:
    """A name in the characters of an OpenADR id: others become `-`, and 128 are kept."""
    return re.sub(r"[^A-Za-z0-9_-]", "-", name)[:128]


def _wrong(what: str) -> PydanticCustomError:
    return PydanticCustomError("openadr", "{what}", {"what": what})


def _text(given: Any) -> str:
    if not isinstance(given, str):
        raise _wrong("must be text")
    return given


def _instant(given: Any) -> float:
    try:
        return epoch_seconds_of(_text(given))
    except ValueError as error:
        raise _wrong(str(error)) from None


def _whole(instant_s: float) -> float:
    if instant_s % 1.0:
        raise _wrong("must be a whole second")
    return instant_s


def _duration(given: Any) -> int | None:
    try:
        return duration_seconds(_text(given)) or None
    except ValueError as error:
        raise _wrong(str(error)) from None


def _not_random(given: Any) -> None:
    if given is not None and _duration(given):
        raise _wrong("a start that each client shifts by chance is not simulated; write PT0S or leave it out")


def _target(given: Any) -> str:
    if isinstance(given, dict):
        raise _wrong("targets of OpenADR 3.0 are objects, those of 3.1 text; write the names alone")
    return _text(given)


def _optional(check: Any) -> BeforeValidator:
    return BeforeValidator(lambda given: None if given is None else check(given))


Instant = Annotated[float | None, _optional(_instant)]
Start = Annotated[float | None, _optional(lambda given: _whole(_instant(given)))]
Duration = Annotated[int | None, _optional(_duration)]
ObjectId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$", max_length=128)]


class Form(BaseModel):
    """An object of the standard; null stands for what is not given."""

    model_config = ConfigDict(
        extra="ignore", strict=True, frozen=True, allow_inf_nan=False, alias_generator=to_camel
    )


class IntervalPeriod(Form):
    """When an interval holds; a duration of zero is the default of the standard and means none is given."""

    start: Start = None
    duration: Duration = None
    randomize_start: Annotated[None, BeforeValidator(_not_random)] = None


class Payload(Form):
    """What is asked in an interval."""

    type: str
    values: list[Any]

    @model_validator(mode="after")
    def _asks_for_what_we_know(self) -> "Payload":
        if self.type not in ASKING:
            hint = _INSTEAD.get(self.type, "not understood")
            raise _wrong(f'"{self.type}": {hint}; allowed: {", ".join(ASKING)}')
        if len(self.values) != 1:
            raise _wrong(f"{self.type} has one value, not {len(self.values)}")
        if wanted := _not_of(self.type, self.values[0]):
            raise _wrong(f"{self.type} {self.values[0]!r}: must be {wanted}")
        return self


def _not_of(payload_type: str, value: Any) -> str:
    """What a value of this type must be, empty when it is."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if payload_type == "SIMPLE":
        return "" if number and value in {0, 1, 2, 3} else "0, 1, 2 or 3"
    if payload_type == "IMPORT_CAPACITY_LIMIT":
        fits = number and math.isfinite(value) and 0.0 <= value <= LARGEST_KW
        return "" if fits else f"0 .. {LARGEST_KW:g} kW"
    return "" if isinstance(value, str) else "text"


class Interval(Form):
    """A time and what is asked in it."""

    id: int
    interval_period: IntervalPeriod | None = None
    payloads: list[Payload] = Field(min_length=1, max_length=1)


class PayloadDescriptor(Form):
    """In which unit the values of a payload type are."""

    payload_type: str
    units: str | None = None


class EventForm(Form):
    """One event, as a VTN gives it away or as somebody wrote it by hand."""

    object_type: Literal["EVENT"] = "EVENT"
    id: ObjectId | None = None
    program_id: ObjectId = Field(alias="programID")
    event_name: str | None = None
    created_date_time: Instant = None
    modification_date_time: Instant = None
    duration: Duration = None
    targets: list[Annotated[str, BeforeValidator(_target)]] | None = None
    payload_descriptors: list[PayloadDescriptor] | None = None
    interval_period: IntervalPeriod | None = None
    intervals: list[Interval] = Field(min_length=1)
