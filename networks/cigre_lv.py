"""The European low-voltage benchmark of CIGRE: three feeders of different use on one 20 kV bus.

              .--(S1)-- Bus R0 --(500 kVA)-- Bus R1 --- R2 ... R18   residential
grid -- Bus 0 +--(S2)-- Bus I0 --(150 kVA)-- Bus I1 --- I2           industrial
              '--(S3)-- Bus C0 --(300 kVA)-- Bus C1 --- C2 ... C20   commercial
"""

from pandapower.auxiliary import pandapowerNet
from pandapower.networks import create_cigre_network_lv


def build() -> pandapowerNet:
    """The CIGRE benchmark as in pandapower.

    Returns
    -------
    pandapowerNet
        44 buses; the loads draw their rated power all the time, unless the scenario gives a profile or
        switches them off; the grid holds 1.0 pu at 20 kV.

    Notes
    -----
    The brochure gives no ratings of the lines: each has a placeholder of 1 kA, a line loading means nothing.
    Source: CIGRE Task Force C6.04.02, "Benchmark Systems for Network Integration of Renewable and
    Distributed Energy Resources", Technical Brochure 575, 2014.
    """
    return create_cigre_network_lv()
