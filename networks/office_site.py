"""An office with a car park behind its own transformer.

        grid ---(trafo 20/0.4 kV)--- main_board ---[2 x 50 m]--- building_board
                                         |---------[2 x 80 m]--- unidirectional_board
                                         '---------[1 x 80 m]--- bidirectional_board

The chargers of a kind are lumped at one board. The network has no loads of its own: building and
chargers come from the scenario.
"""

import math

import pandapower as pp
from pandapower.auxiliary import pandapowerNet

TRANSFORMERS = {250: "0.25 MVA 20/0.4 kV", 400: "0.4 MVA 20/0.4 kV", 630: "0.63 MVA 20/0.4 kV"}
CABLE = "NAYY 4x150 SE"


def build(
    transformer_kva: float = 250,
    building_m: float = 50.0,
    unidirectional_m: float = 80.0,
    bidirectional_m: float = 80.0,
    building_cables: int = 2,
    unidirectional_cables: int = 2,
    bidirectional_cables: int = 1,
) -> pandapowerNet:
    """The office site; transformer and cables are pandapower standard types, tap at neutral.

    Parameters
    ----------
    transformer_kva : float
        Rating of the transformer: 250, 400 or 630 [kVA].
    building_m, unidirectional_m, bidirectional_m : float
        Length of the cable from the main board to each board, > 0 [m].
    building_cables, unidirectional_cables, bidirectional_cables : int
        Number of parallel cables to each board, >= 1 [-].

    Returns
    -------
    pandapowerNet
        Buses `grid`, `main_board`, `building_board`, `unidirectional_board`, `bidirectional_board`;
        the grid holds 1.0 pu.

    Raises
    ------
    ValueError
        An option is out of its range; all of them are named.
    """
    cables = {
        "building": (building_m, building_cables),
        "unidirectional": (unidirectional_m, unidirectional_cables),
        "bidirectional": (bidirectional_m, bidirectional_cables),
    }
    _check(transformer_kva, cables)
    net = pp.create_empty_network(name="office_site")
    grid = pp.create_bus(net, vn_kv=20.0, name="grid")
    main = pp.create_bus(net, vn_kv=0.4, name="main_board")
    pp.create_ext_grid(net, grid, vm_pu=1.0, name="grid")
    pp.create_transformer(net, grid, main, TRANSFORMERS[int(transformer_kva)], name="transformer")
    for feeds, (metres, parallel) in cables.items():
        board = pp.create_bus(net, vn_kv=0.4, name=f"{feeds}_board")
        pp.create_line(net, main, board, metres / 1000.0, CABLE, name=f"{feeds}_cable", parallel=parallel)
    return net


def _check(transformer_kva: float, cables: dict[str, tuple[float, int]]) -> None:
    wrong = []
    if transformer_kva not in TRANSFORMERS:
        known = ", ".join(map(str, TRANSFORMERS))
        wrong.append(
            f"transformer_kva = {transformer_kva!r}: not in pandapower's library; valid: {known} kVA"
        )
    for feeds, (metres, parallel) in cables.items():
        if not (isinstance(metres, int | float) and math.isfinite(metres) and metres > 0):
            wrong.append(f"{feeds}_m = {metres!r}: allowed > 0 m")
        if not (isinstance(parallel, int) and not isinstance(parallel, bool) and parallel >= 1):
            wrong.append(f"{feeds}_cables = {parallel!r}: allowed 1, 2, 3, ...")
    if wrong:
        raise ValueError("; ".join(wrong))
