"""A tariff as data: what energy, demand, service and taxes cost, looked up on a local calendar."""

from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, model_validator

from sims.clock import Calendar, Clock, known_zone
from sims.signals.tariffs.holidays import holiday_dates, known_holidays
from sims.signals.tariffs.periods import DAY_TYPES, Month, Period, named

Floats = npt.NDArray[np.float64]

HOLIDAY = DAY_TYPES.index("holiday")

Price = Annotated[float, Field(ge=-10, le=10, description="money per kWh, not cents [1/kWh]")]


class Part(BaseModel):
    """A part of a tariff: unknown keys are errors, values are finite."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class EnergyTier(Part):
    """Price of the energy above the tier before and up to `up_to_kwh`."""

    price_per_kwh: Price
    up_to_kwh: float | None = Field(default=None, gt=0, description="upper end; the last tier has none [kWh]")


class EnergyPeriod(Period):
    """Energy price of a period, the same for every kWh or by tiers; negative prices are legal.

    Tiers count the energy imported in the periods of this name in a calendar month; with `tiers_per` "day"
    their ends are per day covered.
    """

    price_per_kwh: Price | None = None
    tiers: tuple[EnergyTier, ...] = ()
    tiers_per: Literal["month", "day"] = "month"
    export_price_per_kwh: float = Field(
        default=0.0, ge=-10, le=10, description="paid for what is fed back [1/kWh]"
    )

    @model_validator(mode="after")
    def _has_one_price(self) -> "EnergyPeriod":
        _check_tiers("price_per_kwh", self.price_per_kwh, [tier.up_to_kwh for tier in self.tiers])
        return self

    @property
    def first_price_per_kwh(self) -> float:
        """Price of the first kWh: what a controller is told [1/kWh]."""
        return self.tiers[0].price_per_kwh if self.price_per_kwh is None else self.price_per_kwh


class DemandTier(Part):
    """Price of the power above the tier before and up to `up_to_kw`."""

    price_per_kw: float = Field(ge=0, le=1000, description="money per kW and month [1/kW]")
    up_to_kw: float | None = Field(default=None, gt=0, description="upper end; the last tier has none [kW]")


class Ratchet(Part):
    """How earlier months raise the billed demand.

    "percent": at least `percent` of the highest month of the `lookback_months` before; "average": the mean
    of this month and the highest of this and the `lookback_months` before (Silicon Valley Power).
    """

    rule: Literal["percent", "average"]
    lookback_months: int = Field(default=11, ge=1, le=35, description="months before this one [-]")
    percent: float | None = Field(default=None, gt=0, le=100, description="share of the highest month [%]")
    months: tuple[Month, ...] = Field(
        default=tuple(range(1, 13)), description="calendar months whose demand is looked back at"
    )

    @model_validator(mode="after")
    def _percent_where_it_counts(self) -> "Ratchet":
        if (self.percent is None) == (self.rule == "percent"):
            raise ValueError('percent belongs to rule = "percent", and only to it')
        return self


class DemandPeriod(Period):
    """Monthly charge on the highest mean power of a demand window inside the period."""

    price_per_kw: float | None = Field(default=None, ge=0, le=1000, description="per kW and month [1/kW]")
    tiers: tuple[DemandTier, ...] = ()
    minimum_kw: float = Field(default=0.0, ge=0, le=100_000, description="least billed demand [kW]")
    ratchet: Ratchet | None = None

    @model_validator(mode="after")
    def _has_one_price(self) -> "DemandPeriod":
        _check_tiers("price_per_kw", self.price_per_kw, [tier.up_to_kw for tier in self.tiers])
        return self


class FixedCharge(Part):
    """What is paid whatever is used; a month that is covered in part pays its share of days."""

    name: str = Field(min_length=1)
    amount: float = Field(ge=-100_000, le=100_000, description="money; a credit is negative")
    per: Literal["day", "month", "year"] = "month"


class MinimumCharge(Part):
    """Least sum of energy, demand and fixed charges of a month, or of a calendar year."""

    amount: float = Field(gt=0, le=1_000_000, description="money")
    per: Literal["day", "month", "year"] = "month"


class Adjustment(Part):
    """A tax, levy or discount: a share of other lines, or a price on every imported kWh."""

    name: str = Field(min_length=1)
    percent: float | None = Field(default=None, ge=-100, le=200, description="of the lines in `of` [%]")
    of: tuple[Literal["energy", "demand", "fixed", "minimum"], ...] = ("energy", "demand", "fixed", "minimum")
    price_per_kwh: Price | None = None

    @model_validator(mode="after")
    def _is_one_kind(self) -> "Adjustment":
        if (self.percent is None) == (self.price_per_kwh is None):
            raise ValueError("give either percent or price_per_kwh")
        return self


class RealTime(Part):
    """Energy is bought at a market's price; the energy periods hold what comes on top of it."""

    factor: float = Field(default=1.0, ge=0, le=5, description="on the market price: losses, margin [-]")
    export_factor: float = Field(
        default=0.0, ge=0, le=5, description="share of the market price paid for what is fed back [-]"
    )


class Tariff(Part):
    """What a kWh costs at each hour, and what the month's highest demand costs.

    The energy periods cover every hour of every kind of day exactly once. Demand periods may overlap: each
    is charged on its own highest window.
    """

    name: str = Field(min_length=1)
    label: str = ""
    utility: str = ""
    currency: Literal["USD", "EUR", "GBP", "CHF"]
    source: str = Field(min_length=1, description="where the prices are stated")
    derived: tuple[str, ...] = Field(default=(), description="values the source does not state, and why")
    notes: tuple[str, ...] = Field(
        default=(), description="what the source also says and no bill shows: read it before use"
    )
    effective_from: date | None = None
    effective_until: date | None = None
    holidays: str | None = Field(
        default=None,
        description="country, or country-subdivision, whose public holidays are days of type `holiday`",
        examples=["US-CA", "IT"],
    )
    holiday_names: tuple[str, ...] = Field(
        default=(), description="the utility keeps only these of them; none means all"
    )
    holidays_on_saturday: Literal["as_observed", "stay"] = Field(
        default="as_observed",
        description='"stay": the Friday before a holiday on a Saturday is an ordinary day',
    )
    timezone: str | None = Field(
        default=None,
        description="IANA zone of the clock hours, for bills of a load file; a scenario has its own",
    )
    demand_window_minutes: Literal[15, 30, 60] = 15
    energy: tuple[EnergyPeriod, ...]
    demand: tuple[DemandPeriod, ...] = ()
    fixed: tuple[FixedCharge, ...] = ()
    minimum: tuple[MinimumCharge, ...] = ()
    adjustments: tuple[Adjustment, ...] = ()
    real_time: RealTime | None = None

    @model_validator(mode="after")
    def _knows_its_holidays(self) -> "Tariff":
        if self.holidays is not None:
            known_holidays(self.holidays, self.holiday_names)
        elif self.holiday_names or self.holidays_on_saturday != "as_observed":
            raise ValueError('which holidays are kept is said, but not whose; for example holidays = "US-CA"')
        elif any(p.days != DAY_TYPES and "holiday" in p.days for p in (*self.energy, *self.demand)):
            raise ValueError('a period names `holiday`, but the tariff no `holidays`; for example "US-CA"')
        return self

    @model_validator(mode="after")
    def _knows_its_zone(self) -> "Tariff":
        if self.timezone is not None:
            known_zone(self.timezone)
        return self

    @model_validator(mode="after")
    def _energy_covers_each_hour_once(self) -> "Tariff":
        covered = np.zeros((366, len(DAY_TYPES), 24), dtype=np.int64)
        for period in self.energy:
            covered += period.table()
        counted = covered if self.holidays is not None else covered[:, :HOLIDAY]
        for wrong, word in ((counted == 0, "no energy period covers"), (counted > 1, "two periods cover")):
            if wrong.any():
                first = named(*(int(i) for i in np.argwhere(wrong)[0]))
                raise ValueError(f"{word} {first} ({int(wrong.sum())} such hours of the year's table)")
        return self

    def price_per_kwh(self, calendar: Calendar, market_price_per_kwh: Floats | None = None) -> Floats:
        """Energy price of every step, of the first tier where there are several, shape (n_steps,) [1/kWh]."""
        prices = self._by_step(calendar, [period.first_price_per_kwh for period in self.energy])
        if self.real_time is None or market_price_per_kwh is None:
            return prices
        return prices + self.real_time.factor * market_price_per_kwh

    def export_price_per_kwh(self, calendar: Calendar, market_price_per_kwh: Floats | None = None) -> Floats:
        """What fed-back energy earns in every step, shape (n_steps,) [1/kWh]."""
        prices = self._by_step(calendar, [period.export_price_per_kwh for period in self.energy])
        if self.real_time is None or market_price_per_kwh is None:
            return prices
        return prices + self.real_time.export_factor * market_price_per_kwh

    @property
    def pays_export(self) -> bool:
        """Whether fed-back energy has a price at any time."""
        by_market = self.real_time is not None and self.real_time.export_factor != 0.0
        return by_market or any(period.export_price_per_kwh != 0.0 for period in self.energy)

    def in_demand_window(self, calendar: Calendar) -> npt.NDArray[np.bool_]:
        """Steps whose power can set a demand charge, shape (n_steps,)."""
        inside = np.zeros(len(calendar.month), dtype=np.bool_)
        for period in self.demand:
            inside |= self.holds(period, calendar)
        return inside

    def holds(self, period: Period, calendar: Calendar) -> npt.NDArray[np.bool_]:
        """Which steps of `calendar` belong to a period of the tariff, shape (n_steps,)."""
        return period.table()[calendar.day_of_year, self.day_type(calendar), calendar.hour]

    def day_type(self, calendar: Calendar) -> npt.NDArray[np.int64]:
        """Kind of day of every step, place in `DAY_TYPES`, shape (n_steps,)."""
        if self.holidays is None:
            return calendar.weekday
        free = self.holiday_dates(tuple(range(int(calendar.year.min()), int(calendar.year.max()) + 1)))
        return np.where(np.isin(calendar.ordinal, free), HOLIDAY, calendar.weekday)

    def holiday_dates(self, years: tuple[int, ...]) -> npt.NDArray[np.int64]:
        """Days of type `holiday` in the years, as ordinals, shape (n,)."""
        if self.holidays is None:
            return np.zeros(0, dtype=np.int64)
        stay = self.holidays_on_saturday == "stay"
        return holiday_dates(self.holidays, years, self.holiday_names, saturdays_stay=stay)

    def is_effective(self, clock: Clock) -> bool:
        """Whether the whole run lies inside the dates the tariff is stated for."""
        first = clock.local_time(clock.start_s).date()
        last = clock.local_time(clock.end_s - 1).date()
        return (self.effective_from is None or self.effective_from <= first) and (
            self.effective_until is None or last <= self.effective_until
        )

    def _by_step(self, calendar: Calendar, prices: Sequence[float]) -> Floats:
        number = self.period_table[calendar.day_of_year, self.day_type(calendar), calendar.hour]
        return np.asarray(prices, dtype=np.float64)[number]

    @property
    def period_table(self) -> npt.NDArray[np.int64]:
        """Which energy period holds: day of a leap year, kind of day, hour, shape (366, 8, 24)."""
        table = np.zeros((366, len(DAY_TYPES), 24), dtype=np.int64)
        for number, period in enumerate(self.energy):
            table[period.table()] = number
        return table


def _check_tiers(name: str, price: float | None, ends: Sequence[float | None]) -> None:
    """Raise unless there is one price or rising tiers of which the last has no end."""
    if (price is None) == (not ends):
        raise ValueError(f"give either {name} or tiers")
    if ends and ends[-1] is not None:
        raise ValueError("the last tier has no upper end: what is above it needs a price")
    finite = [end for end in ends[:-1] if end is not None]
    if len(finite) < len(ends) - 1 or any(above <= below for below, above in pairwise(finite)):
        raise ValueError("tiers rise: each but the last has an upper end above the one before")
