"""Feeders that come with gridpark: one builder a file, imported only when its network is asked for.

A builder file has one public function, `build(**options) -> pandapowerNet`, whose signature is the list
of options a scenario may give.
"""

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pandapower.auxiliary import pandapowerNet

SHIPPED: dict[str, str] = {
    "office_site": "office with a car park behind its own 20/0.4 kV transformer, 5 buses",
    "ieee_european_lv": "IEEE European Low Voltage Test Feeder, 906 buses, 55 single-phase houses",
}


def builder(name: str) -> "Callable[..., pandapowerNet]":
    """Builder of a shipped network; `name` is one of `SHIPPED`, anything else is a KeyError."""
    if name not in SHIPPED:
        raise KeyError(name)
    return import_module(f"networks.{name}").build
