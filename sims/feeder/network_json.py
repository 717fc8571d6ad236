"""Network files of strangers: tables and numbers are read, anything else is refused before it can act.

pandapower's reader imports modules and calls classes a file names. Here every object of the file is held
against a list of two, the network and its tables, before that reader sees the text.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pandapower as pp
import pandas as pd
from pandapower.auxiliary import pandapowerNet
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from sims.faults import DataError, Fault
from sims.feeder.runpp import ZIP_COLUMNS

MAX_BYTES = 64 * 2**20
MARKS = frozenset({"_module", "_class"})
NETWORK = ("pandapower.auxiliary", "pandapowerNet")
TABLES = frozenset({("pandas.core.frame", "DataFrame"), ("pandas", "DataFrame")})
TABLE_KEYS = frozenset(
    {"_object", "orient", "dtype", "is_multiindex", "is_multicolumn"}
    | {"index_name", "index_names", "column_name", "column_names"}
)
TEXTS = frozenset({"name", "et", "tap_side", "tap_changer_type"})
TRUTHS = frozenset({"in_service", "closed", "slack"})
POWER = ("bus", "p_mw", "q_mvar", "scaling", "in_service")
COLUMNS = {
    "bus": ("name", "vn_kv", "in_service"),
    "ext_grid": ("bus", "vm_pu", "va_degree", "in_service"),
    "gen": ("bus", "p_mw", "vm_pu", "slack", "in_service"),
    "load": POWER + ZIP_COLUMNS,
    "sgen": POWER,
    "storage": POWER,
    "line": (
        *("name", "from_bus", "to_bus", "length_km", "parallel", "df", "in_service"),
        *("r_ohm_per_km", "x_ohm_per_km", "c_nf_per_km", "g_us_per_km", "max_i_ka"),
    ),
    "trafo": (
        *("name", "hv_bus", "lv_bus", "sn_mva", "vn_hv_kv", "vn_lv_kv", "parallel", "df", "in_service"),
        *("vk_percent", "vkr_percent", "pfe_kw", "i0_percent", "shift_degree"),
        *("tap_side", "tap_pos", "tap_neutral", "tap_step_percent", "tap_changer_type"),
    ),
    "trafo3w": ("hv_bus", "mv_bus", "lv_bus", "in_service"),
    "switch": ("bus", "element", "et", "closed"),
}


def read_network(path: Path) -> pandapowerNet:
    """Network of a pandapower JSON file.

    Raises
    ------
    DataError
        The file is too large, no JSON, holds an object other than the network and its tables (all are
        named), or is not complete.
    """
    if path.stat().st_size > MAX_BYTES:
        raise DataError([Fault("N04", path.name, f"{path.stat().st_size} bytes: allowed <= {MAX_BYTES}")])
    try:
        text = path.read_text(encoding="utf-8")
    except ValueError as error:
        raise DataError([Fault("N04", path.name, f"not readable as JSON: {error}")]) from error
    return parse_network(text, path.name)


def parse_network(text: str, called: str) -> pandapowerNet:
    """Network of pandapower JSON text; `called` stands in messages. Raises like `read_network`."""
    try:
        content = _parse(text)
    except (ValueError, RecursionError) as error:
        raise DataError([Fault("N04", called, f"not readable as JSON: {error}")]) from error
    faults = [Fault("N04", f"{called} {place}", what) for place, what in _complaints(content)]
    if faults:
        raise DataError(faults)
    try:
        net = pp.from_json_string(text, convert=True)
    except Exception as error:  # its reader raises whatever a table makes pandas raise
        raise DataError([Fault("N04", called, f"pandapower cannot read it: {error}")]) from error
    if not isinstance(net, pandapowerNet):
        raise DataError([Fault("N04", called, "not a pandapower network")])
    faults = [Fault("N04", f"{called} {table}", what) for table, what in _gaps(net)]
    if faults:
        raise DataError(faults)
    return net


def _parse(text: str) -> object:
    return json.loads(text, object_pairs_hook=_unique)


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Two readers may differ on which of two equal keys counts: refuse both."""
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a key occurs twice in one object")
    return dict(pairs)


def _complaints(content: object) -> Iterator[tuple[str, str]]:
    """Place and fault of everything in the file that is not tables and numbers."""
    if not isinstance(content, dict) or _kind(content) != NETWORK:
        yield "(top)", 'not a network saved by pandapower >= 2.2 (no "pandapowerNet" object)'
        return
    if content.keys() - MARKS != {"_object"} or not isinstance(content["_object"], dict):
        yield "(top)", "the network is not an object of tables"
        return
    for table, value in content["_object"].items():
        if isinstance(value, dict) and _kind(value) in TABLES:
            yield from ((table, what) for what in _table_complaints(value))
        else:
            yield from ((table, what) for what in _marks_in(value))


def _kind(value: dict[str, object]) -> tuple[object, object]:
    return value.get("_module"), value.get("_class")


def _table_complaints(table: dict[str, object]) -> Iterator[str]:
    unknown = table.keys() - MARKS - TABLE_KEYS
    if unknown:
        yield f"unknown keys {', '.join(sorted(unknown))}"
    try:
        # a table that is not JSON text would be taken for the path of one
        cells = _parse(str(table.get("_object")))
    except (ValueError, RecursionError):
        yield "the table is not JSON text"
        return
    if not isinstance(table.get("_object"), str) or not isinstance(cells, dict):
        yield "the table is not JSON text"
    yield from _marks_in([cells, *(value for key, value in table.items() if key in TABLE_KEYS - {"_object"})])


def _marks_in(value: object) -> Iterator[str]:
    """A sentence for each object inside a value that asks to be made into something."""
    if isinstance(value, dict):
        if not MARKS.isdisjoint(value):
            yield "object {}.{} is not allowed: only tables and numbers".format(*_kind(value))
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from _marks_in(inner)


def _gaps(net: pandapowerNet) -> Iterator[tuple[str, str]]:
    """Tables and columns a power flow needs and the network lacks."""
    for table, columns in COLUMNS.items():
        rows = net.get(table)
        if not isinstance(rows, pd.DataFrame):
            yield table, "not a table"
        elif missing := [column for column in columns if column not in rows]:
            yield table, f"columns missing: {', '.join(missing)}"
        elif not rows.index.is_unique:
            yield table, "an index occurs twice"
        elif len(rows):
            yield from ((table, what) for what in _wrong_kinds(rows.loc[:, list(columns)]))


def _wrong_kinds(rows: pd.DataFrame) -> Iterator[str]:
    for column in rows.columns.difference(list(TEXTS)):
        if column in TRUTHS and not is_bool_dtype(rows[column]):
            yield f"{column}: neither true nor false somewhere"
        elif not is_numeric_dtype(rows[column]):
            yield f"{column}: not a number somewhere"
