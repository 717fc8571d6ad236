"""A tariff as a TOML file people can read."""

import re
from typing import Any

import tomli_w

from sims.signals.tariffs.tariff import Tariff

# numbers, words and lists of them that tomli_w puts on a line each; no text has a bare line break in it
_SHORT_LIST = re.compile(r'\[\n\s*((?:(?:\d+|"\w+"|\[[\d, ]+\]),\n\s*)+)\]')


def tariff_toml(tariff: Tariff) -> str:
    """TOML from which `load_tariff` makes the same tariff; what is as by default is left out."""
    fields = tariff.model_dump(exclude_defaults=True)
    text = tomli_w.dumps(
        {
            key: [_name_first(part) for part in value] if key in ("energy", "demand") else value
            for key, value in fields.items()
        }
    )
    for _ in range(2):  # lists, then lists of lists
        text = _SHORT_LIST.sub(_on_one_line, text)
    return text


def _on_one_line(found: re.Match[str]) -> str:
    return f"[{' '.join(found[1].split()).rstrip(',')}]"


def _name_first(period: dict[str, Any]) -> dict[str, Any]:
    return {"name": period["name"], **period}
