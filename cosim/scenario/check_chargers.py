"""What must fit each other in chargers and in the limits they share."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from cosim.scenario.charger_form import Limit, group_number
from cosim.scenario.positions import Finding, Loc
from cosim.scenario.schema import Chargers, Scenario, Site
from sims.faults import nearest
from sims.fleet.efficiency import curve_problem
from sims.fleet.temperature import points_problem


def check_chargers(site: Site, here: Loc, scenario: Scenario) -> Iterator[Finding]:
    """Everything wrong with the options of a site's chargers, its shared limits and its temperature limit."""
    first: dict[str, int] = {}
    for j, group in enumerate(site.chargers):
        loc: Loc = (*here, "chargers", j)
        yield from _check_powers(group, loc)
        yield from _check_curve(group, loc)
        yield from _check_station(group, loc)
        if group.name is not None and first.setdefault(group.name, j) != j:
            both = f"chargers[{first[group.name]}] and chargers[{j}] have the same name"
            yield Finding("S27", (*loc, "name"), both, group.name)
    yield from _check_limits(site, here)
    yield from _check_temperature(site, (*here, "fleet", "temperature_limit"), scenario)


def least_kw(group: Chargers) -> float:
    """Least charging power a port of the group can be set to, 0 when any will do [kW]."""
    return group.steps_kw[0] if group.steps_kw else group.p_min_kw or 0.0


def _check_powers(group: Chargers, loc: Loc) -> Iterator[Finding]:
    uses: tuple[Loc, ...] = ((*loc, "p_max_kw"),)
    least, steps = group.p_min_kw, group.steps_kw
    if least is not None and least > group.p_max_kw:
        what = f"above p_max_kw = {group.p_max_kw:g}: no port could ever charge; allowed: at most that"
        yield Finding("S20", (*loc, "p_min_kw"), what, least, uses)
    if steps is None:
        return
    if any(later <= sooner for sooner, later in pairwise(steps)):
        yield Finding("S20", (*loc, "steps_kw"), "must ascend, each step above the one before", steps)
    elif steps[-1] != group.p_max_kw:
        side = "above" if steps[-1] > group.p_max_kw else "below"
        what = (
            f"the last step, {steps[-1]:g}, is {side} p_max_kw = {group.p_max_kw:g}: it must be equal to it"
        )
        yield Finding("S20", (*loc, "steps_kw"), what, steps, uses)
    elif least is not None and least > steps[0]:
        what = f"above the first of steps_kw, {steps[0]:g}: leave it out, the first step is the least"
        yield Finding("S38", (*loc, "p_min_kw"), what, least, ((*loc, "steps_kw"),))


def _check_curve(group: Chargers, loc: Loc) -> Iterator[Finding]:
    curve = group.efficiency_curve
    if curve is None:
        return
    here: Loc = (*loc, "efficiency_curve")
    for constant in ("efficiency_charge", "efficiency_discharge"):
        if group.differs(constant):
            what = "contradicts `efficiency_curve`, which holds either way: leave one of the two out"
            yield Finding("S38", (*loc, constant), what, getattr(group, constant), uses=(here,))
    if problem := curve_problem(curve, discharges=group.kind == "bidirectional"):
        yield Finding("S20", here, problem, curve, uses=((*loc, "kind"),))


def _check_station(group: Chargers, loc: Loc) -> Iterator[Finding]:
    limit_kw, ports = group.station_limit_kw, group.ports_per_station
    if limit_kw is None and ports > 1:
        what = f"{ports} ports make a station: say what they share, `station_limit_kw = {group.p_max_kw:g}`"
        yield Finding("S07", (*loc, "station_limit_kw"), what, uses=((*loc, "ports_per_station"),))
    if limit_kw is None:
        return
    here, uses = (*loc, "station_limit_kw"), ((*loc, "p_min_kw"), (*loc, "steps_kw"))
    if ports == 1:
        what = "a station of one port has the limit p_max_kw: say `ports_per_station = 2` or leave it out"
        yield Finding("S38", here, what, limit_kw, uses=((*loc, "ports_per_station"),))
    elif limit_kw < least_kw(group):
        yield Finding("S20", here, _below_least(least_kw(group)), limit_kw, uses)


def _check_limits(site: Site, here: Loc) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for i, limit in enumerate(site.limits):
        loc: Loc = (*here, "limits", i)
        if first.setdefault(limit.name, i) != i:
            both = f"limits[{first[limit.name]}] and limits[{i}] have the same name"
            yield Finding("S27", (*loc, "name"), both, limit.name)
        numbers = [group_number(named, site.chargers) for named in limit.chargers]
        for position, (named, number) in enumerate(zip(limit.chargers, numbers, strict=True)):
            if number is None:
                yield Finding("S26", (*loc, "chargers", position), _unknown(named, site.chargers), named)
            elif number in numbers[:position]:
                yield Finding("S27", (*loc, "chargers", position), "the same group of chargers twice", named)
        yield from _check_limit(limit, [site.chargers[j] for j in numbers if j is not None], loc, here)


def _check_limit(limit: Limit, groups: Sequence[Chargers], loc: Loc, here: Loc) -> Iterator[Finding]:
    least = min((least_kw(group) for group in groups), default=0.0)
    if limit.limit_kw < least:
        uses = ((*loc, "chargers"), (*here, "chargers"))
        yield Finding("S20", (*loc, "limit_kw"), _below_least(least), limit.limit_kw, uses)


def _below_least(least: float) -> str:
    return f"below the least power of its ports, {least:g} kW: none could ever charge; allowed: at least that"


def _unknown(named: int | str, chargers: Sequence[Chargers]) -> str:
    if isinstance(named, int):
        return f"no such group of chargers; allowed: 0 .. {len(chargers) - 1}, the first is 0"
    names = [group.name for group in chargers if group.name is not None]
    known = nearest(named, names) if names else "none has a `name`"
    return f"no such group of chargers; {known}"


def _check_temperature(site: Site, loc: Loc, scenario: Scenario) -> Iterator[Finding]:
    limit = site.fleet.temperature_limit
    if limit is None:
        return
    if problem := points_problem(limit.points):
        yield Finding("S20", (*loc, "points"), problem, limit.points)
    if scenario.weather is None:
        what = "needs [weather], for example `[weather]` with `temperature_c = 5`"
        yield Finding("S07", loc, what, uses=(("weather",),))
