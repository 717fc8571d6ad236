"""A typical village feeder: six cables from one 10/0.4 kV transformer, 57 households.

    Trafostation_OS ---(trafo 1, 400 kVA)--- main_busbar ---+--- MUF_1_1 ---+--- KV_1_2 --- ...
                                                            |               '--- loadbus_1_1
                                                            '--- MUF_2_1 --- ... (6 such cables)

"KV" is a cable distributor, "MUF" a joint; at each hangs a house (`loadbus_<cable>_<number>`).
"""

from pandapower.auxiliary import pandapowerNet
from pandapower.networks import create_kerber_dorfnetz

from networks.pinned import pinned_random


def build() -> pandapowerNet:
    """Kerber's "Dorfnetz" as in pandapower: main cables NAYY 4x150, house connections NAYY 4x50.

    Returns
    -------
    pandapowerNet
        116 buses; the load of a house has the name of its bus and draws 6 kW all the time, unless the
        scenario gives a profile or switches it off; the grid holds 1.0 pu at 10 kV.

    Notes
    -----
    Source: G. Kerber, "Aufnahmefaehigkeit von Niederspannungsverteilnetzen fuer die Einspeisung aus
    Photovoltaikkleinanlagen", dissertation, TU Muenchen, 2011.
    """
    with pinned_random():
        net = create_kerber_dorfnetz()
    net.load["name"] = net.bus.loc[net.load["bus"], "name"].to_numpy()
    return net
