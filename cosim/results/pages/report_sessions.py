"""The sessions of a site as a table."""

from collections.abc import Hashable
from math import isnan
from typing import TYPE_CHECKING, Any

from cosim.results.kpis_sessions import SHORT_KWH
from cosim.results.pages.page import Html, folded, table

if TYPE_CHECKING:
    from cosim.results.run import Run

MOST_SESSIONS = 1000
HEADS = ("Session", "Car", "Port", "Arrival", "Departure", "",
         "SoC in", "wanted", "out", "kWh", "missing kWh")  # fmt: skip


def session_table(run: "Run", name: str) -> Html:
    """Sessions, those most short of energy first; of very many only those that left short."""
    every = run.sessions(name).sort_values(["missing_kwh", "arrival"], ascending=[False, True])
    sessions = every.to_dict("records")
    if len(sessions) > MOST_SESSIONS:
        sessions = [session for session in sessions if session["missing_kwh"] > SHORT_KWH][:MOST_SESSIONS]
    evse = run.header.site(name).evse
    rows = [_row(session, evse) for session in sessions]
    title = f"Sessions ({len(rows)} of {len(every)}, short ones first)"
    return folded(title, table(HEADS, rows, numbers=5, look="sessions"))


def _row(session: dict[Hashable, Any], evse: tuple[str, ...]) -> tuple[str, ...]:
    marks = [word for word in ("too_short", "censored") if session[word]]
    marks += [] if session["connected"] else ["never connected"]
    return (
        session["session_id"],
        session["vehicle_id"],
        evse[session["evse_index"]] if session["evse_index"] >= 0 else "",
        f"{session['arrival']:%d %b %H:%M}",
        f"{session['departure']:%d %b %H:%M}",
        ", ".join(marks).replace("_", " "),
        *(_percent(session[f"soc_{when}"]) for when in ("arrival", "required", "departure")),
        f"{session['energy_grid_kwh']:.1f}",
        f"{session['missing_kwh']:.1f}",
    )


def _percent(soc: float) -> str:
    return "" if isnan(soc) else f"{100.0 * soc:.0f} %"
