"""What comparisons draw, as tables with one column a run: read from the runs, without a figure."""

# pandas comes without types: what a frame gives is read as any of several things
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
# pyright: reportGeneralTypeIssues=false, reportReturnType=false

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from cosim.results.figures.base import edges, held
from sims.signals.billing.bill_totals import bill_totals

if TYPE_CHECKING:
    import pandas as pd

    from cosim.results.run import Run

MOST_DATES = 62
"""A bill to date is worked out so often at most: daily over two months, then less often."""
BILL_PARTS = {
    "energy": "energy",
    "export": "export",
    "demand": "demand",
    "fixed": "fixed",
    "minimum": "minimum",
    "adjustment": "taxes",
    "event": "events",
}
"""Kinds of bill lines and what a figure calls them."""


def site_power(runs: Mapping[str, "Run"], site: str) -> "pd.DataFrame":
    """Power of a site at the step edges, shape (n_steps + 1, n_runs) [kW]; index: local time without zone."""
    return _series({label: held(run.site(site).site_kw) for label, run in runs.items()}, runs)


def highest_loading(runs: Mapping[str, "Run"]) -> "pd.DataFrame":
    """Loading of the transformer that is loaded most in each step, shape (n_steps + 1, n_runs) [%]."""
    loads = {label: run.feeder.transformer_loading_percent for label, run in runs.items()}
    worst = {
        label: np.where(np.isnan(load), -np.inf, load).max(axis=1, initial=-np.inf)
        for label, load in loads.items()
    }
    return _series({label: held(np.where(np.isinf(x), np.nan, x)) for label, x in worst.items()}, runs)


def duration_curves(series: "pd.DataFrame") -> "pd.DataFrame":
    """Values of each column from the highest to the lowest, unknown ones last.

    Parameters
    ----------
    series : DataFrame, shape (n, n_runs)
        Values of equally long steps, any unit.

    Returns
    -------
    DataFrame, shape (n, n_runs)
        Index: share of the time with at least that value, in (0, 100] [%].
    """
    import pandas as pd

    down = -np.sort(-series.to_numpy(dtype=np.float64), axis=0)  # NaN is sorted to the end
    share = 100.0 * np.arange(1, len(series) + 1) / max(1, len(series))
    return pd.DataFrame(down, index=pd.Index(share, name="time_percent"), columns=series.columns)


def bill_to_date(runs: Mapping[str, "Run"], site: str, kind: str) -> "pd.DataFrame":
    """Lines of one kind that the bill of a site would have, had nothing flowed after each date.

    Parameters
    ----------
    runs : mapping of str to Run
        Comparable runs by label.
    site : str
        Whose bill.
    kind : str
        "energy" (with what fed-back energy earns), or "demand".

    Returns
    -------
    DataFrame, shape (n_dates, n_runs)
        Index: local ends of days without zone, of a long run every second, third, ... [currency].

    Notes
    -----
    Each date is billed by the rules of the whole bill (tiers, ratchets, market price), with power 0 after it:
    the last row is the bill itself.
    """
    import pandas as pd

    kinds = ("energy", "export") if kind == "energy" else (kind,)
    ends = _date_ends(next(iter(runs.values())))
    billed = {label: _billed_until(run, site, ends, kinds) for label, run in runs.items()}
    return pd.DataFrame(billed, index=edges(next(iter(runs.values())))[ends])


def _date_ends(run: "Run") -> np.ndarray:
    """Step edges at which days end, `MOST_DATES` at most, the end of the run always among them."""
    day = run.clock.calendar().day
    ends = np.append(np.flatnonzero(np.diff(day)) + 1, run.clock.n_steps)
    stride = -(-len(ends) // MOST_DATES)
    return ends[::-1][::stride][::-1]


def _billed_until(run: "Run", site: str, ends: np.ndarray, kinds: tuple[str, ...]) -> np.ndarray:
    """Sum of the lines of `kinds` of each date, shape (n_dates,) [currency]."""
    tariff, header = run.tariff(site), run.header.site(site)
    until = np.arange(run.clock.n_steps)[None, :] < ends[:, None]
    market = None if tariff.real_time is None else run.signals(header.signals).market_price_per_kwh
    totals = bill_totals(
        tariff,
        run.clock,
        np.where(until, run.site(site).site_kw, 0.0),
        market_price_per_kwh=market,
        demand_history_kw=header.demand_history_kw,
    )
    return totals.sum_of(*kinds)


def departures(runs: Mapping[str, "Run"], site: str) -> "pd.DataFrame":
    """State of charge of the cars that had a port and left within the run, shape (n_sessions, n_runs) [%].

    One row a session in the order of the table, NaN where a session did not leave with a known charge.
    """
    import pandas as pd

    left = {label: 100.0 * run.sessions(site)["soc_departure"] for label, run in runs.items()}
    return pd.DataFrame(left)


def missing_energy(runs: Mapping[str, "Run"], site: str) -> "pd.DataFrame":
    """Energy each session of a site lacked on leaving, shape (n_sessions, n_runs) [kWh].

    Index: `session_id`; a session that a run does not have is NaN there. Sessions the end of the run cuts
    are left out: nobody knows what they would have got.
    """
    import pandas as pd

    columns = {}
    for label, run in runs.items():
        table = run.sessions(site)
        whole = table[table["censored"] == 0].drop_duplicates("session_id")
        columns[label] = whole.set_index("session_id")["missing_kwh"]
    return pd.DataFrame(columns)


def bill_parts(runs: Mapping[str, "Run"], site: str) -> "pd.DataFrame":
    """Bill of a site by kind of line, shape (n_kinds, n_runs) [currency]; kinds no bill has are left out."""
    import pandas as pd

    bills = {label: run.bill(site) for label, run in runs.items()}
    kinds = [kind for kind in BILL_PARTS if any(paid.has(kind) for paid in bills.values())]
    parts = {label: [paid.sum_of(kind) for kind in kinds] for label, paid in bills.items()}
    return pd.DataFrame(parts, index=pd.Index([BILL_PARTS[kind] for kind in kinds], name="part"))


def _series(columns: Mapping[str, np.ndarray], runs: Mapping[str, "Run"]) -> "pd.DataFrame":
    import pandas as pd

    return pd.DataFrame(columns, index=edges(next(iter(runs.values()))).rename("time"))
