"""What a picture or a rating in kVA needs of a network, as arrays in the order of its tables."""

import json
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandapower.auxiliary import pandapowerNet
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]

# pandapower's CIGRE networks and others rate every line so where the source gives no rating [kA]
PLACEHOLDERS_KA = (1.0, 0.421)  # of CIGRE LV, of the IEEE European feeder


def topology(net: pandapowerNet) -> dict[str, Array]:
    """The feeder's elements, where they are and what they carry.

    Parameters
    ----------
    net : pandapowerNet
        A network without pre-check faults.

    Returns
    -------
    dict of str to array
        By the names of `cosim/results/layout.py`, buses given by their row in the bus table:
        `bus_vn_kv` [kV], `bus_slack` (1: a grid or slack generator holds its voltage), `bus_node` (row of the
        first bus that closed bus-bus switches join it with), `bus_x`, `bus_y` (as the network has them, NaN
        without), each of shape (n_bus,); `line_from_bus`, `line_to_bus`, `line_closed` (0: out of service or
        switched off), `line_rated_a` [A], `line_rated_kva` [kVA], each of shape (n_line,);
        `transformer_hv_bus`, `transformer_lv_bus`, `transformer_rated_kva` [kVA], each of shape (n_trafo,).
        Ratings are those a loading of 100 % refers to.
    """
    x, y = _positions(net)
    row = net.bus.index.get_indexer
    line, trafo = net.line, net.trafo
    rated_a = 1e3 * (line["max_i_ka"] * line["df"] * line["parallel"]).to_numpy(float)
    return {
        "bus_vn_kv": net.bus["vn_kv"].to_numpy(float),
        "bus_slack": _slack(net),
        "bus_node": _nodes(net),
        "bus_x": x,
        "bus_y": y,
        "line_from_bus": row(line["from_bus"]),
        "line_to_bus": row(line["to_bus"]),
        "line_closed": _closed(net),
        "line_rated_a": rated_a,
        "line_rated_kva": np.sqrt(3.0) * net.bus.loc[line["from_bus"], "vn_kv"].to_numpy(float) * rated_a,
        "transformer_hv_bus": row(trafo["hv_bus"]),
        "transformer_lv_bus": row(trafo["lv_bus"]),
        "transformer_rated_kva": 1e3 * (trafo["sn_mva"] * trafo["df"] * trafo["parallel"]).to_numpy(float),
    }


def placeholder_ratings(net: pandapowerNet) -> bool:
    """Whether every line has the rating people write who know none, so that its loading means nothing."""
    rated_ka = net.line["max_i_ka"].to_numpy(float)
    return len(rated_ka) > 1 and any(np.allclose(rated_ka, placeholder) for placeholder in PLACEHOLDERS_KA)


def _slack(net: pandapowerNet) -> Array:
    grids = net.ext_grid.loc[net.ext_grid["in_service"].astype(bool), "bus"]
    gens = net.gen.loc[net.gen["in_service"].astype(bool) & net.gen["slack"].astype(bool), "bus"]
    return net.bus.index.isin([*grids, *gens]).astype(np.int64)


def _nodes(net: pandapowerNet) -> Array:
    """Row of the first bus of each group that closed bus-bus switches make one."""
    switches = net.switch.loc[(net.switch["et"] == "b") & net.switch["closed"].astype(bool)]
    ends = [net.bus.index.get_indexer(switches[end]) for end in ("bus", "element")]
    n = len(net.bus)
    joined = coo_array((np.ones(len(switches)), (ends[0], ends[1])), shape=(n, n))
    _, group = connected_components(joined, directed=False)
    first = np.unique(group, return_index=True)[1]
    return first[group]


def _closed(net: pandapowerNet) -> Array:
    switches = net.switch
    open_lines = switches.loc[(switches["et"] == "l") & ~switches["closed"].astype(bool), "element"]
    return (net.line["in_service"].astype(bool) & ~net.line.index.isin(open_lines)).to_numpy(np.int64)


def _positions(net: pandapowerNet) -> tuple[Floats, Floats]:
    """Positions of the buses; one without takes the end of a line that has."""
    at = {bus: point[:2] for bus, geo in _geo(net.bus) if len(point := np.ravel(geo)) >= 2}
    for line, geo in _geo(net.line):
        points = np.asarray(geo, dtype=float)
        if points.ndim == 2 and len(points) >= 2:
            at.setdefault(net.line.loc[line, "from_bus"], points[0, :2])
            at.setdefault(net.line.loc[line, "to_bus"], points[-1, :2])
    places = np.array([at.get(bus, (np.nan, np.nan)) for bus in net.bus.index], dtype=float).reshape(-1, 2)
    return places[:, 0].copy(), places[:, 1].copy()


def _geo(table: pd.DataFrame) -> list[tuple[Any, Any]]:
    """Index and coordinates of the rows that have GeoJSON; what is no such thing has no position."""
    found = []
    for index, text in table["geo"].items() if "geo" in table else ():
        try:
            found.append((index, json.loads(str(text))["coordinates"]))
        except (TypeError, ValueError, KeyError):
            continue
    return found
