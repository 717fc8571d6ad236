"""What is wrong with a network, all of it, before a power flow can be wrong or fail without a reason.

pandapower takes negative resistances, zero ratings and islands without a word, and reports NaN loads, kW
for MW and real overload all as "did not converge". Each rule here names the element, the field, the value
and what is allowed.
"""

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandapower.auxiliary import pandapowerNet
from pandapower.topology import unsupplied_buses

from sims.faults import Fault
from sims.feeder.solution import Floats

MAX_POWER_PER_RATING = 5.0
POWER_TABLES = ("load", "sgen", "storage")
BUS_FIELDS = ("bus", "from_bus", "to_bus", "hv_bus", "mv_bus", "lv_bus")
SWITCHED = {"b": "bus", "l": "line", "t": "trafo", "t3": "trafo3w"}

Masks = npt.NDArray[np.bool_]
Range = tuple[Callable[[Floats], Masks], str]


def _above_zero(unit: str) -> Range:
    return (lambda x: np.isfinite(x) & (x > 0)), f"> 0 {unit}".rstrip()


def _not_negative(unit: str) -> Range:
    return (lambda x: np.isfinite(x) & (x >= 0)), f">= 0 {unit}".rstrip()


def _finite(unit: str) -> Range:
    return np.isfinite, f"a finite number of {unit}"


RANGES: dict[str, dict[str, Range]] = {
    "bus": {"vn_kv": _above_zero("kV")},
    "ext_grid": {"vm_pu": _above_zero("pu")},
    "line": {
        "length_km": _above_zero("km"),
        "r_ohm_per_km": _not_negative("ohm/km"),
        "x_ohm_per_km": _finite("ohm/km"),
        "c_nf_per_km": _finite("nF/km"),
        "max_i_ka": _above_zero("kA"),
        "parallel": _above_zero(""),
        "df": _above_zero(""),
    },
    "trafo": {
        "sn_mva": _above_zero("MVA"),
        "vn_hv_kv": _above_zero("kV"),
        "vn_lv_kv": _above_zero("kV"),
        "vk_percent": _above_zero("%"),
        "vkr_percent": _not_negative("%"),
        "pfe_kw": _not_negative("kW"),
        "i0_percent": _finite("%"),
        "parallel": _above_zero(""),
        "df": _above_zero(""),
    },
    **{
        table: {"p_mw": _finite("MW"), "q_mvar": _finite("Mvar"), "scaling": _not_negative("")}
        for table in POWER_TABLES
    },
}


def check_network(net: pandapowerNet) -> list[Fault]:
    """All faults of a network.

    Values of elements out of service are not looked at, references of all are. Connection (islands) can
    only be followed when every reference is sound, so it is left out while one is not.

    Parameters
    ----------
    net : pandapowerNet
        As loaded; not changed.

    Returns
    -------
    list[Fault]
        Empty if the network can be solved and its loadings mean something.
    """
    references = list(_missing_references(net))
    faults = [
        *_no_slack(net),
        *references,
        *_values_out_of_range(net),
        *_line_without_impedance(net),
        *_transformer_resistance(net),
        *_tap_without_changer(net),
        *_kw_for_mw(net),
    ]
    if not references:
        faults += [*_reversed_transformers(net), *_element_at_dead_bus(net), *_islands(net)]
    return faults


def _in_service(net: pandapowerNet, table: str) -> pd.DataFrame:
    return net[table].loc[net[table]["in_service"].to_numpy(bool)]


def _numbers(rows: pd.DataFrame, field: str) -> Floats:
    """A column as floats; text and None become NaN, which no range allows."""
    return np.asarray(pd.to_numeric(rows[field], errors="coerce"), dtype=np.float64)


def _unknown(rows: pd.DataFrame, field: str, index: pd.Index) -> Masks:
    return ~np.isin(rows[field].to_numpy(), index.to_numpy())


def _faults(
    code: str, table: str, rows: pd.DataFrame, wrong: Masks, field: str, what: str
) -> Iterator[Fault]:
    """One fault for each row marked wrong: table, index, name, field and value, then what is wrong."""
    for index, row in rows.loc[wrong].iterrows():
        name = row.get("name")
        called = f' "{name}"' if isinstance(name, str) and name else ""
        yield Fault(code, f"network.{table}[{index}]{called}", f"{field} = {row[field]}: {what}")


def _no_slack(net: pandapowerNet) -> Iterator[Fault]:
    slack_gens = _in_service(net, "gen")["slack"].to_numpy(bool)
    if _in_service(net, "ext_grid").empty and not slack_gens.any():
        yield Fault("N10", "network.ext_grid", "none in service: the feeder needs at least one")


def _missing_references(net: pandapowerNet) -> Iterator[Fault]:
    for table, rows in net.items():
        if not isinstance(rows, pd.DataFrame) or table.startswith(("_", "res_")):
            continue
        for field in BUS_FIELDS:
            if field in rows:
                wrong = _unknown(rows, field, net.bus.index)
                yield from _faults("N11", table, rows, wrong, field, "no such bus index")
    for kind, table in SWITCHED.items():
        rows = net.switch.loc[(net.switch["et"] == kind).to_numpy(bool)]
        wrong = _unknown(rows, "element", net[table].index)
        yield from _faults("N11", "switch", rows, wrong, "element", f"no such {table} index")


def _values_out_of_range(net: pandapowerNet) -> Iterator[Fault]:
    for table, fields in RANGES.items():
        rows = _in_service(net, table)
        for field, (allowed, text) in fields.items():
            wrong = ~allowed(_numbers(rows, field))
            yield from _faults("N12", table, rows, wrong, field, f"allowed {text}")


def _line_without_impedance(net: pandapowerNet) -> Iterator[Fault]:
    rows = _in_service(net, "line")
    wrong = (_numbers(rows, "r_ohm_per_km") == 0) & (_numbers(rows, "x_ohm_per_km") == 0)
    what = "x_ohm_per_km is 0 too; a bus-bus switch joins buses without impedance"
    yield from _faults("N13", "line", rows, wrong, "r_ohm_per_km", what)


def _transformer_resistance(net: pandapowerNet) -> Iterator[Fault]:
    rows = _in_service(net, "trafo")
    total = _numbers(rows, "vk_percent")
    wrong = (total > 0) & (_numbers(rows, "vkr_percent") > total)
    yield from _faults("N14", "trafo", rows, wrong, "vkr_percent", "allowed <= vk_percent")


def _tap_without_changer(net: pandapowerNet) -> Iterator[Fault]:
    """A tap off neutral that pandapower leaves out of account because the kind of changer is not given."""
    rows = _in_service(net, "trafo")
    off_neutral = _numbers(rows, "tap_pos") - np.nan_to_num(_numbers(rows, "tap_neutral"))
    wrong = (np.nan_to_num(off_neutral) != 0) & rows["tap_changer_type"].isna().to_numpy()
    yield from _faults("N15", "trafo", rows, wrong, "tap_pos", "has no effect, tap_changer_type is not given")


def _kw_for_mw(net: pandapowerNet) -> Iterator[Fault]:
    trafo, trafo3w = _in_service(net, "trafo"), _in_service(net, "trafo3w")
    rated_mva = (_numbers(trafo, "sn_mva") * _numbers(trafo, "parallel")).sum()
    rated_mva += sum(_numbers(trafo3w, f"sn_{side}_mva").sum() for side in ("hv", "mv", "lv"))
    if not rated_mva > 0:  # no transformer to compare with, or a rating that is a fault by itself
        return
    limit_mw = MAX_POWER_PER_RATING * rated_mva
    what = f"allowed <= {limit_mw:g} MW, {MAX_POWER_PER_RATING:g} x all transformers; is this kW?"
    for table in POWER_TABLES:
        rows = _in_service(net, table)
        wrong = np.abs(_numbers(rows, "p_mw") * _numbers(rows, "scaling")) > limit_mw
        yield from _faults("N16", table, rows, wrong, "p_mw", what)


def _reversed_transformers(net: pandapowerNet) -> Iterator[Fault]:
    rows = _in_service(net, "trafo")
    high, low = (_numbers(net.bus.loc[rows[side]], "vn_kv") for side in ("hv_bus", "lv_bus"))
    wrong = (high - low) * (_numbers(rows, "vn_hv_kv") - _numbers(rows, "vn_lv_kv")) < 0
    what = (
        "voltage levels of hv_bus and lv_bus stand against vn_hv_kv and vn_lv_kv, the transformer is reversed"
    )
    yield from _faults("N17", "trafo", rows, wrong, "hv_bus", what)


def _element_at_dead_bus(net: pandapowerNet) -> Iterator[Fault]:
    alive = _in_service(net, "bus").index
    for table in (*POWER_TABLES, "gen", "ext_grid"):
        rows = _in_service(net, table)
        yield from _faults(
            "N18", table, rows, _unknown(rows, "bus", alive), "bus", "that bus is out of service"
        )


def _islands(net: pandapowerNet) -> Iterator[Fault]:
    islands = _in_service(net, "bus").index.intersection(list(unsupplied_buses(net)))
    what = "not connected to a grid in service, its power would not be served"
    for table in POWER_TABLES:
        rows = _in_service(net, table)
        drawing = (_numbers(rows, "p_mw") != 0) | (_numbers(rows, "q_mvar") != 0)
        yield from _faults("N19", table, rows, drawing & ~_unknown(rows, "bus", islands), "bus", what)
