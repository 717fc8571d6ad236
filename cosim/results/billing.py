"""The bill of a site, from what the result file stores and nothing else."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from cosim.results.header import RunHeader, SiteHeader
from cosim.results.layout import Arrays
from sims.signals.billing.bill import Bill, bill
from sims.signals.tariffs.tariff import Tariff

Floats = npt.NDArray[np.float64]


def site_tariff(header: RunHeader, site: SiteHeader) -> Tariff:
    """Tariff a site pays."""
    return Tariff.model_validate_json(header.signals[site.signals])


def site_bill(header: RunHeader, site: SiteHeader, arrays: Arrays, power: str = "site_kw") -> Bill:
    """Bill of a site.

    Parameters
    ----------
    header : RunHeader
        Clock and tariffs; a tariff that buys at the market is billed at the stored market price.
    site : SiteHeader
        Whose bill.
    arrays : Arrays
        Stored arrays by path.
    power : str
        Series of the site that is billed: "site_kw", or "building_kw" for the building alone, which takes
        part in no demand response.
    """
    tariff, site_kw = site_tariff(header, site), arrays[f"sites/{site.name}/{power}"]
    market = f"signals/{site.signals}/market_price_per_kwh"
    paid = bill(
        tariff,
        header.clock,
        site_kw,
        market_price_per_kwh=None if tariff.real_time is None else arrays[market],
        demand_history_kw=site.demand_history_kw,
    )
    if power != "site_kw" or not site.events.programmes:
        return paid
    return replace(paid, lines=(*paid.lines, *site.events.lines(header.clock, site_kw)))
