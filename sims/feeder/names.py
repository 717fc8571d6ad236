"""Names of a network's elements, one each, for files and messages."""

from collections import Counter

from pandapower.auxiliary import pandapowerNet


def element_names(net: pandapowerNet, table: str) -> tuple[str, ...]:
    """Names of the rows of a table ("bus", "line", "trafo"), in its order.

    An element without a name, or with one that occurs twice, is called by its table and index.
    """
    index = [int(row) for row in net[table].index]
    given = [name if isinstance(name, str) and name else None for name in net[table]["name"]]
    often = Counter(given)
    return tuple(
        name if name is not None and often[name] == 1 else f"{table}_{row}"
        for name, row in zip(given, index, strict=True)
    )
