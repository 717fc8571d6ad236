"""Why cars went without: the sessions below their requirement, sorted by what could have helped."""

from typing import TYPE_CHECKING

from cosim.results.kpis_sessions import SHORT_KWH

if TYPE_CHECKING:
    import pandas as pd

CAUSES = ("beyond_power", "left_early", "stayed", "no_port")


def shortfalls(sessions: "pd.DataFrame") -> "dict[str, pd.DataFrame]":
    """Sessions that count as short, by cause.

    Parameters
    ----------
    sessions : DataFrame
        Sessions table of a site, as `Run.sessions` gives it.

    Returns
    -------
    dict of str to DataFrame
        "beyond_power": full power over the whole stay would not have been enough; "left_early": it would,
        but the driver left before the earliest declared departure; "stayed": neither, somebody else was
        served instead. Together these are those of the key figure `sessions_short`. "no_port": whole stays
        that found every port taken.
    """
    judged = (sessions["connected"] == 1) & (sessions["censored"] == 0)
    short = sessions.loc[judged & (sessions["missing_kwh"] > SHORT_KWH)]
    beyond = short["unavoidable_kwh"] > SHORT_KWH
    early = short["departure"] < short["window_start"]
    turned_away = (sessions["connected"] == 0) & (sessions["too_short"] == 0) & (sessions["censored"] == 0)
    return {
        "beyond_power": short.loc[beyond],
        "left_early": short.loc[early & ~beyond],
        "stayed": short.loc[~early & ~beyond],
        "no_port": sessions.loc[turned_away],
    }
