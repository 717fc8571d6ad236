"""The low-voltage feeders of a real town: 14 substations, 1,506 households, cables with positions.

Substations are not connected at 0.4 kV: all switches between them are open, each has a 20 kV grid of its own.

    feeder  transformer     kVA  buses       feeder  transformer     kVA  buses
         1  T_idx_45        250     62            8  T_idx_78        630    330
         2  T_idx_119       630    178            9  T_idx_43        630    248
         3  T_idx_35        400    335           10  T_idx_81        630    282
         4  T_idx_47        400    116           11  T_idx_73        630    322
         5  T_idx_118       630    117           12  T_idx_71        400    201
         6  T_idx_117       400    205           13  T_idx_77        400    240
         7  T_idx_80        630    275           14  T_idx_ZUSATZ    630     29
"""

from collections import Counter
from pathlib import Path

import pandapower as pp
from pandapower.auxiliary import pandapowerNet
from pandapower.toolbox import clear_result_tables, drop_elements, select_subnet
from pandapower.topology import connected_components, create_nxgraph

FEEDERS = 14
FILE = Path(pp.pp_dir) / "networks" / "lv_schutterwald.json"
HEAT_PUMP = "HP"


def build(feeder: int = 1) -> pandapowerNet:
    """One feeder of the town, or all of them.

    Parameters
    ----------
    feeder : int
        1 .. 14: one substation with what it feeds, numbered as `lv_schutterwald(separation_by_sub=True)`
        gives them; 0: the whole town, 2,940 buses [-].

    Returns
    -------
    pandapowerNet
        Buses at their places on the map (longitude, latitude); the loads draw 2.1 or 3.0 kW all the time,
        unless the scenario gives a profile or switches them off; the grid holds 0.965 pu at 20 kV.

    Raises
    ------
    ValueError
        No such feeder.

    Notes
    -----
    Source: `lv_schutterwald` of pandapower, from the study doi:10.3390/en13164052 without its heat pumps.
    Its loads carry 0.1 kvar each although their cos_phi column says 0.95; both are left as they are.
    """
    if isinstance(feeder, bool) or not isinstance(feeder, int) or not 0 <= feeder <= FEEDERS:
        raise ValueError(f"feeder = {feeder!r}: allowed 1, 2, ... {FEEDERS}, or 0 for all of them")
    # the file itself: pandapower's function solves each network it gives, seconds nobody needs here
    net = pp.from_json(str(FILE))
    if not isinstance(net, pandapowerNet):
        raise TypeError(f"{FILE.name} is no network")
    drop_elements(net, "load", net.load.index[net.load["type"] == HEAT_PUMP])
    clear_result_tables(net)
    net.trafo["tap_dependency_table"] = False  # newer than the file; without it pandapower warns
    _name_once(net)
    if feeder == 0:
        return net
    substations = list(connected_components(create_nxgraph(net)))
    net = select_subnet(net, substations[feeder - 1], keep_everything_else=True)
    net.name = f"LV Schutterwald, feeder {feeder}"
    return net


def _name_once(net: pandapowerNet) -> None:
    """Add its index to every name of a bus or line that stands twice."""
    for table in ("bus", "line"):
        often = Counter(net[table]["name"])
        rows = zip(net[table]["name"], net[table].index, strict=True)
        net[table]["name"] = [name if often[name] == 1 else f"{name}_{index}" for name, index in rows]
