"""A typical suburban feeder: ten cables from one 10/0.4 kV transformer, 146 households.

Trafostation_OS ---(trafo 1, 630 kVA)--- main_busbar ---+--- bus_1_1 ---+--- bus_1_2 --- ...
                                                        |               '--- loadbus_1_1
                                                        '--- bus_2_1 --- ... (10 such cables)
"""

from pandapower.auxiliary import pandapowerNet
from pandapower.networks import create_kerber_vorstadtnetz_kabel_1

from networks.pinned import pinned_random


def build() -> pandapowerNet:
    """Kerber's first suburban cable network ("Vorstadtnetz Kabel 1") as in pandapower.

    Returns
    -------
    pandapowerNet
        294 buses; the load of a house has the name of its bus and draws 2 kW all the time, unless the
        scenario gives a profile or switches it off; the grid holds 1.0 pu at 10 kV.

    Notes
    -----
    Type and length of the house connections are drawn at random by pandapower; here the draw is pinned.
    Source: G. Kerber, "Aufnahmefaehigkeit von Niederspannungsverteilnetzen fuer die Einspeisung aus
    Photovoltaikkleinanlagen", dissertation, TU Muenchen, 2011.
    """
    with pinned_random():
        net = create_kerber_vorstadtnetz_kabel_1()
    net.load["name"] = net.bus.loc[net.load["bus"], "name"].to_numpy()
    return net
