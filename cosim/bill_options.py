"""What can be wrong with the options of a bill, before anything is read."""

from pathlib import Path

from sims.clock import Clock, known_zone
from sims.faults import DataError, Fault, ScenarioError
from sims.signals.billing.ratchet import History, history_by_period
from sims.signals.tariffs.tariff import Tariff

MOST_KW = 100_000.0


def check_options(
    tariff: Tariff,
    timezone: str | None,
    market_prices: Path | str | None,
    demand_history_kw: History | None,
) -> None:
    """Refuse options that do not fit the tariff, all at once.

    Raises
    ------
    ScenarioError
        An unknown zone, a market price or a history that is missing or not asked for.
    """
    faults: list[Fault] = []
    if timezone is not None:
        try:
            known_zone(timezone)
        except ValueError as error:
            faults.append(Fault("S25", "--timezone", str(error)))
    if tariff.real_time is not None and market_prices is None:
        what = f"{tariff.name} charges the market price: give a CSV file with time,price_per_kwh"
        faults.append(Fault("S38", "--market-prices", what))
    if tariff.real_time is None and market_prices is not None:
        faults.append(Fault("S38", "--market-prices", f"{tariff.name} does not charge a market price"))
    if demand_history_kw is not None:
        faults += _history_faults(tariff, demand_history_kw)
    if faults:
        raise ScenarioError(faults)


def _history_faults(tariff: Tariff, demand_history_kw: History) -> list[Fault]:
    where = "--demand-history"
    try:
        history = history_by_period(tariff, demand_history_kw)
    except ValueError as error:
        return [Fault("S60", where, str(error))]
    what = f"outside 0 .. {MOST_KW:g} kW; W given? divide by 1000"
    given = [kw for maxima in history.values() for kw in maxima]
    return [Fault("S19", where, f"{kw:g}: {what}") for kw in given if kw > MOST_KW]


def check_step(tariff: Tariff, clock: Clock, load: Path | str) -> None:
    """Refuse intervals that fill no demand window, or reach from one price into the next."""
    window_s = tariff.demand_window_minutes * 60
    where = f"{Path(load).name}:time"
    if tariff.demand and window_s % clock.step_s:
        what = f"intervals of {clock.step_s} s cannot fill demand windows of {window_s} s; give shorter ones"
        raise DataError([Fault("D46", where, what)])
    if 3600 % clock.step_s or clock.start_s % clock.step_s:
        what = f"intervals of {clock.step_s} s from {clock.local_time(clock.start_s).isoformat()} do not nest"
        raise DataError([Fault("D46", where, f"{what} in clock hours")])
