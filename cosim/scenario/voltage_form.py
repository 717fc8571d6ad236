"""Scenario tables of what answers to voltage: Q(V) and P(V) of chargers, tap changers of transformers."""

from typing import Annotated, Literal

from pydantic import Field

from cosim.scenario.section import Section

Points = Annotated[list[float], Field(min_length=2, max_length=16)]


class VoltVar(Section):
    """Q(V): reactive power by the voltage at the port's bus, level beyond the points.

    The default is the volt-var curve of category B in IEEE Std 1547-2018, table 8: dead band 0.98 .. 1.02 pu,
    44 % of the rating given at 0.92 pu and drawn at 1.08 pu.
    """

    voltage_pu: Points = Field(
        default=[0.92, 0.98, 1.02, 1.08], description="rising voltages of the curve's points [pu]"
    )
    q_share: Points = Field(
        default=[-0.44, 0.0, 0.0, 0.44],
        description="share of `rated_kva` drawn there, < 0 given; must not fall with voltage [-]",
    )
    rated_kva: float | None = Field(
        default=None,
        gt=0,
        le=2000,
        description="apparent power of a port; default: 1/0.9 of its largest active power [kVA]",
    )


class VoltWatt(Section):
    """P(V): share of the power limit by the voltage in the last step, level beyond the points.

    The discharging default is the volt-watt curve of category B in IEEE Std 1547-2018, table 10; the charging
    default is its mirror image below 1 pu.
    """

    charge_voltage_pu: Points = Field(
        default=[0.90, 0.94], description="rising voltages of the charging curve's points [pu]"
    )
    charge_share: Points = Field(
        default=[0.2, 1.0], description="share of the charging limit there; must not fall with voltage [-]"
    )
    discharge_voltage_pu: Points = Field(
        default=[1.06, 1.10], description="rising voltages of the discharging curve's points [pu]"
    )
    discharge_share: Points = Field(
        default=[1.0, 0.2],
        description="share of the discharging limit there; must not rise with voltage [-]",
    )


class TapChanger(Section):
    """The tap changer of one transformer."""

    transformer: str = Field(description="name of the transformer", examples=["trafo 1"])
    mode: Literal["on_load", "off_load"] = Field(
        description="on_load: a controller moves it; off_load: it stays where it is set", examples=["on_load"]
    )
    tap: int | None = Field(
        default=None, ge=-100, le=100, description="position at the start; default: the network's [-]"
    )
    bus: str | None = Field(
        default=None, description="controlled bus; default: the transformer's low-voltage bus (on_load)"
    )
    target_pu: float | None = Field(
        default=None, ge=0.8, le=1.2, description="voltage wanted there; default: 1.0 (on_load) [pu]"
    )
    dead_band_pu: float | None = Field(
        default=None,
        gt=0,
        le=0.2,
        description="whole width of the band without moves; default: 1.5 x the tap step (on_load) [pu]",
    )
    delay_minutes: float | None = Field(
        default=None,
        ge=0,
        le=1440,
        description="time outside the band before a move; default: 1 (on_load) [min]",
    )
