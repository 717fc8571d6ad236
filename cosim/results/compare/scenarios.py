"""What two or more scenarios say differently, key by key."""

# pandas comes without types: what a frame gives is read as any of several things
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
# pyright: reportGeneralTypeIssues=false, reportReturnType=false

import tomllib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

ABSENT = ""
"""What the difference shows for a scenario that does not have the key."""


def scenario_differences(scenarios: Mapping[str, str]) -> "pd.DataFrame":
    """Keys that do not say the same in all scenarios.

    Parameters
    ----------
    scenarios : mapping of str to str
        Scenario (TOML) by label of its run; files store it with all defaults written out.

    Returns
    -------
    DataFrame, shape (n_keys, n_scenarios)
        One row a dotted key (`sites.office.policy.name`), in the order the scenarios name them; one column
        a label; values as text, `ABSENT` where a scenario does not have the key.

    Notes
    -----
    A site goes by its name, so that scenarios which list the same sites in another order agree; everything
    else in a list goes by its position (`chargers[1].count`). `name` and `description` say what a scenario
    is called, not what it simulates: they are left out.
    """
    import pandas as pd

    flat = {label: dict(_leaves(tomllib.loads(text))) for label, text in scenarios.items()}
    keys = list(dict.fromkeys(key for leaves in flat.values() for key in leaves))
    differing = [
        key
        for key in keys
        if key not in {"name", "description"} and len({leaves.get(key) for leaves in flat.values()}) > 1
    ]
    rows = [[leaves.get(key, ABSENT) for leaves in flat.values()] for key in differing]
    return pd.DataFrame(rows, index=pd.Index(differing, name="key"), columns=list(flat), dtype=object)


def _leaves(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Dotted key and text of every value below a table; an empty table or list is a value too."""
    if isinstance(value, dict) and value:
        for name, part in value.items():
            yield from _leaves(part, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list) and any(isinstance(part, dict) for part in value):
        for i, part in enumerate(value):
            yield from _entry(part, key, i)
    else:
        yield key, _text(value)


def _entry(part: Any, key: str, i: int) -> Iterator[tuple[str, str]]:
    """Values of a list's entry, below the name of a site or the position of anything else."""
    named = key == "sites" and isinstance(part, dict) and "name" in part
    yield from _leaves(part, f"{key}.{part['name']}" if named else f"{key}[{i}]")


def _text(value: Any) -> str:
    """A value as a reader writes it: true, 20, llf, [4.14, 5.52]."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.12g}"
    if isinstance(value, list):
        return f"[{', '.join(_text(part) for part in value)}]"
    return "(empty)" if value in ({}, "") else str(value)
