"""What a run can say, printed: the only door through which a number gets into a sentence."""

from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from cosim.explain.paths import Paths
from cosim.explain.sentence import Number

if TYPE_CHECKING:
    from cosim.results.run import Run

DECIMALS = {"kW": 1, "pu": 3, "% of its rating": 1, "°C": 1, "g/kWh": 0, "h": 1, "kg": 0, "kWh": 1}
WHOLE = ("h", "°C")
"""Units of which whole numbers need no decimals."""
TEN = 9.95
"""From here on a share is printed without decimals: it would be "10.0"."""
BIG = 1000.0
"""From here on energies are printed without decimals."""


class Facts:
    """Numbers of a run, and of the one it is compared with, as parts of sentences.

    Every method takes a path (`cosim.explain.paths`) and gives the number with its text.
    """

    def __init__(self, run: "Run", base: "Run | None" = None) -> None:
        self.run, self.base = run, base
        self.at_path = Paths(run, base)
        years = {
            self.run.clock.local_time(s).year for s in (self.run.clock.start_s, self.run.clock.end_s - 1)
        }
        self._with_year = len(years) > 1

    def value(self, path: str) -> Any:
        """What is there, None where nothing is."""
        return self.at_path(path)

    def amount(self, path: str) -> float:
        """A number to decide by; 0 where nothing is."""
        return float(self.value(path) or 0.0)

    def quantity(self, path: str, unit: str) -> Number:
        """A number with its unit: "210.0 kW"."""
        value = self.value(path)
        big = unit == "kWh" and abs(value) >= BIG
        whole = unit in WHOLE and float(value).is_integer()
        decimals = 0 if big or whole else DECIMALS[unit]
        return Number(f"{_rounded(value, decimals)} {unit}", path, value)

    def money(self, path: str, site: str, unit: str = "") -> Number:
        """Money in the currency of a site; `unit` "/kWh" makes it a price."""
        value, currency = self.value(path), self.run.header.site(site).currency
        return Number(f"{_rounded(value, 4 if unit else 2)} {currency}{unit}", path, value)

    def percent(self, path: str) -> Number:
        """A share: "26 %", "3.4 %"."""
        value = self.value(path)
        return Number(f"{_rounded(value, 0 if abs(value) >= TEN else 1)} %", path, value)

    def count(self, path: str, noun: str = "", plural: str = "") -> Number:
        """How many: "1 session", "97 sessions"; without a noun the number alone."""
        value = self.value(path)
        word = noun if value == 1 else plural or f"{noun}s"
        return Number(f"{value:,d} {word}" if noun else f"{value:,d}", path, value)

    def plain(self, path: str, decimals: int) -> Number:
        """A number without a unit."""
        value = self.value(path)
        return Number(_rounded(value, decimals), path, value)

    def duration(self, path: str) -> Number:
        """Minutes as "45 min" or "14 h 15 min"."""
        value = self.value(path)
        hours, minutes = divmod(round(value), 60)
        words = [*([f"{hours:,d} h"] if hours else []), *([f"{minutes} min"] if minutes or not hours else [])]
        return Number(" ".join(words), path, value)

    def time(self, path: str) -> Number:
        """A local time: "Mon 3 Jun 16:30"."""
        value = self.value(path)
        at = datetime.fromisoformat(value)
        return Number(f"{at:%a} {at.day} {at:%b %Y %H:%M}" if self._with_year else _day_time(at), path, value)

    def day(self, path: str) -> Number:
        """A day with its year: "3 Jun 2019"."""
        value = self.value(path)
        at = datetime.fromisoformat(value)
        return Number(f"{at.day} {at:%b %Y}", path, value)

    def month(self, path: str) -> Number:
        """A month of a bill: "June 2019"."""
        value = self.value(path)
        return Number(f"{datetime.fromisoformat(f'{value}-01'):%B %Y}", path, value)

    def name(self, path: str) -> Number:
        """A name or a text as it stands there."""
        value = self.value(path)
        return Number(str(value), path, value)

    def site(self, site: str) -> Number:
        """The name of a site."""
        return self.name(f"header.sites[{self.run.sites.index(site)}].name")

    def instant(self, when: str) -> str:
        """A time as a path has it: local, with its offset only in the hour that the clock shows twice."""
        at = datetime.fromisoformat(when)
        plain = at.replace(tzinfo=None)
        unambiguous = plain.replace(tzinfo=ZoneInfo(self.run.clock.zone)).timestamp() == at.timestamp()
        return (plain if unambiguous else at).isoformat(timespec="minutes")


def _day_time(at: datetime) -> str:
    return f"{at:%a} {at.day} {at:%b %H:%M}"


def _rounded(value: float, decimals: int) -> str:
    return f"{round(value, decimals) + 0.0:,.{decimals}f}"  # + 0.0 makes a rounded -0.0 plain
