"""Bills a load with plain loops over local times, without code of the product, to hold its bills against."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import holidays

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def plain_bill(tariff, start_utc, step_minutes, zone, load_kw, market=None, history=None):
    """Amounts by (month, kind), and the days covered of each month.

    `tariff` is the model dumped to plain dicts, `start_utc` an aware time, `history` a dict of lists.
    """
    tz, step = ZoneInfo(zone), timedelta(minutes=step_minutes)
    hours = step_minutes / 60
    free = _holidays(tariff["holidays"], start_utc, step * len(load_kw))
    imported, exported = defaultdict(float), defaultdict(float)
    import_cost, export_gain = defaultdict(float), defaultdict(float)
    windows, seconds, months = defaultdict(list), defaultdict(int), []
    for k, kw in enumerate(load_kw):
        local = (start_utc + k * step).astimezone(tz)
        month = (local.year, local.month)
        if month not in months:
            months.append(month)
        seconds[local.date()] += step_minutes * 60
        kwh = kw * hours
        (period,) = [p for p in tariff["energy"] if _holds(p, local, free)]
        key = (month, period["name"], _rate(period))
        imported[key] += max(kwh, 0.0)
        exported[key] += max(-kwh, 0.0)
        if market is not None:
            import_cost[month] += max(kwh, 0.0) * market[k]
            export_gain[month] += max(-kwh, 0.0) * market[k]
        place = (local.hour * 60 + local.minute) // tariff["demand_window_minutes"]
        windows[(local.date(), local.utcoffset(), place)].append((kw, local))
    covered = _covered(seconds, tz)
    amounts = defaultdict(float)
    _energy(tariff, imported, exported, covered, amounts)
    if tariff["real_time"] is not None:
        for month in months:
            amounts[month, "energy"] += tariff["real_time"]["factor"] * import_cost[month]
            amounts[month, "export"] -= tariff["real_time"]["export_factor"] * export_gain[month]
    _demand(tariff, windows, step_minutes, free, months, history or {}, amounts)
    _rest(tariff, months, covered, imported, amounts)
    return dict(amounts), covered


def _holidays(place, start, length):
    if place is None:
        return set()
    country, _, part = place.partition("-")
    years = range(start.year - 1, (start + length).year + 2)
    return set(holidays.country_holidays(country, subdiv=part or None, years=years))


def _rate(period):
    """What makes two periods one rate."""
    when = {"name", "months", "dates", "days", "hours"}
    return repr(sorted((key, value) for key, value in period.items() if key not in when))


def _in_dates(period, day):
    if not period["dates"]:
        return day.month in period["months"]
    here = f"{day.month:02d}-{day.day:02d}"
    return any(
        first <= here <= last if first <= last else here >= first or here <= last
        for first, last in period["dates"]
    )


def _holds(period, local, free):
    kind = "holiday" if local.date() in free else DAYS[local.weekday()]
    in_hours = any(
        start <= local.hour < end if start < end else local.hour >= start or local.hour < end
        for start, end in period["hours"]
    )
    return kind in period["days"] and in_hours and _in_dates(period, local.date())


def _in_season(period, month):
    first = date(*month, 1)
    days = [first + timedelta(days=n) for n in range(31)]
    return any(_in_dates(period, day) for day in days if day.month == first.month)


def _covered(seconds, tz):
    covered = defaultdict(float)
    for day, there in seconds.items():
        start = datetime(day.year, day.month, day.day, tzinfo=tz)
        end = day + timedelta(days=1)
        length = datetime(end.year, end.month, end.day, tzinfo=tz).astimezone(UTC) - start.astimezone(UTC)
        covered[day.year, day.month] += there / length.total_seconds()
    return covered


def _staircase(total, tiers, price, end, scale=1.0):
    """Cost of a total that climbs through tiers."""
    cost, below = 0.0, 0.0
    for tier in tiers:
        top = float("inf") if tier[end] is None else tier[end] * scale
        if total > below:
            cost += (min(total, top) - below) * tier[price]
        below = top
    return cost


def _energy(tariff, imported, exported, covered, amounts):
    rates = {(p["name"], _rate(p)): p for p in tariff["energy"]}
    pools = defaultdict(float)
    for (month, name, _), kwh in imported.items():
        pools[month, name] += kwh
    for (month, name, rate), kwh in imported.items():
        period = rates[name, rate]
        if period["price_per_kwh"] is not None:
            cost = kwh * period["price_per_kwh"]
        elif kwh == 0.0:
            cost = 0.0
        else:
            pool = pools[month, name]
            scale = covered[month] if period["tiers_per"] == "day" else 1.0
            cost = kwh / pool * _staircase(pool, period["tiers"], "price_per_kwh", "up_to_kwh", scale)
        amounts[month, "energy"] += cost
        amounts[month, "export"] -= exported[month, name, rate] * period["export_price_per_kwh"]


def _demand(tariff, windows, step_minutes, free, months, history, amounts):
    full = tariff["demand_window_minutes"] // step_minutes
    means = [
        (steps[0][1], sum(kw for kw, _ in steps) / full) for steps in windows.values() if len(steps) == full
    ]
    for name in {p["name"] for p in tariff["demand"]}:
        own = [p for p in tariff["demand"] if p["name"] == name]
        peak = defaultdict(float)
        for local, kw in means:
            for period in own:
                if _holds(period, local, free):
                    key = ((local.year, local.month), _rate(period))
                    peak[key] = max(peak[key], kw)
        highest = {month: max(peak[month, _rate(p)] for p in own) for month in months}
        for month in months:
            costs = []
            for period in own:
                if any(_in_season(p, month) for p in own if _rate(p) == _rate(period)):
                    billed = _billed(
                        period, peak[month, _rate(period)], month, months[0], highest, history.get(name, [])
                    )
                    flat = [{"price_per_kw": period["price_per_kw"], "up_to_kw": None}]
                    costs.append(_staircase(billed, period["tiers"] or flat, "price_per_kw", "up_to_kw"))
            amounts[month, "demand"] += max(costs, default=0.0)


def _billed(period, own_kw, month, first, highest, history):
    billed, ratchet = own_kw, period["ratchet"]
    if ratchet is not None:
        seen = [0.0]
        for back in range(1, ratchet["lookback_months"] + 1):
            number = 12 * month[0] + month[1] - 1 - back
            earlier = (number // 12, number % 12 + 1)
            if earlier[1] not in ratchet["months"]:
                continue
            before_run = 12 * first[0] + first[1] - 1 - number
            if before_run <= 0:
                seen.append(highest[earlier])
            elif before_run <= len(history):
                seen.append(history[-before_run])
        if ratchet["rule"] == "percent":
            billed = max(own_kw, ratchet["percent"] / 100 * max(seen))
        else:
            billed = (own_kw + max(own_kw, *seen)) / 2
    return max(billed, period["minimum_kw"])


def _rest(tariff, months, covered, imported, amounts):
    def share(per, month):
        next_month = date(month[0] + month[1] // 12, month[1] % 12 + 1, 1)
        in_month = (next_month - date(*month, 1)).days
        in_year = (date(month[0] + 1, 1, 1) - date(month[0], 1, 1)).days
        return covered[month] / {"day": 1, "month": in_month, "year": in_year}[per]

    def guaranteed(month):
        return sum(amounts[month, kind] for kind in ("energy", "demand", "fixed", "minimum"))

    for month in months:
        for fixed in tariff["fixed"]:
            amounts[month, "fixed"] += fixed["amount"] * share(fixed["per"], month)
    for month in months:
        for least in (m for m in tariff["minimum"] if m["per"] != "year"):
            missing = least["amount"] * share(least["per"], month) - guaranteed(month)
            amounts[month, "minimum"] += max(0.0, missing)
    for year in sorted({month[0] for month in months}):
        inside = [month for month in months if month[0] == year]
        for least in (m for m in tariff["minimum"] if m["per"] == "year"):
            due = least["amount"] * sum(share("year", month) for month in inside)
            amounts[inside[-1], "minimum"] += max(0.0, due - sum(guaranteed(month) for month in inside))
    for month in months:
        kwh = sum(there for key, there in imported.items() if key[0] == month)
        for added in tariff["adjustments"]:
            if added["percent"] is None:
                amounts[month, "adjustment"] += added["price_per_kwh"] * kwh
            else:
                base = sum(amounts[month, kind] for kind in added["of"])
                amounts[month, "adjustment"] += added["percent"] / 100 * base
