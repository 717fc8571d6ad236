"""What a table of sessions must keep: times in order, states of charge in 0..1, one car in one place."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from sims.cells import ROWS_SHOWN, Ints, TableFaults
from sims.fleet.sessions import Sessions

Mask = npt.NDArray[np.bool_]
Positions = npt.NDArray[np.intp]

SOC_COLUMNS = ("soc_arrival", "soc_required", "soc_min", "soc_max")
CAPACITY_KWH = (1.0, 2000.0)
P_MAX_KW = 1000.0
MAX_NAME = 128


def check_sessions(sessions: Sessions, rows: Ints, faults: TableFaults) -> None:
    """Add to `faults` what is wrong with the sessions that stand in `rows`, shape (n,), of a file.

    Notes
    -----
    A need that the stay or the battery cannot meet is no fault: it is reported as unavoidable shortfall.
    A car may arrive below its floor or above its ceiling. Cells already found unreadable (NaN, time 0) pass.
    """
    _check_names(sessions, rows, faults)
    _check_times(sessions, rows, faults)
    _check_socs(sessions, rows, faults)
    _check_ratings(sessions, rows, faults)
    _check_overlaps("vehicle_id", sessions.vehicle_id, sessions, rows, faults)
    _check_overlaps("station", sessions.station, sessions, rows, faults)


def check_batteries(sessions: Sessions, rows: Ints, faults: TableFaults) -> None:
    """Add to `faults` cars that come back with another battery; arguments as of `check_sessions`."""
    codes = _codes(sessions.vehicle_id)
    order = np.argsort(codes, kind="stable")
    first, second = order[:-1], order[1:]
    other = (np.diff(codes[order]) == 0) & (sessions.capacity_kwh[first] != sessions.capacity_kwh[second])
    what = "comes back with another capacity_kwh, but persistent_vehicles = true makes it one car"
    _add_pairs(faults, ("D21", "vehicle_id", what), rows, first[other], second[other], sessions.vehicle_id)


def _note(
    faults: TableFaults, code: str, column: str, rows: Ints, bad: Mask, say: Callable[[int], tuple[str, str]]
) -> None:
    """Add the rows where `bad`; `say` gives value and sentence for the first of them."""
    at = np.flatnonzero(bad)
    if at.size:
        value, what = say(int(at[0]))
        faults.add(code, column, rows[at], what, value)


def _check_names(sessions: Sessions, rows: Ints, faults: TableFaults) -> None:
    for column, names in (
        ("session_id", sessions.session_id),
        ("vehicle_id", sessions.vehicle_id),
        ("station", sessions.station),
    ):
        least = 0 if column == "station" else 1
        bad = np.array([not least <= len(name) <= MAX_NAME for name in names], dtype=np.bool_)
        say = f"must have {least} .. {MAX_NAME} characters"
        _note(faults, "D18", column, rows, bad, lambda i, names=names, say=say: (names[i], say))
    codes = _codes(sessions.session_id)
    order = np.argsort(codes, kind="stable")
    again = np.flatnonzero(np.diff(codes[order]) == 0)
    _add_pairs(
        faults,
        ("D27", "session_id", "stands twice"),
        rows,
        order[again],
        order[again + 1],
        sessions.session_id,
    )


def _check_times(sessions: Sessions, rows: Ints, faults: TableFaults) -> None:
    arrival, departure = sessions.arrival_s, sessions.departure_s
    start, end = sessions.window_start_s, sessions.window_end_s
    id_of = sessions.session_id
    zero = "departs at its arrival; drop such sessions with `drop_zero = true` under [sites.fleet]"
    for column, bad, what in (
        ("departure", (arrival > 0) & (departure == arrival), zero),
        ("departure", (departure > 0) & (departure < arrival), "departs before it arrives; swapped?"),
        ("window_start", (end > 0) & (start > end), "window_start is after window_end"),
        (
            "window_end",
            (end > 0) & (arrival > 0) & (end <= arrival),
            "window ends by the time of the arrival",
        ),
    ):
        _note(faults, "D62", column, rows, bad, lambda i, what=what: ("", f'session "{id_of[i]}" {what}'))


def _check_socs(sessions: Sessions, rows: Ints, faults: TableFaults) -> None:
    for column in SOC_COLUMNS:
        soc = getattr(sessions, column)

        def say(i: int, soc: npt.NDArray[np.float64] = soc) -> tuple[str, str]:
            percent = f"; percent? {soc[i] / 100:g}" if 1.0 < soc[i] <= 100.0 else ""
            return f"{soc[i]:g}", f'outside 0 .. 1 (vehicle "{sessions.vehicle_id[i]}"){percent}'

        _note(faults, "D67", column, rows, (soc < 0.0) | (soc > 1.0), say)
    low, high, required = sessions.soc_min, sessions.soc_max, sessions.soc_required

    def limits(i: int) -> tuple[str, str]:
        return f"{low[i]:g}", f'above soc_max = {high[i]:g} (vehicle "{sessions.vehicle_id[i]}")'

    def target(i: int) -> tuple[str, str]:
        span = f"soc_min .. soc_max = {low[i]:g} .. {high[i]:g}"
        return f"{required[i]:g}", f'outside {span} (vehicle "{sessions.vehicle_id[i]}")'

    _note(faults, "D21", "soc_min", rows, low > high, limits)
    beyond = (low <= high) & ((required < low) | (required > high)) & (required >= 0.0) & (required <= 1.0)
    _note(faults, "D21", "soc_required", rows, beyond, target)


def _check_ratings(sessions: Sessions, rows: Ints, faults: TableFaults) -> None:
    least, most = CAPACITY_KWH
    capacity = sessions.capacity_kwh

    def size(i: int) -> tuple[str, str]:
        watts = f"; Wh? {capacity[i] / 1000:g}" if most < capacity[i] <= most * 1000 else ""
        return f"{capacity[i]:g}", f"outside {least:g} .. {most:g} kWh{watts}"

    _note(faults, "D20", "capacity_kwh", rows, (capacity < least) | (capacity > most), size)
    for column, least_kw in (("p_charge_max_kw", "above 0"), ("p_discharge_max_kw", "0")):
        power = getattr(sessions, column)
        low = power <= 0.0 if column == "p_charge_max_kw" else power < 0.0

        def say(i: int, power: npt.NDArray[np.float64] = power, least_kw: str = least_kw) -> tuple[str, str]:
            watts = f"; W? {power[i] / 1000:g}" if P_MAX_KW < power[i] <= P_MAX_KW * 1000 else ""
            return f"{power[i]:g}", f"outside {least_kw} .. {P_MAX_KW:g} kW{watts}; empty means no limit"

        _note(faults, "D20", column, rows, low | ((power > P_MAX_KW) & np.isfinite(power)), say)


def _check_overlaps(
    column: str, names: Sequence[str], sessions: Sessions, rows: Ints, faults: TableFaults
) -> None:
    """No name, but the empty one, is at two places at once; departing when the next arrives is fine."""
    named = np.array([bool(name) for name in names], dtype=np.bool_)
    at = np.flatnonzero(named & (sessions.arrival_s > 0) & (sessions.departure_s > 0))
    codes = _codes(names)[at]
    order = np.lexsort((sessions.arrival_s[at], codes))
    first, second = at[order[:-1]], at[order[1:]]
    same = codes[order[:-1]] == codes[order[1:]]
    overlap = same & (sessions.arrival_s[second] < sessions.departure_s[first])
    what = "is in two places at once" if column == "vehicle_id" else "holds two cars at once"
    _add_pairs(faults, ("D65", column, what), rows, first[overlap], second[overlap], names)


def _add_pairs(
    faults: TableFaults,
    kind: tuple[str, str, str],
    rows: Ints,
    first: Positions,
    second: Positions,
    names: Sequence[str],
) -> None:
    """Add pairs of positions, both rows of the first pairs named."""
    if not first.size:
        return
    code, column, what = kind
    pairs = zip(rows[first[:ROWS_SHOWN]].tolist(), rows[second[:ROWS_SHOWN]].tolist(), strict=True)
    listed = ", ".join(f"{min(pair)} and {max(pair)}" for pair in pairs)
    faults.add(code, column, rows[second], f"{what}: rows {listed}", names[int(first[0])])


def _codes(names: Sequence[str]) -> Ints:
    """Number of each name in the order of first appearance, shape (n,) [-]."""
    seen: dict[str, int] = {}
    return np.fromiter((seen.setdefault(name, len(seen)) for name in names), np.int64, len(names))
