"""What the energy of each stay and of each car costs at the prices of its steps."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd

    from cosim.results.run import Run

Floats = npt.NDArray[np.float64]


def session_costs(run: "Run", name: str) -> Floats:
    """Energy cost of every session.

    Parameters
    ----------
    run : Run
        The run.
    name : str
        Site.

    Returns
    -------
    floats, shape (n_sessions,)
        Energy of each step times the energy price of that step; what a car gives back counts at the same
        price, and is subtracted [currency].

    Notes
    -----
    Demand charges, tiers' ends and export prices belong to the site, not to a car: the sum is the site's
    energy cost of charging only where the tariff has none of the last two and nothing is exported.
    """
    site, price = run.site(name), run.signals(run.header.site(name).signals).price_per_kwh
    step, port = np.nonzero(site.session >= 0)
    paid = site.evse_kw[step, port] * run.clock.dt_h * price[step]
    row = site.session[step, port].astype(np.int64)
    costs = np.zeros(len(run.sessions(name)))
    np.add.at(costs, row, paid)
    return costs


def car_costs(run: "Run", name: str) -> "pd.DataFrame":
    """Connected sessions, their energy, its cost and the price per kWh of every car, dearest first."""
    import pandas as pd

    table = run.sessions(name).assign(energy_cost=session_costs(run, name))
    table = table.loc[table["connected"].to_numpy() == 1]
    cars, names = pd.factorize(table["vehicle_id"])
    kwh, cost = (
        np.bincount(cars, weights=table[column].to_numpy(), minlength=len(names))
        for column in ("energy_grid_kwh", "energy_cost")
    )
    per_kwh = np.divide(cost, kwh, out=np.full(len(names), np.nan), where=kwh > 0.0)
    columns = {"sessions": np.bincount(cars, minlength=len(names)), "energy_grid_kwh": kwh}
    costs = pd.DataFrame(
        {**columns, "energy_cost": cost, "per_kwh": per_kwh}, index=pd.Index(names, name="vehicle_id")
    )
    return costs.sort_values("energy_cost", ascending=False, kind="stable")
