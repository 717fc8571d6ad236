"""Paths: the address of everything a sentence can say of a run.

    sites.office.billed_peak_kw                       a key figure (`cosim kpis --json`)
    bill.office.lines[2].amount                       a field of a line or month of the bill
    tariff.office.effective_until                     a field of the tariff
    sessions.office[s17].missing_kwh                  a column of one session
    sessions.office.left_early.missing_kwh            sum over those short for a reason (`shortfalls`); .count
    events.office[e1].payment                         a column of one event
    sites.office.site_kw[2019-06-03T16:30]            a series at a local time; [from/to] is the mean between
    sites.office.evse_kw[2019-06-03T16:30][port 3]    one column of it; without, all columns
    signals.flat.price_per_kwh, feeder.import_kw      whole series
    header.sites[0].peak_threshold_kw                 a field of `RunHeader`
    scenario.sites[0].policy.name                     a key of the scenario as it was run
    run.start, run.last, run.hours, run.step_minutes  the time axis, its first and last step
    limits.voltage_band_percent                       a constant of `LIMITS`
    base....                                          the same of the run it is compared with
    difference(P, Q), share(P, Q)                     of paths P and Q: see `FUNCTIONS`
"""  # fmt: skip

import re
import tomllib
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from cosim.explain.reading import FUNCTIONS, LIMITS, OF_TWO, cell, plain, walk
from cosim.explain.shortfalls import CAUSES, shortfalls
from cosim.results.kpi_table import flatten, unique
from cosim.results.layout import SERIES

if TYPE_CHECKING:
    from cosim.results.run import Run

_CALL = re.compile(rf"({'|'.join(FUNCTIONS)})\((.*)\)", re.DOTALL)
_SERIES = re.compile(r"(\w+)(?:\[([^\]]*)\])?(?:\[(.*)\])?", re.DOTALL)


class Paths:
    """Reads a run by path.

    Parameters
    ----------
    run : Run
        The run.
    base : Run, optional
        The run that paths starting with "base." are about.
    """

    def __init__(self, run: "Run", base: "Run | None" = None) -> None:
        self.run = run
        self._base = None if base is None else Paths(base)
        self._tables: dict[tuple[str, str], Any] = {}

    def __call__(self, path: str) -> Any:
        """What is at a path: float, int, str (times in ISO 8601), an array or list, None where nothing is.

        Raises
        ------
        KeyError
            No such path.
        """
        call = _CALL.fullmatch(path)
        if call is not None:
            given = [self(argument) for argument in self._arguments(call[1], call[2])]
            return None if any(value is None for value in given) else FUNCTIONS[call[1]](*given)
        if self._base is not None and path.startswith("base."):
            return self._base(path.removeprefix("base."))
        return plain(self._figures[path] if path in self._figures else self._other(path))

    @cached_property
    def _figures(self) -> dict[str, float | int | str]:
        return flatten(self.run.kpis)

    @cached_property
    def _roots(self) -> dict[str, Any]:
        clock = self.run.clock
        return {
            "header": self.run.header,
            "scenario": tomllib.loads(self.run.scenario_toml),
            "limits": LIMITS,
            "run": {
                "name": self.run.header.name,
                "start": clock.local_time(clock.start_s),
                "last": clock.local_time(clock.end_s - clock.step_s),
                "hours": clock.n_steps * clock.dt_h,
                "steps": clock.n_steps,
                "step_minutes": clock.step_s // 60,
            },
        }

    def _arguments(self, function: str, inside: str) -> list[str]:
        """The paths in the brackets of a function; a name may hold commas and brackets itself."""
        if function not in OF_TWO:
            return [inside]
        for comma in re.finditer(", ", inside):
            both = [inside[: comma.start()], inside[comma.end() :]]
            if all(self._readable(one) for one in both):
                return both
        raise KeyError(inside)

    def _readable(self, path: str) -> bool:
        try:
            self(path)
        except KeyError:
            return False
        return True

    def _other(self, path: str) -> Any:
        """Whatever is no key figure."""
        kind, _, rest = path.partition(".")
        if kind in self._roots:
            return walk(self._roots[kind], rest)
        if kind == "feeder":
            return self._series(self.run.feeder, rest, {})
        for site in self.run.sites:
            if rest.startswith((f"{site}.", f"{site}[")) and kind in _OF_SITE:
                return _OF_SITE[kind](self, site, rest.removeprefix(site).removeprefix("."))
        for name in self.run.header.signals:
            if kind == "signals" and rest.startswith(f"{name}."):
                return self._series(self.run.signals(name), rest.removeprefix(f"{name}."), {})
        if kind in {"totals", "sites", "transformers"}:
            return None  # a key figure that does not apply to this run
        raise KeyError(path)

    def _site(self, site: str, rest: str) -> Any:
        return self._series(self.run.site(site), rest, {"evse": self.run.header.site(site).evse})

    def table(self, what: str, site: str) -> Any:
        """`sessions`, `events`, `bill` or `tariff` of a site, read once."""
        if (what, site) not in self._tables:
            self._tables[what, site] = getattr(self.run, what)(site)
        return self._tables[what, site]

    def _sessions(self, site: str, rest: str) -> Any:
        table = self.table("sessions", site)
        cause, _, asked = rest.partition(".")
        if cause in CAUSES:
            short = shortfalls(table)[cause]
            return len(short) if asked == "count" else float(short[asked].sum())
        return cell(table, "session_id", rest)

    def _series(self, group: Any, rest: str, names: Mapping[str, tuple[str, ...]]) -> Any:
        """A series, or the part of it that brackets name; columns of the feeder are those of the header."""
        found = _SERIES.fullmatch(rest)
        if found is None or not hasattr(group, found[1]):
            return None
        values, header = getattr(group, found[1]), self.run.header
        if found[2]:
            values = self._at(values, found[2])
        if found[3]:
            known = {
                "bus": header.buses,
                "line": header.lines,
                "transformer": header.transformers,
                **names,
            }
            dims = next(quantity.dims for quantity in SERIES if quantity.name == found[1])
            values = values[..., unique(known[dims[1]]).index(found[3])]
        return values

    def _at(self, values: Any, when: str) -> Any:
        """Values of one step, or their mean over those between two times."""
        first, _, end = when.partition("/")
        start = self._step(first)
        return values[start : self._step(end)].mean(axis=0) if end else values[start]

    def _step(self, when: str) -> int:
        clock, at = self.run.clock, datetime.fromisoformat(when)
        local = at if at.tzinfo else at.replace(tzinfo=ZoneInfo(clock.zone))
        step = (round(local.timestamp()) - clock.start_s) // clock.step_s
        if not 0 <= step <= clock.n_steps:
            raise KeyError(when)
        return step


_OF_SITE: dict[str, Callable[[Paths, str, str], Any]] = {
    "sites": Paths._site,
    "sessions": Paths._sessions,
    "events": lambda paths, site, rest: cell(paths.table("events", site), "event_id", rest),
    "bill": lambda paths, site, rest: walk(paths.table("bill", site), rest),
    "tariff": lambda paths, site, rest: walk(paths.table("tariff", site), rest),
}
