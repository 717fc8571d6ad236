"""What a scenario may say of chargers beyond count, kind and power, and of limits they share."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from cosim.scenario.section import Section

GroupName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class ChargerOptions(Section):
    """Options of a group of ports; none of them costs anything when it is left out."""

    name: GroupName | None = Field(default=None, description="of the group, for `[[sites.limits]]`")
    p_min_kw: float | None = Field(
        default=None,
        gt=0,
        le=1000,
        description="least charging power a port can be set to, below it pauses; the 6 A of IEC 61851-1 are "
        "1.38 on one phase of 230 V, 4.14 on three [kW]",
    )
    steps_kw: list[Annotated[float, Field(gt=0, le=1000)]] | None = Field(
        default=None,
        min_length=1,
        max_length=100,
        description="the charging powers a port can be set to, up to p_max_kw; others are rounded down [kW]",
    )
    efficiency_curve: list[list[float]] | None = Field(
        default=None,
        max_length=100,
        description="[[share of p_max_kw, efficiency], ...] either way, instead of the two constants [-]",
    )
    ports_per_station: int = Field(
        default=1, ge=1, le=1000, description="so many ports, one after the other, make a station [-]"
    )
    station_limit_kw: float | None = Field(
        default=None,
        gt=0,
        le=100_000,
        description="what the ports of a station charge together, and discharge together [kW]",
    )


class Limit(Section):
    """A limit that some groups of chargers share: a feeder, a fuse, a contract."""

    name: GroupName = Field(description="letters, digits, `.`, `_` and `-`, at most 64", examples=["row_a"])
    chargers: list[int | str] = Field(
        min_length=1,
        max_length=1000,
        description="names of groups of chargers, or their numbers in the file from 0",
        examples=[[0]],
    )
    limit_kw: float = Field(
        gt=0,
        le=100_000,
        description="what they charge together, and discharge together [kW]",
        examples=[60.0],
    )


class TemperatureLimit(Section):
    """Share of its power a car can charge and discharge with, by the outside air of `[weather]`."""

    points: list[list[float]] = Field(
        max_length=100,
        description="[[temperature in degC, share of the power], ...], straight lines between them",
        examples=[[[-10.0, 0.5], [20.0, 1.0]]],
    )


def group_number(named: int | str, chargers: Sequence[ChargerOptions]) -> int | None:
    """Position of a group of chargers among those of the site, or None if there is no such group."""
    if isinstance(named, int):
        return named if 0 <= named < len(chargers) else None
    return next((j for j, group in enumerate(chargers) if group.name == named), None)
