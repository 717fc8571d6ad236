"""Whether the months before a run that a site states are those its tariff's ratchets look back at."""

from collections.abc import Iterator, Mapping

from cosim.scenario.positions import Finding, Loc
from cosim.scenario.schema import MonthlyPeaks, Site
from sims.faults import nearest
from sims.signals.billing.ratchet import lookback_months
from sims.signals.tariffs.tariff import Tariff

KEY = "demand_history_kw"
EXAMPLE = "[182.0, 175.5, 190.0]"


def check_demand_history(site: Site, here: Loc, tariff: Tariff) -> Iterator[Finding]:
    """What is wrong with `demand_history_kw` of a site; a bill with a ratchet is never without it."""
    lookback, given, loc = lookback_months(tariff), site.demand_history_kw, (*here, KEY)
    uses: tuple[Loc, ...] = ((*here, "tariff"),)
    if not lookback:
        if given is not None:
            what = f'the tariff "{tariff.name}" has no ratchet to look back: leave it out'
            yield Finding("S38", loc, what, given, uses)
    elif given is None:
        yield Finding("S07", loc, f'required by the tariff "{tariff.name}"; {_how_to(lookback)}', uses=uses)
    elif isinstance(given, dict):
        yield from _check_table(given, loc, lookback)
    elif len(lookback) > 1:
        what = f'the tariff "{tariff.name}" ratchets several periods; {_how_to(lookback)}'
        yield Finding("S38", loc, what, given, uses)
    else:
        yield from _check_length(given, loc, *next(iter(lookback.items())))


def _how_to(lookback: Mapping[str, int]) -> str:
    """What to write, and how to say that nothing is known."""
    said = " and ".join(f'"{name}" looks back {n} months' for name, n in lookback.items())
    if len(lookback) == 1:
        written, none = f"{KEY} = {EXAMPLE}", f"{KEY} = []"
    else:
        written = f"{KEY} = {{ " + ", ".join(f'"{name}" = {EXAMPLE}' for name in lookback) + " }"
        none = "[]"
    return f"{said}: give the highest demand of each, oldest first, `{written}`; `{none}` states none"


def _check_table(
    given: Mapping[str, MonthlyPeaks], loc: Loc, lookback: Mapping[str, int]
) -> Iterator[Finding]:
    for name, maxima in given.items():
        if name not in lookback:
            what = f"no such ratcheted period of the tariff; {nearest(name, lookback)}"
            yield Finding("S26", (*loc, name), what, maxima)
        else:
            yield from _check_length(maxima, (*loc, name), name, lookback[name])
    for name in lookback:
        if name not in given:
            yield Finding("S07", (*loc, name), f"required key is missing; {_how_to(lookback)}")


def _check_length(maxima: MonthlyPeaks, loc: Loc, name: str, lookback: int) -> Iterator[Finding]:
    if len(maxima) > lookback:
        what = f'{len(maxima)} months, "{name}" looks back {lookback}: keep the last ones, oldest first'
        yield Finding("S20", loc, what, maxima)
