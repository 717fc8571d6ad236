"""A tariff as data: time-of-use energy prices and demand charges, looked up on a local calendar."""

import tomllib
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sims.clock import Calendar, Clock
from sims.faults import DataError, Fault, ScenarioError, nearest

PRESETS = Path(__file__).parent / "presets"
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Hour = Annotated[int, Field(ge=0, le=24)]


class Period(BaseModel):
    """Months, days and clock hours; by default all of them."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    name: str
    months: tuple[Annotated[int, Field(ge=1, le=12)], ...] = tuple(range(1, 13))
    days: tuple[Weekday, ...] = WEEKDAYS
    hours: tuple[tuple[Hour, Hour], ...] = ((0, 24),)

    @model_validator(mode="after")
    def _hours_run_forward(self) -> "Period":
        for start, end in self.hours:
            if start >= end:
                split = f"over midnight write [{start}, 24], [0, {end}]"
                raise ValueError(f"hours [{start}, {end}] end before they start; {split}")
        return self

    def table(self) -> npt.NDArray[np.bool_]:
        """Which month, weekday and hour belong to the period, shape (12, 7, 24)."""
        months = np.isin(np.arange(1, 13), self.months)
        days = np.isin(WEEKDAYS, self.days)
        hours = np.zeros(24, dtype=np.bool_)
        for start, end in self.hours:
            hours[start:end] = True
        return months[:, None, None] & days[None, :, None] & hours[None, None, :]

    def holds(self, calendar: Calendar) -> npt.NDArray[np.bool_]:
        """Which steps of `calendar` belong to the period, shape (n_steps,)."""
        return self.table()[calendar.month - 1, calendar.weekday, calendar.hour]


class EnergyPeriod(Period):
    """Energy price of a period; negative prices are legal."""

    price_per_kwh: float = Field(ge=-10, le=10, description="money per kWh (not cents) [1/kWh]")
    export_price_per_kwh: float = Field(
        default=0.0, ge=-10, le=10, description="paid for what is fed back [1/kWh]"
    )


class DemandPeriod(Period):
    """Monthly charge on the highest mean power of a demand window inside the period."""

    price_per_kw: float = Field(ge=0, le=1000, description="money per kW and month [1/kW]")


class Tariff(BaseModel):
    """What a kWh costs at each hour, and what the month's highest demand costs.

    The energy periods cover every hour of every weekday of every month exactly once. Demand
    periods may overlap: each is charged on its own highest window.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    name: str
    label: str = ""
    utility: str = ""
    currency: Literal["USD", "EUR", "GBP", "CHF"]
    source: str = Field(min_length=1, description="where the prices are stated")
    effective_from: date | None = None
    effective_until: date | None = None
    demand_window_minutes: Literal[15, 30, 60] = 15
    energy: tuple[EnergyPeriod, ...]
    demand: tuple[DemandPeriod, ...] = ()

    @model_validator(mode="after")
    def _energy_covers_each_hour_once(self) -> "Tariff":
        covered = np.zeros((12, 7, 24), dtype=np.int64)
        for period in self.energy:
            covered += period.table()
        for count, word in ((0, "no energy period covers"), (2, "two energy periods cover")):
            places = np.argwhere(covered == 0 if count == 0 else covered >= count)
            if len(places):
                month, day, hour = (int(i) for i in places[0])
                raise ValueError(
                    f"{word} month {month + 1}, {WEEKDAYS[day]}, {hour:02d}:00 ({len(places)} such hours)"
                )
        return self

    def price_per_kwh(self, calendar: Calendar) -> npt.NDArray[np.float64]:
        """Energy price of every step, shape (n_steps,) [1/kWh]."""
        prices = np.zeros(len(calendar.month))
        for period in self.energy:
            prices[period.holds(calendar)] = period.price_per_kwh
        return prices

    def export_price_per_kwh(self, calendar: Calendar) -> npt.NDArray[np.float64]:
        """What fed-back energy earns in every step, shape (n_steps,) [1/kWh]."""
        prices = np.zeros(len(calendar.month))
        for period in self.energy:
            prices[period.holds(calendar)] = period.export_price_per_kwh
        return prices

    @property
    def pays_export(self) -> bool:
        """Whether fed-back energy has a price at any time."""
        return any(period.export_price_per_kwh != 0.0 for period in self.energy)

    def in_demand_window(self, calendar: Calendar) -> npt.NDArray[np.bool_]:
        """Steps whose power can set a demand charge, shape (n_steps,)."""
        inside = np.zeros(len(calendar.month), dtype=np.bool_)
        for period in self.demand:
            inside |= period.holds(calendar)
        return inside

    def is_effective(self, clock: Clock) -> bool:
        """Whether the whole run lies inside the dates the tariff is stated for."""
        first = clock.local_time(clock.start_s).date()
        last = clock.local_time(clock.end_s - 1).date()
        return (self.effective_from is None or self.effective_from <= first) and (
            self.effective_until is None or last <= self.effective_until
        )


def list_tariffs() -> list[str]:
    """Names of the shipped presets."""
    return sorted(path.stem for path in PRESETS.glob("*.toml"))


def load_tariff(name: str, folder: Path, where: str = "tariff") -> Tariff:
    """Tariff of a preset's name or of a TOML file below `folder`.

    Raises
    ------
    ScenarioError
        No such preset or file.
    DataError
        The file is no valid tariff: every fault is listed.
    """
    path = folder / name if name.endswith(".toml") else PRESETS / f"{name}.toml"
    if not path.is_file():
        hint = nearest(name, list_tariffs())
        raise ScenarioError([Fault("S26", where, f'"{name}": no such tariff preset or TOML file; {hint}')])
    try:
        return Tariff.model_validate(tomllib.loads(path.read_text("utf-8-sig")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError([Fault("D04", path.name, f"not readable as TOML: {error}")]) from error
    except ValidationError as error:
        raise DataError(
            [
                Fault("D58", f"{path.name} {'.'.join(map(str, entry['loc']))}".strip(), entry["msg"])
                for entry in error.errors()
            ]
        ) from error
