"""What a run is before its first step: names, clock and prices; enough to lay out the result file."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cosim.results.event_table import EventHeader
from sims.clock import Clock
from sims.faults import StoreError


@dataclass(frozen=True, slots=True)
class SiteHeader:
    """Names and settings of one site.

    Parameters
    ----------
    name : str
        Name of the site; names a group of the file.
    evse : tuple of str, length n_evse
        Names of the ports, in the order of the arrays.
    evse_kind : tuple of str, length n_evse
        "uncontrolled", "unidirectional" or "bidirectional".
    signals : str
        Which of the run's signals the site pays.
    currency : str
        Of the bill.
    peak_threshold_kw : float or None
        Threshold the policy was given [kW].
    demand_history_kw : mapping of str to floats, or None
        Highest demand of the months before the run by ratcheted period, oldest first; None without a
        ratchet [kW].
    events : EventHeader
        Demand-response programmes and events; of a run with the feature "events".
    oracle_forecasts : tuple of str
        Quantities of which the policy was told what no controller can know: those an oracle forecast.
    co2_cost_per_t : float or None
        What a tonne of CO2 is worth, None without a price [currency/t].
    """

    name: str
    evse: tuple[str, ...]
    evse_kind: tuple[str, ...]
    signals: str
    currency: str
    peak_threshold_kw: float | None = None
    demand_history_kw: Mapping[str, tuple[float, ...]] | None = None
    events: EventHeader = field(default_factory=EventHeader)
    oracle_forecasts: tuple[str, ...] = ()
    co2_cost_per_t: float | None = None


@dataclass(frozen=True, slots=True)
class RunHeader:
    """Everything the file says about a run apart from its numbers.

    Parameters
    ----------
    name : str
        Name of the scenario.
    scenario_toml : str
        The scenario as it was run.
    seed : int
        Of all that was drawn.
    clock : Clock
        Time axis of every series.
    sites : tuple of SiteHeader
        Sites in the order of the scenario.
    signals : mapping of str to str
        Tariff (JSON) of each set of signals.
    features : tuple of str
        What the run has besides the usual, sorted: decides which quantities of the layout are there.
    buses, lines, transformers : tuple of str
        Names of the feeder's elements, in the order of the arrays.
    loading_definition : str
        "current": loading is the larger terminal current over the rated one.
    resumed_with_changes : tuple of str
        What had changed when the run was resumed all the same; none of a run that went as it began.
    """

    name: str
    scenario_toml: str
    seed: int
    clock: Clock
    sites: tuple[SiteHeader, ...]
    signals: Mapping[str, str] = field(default_factory=dict[str, str])
    features: tuple[str, ...] = ()
    buses: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    transformers: tuple[str, ...] = ()
    loading_definition: str = "current"
    resumed_with_changes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in [*(site.name for site in self.sites), *self.signals]:
            if not name or "/" in name or name in {".", ".."}:
                raise StoreError(f'"{name}" cannot name a group of the result file: no "/", not empty')

    def site(self, name: str) -> SiteHeader:
        """Header of the site `name`."""
        return next(site for site in self.sites if site.name == name)
