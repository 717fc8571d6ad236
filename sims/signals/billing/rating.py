"""From what a meter read to charges: prices, tiers, minimum and adjustments, for many loads at once."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from sims.signals.billing.charge import Charge, by_tier, in_season
from sims.signals.billing.demand_rating import demand_charges
from sims.signals.billing.metering import Meter, Metered
from sims.signals.billing.months import Months
from sims.signals.tariffs.tariff import Adjustment, FixedCharge, MinimumCharge, Tariff

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

GUARANTEED = ("energy", "demand", "fixed")
"""Kinds that count towards a minimum charge."""


def rated(
    tariff: Tariff, meter: Meter, metered: Metered, history_kw: Mapping[str, Sequence[float]]
) -> list[Charge]:
    """Charges of every load, in the order of a bill.

    Parameters
    ----------
    tariff : Tariff
        The prices.
    meter : Meter
        The one that read `metered`.
    metered : Metered
        What is billed.
    history_kw : mapping of str to floats
        Monthly maxima before the run by ratcheted period, oldest first [kW].
    """
    charges = [*_energy(meter, metered), *_market(tariff, metered), *_export(tariff, meter, metered)]
    charges += demand_charges(meter, metered, history_kw)
    charges += [_fixed(fixed, meter.months) for fixed in tariff.fixed]
    charges += _minimum(tariff, meter.months, charges, metered)
    charges += [_adjustment(added, charges, metered, tariff) for added in tariff.adjustments]
    return charges


def sum_of(charges: Iterable[Charge], kinds: Sequence[str], like: Floats) -> Floats:
    """Sum of the charges of some kinds, shape (n_cases, n_months) as `like` [money]."""
    return sum((charge.amount for charge in charges if charge.kind in kinds), start=np.zeros_like(like))


def _energy(meter: Meter, metered: Metered) -> Iterator[Charge]:
    """Energy of each rate; its share of the energy of its name fills the tiers in proportion."""
    named: dict[str, Floats] = {}
    for number, block in enumerate(meter.energy):
        named[block.name] = named.get(block.name, 0.0) + metered.import_kwh[:, :, number]
    for number, block in enumerate(meter.energy):
        own_kwh, period = metered.import_kwh[:, :, number], block.period
        shown = in_season(block, meter.months, own_kwh)
        if period.price_per_kwh is not None:
            amount = own_kwh * period.price_per_kwh
            yield Charge("energy", block.name, "kWh", own_kwh, period.price_per_kwh, amount, shown)
            continue
        total_kwh = named[block.name]
        share = np.divide(own_kwh, total_kwh, out=np.zeros_like(own_kwh), where=total_kwh > 0.0)
        days = meter.months.days_covered if period.tiers_per == "day" else np.ones(len(meter.months))
        ends = [(tier.up_to_kwh or 0.0) * days for tier in period.tiers[:-1]]
        parts = zip(period.tiers, by_tier(total_kwh, ends), strict=True)
        for place, (tier, part_kwh) in enumerate(parts, start=1):
            quantity, price = share * part_kwh, tier.price_per_kwh
            seen = shown & ((quantity > 0.0) | (place == 1))
            yield Charge("energy", block.name, "kWh", quantity, price, quantity * price, seen, tier=place)


def _market(tariff: Tariff, metered: Metered) -> Iterator[Charge]:
    """Imported energy at the market price, at its effective rate."""
    if tariff.real_time is not None:
        imported = metered.import_kwh.sum(axis=2)
        amount = tariff.real_time.factor * metered.market_cost
        yield Charge("energy", "market", "kWh", imported, _per(amount, imported), amount, _always(imported))


def _export(tariff: Tariff, meter: Meter, metered: Metered) -> Iterator[Charge]:
    """What fed-back energy earns, negative, by its own prices."""
    for number, block in enumerate(meter.energy):
        price, exported = block.period.export_price_per_kwh, metered.export_kwh[:, :, number]
        if price != 0.0:
            shown = in_season(block, meter.months, exported)
            label = f"{block.name}, fed back"
            yield Charge("export", label, "kWh", exported, -price, -price * exported, shown)
    if tariff.real_time is not None and tariff.real_time.export_factor != 0.0:
        exported = metered.export_kwh.sum(axis=2)
        amount = -tariff.real_time.export_factor * metered.market_earned
        rate, shown = _per(amount, exported), _always(exported)
        yield Charge("export", "market, fed back", "kWh", exported, rate, amount, shown)


def _fixed(fixed: FixedCharge, months: Months) -> Charge:
    """A charge on covered days, or on the share of the month or year they are."""
    quantity = _periods(fixed.per, months)[None, :]
    return Charge(
        "fixed", fixed.name, fixed.per, quantity, fixed.amount, quantity * fixed.amount, _always(quantity)
    )


def _minimum(tariff: Tariff, months: Months, charges: Sequence[Charge], metered: Metered) -> Iterator[Charge]:
    """What is missing to each minimum; a year's is settled in its last billed month."""
    like = metered.market_cost
    paid = sum_of(charges, GUARANTEED, like)
    for minimum in sorted(tariff.minimum, key=lambda one: one.per == "year"):
        least = minimum.amount * _periods(minimum.per, months)
        if minimum.per == "year":
            missing = _missing_in_year(paid, least, months)
        else:
            missing = np.maximum(least - paid, 0.0)
        paid = paid + missing
        yield _missing_line(minimum, missing, tariff)


def _missing_in_year(paid: Floats, least: Floats, months: Months) -> Floats:
    """What is missing to the minimum of each calendar year, in its last month, shape (n_cases, n_months)."""
    missing = np.zeros_like(paid)
    for year in np.unique(months.year):
        inside = np.flatnonzero(months.year == year)
        missing[:, inside[-1]] = np.maximum(least[inside].sum() - paid[:, inside].sum(axis=1), 0.0)
    return missing


def _missing_line(minimum: MinimumCharge, missing: Floats, tariff: Tariff) -> Charge:
    label = f"up to the minimum of a {minimum.per}"
    return Charge("minimum", label, tariff.currency, missing, 1.0, missing, missing > 0.0)


def _adjustment(added: Adjustment, charges: Sequence[Charge], metered: Metered, tariff: Tariff) -> Charge:
    """A share of other charges, or a price on imported energy."""
    if added.price_per_kwh is not None:
        quantity, unit, rate = metered.import_kwh.sum(axis=2), "kWh", added.price_per_kwh
    else:
        quantity, unit = sum_of(charges, added.of, metered.market_cost), tariff.currency
        rate = (added.percent or 0.0) / 100.0
    return Charge("adjustment", added.name, unit, quantity, rate, quantity * rate, _always(quantity))


def _periods(per: str, months: Months) -> Floats:
    """How many days, months or years are covered in each month, shape (n_months,)."""
    length = {"day": 1.0, "month": months.days_of_month, "year": months.days_of_year}[per]
    return months.days_covered / length


def _always(like: Floats) -> Bools:
    return np.ones(like.shape, dtype=np.bool_)


def _per(amount: Floats, quantity: Floats) -> Floats:
    """Effective rate, 0 where nothing was used."""
    return np.divide(amount, quantity, out=np.zeros_like(amount), where=quantity > 0.0)
