"""The scenario as data: every key with its unit, bounds, example and default (`cosim schema` prints it)."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from cosim.scenario.charger_form import ChargerOptions, Limit, TemperatureLimit
from cosim.scenario.events_form import SiteEvents
from cosim.scenario.forecasts_form import Forecasts
from cosim.scenario.positions import Places, site_names
from cosim.scenario.prices_form import Emissions, Prices
from cosim.scenario.section import Section
from cosim.scenario.thermal_form import Thermal
from cosim.scenario.voltage_form import TapChanger, VoltVar, VoltWatt
from cosim.scenario.wear_form import Degradation

SCHEMA_VERSION = 1
STEPS_MINUTES = (1, 5, 10, 15, 30, 60)
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
WholeNumber = Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]
Scalar = bool | WholeNumber | float | str
MonthlyPeaks = list[Annotated[float, Field(ge=0, le=100_000)]]


class Weather(Section):
    """Outside air at the feeder; batteries, transformers and PV panels take it from here."""

    file: str | None = Field(
        default=None, description="CSV `time, temperature_c` [degC]", examples=["data/weather.csv"]
    )
    temperature_c: float | None = Field(
        default=None, ge=-60, le=60, description="the same temperature all the time instead of a file [degC]"
    )


class Location(Section):
    """Where on earth the feeder is; the sun is computed from it."""

    latitude: float = Field(ge=-90, le=90, description="north positive [deg]", examples=[34.2])
    longitude: float = Field(ge=-180, le=180, description="east positive [deg]", examples=[-118.2])
    clearness: float = Field(
        default=0.7, ge=0.1, le=1, description="mean irradiance of a day over that of a clear one [-]"
    )
    clearness_spread: float = Field(
        default=0.2, ge=0, le=0.4, description="standard deviation from day to day; 0: all alike [-]"
    )


class Pv(Section):
    """A PV plant: a profile, or a fixed panel under the sky of [location]."""

    peak_kw: float | None = Field(
        default=None,
        gt=0,
        le=100_000,
        description="rated power; scales a profile so that the file's maximum is this [kW]",
        examples=[10.0],
    )
    profile: str | None = Field(
        default=None, description="CSV `time, kw`: mean generation, positive [kW]; default: computed"
    )
    tilt_deg: float = Field(default=30.0, ge=0, le=90, description="0 lies flat, 90 stands upright [deg]")
    azimuth_deg: float = Field(
        default=180.0, ge=0, le=360, description="where it faces: 90 east, 180 south, 270 west [deg]"
    )
    performance_ratio: float = Field(
        default=0.8, gt=0, le=1, description="share of the rated yield that reaches the meter [-]"
    )


class FeederPv(Pv):
    """A PV plant somewhere on the feeder, behind nobody's meter of ours."""

    connection: str = Field(description="bus it feeds", examples=["loadbus_1_1"])


class Background(Section):
    """Loads of the feeder that are not ours."""

    loads: Literal["network", "none"] = Field(
        default="network",
        description="`network`: the loads the network carries, static (SimBench: its year of profiles); "
        "`none`: they are switched off",
    )
    profile: str | None = Field(
        default=None,
        description="CSV `time, kw`: total all static loads follow; or `time, <load name>_kw, ...` [kW]",
    )


class Feeder(Section):
    """The low-voltage network that carries the sites."""

    network: str = Field(
        description='a shipped one, "pandapower:<create function>", "simbench:<code>", '
        "or a JSON file of pandapower",
        examples=["office_site"],
    )
    engine: Literal["zbus", "pandapower", "power-grid-model"] = Field(
        default="zbus",
        description="power-flow engine: `zbus` and `pandapower` balanced, `power-grid-model` phase by phase",
    )
    zero_sequence: Literal["network", "typical"] = Field(
        default="network",
        description="`typical`: fill in typical zero-sequence data for a flow by phases where there are none",
    )
    options: dict[str, Scalar] = Field(
        default_factory=dict, description="options of the network's builder: build(**options)"
    )
    background: Background = Field(default_factory=Background)
    pv: list[FeederPv] = Field(
        default_factory=list, max_length=10_000, description="plants behind nobody's meter of ours"
    )
    on_divergence: Literal["mark", "stop"] = Field(
        default="mark", description="a step whose power flow has no solution is marked, or stops the run"
    )
    thermal: Thermal | None = None
    tap_changers: list[TapChanger] = Field(default_factory=list, max_length=1000)


class Building(Section):
    """The inflexible load of a site."""

    profile: str = Field(
        description="CSV `time, kw`: mean power of the interval that starts at `time` [kW]",
        examples=["data/building.csv"],
    )
    column: str = Field(
        default="kw", pattern=r"^(.+_)?kw$", description="column of the profile: `kw` or `<name>_kw`"
    )
    peak_kw: float | None = Field(
        default=None,
        gt=0,
        le=100_000,
        description="scale the profile so that the file's maximum is this [kW]",
    )
    power_factor: float = Field(default=0.95, gt=0, le=1, description="cos phi, lagging [-]")
    connection: str | None = Field(
        default=None, description="bus of the building; default: the site's connection"
    )
    phase: Literal["L1", "L2", "L3"] | None = Field(
        default=None, description="the one phase it draws on, for power-grid-model; default: all three alike"
    )


class Chargers(ChargerOptions):
    """A group of equal ports (EVSEs)."""

    count: int = Field(ge=0, le=10_000, description="number of ports [-]", examples=[10])
    kind: Literal["uncontrolled", "unidirectional", "bidirectional"] = Field(
        description="uncontrolled ports charge at full power from plug-in; bidirectional ones may discharge",
        examples=["bidirectional"],
    )
    p_max_kw: float = Field(
        ge=0.1, le=1000, description="largest charging power, grid side [kW]", examples=[20.0]
    )
    p_discharge_max_kw: float | None = Field(
        default=None,
        ge=0.1,
        le=1000,
        description="largest discharging power; default: p_max_kw when bidirectional [kW]",
    )
    efficiency_charge: float = Field(
        default=0.95, gt=0.5, le=1, description="battery energy per metered energy [-]"
    )
    efficiency_discharge: float = Field(
        default=0.95, gt=0.5, le=1, description="metered energy per battery energy [-]"
    )
    connection: str | None = Field(
        default=None, description="bus of the ports; default: the site's connection"
    )
    phases: Literal[1, 3] = Field(
        default=3, description="phases each port is wired to; a car on fewer gets that share of p_max_kw [-]"
    )
    phase: Literal["rotating", "L1", "L2", "L3"] = Field(
        default="rotating",
        description="feeder phase of each port's first conductor, for power-grid-model; "
        "`rotating`: L1, L2, L3 in turn over all such ports of the scenario",
    )
    power_factor: float = Field(
        default=1.0,
        ge=-1,
        le=1,
        description="cos phi, > 0 draws and < 0 gives reactive power, charging or not; beyond +-0.5 [-]",
    )
    volt_var: VoltVar | None = None
    volt_watt: VoltWatt | None = None

    @property
    def draws_kvar(self) -> bool:
        """Whether its ports draw or give reactive power."""
        return self.power_factor != 1.0 or self.volt_var is not None


class Generator(Section):
    """Seeded workplace sessions, one renewal process a port (docs/how-to/sessions.md has its model)."""

    workdays_only: bool = Field(default=True, description="no sessions on Saturdays and Sundays")
    activity: float = Field(
        default=0.989, ge=0, le=1, description="probability that a port has a session on a day [-]"
    )


class Fleet(Section):
    """Who comes when, and how cars find a port."""

    sessions: str | None = Field(
        default=None, description="CSV of charging sessions (docs/how-to/sessions.md lists its columns)"
    )
    generator: Generator | None = Field(default=None, description="generate sessions instead of reading them")
    assignment: str = Field(
        default="bidirectional_first", description="rule by which an arriving car finds a port"
    )
    taper: Literal["none", "two_stage"] = Field(default="none", description="charging curve near full")
    taper_soc: float = Field(
        default=0.8, gt=0, lt=1, description="SoC where the two-stage curve starts to fall [-]"
    )
    stations: list[str] | None = Field(
        default=None,
        min_length=1,
        description="keep only sessions whose `station` starts with one of these; default: all",
        examples=[["AG-1F"]],
    )
    drop_zero: bool = Field(
        default=False, description="drop and count sessions of zero length instead of refusing them"
    )
    temperature_limit: TemperatureLimit | None = None
    persistent_vehicles: bool = Field(
        default=False,
        description="a car that comes back (same vehicle_id) brings what it left with less what it drove; "
        "otherwise what the file says",
    )
    degradation: Degradation | None = None


class PolicySection(BaseModel):
    """Which policy decides; keys beyond these are parameters of the policy itself."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True, allow_inf_nan=False)
    __pydantic_extra__: dict[str, Scalar | list[Scalar]]  # pyright: ignore[reportIncompatibleVariableOverride]

    name: str = Field(
        description="a registered policy (`cosim list policies`) or module:Class", examples=["llf"]
    )
    every_minutes: int | None = Field(
        default=None,
        ge=1,
        le=1440,
        description="an action holds until the next decision; default: every step [min]",
    )

    @property
    def parameters(self) -> dict[str, Any]:
        """Keyword arguments of the policy."""
        return dict(self.model_extra or {})


class Site(Section):
    """A building, its chargers and fleet, at one connection of the feeder."""

    name: Name = Field(description="letters, digits, `.`, `_` and `-`, at most 64", examples=["office"])
    connection: str = Field(description="bus where the site meets the feeder", examples=["main_board"])
    currency: Literal["USD", "EUR", "GBP", "CHF"] = Field(
        default="USD", description="of the tariff and the bill"
    )
    tariff: str = Field(
        description="a preset (`cosim list tariffs`), a tariff TOML file, or a rate of OpenEI's URDB (JSON)",
        examples=["svp_cb1_paper"],
    )
    prices: Prices | None = None
    emissions: Emissions | None = None
    demand_history_kw: MonthlyPeaks | dict[str, MonthlyPeaks] | None = Field(
        default=None,
        description="highest demand of each month before the run, oldest first, for the tariff's ratchet; "
        "a table by period name when several are ratcheted; `[]`: none is known [kW]",
        examples=[[182.0, 175.5, 190.0]],
    )
    site_cap_kw: float | None = Field(
        default=None, gt=0, le=100_000, description="main-breaker limit on building plus chargers [kW]"
    )
    allow_export: bool = Field(default=False, description="may charging ports feed back into the grid")
    export_limit_kw: float | None = Field(
        default=None,
        gt=0,
        le=100_000,
        description="most that ports may make the site feed back; needs `allow_export` [kW]",
    )
    building: Building | None = None
    pv: Pv | None = None
    chargers: list[Chargers] = Field(default_factory=list, max_length=1000)
    limits: list[Limit] = Field(default_factory=list, max_length=1000)
    fleet: Fleet = Field(default_factory=Fleet)
    policy: PolicySection = Field(description="how charging is decided")
    events: list[SiteEvents] = Field(
        default_factory=list, max_length=10, description="demand-response programmes the site takes part in"
    )
    forecasts: Forecasts | None = None

    @property
    def most_export_kw(self) -> float:
        """What ports may make the site feed back: 0 without permit, inf without limit [kW]."""
        if not self.allow_export:
            return 0.0
        return float("inf") if self.export_limit_kw is None else self.export_limit_kw


class Scenario(Section):
    """One feeder, its sites and the time they are simulated for."""

    schema_version: int = Field(
        default=SCHEMA_VERSION, ge=1, le=SCHEMA_VERSION, description="version of this form"
    )
    name: Name = Field(
        description="letters, digits, `.`, `_` and `-`, at most 64; the result is called so",
        examples=["office_v2b"],
    )
    description: str = Field(default="", description="one line for reports")
    start: datetime = Field(
        description="first instant, local to `timezone`, without offset", examples=[datetime(2019, 6, 1)]
    )
    days: int = Field(ge=1, le=3660, description="local calendar days [d]", examples=[30])
    step_minutes: Literal[1, 5, 10, 15, 30, 60] = Field(default=15, description="length of a step [min]")
    timezone: str = Field(
        description="IANA name, for example America/Los_Angeles", examples=["America/Los_Angeles"]
    )
    seed: int = Field(default=1, ge=0, le=2**63 - 1, description="of all that is drawn")
    weather: Weather | None = None
    location: Location | None = None
    feeder: Feeder = Field(description="the network")
    sites: list[Site] = Field(min_length=1, max_length=10_000, description="at least one")

    _folder: Path = PrivateAttr(default_factory=Path.cwd)
    _places: Places = PrivateAttr(default_factory=Places)

    @property
    def folder(self) -> Path:
        """Folder its files are looked up in: that of the scenario file, or where Python ran."""
        return self._folder

    @property
    def places(self) -> Places:
        """Where its keys stand in the file it came from, for messages."""
        return self._places

    @classmethod
    def in_folder(cls, folder: Path | str, described: dict[str, Any]) -> "Scenario":
        """Scenario written in Python as its file would be, with its files in `folder`; all faults at once."""
        from cosim.scenario.validate import validated

        return validated(described, Path(folder).absolute(), Places(sites=site_names(described)))

    def located(self, folder: Path, places: Places) -> "Scenario":
        """The same scenario as read from a file in `folder`."""
        copy = self.model_copy()
        copy._folder, copy._places = folder, places
        return copy

    def __eq__(self, other: object) -> bool:
        """Whether all keys are equal; where a scenario came from does not matter."""
        return isinstance(other, Scenario) and self.model_dump() == other.model_dump()

    def __hash__(self) -> int:
        """Equal scenarios have the same."""
        return hash((self.name, self.start, self.days, self.seed))
