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
SAME_LEVEL = 1.5
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


def _between(low: float, high: float, unit: str) -> Range:
    return (lambda x: (x >= low) & (x <= high)), f"{low:g} .. {high:g} {unit}"


RANGES: dict[str, dict[str, Range]] = {
    "bus": {"vn_kv": _above_zero("kV")},
    "ext_grid": {"vm_pu": _between(0.5, 1.5, "pu"), "va_degree": _finite("degrees")},
    "gen": {"vm_pu": _between(0.5, 1.5, "pu"), "p_mw": _finite("MW")},
    "line": {
        "length_km": _above_zero("km"),
        "r_ohm_per_km": _not_negative("ohm/km"),
        "x_ohm_per_km": _finite("ohm/km"),
        "c_nf_per_km": _not_negative("nF/km"),
        "g_us_per_km": _not_negative("uS/km"),
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
        "i0_percent": _not_negative("%"),
        "shift_degree": _finite("degrees"),
        "parallel": _above_zero(""),
        "df": _above_zero(""),
    },
    "trafo3w": {
        f"{field}_{side}_{unit}": _above_zero(word)
        for side in ("hv", "mv", "lv")
        for field, unit, word in (("sn", "mva", "MVA"), ("vn", "kv", "kV"), ("vk", "percent", "%"))
    },
    "impedance": {
        "sn_mva": _above_zero("MVA"),
        **{field: _finite("pu") for field in ("rft_pu", "xft_pu", "rtf_pu", "xtf_pu")},
    },
    "shunt": {"p_mw": _finite("MW"), "q_mvar": _finite("Mvar")},
    "ward": {
        f"{power}{kind}_{unit}": _finite(word)
        for kind in ("s", "z")
        for power, unit, word in (("p", "mw", "MW"), ("q", "mvar", "Mvar"))
    },
    **{
        table: {"p_mw": _finite("MW"), "q_mvar": _finite("Mvar"), "scaling": _not_negative("")}
        for table in POWER_TABLES
    },
    **{
        table: {
            **{f"p_{phase}_mw": _finite("MW") for phase in "abc"},
            **{f"q_{phase}_mvar": _finite("Mvar") for phase in "abc"},
            "scaling": _not_negative(""),
        }
        for table in ("asymmetric_load", "asymmetric_sgen")
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
        *_without_impedance(net),
        *_transformer_resistance(net),
        *_tap_without_changer(net),
        *_kw_for_mw(net),
    ]
    if not references:
        faults += [
            *_reversed_transformers(net),
            *_joined_voltage_levels(net),
            *_element_at_dead_bus(net),
            *_islands(net),
        ]
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
            if field not in rows:  # of tables that files need not have
                continue
            wrong = ~allowed(_numbers(rows, field))
            yield from _faults("N12", table, rows, wrong, field, f"allowed {text}")


def _without_impedance(net: pandapowerNet) -> Iterator[Fault]:
    pairs = ("line", "r_ohm_per_km", "x_ohm_per_km"), ("impedance", "rft_pu", "xft_pu")
    for table, resistance, reactance in (*pairs, ("impedance", "rtf_pu", "xtf_pu")):
        rows = _in_service(net, table)
        wrong = (_numbers(rows, resistance) == 0) & (_numbers(rows, reactance) == 0)
        what = f"{reactance} is 0 too; a bus-bus switch joins buses without impedance"
        yield from _faults("N13", table, rows, wrong, resistance, what)


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
    what = f"allowed <= {limit_mw:g} MVA, {MAX_POWER_PER_RATING:g} x all transformers; is this kW?"
    fields = {table: ["p_mw", "q_mvar"] for table in POWER_TABLES}
    phases = [f"{power}_{phase}_{unit}" for phase in "abc" for power, unit in (("p", "mw"), ("q", "mvar"))]
    for table, columns in (fields | dict.fromkeys(("asymmetric_load", "asymmetric_sgen"), phases)).items():
        rows = _in_service(net, table)
        for field in columns:
            wrong = np.abs(_numbers(rows, field) * _numbers(rows, "scaling")) > limit_mw
            yield from _faults("N16", table, rows, wrong, field, what)


def _reversed_transformers(net: pandapowerNet) -> Iterator[Fault]:
    rows = _in_service(net, "trafo")
    high, low = (_numbers(net.bus.loc[rows[side]], "vn_kv") for side in ("hv_bus", "lv_bus"))
    wrong = (high - low) * (_numbers(rows, "vn_hv_kv") - _numbers(rows, "vn_lv_kv")) < 0
    what = (
        "voltage levels of hv_bus and lv_bus stand against vn_hv_kv and vn_lv_kv, the transformer is reversed"
    )
    yield from _faults("N17", "trafo", rows, wrong, "hv_bus", what)


def _joined_voltage_levels(net: pandapowerNet) -> Iterator[Fault]:
    """Lines and switches between voltage levels; transformers rated for another voltage than the bus has."""
    vn_kv = net.bus["vn_kv"]
    closed = net.switch.loc[(net.switch["et"] == "b").to_numpy(bool) & net.switch["closed"].to_numpy(bool)]
    pairs = ("line", _in_service(net, "line"), "from_bus", "to_bus"), ("switch", closed, "bus", "element")
    for table, rows, one, other in pairs:
        first, second = vn_kv.loc[rows[one]].to_numpy(float), vn_kv.loc[rows[other]].to_numpy(float)
        what = f"{one} and {other} are at different voltage levels, a transformer must stand between them"
        yield from _faults("N20", table, rows, _far_apart(first, second), one, what)
    rows = _in_service(net, "trafo")
    for side in ("hv", "lv"):
        wrong = _far_apart(_numbers(rows, f"vn_{side}_kv"), vn_kv.loc[rows[f"{side}_bus"]].to_numpy(float))
        reverse = (_numbers(rows, "vn_hv_kv") - _numbers(rows, "vn_lv_kv")) * (
            vn_kv.loc[rows["hv_bus"]].to_numpy(float) - vn_kv.loc[rows["lv_bus"]].to_numpy(float)
        )
        what = f"allowed within a factor {SAME_LEVEL:g} of vn_kv of {side}_bus"
        yield from _faults("N20", "trafo", rows, wrong & (reverse >= 0), f"vn_{side}_kv", what)


def _far_apart(one_kv: Floats, other_kv: Floats) -> Masks:
    """Where two voltages > 0 cannot be of one level."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = one_kv / other_kv
    return (one_kv > 0) & (other_kv > 0) & ((ratio > SAME_LEVEL) | (ratio < 1 / SAME_LEVEL))


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
