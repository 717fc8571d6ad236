"""Which forecasts the policy of a site looks at, and the history they are made from."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cosim.scenario.forecasts_form import Forecasts
from cosim.scenario.positions import Finding, Loc
from cosim.scenario.pv_inputs import read_sky
from sims.clock import SECONDS_PER_DAY
from sims.control.policy import Policy
from sims.faults import DataError, ScenarioError, nearest
from sims.forecast import QUANTITIES

if TYPE_CHECKING:
    from cosim.scenario.site_inputs import SiteReader

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ForecastInputs:
    """What a policy is to be told.

    Parameters
    ----------
    section : Forecasts
        How each forecast is made.
    needed : tuple of str
        Quantities the policy looks at, keys of `sims.forecast.QUANTITIES`.
    load_before_kw : floats, shape (n_before,)
        Load less PV in the steps before the run [kW].
    """

    section: Forecasts = field(default_factory=Forecasts)
    needed: tuple[str, ...] = ()
    load_before_kw: Floats = field(default_factory=lambda: np.zeros(0))

    @property
    def oracles(self) -> tuple[str, ...]:
        """Forecasts that are made from the future: what the policy does with them no controller can do."""
        return self.section.oracles(self.needed)


def read_forecasts(reader: "SiteReader", policy: type[Policy]) -> ForecastInputs:
    """Forecasts of a site for a policy whose parameters have been tried.

    Raises
    ------
    ScenarioError
        The policy wants a forecast of something nobody forecasts, or the load does not reach back as
        far as `history_days`.
    """
    section = reader.site.forecasts or Forecasts()
    needed = policy(**reader.site.policy.parameters).needs_forecasts
    for quantity in needed:
        if quantity not in QUANTITIES:
            what = f'looks at a forecast of "{quantity}", which nobody makes; {nearest(quantity, QUANTITIES)}'
            finding = Finding("S32", ("sites", reader.index, "policy", "name"), what)
            raise ScenarioError([finding.fault(reader.scenario.places)])
    return ForecastInputs(section, needed, _load_before_kw(reader, section, needed))


def forecast_warnings(reader: "SiteReader", told: ForecastInputs) -> Iterator[str]:
    """Forecasts nobody looks at, and those no controller could have."""
    section = told.section
    policy = reader.site.policy.name
    for quantity in QUANTITIES:
        where = reader.scenario.places.where((*_place(reader), quantity))
        if section.differs(quantity) and quantity not in told.needed:
            yield f"{where}: {policy} looks at no forecast of it"
        if quantity in told.oracles:
            model = section.model_of(quantity)
            yield f'{where} = "{model}": an oracle, made from the future; no controller can do as well'
    if section.history_days and "load" not in told.needed:
        where = reader.scenario.places.where((*_place(reader), "history_days"))
        yield f"{where}: {policy} looks at no forecast of the load"


def _load_before_kw(reader: "SiteReader", section: Forecasts, needed: tuple[str, ...]) -> Floats:
    """Load less PV before the run, as far as its forecast looks back."""
    if not section.history_days or "load" not in needed:
        return np.zeros(0)
    clock = reader.clock
    n_before = section.history_days * SECONDS_PER_DAY // clock.step_s
    before = replace(clock, start_s=clock.start_s - n_before * clock.step_s, n_steps=n_before)
    try:
        return replace(reader, clock=before, sky=read_sky(reader.scenario, before)).net_load_kw()
    except DataError as error:
        what = f"the load does not reach back so far: {error.faults[0].what}"
        finding = Finding("S38", (*_place(reader), "history_days"), what, section.history_days)
        raise ScenarioError([finding.fault(reader.scenario.places)]) from error


def _place(reader: "SiteReader") -> Loc:
    return ("sites", reader.index, "forecasts")
