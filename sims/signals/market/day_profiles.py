"""Mean days as data: 24 hourly prices or CO2 intensities with their source, laid on the steps of a run."""

import tomllib
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from sims.clock import Clock
from sims.faults import Fault, ScenarioError, nearest

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Quantity = Literal["price", "co2"]
Resample = Literal["step", "linear"]

PROFILES = Path(__file__).parent / "profiles"
HOURS = 24
KWH_PER_MWH = 1000.0


class DayProfile(BaseModel):
    """A mean day of a market or a grid, in the unit of its source.

    `derived` names what the source does not state; a `synthetic` profile is invented altogether.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    label: str = Field(min_length=1)
    quantity: Quantity
    unit: Literal["EUR/MWh", "g/kWh"]
    synthetic: bool = False
    source: str = Field(min_length=1, description="where the values come from")
    derived: tuple[str, ...] = Field(default=(), description="doubts, and values the source does not state")
    hours: Annotated[tuple[float, ...], Field(min_length=HOURS, max_length=HOURS)]

    @property
    def per_kwh(self) -> Floats:
        """Value of each clock hour, shape (24,) [EUR/kWh for prices, g/kWh for CO2]."""
        return np.array(self.hours) / (KWH_PER_MWH if self.unit == "EUR/MWh" else 1.0)


def list_profiles(quantity: Quantity) -> list[str]:
    """Names of the shipped profiles of prices or of CO2."""
    return sorted(path.stem for path in PROFILES.glob("*.toml") if _read(path).quantity == quantity)


def load_profile(name: str, quantity: Quantity, where: str = "profile") -> DayProfile:
    """A shipped profile by its name.

    Raises
    ------
    ScenarioError
        There is none of this name and quantity.
    """
    known = list_profiles(quantity)
    if name not in known:
        what = f'"{name}": no such profile of {"prices" if quantity == "price" else "CO2"}; '
        raise ScenarioError([Fault("S26", where, f"{what}{nearest(name, known)}")])
    return _read(PROFILES / f"{name}.toml")


def resample(days: Floats, per_day: int, how: Resample) -> Floats:
    """Days of 24 hours as days of finer steps; the mean of each day stays the same.

    Parameters
    ----------
    days : floats, shape (..., 24)
        Hourly values [any unit].
    per_day : int
        Steps a day, a multiple of 24 [-].
    how : str
        "step": an hour holds all through, as tariffs bill it; "linear": straight lines from the middle of
        an hour to the middle of the next, the last hour joined to the first of the same day.

    Returns
    -------
    floats, shape (..., per_day)
        Values at the middle of each step, in the unit of `days`.

    Raises
    ------
    ValueError
        `per_day` is no multiple of 24.
    """
    if per_day < HOURS or per_day % HOURS:
        raise ValueError(f"per_day = {per_day}: must be a multiple of {HOURS}")
    hour_h = (np.arange(per_day) + 0.5) * HOURS / per_day
    if how == "step":
        return days[..., hour_h.astype(np.int64)]
    before, share = _middles(hour_h)
    return (1.0 - share) * days[..., before % HOURS] + share * days[..., (before + 1) % HOURS]


def on_steps(days: Floats, clock: Clock, how: Resample) -> Floats:
    """Consecutive local days of 24 clock hours, laid on the steps of a run.

    Parameters
    ----------
    days : floats, shape (n_days, 24)
        Values of the clock hours of each local day of the run [any unit].
    clock : Clock
        Time axis. On the day clocks are put forward the skipped hour is left out, on the day they are put
        back the repeated one has the same value twice.
    how : str
        As in `resample`; "linear" joins each day to the next.

    Returns
    -------
    floats, shape (n_steps,)
        Values in the unit of `days`.
    """
    day, hour_h = clock.calendar().day, clock.local_hour()
    if how == "step":
        return days[day, hour_h.astype(np.int64)]
    # the first and the last hour have no neighbour but the other end of their own day
    padded = np.concatenate([days[0, -1:], days.ravel(), days[-1, :1]])
    before, share = _middles(hour_h)
    at = HOURS * day + before + 1
    return (1.0 - share) * padded[at] + share * padded[at + 1]


def _middles(hour_h: Floats) -> tuple[Ints, Floats]:
    """Hour whose middle is the last one before each clock time, -1 for yesterday's; way to the next, 0..1."""
    before = np.floor(hour_h - 0.5)
    return before.astype(np.int64), hour_h - 0.5 - before


def _read(path: Path) -> DayProfile:
    return DayProfile.model_validate(tomllib.loads(path.read_text("utf-8")))
