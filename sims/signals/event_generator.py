"""Events drawn from a seed: likelier on hot days and at high prices, within the rules of the programme."""

import numpy as np
import numpy.typing as npt

from sims.clock import Clock
from sims.signals.events import Event
from sims.signals.programme import Programme

Floats = npt.NDArray[np.float64]


def generate_events(
    programme: Programme,
    clock: Clock,
    rng: np.random.Generator,
    *,
    temperature_c: Floats | None = None,
    price_per_kwh: Floats | None = None,
    events_per_season: float = 8.0,
    reference_temperature_c: float = 32.0,
    log_odds_per_k: float = 0.3,
    reference_price_per_kwh: float = 0.2,
    log_odds_per_price: float = 5.0,
    day_of_share: float = 0.0,
    history_start_s: int | None = None,
) -> tuple[Event, ...]:
    """Draw the events of a run.

    Parameters
    ----------
    programme : Programme
        Season, window, lengths, budget and notice.
    clock : Clock
        Time axis of the run.
    rng : Generator
        Of the component that asks; the same numbers are drawn whatever the series say.
    temperature_c, price_per_kwh : floats, shape (n_steps,), optional
        Outdoor temperature [degC] and price [1/kWh]; a day counts by its highest.
    events_per_season : float
        Expected events of a season whose days are all at the references [-].
    reference_temperature_c : float
        Daily maximum at which a day is as likely as without the series [degC].
    log_odds_per_k : float
        A day hotter by 1 K has its odds times exp(this) [1/K].
    reference_price_per_kwh : float
        Daily maximum at which a day is as likely as without the series [1/kWh].
    log_odds_per_price : float
        A day dearer by 1 per kWh has its odds times exp(this) [kWh].
    day_of_share : float
        Share of events told on the day, where the programme allows both [-].
    history_start_s : int, optional
        Since when the load is known, for baseline days; by default since the start of the run [s].

    Returns
    -------
    tuple of Event
        In order of time; they pass `check_events`.
    """
    raise NotImplementedError
