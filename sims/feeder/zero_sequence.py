"""What a network must say of its zero sequence before it can be solved phase by phase.

Balanced data say nothing of the way back through neutral and earth. A network that lacks it is refused with
the columns named, or completed with typical ratios where the scenario asks for that.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from pandapower.auxiliary import pandapowerNet

from sims.faults import Fault
from sims.feeder.solution import Floats

LINE_COLUMNS = ("r0_ohm_per_km", "x0_ohm_per_km", "c0_nf_per_km")
TRAFO_COLUMNS = ("vector_group", "vk0_percent", "vkr0_percent")
# groups whose low-voltage neutral carries the zero sequence alone: nothing of it passes to the other side
GROUPS = ("Dyn", "Yzn")
LINE_RATIO, CAPACITANCE_RATIO = 4.0, 1.0
TRAFO_RATIOS = {"Dyn": (1.0, 0.95), "Yzn": (0.4, 0.1)}  # R0/R1, X0/X1
PHASE_COLUMNS = tuple(
    f"{kind}_{phase}_{unit}" for kind, unit in (("p", "mw"), ("q", "mvar")) for phase in "abc"
)


def group_of(vector_group: object) -> str:
    """Vector group without its clock number: "Dyn5" -> "Dyn"; "" where there is none."""
    return vector_group.rstrip("0123456789") if isinstance(vector_group, str) else ""


def add_zero_sequence(net: pandapowerNet) -> None:
    """Fill in typical zero-sequence data wherever a line or transformer has none.

    Parameters
    ----------
    net : pandapowerNet
        Changed in place; what it says itself stays.

    Notes
    -----
    Lines: Z0/Z1 = 4, the way back is one core of the same cross-section that carries three times the
    current (four-core cables such as NAYY; IEC/TR 60909-2). C0/C1 = 1, without weight at low voltage.
    Transformers: Dyn R0/R1 = 1, X0/X1 = 0.95 and Yzn R0/R1 = 0.4, X0/X1 = 0.1, the guide values of German
    short-circuit practice (DIN VDE 0102); IEC 60076-8 puts Dyn at 0.8 to 1.0. No group means Dyn.
    """
    line, trafo = net.line, net.trafo
    for column, ratio in zip(LINE_COLUMNS, (LINE_RATIO, LINE_RATIO, CAPACITANCE_RATIO), strict=True):
        _fill(line, column, ratio * line[column.replace("0_", "_", 1)].to_numpy(float))
    if "vector_group" not in trafo:
        trafo["vector_group"] = "Dyn"
    trafo["vector_group"] = trafo["vector_group"].where(trafo["vector_group"].notna(), "Dyn")
    ratios = np.array([TRAFO_RATIOS.get(group_of(group), (1.0, 1.0)) for group in trafo["vector_group"]])
    r, z = trafo["vkr_percent"].to_numpy(float), trafo["vk_percent"].to_numpy(float)
    r_ratio, x_ratio = ratios.reshape(-1, 2).T
    _fill(trafo, "vkr0_percent", r_ratio * r)
    _fill(trafo, "vk0_percent", np.hypot(r_ratio * r, x_ratio * np.sqrt(np.maximum(z**2 - r**2, 0.0))))


def _fill(rows: pd.DataFrame, column: str, values: Floats) -> None:
    known = rows[column].to_numpy(float) if column in rows else np.full(len(rows), np.nan)
    rows[column] = np.where(np.isnan(known), values, known)


def check_phases(net: pandapowerNet) -> list[Fault]:
    """Everything that keeps a network without other faults from being solved phase by phase."""
    return [*_missing(net), *_groups(net), *_grounds(net), *_single_phase_loads(net)]


def _missing(net: pandapowerNet) -> Iterator[Fault]:
    """One fault a table for columns that are not there, one a row for values that are not."""
    way_out = 'give them, or zero_sequence = "typical" in [feeder]'
    for table, columns in (("line", LINE_COLUMNS), ("trafo", TRAFO_COLUMNS)):
        rows = net[table].loc[net[table]["in_service"].to_numpy(bool)]
        absent = [column for column in columns if column not in rows]
        if absent and len(rows):
            what = f"no {', '.join(absent)}: a flow by phases needs them; {way_out}"
            yield Fault("N20", f"network.{table}", what)
        for column in [name for name in columns if name in rows]:
            for index in rows.index[rows[column].isna()]:
                what = f"{column} is empty: a flow by phases needs it; {way_out}"
                yield Fault("N20", f"network.{table}[{index}]", what)


def _groups(net: pandapowerNet) -> Iterator[Fault]:
    if "vector_group" not in net.trafo:
        return
    rows = net.trafo.loc[net.trafo["in_service"].to_numpy(bool) & net.trafo["vector_group"].notna()]
    for index, row in rows.iterrows():
        where, turn = f"network.trafo[{index}]", float(row["shift_degree"])
        if group_of(row["vector_group"]) not in GROUPS:
            what = f"vector_group = {row['vector_group']}: allowed {', '.join(GROUPS)} with any clock number"
            yield Fault("N21", where, what)
        elif turn % 60.0 != 30.0:
            what = f"shift_degree = {turn:g}: allowed odd multiples of 30 for {row['vector_group']}"
            yield Fault("N21", where, what)


def _grounds(net: pandapowerNet) -> Iterator[Fault]:
    """Elements whose zero sequence is not modelled."""
    for table in ("asymmetric_sgen", "impedance", "trafo3w", "xward"):
        if len(net[table]) and net[table]["in_service"].any():
            what = "this kind of element is not solved by phases; use a balanced engine or replace it"
            yield Fault("N21", f"network.{table}", what)


def _single_phase_loads(net: pandapowerNet) -> Iterator[Fault]:
    rows = net.asymmetric_load.loc[net.asymmetric_load["in_service"].to_numpy(bool)]
    for index in rows.index[rows["type"].to_numpy() == "delta"]:
        what = "type = delta: allowed wye, loads between phase and neutral"
        yield Fault("N21", f"network.asymmetric_load[{index}]", what)
