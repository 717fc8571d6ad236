"""The IEEE European Low Voltage Test Feeder: 906 low-voltage buses, 55 houses on one phase each.

        SOURCEBUS ---(Trafo 11/0.416 kV, 800 kVA, Dyn1)--- 1 --- 2 --- 3 ... radial, 4-wire cables

A British suburban feeder with the load of one minute. Names: the buses are "1" to "906", lines "LINE1" to
"LINE905", loads "LOAD1" to "LOAD55". The rating of the lines, 421 A whatever the cable, is a placeholder of
pandapower's copy: the test feeder has none, so line loadings mean little.
"""

import math
from typing import cast

from pandapower.auxiliary import pandapowerNet
from pandapower.networks import ieee_european_lv_asymmetric

MOMENTS = ("on_peak_566", "off_peak_1", "off_peak_1440")
POWER_FACTOR = 0.95


def build(moment: str = "on_peak_566") -> pandapowerNet:
    """The feeder as pandapower carries it, its reactive power put right.

    Parameters
    ----------
    moment : str
        Minute of the day whose loads the houses draw: "on_peak_566" (09:26), "off_peak_1" (00:01) or
        "off_peak_1440" (24:00).

    Returns
    -------
    pandapowerNet
        With zero-sequence data of all lines and of the transformer; the source holds 1.05 pu.

    Raises
    ------
    ValueError
        No such moment.

    Notes
    -----
    Source: IEEE PES Test Feeder Working Group, European Low Voltage Test Feeder (2015): all loads have a
    power factor of 0.95 lagging. In pandapower's copy the reactive power of phases b and c is about a
    millionth of that; here it is p tan(arccos 0.95) on every phase.
    """
    if moment not in MOMENTS:
        raise ValueError(f"moment = {moment!r}: valid: {', '.join(MOMENTS)}")
    net = cast("pandapowerNet", ieee_european_lv_asymmetric(moment))
    net.trafo["tap_dependency_table"] = (
        False  # a column pandapower has had since, and warns when it is not there
    )
    ratio = math.tan(math.acos(POWER_FACTOR))
    for phase in "abc":
        net.asymmetric_load[f"q_{phase}_mvar"] = ratio * net.asymmetric_load[f"p_{phase}_mw"]
    return net
