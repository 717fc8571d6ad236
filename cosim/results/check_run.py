"""What every finished run keeps, checked from its file alone."""

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from cosim.results.checks_feeder import feeder_violations
from cosim.results.checks_fleet import fleet_violations
from cosim.results.checks_money import event_violations, kpi_violations, money_violations
from cosim.results.run import Run
from cosim.results.violation import Violation


def check_run(run: Run) -> list[Violation]:
    """Rules that a run breaks, each with its worst step and port; none in a sound run.

    Parameters
    ----------
    run : Run
        A finished run.

    Returns
    -------
    list of Violation
        Site by site, then the feeder, then the key figures.

    Notes
    -----
    I1 battery: what it gains is the metered energy less the charger's loss, exactly where the scenario
    states constant efficiencies, else never more than was metered (1e-6 kWh). I2 site: building plus ports
    (1e-9 of the power). I3 feeder: losses are not negative; what is neither sites nor losses is the load of
    others, which the file does not store: it must not change over time where the scenario gives others no
    series (1e-3 kW). I4 limits: state of charge 0..1, ports within their power, nothing at a free port, no
    discharging of a port that cannot. I5 sessions: energy and shortfall are those of the series (1e-6 kWh).
    I6 money: bill lines add up, each is quantity times rate, energy is price times power; stored key figures
    are those of the series (1e-9 of the value). I20 events: table and payments are those of the stored
    power. I21 heat: hot oil is no colder than the coldest air or its start, paper ages.
    """
    scenario = _scenario(run.scenario_toml)
    return [
        *(violation for name in run.sites for violation in _of_site(run, name, scenario)),
        *feeder_violations(run, scenario),
        *kpi_violations(run),
    ]


def _of_site(run: Run, name: str, scenario: Mapping[str, Any]) -> Iterator[Violation]:
    section = next((site for site in scenario.get("sites", ()) if site.get("name") == name), {})
    yield from fleet_violations(run, name, section)
    yield from money_violations(run, name)
    yield from event_violations(run, name)


def _scenario(text: str) -> dict[str, Any]:
    """The scenario as plain tables: defaults are written out in it; none where it cannot be read."""
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}
