"""Bill a load that stands in a file, without a simulation."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cosim.bill_options import check_options, check_step
from cosim.file_zone import zone_of_file
from cosim.tariff_named import tariff_named
from cosim.tariff_text import stated_for
from sims.clock import Clock
from sims.signals.billing.bill import Bill, bill
from sims.signals.billing.ratchet import History
from sims.signals.tariffs.tariff import Tariff
from sims.tables import on_clock, read_series

Floats = npt.NDArray[np.float64]

DECIMALS = 6
ALWAYS = ("energy", "demand", "fixed")
FURTHER = ("export", "minimum", "adjustment", "event")


@dataclass(frozen=True, slots=True)
class LoadBill:
    """A billed load.

    Parameters
    ----------
    tariff : Tariff
        What it was billed by.
    clock : Clock
        Time axis of the file, in the zone that was used.
    site_kw : floats, shape (n_steps,)
        The load [kW].
    bill : Bill
        Its line items.
    warnings : tuple of str
        What was assumed, and months that are covered in part.
    """

    tariff: Tariff
    clock: Clock
    site_kw: Floats
    bill: Bill
    warnings: tuple[str, ...]

    @property
    def months(self) -> list[str]:
        """Billed months, "2019-06", in their order."""
        return [month.month for month in self.bill.months]

    def month_sums(self, month: str) -> dict[str, float]:
        """Sum by kind of line, `ALWAYS` and what else there is, and their `total` [currency]."""
        lines = [line for line in self.bill.lines if line.month == month]
        there = {line.kind for line in lines}
        kinds = [*ALWAYS, *(kind for kind in FURTHER if kind in there)]
        sums = {kind: sum((line.amount for line in lines if line.kind == kind), 0.0) for kind in kinds}
        return {**sums, "total": sum(sums.values())}

    def as_json(self) -> dict[str, Any]:
        """Months with their sums, and the total [currency]."""

        def plain(sums: dict[str, float]) -> dict[str, float]:
            return {kind: round(amount, DECIMALS) for kind, amount in sums.items()}

        months = [{"month": month, **plain(self.month_sums(month))} for month in self.months]
        return {"months": months, "total": round(self.bill.total, DECIMALS)}


def bill_load(
    load: Path | str,
    tariff: str,
    *,
    timezone: str | None = None,
    market_prices: Path | str | None = None,
    demand_history_kw: History | None = None,
) -> LoadBill:
    """Bill the load of a CSV file.

    Parameters
    ----------
    load : Path or str
        CSV file with the columns `time` (ISO 8601) and `kw`, the mean power from then on, import positive;
        its interval divides the demand window and the hour.
    tariff : str
        Preset or file.
    timezone : str, optional
        IANA zone of the tariff's hours; default: the tariff's own, else the clock the file is written in.
    market_prices : Path or str, optional
        CSV file with `time` and `price_per_kwh`; for a tariff at the market price, and only for one.
    demand_history_kw : sequence of float, or mapping of str to it, optional
        Highest demands of the months before the file, for a ratchet, oldest first; by name of the demand
        when several have a ratchet [kW].

    Raises
    ------
    ScenarioError
        No such preset or zone, or options that do not fit the tariff.
    DataError
        Everything that is wrong with a file.
    """
    priced = tariff_named(tariff, "--tariff")
    check_options(priced, timezone, market_prices, demand_history_kw)
    zone = timezone or priced.timezone or zone_of_file(Path(load))
    series = read_series(Path(load), ("kw",), zone)
    clock = Clock(int(series.time_s[0]), series.step_s, len(series.time_s), zone)
    check_step(priced, clock, load)
    if not priced.demand:  # nothing is measured in windows, so hourly loads are as good
        priced = priced.model_copy(update={"demand_window_minutes": 60})
    market = None
    if market_prices is not None:
        name = "price_per_kwh"
        market = on_clock(read_series(Path(market_prices), (name,), zone), name, clock)
    site_kw = series.values["kw"]
    billed = bill(priced, clock, site_kw, market_price_per_kwh=market, demand_history_kw=demand_history_kw)
    told = [*_outside(priced, clock), *_partial_months(billed)]
    if timezone is None and priced.timezone is None:
        told.append(f"hours and months by the clock the file is written in ({zone}); --timezone says another")
    if demand_history_kw is None and any(period.ratchet is not None for period in priced.demand):
        told.append("no demand history: the ratchet looks back no further than the file (--demand-history)")
    return LoadBill(priced, clock, site_kw, billed, tuple(told))


def _outside(tariff: Tariff, clock: Clock) -> list[str]:
    if tariff.is_effective(clock):
        return []
    return [f"{tariff.name} is stated for {stated_for(tariff)}, the load lies outside"]


def _partial_months(billed: Bill) -> list[str]:
    """Sentences about the months the file does not cover whole."""
    return [
        f"{month.month} is covered in part, {month.first_day} .. {month.last_day}, "
        f"{month.days_covered:.4g} of {month.days_of_month} days"
        for month in billed.months
        if month.partial
    ]
