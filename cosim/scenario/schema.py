"""The scenario as data: every key with its unit, bounds and default (`cosim schema` prints it)."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

SCHEMA_VERSION = 1
STEPS_MINUTES = (1, 5, 10, 15, 30, 60)
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Scalar = bool | int | float | str


class Section(BaseModel):
    """A table of the scenario file: unknown keys are errors, values are finite."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Background(Section):
    """Loads of the feeder that are not ours."""

    loads: Literal["network", "none"] = Field(
        "network",
        description="`network`: the static loads the network carries; `none`: they are switched off",
    )
    profile: str | None = Field(
        None,
        description="CSV `time, kw`: total the static loads follow together; or `time, <load name>_kw, ...` [kW]",
    )


class Feeder(Section):
    """The low-voltage network that carries the sites."""

    network: str = Field(
        description='a shipped one, "pandapower:<create function>", or a JSON file of pandapower'
    )
    engine: Literal["zbus", "pandapower"] = Field("zbus", description="power-flow engine")
    options: dict[str, Scalar] = Field(
        default_factory=dict, description="options of the network's builder: build(**options)"
    )
    background: Background = Field(default_factory=lambda: Background())
    on_divergence: Literal["mark", "stop"] = Field(
        "mark", description="a step whose power flow has no solution is marked, or stops the run"
    )


class Building(Section):
    """The inflexible load of a site."""

    profile: str = Field(description="CSV `time, kw`: mean power of the interval that starts at `time` [kW]")
    peak_kw: float | None = Field(
        None, gt=0, le=100_000, description="scale the profile so that its maximum is this [kW]"
    )
    power_factor: float = Field(0.95, gt=0, le=1, description="cos phi, lagging [-]")
    connection: str | None = Field(None, description="bus of the building; default: the site's connection")


class Chargers(Section):
    """A group of equal ports (EVSEs)."""

    count: int = Field(ge=0, le=10_000, description="number of ports [-]")
    kind: Literal["uncontrolled", "unidirectional", "bidirectional"] = Field(
        description="uncontrolled ports charge at full power from plug-in; bidirectional ones may discharge"
    )
    p_max_kw: float = Field(gt=0, le=1000, description="largest charging power, grid side [kW]")
    p_discharge_max_kw: float | None = Field(
        None,
        gt=0,
        le=1000,
        description="largest discharging power; default: p_max_kw when bidirectional [kW]",
    )
    efficiency_charge: float = Field(0.95, gt=0.5, le=1, description="battery energy per metered energy [-]")
    efficiency_discharge: float = Field(
        0.95, gt=0.5, le=1, description="metered energy per battery energy [-]"
    )
    connection: str | None = Field(None, description="bus of the ports; default: the site's connection")


class Generator(Section):
    """Seeded workplace sessions, one renewal process a port (docs/how-to.md has its model)."""

    workdays_only: bool = Field(True, description="no sessions on Saturdays and Sundays")
    activity: float = Field(
        0.989, ge=0, le=1, description="probability that a port has a session on a day [-]"
    )


class Fleet(Section):
    """Who comes when, and how cars find a port."""

    sessions: str | None = Field(
        None, description="CSV of charging sessions (docs/how-to.md lists its columns)"
    )
    generator: Generator | None = Field(None, description="generate sessions instead of reading them")
    assignment: str = Field("bidirectional_first", description="rule by which an arriving car finds a port")
    taper: Literal["none", "two_stage"] = Field("none", description="charging curve near full")
    taper_soc: float = Field(0.8, gt=0, lt=1, description="SoC where the two-stage curve starts to fall [-]")
    drop_zero: bool = Field(
        False, description="drop and count sessions of zero length instead of refusing them"
    )


class PolicySection(BaseModel):
    """Which policy decides; keys beyond these are parameters of the policy itself."""

    model_config = ConfigDict(extra="allow", frozen=True, allow_inf_nan=False)

    name: str = Field(description="a registered policy (`cosim list policies`) or module:Class")
    every_minutes: int | None = Field(
        None, ge=1, le=1440, description="an action holds until the next decision; default: every step [min]"
    )

    @property
    def parameters(self) -> dict[str, Any]:
        """Keyword arguments of the policy."""
        return dict(self.model_extra or {})


class Site(Section):
    """A building, its chargers and fleet, at one connection of the feeder."""

    name: Name
    connection: str = Field(description="bus where the site meets the feeder")
    currency: Literal["USD", "EUR", "GBP", "CHF"] = Field("USD", description="of the tariff and the bill")
    tariff: str = Field(description="a preset (`cosim list tariffs`) or a tariff TOML file")
    emissions: str | None = Field(
        None, description="CSV `time, co2_g_per_kwh`: intensity of the grid [g/kWh]"
    )
    site_cap_kw: float | None = Field(
        None, gt=0, le=100_000, description="main-breaker limit on building plus chargers [kW]"
    )
    allow_export: bool = Field(False, description="may the site feed back into the grid")
    building: Building | None = None
    chargers: list[Chargers] = Field(default_factory=list)
    fleet: Fleet = Field(default_factory=lambda: Fleet())
    policy: PolicySection


class Scenario(Section):
    """One feeder, its sites and the time they are simulated for."""

    schema_version: int = Field(SCHEMA_VERSION, ge=1, description="version of this form")
    name: Name
    description: str = Field("", description="one line for reports")
    start: datetime = Field(description="first instant, local to `timezone`, without offset")
    days: int = Field(ge=1, le=3660, description="local calendar days [d]")
    step_minutes: Literal[1, 5, 10, 15, 30, 60] = Field(15, description="length of a step [min]")
    timezone: str = Field(description="IANA name, for example America/Los_Angeles")
    seed: int = Field(1, ge=0, le=2**63 - 1, description="of all that is drawn")
    feeder: Feeder
    sites: list[Site] = Field(min_length=1)
